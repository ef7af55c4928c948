/* Reference parameters: references, and canonicals in their place. SRCH-05. */
#include "fhir/indexer.h"
#include "fhir/reference.h"

/* That there is a reference which leads nowhere from here: for :missing. No search value is it. */
static void add_nowhere(Indexing *x, const SearchParam *param)
{
    if (!param->only_type)
        indexing_add(x, ROW_REFERENCE, param->index)->text = STR("#");
}

/* A contained resource is part of this one: nothing to be found by. */
static void add_reference(Indexing *x, const SearchParam *param, Str text, bool canonical)
{
    Reference reference = reference_parse(text, x->base);
    uint32_t  place = x->count;
    IndexRow *row;

    if (param->only_type && reference.type != param->only_type)
        return;
    if (reference.form == REFERENCE_CONTAINED || text.len == 0) {
        add_nowhere(x, param);
        return;
    }
    row = indexing_add(x, ROW_REFERENCE, param->index);
    if (reference.form == REFERENCE_LOCAL) {
        row->type = reference.type;
        row->id = reference.id;
        if (reference.version.len) {
            row = indexing_add(x, ROW_REFERENCE, param->index);
            row->text =
                reference_versioned(x->arena, reference.type, reference.id, reference.version);
        }
        return;
    }
    row->text = text;
    if (reference.form == REFERENCE_ABSOLUTE && reference.type && !param->only_type)
        indexing_add(x, ROW_REFERENCE, param->index)->text =
            reference_elsewhere(x->arena, reference.type);
    row = &x->rows[place];
    if (canonical)
        str_cut_last(text, '|', &row->text, &row->extra);
}

void index_reference(Indexing *x, const SearchParam *param, uint32_t node)
{
    const Resource *r = x->resource;
    const Node     *n = node_at(r, node);
    uint32_t        identifier;

    if (n->type != TYPE_REFERENCE) {
        add_reference(x, param, node_text(n), true);
        return;
    }
    add_reference(x, param, node_child_text(r, node, STR("reference")), false);
    identifier = node_child(r, node, STR("identifier"));
    if (identifier)
        indexing_add_text(x, ROW_IDENTIFIER, param->index,
                          node_child_text(r, identifier, STR("system")),
                          node_child_text(r, identifier, STR("value")));
}
