/*
 * A search is one SELECT: it starts from the clause that finds the fewest, in the order of rids
 * (newest made first), and looks at the others for each resource it meets. Pages continue by rid,
 * which never changes, so they neither shift nor repeat.
 */
#include "store/search_sql.h"

#include "base/ensure.h"
#include "base/limits.h"
#include "store/search_clause.h"

enum {
    COUNTED_MAX = 1000, /* a clause that finds more is as good as any other */
    GATHERED_MAX =
        5000, /* of a range: beyond, resources are walked from the newest on instead */
    CURSOR_CHARS = 24,
};

typedef struct Plan {
    Term       *terms;
    uint32_t    count;
    const Term *start; /* NULL: all of the type, or of the patient */
    bool        never;
} Plan;

/* ---- where to start ---- */

static Fail count_found(Call *c, Db *db, View view, const Term *t, int64_t most, uint64_t *out)
{
    SqlText    sql = sql_text_new(c->arena, view);
    Statement *s;

    sql_put(&sql, "SELECT count(*) FROM (");
    term_put_finding(&sql, t);
    sql_put(&sql, " LIMIT ?) f");
    sql_int(&sql, most);
    s = sql_statement(db, &sql);
    TRY_STATEMENT(c, db, s);
    if (statement_step(s) != STEP_ROW)
        return db_fail(c, db);
    *out = (uint64_t)row_int(s, 0);
    statement_reset(s);
    return OK;
}

/* A range that finds many is not gathered: walking the resources from the newest on soon meets
 * as many as a page holds. */
static Fail weigh_range(Call *c, Db *db, View view, Plan *p)
{
    uint64_t found = 0;

    TRY(count_found(c, db, view, p->start, GATHERED_MAX, &found));
    if (found == GATHERED_MAX)
        p->start = NULL;
    return OK;
}

/* The clause of the best reach; where several may find some, the one that finds fewest. */
static Fail choose_start(Call *c, Db *db, View view, Plan *p)
{
    uint64_t    fewest = UINT64_MAX, found = 0;
    uint32_t    equals = 0;
    const Term *best = NULL;

    for (uint32_t i = 0; i < p->count; i++) {
        const Term *t = &p->terms[i];

        if (!best || t->reach < best->reach)
            best = t;
        equals += t->reach == FINDS_SOME;
    }
    if (!best || best->reach == FINDS_ONE || best->reach == FINDS_NOT || view == VIEW_CHART)
        return OK;
    p->start = best;
    if (best->reach == FINDS_RANGE)
        return weigh_range(c, db, view, p);
    if (best->reach != FINDS_SOME || equals < 2)
        return OK;
    for (uint32_t i = 0; i < p->count && fewest; i++) {
        if (p->terms[i].reach != FINDS_SOME)
            continue;
        TRY(count_found(c, db, view, &p->terms[i], COUNTED_MAX, &found));
        if (found < fewest) {
            fewest = found;
            p->start = &p->terms[i];
        }
    }
    return OK;
}

static Fail plan_make(Call *c, const Store *s, Db *db, View view, const Query *query, Plan *out)
{
    Plan p = { .count = query->clause_count };

    p.terms = NEW_ARRAY(c->arena, Term, p.count + 1);
    for (uint32_t i = 0; i < p.count; i++) {
        TRY(term_make(c, s, db, &query->clauses[i], &p.terms[i]));
        p.never = p.never || p.terms[i].never;
    }
    if (!p.never)
        TRY(choose_start(c, db, view, &p));
    *out = p;
    return OK;
}

/* ---- the statement ---- */

/* FROM … WHERE …: c is what is there, d where the search starts. */
static void put_body(SqlText *sql, const Plan *p, TypeId type, int64_t before)
{
    const Term *start = p->start;

    if (!start) {
        sql_put(sql, " FROM @_current c WHERE c.type = ? AND c.rid < ?");
        sql_int(sql, type);
        sql_int(sql, before);
    } else if (start->ordered) {
        sql_put(sql, " FROM ");
        term_put_table(sql, start);
        sql_put(sql, " CROSS JOIN @_current c WHERE ");
        term_put_table_condition(sql, start);
        sql_put(sql, " AND x.rid < ? AND c.type = ? AND c.rid = x.rid");
        sql_int(sql, before);
        sql_int(sql, type);
    } else {
        sql_put(sql, " FROM (SELECT DISTINCT f.rid FROM (");
        term_put_finding(sql, start);
        sql_put(sql, " AND x.rid < ?");
        sql_int(sql, before);
        sql_put(sql, ") f) x CROSS JOIN @_current c WHERE c.type = ? AND c.rid = x.rid");
        sql_int(sql, type);
    }
    for (uint32_t i = 0; i < p->count; i++)
        if (&p->terms[i] != start)
            term_put_condition(sql, &p->terms[i]);
}

static void put_order(SqlText *sql, const Plan *p)
{
    if (p->start)
        sql_put(sql, " ORDER BY x.rid DESC LIMIT ?");
    else
        sql_put(sql, " ORDER BY c.rid DESC LIMIT ?");
}

Fail search_statement(Call *c, Store *s, Db *db, const Permit *permit, const Query *query,
                      bool counting, int64_t before, uint32_t most, SqlText *out, bool *never)
{
    View    view = scope_view(permit, query->type);
    SqlText sql = sql_text_new(c->arena, view);
    Plan    plan;

    TRY(plan_make(c, s, db, view, query, &plan));
    *never = plan.never;
    if (plan.never)
        return OK;
    if (counting)
        sql_put(&sql, "SELECT count(*)");
    else
        sql_put(&sql, "SELECT c.rid, c.seq");
    put_body(&sql, &plan, query->type, before);
    if (!counting) {
        put_order(&sql, &plan);
        sql_int(&sql, most);
    }
    *out = sql;
    return OK;
}

Fail search_hits(Call *c, Store *s, Db *db, const Permit *permit, const Query *query,
                 int64_t before, uint32_t most, Hit *hits, uint32_t *count)
{
    Statement *rows;
    SqlText    sql;
    bool       never;
    Step       step = STEP_DONE;

    *count = 0;
    TRY(search_statement(c, s, db, permit, query, false, before, most, &sql, &never));
    if (never)
        return OK;
    rows = sql_statement(db, &sql);
    TRY_STATEMENT(c, db, rows);
    while (*count < most && (step = statement_step(rows)) == STEP_ROW)
        hits[(*count)++] = (Hit){ row_int(rows, 0), (uint64_t)row_int(rows, 1) };
    statement_reset(rows);
    return step == STEP_FAILED ? db_fail(c, db) : OK;
}

Fail search_count(Call *c, Store *s, Db *db, const Permit *permit, const Query *query,
                  uint64_t *count)
{
    Statement *rows;
    SqlText    sql;
    bool       never;

    *count = 0;
    TRY(search_statement(c, s, db, permit, query, true, INT64_MAX, 0, &sql, &never));
    if (never)
        return OK;
    rows = sql_statement(db, &sql);
    TRY_STATEMENT(c, db, rows);
    if (statement_step(rows) != STEP_ROW)
        return db_fail(c, db);
    *count = (uint64_t)row_int(rows, 0);
    statement_reset(rows);
    return OK;
}

Fail search_one(Call *c, Store *s, Db *db, const Permit *permit, const Query *query, Str *id)
{
    Hit        hits[2];
    VersionRow row;
    uint32_t   count;
    bool       found;

    *id = (Str){ 0 };
    TRY(search_hits(c, s, db, permit, query, INT64_MAX, COUNT(hits), hits, &count));
    if (count == 0)
        return OK;
    if (count > 1)
        return fail(c, FAIL_MULTIPLE, (Str){ 0 }, "the criteria match more than one %.*s",
                    STR_ARG(type_name(query->type)));
    TRY(version_at(c, db, s->bodies, scope_view(permit, query->type), hits[0].seq, false, &row,
                   &found));
    if (found)
        *id = row.version.id;
    return OK;
}

/* ---- pages ---- */

static Fail cursor_read(Call *c, Str cursor, int64_t *before)
{
    uint64_t value;

    *before = INT64_MAX;
    if (!cursor.len)
        return OK;
    if (cursor.len > CURSOR_CHARS || !str_to_u64(cursor, &value) || value > INT64_MAX)
        return fail(c, FAIL_VALUE, STR("_page"), "not a page of this server");
    *before = (int64_t)value;
    return OK;
}

static Fail page_fetch(Call *c, Session *s, const Permit *permit, const Query *query,
                       SearchPage *out)
{
    uint32_t   most = query->page_count < LIMIT_COUNT ? query->page_count : LIMIT_COUNT;
    Hit       *hits = NEW_ARRAY(c->arena, Hit, most + 1);
    View       view = scope_view(permit, query->type);
    VersionRow row;
    uint32_t   count;
    int64_t    before;
    bool       found;

    TRY(cursor_read(c, query->cursor, &before));
    TRY(search_hits(c, s->store, s->db, permit, query, before, most + 1, hits, &count));
    if (count > most) {
        count = most;
        out->next = arena_printf(c->arena, "%lld", (long long)hits[most - 1].rid);
    }
    out->versions = NEW_ARRAY(c->arena, Version, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        TRY(version_at(c, s->db, s->store->bodies, view, hits[i].seq, true, &row, &found));
        if (found)
            out->versions[out->count++] = row.version;
    }
    return OK;
}

static Fail search(Call *c, Session *s, const Permit *permit, const Query *query,
                   SearchPage *out)
{
    SearchPage page = { .total = UINT64_MAX };

    if (query->total_accurate || query->count_only)
        TRY(search_count(c, s->store, s->db, permit, query, &page.total));
    if (!query->count_only)
        TRY(page_fetch(c, s, permit, query, &page));
    *out = page;
    return OK;
}

Fail store_search(Call *c, Session *s, const Permit *permit, const Query *query,
                  SearchPage *out)
{
    Fail result;

    TRY(session_enter(c, s, permit));
    result = search(c, s, permit, query, out);
    session_leave(s);
    return result;
}

Fail store_condition(Call *c, Session *s, const Permit *permit, const Query *query, Str *out)
{
    Fail result;

    TRY(session_enter(c, s, permit));
    result = search_one(c, s->store, s->db, permit, query, out);
    session_leave(s);
    return result;
}
