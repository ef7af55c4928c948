/*
 * Clauses that follow references, forwards (chains) and backwards (_has), or put several clauses
 * together (_filter). Their steps stand in the order of reading, so they are written from the
 * first to the last, with what is open on a stack. Every resource that is followed to is looked at
 * through the view of its own type, so that what the Permit hides never helps to match. Standards
 * SRCH-24, SRCH-25.
 */
#include "base/ensure.h"
#include "base/limits.h"
#include "store/index_sql.h"
#include "store/limit.h"
#include "store/words_index.h"

SQL(patient_sql, "SELECT rid FROM known_identity WHERE type = $1 AND id = $2");

enum {
    OPEN_MAX = LIMIT_QUERY_STEPS,
    FOUND_PATHS_MAX = 12, /* beyond, paths are looked at and not found from their ends */
};

typedef struct Open {
    ClauseStepKind kind;
    View           view;  /* as it was outside … */
    bool           past;  /* … and whether it was about the past … */
    const char    *row;   /* … and what stood for the resource */
    bool           begun; /* something stands in it */
} Open;

typedef struct Writing {
    SqlText *sql;
    Open     open[OPEN_MAX + 1];
    uint32_t count;
    bool     looked_up; /* something asks when a version was made, or rows narrow the permit */
} Writing;

static bool is_hop(ClauseStepKind kind)
{
    return kind == CLAUSE_TARGET || kind == CLAUSE_REFERRER;
}

/* How resources of a type are seen beside what the statement sees now. */
static View view_of(View now, TypeId type)
{
    if (now == VIEW_PRACTICE)
        return now;
    return scope_type_shared(type) ? VIEW_SHARED : VIEW_CHART;
}

/* ---- as a condition ---- */

static void separate(Writing *w)
{
    Open *inside = &w->open[w->count - 1];

    if (inside->begun && inside->kind == CLAUSE_ANY)
        sql_put(w->sql, " OR ");
    else if (inside->begun)
        sql_put(w->sql, " AND ");
    inside->begun = true;
}

static void open_step(Writing *w, ClauseStepKind kind)
{
    ENSURE(w->count <= OPEN_MAX);
    w->open[w->count++] =
        (Open){ .kind = kind, .view = w->sql->view, .past = w->sql->past, .row = w->sql->row };
}

/* What refers and what is sought both come by rid: before the first that is sought behind the first
 * that refers there is nothing to look at. Where a record lies together that is all of it, or none. */
static void put_first_sought(SqlText *sql, const TermStep *made, const Term *sought)
{
    sql->depth++;
    sql_put(sql, " AND r#.rid >= (SELECT min(x.rid) FROM ");
    sql->depth--;
    term_put_table(sql, sought);
    sql_put(sql, " WHERE ");
    term_put_table_condition(sql, sought);
    sql_put(sql, " AND x.rid >= (SELECT min(x.rid) FROM @_index_reference x WHERE ");
    put_params(sql, "x", made->params, made->param_count);
    sql_put(sql, " AND x.target = ~))");
}

/* What refers is there and of the parameter's type, because it has that row (see plan_is_bare()): so
 * the row stands for it. That the type may be seen is asked once. */
static void open_bare(SqlText *sql, TypeId type, const TermStep *made, const Term *sought)
{
    sql_put(sql,
            "EXISTS (SELECT 1 FROM (SELECT x.rid, x.target FROM @_index_reference x WHERE ");
    put_params(sql, "x", made->params, made->param_count);
    sql->depth++;
    sql_put(sql, ") r# WHERE scope_type(?) AND r#.target = ");
    sql_int(sql, type);
    sql->depth--;
    sql_put(sql, "~");
    if (sought)
        put_first_sought(sql, made, sought);
    sql->depth++;
    sql->row = "r#.rid";
}

/* The clause that stands next, if its rows come by rid like those of the reference. */
static const Term *sought_first(const ClauseStep *step, const TermStep *made)
{
    bool one = made->param_count == 1 || made->params[0] == made->params[1];

    return one && step[1].kind == CLAUSE_MATCH && made[1].match.ordered ? &made[1].match : NULL;
}

/* The reference lies with the one that refers, so it is seen as that one is. What other resources
 * say is taken as it is now (search_past.h). */
static void open_hop(Writing *w, const ClauseStep *step, const TermStep *made)
{
    SqlText *sql = w->sql;
    View     next = view_of(sql->view, step->type);
    bool     forward = step->kind == CLAUSE_TARGET;

    open_step(w, step->kind);
    w->open[w->count - 1].begun = true;
    if (!forward) {
        sql->view = next;
        sql->past = false;
    }
    if (!forward && next == VIEW_PRACTICE && !w->looked_up) {
        open_bare(sql, step->type, made, sought_first(step, made));
        return;
    }
    sql_put(sql, "EXISTS (SELECT 1 FROM @_index_reference x CROSS JOIN ");
    sql->view = next;
    sql->past = false;
    sql->depth++;
    sql_put(sql, "@_current c# WHERE ");
    put_params(sql, "x", made->params, made->param_count);
    sql->depth--;
    if (forward)
        sql_put(sql, " AND x.rid = ~");
    else
        sql_put(sql, " AND x.target = ~");
    sql->depth++;
    sql->row = ROW_CURRENT;
    if (forward)
        sql_put(sql, " AND c#.type = ? AND c#.rid = x.target");
    else
        sql_put(sql, " AND c#.type = ? AND c#.rid = x.rid");
    sql_int(sql, step->type);
}

static void close_step(Writing *w)
{
    Open *inside = &w->open[--w->count];

    ENSURE(w->count);
    sql_put(w->sql, ")");
    if (is_hop(inside->kind)) {
        w->sql->view = inside->view;
        w->sql->past = inside->past;
        w->sql->row = inside->row;
        w->sql->depth--;
    }
}

/* What is nobody's record lies in no patient's. */
static void put_record(SqlText *sql, const TermStep *made)
{
    if (sql->view == VIEW_SHARED || !made->param_count) {
        sql_put(sql, "1 = 0");
        return;
    }
    sql_put(sql, "EXISTS (SELECT 1 FROM @_compartment x WHERE x.rid = ~ AND x.patient IN ");
    sql_int_list(sql, made->params, made->param_count);
    sql_put(sql, ")");
}

static void put_step(Writing *w, const ClauseStep *step, const TermStep *made)
{
    if (step->kind == CLAUSE_END) {
        close_step(w);
        return;
    }
    separate(w);
    switch (step->kind) {
    case CLAUSE_MATCH: term_put_plain(w->sql, &made->match); return;
    case CLAUSE_RECORD: put_record(w->sql, made); return;
    case CLAUSE_TARGET:
    case CLAUSE_REFERRER: open_hop(w, step, made); return;
    case CLAUSE_NOT: sql_put(w->sql, "NOT ("); break;
    default: sql_put(w->sql, "(");
    }
    open_step(w, step->kind);
}

void chain_put(SqlText *sql, const Term *t)
{
    Writing w = { .sql = sql,
                  .open = { { .kind = CLAUSE_ALL } },
                  .count = 1,
                  .looked_up = t->limited || term_asks_version(t) };

    for (uint32_t i = 0; i < t->clause->step_count; i++)
        put_step(&w, &t->clause->steps[i], &t->steps[i]);
    ENSURE(w.count == 1);
}

/* ---- found from the end ---- */

/* What the innermost clause finds, as rows "rid". */
static void put_innermost(SqlText *sql, const Term *match, TypeId type)
{
    if (match->reach != FINDS_ONE) {
        term_put_finding(sql, match);
        return;
    }
    sql_put(sql, "SELECT x.rid FROM @_current x WHERE x.type = ? AND x.rid IN ");
    sql_int(sql, type);
    sql_int_list(sql, match->numbers, match->number_count);
}

/* One path of hops [first, match): from what the clause at its end finds back to its beginning.
 * What was found by its own rows is there; what was referred to need not be. */
static void put_path(SqlText *sql, const Term *t, uint32_t first, uint32_t match)
{
    const ClauseStep *steps = t->clause->steps;
    View              views[OPEN_MAX + 1];

    views[first] = sql->view;
    for (uint32_t i = first; i < match; i++) {
        views[i + 1] = view_of(views[i], steps[i].type);
        if (steps[i].kind == CLAUSE_TARGET)
            sql_put(sql, "SELECT r.rid FROM (");
        else
            sql_put(sql, "SELECT r.target AS rid FROM (");
    }
    sql->view = views[match];
    put_innermost(sql, &t->steps[match].match, steps[match - 1].type);
    for (uint32_t i = match; i-- > first;) {
        bool forward = steps[i].kind == CLAUSE_TARGET;
        bool found_rows = views[i + 1] == VIEW_PRACTICE && !t->limited
                          && (i + 1 == match ? !clause_is_words(steps[match].match)
                                             : steps[i + 1].kind == CLAUSE_TARGET);

        sql->view = views[i + 1];
        sql_put(sql, ") f CROSS JOIN ");
        if (!found_rows)
            sql_put(sql, "@_current h CROSS JOIN ");
        sql->view = forward ? views[i] : views[i + 1];
        if (found_rows)
            sql_put(sql, "@_index_reference r WHERE scope_type(?) AND ");
        else
            sql_put(sql, "@_index_reference r WHERE h.type = ? AND h.rid = f.rid AND ");
        sql_int(sql, steps[i].type);
        put_params(sql, "r", t->steps[i].params, t->steps[i].param_count);
        if (forward)
            sql_put(sql, " AND r.target = f.rid");
        else
            sql_put(sql, " AND r.rid = f.rid");
    }
    sql->view = views[first];
}

void chain_put_finding(SqlText *sql, const Term *t)
{
    const ClauseStep *steps = t->clause->steps;
    uint32_t          first = steps[0].kind == CLAUSE_ANY;
    bool              begun = false;

    sql_put(sql, "SELECT x.rid FROM (");
    while (first < t->clause->step_count && steps[first].kind != CLAUSE_END) {
        uint32_t match = first;

        while (steps[match].kind != CLAUSE_MATCH)
            match++;
        if (!t->steps[match].match.never) {
            if (begun)
                sql_put(sql, " UNION ALL ");
            put_path(sql, t, first, match);
            begun = true;
        }
        first = match + (match - first) + 1;
    }
    ENSURE(begun);
    sql_put(sql, ") x WHERE 0 = 0");
}

/* ---- made ---- */

static bool holds(const int64_t *params, size_t count, int64_t number)
{
    for (size_t i = 0; i < count; i++)
        if (params[i] == number)
            return true;
    return false;
}

/* Of a clause for any code of a system, whatever the code. */
static bool asks_itself(const Term *t, int64_t number)
{
    if (t->key_system)
        number &= ((int64_t)1 << PARAM_BITS) - 1;
    return holds(t->params, t->param_count, number);
}

bool term_asks(const Term *t, int64_t number)
{
    if (asks_itself(t, number))
        return true;
    for (uint32_t i = 0; i < t->clause->step_count; i++)
        if (holds(t->steps[i].params, t->steps[i].param_count, number)
            || asks_itself(&t->steps[i].match, number))
            return true;
    return false;
}

bool term_asks_version(const Term *t)
{
    if (!t->steps)
        return clause_is_last_updated(t->clause);
    for (uint32_t i = 0; i < t->clause->step_count; i++)
        if (t->clause->steps[i].kind == CLAUSE_MATCH
            && clause_is_last_updated(t->clause->steps[i].match))
            return true;
    return false;
}

/* What refers to something is found by its own rows; what is referred to is named in another's, and
 * need not be there; words are kept for all types together. */
bool term_finds_rows(const Term *t)
{
    if (!t->steps)
        return !clause_is_words(t->clause);
    for (uint32_t i = 0; i < t->clause->step_count; i++) {
        const ClauseStep *step = &t->clause->steps[i];

        if (step->kind == CLAUSE_REFERRER
            || (step->kind == CLAUSE_MATCH && clause_is_words(step->match)))
            return false;
    }
    return true;
}

const Term *chain_innermost(const Term *t)
{
    uint32_t at = 0;

    while (at < t->clause->step_count && is_hop(t->clause->steps[at].kind))
        at++;
    if (at == t->clause->step_count || t->clause->steps[at].kind != CLAUSE_MATCH
        || t->steps[at].match.reach == FINDS_ONE || t->steps[at].match.never)
        return NULL;
    return &t->steps[at].match;
}

/* Whether from `first` on stand hops (perhaps none), one clause that can find by itself, and their
 * ends. */
static bool is_path(const Term *t, uint32_t first, uint32_t *next)
{
    const ClauseStep *steps = t->clause->steps;
    uint32_t          at = first, count = t->clause->step_count;

    while (at < count && is_hop(steps[at].kind))
        at++;
    if (at == count || steps[at].kind != CLAUSE_MATCH || at + (at - first) >= count
        || t->steps[at].match.reach == FINDS_NOT
        || (at == first && t->steps[at].match.reach == FINDS_ONE))
        return false;
    for (uint32_t i = 1; i <= at - first; i++)
        if (steps[at + i].kind != CLAUSE_END)
            return false;
    *next = at + (at - first) + 1;
    return true;
}

/* One such path, or several of which any is enough. */
static bool is_found(const Term *t)
{
    uint32_t count = t->clause->step_count, at = t->clause->steps[0].kind == CLAUSE_ANY;
    uint32_t end = count - at, paths = 0;

    if (at == 0)
        return is_path(t, 0, &at) && at == end;
    while (at < end)
        if (!is_path(t, at, &at) || ++paths > FOUND_PATHS_MAX)
            return false;
    return at == end;
}

/* Whether nothing can match: no clause does, and none is turned into its opposite. */
static bool is_never(const Term *t)
{
    for (uint32_t i = 0; i < t->clause->step_count; i++) {
        ClauseStepKind kind = t->clause->steps[i].kind;

        if (kind == CLAUSE_NOT || (kind == CLAUSE_MATCH && !t->steps[i].match.never))
            return false;
    }
    return true;
}

/* The rids of the Patients; of whom nothing is known there is none. */
static Fail find_patients(Call *c, Db *db, const ClauseStep *step, TermStep *out)
{
    out->params = NEW_ARRAY(c->arena, int64_t, step->patient_count + 1);
    for (uint32_t i = 0; i < step->patient_count; i++) {
        PackedId   packed = id_pack(step->patients[i]);
        Statement *s = db_statement(db, patient_sql);
        Step       found;

        TRY_STATEMENT(c, db, s);
        bind_int(s, TYPE_PATIENT);
        bind_bytes(s, packed_str(&packed));
        found = statement_step(s);
        if (found == STEP_ROW)
            out->params[out->param_count++] = row_int(s, 0);
        statement_reset(s);
        if (found == STEP_FAILED)
            return db_fail(c, db);
    }
    return OK;
}

Fail term_make_chain(Call *c, const Store *s, Db *db, const Clause *clause, Term *out)
{
    Term t = { .clause = clause, .reach = FINDS_NOT, .limited = limit_any(db) };

    ENSURE(clause->step_count <= LIMIT_QUERY_STEPS);
    t.steps = NEW_ARRAY(c->arena, TermStep, clause->step_count);
    for (uint32_t i = 0; i < clause->step_count; i++) {
        const ClauseStep *step = &clause->steps[i];

        if (step->kind == CLAUSE_MATCH)
            TRY(term_make(c, s, db, step->match, &t.steps[i].match));
        else if (is_hop(step->kind))
            params_of(s, step->param, c->arena, &t.steps[i].params, &t.steps[i].param_count);
        else if (step->kind == CLAUSE_RECORD)
            TRY(find_patients(c, db, step, &t.steps[i]));
    }
    t.never = is_never(&t);
    if (!t.never && is_found(&t))
        t.reach = FINDS_RANGE;
    *out = t;
    return OK;
}
