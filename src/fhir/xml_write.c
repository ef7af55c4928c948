/*
 * Nodes -> XML: see xml_write.h. XML wants the elements in the order of the definition, JSON may have
 * them in any: of each node's children the next higher element is looked for. No recursion: the way
 * back is the nodes' parents.
 */
#include "fhir/xml_write.h"

#include "codec/xml.h"

typedef struct Writer {
    Call           *call;
    const Resource *resource;
    Buf             out;
} Writer;

static bool is_primitive(const Node *n)
{
    return structure(n->type)->kind == STRUCTURE_PRIMITIVE;
}

static bool is_narrative(const Node *n)
{
    return structure(n->type)->primitive == PRIMITIVE_XHTML;
}

/* The id of an element, and the url of an extension, are attributes (xml.html). */
static bool is_attribute(const Writer *w, const Node *n)
{
    TypeId owner = node_at(w->resource, n->parent)->type;

    return (!type_is_resource(owner) && str_equal(n->element->name, STR("id")))
           || (owner == TYPE_EXTENSION && str_equal(n->element->name, STR("url")));
}

/* The first of the children whose element comes next behind `order` (-1: the first of all) and is
 * no attribute, or 0. */
static uint32_t next_element(const Writer *w, uint32_t parent, int order)
{
    uint32_t found = 0;
    int      best = INT32_MAX;

    for (uint32_t i = node_at(w->resource, parent)->first; i;
         i = node_at(w->resource, i)->next) {
        const Node *n = node_at(w->resource, i);

        if (n->element->order > order && n->element->order < best && !is_attribute(w, n)) {
            best = n->element->order;
            found = i;
        }
    }
    return found;
}

static uint32_t next_sibling(const Writer *w, uint32_t node)
{
    const Node *n = node_at(w->resource, node);

    if (n->next && node_at(w->resource, n->next)->element == n->element)
        return n->next;
    return next_element(w, n->parent, n->element->order);
}

static Fail put_attribute(Writer *w, uint32_t node, Str name)
{
    buf_put_char(&w->out, ' ');
    buf_put(&w->out, name);
    buf_put_char(&w->out, '=');
    if (xml_put_value(&w->out, node_text(node_at(w->resource, node))))
        return OK;
    return fail(w->call, FAIL_NOT_ACCEPTABLE,
                node_expression(w->call->arena, w->resource, node),
                "this holds a character that cannot be said in XML");
}

static void put_tag(Writer *w, const char *before, Str name, const char *after)
{
    buf_put(&w->out, str_from(before));
    buf_put(&w->out, name);
    buf_put(&w->out, str_from(after));
}

/* The start tag with the attributes, up to its bracket. */
static Fail put_start(Writer *w, uint32_t node)
{
    const Node *n = node_at(w->resource, node);

    if (node == w->resource->root) {
        put_tag(w, "<", type_name(n->type), " xmlns=\"http://hl7.org/fhir\"");
        return OK;
    }
    put_tag(w, "<", n->element->name, "");
    if (type_is_resource(n->type)) {
        put_tag(w, "><", type_name(n->type), "");
        return OK;
    }
    for (uint32_t i = n->first; i; i = node_at(w->resource, i)->next)
        if (is_attribute(w, node_at(w->resource, i)))
            TRY(put_attribute(w, i, node_at(w->resource, i)->element->name));
    return is_primitive(n) && n->json ? put_attribute(w, node, STR("value")) : OK;
}

static void put_end(Writer *w, uint32_t node)
{
    const Node *n = node_at(w->resource, node);

    if (type_is_resource(n->type))
        put_tag(w, "</", type_name(n->type), ">");
    if (node != w->resource->root)
        put_tag(w, "</", n->element->name, ">");
}

/* Puts a node, or its start where something is inside it: then *inner is what comes first. */
static Fail put_node(Writer *w, uint32_t node, uint32_t *inner)
{
    const Node *n = node_at(w->resource, node);

    *inner = 0;
    if (is_narrative(n) && n->json) {
        buf_put(&w->out, str_trim(node_text(n)));
        return OK;
    }
    TRY(put_start(w, node));
    *inner = next_element(w, node, -1);
    buf_put(&w->out, *inner ? STR(">") : STR("/>"));
    if (!*inner && type_is_resource(n->type) && node != w->resource->root)
        put_tag(w, "</", n->element->name, ">");
    return OK;
}

Fail xml_write_resource(Call *c, const Resource *resource, Str *xml)
{
    Writer   w = { .call = c, .resource = resource };
    uint32_t node = resource->root, next;

    w.out = buf_new(c->arena, node_source(resource, resource->root).len * 2);
    TRY(put_node(&w, node, &next));
    while (next) {
        node = next;
        TRY(put_node(&w, node, &next));
        while (!next) {
            uint32_t parent = node_at(resource, node)->parent;

            next = next_sibling(&w, node);
            if (next)
                break;
            put_end(&w, parent);
            if (parent == resource->root)
                break;
            node = parent;
        }
    }
    *xml = buf_str(&w.out);
    return OK;
}
