/*
 * Links between pages: where a page begins, sealed so that nobody can make one up, change one or
 * use another caller's. They hold whatever is needed, so they outlive a restart (SRCH-34).
 */
#ifndef STORE_SEARCH_LINK_H
#define STORE_SEARCH_LINK_H

#include "store/state.h"

typedef struct Place {
    uint64_t pinned; /* the search shows what was there at this place in the log */
    bool     back;   /* the page ends before the match; else it begins behind it */
    TypeId   type;   /* of the match; 0: the page is the first, or with `back` the last */
    int64_t  rid;
    uint64_t seq;
} Place;

/* `said`: the search itself; a link is good for the same search by the same caller only. */
Str link_make(Call *c, const Store *s, const Permit *permit, Str said, const Place *place);

/* FAIL_VALUE for all that is not a link of ours, of this search and this caller. */
Fail link_read(Call *c, const Store *s, const Permit *permit, Str said, Str link,
               Place *out) MUST_USE;

#endif
