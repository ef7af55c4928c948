/* Token parameters: codes with their systems, identifiers, contact points, booleans. SRCH-04. */
#include "fhir/indexer.h"

static void add_coding(Indexing *x, RowKind kind, uint16_t param, uint32_t node)
{
    const Resource *r = x->resource;

    indexing_add_text(x, kind, param, node_child_text(r, node, STR("system")),
                      node_child_text(r, node, STR("code")));
}

/* A Coding, a CodeableConcept with several, or a code whose system its definition implies. */
static void add_coded(Indexing *x, RowKind kind, uint16_t param, uint32_t node)
{
    const Resource *r = x->resource;
    const Node     *n = node_at(r, node);

    switch (n->type) {
    case TYPE_CODING: add_coding(x, kind, param, node); return;
    case TYPE_CODEABLE_CONCEPT:
        for (uint32_t at = node_child(r, node, STR("coding")); at; at = node_next_same(r, at))
            add_coding(x, kind, param, at);
        return;
    case TYPE_CODE:
        indexing_add_text(x, kind, param, codes_system(n->element->codes), node_text(n));
        return;
    default: indexing_add_text(x, kind, param, (Str){ 0 }, node_text(n));
    }
}

void index_token(Indexing *x, const SearchParam *param, uint32_t node)
{
    const Resource *r = x->resource;
    const Node     *n = node_at(r, node);

    switch (n->type) {
    case TYPE_IDENTIFIER:
        indexing_add_text(x, ROW_IDENTIFIER, param->index,
                          node_child_text(r, node, STR("system")),
                          node_child_text(r, node, STR("value")));
        return;
    case TYPE_CONTACT_POINT:
        indexing_add_text(x, ROW_IDENTIFIER, param->index, (Str){ 0 },
                          node_child_text(r, node, STR("value")));
        return;
    case TYPE_STRING:
    case TYPE_ID:
    case TYPE_OID:
    case TYPE_UUID:
        indexing_add_text(x, ROW_IDENTIFIER, param->index, (Str){ 0 }, node_text(n));
        return;
    default: add_coded(x, ROW_TOKEN, param->index, node);
    }
}

void index_label(Indexing *x, uint32_t node)
{
    add_coded(x, ROW_LABEL, 0, node);
}

/* A uri is found whole; a canonical with a version is found without it, too. SRCH-07. */
void index_uri(Indexing *x, const SearchParam *param, uint32_t node)
{
    const Node *n = node_at(x->resource, node);
    Str         url, version;

    indexing_add_text(x, ROW_TOKEN, param->index, (Str){ 0 }, node_text(n));
    if (n->type == TYPE_CANONICAL && str_cut_last(node_text(n), '|', &url, &version))
        indexing_add_text(x, ROW_TOKEN, param->index, (Str){ 0 }, url);
}
