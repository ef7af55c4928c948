/*
 * GraphQL documents (October 2021 edition; the executable part) read into one flat array: a query's
 * selections in the order they stand, each knowing where what is inside it ends. Nothing recurses;
 * nesting is bounded by LIMIT_JSON_DEPTH, names and values are pointed to. What the selections mean
 * to FHIR is told where they are carried out: R4 graphql.html.
 */
#ifndef FHIR_GRAPHQL_H
#define FHIR_GRAPHQL_H

#include "base/call.h"

typedef enum GraphKind {
    GRAPH_FIELD,
    GRAPH_SPREAD, /* ...name */
    GRAPH_INLINE, /* ... on type { } */
} GraphKind;

typedef enum GraphValueKind {
    GRAPH_NOTHING, /* null, or a variable that was not given */
    GRAPH_TEXT,    /* string or enum value */
    GRAPH_NUMBER,
    GRAPH_TRUTH,
    GRAPH_LIST, /* of the values behind it */
    GRAPH_VARIABLE,
} GraphValueKind;

typedef struct GraphValue {
    uint8_t  kind;
    Str      text;  /* unescaped; digits; "true"; a variable's name */
    uint32_t count; /* of a list: so many values follow */
} GraphValue;

typedef struct GraphArgument {
    Str      name;
    uint32_t value; /* in GraphDocument.values */
} GraphArgument;

typedef struct GraphDirective {
    Str      name;
    uint32_t argument, argument_count;
} GraphDirective;

typedef struct GraphNode {
    uint8_t  kind; /* GraphKind */
    Str      name; /* of the field or fragment; the type of an inline fragment, or empty */
    Str      alias;
    uint32_t argument, argument_count;
    uint32_t directive, directive_count;
    uint32_t after; /* behind what is inside */
    uint32_t place; /* in the text */
} GraphNode;

typedef struct GraphVariable {
    Str      name;
    bool     required; /* Type!, without a value of its own */
    uint32_t value;    /* its default; 0: none */
} GraphVariable;

/* A query, or a fragment. */
typedef struct GraphPart {
    Str      name, on; /* the type of a fragment; empty: a query */
    uint32_t from, to; /* its selections */
    uint32_t variable, variable_count;
} GraphPart;

typedef struct GraphDocument {
    Str             text;
    GraphNode      *nodes;
    GraphValue     *values; /* [0] is GRAPH_NOTHING */
    GraphArgument  *arguments;
    GraphDirective *directives;
    GraphVariable  *variables;
    GraphPart      *parts;
    uint32_t        node_count, value_count, argument_count, directive_count, variable_count,
        part_count;
} GraphDocument;

/* FAIL_SYNTAX with line and column; FAIL_NOT_SUPPORTED for mutations and subscriptions;
 * FAIL_TOO_COSTLY. `text` must outlive the result. */
Fail graphql_parse(Call *c, Str text, GraphDocument *out) MUST_USE;

/* The query of that name, or the only one; the fragment of that name, or NULL. */
Fail graphql_query(Call *c, const GraphDocument *d, Str name, const GraphPart **out) MUST_USE;
const GraphPart *graphql_fragment(const GraphDocument *d, Str name);

/* Notes a fault at a place in the text. */
Fail graphql_fail(Call *c, const GraphDocument *d, uint32_t place, Fail kind,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
