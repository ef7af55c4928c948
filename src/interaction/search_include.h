/* What comes with the matches of a search: _include and _revinclude. R4 search.html#include */
#ifndef INTERACTION_SEARCH_INCLUDE_H
#define INTERACTION_SEARCH_INCLUDE_H

#include "interaction/turn.h"

typedef struct Included {
    Version *versions; /* in the order they were met, each once, none of them a match */
    size_t   count;
} Included;

/* Follows the references the query names from the matches of one page, and with :iterate on from
 * what that brings. What the caller may not both read and search for is left out without a word,
 * as is what is not there (SRCH-26). FAIL_TOO_COSTLY past LIMIT_INCLUDED. */
Fail search_include(Call *c, Session *s, const Turn *turn, const Shape *shape,
                    const Version *matches, size_t count, Included *out) MUST_USE;

#endif
