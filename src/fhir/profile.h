/*
 * Profiles, compiled: a StructureDefinition with its snapshot as arrays that a resource can be held
 * against. A profile is made once, never changed, and may be shared by threads.
 * R4 structuredefinition.html, elementdefinition.html, profiling.html#slicing
 */
#ifndef FHIR_PROFILE_H
#define FHIR_PROFILE_H

#include "fhir/definitions_data.h"
#include "fhir/fhirpath.h"
#include "fhir/snapshot.h"

enum { PROFILE_MANY = UINT32_MAX }; /* max = "*" */

typedef struct ProfileType {
    Str      code; /* "Reference", or a url */
    TypeId   type; /* 0 where R4 has none of that name */
    Str     *profiles;
    uint32_t profile_count;
    Str     *targets;
    uint32_t target_count;
    bool     contained, bundled, referenced; /* aggregation; none: any */
} ProfileType;

typedef struct ProfileRule {
    Str                key, human;
    bool               warning;
    const PathProgram *program; /* NULL: it cannot be read */
} ProfileRule;

typedef enum DiscriminatorKind {
    DISCRIMINATE_VALUE, /* and pattern: they are one */
    DISCRIMINATE_EXISTS,
    DISCRIMINATE_TYPE,
    DISCRIMINATE_PROFILE,
} DiscriminatorKind;

typedef struct Discriminator {
    DiscriminatorKind  kind;
    Str                path;
    const PathProgram *program; /* NULL for "$this" */
} Discriminator;

typedef enum SlicingRules { SLICING_OPEN, SLICING_OPEN_AT_END, SLICING_CLOSED } SlicingRules;

/* An element of the snapshot. Numbers are places in Profile.elements; 0, the root, is none. */
typedef struct ProfileElement {
    Str      id, path, slice;
    Str      name;                    /* "value" of "Observation.value[x]" */
    bool     choice;                  /* its path ends with "[x]" */
    uint32_t parent, first, next;     /* children, without slices */
    uint32_t slice_first, slice_next; /* the slices of it */
    uint32_t min, max;

    ProfileType   *types;
    uint32_t       type_count;
    uint32_t       fixed, pattern; /* values in Profile.json, or 0 */
    bool           length_bounded; /* maxLength, or the extension minLength */
    uint32_t       length_min, length_max;
    uint32_t       value_min, value_max; /* values in Profile.json, or 0 */
    bool           must_support, modifier;
    uint8_t        strength; /* BindingStrength */
    Str            value_set, value_set_max;
    ProfileRule   *rules;
    uint32_t       rule_count;
    bool           sliced;
    SlicingRules   slicing;
    bool           ordered;
    Discriminator *discriminators;
    uint32_t       discriminator_count;
    bool           says; /* it or something below it says more than that it is there */
} ProfileElement;

/* StructureDefinition.context of an extension. */
typedef struct ProfileContext {
    Str                kind, expression; /* element, extension, fhirpath */
    const PathProgram *program;
} ProfileContext;

typedef struct Profile {
    const Json     *json;
    Str             url, version, name;
    TypeId          type; /* 0 where R4 has none of that name */
    bool            base; /* it defines a type: the standard's own tables say the same */
    bool            extension, retired;
    ProfileElement *elements;
    uint32_t        count;
    ProfileContext *contexts;
    uint32_t        context_count;
} Profile;

/* Makes a profile of a StructureDefinition that has a snapshot, on arena `a`, where `json` lies, too.
 * An expression that cannot be read is kept as one that cannot be checked. FAIL_UNPROCESSABLE where
 * the snapshot is none. */
Fail profile_compile(Call *c, Arena *a, const Json *json, const Profile **out) MUST_USE;

/* Whether the node has the fixed value, or (`pattern`) at least what the pattern says. The value is
 * `value` in `json`. R4 elementdefinition.html: fixed[x], pattern[x] */
bool profile_value_fits(Call *c, const Resource *resource, uint32_t node, const Json *json,
                        uint32_t value, bool pattern);

#endif
