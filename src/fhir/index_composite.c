/*
 * Composite parameters: pairs of a code and a value from one place of the resource, so that
 * "systolic" and "over 140" are said of the same component. A pair is the value's row, kept under
 * the code. Of a code with two numbers, where something begins and where it ends, it is one row
 * that reaches from the one to the other. SRCH-08.
 */
#include "fhir/definitions_data.h"
#include "fhir/indexer.h"

typedef struct Part {
    const SearchParam *param;
    SearchType         type;
} Part;

static void visit(Indexing *x, void *context, uint16_t index, uint32_t node)
{
    const Part *part = context;

    (void)index;
    indexing_run(x, part->type, part->param, node);
}

Str index_key_converted(Arena *a, Str code, Str unit)
{
    return arena_printf(a, "%.*s" INDEX_KEY_MARK "%.*s", STR_ARG(code), STR_ARG(unit));
}

/* Of rows kept under a code of their own only quantities converted to a unit can be in a pair. */
static bool is_value(const IndexRow *row)
{
    return !row->keyed || row->kind == ROW_QUANTITY;
}

/* The rows of one part below a node. */
static IndexRows rows_of(Indexing *x, const SearchParam *param, uint32_t node, uint16_t number)
{
    const SearchPart  *part = search_param_part(param, number);
    Part               context = { param, (SearchType)part->type };
    const CustomParam *custom = custom_of(param);
    Indexing           own = { .arena = x->arena, .resource = x->resource, .base = x->base };
    uint32_t           kept = 0;

    own.room = 4;
    own.rows = NEW_ARRAY(x->arena, IndexRow, own.room);
    indexing_walk(&own, custom ? &custom->trail : &definitions_trail,
                  part->whole ? x->resource->root : node, part->place, visit, &context);
    for (uint32_t i = 0; i < own.count; i++)
        if (is_value(&own.rows[i]) && part->kinds >> own.rows[i].kind & 1)
            own.rows[kept++] = own.rows[i];
    return (IndexRows){ own.rows, kept };
}

static void add_pairs(Indexing *x, uint16_t param, const IndexRow *code, IndexRows values)
{
    for (uint32_t v = 0; v < values.count; v++) {
        const IndexRow *value = &values.rows[v];
        Str             text = code->text;

        if (value->keyed)
            text = index_key_converted(x->arena, text, value->key_code);
        *indexing_add(x, (RowKind)value->kind, param) = *value;
        indexing_key(x, code->system, text);
    }
}

static void add_spans(Indexing *x, uint16_t param, const IndexRow *code, IndexRows starts,
                      IndexRows ends)
{
    for (uint32_t s = 0; s < starts.count; s++)
        for (uint32_t e = 0; e < ends.count; e++) {
            IndexRow *row = indexing_add(x, ROW_QUANTITY, param);

            row->interval = true;
            row->value = row->low = starts.rows[s].value;
            row->high = ends.rows[e].value;
            indexing_key(x, code->system, code->text);
        }
}

void index_composite(Indexing *x, const SearchParam *param, uint32_t node)
{
    uint16_t  key = search_param_key_part(param);
    bool      spans = param->part_count == SEARCH_SPAN_PARTS;
    IndexRows codes = rows_of(x, param, node, key), values, ends = { 0 };

    if (!codes.count)
        return;
    values = rows_of(x, param, node, key == 0 ? 1 : 0);
    if (spans)
        ends = rows_of(x, param, node, 2);
    for (uint32_t c = 0; c < codes.count; c++) {
        if (spans)
            add_spans(x, param->index, &codes.rows[c], values, ends);
        else
            add_pairs(x, param->index, &codes.rows[c], values);
    }
}
