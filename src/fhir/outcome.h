/* Failure -> OperationOutcome, and the one table that says how a failure is put in HTTP. */
#ifndef FHIR_OUTCOME_H
#define FHIR_OUTCOME_H

#include "base/buf.h"
#include "base/call.h"

/* 400, 404, … (standards 1.7). */
int outcome_status(Fail fail);

/* "404 Not Found", for Bundle.entry.response.status. */
Str outcome_status_text(int status);

/* The OperationOutcome of what the call noted since issue number `since` (0: all). If nothing
 * was noted, one issue for `result`. Compact JSON, ready to send. */
Str outcome_of(Call *c, Fail result, uint32_t since);

#endif
