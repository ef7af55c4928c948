/*
 * The rows of a permit on a connection: their codes and references looked up, brought into queries,
 * and asked again for each row the scoped views are about to show (security rules A2, A3). See limit.h.
 */
#include "base/ensure.h"
#include "base/limits.h"
#include "store/index_sql.h"
#include "store/limit.h"

#define TOKEN_TEXT(view)                                                                       \
    "SELECT 1 FROM " view "_index_token x WHERE x.param = $1 AND x.token = $2 AND x.rid = $3"
SQL_VIEWS(token_sql, TOKEN_TEXT);

#define REFERENCE_TEXT(view)                                                                   \
    "SELECT 1 FROM " view "_index_reference x WHERE x.param = $1 AND x.target = $2"            \
    " AND x.rid = $3"
SQL_VIEWS(reference_sql, REFERENCE_TEXT);

#define IDENTIFIER_TEXT(view)                                                                  \
    "SELECT 1 FROM " view "_index_identifier x WHERE x.param = $1 AND x.value = $2"            \
    " AND (x.system = $3 OR $4 = 1) AND x.rid = $5"
SQL_VIEWS(identifier_sql, IDENTIFIER_TEXT);

#define STANDING_TEXT(view) "SELECT 1 FROM " view "_current c WHERE c.type = $1 AND c.rid = $2"
SQL_VIEWS(standing_sql, STANDING_TEXT);

SQL(record_practice_sql,
    "SELECT 1 FROM practice_compartment p WHERE p.patient = $1 AND p.rid = $2");
SQL(record_chart_sql, "SELECT 1 FROM chart_compartment p WHERE p.patient = $1 AND p.rid = $2");

typedef struct TypeLimit {
    Clause clause;
    Term   term;
    View   view;
    bool   idle; /* nothing that is here can be hidden by it */
} TypeLimit;

struct LimitSet {
    const Store  *store;
    Db           *db;
    const Permit *permit;
    TypeLimit    *of[RESOURCE_TYPES + 1]; /* NULL: not made ready */
    TypeSet       limited;
    bool          active; /* something made ready hides something */
};

/* ---- made ready ---- */

LimitSet *limit_begin(Call *c, const Store *s, Db *db, const Permit *permit)
{
    LimitSet *set;

    if (!permit->rows)
        return NULL;
    set = NEW(c->arena, LimitSet);
    set->store = s;
    set->db = db;
    set->permit = permit;
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        if (limit_has(permit, type))
            type_set_add(&set->limited, type);
    return set;
}

/* So that none has to be prepared while a statement runs. */
static Fail prepare(Call *c, Db *db, View view)
{
    const char *const needed[] = { token_sql[view], reference_sql[view], identifier_sql[view],
                                   standing_sql[view],
                                   view == VIEW_PRACTICE ? record_practice_sql
                                                         : record_chart_sql };

    for (size_t i = 0; i < COUNT(needed); i++)
        TRY_STATEMENT(c, db, db_statement(db, needed[i]));
    return OK;
}

static bool may_match(void *context, uint32_t number, const Clause *match,
                      const ClauseStep *step)
{
    const Term *term = context;

    (void)step;
    if (!match)
        return term->steps[number].param_count > 0;
    if (match->modifier == MODIFIER_NOT)
        return true;
    return !(term->steps ? term->steps[number].match.never : term->never);
}

static bool gives_some(const Permit *permit, TypeId type)
{
    for (const PermitRows *rows = permit->rows; rows; rows = rows->further)
        for (uint32_t i = 0; i < rows->limit_count; i++)
            if (rows->limits[i].type == type)
                return true;
    return false;
}

/* Rows that only withhold, by codes nothing here has ever had. */
static bool is_idle(const Permit *permit, TypeId type, const TypeLimit *limit)
{
    return !gives_some(permit, type)
           && clause_holds(&limit->clause, may_match, (void *)(uintptr_t)&limit->term);
}

static Fail want_one(Call *c, LimitSet *set, TypeId type)
{
    TypeLimit *limit;

    if (!type_set_has(&set->limited, type) || !type_set_has(&set->permit->types, type)
        || set->of[type])
        return OK;
    limit = NEW(c->arena, TypeLimit);
    limit->view = scope_view(set->permit, type);
    TRY(prepare(c, set->db, limit->view));
    TRY(limit_clause(c, set->permit, type, &limit->clause));
    TRY(term_make(c, set->store, set->db, &limit->clause, &limit->term));
    limit->idle = is_idle(set->permit, type, limit);
    set->active = set->active || !limit->idle;
    set->of[type] = limit;
    return OK;
}

Fail limit_want(Call *c, Db *db, TypeId type)
{
    LimitSet *set = db_scope(db)->limits;

    if (!set)
        return OK;
    if (type)
        return want_one(c, set, type);
    for (TypeId each = 1; each <= RESOURCE_TYPES; each++)
        TRY(want_one(c, set, each));
    return OK;
}

bool limit_any(const Db *db)
{
    const LimitSet *set = db_scope(db)->limits;

    return set && set->active;
}

/* ---- in queries ---- */

static const Clause *ready_clause(const LimitSet *set, TypeId type)
{
    return set->of[type] && !set->of[type]->idle ? &set->of[type]->clause : NULL;
}

static Fail add_steps(Call *c, LimitSet *set, TypeId type, ClauseSteps *out)
{
    const Clause *clause;

    TRY(want_one(c, set, type));
    clause = ready_clause(set, type);
    if (clause && !clause->step_count)
        return clause_steps_add(c, out, (ClauseStep){ .kind = CLAUSE_MATCH, .match = clause });
    for (uint32_t i = 0; clause && i < clause->step_count; i++)
        TRY(clause_steps_add(c, out, clause->steps[i]));
    return OK;
}

/* What is followed to must lie in the permit before it can help to match. */
static Fail narrow_clause(Call *c, LimitSet *set, Clause *clause)
{
    ClauseSteps steps = clause_steps_new(c->arena, STR("permission"));

    for (uint32_t i = 0; i < clause->step_count; i++) {
        const ClauseStep *step = &clause->steps[i];

        TRY(clause_steps_add(c, &steps, *step));
        if (step->kind == CLAUSE_TARGET || step->kind == CLAUSE_REFERRER)
            TRY(add_steps(c, set, step->type, &steps));
    }
    clause->steps = steps.steps;
    clause->step_count = steps.count;
    return OK;
}

/* Such a query is refused where it is read (fhir/search.c); this is the second look at it. */
static Fail refuse_hidden(Call *c, const MaskSet *masks, TypeId type, const SearchParam *param)
{
    if (!param || !mask_hides_param(masks, type, param))
        return OK;
    return fail(c, FAIL_FORBIDDEN, (Str){ 0 }, "What is hidden cannot be searched by");
}

/* The types that are looked at change with each step that leads elsewhere, and back at its end. */
static Fail check_clause(Call *c, const MaskSet *masks, TypeId type, const Clause *clause)
{
    TypeId   outer[LIMIT_QUERY_STEPS + 1];
    uint32_t depth = 0;

    if (!clause->step_count)
        return refuse_hidden(c, masks, type, clause->param);
    for (uint32_t i = 0; i < clause->step_count; i++) {
        const ClauseStep *step = &clause->steps[i];

        if (step->kind == CLAUSE_MATCH)
            TRY(refuse_hidden(c, masks, type, step->match->param));
        if (step->kind == CLAUSE_MATCH || step->kind == CLAUSE_RECORD)
            continue;
        if (step->kind == CLAUSE_END) {
            ENSURE(depth > 0);
            type = outer[--depth];
            continue;
        }
        ENSURE(depth < COUNT(outer));
        outer[depth++] = type;
        if (step->kind == CLAUSE_TARGET)
            TRY(refuse_hidden(c, masks, type, step->param));
        if (step->kind == CLAUSE_REFERRER)
            TRY(refuse_hidden(c, masks, step->type, step->param));
        if (step->kind == CLAUSE_TARGET || step->kind == CLAUSE_REFERRER)
            type = step->type;
    }
    return OK;
}

static Fail check_masks(Call *c, const MaskSet *masks, const Query *query)
{
    if (!masks)
        return OK;
    for (uint32_t i = 0; i < query->clause_count; i++)
        TRY(check_clause(c, masks, query->type, &query->clauses[i]));
    for (uint32_t i = 0; i < query->shape.sort_count; i++)
        TRY(refuse_hidden(c, masks, query->type, query->shape.sort[i].param));
    return OK;
}

Fail limit_query(Call *c, Db *db, const Query *query, const Query **out)
{
    LimitSet     *set = db_scope(db)->limits;
    Query        *narrow;
    const Clause *clause;

    *out = query;
    TRY(check_masks(c, db_scope(db)->masks, query));
    if (!set)
        return OK;
    TRY(want_one(c, set, query->type));
    clause = ready_clause(set, query->type);
    narrow = NEW(c->arena, Query);
    *narrow = *query;
    narrow->clauses = NEW_ARRAY(c->arena, Clause, query->clause_count + 1);
    for (uint32_t i = 0; i < query->clause_count; i++) {
        narrow->clauses[i] = query->clauses[i];
        if (query->clauses[i].step_count)
            TRY(narrow_clause(c, set, &narrow->clauses[i]));
    }
    if (clause)
        narrow->clauses[narrow->clause_count++] = *clause;
    *out = narrow;
    return OK;
}

Fail limit_put(Call *c, Db *db, TypeId type, SqlText *sql)
{
    const LimitSet *set = db_scope(db)->limits;

    TRY(limit_want(c, db, type));
    if (set && ready_clause(set, type))
        term_put_condition(sql, &db_scope(db)->limits->of[type]->term);
    return OK;
}

/* ---- asked by the views ---- */

typedef struct Seeing {
    const LimitSet  *set;
    const TypeLimit *limit;
    int64_t          rid;
    bool             failed;
} Seeing;

static bool finds(Seeing *seeing, Statement *s)
{
    Step step = statement_step(s);

    statement_reset(s);
    seeing->failed = seeing->failed || step == STEP_FAILED;
    return step == STEP_ROW;
}

static bool has_number(Seeing *seeing, const char *sql, int64_t param, int64_t number)
{
    Statement *s = db_statement(seeing->set->db, sql);

    if (!s) {
        seeing->failed = true;
        return false;
    }
    bind_int(s, param);
    bind_int(s, number);
    bind_int(s, seeing->rid);
    return finds(seeing, s);
}

static bool has_identifier(Seeing *seeing, int64_t param, Str value, int64_t system)
{
    Statement *s = db_statement(seeing->set->db, identifier_sql[seeing->limit->view]);

    if (!s) {
        seeing->failed = true;
        return false;
    }
    bind_int(s, param);
    bind_text(s, value);
    bind_int(s, system);
    bind_int(s, system == ANY_SYSTEM);
    bind_int(s, seeing->rid);
    return finds(seeing, s);
}

static bool has_any_number(Seeing *seeing, const char *sql, const Term *t)
{
    for (size_t p = 0; p < t->param_count; p++)
        for (size_t i = 0; i < t->number_count; i++)
            if (has_number(seeing, sql, t->params[p], t->numbers[i]))
                return true;
    return false;
}

static bool has_any_identifier(Seeing *seeing, const Term *t, const int64_t *systems)
{
    for (size_t p = 0; p < t->param_count; p++)
        for (uint32_t i = 0; i < t->clause->count; i++)
            if (systems[i] != NO_SYSTEM_KNOWN
                && has_identifier(seeing, t->params[p], t->clause->values[i].text, systems[i]))
                return true;
    return false;
}

static bool is_named(const Seeing *seeing, const Term *t)
{
    for (size_t i = 0; i < t->number_count; i++)
        if (t->numbers[i] == seeing->rid)
            return true;
    return false;
}

static bool matches(Seeing *seeing, const Term *t)
{
    View view = seeing->limit->view;

    if (t->clause->modifier == MODIFIER_MISSING)
        return true;
    if (clause_is_id(t->clause))
        return is_named(seeing, t);
    switch (clause_table(t->clause)) {
    case ROW_REFERENCE: return has_any_number(seeing, reference_sql[view], t);
    case ROW_IDENTIFIER: return has_any_identifier(seeing, t, t->numbers);
    default:
        return has_any_number(seeing, token_sql[view], t)
               || (t->systems && has_any_identifier(seeing, t, t->systems));
    }
}

/* What is nobody's record lies in no patient's. */
static bool in_record(Seeing *seeing, const TermStep *records)
{
    View        view = seeing->limit->view;
    const char *sql = view == VIEW_PRACTICE ? record_practice_sql : record_chart_sql;

    for (size_t i = 0; view != VIEW_SHARED && i < records->param_count; i++) {
        Statement *s = db_statement(seeing->set->db, sql);

        if (!s) {
            seeing->failed = true;
            return false;
        }
        bind_int(s, records->params[i]);
        bind_int(s, seeing->rid);
        if (finds(seeing, s))
            return true;
    }
    return false;
}

static bool leaf_seen(void *context, uint32_t number, const Clause *match,
                      const ClauseStep *step)
{
    Seeing     *seeing = context;
    const Term *term = &seeing->limit->term;

    (void)step;
    if (!match)
        return in_record(seeing, &term->steps[number]);
    if (term->steps)
        term = &term->steps[number].match;
    return matches(seeing, term) != (match->modifier == MODIFIER_NOT);
}

LimitView limit_sees(const LimitSet *set, TypeId type, int64_t rid)
{
    Seeing seeing = { .set = set, .limit = set->of[type], .rid = rid };
    bool   holds;

    if (!type_set_has(&set->limited, type))
        return LIMIT_SHOWS;
    if (!seeing.limit)
        return LIMIT_HIDES;
    if (seeing.limit->idle)
        return LIMIT_SHOWS;
    holds = clause_holds(&seeing.limit->clause, leaf_seen, &seeing);
    if (seeing.failed)
        return LIMIT_FAILED;
    return holds ? LIMIT_SHOWS : LIMIT_HIDES;
}

/* A deleted one has no rows to tell by. */
LimitView limit_saw(const LimitSet *set, TypeId type, int64_t rid)
{
    Seeing     seeing = { .set = set, .limit = set->of[type], .rid = rid };
    Statement *s;
    bool       found;

    if (!type_set_has(&set->limited, type))
        return LIMIT_SHOWS;
    if (!seeing.limit)
        return LIMIT_HIDES;
    if (seeing.limit->idle)
        return LIMIT_SHOWS;
    s = db_statement(set->db, standing_sql[seeing.limit->view]);
    if (!s)
        return LIMIT_FAILED;
    bind_int(s, type);
    bind_int(s, rid);
    found = finds(&seeing, s);
    if (seeing.failed)
        return LIMIT_FAILED;
    return found ? LIMIT_SHOWS : LIMIT_HIDES;
}

bool limit_spares(const LimitSet *set, TypeId type)
{
    return !type_set_has(&set->limited, type) || (set->of[type] && set->of[type]->idle);
}

bool limit_hides(const Db *db, TypeId type)
{
    const LimitSet *set = db_scope(db)->limits;

    return set && !limit_spares(set, type);
}
