/* Whether a resource that is not stored yet would be found by a query: for conditional
 * references to what the same transaction makes. */
#ifndef INTERACTION_MATCH_H
#define INTERACTION_MATCH_H

#include "fhir/index.h"
#include "fhir/search.h"

/* Understands tokens, identifiers, strings, uris and references, without modifiers but :exact;
 * a clause of another kind matches nothing. */
bool match_rows(const Query *query, Str id, const IndexRows *rows);

#endif
