/*
 * Snapshots: all elements of a profile, made of the definition it is based on and of what its
 * differential says. R4 profiling.html#snapshot, elementdefinition.html
 *
 * Known: constraints on resources and types, extensions, derived types, slices, slices of slices,
 * slices of a choice by type ("valueQuantity"), elements inside types, inside profiles of types
 * and behind content references.
 */
#ifndef FHIR_SNAPSHOT_H
#define FHIR_SNAPSHOT_H

#include "codec/json.h"

/* Where other definitions come from: the StructureDefinition of that url with its snapshot, or NULL.
 * It must stay good until the call ends. */
typedef struct SnapshotSource {
    Fail (*find)(Call *c, void *context, Str url, const Json **out);
    void *context;
} SnapshotSource;

/* The number of the array "element" of the part ("snapshot", "differential") of a
 * StructureDefinition, or 0. */
uint32_t snapshot_elements(const Json *definition, Str part);

/* Makes the StructureDefinition with its snapshot, as JSON. FAIL_UNPROCESSABLE, naming the element,
 * where the differential speaks of what the base does not have, or a definition it needs is not
 * there. FAIL_TOO_COSTLY. */
Fail snapshot_make(Call *c, const SnapshotSource *source, const Json *definition,
                   Str *out) MUST_USE;

#endif
