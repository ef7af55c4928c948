/*
 * The plan of a search: it is one SELECT that starts from the clause that finds the fewest (which
 * is counted, up to a cap) and looks at the others for each resource it meets, or, where matches
 * are dense, walks the resources from the newest on until a page is full. The order of joins is
 * written down; the database chooses nothing.
 */
#include "store/search_plan.h"

#include "store/limit.h"
#include "store/search_both.h"
#include "store/search_window.h"
#include "store/words_index.h"

#include "base/ensure.h"
#include "fhir/custom.h"

enum {
    COUNTED_FIRST = 64, /* so many of each, then more of each, until one of them ends */
    COUNTED_TIMES = 6,
    COUNTED_MAX = 64 * 6 * 6, /* a clause that finds more is as good as any other */
    PAIRED_MAX = 256,         /* of a code and a value: beyond, all of that code are as good */
    GATHERED_MAX = 5000,      /* of a range: beyond, resources are walked from the newest on */
};

const Range range_all = { .rid = INT64_MAX, .pinned = UINT64_MAX };

SQL(owner_sql, "SELECT rid FROM known_identity WHERE type = $1 AND id = $2");

/* ---- where to start ---- */

/* What reaches beyond a value is met at once from the far end. */
static void put_from_far(SqlText *sql, const Term *t)
{
    const Clause *clause = t->clause;

    if (t->steps || t->window || clause->count != 1 || t->param_count != 1
        || (clause->values[0].prefix != PREFIX_GT && clause->values[0].prefix != PREFIX_GE))
        return;
    if (clause->param->type == SEARCH_QUANTITY)
        sql_put(sql, " ORDER BY x.value DESC");
    else if (clause->param->type == SEARCH_DATE)
        sql_put(sql, " ORDER BY x.low DESC");
}

static Fail run_count(Call *c, Db *db, SearchPlan *p, SqlText *sql, int64_t most)
{
    uint64_t   key = counts_key(sql);
    bool       kept = p->view == VIEW_PRACTICE && p->counts;
    Statement *s;

    if (kept && counts_find(p->counts, key, p->newest, (uint64_t)most, &p->estimate)) {
        p->at_least = p->estimate == (uint64_t)most;
        return OK;
    }
    sql_put(sql, " LIMIT ?) f");
    sql_int(sql, most);
    s = sql_statement(db, sql);
    TRY_STATEMENT(c, db, s);
    if (statement_step(s) != STEP_ROW)
        return db_fail(c, db);
    p->estimate = (uint64_t)row_int(s, 0);
    p->at_least = p->estimate == (uint64_t)most;
    statement_reset(s);
    if (kept)
        counts_keep(p->counts, key, p->newest, (uint64_t)most, p->estimate);
    return OK;
}

static Fail count_found(Call *c, Db *db, SearchPlan *p, const Term *term, int64_t most)
{
    SqlText sql = sql_text_new(c->arena, p->view);

    sql_put(&sql, "SELECT count(*) FROM (");
    term_put_finding(&sql, term);
    put_from_far(&sql, term);
    return run_count(c, db, p, &sql, most);
}

static Fail count_type(Call *c, Db *db, SearchPlan *p, int64_t most)
{
    SqlText sql = sql_text_new(c->arena, p->view);

    sql_put(&sql, "SELECT count(*) FROM (SELECT c.rid FROM @_current c WHERE c.type = ?");
    sql_int(&sql, p->type);
    return run_count(c, db, p, &sql, most);
}

/* Whether what it finds lies together in its table, so that counting ends soon. An interval that
 * reaches up to some time may begin at any time before. */
static bool lies_together(const Term *t)
{
    static const uint32_t apart[SEARCH_TYPES] = {
        [SEARCH_DATE] = 1 << PREFIX_NE | 1 << PREFIX_GT | 1 << PREFIX_GE | 1 << PREFIX_AP,
        [SEARCH_NUMBER] = 1 << PREFIX_NE,
        [SEARCH_QUANTITY] = ~(1U << PREFIX_EQ),
    };
    const Clause *clause = t->clause;

    if (t->reach != FINDS_RANGE || t->window)
        return true;
    if (clause->step_count || clause->modifier == MODIFIER_CONTAINS)
        return false;
    for (uint32_t i = 0; i < clause->count; i++)
        if (apart[clause->param->type] >> clause->values[i].prefix & 1)
            return false;
    return true;
}

/* Of the clauses of a reach the one that finds fewest, if that is fewer than `most`. */
static Fail choose_fewest(Call *c, Db *db, SearchPlan *p, Reach reach, int64_t most)
{
    SearchPlan best = *p;
    bool       counted = false;

    for (uint32_t i = 0; i < p->count; i++) {
        if (p->terms[i].reach != reach || !lies_together(&p->terms[i]))
            continue;
        TRY(count_found(c, db, p, &p->terms[i], counted ? (int64_t)best.estimate : most));
        /* words are better found than looked for in one resource after the other */
        if (!counted || p->estimate < best.estimate
            || (p->estimate == best.estimate && best.at_least
                && clause_is_words(p->terms[i].clause))) {
            best = *p;
            best.first = i;
        }
        counted = true;
        if (best.estimate == 0)
            break;
    }
    *p = best;
    return OK;
}

/* Counting stops where the clause that finds fewest ends, a few times later at the latest. */
static Fail choose_by_counting(Call *c, Db *db, SearchPlan *p, bool equals)
{
    SearchPlan ranges = *p;

    for (int64_t most = COUNTED_FIRST; most <= COUNTED_MAX; most *= COUNTED_TIMES) {
        if (equals)
            TRY(choose_fewest(c, db, p, FINDS_SOME, most));
        if (equals && !p->at_least)
            return OK;
        TRY(choose_fewest(c, db, &ranges, FINDS_RANGE, most));
        if (!equals || (ranges.estimate != UINT64_MAX && !ranges.at_least))
            *p = ranges;
        if (p->estimate != UINT64_MAX && !p->at_least)
            return OK;
    }
    return OK;
}

/* What finds much is not gathered: walking the resources from the newest on soon meets as many as
 * a page holds; of a composite, those that have its code. */
static Fail weigh_gathering(Call *c, Db *db, SearchPlan *p)
{
    const Term *term = &p->terms[p->first];
    const Term *end = term->steps && p->view == VIEW_PRACTICE ? chain_innermost(term) : NULL;
    bool        counted = p->estimate != UINT64_MAX && !p->at_least;

    /* where there is much to follow references from, that is known before any is looked up */
    if (!counted && end)
        TRY(count_found(c, db, p, end, GATHERED_MAX));
    if (!counted && !(end && p->at_least))
        TRY(count_found(c, db, p, term, term->under ? PAIRED_MAX : GATHERED_MAX));
    if (!p->at_least)
        return OK;
    p->start = START_TYPE;
    if (term->under) {
        p->terms[p->count] = *term->under;
        p->first = p->count++;
        p->start = START_ORDERED;
        p->estimate = UINT64_MAX;
        p->at_least = false;
    }
    return OK;
}

static uint32_t count_reach(const SearchPlan *p, Reach reach)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < p->count; i++)
        count += p->terms[i].reach == reach;
    return count;
}

/* Among clauses that may find much those that find less are worth counting for; not if they are two
 * that find each other. */
static Fail choose_counted(Call *c, Db *db, SearchPlan *p)
{
    uint32_t equals = count_reach(p, FINDS_SOME), ranges = count_reach(p, FINDS_RANGE);

    if (equals == 2 && !ranges && both_can(p))
        return both_choose(c, db, p);
    if (equals + ranges > 1)
        TRY(choose_by_counting(c, db, p, equals > 0));
    if (p->terms[p->first].ordered) {
        p->start = START_ORDERED;
        return both_can(p) ? both_choose(c, db, p) : OK;
    }
    return weigh_gathering(c, db, p);
}

/* The clause of the best reach. A patient's own app walks its record, which is small. */
static Fail choose_start(Call *c, Db *db, SearchPlan *p)
{
    Reach best = FINDS_NOT;

    p->start = p->owner ? START_COMPARTMENT : START_TYPE;
    for (uint32_t i = p->count; i-- > 0;)
        if (p->terms[i].reach <= best) {
            best = p->terms[i].reach;
            p->first = i;
        }
    if (best == FINDS_ONE)
        p->start = START_TYPE;
    if (best == FINDS_ONE || best == FINDS_NOT || p->view == VIEW_CHART
        || (p->owner && best > FINDS_FEW))
        return OK;
    p->start = START_GATHERED;
    return best == FINDS_FEW ? OK : choose_counted(c, db, p);
}

/* ---- the compartment ---- */

static void add_owner_param(SearchPlan *p, int64_t number)
{
    for (size_t i = 0; i < p->owner_param_count; i++)
        if (p->owner_params[i] == number)
            return;
    if (number)
        p->owner_params[p->owner_param_count++] = number;
}

/* By the definition of the compartment, wider than what permission goes by (ADR 4). */
static Fail make_owner(Call *c, const Store *s, Db *db, const Query *query, SearchPlan *p)
{
    const CompartmentRule *rule = compartment_rule_of(query->owner, query->type);
    PackedId               id = id_pack(query->compartment);
    Statement             *find = db_statement(db, owner_sql);
    Step                   step;

    TRY_STATEMENT(c, db, find);
    bind_int(find, query->owner);
    bind_bytes(find, packed_str(&id));
    step = statement_step(find);
    p->owner_type = query->owner;
    p->owner = step == STEP_ROW ? row_int(find, 0) : 0;
    statement_reset(find);
    if (step == STEP_FAILED)
        return db_fail(c, db);
    p->owner_params = NEW_ARRAY(c->arena, int64_t, rule ? 2 * rule->count + 1 : 1);
    for (uint16_t i = 0; rule && i < rule->count; i++) {
        const SearchParam *param = search_param_at(rule->params[i]);

        add_owner_param(p, s->param_numbers[param->same_as]);
        add_owner_param(p, s->param_numbers[param->also]);
    }
    if (!p->owner || (!p->owner_param_count && query->type != query->owner))
        p->start = START_NOWHERE;
    if (!p->owner_param_count) /* nothing has that number: only the owner itself is found */
        p->owner_params[p->owner_param_count++] = 0;
    return OK;
}

/* Rows of a parameter are kept up as long as it is in force. Looked at when the snapshot has been
 * taken: then what it shows was written under the set that the query was read with. */
static Fail check_set(Call *c, const Query *query)
{
    if (query->set && !custom_settled(query->set))
        return fail(c, FAIL_BUSY, (Str){ 0 },
                    "Search parameters were changed at this moment; ask again");
    return OK;
}

Fail plan_make(Call *c, const Store *s, Db *db, View view, const Query *asked, SearchPlan *out)
{
    SearchPlan   p = { .type = asked->type,
                       .view = view,
                       .start = START_TYPE,
                       .estimate = UINT64_MAX,
                       .newest = atomic_load(&s->newest_seq) };
    const Query *query;

    TRY(check_set(c, asked));
    TRY(limit_query(c, db, asked, &query));
    p.limited = limit_any(db);
    p.counts = p.limited ? NULL : s->counts; /* what this caller may see of a clause is less */
    p.count = query->clause_count;
    p.terms = NEW_ARRAY(c->arena, Term, p.count + 1);
    if (query->compartment.len)
        TRY(make_owner(c, s, db, query, &p));
    for (uint32_t i = 0; i < p.count; i++) {
        TRY(term_make(c, s, db, &query->clauses[i], &p.terms[i]));
        if (p.terms[i].never)
            p.start = START_NOWHERE;
    }
    windows_make(c->arena, p.terms, p.count);
    for (uint32_t i = 0; i < p.count; i++)
        if (p.start != START_NOWHERE && p.terms[i].window)
            TRY(window_weigh(c, db, view, &p.terms[i]));
    if (p.start != START_NOWHERE)
        TRY(choose_start(c, db, &p));
    *out = p;
    return OK;
}

Fail plan_count_start(Call *c, Db *db, SearchPlan *p, uint64_t most)
{
    if (p->start == START_TYPE)
        return count_type(c, db, p, (int64_t)most);
    if ((p->start != START_ORDERED && p->start != START_BOTH && p->start != START_GATHERED)
        || (p->estimate != UINT64_MAX && (!p->at_least || p->estimate >= most)))
        return OK;
    return count_found(c, db, p, &p->terms[p->first], (int64_t)most);
}

/* ---- the statement ---- */

static void put_beyond(SqlText *sql, const char *above, const char *below, Range range)
{
    sql_text_put(sql, range.back ? above : below);
    sql_int(sql, range.rid);
}

static void put_owner_rows(SqlText *sql, const SearchPlan *p)
{
    sql_put(sql, "SELECT x.rid FROM @_index_reference x WHERE x.param IN ");
    sql_int_list(sql, p->owner_params, p->owner_param_count);
    sql_put(sql, " AND x.target = ?");
    sql_int(sql, p->owner);
}

/* "(SELECT …) d": the rids it starts from. */
static void put_found(SqlText *sql, const SearchPlan *p, Range range)
{
    static const char above[] = " AND x.rid > ?", below[] = " AND x.rid < ?";

    if (p->start == START_ORDERED) {
        sql_put(sql, "(");
        term_put_finding(sql, &p->terms[p->first]);
        put_beyond(sql, above, below, range);
        sql_put(sql, ") d");
        return;
    }
    if (p->start == START_BOTH) {
        both_put_found(sql, p, range.rid, range.back);
        return;
    }
    sql_put(sql, "(SELECT DISTINCT f.rid FROM (");
    if (p->start == START_COMPARTMENT)
        put_owner_rows(sql, p);
    else
        term_put_finding(sql, &p->terms[p->first]);
    put_beyond(sql, above, below, range);
    if (p->start == START_COMPARTMENT && p->type == p->owner_type) {
        sql_put(sql, " UNION ALL SELECT ?");
        sql_int(sql, p->owner);
    }
    sql_put(sql, ") f) d");
}

static void put_from(SqlText *sql, const SearchPlan *p, Range range)
{
    static const char above[] = " AND c.rid > ?", below[] = " AND c.rid < ?";

    sql_put(sql, " FROM ");
    if (p->start != START_TYPE) {
        put_found(sql, p, range);
        sql_put(sql, " CROSS JOIN ");
    }
    sql_put(sql, "@_current c WHERE c.type = ?");
    sql_int(sql, p->type);
    if (p->start != START_TYPE)
        sql_put(sql, " AND c.rid = d.rid");
    /* the owner itself was added to what refers to it whatever the range */
    if (p->start == START_TYPE || (p->start == START_COMPARTMENT && p->type == p->owner_type))
        put_beyond(sql, above, below, range);
}

static bool starts_from_clause(const SearchPlan *p)
{
    return p->start == START_ORDERED || p->start == START_BOTH || p->start == START_GATHERED;
}

static void put_owner_condition(SqlText *sql, const SearchPlan *p)
{
    if (p->type == p->owner_type) {
        sql_put(sql, " AND (~ = ? OR EXISTS (");
        sql_int(sql, p->owner);
        put_owner_rows(sql, p);
        sql_put(sql, " AND x.rid = ~))");
        return;
    }
    sql_put(sql, " AND EXISTS (");
    put_owner_rows(sql, p);
    sql_put(sql, " AND x.rid = ~)");
}

void plan_put_conditions(SqlText *sql, const SearchPlan *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        term_put_condition(sql, &p->terms[i]);
    if (p->owner)
        put_owner_condition(sql, p);
}

bool plan_starts_from(const SearchPlan *p, uint32_t number)
{
    const Term *first = &p->terms[p->first];

    return starts_from_clause(p)
           && (number == p->first || (p->start == START_BOTH && number == p->second)
               || (first->window && p->terms[number].joined == first));
}

/* What is left to be asked of what it starts from. */
static void put_others(SqlText *sql, const SearchPlan *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (!plan_starts_from(p, i))
            term_put_condition(sql, &p->terms[i]);
    if (p->owner && p->start != START_COMPARTMENT)
        put_owner_condition(sql, p);
}

void plan_put_body(SqlText *sql, const SearchPlan *p, Range range)
{
    ENSURE(p->start != START_NOWHERE);
    put_from(sql, p, range);
    if (p->start != START_TYPE)
        sql->row = "d.rid";
    put_others(sql, p);
    sql->row = ROW_CURRENT;
    if (range.pinned != UINT64_MAX) {
        sql_put(sql, " AND c.seq <= ?");
        sql_int(sql, (int64_t)range.pinned);
    }
}

bool plan_is_bare(const SearchPlan *p, Range range)
{
    if (p->view != VIEW_PRACTICE || p->limited || range.pinned != UINT64_MAX)
        return false;
    for (uint32_t i = 0; i < p->count; i++)
        if (term_asks_version(&p->terms[i]))
            return false;
    if (p->start == START_COMPARTMENT)
        return p->type != p->owner_type;
    return starts_from_clause(p) && term_finds_rows(&p->terms[p->first]);
}

void plan_put_bare(SqlText *sql, const SearchPlan *p, Range range)
{
    sql_put(sql, " FROM ");
    put_found(sql, p, range);
    sql_put(sql, " WHERE 0 = 0");
    sql->row = "d.rid";
    put_others(sql, p);
    sql->row = ROW_CURRENT;
}

void plan_put_current(SqlText *sql, const SearchPlan *p)
{
    sql_put(sql, ") d CROSS JOIN @_current c WHERE c.type = ? AND c.rid = d.rid");
    sql_int(sql, p->type);
}

void plan_put_order(SqlText *sql, const SearchPlan *p, Range range, uint32_t most)
{
    if (p->start == START_BOTH)
        sql_put(sql, " LIMIT ?"); /* they come in order */
    else if (p->start == START_TYPE && range.back)
        sql_put(sql, " ORDER BY c.rid LIMIT ?");
    else if (p->start == START_TYPE)
        sql_put(sql, " ORDER BY c.rid DESC LIMIT ?");
    else if (range.back)
        sql_put(sql, " ORDER BY d.rid LIMIT ?");
    else
        sql_put(sql, " ORDER BY d.rid DESC LIMIT ?");
    sql_int(sql, most);
}
