/* What a GraphQL query gives, while it is being put together: objects whose fields keep their order. */
#ifndef INTERACTION_GRAPH_OUT_H
#define INTERACTION_GRAPH_OUT_H

#include "base/buf.h"

struct GraphNode;
struct GraphSource;

typedef struct GraphObject GraphObject;

typedef struct GraphItem GraphItem;
struct GraphItem {
    Str          json; /* a scalar … */
    GraphObject *object;

    const struct GraphSource *source; /* of the object */

    GraphItem *next;
};

typedef struct GraphField GraphField;
struct GraphField {
    Str         name;
    bool        list;
    const void *from; /* whose field it was when the last value was added */
    GraphItem  *own;  /* the first of its objects that are of that one */
    GraphItem  *first, *last;

    const struct GraphNode *asked; /* the selection that they are of */

    GraphField *next;
};

struct GraphObject {
    GraphField *first, *last;
};

enum { GRAPH_DEPTH = 128 };

GraphField *graph_field(const GraphObject *object, Str name);
GraphField *graph_field_new(Arena *a, GraphObject *object, Str name, bool list);
GraphItem  *graph_item_new(Arena *a, GraphField *field, Str json, GraphObject *object);

/* As JSON. Objects must not lie deeper in each other than GRAPH_DEPTH. */
void graph_put(Buf *out, const GraphObject *root);

#endif
