/* Matches of a moment that has passed: what has changed since, looked at as it was then. */
#ifndef STORE_SEARCH_PAST_H
#define STORE_SEARCH_PAST_H

#include "store/search_order.h"
#include "store/search_plan.h"

/* Adds to `matches` the resources that were there, and matched, at place `pinned` of the log, and
 * have been changed or deleted since. What other resources say (chains) is taken as it is now.
 * FAIL_GONE past LIMIT_PAGE_CHANGES. */
Fail past_find(Call *c, Session *s, const Permit *permit, const SearchPlan *plan,
               const Query *query, uint64_t pinned, Matches *matches) MUST_USE;

/* The statement that looks at one version with these rows and words; it gives a row if all holds. */
Fail past_statement(Call *c, const Store *s, Db *db, const SearchPlan *plan,
                    const VersionRow *row, const IndexRows *rows, const ResourceWords *words,
                    SqlText *out) MUST_USE;

/* The statement that finds what has changed. */
SqlText past_changes(Arena *a, View view, TypeId type, uint64_t pinned);

#endif
