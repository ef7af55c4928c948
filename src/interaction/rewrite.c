/*
 * Index rows of a resource whose references are being rewritten. The draft holds the edits as
 * text; while the rows are derived, the nodes of the edited strings are lent the new text. So
 * the entry of a Bundle is never read a second time.
 */
#include <stdlib.h>

#include "interaction/change.h"

typedef struct Lent {
    Node            *node;
    const JsonValue *own;
} Lent;

static int by_place(const void *a, const void *b)
{
    const Edit *x = a, *y = b;

    return x->from < y->from ? -1 : x->from > y->from;
}

/* The text of a JSON string that needs no unescaping; a NULL pointer for any other. */
static Str plain_text(Str json)
{
    if (json.len < 2 || json.at[0] != '"' || memchr(json.at, '\\', json.len))
        return (Str){ 0 };
    return str_slice(json, 1, json.len - 1);
}

static bool lend(Call *c, Node *node, const Edit *edit, Lent *lent)
{
    Str        text = plain_text(edit->with);
    JsonValue *value;

    if (!node->json || node->json->kind != JSON_STRING || node->json->from != edit->from
        || node->json->to != edit->to || !text.at)
        return false;
    value = NEW(c->arena, JsonValue);
    *value = *node->json;
    value->text = text;
    *lent = (Lent){ node, node->json };
    node->json = value;
    return true;
}

Fail rewritten_rows(Call *c, const Asked *asked, const Resource *resource, const Draft *draft,
                    Str id, IndexRows *out)
{
    Resource    stored = { resource->tree, resource->root, resource->type, id };
    const Tree *tree = resource->tree;
    uint32_t    end = node_at(resource, resource->root)->json->to;
    Lent       *lent = NEW_ARRAY(c->arena, Lent, draft->count);
    size_t      lent_count = 0, next = 0;
    Edit       *edits;
    Fail        result;

    if (draft->count == 0)
        return index_derive(c, &stored, asked->base, out);
    edits = NEW_ARRAY(c->arena, Edit, draft->count);
    memcpy(edits, draft->edits, draft->count * sizeof *edits);
    qsort(edits, draft->count, sizeof *edits, by_place);
    for (uint32_t i = resource->root; i < tree->count && next < draft->count; i++) {
        Node *node = &tree->nodes[i];

        if (!node->json)
            continue;
        if (node->json->from >= end)
            break;
        while (next < draft->count && edits[next].from < node->json->from)
            next++;
        if (next < draft->count && lend(c, node, &edits[next], &lent[lent_count]))
            lent_count++;
    }
    result = index_derive(c, &stored, asked->base, out);
    for (size_t i = 0; i < lent_count; i++)
        lent[i].node->json = lent[i].own;
    return result;
}
