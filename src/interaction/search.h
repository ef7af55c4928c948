/* A search as it was asked: what answering it and explaining it share. */
#ifndef INTERACTION_SEARCH_H
#define INTERACTION_SEARCH_H

#include "interaction/turn.h"

/* Reads the parameters for each type that is to be searched. */
Fail search_read(Call *c, const Turn *turn, Str text, Search *out) MUST_USE;

/* The parameters of the address and of a form in the body, which count alike. */
Fail search_text(Call *c, const Asked *asked, Str *out) MUST_USE;

/* For what tells of the server rather than of records: FAIL_FORBIDDEN, naming the deed, unless the
 * caller may search for everything in the practice. */
Fail search_check_whole(Call *c, const Principal *p, const char *deed) MUST_USE;

#endif
