/* A search as it was asked: what answering it and explaining it share. */
#ifndef INTERACTION_SEARCH_H
#define INTERACTION_SEARCH_H

#include "interaction/listing.h"
#include "interaction/subset.h"
#include "interaction/turn.h"

/* Reads the parameters for each type that is to be searched; what they ask of code systems and value
 * sets is answered with what the caller may read of these. */
Fail search_read(Call *c, Session *s, const Turn *turn, Str text, Search *out) MUST_USE;

/* Answers what queries ask of codes (query_asks_codes()). FAIL_VALUE names a value set, code system or
 * code that is not known here, FAIL_NOT_SUPPORTED a definition that says too little, FAIL_TOO_COSTLY. */
Fail search_settle_codes(Call *c, Session *s, const Turn *turn, Query *queries,
                         size_t count) MUST_USE;

/* The parameters of the address and of a form in the body, which count alike. */
Fail search_text(Call *c, const Asked *asked, Str *out) MUST_USE;

/* Adds versions to a page, of each what `subset` wants. */
Fail search_put_entries(Call *c, Listing *l, const Subset *subset, const Version *versions,
                        size_t count, Str mode) MUST_USE;

/* For what tells of the server rather than of records: FAIL_FORBIDDEN, naming the deed, unless the
 * caller may search for everything in the practice. */
Fail search_check_whole(Call *c, const Principal *p, const char *deed) MUST_USE;

#endif
