/*
 * Where two clauses find rows that come by rid, what they have in common is found without looking at
 * all that one of them finds: each steps to the nearest that is not beyond where the other stands. A
 * step is a look into an index; there are at most twice as many as the rarer of the two finds.
 */
#ifndef STORE_SEARCH_BOTH_H
#define STORE_SEARCH_BOTH_H

#include "store/search_plan.h"

/* Whether there are two such clauses; one of them is what it starts from so far, if that is one. */
bool both_can(const SearchPlan *p);

/* Chooses them, and whether to start so or to look at all that the one finds: p->start becomes
 * START_BOTH or START_ORDERED. */
Fail both_choose(Call *c, Db *db, SearchPlan *p) MUST_USE;

/* Appends "(…) d": the rids that both find, below `rid` the greatest first; `back`, above it. */
void both_put_found(SqlText *sql, const SearchPlan *p, int64_t rid, bool back);

#endif
