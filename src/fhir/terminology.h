/*
 * Terminology: CodeSystems, ValueSets and ConceptMaps as they are worked with, and profiles. A definition is
 * made from a resource once, never changed, and may be shared by calls. Where definitions come from
 * is the caller's affair (Terms.candidates); which version is meant is decided here.
 * R4 terminology-module.html, codesystem.html, valueset.html
 */
#ifndef FHIR_TERMINOLOGY_H
#define FHIR_TERMINOLOGY_H

#include "base/pattern.h"
#include "codec/json.h"
#include "fhir/concepts.h"
#include "fhir/definitions.h"

typedef struct ValueSet ValueSet;
typedef struct Profile  Profile; /* fhir/profile.h */

struct MadeProfile; /* fhir/profiles.c */

/* CodeSystem.property */
typedef struct TermProperty {
    Str code, uri, type;
} TermProperty;

typedef struct TermDef {
    TypeId        type;
    Str           url, version, name, title, status, language;
    Str           standards; /* the extension structuredefinition-standards-status, or empty */
    bool          experimental;
    Str           source; /* the resource as JSON; empty for a CodeSystem with its own image */
    size_t        bytes;  /* about what it takes in memory */
    /* of a CodeSystem */
    Concepts      concepts;
    Str           content, supplements, value_set;
    bool          case_sensitive, hierarchy;
    TermProperty *properties;
    uint32_t      property_count;
    /* of a ValueSet */
    const ValueSet *value_set_parts;
    /* of a StructureDefinition with a snapshot */
    const Profile  *profile;
} TermDef;

/* Makes a definition from the JSON of a CodeSystem, ValueSet, ConceptMap or StructureDefinition, on arena `a`: nothing of
 * it lies on the call's. FAIL_DUPLICATE, FAIL_INVALID (a concept beneath itself), FAIL_VALUE,
 * FAIL_SYNTAX, FAIL_TOO_COSTLY. */
Fail term_define(Call *c, Arena *a, TypeId type, Str json, const TermDef **out) MUST_USE;

/* The two parts of that for their types; a value set points into the JSON. */
Fail code_system_define(Call *c, Arena *a, const Json *json, TermDef *def) MUST_USE;
Fail value_set_define(Call *c, Arena *a, const Json *json, TermDef *def) MUST_USE;

/* A version to be used: from system-version, force-system-version, check-system-version and
 * default-valueset-version (TermRuleKind). */
typedef enum TermRuleKind { TERM_RULE_DEFAULT, TERM_RULE_FORCE, TERM_RULE_CHECK } TermRuleKind;

typedef struct TermRule {
    TermRuleKind kind;
    TypeId       type;
    Str          url, version;
} TermRule;

typedef struct TermMemo {
    TypeId          type;
    Str             url;
    const TermDef **defs;
    size_t          count;
} TermMemo;

/* What one call looks definitions up in. */
typedef struct Terms {
    Call *call;
    void *context;
    /* All versions of that address the caller may use, those that go first first. They must stay
     * good until the call ends. */
    Fail (*candidates)(Call *c, void *context, TypeId type, Str url, const TermDef ***out,
                       size_t *count);
    TermRule           *rules;
    size_t              rule_count;
    Str                *supplements; /* useSupplement */
    size_t              supplement_count;
    TermMemo           *memo; /* by their addresses: a hash table */
    size_t              memo_count, memo_room;
    const TermDef      *used[64]; /* what was found, each once */
    size_t              used_count;
    uint64_t            steps;         /* concepts looked at: bounded by … */
    uint64_t            steps_max;     /* … this, or if it is 0 by LIMIT_TERM_STEPS */
    struct MadeProfile *profiles;      /* snapshots made for this call */
    unsigned            profiles_open; /* definitions being made, one for the other */
} Terms;

/* All versions, each looked up once in a call. */
Fail terms_versions(Terms *t, TypeId type, Str url, const TermDef ***out,
                    size_t *count) MUST_USE;

/* The definition of that address and version; `version` may be empty (the rules', else the newest)
 * or have parts "x" that stand for any. NULL if there is none. "url|version" is understood. */
Fail terms_find(Terms *t, TypeId type, Str url, Str version, const TermDef **out) MUST_USE;

/* The version asked for once the rules have been heard: FORCE beats what was said, DEFAULT fills
 * what was left open. */
Str terms_version_wanted(const Terms *t, TypeId type, Str url, Str version);

/* The rule that `version` breaks, or NULL. */
const TermRule *terms_check(const Terms *t, TypeId type, Str url, Str version);

/* Whether "1.2.0" is what "1.2.0", "1.x.x" or "1.2.x" asks for. */
bool term_version_matches(Str version, Str wanted);

/* By their numbers, then as text: as semantic versions, dates and plain numbers are ordered. */
int term_version_compare(Str a, Str b);

/* The language of a tag that is looked for ("de-CH" is "de"; a missing tag is nothing's). */
bool term_language_matches(Str tag, Str wanted);

/* ---- code systems ---- */

/* What "inactive" and "abstract" come from, and other well-known properties. */
bool term_concept_inactive(const TermDef *system, uint32_t concept);
bool term_concept_abstract(const TermDef *system, uint32_t concept);
Str  term_concept_status(const TermDef *system, uint32_t concept);

/* ---- value sets ---- */

typedef enum FilterOp {
    FILTER_EQUAL,
    FILTER_IS_A,
    FILTER_DESCENDENT_OF,
    FILTER_IS_NOT_A,
    FILTER_REGEX,
    FILTER_IN,
    FILTER_NOT_IN,
    FILTER_GENERALIZES,
    FILTER_EXISTS,
    FILTER_CHILD_OF,
    FILTER_DESCENDENT_LEAF,
    FILTER_OPS
} FilterOp;

typedef struct ValueSetFilter {
    Str            property, value;
    FilterOp       op;
    const Pattern *pattern; /* of FILTER_REGEX */
    Str            wrong;   /* why it cannot be carried out, or empty */
} ValueSetFilter;

typedef struct ValueSetConcept {
    Str code, display, designations; /* JSON array, or empty */
    Str deprecated;                  /* its own standards status */
} ValueSetConcept;

/* One include or exclude. */
typedef struct ValueSetPart {
    Str              system, version;
    ValueSetConcept *concepts;
    uint32_t         concept_count;
    uint32_t        *by_code; /* the concepts in the order of their codes */
    ValueSetFilter  *filters;
    uint32_t         filter_count;
    Str             *value_sets;
    uint32_t         value_set_count;
} ValueSetPart;

struct ValueSet {
    ValueSetPart *includes, *excludes;
    uint32_t      include_count, exclude_count;
    bool          leaves_inactive; /* compose.inactive = false */
    bool          enumerated;      /* made of an expansion, for want of a compose */
    Str          *supplements;     /* valueset-supplement: must be there */
    uint32_t      supplement_count;
    Str           language; /* asked for by its own parameters */
};

/* A code as it is in a value set. */
typedef struct Member {
    const TermDef *system; /* NULL: the system is not known here */
    uint32_t concept;
    const ValueSetPart    *part;
    const ValueSetConcept *listed; /* where the value set lists it, or NULL */
    Str                    system_url, code;
} Member;

/* Why something cannot be said. */
typedef struct TermGap {
    TypeId         type;
    Str            url, version;
    const TermDef *value_set; /* that refers to it; NULL: the request does */
    Str            wrong;     /* a filter's fault, else empty */
    Str            where;
} TermGap;

/* Whether the code is in the value set; *gap is set where that depends on something that is not
 * there. FAIL_UNPROCESSABLE (value sets that include each other), FAIL_TOO_COSTLY. */
Fail value_set_has(Terms *t, const TermDef *value_set, Str system, Str version, Str code,
                   bool *has, Member *member, TermGap *gap) MUST_USE;

/* Whether value sets that are included by each other make no ring, here and in all that is imported.
 * FAIL_UNPROCESSABLE names the one that includes itself. */
Fail value_set_check_rings(Terms *t, const TermDef *value_set) MUST_USE;

/* The systems that the code alone would be of in this value set. */
Fail value_set_systems(Terms *t, const TermDef *value_set, Str code, Str *out, size_t room,
                       size_t *count, TermGap *gap) MUST_USE;

/* The systems its members may be of, each once, here and in what is imported; *gap is set where a code
 * system or value set is not there that must be asked. FAIL_TOO_COSTLY where they are more than there
 * is room for. */
Fail value_set_reach(Terms *t, const TermDef *value_set, Str *out, size_t room, size_t *count,
                     TermGap *gap) MUST_USE;

/* Walks all members, each once, systems in order, concepts from the roots down. False from each()
 * ends it. */
typedef bool MemberFunction(void *context, const Member *member);

Fail value_set_walk(Terms *t, const TermDef *value_set, MemberFunction *each, void *context,
                    TermGap *gap) MUST_USE;

/* Whether one concept is what an include or exclude says; for value_set_walk(). */
Fail value_set_part_has(Terms *t, const TermDef *value_set, const ValueSetPart *part,
                        const Member *member, unsigned depth, bool *has, TermGap *gap) MUST_USE;

/* The concept a part lists, or NULL. */
const ValueSetConcept *value_set_listed(const ValueSetPart *part, Str code, bool folds);

/* The system of a part: NULL and a gap if it is not there. */
Fail value_set_system(Terms *t, const TermDef *value_set, const ValueSetPart *part,
                      const TermDef **out, TermGap *gap) MUST_USE;

Fail term_step(Terms *t, uint64_t steps) MUST_USE;

#endif
