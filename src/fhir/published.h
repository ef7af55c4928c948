/*
 * The CodeSystems, ValueSets, ConceptMaps and StructureDefinitions that HL7 publishes with R4, as bytes of the program:
 * packed when Hale is built (tools/generate_terminology.py), unpacked one by one when they are asked
 * for, so that they take neither a place in the record nor memory before.
 */
#ifndef FHIR_PUBLISHED_H
#define FHIR_PUBLISHED_H

#include "base/call.h"
#include "fhir/definitions.h"

typedef struct PublishedRow {
    Str      url, version;
    TypeId   type;
    uint32_t at, packed, whole; /* where its bytes lie, how many, and how many they become */
} PublishedRow;

extern const PublishedRow published_rows[]; /* by url */
extern const uint32_t     published_count;

/* The rows of that type and address: the number of the first, and how many. */
uint32_t published_find(TypeId type, Str url, uint32_t *count);

/* The resource of a row, as JSON. */
Fail published_json(Call *c, uint32_t row, Str *out) MUST_USE;

#endif
