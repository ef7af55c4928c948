/* Finding one's way in a tree that resource_read() made: see resource.h. */
#include "base/buf.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "fhir/resource.h"

uint32_t node_child(const Resource *r, uint32_t node, Str path)
{
    const Node *nodes = r->tree->nodes;

    for (uint32_t i = nodes[node].first; i; i = nodes[i].next)
        if (str_equal(nodes[i].element->path, path))
            return i;
    return 0;
}

uint32_t node_next_same(const Resource *r, uint32_t node)
{
    const Node *nodes = r->tree->nodes;
    uint32_t    next = nodes[node].next;

    return next && nodes[next].element == nodes[node].element ? next : 0;
}

Str node_child_text(const Resource *r, uint32_t node, Str path)
{
    uint32_t child = node_child(r, node, path);

    return child ? node_text(node_at(r, child)) : (Str){ 0 };
}

/* Which of the items of its element the node is, from 0. */
static uint32_t place_among_same(const Node *nodes, uint32_t node)
{
    uint32_t place = 0;

    for (uint32_t i = nodes[nodes[node].parent].first; i != node; i = nodes[i].next)
        place += nodes[i].element == nodes[node].element;
    return place;
}

Str node_expression(Arena *a, const Resource *r, uint32_t node)
{
    const Node *nodes = r->tree->nodes;
    uint32_t    trail[LIMIT_JSON_DEPTH + 1];
    size_t      depth = 0;
    Buf         out = buf_new(a, 128);

    for (; node; node = nodes[node].parent) {
        ENSURE(depth < COUNT(trail));
        trail[depth++] = node;
    }
    buf_put(&out, type_name(nodes[0].type));
    while (depth) {
        const Node *n = &nodes[trail[--depth]];

        buf_put_char(&out, '.');
        buf_put(&out, n->element->path);
        if (n->element->many)
            buf_printf(&out, "[%u]", place_among_same(nodes, trail[depth]));
    }
    return buf_str(&out);
}

Str node_source(const Resource *r, uint32_t node)
{
    const JsonValue *json = node_at(r, node)->json;

    return json ? str_slice(r->tree->json.source, json->from, json->to) : (Str){ 0 };
}

bool resource_id_valid(Str id)
{
    if (id.len == 0 || id.len > 64)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
              || c == '-' || c == '.'))
            return false;
    }
    return true;
}

uint32_t node_extension(const Resource *r, uint32_t node, Str url)
{
    for (uint32_t at = node_child(r, node, STR("extension")); at; at = node_next_same(r, at))
        if (str_equal(node_child_text(r, at, STR("url")), url))
            return at;
    return 0;
}

Str node_extension_text(const Resource *r, uint32_t node, Str url)
{
    uint32_t extension = node_extension(r, node, url);

    return extension ? node_child_text(r, extension, STR("value")) : (Str){ 0 };
}
