/*
 * Values to sort by. Dates and texts have rows that can be found by resource, so they come with
 * the statement; codes, references and numbers are taken from the text of each match. Of several
 * values the least counts when ascending, the greatest when descending (R4 search.html#sort).
 */
#include "store/search_order.h"

#include "base/ensure.h"
#include "fhir/index.h"
#include "store/index_sql.h"
#include "store/search_clause.h"

Match *matches_add(Arena *a, Matches *m, Match match)
{
    if (m->count == m->room) {
        size_t room = m->room ? m->room * 2 : 64;

        m->at = arena_grow(a, m->at, m->room * sizeof *m->at, room * sizeof *m->at);
        m->room = room;
    }
    m->at[m->count] = match;
    return &m->at[m->count++];
}

/* ---- comparing ---- */

static int compare_values(const OrderValue *a, const OrderValue *b)
{
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    if (a->real < b->real || a->real > b->real)
        return a->real < b->real ? -1 : 1;
    return str_compare(a->text, b->text);
}

int match_compare(const Match *a, const Match *b)
{
    const Shape *shape = &a->query->shape;

    for (uint32_t i = 0; i < shape->sort_count; i++) {
        const OrderValue *va = &a->values[i], *vb = &b->values[i];
        int               order;

        if (va->missing || vb->missing) {
            if (va->missing != vb->missing)
                return va->missing ? 1 : -1;
            continue;
        }
        order = compare_values(va, vb);
        if (order)
            return shape->sort[i].descending ? -order : order;
    }
    return (a->rid < b->rid) - (a->rid > b->rid);
}

/* ---- columns ---- */

bool order_is_column(const OrderKey *key)
{
    return key->param->indexed
           && (key->param->type == SEARCH_STRING || key->param->type == SEARCH_DATE);
}

void order_put_columns(SqlText *sql, const Store *s, const Shape *shape, uint32_t first)
{
    for (uint32_t i = first; i < shape->sort_count; i++) {
        const OrderKey *key = &shape->sort[i];
        bool            text = key->param->type == SEARCH_STRING;
        int64_t        *params;
        size_t          param_count;

        if (!order_is_column(key))
            continue;
        if (text && key->descending)
            sql_put(sql, ", (SELECT max(o.folded) FROM @_index_string o WHERE o.rid = c.rid");
        else if (text)
            sql_put(sql, ", (SELECT min(o.folded) FROM @_index_string o WHERE o.rid = c.rid");
        else if (key->descending)
            sql_put(sql, ", (SELECT max(o.low) FROM @_index_date o WHERE o.rid = c.rid");
        else
            sql_put(sql, ", (SELECT min(o.low) FROM @_index_date o WHERE o.rid = c.rid");
        sql_put(sql, " AND ");
        params_of(s, key->param, sql->arena, &params, &param_count);
        put_params(sql, "o", params, param_count);
        sql_put(sql, ")");
    }
}

void order_take_columns(Arena *a, Statement *rows, int column, const Shape *shape, Match *match)
{
    match->values = NEW_ARRAY(a, OrderValue, shape->sort_count + 1);
    for (uint32_t i = 0; i < shape->sort_count; i++) {
        OrderValue *value = &match->values[i];
        Str         text;

        if (!order_is_column(&shape->sort[i]))
            continue;
        text = row_text(rows, column);
        value->missing = text.at == NULL;
        if (shape->sort[i].param->type == SEARCH_DATE)
            value->number = row_int(rows, column);
        else
            value->text = arena_str(a, text);
        column++;
    }
}

/* ---- values from the text ---- */

/* Which rows tell a parameter's value. */
static const uint32_t kinds_of[SEARCH_TYPES] = {
    [SEARCH_NUMBER] = 1 << ROW_NUMBER,
    [SEARCH_DATE] = 1 << ROW_DATE,
    [SEARCH_STRING] = 1 << ROW_STRING,
    [SEARCH_TOKEN] = 1 << ROW_TOKEN | 1 << ROW_IDENTIFIER,
    [SEARCH_REFERENCE] = 1 << ROW_REFERENCE,
    [SEARCH_QUANTITY] = 1 << ROW_QUANTITY,
    [SEARCH_URI] = 1 << ROW_TOKEN,
};

static OrderValue value_of_row(Arena *a, const IndexRow *row)
{
    switch (row->kind) {
    case ROW_DATE: return (OrderValue){ .number = moment_bounded(row->moment.low) };
    case ROW_NUMBER:
    case ROW_QUANTITY: return (OrderValue){ .real = row->value };
    case ROW_REFERENCE:
        if (row->type && row->id.len)
            return (OrderValue){ .text =
                                     arena_printf(a, "%.*s/%.*s", STR_ARG(type_name(row->type)),
                                                  STR_ARG(row->id)) };
        return (OrderValue){ .text = indexed_prefix(row->text) };
    default: return (OrderValue){ .text = indexed_prefix(row->text) };
    }
}

static OrderValue value_in_rows(Arena *a, const OrderKey *key, const IndexRows *rows)
{
    const SearchParam *param = key->param;
    OrderValue         best = { .missing = true };

    for (uint32_t i = 0; i < rows->count; i++) {
        const IndexRow *row = &rows->rows[i];
        OrderValue      value;
        int             order;

        if (!(kinds_of[param->type] >> row->kind & 1)
            || (row->param != param->same_as && row->param != param->also)
            || (param->only_type && row->kind == ROW_REFERENCE
                && row->type != param->only_type))
            continue;
        value = value_of_row(a, row);
        order = best.missing ? 0 : compare_values(&value, &best);
        if (best.missing || (key->descending ? order > 0 : order < 0))
            best = value;
    }
    return best;
}

static bool is_id(const OrderKey *key)
{
    return str_equal(key->param->code, STR("_id"));
}

static bool is_updated(const OrderKey *key)
{
    return str_equal(key->param->code, STR("_lastUpdated"));
}

static bool needs_text(const OrderKey *key)
{
    return !is_id(key) && !is_updated(key);
}

/* Texts that outlive the reading of the next version. */
typedef struct Pool {
    char  *at;
    size_t used, room;
} Pool;

enum { POOL_BYTES = 64 * 1024, VALUE_BYTES_MAX = INDEXED_BYTES_MAX + 128 };

static void pool_reserve(Arena *a, Pool *pool, uint32_t values)
{
    size_t needed = (size_t)values * VALUE_BYTES_MAX;

    if (pool->room - pool->used >= needed)
        return;
    pool->room = needed > POOL_BYTES ? needed : POOL_BYTES;
    pool->at = arena_alloc_raw(a, pool->room);
    pool->used = 0;
}

static Str pool_keep(Pool *pool, Str text)
{
    Str kept = { pool->at + pool->used,
                 text.len < VALUE_BYTES_MAX ? text.len : VALUE_BYTES_MAX };

    if (kept.len)
        memcpy(pool->at + pool->used, text.at, kept.len);
    pool->used += kept.len;
    return kept;
}

typedef struct Reading {
    Call    *call;
    Session *session;
    View     view;
    bool     all;
    Pool     pool;
} Reading;

static bool wanted(const Reading *r, const OrderKey *key)
{
    return r->all || !order_is_column(key);
}

static Fail read_match(Reading *r, Match *match)
{
    Call        *c = r->call;
    const Shape *shape = &match->query->shape;
    bool         text = false, found;
    ArenaMark    mark;
    VersionRow   row;
    IndexRows    rows = { 0 };

    if (!match->values)
        match->values = NEW_ARRAY(c->arena, OrderValue, shape->sort_count + 1);
    pool_reserve(c->arena, &r->pool, shape->sort_count);
    for (uint32_t i = 0; i < shape->sort_count; i++)
        text = text || (wanted(r, &shape->sort[i]) && needs_text(&shape->sort[i]));
    mark = arena_mark(c->arena);
    TRY(version_at(c, r->session->db, r->session->store->bodies, r->view, match->seq, text,
                   &row, &found));
    if (!found)
        return fail(c, FAIL_GONE, STR("_page"),
                    "what this page begins behind is no longer there; search again");
    if (text)
        TRY(version_rows(c, r->session->store, &row.version, &rows));
    for (uint32_t i = 0; i < shape->sort_count; i++) {
        const OrderKey *key = &shape->sort[i];
        OrderValue     *value = &match->values[i];

        if (!wanted(r, key))
            continue;
        if (is_id(key))
            *value = (OrderValue){ .text = row.version.id };
        else if (is_updated(key))
            *value = (OrderValue){ .number = row.version.at_us };
        else
            *value = value_in_rows(c->arena, key, &rows);
        value->text = pool_keep(&r->pool, value->text);
    }
    arena_rewind(c->arena, mark);
    return OK;
}

Fail order_read(Call *c, Session *s, View view, bool all, Match *matches, size_t count)
{
    Reading r = { .call = c, .session = s, .view = view, .all = all };

    for (size_t i = 0; i < count; i++)
        TRY(read_match(&r, &matches[i]));
    return OK;
}
