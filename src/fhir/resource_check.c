/*
 * Judging what resource.c lays out: values, required elements, references, contained resources,
 * narrative. R4 datatypes.html, references.html#contained, domainresource.html (dom-2 to dom-5).
 */
#include "fhir/resource_check.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/ensure.h"
#include "fhir/narrative.h"
#include "fhir/primitive.h"
#include "fhir/reference.h"

enum { WARNINGS_MAX = 10 }; /* of one resource, so that they leave room for faults */

/* --- prepared once from the definitions -------------------------------------------------- */

static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static uint64_t       required[STRUCTURE_COUNT + 1][SEEN_WORDS];
static uint8_t        bit_of[ELEMENT_COUNT];

static void prepare(void)
{
    for (TypeId type = 1; type <= STRUCTURE_COUNT; type++) {
        const Structure *s = structure(type);
        uint16_t         bit = 0;

        ENSURE(s->element_count <= SEEN_WORDS * 64);
        for (uint16_t i = 0; i < s->element_count; i++) {
            const Element *e = structure_element_at(type, i);

            if (i == 0 || !e->choice || structure_element_at(type, i - 1)->choice != e->choice)
                bit = i;
            bit_of[s->element_first + i] = (uint8_t)bit;
            if (e->min)
                required[type][bit / 64] |= (uint64_t)1 << (bit % 64);
        }
    }
}

void check_prepare(void)
{
    pthread_once(&prepared, prepare);
}

uint16_t check_bit(TypeId type, const Element *e)
{
    return bit_of[structure(type)->element_first + e->order];
}

/* --- telling ----------------------------------------------------------------------------- */

void reader_fault(Reader *r, Fail kind, uint32_t at, Str where, const char *format, ...)
{
    uint32_t line, column;
    va_list  args;
    Str      text;

    if (r->full)
        return;
    va_start(args, format);
    text = arena_vprintf(r->call->arena, format, args);
    va_end(args);
    json_place(r->tree.json.source, at, &line, &column);
    fail_at(r->call, kind, where, line, column, "%.*s", STR_ARG(text));
    if (r->faults++ == 0)
        r->result = kind;
    r->full = r->faults == LIMIT_ISSUES;
}

Str reader_where(Reader *r, const Frame *f, const Element *e)
{
    Resource view = { .tree = &r->tree };
    Str      parent = node_expression(r->call->arena, &view, f->node);

    if (!e)
        return parent;
    if (!e->many)
        return arena_printf(r->call->arena, "%.*s.%.*s", STR_ARG(parent), STR_ARG(e->path));
    return arena_printf(r->call->arena, "%.*s.%.*s[%u]", STR_ARG(parent), STR_ARG(e->path),
                        f->item_number);
}

/* --- values ------------------------------------------------------------------------------ */

static void check_narrative(Reader *r, const Frame *f, const Element *e, const JsonValue *v)
{
    Str            source = r->tree.json.source;
    NarrativeFault fault;

    if (!narrative_check(v->text, &fault))
        reader_fault(r, fault.fail, json_string_advance(source, v->from + 1, fault.offset),
                     reader_where(r, f, e), "%s", fault.what);
}

void check_value(Reader *r, const Frame *f, const Element *e, const JsonValue *v)
{
    Primitive   primitive = structure(e->type)->primitive;
    const char *wrong = primitive_fault(primitive, v->text);

    if (wrong)
        reader_fault(r, FAIL_VALUE, v->from, reader_where(r, f, e), "%s", wrong);
    else if (primitive == PRIMITIVE_XHTML)
        check_narrative(r, f, e, v);
    else if (e->codes && !codes_contain(e->codes, v->text))
        reader_fault(r, FAIL_CODE, v->from, reader_where(r, f, e),
                     "this is not one of the codes that may stand here");
}

/* --- what must stand --------------------------------------------------------------------- */

/* Where the object being read begins. */
static uint32_t start_of(const Reader *r, const Frame *f)
{
    const Node *n = &r->tree.nodes[f->node];

    return structure(f->type)->kind == STRUCTURE_PRIMITIVE ? n->extra->from : n->json->from;
}

static void check_required(Reader *r, const Frame *f)
{
    for (uint16_t word = 0; word < SEEN_WORDS; word++) {
        uint64_t missing = required[f->type][word] & ~f->seen[word];

        for (; missing; missing &= missing - 1) {
            uint16_t       bit = (uint16_t)(word * 64 + __builtin_ctzll(missing));
            const Element *e = structure_element_at(f->type, bit);

            reader_fault(r, FAIL_REQUIRED, start_of(r, f), reader_where(r, f, NULL),
                         "the element '%.*s%s' is missing", STR_ARG(e->path),
                         e->choice ? "[x]" : "");
        }
    }
}

/* An item of an array of primitives that has neither a value nor extensions. */
static void check_padding(Reader *r, const Frame *f)
{
    const Node *nodes = r->tree.nodes;
    Resource    view = { .tree = &r->tree };

    for (uint32_t i = nodes[f->node].first; i && !r->full; i = nodes[i].next)
        if (!nodes[i].json && !nodes[i].extra)
            reader_fault(r, FAIL_STRUCTURE, start_of(r, f),
                         node_expression(r->call->arena, &view, i),
                         "this item has neither a value nor extensions");
}

/* --- references -------------------------------------------------------------------------- */

static void remember_local(Reader *r, uint32_t node)
{
    if (r->local_count == r->local_room) {
        uint32_t room = r->local_room ? r->local_room * 2 : 16;

        r->locals = arena_grow(r->call->arena, r->locals, r->local_room * sizeof *r->locals,
                               room * sizeof *r->locals);
        r->local_room = room;
    }
    r->locals[r->local_count++] = node;
}

static void fault_of_node(Reader *r, Fail kind, uint32_t node, const char *what)
{
    Resource view = { .tree = &r->tree };

    reader_fault(r, kind, r->tree.nodes[node].json->from,
                 node_expression(r->call->arena, &view, node), "%s", what);
}

/* R4 references.html: an address relative or absolute, an urn, a part of this resource, and in
 * a Bundle that is to be carried out also a search. A type that the definition does not name
 * is worth a warning only: examples published by HL7 have such. */
static void check_reference(Reader *r, const Frame *f)
{
    Resource       view = { .tree = &r->tree };
    uint32_t       node = node_child(&view, f->node, STR("reference"));
    const Element *e = r->tree.nodes[f->node].element;
    Reference      ref;

    if (!node || !r->tree.nodes[node].json)
        return;
    ref = reference_parse(r->tree.nodes[node].json->text, (Str){ 0 });
    switch (ref.form) {
    case REFERENCE_NONE:
        fault_of_node(r, FAIL_VALUE, node,
                      "a reference is Type/id with a type of FHIR, an address with a scheme, or"
                      " '#' and the id of a contained resource");
        return;
    case REFERENCE_CONDITIONAL:
        if (!r->conditional)
            fault_of_node(
                r, FAIL_VALUE, node,
                "a reference may only be a search in a Bundle of type transaction or batch");
        break;
    case REFERENCE_CONTAINED: remember_local(r, node); return;
    case REFERENCE_LOCAL: break;
    default: return;
    }
    if (e && e->targets && !targets_contain(e->targets, ref.type)
        && r->warnings++ < WARNINGS_MAX)
        warn(r->call, FAIL_VALUE, node_expression(r->call->arena, &view, node),
             "the definition does not foresee a reference from here to %.*s",
             STR_ARG(type_name(ref.type)));
}

static int compare_ids(const void *a, const void *b)
{
    return str_compare(*(const Str *)a, *(const Str *)b);
}

/* The ids of the resources contained in the frame's, sorted. */
static uint32_t contained_ids(Reader *r, const Frame *f, Str **out)
{
    const Node *nodes = r->tree.nodes;
    Resource    view = { .tree = &r->tree };
    uint32_t    first = node_child(&view, f->node, STR("contained")), count = 0;
    Str        *ids;

    for (uint32_t i = first; i; i = node_next_same(&view, i))
        count++;
    ids = NEW_ARRAY(r->call->arena, Str, count);
    count = 0;
    for (uint32_t i = first; i; i = node_next_same(&view, i)) {
        Str id = node_child_text(&view, i, STR("id"));

        if (nodes[i].json && id.len)
            ids[count++] = id;
    }
    qsort(ids, count, sizeof *ids, compare_ids);
    *out = ids;
    return count;
}

/* ref-1: what begins with '#' is an id in `contained`; '#' alone is the resource itself. */
static void check_locals(Reader *r, const Frame *f)
{
    uint32_t count;
    Str     *ids;

    if (r->local_count == f->locals_from)
        return;
    count = contained_ids(r, f, &ids);
    for (uint32_t i = f->locals_from; i < r->local_count && !r->full; i++) {
        Str id = str_skip(r->tree.nodes[r->locals[i]].json->text, 1);

        if (id.len && !bsearch(&id, ids, count, sizeof *ids, compare_ids))
            fault_of_node(r, FAIL_INVARIANT, r->locals[i], "no contained resource has this id");
    }
    r->local_count = f->locals_from;
}

/* dom-4, dom-5, and an id by which it can be referred to. */
static void check_contained(Reader *r, const Frame *f)
{
    static const Str not_here[] = { STR_INIT("versionId"), STR_INIT("lastUpdated"),
                                    STR_INIT("security") };
    Resource         view = { .tree = &r->tree };
    uint32_t         meta = node_child(&view, f->node, STR("meta"));

    if (node_child_text(&view, f->node, STR("id")).len == 0)
        reader_fault(r, FAIL_INVARIANT, start_of(r, f), reader_where(r, f, NULL),
                     "a contained resource must have an id");
    for (size_t i = 0; meta && i < COUNT(not_here); i++)
        if (node_child(&view, meta, not_here[i]))
            fault_of_node(
                r, FAIL_INVARIANT, meta,
                "a contained resource has no meta.versionId, lastUpdated or security");
}

void check_object(Reader *r, const Frame *f)
{
    check_required(r, f);
    if (f->padded)
        check_padding(r, f);
    if (f->type == TYPE_REFERENCE)
        check_reference(r, f);
    if (f->resource && f->contained)
        check_contained(r, f);
    else if (f->resource)
        check_locals(r, f);
}
