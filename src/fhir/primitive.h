/* The form of FHIR's primitive values. R4 datatypes.html#primitive. */
#ifndef FHIR_PRIMITIVE_H
#define FHIR_PRIMITIVE_H

#include "fhir/definitions.h"

/* What is wrong with a value's text (a string's content, a number's digits), as a sentence
 * without the value; NULL if nothing is. Whether it came as the right kind of JSON, and
 * narrative (PRIMITIVE_XHTML), are not looked at here. */
const char *primitive_fault(Primitive primitive, Str text);

#endif
