/*
 * What an operation of terminology is asked: its parameters, from the query string and from
 * Parameters in the body. One table for all of them; an operation says which it knows.
 */
#ifndef INTERACTION_TERM_PARAMS_H
#define INTERACTION_TERM_PARAMS_H

#include "fhir/terminology.h"
#include "interaction/turn.h"

typedef enum TermOperation {
    TERM_LOOKUP = 1,
    TERM_VALIDATE_SYSTEM = 2, /* CodeSystem/$validate-code */
    TERM_VALIDATE_SET = 4,    /* ValueSet/$validate-code */
    TERM_EXPAND = 8,
    TERM_SUBSUMES = 16,
    TERM_TRANSLATE = 32,
} TermOperation;

/* A Coding, and what stands before its elements in an expression. */
typedef struct AskedCoding {
    Str system, version, code, display;
    Str where; /* "", "Coding", "CodeableConcept.coding[1]" */
} AskedCoding;

enum { TERM_TEXTS = 64 };

typedef struct TermTexts {
    Str    at[TERM_TEXTS];
    size_t count;
} TermTexts;

typedef struct TermAsked {
    Str          url, value_set_version, system, version, code, display, filter, date;
    Str          display_language, source, target, target_system, code_b, concept_map;
    Str          given;    /* the JSON of a resource: valueSet, codeSystem, conceptMap */
    Str          codeable; /* the JSON of a CodeableConcept */
    AskedCoding *codings;
    size_t       coding_count;
    AskedCoding  coding_a, coding_b;
    TermTexts    properties, supplements, excluded_systems, designations;
    TermTexts    rules[4];  /* system-version, force-, check-, default-valueset-version */
    Str         *resources; /* tx-resource, JSON */
    size_t       resource_count;
    bool         has_abstract, abstract, active_only, has_active_only, include_designations;
    bool include_definition, exclude_nested, infer_system, lenient_display, has_count, reverse;
    bool set_designations, set_definition, set_nested; /* was said at all */
    uint32_t count, offset;
    bool     has_offset;
} TermAsked;

/* Reads them. FAIL_VALUE, FAIL_REQUIRED …; a parameter another operation has, or none, is refused
 * unless the caller is lenient. */
Fail term_params_read(Call *c, const Turn *turn, TermOperation operation,
                      TermAsked *out) MUST_USE;

/* ---- saying things in Parameters ---- */

/* A parameter with a primitive value, with a comma before it if it is not the first. */
void term_put(Buf *out, const char *name, const char *type, Str value);
void term_put_bool(Buf *out, const char *name, bool value);
/* Of JSON as it is: a Coding, a resource. */
void term_put_json(Buf *out, const char *name, const char *member, Str json);

#endif
