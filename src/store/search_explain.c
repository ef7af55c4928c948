/* How a search is carried out: see store_search_explain(). */
#include "base/limits.h"
#include "store/search_sql.h"
#include "store/search_walk.h"
#include "store/words_index.h"

static const char *const starts[] = {
    [START_NOWHERE] = "nothing: something it names is unknown here",
    [START_TYPE] = "all of the type, the one made last first",
    [START_ORDERED] = "one value of a clause, the one made last first",
    [START_BOTH] = "what two clauses have in common, the one made last first",
    [START_GATHERED] = "all that a clause finds",
    [START_COMPARTMENT] = "all that refers to the patient of the compartment",
};

static const char *order_of(const SearchPlan *plan, const Query *query)
{
    if (query->shape.sort_count)
        return "all matches are gathered and sorted";
    return plan->start == START_TYPE || plan->start == START_ORDERED
                   || plan->start == START_BOTH
               ? "as they are met"
               : "those that were gathered are sorted before the other clauses are looked at";
}

/* What was met until the page was full: the same start without the other clauses, down to the last
 * match; all of it where the page was not filled, or everything had to be sorted. */
static Fail count_visited(Call *c, Db *db, const SearchPlan *plan, int64_t last, uint64_t *out)
{
    SearchPlan bare = *plan;
    SqlText    sql = sql_text_new(c->arena, plan->view);
    Statement *rows;

    if (bare.start == START_ORDERED || bare.start == START_GATHERED) {
        bare.terms = &plan->terms[plan->first];
        bare.first = 0;
        bare.count = 1;
    } else if (bare.start == START_BOTH) {
        bare.terms = NEW_ARRAY(c->arena, Term, 2);
        bare.terms[0] = plan->terms[plan->first];
        bare.terms[1] = plan->terms[plan->second];
        bare.first = 0;
        bare.second = 1;
        bare.count = 2;
    } else {
        bare.count = 0;
    }
    if (bare.start != START_COMPARTMENT)
        bare.owner = 0;
    sql_put(&sql, "SELECT count(*)");
    plan_put_body(&sql, &bare, range_all);
    sql_put(&sql, " AND c.rid >= ?");
    sql_int(&sql, last);
    rows = sql_statement(db, &sql);
    TRY_STATEMENT(c, db, rows);
    if (statement_step(rows) != STEP_ROW)
        return db_fail(c, db);
    *out = (uint64_t)row_int(rows, 0);
    statement_reset(rows);
    return OK;
}

static Fail run_page(Call *c, Db *db, const SearchPlan *plan, const Query *query,
                     const SqlText *sql, SearchReport *r)
{
    Matches  matches = { 0 };
    uint32_t most = query->page_count < LIMIT_COUNT ? query->page_count : LIMIT_COUNT;
    bool     sorted = query->shape.sort_count > 0;
    bool     full;

    TRY(search_collect(c, db, sql, query, sorted, &matches));
    full = matches.count > most;
    r->matched = full ? most : matches.count;
    return count_visited(c, db, plan, full && !sorted ? matches.at[matches.count - 1].rid : 0,
                         &r->visited);
}

enum { WALKED_MAX = 1000 * 1000 };

/* What a walk met until the page was full: the rows of the key without the clauses, up to the last
 * match; all of them where there is none. */
static Fail count_walked(Call *c, Session *s, const SearchPlan *plan, const Query *query,
                         const Match *last, uint64_t *out)
{
    WalkFrom   from = { .pinned = UINT64_MAX };
    SearchPlan bare = *plan;
    Statement *rows;
    SqlText    sql;
    Step       step;

    bare.count = 0;
    bare.owner = 0;
    bare.start = START_TYPE;
    sql = walk_valued(c->arena, s->store, &bare, &query->shape, from, WALKED_MAX);
    rows = sql_statement(s->db, &sql);
    TRY_STATEMENT(c, s->db, rows);
    *out = 0;
    while ((step = statement_step(rows)) == STEP_ROW) {
        ++*out;
        if (last && row_int(rows, 0) == last->rid)
            break;
    }
    statement_reset(rows);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

static Fail explain_walk(Call *c, Session *s, const SearchPlan *plan, const Query *query,
                         uint32_t most, SearchReport *r)
{
    WalkFrom from = { .pinned = UINT64_MAX };
    Matches  matches = { 0 };
    SqlText  sql = walk_valued(c->arena, s->store, plan, &query->shape, from, most);

    r->order = "the rows of the key are walked in their order";
    r->statement = buf_str(&sql.text);
    TRY(search_collect(c, s->db, &sql, query, true, &matches));
    r->matched = matches.count;
    return count_walked(c, s, plan, query,
                        matches.count == most ? &matches.at[matches.count - 1] : NULL,
                        &r->visited);
}

static Str clause_name(const Clause *clause)
{
    return clause->param ? clause->param->code : STR("several together");
}

static Fail explain(Call *c, Session *s, const Permit *permit, const Query *query,
                    SearchReport *out)
{
    uint32_t     most = query->page_count < LIMIT_COUNT ? query->page_count : LIMIT_COUNT;
    SearchReport r = { .type = query->type, .estimate = UINT64_MAX, .order = "" };
    SearchPlan   plan;
    SqlText      sql;
    bool         walked = false;

    TRY(plan_make(c, s->store, s->db, scope_view(permit, query->type), query, &plan));
    r.start = starts[plan.start];
    if (plan.start != START_NOWHERE) {
        if (plan_starts_from(&plan, plan.first))
            r.clause = clause_name(plan.terms[plan.first].clause);
        if (plan.start == START_BOTH)
            r.clause = arena_printf(c->arena, "%.*s, %.*s", STR_ARG(r.clause),
                                    STR_ARG(clause_name(plan.terms[plan.second].clause)));
        r.estimate = plan.estimate;
        r.at_least = plan.at_least;
        r.order = order_of(&plan, query);
        if (query->shape.sort_count)
            TRY(walk_is_due(c, s, &plan, query, range_all, &walked));
    }
    if (walked) {
        TRY(explain_walk(c, s, &plan, query, most, &r));
    } else if (plan.start != START_NOWHERE) {
        sql = query->shape.sort_count ? search_to_sort(c->arena, s->store, &plan, &query->shape,
                                                       range_all, LIMIT_SORTED + 1)
                                      : search_in_order(c->arena, &plan, range_all, most + 1);
        r.statement = buf_str(&sql.text);
        TRY(run_page(c, s->db, &plan, query, &sql, &r));
    }
    *out = r;
    return OK;
}

Fail store_search_explain(Call *c, Session *s, const Permit *permit, const Search *search,
                          SearchReport *out)
{
    Fail result = OK;

    TRY(words_reach(c, s, search, store_newest_seq(s->store)));
    TRY(session_enter(c, s, permit));
    for (uint32_t i = 0; i < search->count && result == OK; i++)
        result = explain(c, s, permit, &search->queries[i], &out[i]);
    session_leave(s);
    return result;
}
