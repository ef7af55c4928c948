/* What the files that answer $graphql share. */
#ifndef INTERACTION_GRAPHQL_H
#define INTERACTION_GRAPHQL_H

#include "fhir/fhirpath.h"
#include "fhir/graphql.h"
#include "interaction/graph_out.h"
#include "interaction/search.h"

typedef enum GraphSourceKind {
    GRAPH_SYSTEM,
    GRAPH_NODE,
    GRAPH_PAGE, /* of a connection */
    GRAPH_EDGE, /* of it: node is the resource */
    GRAPH_SCALAR,
} GraphSourceKind;

typedef struct GraphPage {
    SearchPage page;
    uint32_t   size;
} GraphPage;

/* What a field is asked of, and what one finds. */
typedef struct GraphSource {
    uint8_t          kind;
    const Tree      *tree;
    uint32_t         node;
    const GraphPage *page;
    Str              json; /* of a scalar */
} GraphSource;

typedef struct GraphFound {
    GraphSource *at;
    uint32_t     count, room;
    bool         many;    /* a list, though there be one */
    bool         objects; /* they need selections */
} GraphFound;

typedef struct Graph {
    Call            *c;
    Session         *s;
    const Turn      *turn;
    Answer          *answer;
    GraphDocument    d;
    const GraphPart *query;
    Json             variables; /* source.len 0: none were sent */
    uint32_t         read;      /* resources so far */
} Graph;

/* The value of an argument as text, lists with commas; *there false if it is null or not given. */
Fail graph_text(const Graph *g, uint32_t value, uint32_t place, Str *out, bool *there) MUST_USE;

/* The same of the argument of that name. */
Fail graph_argument(const Graph *g, const GraphNode *n, Str name, Str *out,
                    bool *there) MUST_USE;

void graph_found_add(const Graph *g, GraphFound *found, GraphSource source);

/* What a field of the source is. (graph_find.c) */
Fail graph_find(Graph *g, const GraphNode *n, const GraphSource *of, GraphFound *out) MUST_USE;

/* What the caller may do with that type. One who may see one patient's has it noted for the audit. */
Fail graph_permit(Graph *g, Deed deed, TypeId type, Permit *out) MUST_USE;

/* The stored resource. FAIL_NOT_FOUND, FAIL_GONE. */
Fail graph_read(Graph *g, const Permit *permit, TypeId type, Str id, GraphSource *out) MUST_USE;

#endif
