/* JSON Patch (RFC 6902) with JSON Pointer (RFC 6901) on the text of a resource. */
#ifndef FHIR_PATCH_H
#define FHIR_PATCH_H

#include "base/call.h"

/* Applies a patch document to `document` (compact JSON) and gives the new text; values that
 * are not touched keep their bytes. All operations or none.
 * FAIL_SYNTAX: not a patch document; FAIL_UNPROCESSABLE: an operation cannot be applied or a
 * test fails, naming its number; resourceType, id, meta.versionId and meta.lastUpdated may not
 * be changed (PATCH-1). */
Fail patch_json(Call *c, Str document, Str patch, Str *out) MUST_USE;

#endif
