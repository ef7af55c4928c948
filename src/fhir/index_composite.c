/*
 * Composite parameters: pairs of a code and a value from one place of the resource, so that
 * "systolic" and "over 140" are said of the same component. A pair is the value's row, kept under
 * the code. SRCH-08.
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
    indexing_walk(&own, custom ? &custom->trail : &definitions_trail, node, part->place, visit,
                  &context);
    for (uint32_t i = 0; i < own.count; i++)
        if (is_value(&own.rows[i]) && part->kinds >> own.rows[i].kind & 1)
            own.rows[kept++] = own.rows[i];
    return (IndexRows){ own.rows, kept };
}

void index_composite(Indexing *x, const SearchParam *param, uint32_t node)
{
    uint16_t  key = search_param_key_part(param);
    IndexRows codes = rows_of(x, param, node, key), values;

    if (!codes.count)
        return;
    values = rows_of(x, param, node, key == 0 ? 1 : 0);
    for (uint32_t c = 0; c < codes.count; c++)
        for (uint32_t v = 0; v < values.count; v++) {
            const IndexRow *value = &values.rows[v];
            Str             code = codes.rows[c].text;

            if (value->keyed)
                code = index_key_converted(x->arena, code, value->key_code);
            *indexing_add(x, (RowKind)value->kind, param->index) = *value;
            indexing_key(x, codes.rows[c].system, code);
        }
}
