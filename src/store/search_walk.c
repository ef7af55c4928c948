/*
 * Where very much matches, it is not gathered to be sorted: the rows of the key are walked in their
 * order, and each resource they lead to is looked at, until the page is full. Dates and texts have
 * such rows; the time of the last change has the log. What has no value comes behind, by rid. Of
 * several keys the first is walked, and what has the same value is taken together.
 */
#include "store/search_walk.h"

#include "base/limits.h"
#include "store/search_sql.h"

static bool is_updated(const Shape *shape)
{
    return str_equal(shape->sort[0].param->code, STR("_lastUpdated"));
}

static bool is_text(const Shape *shape)
{
    return shape->sort[0].param->type == SEARCH_STRING;
}

bool walk_can(const Store *s, const SearchPlan *plan, const Shape *shape)
{
    const OrderKey *key = &shape->sort[0];

    if (!shape->sort_count || plan->start == START_NOWHERE)
        return false;
    if (is_updated(shape))
        return shape->sort_count == 1 && !atomic_load(&s->times_mixed);
    return order_is_column(key) && key->param->same_as == key->param->also;
}

enum { WALKED_AT_ONCE = 200 };

/* What is known without looking: *due is good if that is so. Where the clauses do not narrow what it
 * starts from, that is as much as matches. */
static bool is_known(const SearchPlan *plan, const Shape *shape, uint32_t most, bool *due)
{
    bool narrows = plan->owner != 0 || plan->start == START_BOTH;

    if (plan->start == START_COMPARTMENT)
        return false;
    for (uint32_t i = 0; i < plan->count; i++)
        narrows = narrows
                  || !(plan->start == START_TYPE
                           ? is_updated(shape) && clause_is_last_updated(plan->terms[i].clause)
                           : plan_starts_from(plan, i));
    /* where nothing is passed over a walk is about as long as the page */
    *due = plan->estimate > (!narrows && most > WALKED_AT_ONCE ? WALKED_AT_ONCE : most);
    return !*due || !narrows;
}

/* What is looked at to find that much matches is as much as a walk may cost anyway; the values to
 * sort by are not. */
Fail walk_is_due(Call *c, Session *s, SearchPlan *plan, const Query *query, Range range,
                 bool *due)
{
    uint32_t most = s->store->sorted_at_once;
    Matches  matches = { 0 };
    SqlText  sql;

    *due = false;
    if (!walk_can(s->store, plan, &query->shape))
        return OK;
    TRY(plan_count_start(c, s->db, plan, (uint64_t)most + 1));
    if (is_known(plan, &query->shape, most, due))
        return OK;
    sql = search_in_order(c->arena, plan, range, most + 1);
    TRY(search_collect(c, s->db, &sql, query, false, &matches));
    *due = matches.count > most;
    return OK;
}

/* ---- by the time of the last change: the log itself ---- */

static void put_log(SqlText *sql, const SearchPlan *plan, const Shape *shape, WalkFrom from,
                    uint32_t most)
{
    bool rising = shape->sort[0].descending == from.back;

    sql_put(sql, "SELECT c.rid, c.seq FROM @_version w CROSS JOIN @_current c"
                 " WHERE w.type = ?");
    sql_int(sql, plan->type);
    if (from.pinned != UINT64_MAX) {
        sql_put(sql, " AND w.seq <= ?");
        sql_int(sql, (int64_t)from.pinned);
    }
    if (from.border && rising)
        sql_put(sql, " AND w.seq > ?");
    else if (from.border)
        sql_put(sql, " AND w.seq < ?");
    if (from.border)
        sql_int(sql, (int64_t)from.border->seq);
    sql_put(sql, " AND c.type = ? AND c.rid = w.rid AND c.seq = w.seq");
    sql_int(sql, plan->type);
    plan_put_conditions(sql, plan);
    if (rising)
        sql_put(sql, " ORDER BY w.seq LIMIT ?");
    else
        sql_put(sql, " ORDER BY w.seq DESC LIMIT ?");
    sql_int(sql, most);
}

/* ---- by dates and texts ---- */

/* As with plan_is_bare(), whatever the plan would start from. */
static bool walk_is_bare(const SearchPlan *plan, WalkFrom from)
{
    for (uint32_t i = 0; i < plan->count; i++)
        if (term_asks_version(&plan->terms[i]))
            return false;
    return plan->view == VIEW_PRACTICE && !plan->limited && from.pinned == UINT64_MAX;
}

/* Of a resource with several values only the row that counts. */
static const char *const texts_that_count[] = {
    " AND (o.folded < w.folded OR (o.folded = w.folded AND o.exact < w.exact)))",
    " AND (o.folded > w.folded OR (o.folded = w.folded AND o.exact > w.exact)))",
};
static const char *const dates_that_count[] = {
    " AND (o.low < w.low OR (o.low = w.low AND o.span < w.span)))",
    " AND (o.low > w.low OR (o.low = w.low AND o.span > w.span)))",
};

/* Behind a value, or at it and behind the rid: [rising][back]. */
static const char *const texts_beyond[2][2] = {
    { " AND w.folded <= ? AND (w.folded < ? OR w.rid < ?)",
      " AND w.folded <= ? AND (w.folded < ? OR w.rid > ?)" },
    { " AND w.folded >= ? AND (w.folded > ? OR w.rid < ?)",
      " AND w.folded >= ? AND (w.folded > ? OR w.rid > ?)" },
};
static const char *const dates_beyond[2][2] = {
    { " AND w.low <= ? AND (w.low < ? OR w.rid < ?)",
      " AND w.low <= ? AND (w.low < ? OR w.rid > ?)" },
    { " AND w.low >= ? AND (w.low > ? OR w.rid < ?)",
      " AND w.low >= ? AND (w.low > ? OR w.rid > ?)" },
};
static const char *const texts_ordered[2][2] = {
    { " ORDER BY w.folded DESC, w.rid DESC LIMIT ?", " ORDER BY w.folded DESC, w.rid LIMIT ?" },
    { " ORDER BY w.folded, w.rid DESC LIMIT ?", " ORDER BY w.folded, w.rid LIMIT ?" },
};
static const char *const dates_ordered[2][2] = {
    { " ORDER BY w.low DESC, w.rid DESC LIMIT ?", " ORDER BY w.low DESC, w.rid LIMIT ?" },
    { " ORDER BY w.low, w.rid DESC LIMIT ?", " ORDER BY w.low, w.rid LIMIT ?" },
};

/* With a value, or beyond it: [0: with, 1: falling, 2: rising]. */
static const char *const texts_apart[] = { " AND w.folded = ?", " AND w.folded < ?",
                                           " AND w.folded > ?" };
static const char *const dates_apart[] = { " AND w.low = ?", " AND w.low < ?",
                                           " AND w.low > ?" };

static void put_value(SqlText *sql, bool text, const OrderValue *value)
{
    if (text)
        sql_str(sql, value->text);
    else
        sql_int(sql, value->number);
}

static void put_border(SqlText *sql, bool text, bool rising, WalkFrom from)
{
    const OrderValue *value = &from.border->values[0];

    if (from.reach != WALK_BEHIND) {
        int which = from.reach == WALK_WITH ? 0 : 1 + rising;

        sql_text_put(sql, text ? texts_apart[which] : dates_apart[which]);
        put_value(sql, text, value);
        return;
    }
    sql_text_put(sql, (text ? texts_beyond : dates_beyond)[rising][from.back]);
    put_value(sql, text, value);
    put_value(sql, text, value);
    sql_int(sql, from.border->rid);
}

/* What else is asked comes first: most rows end there. */
static void put_rows(SqlText *sql, const Store *s, const SearchPlan *plan, const Shape *shape,
                     WalkFrom from, uint32_t most)
{
    const OrderKey *key = &shape->sort[0];
    int64_t         param = s->param_numbers[key->param->same_as];
    bool            text = is_text(shape), rising = key->descending == from.back;

    if (text)
        sql_put(sql, "@_index_string w");
    else
        sql_put(sql, "@_index_date w");
    if (!walk_is_bare(plan, from))
        sql_put(sql, " CROSS JOIN @_current c");
    sql_put(sql, " WHERE w.param = ?");
    sql_int(sql, param);
    if (from.border)
        put_border(sql, text, rising, from);
    if (!walk_is_bare(plan, from)) {
        sql_put(sql, " AND c.type = ? AND c.rid = w.rid");
        sql_int(sql, plan->type);
    }
    if (from.pinned != UINT64_MAX) {
        sql_put(sql, " AND c.seq <= ?");
        sql_int(sql, (int64_t)from.pinned);
    }
    sql->row = "w.rid";
    plan_put_conditions(sql, plan);
    sql->row = ROW_CURRENT;
    if (text)
        sql_put(sql, " AND NOT EXISTS (SELECT 1 FROM @_index_string o WHERE o.rid = w.rid");
    else
        sql_put(sql, " AND NOT EXISTS (SELECT 1 FROM @_index_date o WHERE o.rid = w.rid");
    sql_put(sql, " AND +o.param = ?");
    sql_int(sql, param);
    sql_text_put(sql, (text ? texts_that_count : dates_that_count)[key->descending]);
    sql_text_put(sql, (text ? texts_ordered : dates_ordered)[rising][from.back]);
    sql_int(sql, most);
}

static void put_walk(SqlText *sql, const Store *s, const SearchPlan *plan, const Shape *shape,
                     WalkFrom from, uint32_t most)
{
    if (walk_is_bare(plan, from))
        sql_put(sql, "SELECT c.rid, c.seq, d.value");
    else if (is_text(shape))
        sql_put(sql, "SELECT c.rid, c.seq, w.folded");
    else
        sql_put(sql, "SELECT c.rid, c.seq, w.low");
    order_put_columns(sql, s, shape, 1);
    if (walk_is_bare(plan, from) && is_text(shape))
        sql_put(sql, " FROM (SELECT w.rid, w.folded AS value");
    else if (walk_is_bare(plan, from))
        sql_put(sql, " FROM (SELECT w.rid, w.low AS value");
    sql_put(sql, " FROM ");
    put_rows(sql, s, plan, shape, from, most);
    if (walk_is_bare(plan, from))
        plan_put_current(sql, plan);
}

SqlText walk_valued(Arena *a, const Store *s, const SearchPlan *plan, const Shape *shape,
                    WalkFrom from, uint32_t most)
{
    SqlText sql = sql_text_new(a, plan->view);

    if (is_updated(shape))
        put_log(&sql, plan, shape, from, most);
    else
        put_walk(&sql, s, plan, shape, from, most);
    return sql;
}

SqlText walk_missing(Arena *a, const Store *s, const SearchPlan *plan, const Shape *shape,
                     WalkFrom from, uint32_t most)
{
    SqlText    sql = sql_text_new(a, plan->view);
    SearchPlan all = *plan;
    Range      range = { .rid = from.back ? -1 : INT64_MAX,
                         .back = from.back,
                         .pinned = from.pinned };

    if (from.border)
        range.rid = from.border->rid;
    all.start = START_TYPE;
    sql_put(&sql, "SELECT c.rid, c.seq, NULL");
    order_put_columns(&sql, s, shape, 1);
    plan_put_body(&sql, &all, range);
    if (is_text(shape))
        sql_put(&sql, " AND NOT EXISTS (SELECT 1 FROM @_index_string o WHERE o.rid = c.rid");
    else
        sql_put(&sql, " AND NOT EXISTS (SELECT 1 FROM @_index_date o WHERE o.rid = c.rid");
    sql_put(&sql, " AND +o.param = ?)");
    sql_int(&sql, s->param_numbers[shape->sort[0].param->same_as]);
    plan_put_order(&sql, &all, range, most);
    return sql;
}

/* ---- both, the nearer first ---- */

static Fail collect(Call *c, Session *s, const SearchPlan *plan, const Query *query,
                    WalkFrom from, bool missing, uint32_t most, Matches *found)
{
    SqlText sql = missing ? walk_missing(c->arena, s->store, plan, &query->shape, from, most)
                          : walk_valued(c->arena, s->store, plan, &query->shape, from, most);

    return search_collect(c, s->db, &sql, query, true, found);
}

static bool same_value(const OrderValue *a, const OrderValue *b)
{
    return a->number == b->number && str_equal(a->text, b->text);
}

/* What has the border's value, and what lies beyond: so many, and all that have the last value. */
static Fail collect_groups(Call *c, Session *s, const SearchPlan *plan, const Query *query,
                           WalkFrom from, uint32_t most, Matches *found, bool *enough)
{
    size_t begun;
    Match  last;

    from.reach = WALK_WITH;
    if (from.border)
        TRY(collect(c, s, plan, query, from, false, LIMIT_SORTED + 1, found));
    begun = found->count;
    from.reach = WALK_BEYOND;
    TRY(collect(c, s, plan, query, from, false, most, found));
    *enough = found->count - begun == most;
    if (!*enough)
        return OK;
    last = found->at[found->count - 1];
    while (found->count > begun
           && same_value(&found->at[found->count - 1].values[0], &last.values[0]))
        found->count--;
    from.reach = WALK_WITH;
    from.border = &last;
    return collect(c, s, plan, query, from, false, LIMIT_SORTED + 1, found);
}

/* By several keys: what has no value of the first is one group, behind all others. */
static Fail collect_tied(Call *c, Session *s, const SearchPlan *plan, const Query *query,
                         WalkFrom from, uint32_t most, Matches *found)
{
    bool     in_missing = from.border ? from.border->values[0].missing : from.back;
    bool     enough = false;
    WalkFrom end = { .back = from.back, .pinned = from.pinned };

    if (in_missing)
        TRY(collect(c, s, plan, query, end, true, LIMIT_SORTED + 1, found));
    if (!in_missing || from.back)
        TRY(collect_groups(c, s, plan, query, in_missing ? end : from, most, found, &enough));
    if (!in_missing && !from.back && !enough)
        TRY(collect(c, s, plan, query, end, true, LIMIT_SORTED + 1, found));
    return OK;
}

Fail walk_collect(Call *c, Session *s, const SearchPlan *plan, const Query *query,
                  WalkFrom from, uint32_t most, Matches *found)
{
    size_t   begun = found->count;
    bool     updated = is_updated(&query->shape);
    bool     in_missing = from.border ? from.border->values[0].missing : from.back;
    WalkFrom other = { .back = from.back, .pinned = from.pinned };

    if (query->shape.sort_count > 1) {
        TRY(collect_tied(c, s, plan, query, from, most, found));
        return order_read(c, s, plan->view, false, found->at + begun, found->count - begun);
    }
    if (updated)
        in_missing = false;
    TRY(collect(c, s, plan, query, from, in_missing, most, found));
    if (!updated && found->count - begun < most && in_missing == from.back)
        TRY(collect(c, s, plan, query, other, !in_missing,
                    most - (uint32_t)(found->count - begun), found));
    return order_read(c, s, plan->view, false, found->at + begun, found->count - begun);
}
