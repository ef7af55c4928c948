/* The body of a FHIR request: its coding, its media type, and whether there must be one. */
#ifndef SERVER_FHIR_BODY_H
#define SERVER_FHIR_BODY_H

#include "server/router.h"

/* Checks what the headers say of the body against what the interaction takes, before a byte
 * of it has to be there. FAIL_MEDIA_TYPE. Sets asked->body_type. */
Fail fhir_body_check(Visit *v, Asked *asked) MUST_USE;

/* Unpacks it into asked->body, makes JSON of XML, and dresses raw content as a Binary (REST-20). FAIL_INVALID
 * where one is missing, FAIL_SYNTAX for damaged gzip, FAIL_TOO_LARGE. */
Fail fhir_body_take(Visit *v, Asked *asked) MUST_USE;

/* A resource as XML in place of its JSON. False, with the body as it was, if it holds what XML cannot
 * say. */
bool fhir_body_to_xml(Call *c, Str *body);

/* The content of a Binary as bytes, in place of the resource. False if it is not one. */
bool fhir_body_bare(Visit *v, Answer *answer);

#endif
