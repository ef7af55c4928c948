/* Dates that reach into a stretch of time: see search_window.h. R4 search.html#prefix */
#include "store/search_window.h"

#include "base/moment.h"
#include "store/index_sql.h"

/* Microseconds: as in the index of the long ones (schema/0002_index.sql). */
#define LONG_SPAN "100000000000"

enum { LONG_WEIGHED = 1000 };

static const int64_t long_span = 100000000000;

/* What each prefix says: which end of the value an interval must end after, or begin before. */
static const struct {
    char after, before; /* L: the value's beginning, H: its end */
} bounds[] = {
    [PREFIX_GT] = { 'H', 0 }, [PREFIX_LT] = { 0, 'L' },   [PREFIX_GE] = { 'L', 0 },
    [PREFIX_LE] = { 0, 'H' }, [PREFIX_AP] = { 'L', 'H' },
};

static int64_t bound_of(char which, Moment moment, int64_t otherwise)
{
    return which == 'L'   ? moment_bounded(moment.low)
           : which == 'H' ? moment_bounded(moment.high)
                          : otherwise;
}

/* Whether the clause is nothing but such bounds; then which. */
static bool is_bound(const Clause *clause, Window *out)
{
    Prefix prefix;

    if (clause->step_count || clause->count != 1 || clause->key || !clause->param
        || clause->param->type != SEARCH_DATE || clause->modifier != MODIFIER_NONE
        || clause_is_last_updated(clause))
        return false;
    prefix = clause->values[0].prefix;
    if (prefix >= COUNT(bounds) || (!bounds[prefix].after && !bounds[prefix].before))
        return false;
    *out =
        (Window){ .after = bound_of(bounds[prefix].after, clause->values[0].moment, INT64_MAX),
                  .before =
                      bound_of(bounds[prefix].before, clause->values[0].moment, INT64_MAX),
                  .by_end = true };
    return true;
}

static int64_t stricter(int64_t a, int64_t b, bool least)
{
    if (a == INT64_MAX || b == INT64_MAX)
        return a < b ? a : b;
    return (a < b) == least ? a : b;
}

/* Of one value all bounds hold together; of several each might be another's. */
static void join_others(Term *terms, uint32_t count, uint32_t first, Window *window)
{
    const SearchParam *param = terms[first].clause->param;
    Window             other;

    for (uint32_t i = 0; i < count; i++) {
        if (i == first || terms[i].joined || !is_bound(terms[i].clause, &other)
            || terms[i].clause->param != param)
            continue;
        window->after = stricter(window->after, other.after, false);
        window->before = stricter(window->before, other.before, true);
        terms[i].joined = &terms[first];
        terms[i].window = NULL;
        terms[i].reach = FINDS_NOT;
    }
}

void windows_make(Arena *a, Term *terms, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        Window window, *kept;

        if (terms[i].joined || !is_bound(terms[i].clause, &window))
            continue;
        if (terms[i].clause->param->single)
            join_others(terms, count, i, &window);
        if (window.after == INT64_MAX)
            continue;
        kept = NEW(a, Window);
        *kept = window;
        terms[i].window = kept;
    }
}

static void put_after(SqlText *sql, const Window *w)
{
    sql_put(sql, " AND x.low + x.span > ?");
    sql_int(sql, w->after);
}

/* Where what is not long begins at the earliest. */
static int64_t early(const Window *w)
{
    return w->after < INT64_MIN + long_span ? INT64_MIN : w->after - long_span;
}

/* The unary + keeps a condition from choosing the index. */
static void put_long(SqlText *sql, const Term *t)
{
    const Window *w = t->window;

    sql_put(sql, "SELECT x.rid FROM @_index_date x WHERE ");
    put_params(sql, "x", t->params, t->param_count);
    sql_put(sql, " AND x.span > " LONG_SPAN);
    if (w->by_end) {
        put_after(sql, w);
        sql_put(sql, " AND +x.low <= ?");
        sql_int(sql, early(w));
    } else {
        sql_put(sql, " AND +x.low + x.span > ?");
        sql_int(sql, w->after);
        sql_put(sql, " AND x.low <= ?");
        sql_int(sql, early(w));
    }
    if (w->before != INT64_MAX) {
        sql_put(sql, " AND +x.low < ?");
        sql_int(sql, w->before);
    }
}

void window_put_finding(SqlText *sql, const Term *t)
{
    const Window *w = t->window;

    sql_put(sql, "SELECT x.rid FROM (SELECT x.rid FROM @_index_date x WHERE ");
    put_params(sql, "x", t->params, t->param_count);
    sql_put(sql, " AND x.low > ?");
    sql_int(sql, early(w));
    if (w->before != INT64_MAX) {
        sql_put(sql, " AND x.low < ?");
        sql_int(sql, w->before);
    }
    sql_put(sql, " AND +x.low + x.span > ?");
    sql_int(sql, w->after);
    sql_put(sql, " UNION ALL ");
    put_long(sql, t);
    sql_put(sql, ") x WHERE 0 = 0");
}

/* Few long ones are still going on at most times; where it is many, few may have begun. */
Fail window_weigh(Call *c, Db *db, View view, Term *t)
{
    SqlText    sql = sql_text_new(c->arena, view);
    Window    *w = NEW(c->arena, Window);
    Statement *rows;

    *w = *t->window;
    t->window = w;
    if (w->before == INT64_MAX)
        return OK;
    sql_put(&sql, "SELECT count(*) FROM (SELECT 1 FROM @_index_date x WHERE ");
    put_params(&sql, "x", t->params, t->param_count);
    sql_put(&sql, " AND x.span > " LONG_SPAN);
    put_after(&sql, w);
    sql_put(&sql, " LIMIT ?) f");
    sql_int(&sql, LONG_WEIGHED);
    rows = sql_statement(db, &sql);
    TRY_STATEMENT(c, db, rows);
    if (statement_step(rows) != STEP_ROW)
        return db_fail(c, db);
    w->by_end = row_int(rows, 0) < LONG_WEIGHED;
    statement_reset(rows);
    return OK;
}
