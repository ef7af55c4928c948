/* Recurrence rules (RFC 5545 3.3.10): the moments at which a series takes place, by the clocks of a zone. */
#ifndef FHIR_RECURRENCE_H
#define FHIR_RECURRENCE_H

#include "base/call.h"
#include "base/zone.h"

typedef struct Recurrence {
    int64_t *at; /* beginnings, in order */
    size_t   count;
} Recurrence;

/* From the first one on, at the same time of day whatever clocks do. FAIL_VALUE, FAIL_UNPROCESSABLE and
 * FAIL_TOO_COSTLY at `where`, in plain words: no rule, more often than daily, without an end, one that never
 * comes true or does not begin with the first, more than LIMIT_SERIES. */
Fail recurrence_expand(Call *c, Str rule, const Zone *zone, int64_t first, Str where,
                       Recurrence *out) MUST_USE;

#endif
