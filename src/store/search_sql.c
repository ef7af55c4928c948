/* The statements of a search, and searches for one: see search_sql.h. */
#include "store/search_sql.h"

#include "base/ensure.h"

SqlText search_in_order(Arena *a, const SearchPlan *plan, Range range, uint32_t most)
{
    SqlText sql = sql_text_new(a, plan->view);

    if (plan_is_bare(plan, range)) {
        sql_put(&sql, "SELECT c.rid, c.seq FROM (SELECT d.rid");
        plan_put_bare(&sql, plan, range);
        plan_put_order(&sql, plan, range, most);
        plan_put_current(&sql, plan);
        return sql;
    }
    sql_put(&sql, "SELECT c.rid, c.seq");
    plan_put_body(&sql, plan, range);
    plan_put_order(&sql, plan, range, most);
    return sql;
}

SqlText search_to_sort(Arena *a, const Store *s, const SearchPlan *plan, const Shape *shape,
                       Range range, uint32_t most)
{
    SqlText sql = sql_text_new(a, plan->view);
    bool    bare = plan_is_bare(plan, range);

    sql_put(&sql, "SELECT c.rid, c.seq");
    order_put_columns(&sql, s, shape, 0);
    if (bare) {
        sql_put(&sql, " FROM (SELECT d.rid");
        plan_put_bare(&sql, plan, range);
    } else {
        plan_put_body(&sql, plan, range);
    }
    sql_put(&sql, " LIMIT ?");
    sql_int(&sql, most);
    if (bare)
        plan_put_current(&sql, plan);
    return sql;
}

/* What is only counted is not looked up at all: that the type may be seen is asked once. */
SqlText search_to_count(Arena *a, const SearchPlan *plan, Range range)
{
    SqlText sql = sql_text_new(a, plan->view);

    sql_put(&sql, "SELECT count(*)");
    if (!plan_is_bare(plan, range)) {
        plan_put_body(&sql, plan, range);
        return sql;
    }
    plan_put_bare(&sql, plan, range);
    sql_put(&sql, " AND scope_type(?)");
    sql_int(&sql, plan->type);
    return sql;
}

Fail search_collect(Call *c, Db *db, const SqlText *sql, const Query *query, bool columns,
                    Matches *matches)
{
    Statement *rows = sql_statement(db, sql);
    Step       step;

    TRY_STATEMENT(c, db, rows);
    while ((step = statement_step(rows)) == STEP_ROW) {
        Match *match = matches_add(c->arena, matches,
                                   (Match){ .query = query,
                                            .rid = row_int(rows, 0),
                                            .seq = (uint64_t)row_int(rows, 1) });

        if (columns)
            order_take_columns(c->arena, rows, 2, &query->shape, match);
    }
    return step == STEP_FAILED ? db_fail(c, db) : OK;
}

Fail search_count(Call *c, Db *db, const SearchPlan *plan, Range range, uint64_t *count)
{
    Statement *rows;
    SqlText    sql;

    *count = 0;
    if (plan->start == START_NOWHERE)
        return OK;
    sql = search_to_count(c->arena, plan, range);
    rows = sql_statement(db, &sql);
    TRY_STATEMENT(c, db, rows);
    if (statement_step(rows) != STEP_ROW)
        return db_fail(c, db);
    *count = (uint64_t)row_int(rows, 0);
    statement_reset(rows);
    return OK;
}

enum { ESTIMATED_FROM = 1000 };

/* The smallest rid of the type that can be seen. */
static Fail first_of_type(Call *c, Db *db, const SearchPlan *plan, int64_t *rid)
{
    SqlText    sql = sql_text_new(c->arena, plan->view);
    Statement *rows;

    sql_put(&sql, "SELECT c.rid FROM @_current c WHERE c.type = ? ORDER BY c.rid LIMIT 1");
    sql_int(&sql, plan->type);
    rows = sql_statement(db, &sql);
    TRY_STATEMENT(c, db, rows);
    if (statement_step(rows) != STEP_ROW)
        return db_fail(c, db);
    *rid = row_int(rows, 0);
    statement_reset(rows);
    return OK;
}

Fail search_estimate(Call *c, Db *db, const SearchPlan *plan, const Query *query, Range range,
                     uint64_t *count)
{
    Matches matches = { 0 };
    int64_t first, newest, last;
    SqlText sql;

    *count = 0;
    if (plan->start == START_NOWHERE)
        return OK;
    sql = search_in_order(c->arena, plan, range, ESTIMATED_FROM);
    TRY(search_collect(c, db, &sql, query, false, &matches));
    *count = matches.count;
    if (matches.count < ESTIMATED_FROM)
        return OK;
    TRY(first_of_type(c, db, plan, &first));
    newest = matches.at[0].rid;
    last = matches.at[matches.count - 1].rid;
    *count = (uint64_t)((double)matches.count * (double)(newest - first + 1)
                        / (double)(newest - last + 1));
    return OK;
}

Fail search_one(Call *c, Store *s, Db *db, const Permit *permit, const Query *query, Str *id)
{
    View       view = scope_view(permit, query->type);
    Matches    matches = { 0 };
    VersionRow row;
    SqlText    sql;
    SearchPlan plan;
    bool       found;

    *id = (Str){ 0 };
    TRY(plan_make(c, s, db, view, query, &plan));
    if (plan.start == START_NOWHERE)
        return OK;
    sql = search_in_order(c->arena, &plan, range_all, 2);
    TRY(search_collect(c, db, &sql, query, false, &matches));
    if (matches.count == 0)
        return OK;
    if (matches.count > 1)
        return fail(c, FAIL_MULTIPLE, (Str){ 0 }, "the criteria match more than one %.*s",
                    STR_ARG(type_name(query->type)));
    TRY(version_at(c, db, s->bodies, view, matches.at[0].seq, false, &row, &found));
    if (found)
        *id = row.version.id;
    return OK;
}

Fail store_condition(Call *c, Session *s, const Permit *permit, const Query *query, Str *out)
{
    Fail result;

    TRY(session_enter(c, s, permit));
    result = search_one(c, s->store, s->db, permit, query, out);
    session_leave(s);
    return result;
}
