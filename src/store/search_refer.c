/* What refers to a resource, for _revinclude: looked up in the rows of references. */
#include "base/ensure.h"
#include "store/limit.h"
#include "store/search_sql.h"

SQL(target_sql, "SELECT rid FROM known_identity WHERE type = $1 AND id = $2");

static Fail find_target(Call *c, Db *db, TypeId type, Str id, int64_t *rid)
{
    PackedId   packed = id_pack(id);
    Statement *s = db_statement(db, target_sql);
    Step       step;

    TRY_STATEMENT(c, db, s);
    bind_int(s, type);
    bind_bytes(s, packed_str(&packed));
    step = statement_step(s);
    *rid = step == STEP_ROW ? row_int(s, 0) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(c, db) : OK;
}

Fail referrers_statement(Call *c, const Store *s, Db *db, View view, const ReferrerQuery *query,
                         int64_t target, SqlText *out)
{
    SqlText  sql = sql_text_new(c->arena, view);
    int64_t *numbers = NEW_ARRAY(c->arena, int64_t, query->param_count + 1);
    size_t   count = 0;

    for (size_t i = 0; i < query->param_count; i++)
        if (s->param_numbers[query->params[i]])
            numbers[count++] = s->param_numbers[query->params[i]];
    if (!count)
        numbers[count++] = 0;
    sql_put(&sql, "SELECT DISTINCT c.rid, c.seq FROM @_index_reference x CROSS JOIN @_current c"
                  " WHERE x.param IN ");
    sql_int_list(&sql, numbers, count);
    sql_put(&sql, " AND x.target = ? AND c.type = ? AND c.rid = x.rid");
    sql_int(&sql, target);
    sql_int(&sql, query->source);
    TRY(limit_put(c, db, query->source, &sql));
    sql_put(&sql, " LIMIT ?");
    sql_int(&sql, (int64_t)query->most + 1);
    *out = sql;
    return OK;
}

static Fail collect(Call *c, Session *s, Statement *rows, uint64_t *seqs, uint32_t most,
                    uint32_t *count)
{
    Step step = STEP_DONE;

    TRY_STATEMENT(c, s->db, rows);
    while (*count < most && (step = statement_step(rows)) == STEP_ROW)
        seqs[(*count)++] = (uint64_t)row_int(rows, 1);
    statement_reset(rows);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

static Fail find(Call *c, Session *s, const Permit *permit, const ReferrerQuery *query,
                 VersionPage *page)
{
    View       view = scope_view(permit, query->source);
    uint64_t  *seqs = NEW_ARRAY(c->arena, uint64_t, (size_t)query->most + 1);
    uint32_t   count = 0;
    int64_t    target;
    SqlText    sql;
    VersionRow row;
    bool       found;

    TRY(find_target(c, s->db, query->type, query->id, &target));
    if (!target)
        return OK;
    TRY(referrers_statement(c, s->store, s->db, view, query, target, &sql));
    TRY(collect(c, s, sql_statement(s->db, &sql), seqs, query->most + 1, &count));
    page->more = count > query->most;
    page->versions = NEW_ARRAY(c->arena, Version, (size_t)count + 1);
    for (uint32_t i = 0; i < count && i < query->most; i++) {
        TRY(version_at(c, s->db, s->store->bodies, view, seqs[i], false, &row, &found));
        if (!found)
            continue;
        TRY(version_show(c, s->store, permit, true, &row.version));
        page->versions[page->count++] = row.version;
    }
    return OK;
}

Fail store_referrers(Call *c, Session *s, const Permit *permit, const ReferrerQuery *query,
                     VersionPage *out)
{
    VersionPage page = { .total = UINT64_MAX };
    Fail        result;

    TRY(session_enter(c, s, permit));
    result = find(c, s, permit, query, &page);
    session_leave(s);
    TRY(result);
    *out = page;
    return OK;
}
