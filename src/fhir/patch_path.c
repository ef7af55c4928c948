/*
 * FHIRPath Patch: see patch_path.h. Each operation finds its elements in what those before it made,
 * and becomes a JSON Patch, so that there is one way to change a text. The `_name` array or object
 * that holds the extensions of primitives goes along.
 */
#include "fhir/patch_path.h"

#include "base/buf.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "fhir/fhirpath.h"
#include "fhir/patch.h"

typedef struct Operation {
    Call           *call;
    const Resource *given; /* the Parameters */
    uint32_t        node;  /* the parameter */
    uint32_t        number;
    Str             type, path, name;
    uint32_t        value; /* the part named "value", or 0 */
    Resource        on;    /* what is changed */
    PathValues      found;
    Buf             patch;
} Operation;

static Fail refuse(Operation *o, Fail kind, const char *why)
{
    return fail(o->call, kind, node_expression(o->call->arena, o->given, o->node),
                "operation %u of the patch: %s", o->number, why);
}

/* --- places in the text ------------------------------------------------------------------ */

static const Node *node_on(const Operation *o, uint32_t node)
{
    return node_at(&o->on, node);
}

static bool is_primitive(TypeId type)
{
    return structure(type)->kind == STRUCTURE_PRIMITIVE;
}

/* Which of the items of its element the node is. */
static uint32_t place_of(const Operation *o, uint32_t node)
{
    const Node *nodes = o->on.tree->nodes;
    uint32_t    place = 0;

    for (uint32_t i = nodes[nodes[node].parent].first; i != node; i = nodes[i].next)
        place += nodes[i].element == nodes[node].element;
    return place;
}

/* "/name/0/_given/1": where a node stands; `inner` if what is inside a primitive is meant, and
 * `whole_list` if the array that it is in. */
static Str pointer_of(const Operation *o, uint32_t node, bool inner, bool whole_list)
{
    const Node *nodes = o->on.tree->nodes;
    uint32_t    trail[LIMIT_JSON_DEPTH + 1];
    size_t      depth = 0;
    Buf         out = buf_new(o->call->arena, 64);

    for (uint32_t i = node; i; i = nodes[i].parent) {
        ENSURE(depth < COUNT(trail));
        trail[depth++] = i;
    }
    while (depth) {
        uint32_t i = trail[--depth];
        bool     last = depth == 0;

        buf_put_char(&out, '/');
        if (is_primitive(nodes[i].type) && (!last || inner))
            buf_put_char(&out, '_');
        buf_put(&out, nodes[i].element->name);
        if (nodes[i].element->many && !(last && whole_list))
            buf_printf(&out, "/%u", place_of(o, i));
    }
    return buf_str(&out);
}

/* Whether the object of a node has a member "_name" for that element. */
static bool has_companion(const Operation *o, uint32_t parent, const Element *e)
{
    const Node      *n = node_on(o, parent);
    const Json      *json = &o->on.tree->json;
    const JsonValue *object = is_primitive(n->type) ? n->extra : n->json;
    Str              name = arena_printf(o->call->arena, "_%.*s", STR_ARG(e->name));

    return object && is_primitive(e->type)
           && json_member(json, (uint32_t)(object - json->values), name);
}

/* Adds one operation of JSON Patch; `from` or `value` where it has one. */
static void put(Operation *o, const char *op, Str path, Str from, Str value)
{
    buf_put(&o->patch, o->patch.len > 1 ? STR(",") : (Str){ 0 });
    buf_printf(&o->patch, "{\"op\":\"%s\",\"path\":\"%.*s\"", op, STR_ARG(path));
    if (from.len)
        buf_printf(&o->patch, ",\"from\":\"%.*s\"", STR_ARG(from));
    if (value.len) {
        buf_put(&o->patch, STR(",\"value\":"));
        buf_put(&o->patch, value);
    }
    buf_put_char(&o->patch, '}');
}

/* --- values ------------------------------------------------------------------------------ */

static const Node *given_at(const Operation *o, uint32_t node)
{
    return node_at(o->given, node);
}

/* The type of what a part gives, or 0 where it is made of parts. */
static TypeId type_given(const Operation *o, uint32_t part)
{
    uint32_t value = node_child(o->given, part, STR("value"));

    if (!value)
        value = node_child(o->given, part, STR("resource"));
    return value ? given_at(o, value)->type : 0;
}

/* The element of a type by its FHIRPath name or its JSON name; of a choice the one of the type. */
static const Element *element_named(TypeId type, Str name, TypeId value)
{
    const Structure *s = structure(type);

    for (uint16_t i = 0; i < s->element_count; i++) {
        const Element *e = structure_element_at(type, i);

        if (str_equal(e->name, name)
            || (str_equal(e->path, name) && (!e->choice || e->type == value)))
            return e;
    }
    return NULL;
}

static Str compact(Operation *o, Str source)
{
    Buf out = buf_new(o->call->arena, source.len);

    json_put_compact(&out, source, 0, (uint32_t)source.len);
    return buf_str(&out);
}

/* The JSON of a part that gives a value or a resource; empty if it does neither. */
static Str text_given(Operation *o, uint32_t part)
{
    uint32_t value = node_child(o->given, part, STR("value"));

    if (!value)
        value = node_child(o->given, part, STR("resource"));
    return value ? compact(o, node_source(o->given, value)) : (Str){ 0 };
}

/* An object that is being written from parts. */
typedef struct Level {
    uint32_t       part; /* the next, or 0 */
    TypeId         type;
    const Element *open; /* the element written last */
} Level;

static Fail begin_member(Operation *o, Buf *out, Level *level, const Element *e)
{
    if (e == level->open) {
        if (!e->many)
            return refuse(o, FAIL_UNPROCESSABLE, "its value has an element twice");
        buf_put_char(out, ',');
        return OK;
    }
    if (level->open)
        buf_put(out, level->open->many ? STR("],") : STR(","));
    buf_printf(out, "\"%.*s\":%s", STR_ARG(e->name), e->many ? "[" : "");
    level->open = e;
    return OK;
}

/* An element of a type that has no name of its own comes as parts, one for each of its elements. */
static Fail object_given(Operation *o, uint32_t first, TypeId type, Str *out)
{
    Level  levels[LIMIT_JSON_DEPTH];
    size_t depth = 1;
    Buf    text = buf_new(o->call->arena, 128);

    levels[0] = (Level){ .part = first, .type = type };
    buf_put_char(&text, '{');
    while (depth) {
        Level         *level = &levels[depth - 1];
        uint32_t       part = level->part, inner;
        const Element *e;
        Str            value;

        if (!part) {
            buf_put(&text, level->open && level->open->many ? STR("]}") : STR("}"));
            depth--;
            continue;
        }
        level->part = node_next_same(o->given, part);
        e = element_named(level->type, node_child_text(o->given, part, STR("name")),
                          type_given(o, part));
        if (!e)
            return refuse(o, FAIL_UNPROCESSABLE, "a part of its value names no element");
        TRY(begin_member(o, &text, level, e));
        value = text_given(o, part);
        inner = node_child(o->given, part, STR("part"));
        if (value.len) {
            buf_put(&text, value);
        } else if (inner && depth < COUNT(levels)) {
            buf_put_char(&text, '{');
            levels[depth++] = (Level){ .part = inner, .type = e->type };
        } else {
            return refuse(o, FAIL_UNPROCESSABLE, "a part of its value has no value");
        }
    }
    *out = buf_str(&text);
    return OK;
}

/* The value of the operation as JSON, for an element of that type. */
static Fail value_given(Operation *o, TypeId type, Str *out)
{
    uint32_t inner;

    if (!o->value)
        return refuse(o, FAIL_REQUIRED, "it needs a part named 'value'");
    *out = text_given(o, o->value);
    if (out->len)
        return OK;
    inner = node_child(o->given, o->value, STR("part"));
    if (!inner)
        return refuse(o, FAIL_REQUIRED, "its value is empty");
    return object_given(o, inner, type, out);
}

/* What stands beside a primitive that is given: id and extensions. Empty if nothing does. */
static Str companion_given(Operation *o)
{
    uint32_t         value = o->value ? node_child(o->given, o->value, STR("value")) : 0;
    const JsonValue *extra =
        value && is_primitive(given_at(o, value)->type) ? given_at(o, value)->extra : NULL;

    return extra ? compact(o, str_slice(o->given->tree->json.source, extra->from, extra->to))
                 : (Str){ 0 };
}

static Fail number_given(Operation *o, const char *name, uint32_t *out)
{
    uint32_t part = node_child(o->given, o->node, STR("part"));
    uint64_t value;

    for (; part; part = node_next_same(o->given, part))
        if (str_equal(node_child_text(o->given, part, STR("name")), str_from(name))) {
            if (!str_to_u64(node_child_text(o->given, part, STR("value")), &value)
                || value > LIMIT_JSON_NODES)
                break;
            *out = (uint32_t)value;
            return OK;
        }
    return fail(o->call, FAIL_REQUIRED, node_expression(o->call->arena, o->given, o->node),
                "operation %u of the patch: it needs a whole number named '%s'", o->number,
                name);
}

/* --- operations -------------------------------------------------------------------------- */

/* The one element the path finds. */
static Fail single(Operation *o, uint32_t *out)
{
    if (o->found.count != 1)
        return refuse(o, FAIL_UNPROCESSABLE,
                      o->found.count ? "its path finds several elements"
                                     : "its path finds nothing");
    *out = o->found.at[0].node;
    return OK;
}

static uint32_t existing(const Operation *o, uint32_t parent, const Element *e)
{
    const Node *nodes = o->on.tree->nodes;

    for (uint32_t i = nodes[parent].first; i; i = nodes[i].next)
        if (nodes[i].element == e || (e->choice && nodes[i].element->choice == e->choice))
            return i;
    return 0;
}

/* The first member of the object that a primitive's extensions are in: the object is made. */
static Fail add_beside(Operation *o, uint32_t parent, const Element *e, Str value)
{
    if (node_on(o, parent)->element->many)
        return refuse(o, FAIL_UNPROCESSABLE,
                      "the first extension of an item in a list cannot be added");
    put(o, "add", pointer_of(o, parent, true, false), (Str){ 0 },
        arena_printf(o->call->arena, e->many ? "{\"%.*s\":[%.*s]}" : "{\"%.*s\":%.*s}",
                     STR_ARG(e->name), STR_ARG(value)));
    return OK;
}

static Fail do_add(Operation *o)
{
    uint32_t       parent, there;
    const Element *e;
    Str            value, pointer, beside = companion_given(o);
    Arena         *a = o->call->arena;

    TRY(single(o, &parent));
    e = element_named(node_on(o, parent)->type, o->name,
                      o->value ? type_given(o, o->value) : 0);
    if (!e)
        return refuse(o, FAIL_UNPROCESSABLE, "there is no element of that name there");
    TRY(value_given(o, e->type, &value));
    if (is_primitive(node_on(o, parent)->type) && !node_on(o, parent)->extra)
        return add_beside(o, parent, e, value);
    there = existing(o, parent, e);
    pointer = pointer_of(o, parent, true, false);
    if (there && !e->many)
        return refuse(o, FAIL_UNPROCESSABLE, "the element is there already");
    put(o, "add",
        arena_printf(a, "%.*s/%.*s%s", STR_ARG(pointer), STR_ARG(e->name), there ? "/-" : ""),
        (Str){ 0 }, e->many && !there ? arena_printf(a, "[%.*s]", STR_ARG(value)) : value);
    if (e->many && has_companion(o, parent, e))
        put(o, "add", arena_printf(a, "%.*s/_%.*s/-", STR_ARG(pointer), STR_ARG(e->name)),
            (Str){ 0 }, beside.len ? beside : STR("null"));
    else if (!e->many && beside.len)
        put(o, "add", arena_printf(a, "%.*s/_%.*s", STR_ARG(pointer), STR_ARG(e->name)),
            (Str){ 0 }, beside);
    return OK;
}

/* The list that the path finds, whole: its first item, and how many there are. */
static Fail list_found(Operation *o, uint32_t *first, uint32_t *count)
{
    const Node *nodes = o->on.tree->nodes;

    if (o->found.count == 0)
        return refuse(o, FAIL_UNPROCESSABLE, "its path finds nothing");
    *first = o->found.at[0].node;
    if (!*first || !nodes[*first].element->many)
        return refuse(o, FAIL_UNPROCESSABLE, "its path does not find a list");
    for (uint32_t i = 1; i < o->found.count; i++)
        if (nodes[o->found.at[i].node].parent != nodes[*first].parent
            || nodes[o->found.at[i].node].element != nodes[*first].element)
            return refuse(o, FAIL_UNPROCESSABLE, "its path finds more than one list");
    *count = 0;
    for (uint32_t i = nodes[nodes[*first].parent].first; i; i = nodes[i].next)
        *count += nodes[i].element == nodes[*first].element;
    return OK;
}

static Str item_pointer(Operation *o, uint32_t first, bool beside, uint32_t index)
{
    return arena_printf(o->call->arena, "%.*s/%u", STR_ARG(pointer_of(o, first, beside, true)),
                        index);
}

static Fail do_insert(Operation *o)
{
    uint32_t first, count, index;
    Str      value, beside = companion_given(o);

    TRY(list_found(o, &first, &count));
    TRY(number_given(o, "index", &index));
    if (index > count)
        return refuse(o, FAIL_UNPROCESSABLE, "its index lies behind the end of the list");
    TRY(value_given(o, node_on(o, first)->element->type, &value));
    put(o, "add", item_pointer(o, first, false, index), (Str){ 0 }, value);
    if (has_companion(o, node_on(o, first)->parent, node_on(o, first)->element))
        put(o, "add", item_pointer(o, first, true, index), (Str){ 0 },
            beside.len ? beside : STR("null"));
    return OK;
}

static Fail do_move(Operation *o)
{
    uint32_t first, count, from, to;

    TRY(list_found(o, &first, &count));
    TRY(number_given(o, "source", &from));
    TRY(number_given(o, "destination", &to));
    if (from >= count || to >= count)
        return refuse(o, FAIL_UNPROCESSABLE,
                      "source or destination lies behind the end of the list");
    put(o, "move", item_pointer(o, first, false, to), item_pointer(o, first, false, from),
        (Str){ 0 });
    if (has_companion(o, node_on(o, first)->parent, node_on(o, first)->element))
        put(o, "move", item_pointer(o, first, true, to), item_pointer(o, first, true, from),
            (Str){ 0 });
    return OK;
}

/* Whether a node is all that its parent has, but for what a resource always says. */
static bool is_all(const Operation *o, uint32_t node)
{
    const Node *nodes = o->on.tree->nodes;
    uint32_t    parent = nodes[node].parent;

    return parent && !type_is_resource(nodes[parent].type) && nodes[parent].first == node
           && !nodes[node].next && !is_primitive(nodes[parent].type);
}

static Fail do_delete(Operation *o)
{
    uint32_t    node = 0;
    const Node *n;
    bool        alone, beside;

    if (o->found.count == 0)
        return OK;
    TRY(single(o, &node));
    if (!node)
        return refuse(o, FAIL_UNPROCESSABLE, "the whole resource cannot be deleted this way");
    while (is_all(o, node)) /* nothing may be empty in FHIR */
        node = node_on(o, node)->parent;
    n = node_on(o, node);
    beside = has_companion(o, n->parent, n->element);
    alone = n->element->many && place_of(o, node) == 0
            && !(n->next && node_on(o, n->next)->element == n->element);
    if (n->json)
        put(o, "remove", pointer_of(o, node, false, alone), (Str){ 0 }, (Str){ 0 });
    if (beside)
        put(o, "remove", pointer_of(o, node, true, alone), (Str){ 0 }, (Str){ 0 });
    return OK;
}

static Fail do_replace(Operation *o)
{
    uint32_t       node = 0;
    const Node    *n;
    const Element *e;
    Str            value, pointer, beside = companion_given(o);

    TRY(single(o, &node));
    if (!node)
        return refuse(o, FAIL_UNPROCESSABLE, "the whole resource cannot be replaced this way");
    n = node_on(o, node);
    e = n->element;
    if (e->choice) {
        const Element *other =
            element_named(node_on(o, n->parent)->type, e->path, type_given(o, o->value));

        e = other ? other : e;
    }
    TRY(value_given(o, e->type, &value));
    pointer = pointer_of(o, node, false, false);
    if (e != n->element) {
        put(o, "remove", pointer, (Str){ 0 }, (Str){ 0 });
        pointer = str_slice(pointer, 0, pointer.len - n->element->name.len);
        pointer = arena_printf(o->call->arena, "%.*s%.*s", STR_ARG(pointer), STR_ARG(e->name));
    }
    put(o, e == n->element && n->json ? "replace" : "add", pointer, (Str){ 0 }, value);
    if (has_companion(o, n->parent, n->element))
        put(o, e->many ? "replace" : "remove", pointer_of(o, node, true, false), (Str){ 0 },
            e->many ? (beside.len ? beside : STR("null")) : (Str){ 0 });
    if (beside.len && !e->many) {
        ptrdiff_t cut = (ptrdiff_t)(pointer.len - e->name.len);

        put(o, "add",
            arena_printf(o->call->arena, "%.*s_%.*s", (int)cut, pointer.at, STR_ARG(e->name)),
            (Str){ 0 }, beside);
    }
    return OK;
}

static const struct {
    Str type;
    Fail (*carry_out)(Operation *o);
} kinds[] = {
    { STR_INIT("add"), do_add },       { STR_INIT("insert"), do_insert },
    { STR_INIT("delete"), do_delete }, { STR_INIT("replace"), do_replace },
    { STR_INIT("move"), do_move },
};

/* --- the whole --------------------------------------------------------------------------- */

static void read_parts(Operation *o)
{
    uint32_t part = node_child(o->given, o->node, STR("part"));

    for (; part; part = node_next_same(o->given, part)) {
        Str name = node_child_text(o->given, part, STR("name"));
        Str text = node_child_text(o->given, part, STR("value"));

        if (str_equal(name, STR("type")))
            o->type = text;
        else if (str_equal(name, STR("path")))
            o->path = text;
        else if (str_equal(name, STR("name")))
            o->name = text;
        else if (str_equal(name, STR("value")))
            o->value = part;
    }
}

static Fail find_elements(Operation *o)
{
    const PathProgram *program;

    TRY(path_compile(o->call, o->call->arena, o->path, &program));
    TRY(path_run_node(o->call, program, &o->on, 0, &o->found));
    for (uint32_t i = 0; i < o->found.count; i++)
        if (o->found.at[i].kind != PATH_NODE || o->found.at[i].tree != o->on.tree)
            return refuse(o, FAIL_UNPROCESSABLE, "its path finds what is no element");
    return OK;
}

static Fail carry_out(Operation *o, Str *document)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES, .trusted = true };

    read_parts(o);
    if (o->path.len == 0)
        return refuse(o, FAIL_REQUIRED, "it needs a path");
    TRY(resource_read(o->call, *document, &options, &o->on));
    TRY(find_elements(o));
    o->patch = buf_new(o->call->arena, 256);
    buf_put_char(&o->patch, '[');
    for (size_t i = 0;; i++) {
        if (i == COUNT(kinds))
            return refuse(o, FAIL_CODE,
                          "its type must be add, insert, delete, replace or move");
        if (str_equal(o->type, kinds[i].type)) {
            TRY(kinds[i].carry_out(o));
            break;
        }
    }
    buf_put_char(&o->patch, ']');
    return patch_json(o->call, *document, buf_str(&o->patch), document);
}

Fail patch_fhirpath(Call *c, Str document, const Resource *parameters, Str *out)
{
    uint32_t node, number = 0;

    if (parameters->type != TYPE_PARAMETERS)
        return fail(c, FAIL_INVALID, type_name(parameters->type),
                    "a FHIRPath Patch is a Parameters resource");
    node = node_child(parameters, parameters->root, STR("parameter"));
    for (; node; node = node_next_same(parameters, node)) {
        Operation o = { .call = c, .given = parameters, .node = node, .number = ++number };

        if (!str_equal(node_child_text(parameters, node, STR("name")), STR("operation")))
            return refuse(&o, FAIL_INVALID, "every parameter is named 'operation'");
        if (number > LIMIT_PATCH_OPERATIONS)
            return fail(c, FAIL_TOO_COSTLY, (Str){ 0 },
                        "a patch may have %d operations at most", LIMIT_PATCH_OPERATIONS);
        TRY(carry_out(&o, &document));
    }
    *out = document;
    return OK;
}
