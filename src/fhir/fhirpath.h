/*
 * FHIRPath (N1, http://hl7.org/fhirpath/N1, with the functions FHIR R4 adds) over resources that
 * have been read. An expression is compiled once into steps of a small machine with a stack; a
 * compiled one is constant and may be shared between threads. Nothing recurses: nesting, steps
 * and values are bounded by base/limits.h, and past a bound the call ends with FAIL_TOO_COSTLY.
 */
#ifndef FHIR_FHIRPATH_H
#define FHIR_FHIRPATH_H

#include "base/call.h"
#include "fhir/fhirpath_decimal.h"
#include "fhir/fhirpath_time.h"
#include "fhir/resource.h"

typedef struct PathProgram PathProgram;

typedef enum PathKind {
    PATH_NODE, /* of a resource: a FHIR type */
    PATH_BOOLEAN,
    PATH_INTEGER,
    PATH_DECIMAL,
    PATH_STRING,
    PATH_DATE,
    PATH_DATE_TIME,
    PATH_TIME,
    PATH_QUANTITY,
    PATH_TYPE, /* what type() gives: text is "System.Boolean" */
    PATH_KINDS
} PathKind;

typedef struct PathQuantity {
    Decimal value;
    Str     unit;     /* a UCUM code, or "days" as it stood */
    bool    calendar; /* a calendar duration's word, not a code */
} PathQuantity;

typedef struct PathValue {
    uint8_t     kind;  /* PathKind */
    uint8_t     scale; /* of a decimal */
    uint32_t    node;
    const Tree *tree;
    union {
        bool                truth;
        int64_t             integer;
        __int128            digits;
        Str                 text;
        PathTime            time;
        const PathQuantity *quantity;
    };
} PathValue;

typedef struct PathValues {
    const PathValue *at;
    uint32_t         count;
} PathValues;

/* What trace() was given. */
typedef struct PathTrace PathTrace;
struct PathTrace {
    Str        name;
    PathValues values;
    PathTrace *next;
};

typedef struct PathVariable {
    Str        name; /* without '%' */
    PathValues values;
} PathVariable;

/* What is asked of others while an expression runs. A hook that is NULL makes the function that
 * needs it give nothing (resolve) or fail (memberOf, conformsTo of profiles). */
typedef struct PathHooks {
    void *context;
    /* What a reference points to, outside the resource: *out is not written if there is nothing. */
    Fail (*resolve)(Call *c, void *context, Str reference, PathValue *out);
    /* Whether a code, Coding or CodeableConcept is in a value set; *known false if it cannot be
     * said. */
    Fail (*member_of)(Call *c, void *context, const PathValue *coded, Str value_set,
                      bool *known, bool *out);
    Fail (*conforms_to)(Call *c, void *context, const PathValue *node, Str profile, bool *known,
                        bool *out);
} PathHooks;

typedef struct PathContext {
    PathValue resource;            /* %resource: the resource that holds the focus */
    PathValue root_resource;       /* %rootResource: the one that contains it, or the same */
    const PathVariable *variables; /* besides %context and the standard's own */
    uint32_t            variable_count;
    const PathHooks    *hooks;     /* or NULL */
    bool                strict;    /* elements that the type does not have are a fault */
    PathTrace          *traces;    /* gets what trace() was given, first to last */
    uint64_t            steps_max; /* 0: LIMIT_PATH_STEPS */
} PathContext;

/* Compiles into `keep`, which must outlive the program; so must `expression`. FAIL_SYNTAX with
 * line and column in the expression. */
Fail path_compile(Call *c, Arena *keep, Str expression, const PathProgram **out) MUST_USE;

/* Whether all variables that it names are among these or the standard's own; else one that is not. */
bool path_knows_variables(const PathProgram *program, const PathVariable *variables,
                          uint32_t count, Str *unknown);

/* Runs a program on a collection. The result is on the call's arena. */
Fail path_run(Call *c, const PathProgram *program, PathContext *context, PathValues focus,
              PathValues *out) MUST_USE;

/* The same on one node, with it as %context and its resource as %resource. */
Fail path_run_node(Call *c, const PathProgram *program, const Resource *resource, uint32_t node,
                   PathValues *out) MUST_USE;

/* Whether an invariant holds. An empty result is no objection: many of R4's say nothing of what is not
 * there (ref-1 without a reference, bdl-8 without a fullUrl). */
bool path_holds(PathValues result);

/* --- values ------------------------------------------------------------------------------ */

PathValue path_node(const Tree *tree, uint32_t node);

/* The primitive that a node is, or the value itself. A node without a value stays one. */
PathValue path_plain(Call *c, PathValue value);

/* "string", "HumanName", "Patient.contact"; of System types the FHIR type they are given as. */
Str path_type_name(PathValue value);

/* As text: what toString() gives, with '@' before dates. Empty for what has none. */
Str path_text(Call *c, PathValue value);

/* As JSON: a node as it stood in its resource. */
void path_put_json(Call *c, Buf *out, PathValue value);

/* "Patient.name[0]", or empty where it is no node. */
Str path_where(Call *c, PathValue value);

/* Whether `type` is the type of that name or one made from it (code is a string). */
bool path_type_is(TypeId type, Str name);

#endif
