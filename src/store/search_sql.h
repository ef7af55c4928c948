/* Searches on any connection: what the pages of a search and the writer's conditions share. */
#ifndef STORE_SEARCH_SQL_H
#define STORE_SEARCH_SQL_H

#include "store/search_order.h"
#include "store/search_plan.h"

/* The statements of a plan that starts somewhere: rid and seq of up to `most` in order of rid; all
 * in no order, with the columns to sort by; how many there are. */
SqlText search_in_order(Arena *a, const SearchPlan *plan, Range range, uint32_t most);
SqlText search_to_sort(Arena *a, const Store *s, const SearchPlan *plan, const Shape *shape,
                       Range range, uint32_t most);
SqlText search_to_count(Arena *a, const SearchPlan *plan, Range range);

/* Runs one of the first two. */
Fail search_collect(Call *c, Db *db, const SqlText *sql, const Query *query, bool columns,
                    Matches *matches) MUST_USE;

/* Runs the third, or takes 0 where nothing can match. */
Fail search_count(Call *c, Db *db, const SearchPlan *plan, Range range,
                  uint64_t *count) MUST_USE;

/* About how many match: exact while it is not many; of more, as many as there would be if they lay as
 * close together in all of the type as they do among the newest. */
Fail search_estimate(Call *c, Db *db, const SearchPlan *plan, const Query *query, Range range,
                     uint64_t *count) MUST_USE;

/* The id of the one that matches now, empty if none does. FAIL_MULTIPLE if several do. */
Fail search_one(Call *c, Store *s, Db *db, const Permit *permit, const Query *query,
                Str *id) MUST_USE;

/* The statement of store_referrers(). */
Fail referrers_statement(Call *c, const Store *s, Db *db, View view, const ReferrerQuery *query,
                         int64_t target, SqlText *out) MUST_USE;

#endif
