/* Rows of a view as JSON, JSON lines (one object each) and CSV (RFC 4180): see view.h. */
#include "base/limits.h"
#include "fhir/view.h"

static const struct {
    Str names[4];
    Str media;
} formats[VIEW_FORMATS] = {
    [VIEW_NDJSON] = { { STR_INIT("ndjson"), STR_INIT("application/ndjson"),
                        STR_INIT("application/x-ndjson"), STR_INIT("application/fhir+ndjson") },
                      STR_INIT("application/x-ndjson") },
    [VIEW_JSON] = { { STR_INIT("json"), STR_INIT("application/json") },
                    STR_INIT("application/json") },
    [VIEW_CSV] = { { STR_INIT("csv"), STR_INIT("text/csv") },
                   STR_INIT("text/csv;charset=utf-8") },
};

ViewFormat view_format_find(Str name)
{
    for (int i = 0; i < VIEW_FORMATS; i++)
        for (size_t j = 0; j < COUNT(formats[i].names); j++)
            if (name.len && str_equal(formats[i].names[j], name))
                return (ViewFormat)i;
    return VIEW_FORMATS;
}

Str view_format_media(ViewFormat format)
{
    return formats[format].media;
}

/* ---- values ---- */

/* A primitive that has nothing but extensions has no value. */
static bool is_null(PathValue v)
{
    const Node *n;

    if (v.kind != PATH_NODE)
        return false;
    n = &v.tree->nodes[v.node];
    return structure(n->type)->kind == STRUCTURE_PRIMITIVE
           && (!n->json || n->json->kind == JSON_NULL);
}

static void put_json(Call *c, Buf *out, PathValue v)
{
    if (is_null(v))
        buf_put(out, STR("null"));
    else
        path_put_json(c, out, v);
}

static void put_list(Call *c, Buf *out, PathValues values)
{
    buf_put_char(out, '[');
    for (uint32_t i = 0; i < values.count; i++) {
        if (i)
            buf_put_char(out, ',');
        put_json(c, out, values.at[i]);
    }
    buf_put_char(out, ']');
}

static void put_value(Call *c, Buf *out, const ViewColumn *column, PathValues values)
{
    if (column->collection)
        put_list(c, out, values);
    else if (values.count)
        put_json(c, out, values.at[0]);
    else
        buf_put(out, STR("null"));
}

static void put_object(Call *c, Buf *out, const ViewRow *row)
{
    for (uint32_t i = 0; i < row->count; i++) {
        const ViewColumn *column = &row->columns[i];

        buf_put(out, i ? STR(",\"") : STR("{\""));
        buf_put(out, column->name);
        buf_put(out, STR("\":"));
        put_value(c, out, column, row->values[i]);
    }
    buf_put_char(out, '}');
}

/* ---- CSV ---- */

static bool needs_quotes(Str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == ',' || text.at[i] == '"' || text.at[i] == '\n' || text.at[i] == '\r')
            return true;
    return text.len && (text.at[0] == ' ' || text.at[text.len - 1] == ' ');
}

static void put_field(Buf *out, Str text)
{
    if (!needs_quotes(text)) {
        buf_put(out, text);
        return;
    }
    buf_put_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"')
            buf_put_char(out, '"');
        buf_put_char(out, text.at[i]);
    }
    buf_put_char(out, '"');
}

static bool is_text(PathValue v)
{
    const Node *n;

    if (v.kind != PATH_NODE)
        return v.kind != PATH_QUANTITY && v.kind != PATH_TYPE;
    n = &v.tree->nodes[v.node];
    return structure(n->type)->kind == STRUCTURE_PRIMITIVE;
}

/* A list, or what is no primitive, stands in its field as JSON. */
static void put_cell(Call *c, Buf *out, const ViewColumn *column, PathValues values)
{
    Buf json;

    if (!values.count || (!column->collection && is_null(values.at[0])))
        return;
    if (!column->collection && is_text(values.at[0])) {
        PathValue v = values.at[0];

        put_field(out,
                  v.kind == PATH_NODE ? node_text(&v.tree->nodes[v.node]) : path_text(c, v));
        return;
    }
    json = buf_new(c->arena, 128);
    put_value(c, &json, column, values);
    put_field(out, buf_str(&json));
}

/* ---- the whole ---- */

void view_text_begin(ViewText *t, bool header)
{
    uint32_t          count;
    const ViewColumn *columns = view_columns(t->plan, &count);

    if (t->format == VIEW_JSON)
        buf_put_char(t->out, '[');
    if (t->format != VIEW_CSV || !header)
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            buf_put_char(t->out, ',');
        buf_put(t->out, columns[i].name);
    }
    buf_put(t->out, STR("\r\n"));
}

void view_text_end(ViewText *t)
{
    if (t->format == VIEW_JSON)
        buf_put(t->out, STR("]\n"));
}

bool view_text_full(const ViewText *t)
{
    return t->rows_max && t->rows >= t->rows_max;
}

typedef struct Putting {
    Call     *c;
    ViewText *text;
} Putting;

static Fail put_row(void *context, const ViewRow *row, bool *enough)
{
    Putting  *p = context;
    ViewText *t = p->text;
    size_t    before;

    if (t->format == VIEW_JSON && t->rows)
        buf_put_char(t->out, ',');
    t->rows++;
    *enough = view_text_full(t);
    if (t->format != VIEW_CSV) {
        put_object(p->c, t->out, row);
        if (t->format == VIEW_NDJSON)
            buf_put_char(t->out, '\n');
        return OK;
    }
    before = t->out->len;
    for (uint32_t i = 0; i < row->count; i++) {
        if (i)
            buf_put_char(t->out, ',');
        put_cell(p->c, t->out, &row->columns[i], row->values[i]);
    }
    if (t->out->len == before) /* an empty line would be no row */
        buf_put(t->out, STR("\"\""));
    buf_put(t->out, STR("\r\n"));
    return OK;
}

Fail view_text_resource(Call *c, ViewText *t, Str body)
{
    ReadOptions options = { .values_max = LIMIT_BUNDLE_NODES, .trusted = true };
    Putting     putting = { c, t };
    Resource    resource;

    TRY(resource_read(c, body, &options, &resource));
    return resource.type == view_type(t->plan)
               ? view_rows(c, t->plan, &resource, put_row, &putting)
               : OK;
}
