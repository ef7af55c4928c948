/* The result of a GraphQL query as objects and as text: see graph_out.h. */
#include "interaction/graph_out.h"

#include "base/ensure.h"

GraphField *graph_field(const GraphObject *object, Str name)
{
    GraphField *f = object->first;

    while (f && !str_equal(f->name, name))
        f = f->next;
    return f;
}

GraphField *graph_field_new(Arena *a, GraphObject *object, Str name, bool list)
{
    GraphField *f = NEW(a, GraphField);

    *f = (GraphField){ .name = name, .list = list };
    if (object->last)
        object->last->next = f;
    else
        object->first = f;
    object->last = f;
    return f;
}

GraphItem *graph_item_new(Arena *a, GraphField *field, Str json, GraphObject *object)
{
    GraphItem *item = NEW(a, GraphItem);

    *item = (GraphItem){ .json = json, .object = object };
    if (field->last)
        field->last->next = item;
    else
        field->first = item;
    field->last = item;
    return item;
}

/* An object that is being written: its field at hand, and the item that comes next. */
typedef struct Level {
    const GraphField *first, *field;
    const GraphItem  *item;
    bool              begun;
} Level;

static void begin_field(Buf *out, Level *l)
{
    if (l->field != l->first)
        buf_put_char(out, ',');
    buf_put_json_string(out, l->field->name);
    buf_put_char(out, ':');
    if (l->field->list)
        buf_put_char(out, '[');
    l->item = l->field->first;
    l->begun = true;
}

static Level level_of(const GraphObject *object)
{
    return (Level){ .first = object->first, .field = object->first };
}

void graph_put(Buf *out, const GraphObject *root)
{
    Level    open[GRAPH_DEPTH + 2];
    uint32_t depth = 0;

    buf_put_char(out, '{');
    open[depth++] = level_of(root);
    while (depth) {
        Level           *l = &open[depth - 1];
        const GraphItem *item;

        if (!l->field) {
            buf_put_char(out, '}');
            depth--;
            continue;
        }
        if (!l->begun)
            begin_field(out, l);
        item = l->item;
        if (!item) {
            buf_put(out, l->field->list ? STR("]") : l->field->first ? STR("") : STR("null"));
            l->field = l->field->next;
            l->begun = false;
            continue;
        }
        if (item != l->field->first)
            buf_put_char(out, ',');
        l->item = item->next;
        if (!item->object) {
            buf_put(out, item->json);
            continue;
        }
        ENSURE(depth < COUNT(open));
        buf_put_char(out, '{');
        open[depth++] = level_of(item->object);
    }
}
