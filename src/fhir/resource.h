/*
 * A resource read: bytes checked against the definitions and laid out as nodes. A Resource is
 * never changed; see draft.h for making a new one.
 */
#ifndef FHIR_RESOURCE_H
#define FHIR_RESOURCE_H

#include "codec/json.h"
#include "fhir/definitions.h"

/* A value with its definition. Nodes lie in one array in document order; 0 means "none" in
 * first, next and parent (the root is nobody's child). Items of a repeating element are
 * siblings with the same element. */
typedef struct Node {
    const Element   *element; /* NULL for the root of a resource posted by itself */
    const JsonValue *json;    /* its value; NULL where a primitive has only extensions */
    const JsonValue *extra;   /* the `_name` object of a primitive, or NULL */
    TypeId           type; /* what stands here: for a contained or Bundle resource, its type */
    uint32_t         parent, first, next;
} Node;

typedef struct Tree {
    Json     json;
    Node    *nodes;
    uint32_t count;
} Tree;

typedef struct Resource {
    const Tree *tree;
    uint32_t    root; /* its node: 0, or the node of Bundle.entry.resource */
    TypeId      type;
    Str         id; /* as the body says; empty if it does not */
} Resource;

typedef struct ReadOptions {
    TypeId   expected;   /* the type it must have, or 0 */
    uint32_t values_max; /* LIMIT_JSON_NODES or LIMIT_BUNDLE_NODES */
    bool     trusted; /* our own stored bytes: structure is laid out, values not re-checked */
    bool
        judging; /* the tree is laid out in spite of faults in it, as far as they let it: *out is then
                     written although it fails */
    bool conditional; /* references may be searches ("Patient?identifier=…") though this is no
                             Bundle of type transaction or batch, where they always may: for
                             an import that resolves them */
} ReadOptions;

/* Parses and checks the structure: every element known and of its JSON type, cardinality,
 * choices, formats of dates, ids, references, codes of required bindings, no empty object,
 * array or string, narrative without active content, contained resources. All faults are noted
 * (up to LIMIT_ISSUES) with line, column and FHIRPath expression; the first decides the result:
 * FAIL_SYNTAX, FAIL_STRUCTURE, FAIL_VALUE, FAIL_REQUIRED, FAIL_CODE, FAIL_INVARIANT,
 * FAIL_INVALID (another type than expected), FAIL_TOO_COSTLY.
 * `bytes` must outlive the result. */
Fail resource_read(Call *c, Str bytes, const ReadOptions *options, Resource *out) MUST_USE;

static inline const Node *node_at(const Resource *r, uint32_t index)
{
    return &r->tree->nodes[index];
}

/* The content of a primitive: unescaped text, digits, "true"; empty where it has none. */
static inline Str node_text(const Node *n)
{
    return n->json ? n->json->text : (Str){ 0 };
}

/* The first child whose FHIRPath name is `path`, or 0; then the next of the same, or 0. */
uint32_t node_child(const Resource *r, uint32_t node, Str path);
uint32_t node_next_same(const Resource *r, uint32_t node);

/* The text of the first child of that name: node_child and node_text in one. */
Str node_child_text(const Resource *r, uint32_t node, Str path);

/* The first extension of a node with that url, or 0; and the text of its value. */
uint32_t node_extension(const Resource *r, uint32_t node, Str url);
Str      node_extension_text(const Resource *r, uint32_t node, Str url);

/* "Patient.name[0].given[1]", as OperationOutcome.issue.expression has it. */
Str node_expression(Arena *a, const Resource *r, uint32_t node);

/* The bytes of the node's value in the source. */
Str node_source(const Resource *r, uint32_t node);

/* Whether a text has the form of a resource id: [A-Za-z0-9\-\.]{1,64}. */
bool resource_id_valid(Str id);

#endif
