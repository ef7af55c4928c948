/* Whether two JSON values say the same, as JSON Patch's "test" asks it (RFC 6902, 4.6). */
#ifndef FHIR_PATCH_EQUAL_H
#define FHIR_PATCH_EQUAL_H

#include "codec/json.h"

/* Members in any order, texts by their characters, numbers by their value whatever their
 * digits: 1.0 is 1. */
bool patch_equal(Arena *a, const Json *left, uint32_t left_value, const Json *right,
                 uint32_t right_value);

#endif
