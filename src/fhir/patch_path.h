/* FHIRPath Patch: a Parameters resource of operations on elements. R4 fhirpatch.html */
#ifndef FHIR_PATCH_PATH_H
#define FHIR_PATCH_PATH_H

#include "fhir/resource.h"

/* Applies the operations (add, insert, delete, replace, move) one after the other to `document`
 * (compact JSON) and gives the new text; what is not touched keeps its bytes. All or none.
 * FAIL_REQUIRED, FAIL_CODE, FAIL_SYNTAX: no such operation or path; FAIL_UNPROCESSABLE: it cannot be
 * carried out, with the number of the operation; what patch_json() keeps is kept here too. */
Fail patch_fhirpath(Call *c, Str document, const Resource *parameters, Str *out) MUST_USE;

#endif
