/* The body of a FHIR request: its coding, its media type, and whether there must be one. */
#ifndef SERVER_FHIR_BODY_H
#define SERVER_FHIR_BODY_H

#include "server/router.h"

/* Checks what the headers say of the body against what the interaction takes, before a byte
 * of it has to be there. FAIL_MEDIA_TYPE. Sets asked->body_type. */
Fail fhir_body_check(Visit *v, Asked *asked) MUST_USE;

/* Unpacks it into asked->body, and dresses raw content as a Binary (REST-20). FAIL_INVALID
 * where one is missing, FAIL_SYNTAX for damaged gzip, FAIL_TOO_LARGE. */
Fail fhir_body_take(Visit *v, Asked *asked) MUST_USE;

/* The content of a Binary as bytes, in place of the resource. False if it is not one. */
bool fhir_body_bare(Visit *v, Answer *answer);

#endif
