/* Whether a resource that is not stored yet would be found by a query: for conditional
 * references to what the same transaction makes. */
#ifndef INTERACTION_MATCH_H
#define INTERACTION_MATCH_H

#include "fhir/index.h"
#include "fhir/search.h"

/* Whether a date clause's value means a moment or interval. */
bool match_moment(const ClauseValue *value, Moment found);

/* Whether a clause is of a kind that match_rows() understands. */
bool match_understands(const Clause *clause);

/* Understands tokens, identifiers, strings, uris, references and dates, without modifiers but :exact;
 * a clause of another kind matches nothing. */
bool match_rows(const Query *query, Str id, const IndexRows *rows);

#endif
