/*
 * JSON -> tree of nodes, each with its definition: see resource.h. One loop with a stack of the
 * objects that are open; a fault is noted and what it concerns is left out, so that one call
 * tells as many faults as it can. What values must look like is in resource_check.c.
 */
#include "fhir/resource.h"

#include "base/ensure.h"
#include "fhir/resource_check.h"

enum { NAME_CHARS_SHOWN = 64 };

/* Which kinds of JSON a primitive may come as, a bit for each JsonKind. */
static const uint8_t json_kinds[] = {
    [PRIMITIVE_NONE] = 0,
    [PRIMITIVE_BOOLEAN] = 1 << JSON_TRUE | 1 << JSON_FALSE,
    [PRIMITIVE_INTEGER] = 1 << JSON_NUMBER,
    [PRIMITIVE_UNSIGNED_INT] = 1 << JSON_NUMBER,
    [PRIMITIVE_POSITIVE_INT] = 1 << JSON_NUMBER,
    [PRIMITIVE_DECIMAL] = 1 << JSON_NUMBER,
    [PRIMITIVE_STRING] = 1 << JSON_STRING,
    [PRIMITIVE_MARKDOWN] = 1 << JSON_STRING,
    [PRIMITIVE_CODE] = 1 << JSON_STRING,
    [PRIMITIVE_ID] = 1 << JSON_STRING,
    [PRIMITIVE_URI] = 1 << JSON_STRING,
    [PRIMITIVE_URL] = 1 << JSON_STRING,
    [PRIMITIVE_CANONICAL] = 1 << JSON_STRING,
    [PRIMITIVE_OID] = 1 << JSON_STRING,
    [PRIMITIVE_UUID] = 1 << JSON_STRING,
    [PRIMITIVE_DATE] = 1 << JSON_STRING,
    [PRIMITIVE_DATE_TIME] = 1 << JSON_STRING,
    [PRIMITIVE_INSTANT] = 1 << JSON_STRING,
    [PRIMITIVE_TIME] = 1 << JSON_STRING,
    [PRIMITIVE_BASE64] = 1 << JSON_STRING,
    [PRIMITIVE_XHTML] = 1 << JSON_STRING,
};

static const char *json_kind_name(Primitive p)
{
    return p == PRIMITIVE_BOOLEAN              ? "true or false"
           : json_kinds[p] == 1 << JSON_NUMBER ? "a number"
                                               : "a string";
}

static const JsonValue *value_at(const Reader *r, uint32_t i)
{
    return &r->tree.json.values[i];
}

/* --- nodes ------------------------------------------------------------------------------- */

static uint32_t add_node(Reader *r, Frame *f, const Element *e, TypeId type)
{
    uint32_t n = r->tree.count++;
    Node    *nodes = r->tree.nodes;

    nodes[n] = (Node){ .element = e, .type = type, .parent = f->node };
    if (f->last)
        nodes[f->last].next = n;
    else
        nodes[f->node].first = n;
    f->last = n;
    return n;
}

/* The node for the next item: the one its `name` or `_name` made already, or a new one. */
static uint32_t next_node(Reader *r, Frame *f, const Element *e)
{
    Node    *nodes = r->tree.nodes;
    uint32_t n = f->pair;

    if (!n)
        return add_node(r, f, e, e->type);
    f->pair = nodes[n].next && nodes[nodes[n].next].element == e ? nodes[n].next : 0;
    return n;
}

/* The first node among the frame's whose element is `e`, or shares e's choice. */
static uint32_t find_sibling(const Reader *r, const Frame *f, const Element *e)
{
    const Node *nodes = r->tree.nodes;

    for (uint32_t i = nodes[f->node].first; i; i = nodes[i].next)
        if (nodes[i].element == e || (e->choice && nodes[i].element->choice == e->choice))
            return i;
    return 0;
}

static uint32_t count_items(const Reader *r, uint32_t node)
{
    const Node *nodes = r->tree.nodes;
    uint32_t    count = 0;

    for (uint32_t i = node; i && nodes[i].element == nodes[node].element; i = nodes[i].next)
        count++;
    return count;
}

/* --- objects ----------------------------------------------------------------------------- */

static Frame *push_frame(Reader *r, uint32_t node, TypeId type, uint32_t object)
{
    Frame *f = &r->frames[r->depth];

    ENSURE(r->depth < LIMIT_JSON_DEPTH);
    *f = (Frame){ .node = node,
                  .type = type,
                  .member = object + 1,
                  .end = value_at(r, object)->after,
                  .contained = r->depth && r->frames[r->depth - 1].contained,
                  .locals_from = r->local_count };
    r->depth++;
    return f;
}

/* What an object says it is; 0 with a fault noted if it says nothing we know. It is the root or
 * the element `e` of what is read in the frame. */
static TypeId read_type(Reader *r, const Frame *f, const Element *e, uint32_t object)
{
    uint32_t member = json_member(&r->tree.json, object, STR("resourceType"));
    TypeId   type;

    if (!member) {
        reader_fault(r, FAIL_STRUCTURE, value_at(r, object)->from,
                     f ? reader_where(r, f, e) : (Str){ 0 },
                     "a resource must say its resourceType");
        return 0;
    }
    type = value_at(r, member)->kind == JSON_STRING ? type_find(value_at(r, member)->text) : 0;
    if (!type)
        reader_fault(r, FAIL_STRUCTURE, value_at(r, member)->from,
                     f ? reader_where(r, f, e) : (Str){ 0 },
                     "this resourceType is not one of FHIR R4");
    return type;
}

static void open_resource(Reader *r, Frame *f, const Element *e, uint32_t object)
{
    TypeId   type = read_type(r, f, e, object);
    bool     contained = str_equal(e->name, STR("contained"));
    uint32_t n;

    if (!type)
        return;
    if (contained && f->contained)
        reader_fault(r, FAIL_INVARIANT, value_at(r, object)->from, reader_where(r, f, e),
                     "a contained resource may not contain another");
    n = add_node(r, f, e, type);
    r->tree.nodes[n].json = value_at(r, object);
    f = push_frame(r, n, type, object);
    f->resource = true;
    f->contained |= contained;
}

/* --- values ------------------------------------------------------------------------------ */

static void take_complex(Reader *r, Frame *f, const Element *e, uint32_t i)
{
    const JsonValue *v = value_at(r, i);
    uint32_t         n;

    if (v->kind != JSON_OBJECT || v->count == 0) {
        reader_fault(r, FAIL_STRUCTURE, v->from, reader_where(r, f, e),
                     v->kind == JSON_OBJECT ? "an object may not be empty"
                                            : "this must be an object");
        return;
    }
    if (e->type == TYPE_RESOURCE) {
        open_resource(r, f, e, i);
        return;
    }
    n = add_node(r, f, e, e->type);
    r->tree.nodes[n].json = v;
    push_frame(r, n, e->type, i);
}

/* The `_name` side of a primitive: its id and extensions. */
static void take_extra(Reader *r, Frame *f, const Element *e, uint32_t i)
{
    const JsonValue *v = value_at(r, i);
    uint32_t         n = next_node(r, f, e);

    if (v->kind != JSON_OBJECT || v->count == 0) {
        reader_fault(r, FAIL_STRUCTURE, v->from, reader_where(r, f, e),
                     "what '_%.*s' adds to the value must be an object with content",
                     STR_ARG(e->name));
        return;
    }
    r->tree.nodes[n].extra = v;
    push_frame(r, n, e->type, i);
}

static void take_primitive(Reader *r, Frame *f, const Element *e, uint32_t i)
{
    const JsonValue *v = value_at(r, i);
    Primitive        primitive = structure(e->type)->primitive;

    r->tree.nodes[next_node(r, f, e)].json = v;
    if (!(json_kinds[primitive] >> v->kind & 1))
        reader_fault(r, FAIL_STRUCTURE, v->from, reader_where(r, f, e), "this must be %s",
                     json_kind_name(primitive));
    else if (!r->options->trusted)
        check_value(r, f, e, v);
}

static void take_value(Reader *r, Frame *f, const Element *e, uint32_t i, bool extra)
{
    bool is_null = value_at(r, i)->kind == JSON_NULL;

    if (is_null && f->item_end && structure(e->type)->kind == STRUCTURE_PRIMITIVE) {
        next_node(r, f, e);
        f->padded = true;
    } else if (is_null) {
        reader_fault(r, FAIL_STRUCTURE, value_at(r, i)->from, reader_where(r, f, e),
                     "null is not a value: leave the element out");
    } else if (extra) {
        take_extra(r, f, e, i);
    } else if (structure(e->type)->kind == STRUCTURE_PRIMITIVE) {
        take_primitive(r, f, e, i);
    } else {
        take_complex(r, f, e, i);
    }
}

static void take_item(Reader *r, Frame *f)
{
    uint32_t i = f->item;

    f->item = value_at(r, i)->after;
    take_value(r, f, f->element, i, f->extra);
    f->item_number++;
    if (f->item == f->item_end)
        f->item_end = 0;
}

/* --- members ----------------------------------------------------------------------------- */

/* A name as it may be shown: it comes from outside. */
static Str shown(Reader *r, Str name)
{
    Str   copy = arena_str(r->call->arena, str_slice(name, 0, NAME_CHARS_SHOWN));
    char *at = (char *)copy.at;

    for (size_t i = 0; i < copy.len; i++)
        if (at[i] <= ' ' || at[i] == '"' || at[i] == '\\' || at[i] == 0x7f)
            at[i] = '?';
    return copy;
}

static const Element *find_element(Reader *r, Frame *f, const JsonValue *v, bool extra)
{
    const Element *e = structure_element(f->type, str_skip(v->key, extra));

    if (e && extra && structure(e->type)->kind != STRUCTURE_PRIMITIVE)
        e = NULL;
    if (!e)
        reader_fault(r, FAIL_STRUCTURE, v->key_from, reader_where(r, f, NULL),
                     "%.*s has no element '%.*s'", STR_ARG(type_name(f->type)),
                     STR_ARG(shown(r, v->key)));
    return e;
}

/* Marks an element as seen and finds what its other half made. False, with a fault noted, if
 * another of the same choice was there. */
static bool mark_seen(Reader *r, Frame *f, const Element *e, const JsonValue *v)
{
    uint16_t bit = check_bit(f->type, e);
    uint64_t mask = (uint64_t)1 << (bit % 64);
    bool     again = f->seen[bit / 64] & mask;

    f->seen[bit / 64] |= mask;
    f->pair = again ? find_sibling(r, f, e) : 0;
    if (!f->pair || r->tree.nodes[f->pair].element == e)
        return true;
    reader_fault(r, FAIL_STRUCTURE, v->key_from, reader_where(r, f, NULL),
                 "only one of %.*s[x] may be given", STR_ARG(e->path));
    return false;
}

/* Whether it comes as an array where the element repeats, and only there. */
static bool shape_right(Reader *r, Frame *f, const Element *e, const JsonValue *v)
{
    bool is_array = v->kind == JSON_ARRAY;

    if (is_array != e->many)
        reader_fault(r, FAIL_STRUCTURE, v->from, reader_where(r, f, e),
                     e->many ? "this must be an array"
                             : "this may stand only once, not in an array");
    else if (is_array && v->count == 0)
        reader_fault(r, FAIL_STRUCTURE, v->from, reader_where(r, f, e),
                     "an array may not be empty");
    else if (is_array && f->pair && count_items(r, f->pair) != v->count)
        reader_fault(r, FAIL_STRUCTURE, v->from, reader_where(r, f, e),
                     "'%.*s' and '_%.*s' must have as many items, filled up with null",
                     STR_ARG(e->name), STR_ARG(e->name));
    else
        return true;
    return false;
}

static void take_member(Reader *r, Frame *f)
{
    uint32_t         i = f->member;
    const JsonValue *v = value_at(r, i);
    bool             extra = v->key.len && v->key.at[0] == '_';
    const Element   *e;

    f->member = v->after;
    f->item_number = 0;
    if (f->resource && str_equal(v->key, STR("resourceType")))
        return;
    e = find_element(r, f, v, extra);
    if (!e || !mark_seen(r, f, e, v) || !shape_right(r, f, e, v))
        return;
    if (!e->many) {
        take_value(r, f, e, i, extra);
        return;
    }
    f->element = e;
    f->extra = extra;
    f->item = i + 1;
    f->item_end = v->after;
}

static void read_tree(Reader *r)
{
    while (r->depth && !r->full) {
        Frame *f = &r->frames[r->depth - 1];

        if (f->item_end) {
            take_item(r, f);
        } else if (f->member < f->end) {
            take_member(r, f);
        } else {
            if (!r->options->trusted)
                check_object(r, f);
            r->depth--;
        }
    }
}

/* --- the whole --------------------------------------------------------------------------- */

static bool is_to_be_carried_out(const Json *json)
{
    Str type = json_member_text(json, 0, STR("type"));

    return str_equal(type, STR("transaction")) || str_equal(type, STR("batch"));
}

static Fail read_root(Reader *r, TypeId expected)
{
    const JsonValue *root = value_at(r, 0);
    TypeId           type;

    if (root->kind != JSON_OBJECT) {
        reader_fault(r, FAIL_STRUCTURE, root->from, (Str){ 0 }, "a resource is a JSON object");
        return r->result;
    }
    type = read_type(r, NULL, NULL, 0);
    if (!type)
        return r->result;
    if (expected && type != expected) {
        reader_fault(r, FAIL_INVALID,
                     value_at(r, json_member(&r->tree.json, 0, STR("resourceType")))->from,
                     type_name(type), "the resource must be of type %.*s",
                     STR_ARG(type_name(expected)));
        return r->result;
    }
    r->conditional =
        r->options->conditional || (type == TYPE_BUNDLE && is_to_be_carried_out(&r->tree.json));
    r->tree.nodes = arena_alloc_raw(r->call->arena, r->tree.json.count * sizeof *r->tree.nodes);
    r->tree.nodes[0] = (Node){ .json = root, .type = type };
    r->tree.count = 1;
    push_frame(r, 0, type, 0)->resource = true;
    read_tree(r);
    return r->result;
}

Fail resource_read(Call *c, Str bytes, const ReadOptions *options, Resource *out)
{
    Reader r = { .call = c, .options = options };
    Tree  *tree;
    Fail   result;

    check_prepare();
    TRY(json_parse(c, bytes, options->values_max, &r.tree.json));
    result = read_root(&r, options->expected);
    if (result != OK && !(options->judging && r.tree.count))
        return result;
    tree = NEW(c->arena, Tree);
    *tree = r.tree;
    *out = (Resource){ .tree = tree, .type = tree->nodes[0].type };
    out->id = node_child_text(out, 0, STR("id"));
    return result;
}
