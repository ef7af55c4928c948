/* Token parameters: codes with their systems, identifiers, contact points, booleans. SRCH-04. */
#include "fhir/indexer.h"

/* A text of a code, for :text. */
static void add_text(Indexing *x, RowKind kind, uint16_t param, Str text)
{
    uint32_t count = x->count;

    if (kind != ROW_TOKEN || text.len == 0)
        return;
    indexing_add_text(x, ROW_TOKEN, param, (Str){ 0 }, index_fold(x->arena, text));
    if (x->count > count)
        indexing_key(x, (Str){ 0 }, INDEX_KEY_TEXT);
}

static void add_coding(Indexing *x, RowKind kind, uint16_t param, uint32_t node)
{
    const Resource *r = x->resource;

    indexing_add_text(x, kind, param, node_child_text(r, node, STR("system")),
                      node_child_text(r, node, STR("code")));
    add_text(x, kind, param, node_child_text(r, node, STR("display")));
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
        add_text(x, kind, param, node_child_text(r, node, STR("text")));
        return;
    case TYPE_CODE:
        indexing_add_text(x, kind, param, codes_system(n->element->codes, node_text(n)),
                          node_text(n));
        return;
    default: indexing_add_text(x, kind, param, (Str){ 0 }, node_text(n));
    }
}

/* By system and value; by its type with its value (:of-type); by the text of its type. */
static void add_identifier(Indexing *x, uint16_t param, uint32_t node)
{
    const Resource *r = x->resource;
    Str             value = node_child_text(r, node, STR("value"));
    uint32_t        type = node_child(r, node, STR("type"));

    indexing_add_text(x, ROW_IDENTIFIER, param, node_child_text(r, node, STR("system")), value);
    if (!type)
        return;
    add_text(x, ROW_TOKEN, param, node_child_text(r, type, STR("text")));
    for (uint32_t at = node_child(r, type, STR("coding")); value.len && at;
         at = node_next_same(r, at)) {
        Str code = node_child_text(r, at, STR("code"));

        if (code.len == 0)
            continue;
        indexing_add_text(x, ROW_IDENTIFIER, param, (Str){ 0 }, value);
        indexing_key(x, node_child_text(r, at, STR("system")), code);
    }
}

void index_token(Indexing *x, const SearchParam *param, uint32_t node)
{
    const Resource *r = x->resource;
    const Node     *n = node_at(r, node);

    switch (n->type) {
    case TYPE_IDENTIFIER: add_identifier(x, param->index, node); return;
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
