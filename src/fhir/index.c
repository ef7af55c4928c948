/* The walk: trails and the resource's nodes together, no recursion, one pass. */
#include "fhir/index.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "fhir/custom.h"
#include "fhir/definitions_data.h"
#include "fhir/indexer.h"

/* The generator knows the kinds by these numbers (SearchParam.kinds). */
_Static_assert(ROW_TOKEN == 0 && ROW_IDENTIFIER == 1 && ROW_REFERENCE == 2 && ROW_DATE == 3
                   && ROW_STRING == 4 && ROW_NUMBER == 5 && ROW_QUANTITY == 6,
               "row kinds as tools/generate_definitions.py numbers them");

static Indexer *const indexer_of[] = {
    [SEARCH_NUMBER] = index_number,       [SEARCH_DATE] = index_date,
    [SEARCH_STRING] = index_string,       [SEARCH_TOKEN] = index_token,
    [SEARCH_REFERENCE] = index_reference, [SEARCH_COMPOSITE] = index_composite,
    [SEARCH_QUANTITY] = index_quantity,   [SEARCH_URI] = index_uri,
    [SEARCH_SPECIAL] = index_position,
};
_Static_assert(COUNT(indexer_of) == SEARCH_TYPES, "one indexer for each search type");

enum { ROOM_AT_FIRST = 32 };

IndexRow *indexing_add(Indexing *x, RowKind kind, uint16_t param)
{
    IndexRow *row;

    if (x->count == x->room) {
        x->rows = arena_grow(x->arena, x->rows, x->room * sizeof *x->rows,
                             2 * x->room * sizeof *x->rows);
        x->room *= 2;
    }
    row = &x->rows[x->count++];
    *row = (IndexRow){ .kind = (uint8_t)kind, .param = param };
    return row;
}

void indexing_add_text(Indexing *x, RowKind kind, uint16_t param, Str system, Str text)
{
    IndexRow *row;

    if (text.len == 0)
        return;
    row = indexing_add(x, kind, param);
    row->system = system;
    row->text = text;
}

void indexing_key(Indexing *x, Str system, Str code)
{
    IndexRow *row = &x->rows[x->count - 1];

    row->keyed = true;
    row->key_system = system;
    row->key_code = code;
}

/* A node and the place of the trail it stands for. */
typedef struct Step {
    uint32_t node;
    uint16_t place;
} Step;

typedef struct Walk {
    const Trail *trail;
    TrailVisit  *visit;
    void        *context;
    Step        *steps;
    uint32_t     count, room;
} Walk;

static bool guard_holds(const Resource *r, uint32_t node, const TrailGuard *guard)
{
    switch ((Guard)guard->guard) {
    case GUARD_NONE: return true;
    case GUARD_EQUALS: return str_equal(node_child_text(r, node, guard->name), guard->value);
    case GUARD_EXTENSION: return node_extension(r, node, guard->value) != 0;
    case GUARD_NOT_FALSE: return !str_equal(node_text(node_at(r, node)), STR("false"));
    }
    return false;
}

void indexing_run(Indexing *x, SearchType type, const SearchParam *param, uint32_t node)
{
    indexer_of[type](x, param, node);
}

static void emit(Indexing *x, void *context, uint16_t index, uint32_t node)
{
    const SearchParam *param;

    (void)context;
    if (index == TRAIL_LABEL) {
        index_label(x, node);
        return;
    }
    param = search_param_at(index);
    if (param->exists)
        indexing_add_text(x, ROW_TOKEN, index, (Str){ 0 }, STR("true"));
    else
        indexer_of[param->type](x, param, node);
}

static void arrive(Indexing *x, Walk *walk, uint32_t node, uint16_t number)
{
    const TrailPlace *place = &walk->trail->places[number];

    for (uint16_t i = 0; i < place->emit_count; i++)
        walk->visit(x, walk->context, walk->trail->emits[place->emit_first + i], node);
    if (place->edge_count == 0 || node_at(x->resource, node)->first == 0)
        return;
    if (walk->count == walk->room) {
        walk->steps = arena_grow(x->arena, walk->steps, walk->room * sizeof *walk->steps,
                                 2 * walk->room * sizeof *walk->steps);
        walk->room *= 2;
    }
    walk->steps[walk->count++] = (Step){ node, number };
}

void indexing_walk(Indexing *x, const Trail *trail, uint32_t from, uint16_t first,
                   TrailVisit *visit, void *context)
{
    const Resource *r = x->resource;
    Walk walk = { .trail = trail, .visit = visit, .context = context, .room = ROOM_AT_FIRST };

    walk.steps = NEW_ARRAY(x->arena, Step, walk.room);
    arrive(x, &walk, from, first);
    while (walk.count) {
        Step              step = walk.steps[--walk.count];
        const TrailPlace *place = &trail->places[step.place];
        const TrailEdge  *edges = trail->edges + place->edge_first;

        for (uint32_t at = node_at(r, step.node)->first; at; at = node_at(r, at)->next) {
            uint16_t element = (uint16_t)(node_at(r, at)->element - elements);

            for (uint16_t i = 0; i < place->edge_count; i++)
                if (edges[i].element == element
                    && guard_holds(r, at, &trail->guards[edges[i].guard]))
                    arrive(x, &walk, at, edges[i].to);
        }
    }
}

/* Parameters that ask whether there is something have an answer where there is nothing, too. */
static void add_if_absent(Indexing *x, const SearchParam *param)
{
    if (!param->exists || param->same_as != param->index)
        return;
    for (uint32_t row = 0; row < x->count; row++)
        if (x->rows[row].kind == ROW_TOKEN && x->rows[row].param == param->index)
            return;
    indexing_add_text(x, ROW_TOKEN, param->index, (Str){ 0 }, STR("false"));
}

static void add_absent(Indexing *x)
{
    uint16_t           count;
    const SearchParam *params = search_params_of(x->resource->type, &count);

    for (uint16_t i = 0; i < count; i++)
        add_if_absent(x, &params[i]);
}

/* The practice's own parameters: each has a trail of its own. */
static void add_custom(Indexing *x, const CustomSet *set)
{
    TypeId type = x->resource->type;

    for (uint32_t i = set->from[type]; i < set->from[type + 1]; i++) {
        const CustomParam *custom = set->params[i];

        indexing_walk(x, &custom->trail, x->resource->root, 0, emit, NULL);
        add_if_absent(x, &custom->param);
    }
}

static void add_compartment(Indexing *x, Str patient)
{
    IndexRow *row = indexing_add(x, ROW_COMPARTMENT, 0);

    row->type = TYPE_PATIENT;
    row->id = patient;
}

/* Whose record it is in (A4): a Patient in its own, else what the subject's parameters say. */
static void add_compartments(Indexing *x)
{
    const CompartmentRule *rule = compartment_rule(x->resource->type);
    uint32_t               references = x->count;

    if (x->resource->type == TYPE_PATIENT && x->resource->id.len)
        add_compartment(x, x->resource->id);
    for (uint16_t i = 0; rule && i < rule->subject_count; i++) {
        uint16_t owner = search_param_at(rule->subject_params[i])->same_as;

        for (uint32_t at = 0; at < references; at++)
            if (x->rows[at].kind == ROW_REFERENCE && x->rows[at].param == owner
                && x->rows[at].type == TYPE_PATIENT)
                add_compartment(x, x->rows[at].id);
    }
}

#define COMPARE(left, right)                                                                   \
    do {                                                                                       \
        if ((left) != (right))                                                                 \
            return (left) < (right) ? -1 : 1;                                                  \
    } while (0)

#define COMPARE_TEXT(left, right)                                                              \
    do {                                                                                       \
        int order_ = str_compare((left), (right));                                             \
        if (order_)                                                                            \
            return order_;                                                                     \
    } while (0)

int index_row_compare(const IndexRow *a, const IndexRow *b)
{
    COMPARE(a->kind, b->kind);
    COMPARE(a->param, b->param);
    COMPARE(a->keyed, b->keyed);
    COMPARE_TEXT(a->key_system, b->key_system);
    COMPARE_TEXT(a->key_code, b->key_code);
    COMPARE_TEXT(a->system, b->system);
    COMPARE_TEXT(a->text, b->text);
    COMPARE_TEXT(a->extra, b->extra);
    COMPARE(a->type, b->type);
    COMPARE_TEXT(a->id, b->id);
    COMPARE(a->moment.low, b->moment.low);
    COMPARE(a->moment.high, b->moment.high);
    COMPARE(a->low, b->low);
    COMPARE(a->high, b->high);
    COMPARE(a->value, b->value);
    return 0;
}

static int compare_pointers(const void *a, const void *b)
{
    return index_row_compare(*(const IndexRow *const *)a, *(const IndexRow *const *)b);
}

static void sort_rows(const Indexing *x, IndexRows *out)
{
    const IndexRow **sorted = NEW_ARRAY(x->arena, const IndexRow *, x->count + 1);
    IndexRow        *rows = NEW_ARRAY(x->arena, IndexRow, x->count + 1);
    uint32_t         count = 0;

    for (uint32_t i = 0; i < x->count; i++)
        sorted[i] = &x->rows[i];
    qsort(sorted, x->count, sizeof *sorted, compare_pointers);
    for (uint32_t i = 0; i < x->count; i++)
        if (count == 0 || index_row_compare(&rows[count - 1], sorted[i]) != 0)
            rows[count++] = *sorted[i];
    *out = (IndexRows){ .rows = rows, .count = count };
}

Fail index_derive(Call *c, const Resource *resource, Str base, IndexRows *out)
{
    Indexing x = {
        .arena = c->arena, .resource = resource, .base = base, .room = ROOM_AT_FIRST
    };
    const CustomSet *set = custom_set();

    ENSURE(type_is_resource(resource->type));
    x.rows = NEW_ARRAY(c->arena, IndexRow, x.room);
    indexing_walk(&x, &definitions_trail, resource->root, trail_roots[resource->type], emit,
                  NULL);
    add_absent(&x);
    add_compartments(&x);
    if (resource->type == TYPE_APPOINTMENT)
        index_busy(&x);
    if (set->count)
        add_custom(&x, set);
    sort_rows(&x, out);
    out->set = set->version;
    return OK;
}
