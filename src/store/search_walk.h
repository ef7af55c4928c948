/* Pages of searches that match very much and are sorted: see search_walk.c. */
#ifndef STORE_SEARCH_WALK_H
#define STORE_SEARCH_WALK_H

#include "store/search_order.h"
#include "store/search_plan.h"

/* Of the rows of the first key: those behind the border; where there are more keys, those with the
 * border's value, and those beyond it. */
typedef enum WalkReach { WALK_BEHIND, WALK_WITH, WALK_BEYOND } WalkReach;

/* Where a page begins: behind the border (or before it, `back`), or at that end if there is none. */
typedef struct WalkFrom {
    const Match *border;
    bool         back;
    uint64_t     pinned;
    WalkReach    reach;
} WalkFrom;

/* Whether there are rows in the order that is asked for. */
bool walk_can(const Store *s, const SearchPlan *plan, const Shape *shape);

/* Whether so much matches that it is better walked to: more than are sorted at once. */
Fail walk_is_due(Call *c, Session *s, SearchPlan *plan, const Query *query, Range range,
                 bool *due) MUST_USE;

/* Adds up to `most` matches with their values, the nearest to the border, and of several keys all
 * that may be among them; nothing that has changed since. */
Fail walk_collect(Call *c, Session *s, const SearchPlan *plan, const Query *query,
                  WalkFrom from, uint32_t most, Matches *found) MUST_USE;

/* Its statements: matches that have a value; those that have none (not for _lastUpdated). */
SqlText walk_valued(Arena *a, const Store *s, const SearchPlan *plan, const Shape *shape,
                    WalkFrom from, uint32_t most);
SqlText walk_missing(Arena *a, const Store *s, const SearchPlan *plan, const Shape *shape,
                     WalkFrom from, uint32_t most);

#endif
