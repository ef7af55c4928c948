/*
 * What a clause names, looked up: codes, systems, resources and addresses become numbers before
 * the search is put together. R4 search.html; standards SRCH-04, SRCH-05.
 */
#include "base/ensure.h"
#include "fhir/reference.h"
#include "store/index_sql.h"
#include "store/words_index.h"

SQL(token_sql, "SELECT number FROM known_token WHERE code = $1 AND system = $2");
SQL(token_any_sql, "SELECT number FROM known_token WHERE code = $1");
SQL(rid_sql, "SELECT rid FROM known_identity WHERE type = $1 AND id = $2");

enum { NUMBERS_AT_FIRST = 8 };

typedef struct Making {
    Call        *call;
    const Store *store;
    Db          *db;
    Term        *term;
    size_t       room;
} Making;

bool clause_is_id(const Clause *clause)
{
    return str_equal(clause->param->code, STR("_id"));
}

bool clause_is_last_updated(const Clause *clause)
{
    return str_equal(clause->param->code, STR("_lastUpdated"));
}

bool clause_by_beginning(const Clause *clause)
{
    return clause->modifier == MODIFIER_TEXT || clause->modifier == MODIFIER_BELOW;
}

static bool by_identifier(const Clause *clause)
{
    if (clause->modifier == MODIFIER_TEXT)
        return false;
    return clause->modifier == MODIFIER_IDENTIFIER || clause->modifier == MODIFIER_OF_TYPE
           || (clause->param->kinds & 1 << ROW_IDENTIFIER
               && !(clause->param->kinds & 1 << ROW_TOKEN)
               && clause->param->type != SEARCH_REFERENCE);
}

bool clause_has_kind(const Clause *clause, RowKind kind)
{
    return (clause->param->kinds >> kind & 1) != 0;
}

RowKind clause_table(const Clause *clause)
{
    static const RowKind kinds[SEARCH_TYPES] = {
        [SEARCH_NUMBER] = ROW_NUMBER,       [SEARCH_DATE] = ROW_DATE,
        [SEARCH_STRING] = ROW_STRING,       [SEARCH_TOKEN] = ROW_TOKEN,
        [SEARCH_REFERENCE] = ROW_REFERENCE, [SEARCH_QUANTITY] = ROW_QUANTITY,
        [SEARCH_URI] = ROW_TOKEN,           [SEARCH_SPECIAL] = ROW_QUANTITY,
    };

    return by_identifier(clause) ? ROW_IDENTIFIER : kinds[clause->param->type];
}

/* ---- numbers ---- */

static void add_number(Making *m, int64_t number)
{
    Term *t = m->term;

    if (t->number_count == m->room) {
        t->numbers = arena_grow(m->call->arena, t->numbers, m->room * sizeof *t->numbers,
                                2 * m->room * sizeof *t->numbers);
        m->room *= 2;
    }
    t->numbers[t->number_count++] = number;
}

static Fail add_tokens(Making *m, Str code, int64_t system)
{
    Statement *s = db_statement(m->db, system == ANY_SYSTEM ? token_any_sql : token_sql);
    Step       step;

    TRY_STATEMENT(m->call, m->db, s);
    bind_text(s, indexed_value(m->call->arena, code));
    if (system != ANY_SYSTEM)
        bind_int(s, system);
    while ((step = statement_step(s)) == STEP_ROW)
        add_number(m, row_int(s, 0));
    return step == STEP_DONE ? OK : db_fail(m->call, m->db);
}

/* The number of a code system, 0 if it is unknown here. */
static Fail find_system(Making *m, Str system, int64_t *number)
{
    Statement *s = db_statement(m->db, token_sql);
    Step       step;

    TRY_STATEMENT(m->call, m->db, s);
    bind_text(s, indexed_value(m->call->arena, system));
    bind_int(s, 0);
    step = statement_step(s);
    *number = step == STEP_ROW ? row_int(s, 0) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(m->call, m->db) : OK;
}

static Fail add_rid(Making *m, TypeId type, Str id)
{
    PackedId   packed = id_pack(id);
    Statement *s = db_statement(m->db, rid_sql);
    Step       step;

    TRY_STATEMENT(m->call, m->db, s);
    bind_int(s, type);
    bind_bytes(s, type ? packed_str(&packed) : indexed_value(m->call->arena, id));
    step = statement_step(s);
    if (step == STEP_ROW)
        add_number(m, row_int(s, 0));
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(m->call, m->db) : OK;
}

/* "code" of any system, "|code" of none, "system|code", "system|" with any code: the last is
 * looked at while searching, its system kept as a negative number. */
static Fail make_tokens(Making *m)
{
    const Clause *clause = m->term->clause;

    for (uint32_t i = 0; i < clause->count; i++) {
        const ClauseValue *v = &clause->values[i];
        int64_t            system = v->has_system ? 0 : ANY_SYSTEM;

        if (v->system.len) {
            TRY(find_system(m, v->system, &system));
            if (!system)
                continue;
        }
        if (v->has_code)
            TRY(add_tokens(m, v->text, system));
        else
            add_number(m, -system);
    }
    return OK;
}

static Fail make_uris(Making *m)
{
    const Clause *clause = m->term->clause;

    for (uint32_t i = 0; i < clause->count; i++)
        TRY(add_tokens(m, clause->values[i].text, 0));
    return OK;
}

static Fail add_any_target(Making *m, const ClauseValue *v)
{
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        if (targets_contain(m->term->clause->param->targets, type))
            TRY(add_rid(m, type, v->text));
    return OK;
}

static Fail make_targets(Making *m)
{
    const Clause *clause = m->term->clause;

    for (uint32_t i = 0; i < clause->count; i++) {
        const ClauseValue *v = &clause->values[i];

        if (v->type && v->version.len)
            TRY(add_rid(m, 0,
                        reference_versioned(m->call->arena, v->type, v->text, v->version)));
        else if (memchr(v->text.at, ':', v->text.len))
            TRY(add_rid(m, 0,
                        v->version.len ? arena_printf(m->call->arena, "%.*s|%.*s",
                                                      STR_ARG(v->text), STR_ARG(v->version))
                                       : v->text));
        else if (v->type)
            TRY(add_rid(m, v->type, v->text));
        else
            TRY(add_any_target(m, v));
    }
    return OK;
}

static Fail make_ids(Making *m)
{
    const Clause *clause = m->term->clause;

    for (uint32_t i = 0; i < clause->count; i++)
        TRY(add_rid(m, clause->param->base, clause->values[i].text));
    return OK;
}

/* One number for each value: its system; -1 for any; -2 where the system is unknown here. */
static Fail make_identifiers(Making *m)
{
    const Clause *clause = m->term->clause;

    for (uint32_t i = 0; i < clause->count; i++) {
        const ClauseValue *v = &clause->values[i];
        int64_t            system = v->has_system ? 0 : ANY_SYSTEM;

        if (v->system.len) {
            TRY(find_system(m, v->system, &system));
            if (!system)
                system = NO_SYSTEM_KNOWN;
        }
        add_number(m, system);
    }
    return OK;
}

/* ---- making a term ---- */

static Fail make_numbers(Making *m)
{
    const Clause *clause = m->term->clause;

    if (clause_is_id(clause))
        return make_ids(m);
    if (clause_by_beginning(clause))
        return OK;
    switch (clause_table(clause)) {
    case ROW_TOKEN: return clause->param->type == SEARCH_URI ? make_uris(m) : make_tokens(m);
    case ROW_IDENTIFIER: return make_identifiers(m);
    case ROW_REFERENCE: return make_targets(m);
    default: return OK;
    }
}

void params_of(const Store *s, const SearchParam *param, Arena *a, int64_t **out, size_t *count)
{
    int64_t *params = NEW_ARRAY(a, int64_t, 2);

    params[0] = s->param_numbers[param->same_as];
    params[1] = s->param_numbers[param->also];
    *out = params;
    *count = param->also != param->same_as ? 2 : 1;
}

/* What a composite's row stands under is also found by its code alone, among rows that come by
 * rid. */
static Term *make_under(Making *m, const SearchParam *param, int64_t *number)
{
    Clause           *clause;
    const SearchPart *part;
    Term             *under;

    if (!param->part_count)
        return NULL;
    part = search_param_part(param, search_param_key_part(param));
    if (part->param == SEARCH_PARAM_NONE)
        return NULL;
    clause = NEW(m->call->arena, Clause);
    clause->param = search_param_at(part->param);
    under = NEW(m->call->arena, Term);
    *under =
        (Term){ .clause = clause, .reach = FINDS_SOME, .numbers = number, .number_count = 1 };
    params_of(m->store, clause->param, m->call->arena, &under->params, &under->param_count);
    under->ordered = under->param_count == 1 && clause_table(clause) == ROW_TOKEN;
    return under->ordered ? under : NULL;
}

/* Of rows kept under a code: each parameter with each number of that code. */
static Fail key_params(Making *m)
{
    Term    keys = { .clause = m->term->clause };
    Making  of_key = { m->call, m->store, m->db, &keys, NUMBERS_AT_FIRST };
    Term   *t = m->term;
    int64_t system = t->clause->key->has_system ? 0 : ANY_SYSTEM, *params;
    size_t  count = 0;

    keys.numbers = NEW_ARRAY(m->call->arena, int64_t, NUMBERS_AT_FIRST);
    if (t->clause->key->system.len)
        TRY(find_system(m, t->clause->key->system, &system));
    if (!t->clause->key->has_code) {
        t->never = system == 0;
        t->key_system = system;
        return OK;
    }
    if (system || !t->clause->key->system.len)
        TRY(add_tokens(&of_key, t->clause->key->text, system));
    t->never = keys.number_count == 0;
    params = NEW_ARRAY(m->call->arena, int64_t, t->param_count * keys.number_count + 1);
    for (size_t p = 0; p < t->param_count; p++)
        for (size_t k = 0; k < keys.number_count; k++)
            params[count++] = param_keyed((uint32_t)t->params[p], keys.numbers[k]);
    t->params = params;
    t->param_count = count;
    if (keys.number_count == 1)
        t->under = make_under(m, t->clause->param, keys.numbers);
    return OK;
}

/* Codes that are also looked for among identifiers need the numbers of their systems. */
static Fail make_systems(Making *m)
{
    Term   other = { .clause = m->term->clause };
    Making systems = { m->call, m->store, m->db, &other, NUMBERS_AT_FIRST };

    other.numbers = NEW_ARRAY(m->call->arena, int64_t, NUMBERS_AT_FIRST);
    TRY(make_identifiers(&systems));
    m->term->systems = other.numbers;
    return OK;
}

static Reach reach_of(const Term *t)
{
    const Clause *clause = t->clause;

    if (clause_is_last_updated(clause) || clause->modifier == MODIFIER_MISSING
        || clause->modifier == MODIFIER_NOT || t->systems)
        return FINDS_NOT;
    if (clause_is_id(clause))
        return FINDS_ONE;
    if (clause_by_beginning(clause))
        return FINDS_RANGE;
    switch (clause_table(clause)) {
    case ROW_IDENTIFIER: return FINDS_FEW;
    case ROW_TOKEN:
    case ROW_REFERENCE: return FINDS_SOME;
    case ROW_STRING:
        return clause->modifier == MODIFIER_EXACT || clause->modifier == MODIFIER_EQUAL
                   ? FINDS_SOME
                   : FINDS_RANGE;
    default: return FINDS_RANGE;
    }
}

/* Whether a clause that found no number can still match something. */
static bool numbers_needed(const Clause *clause)
{
    RowKind table = clause_table(clause);

    if (clause->modifier == MODIFIER_NOT || clause_by_beginning(clause))
        return false;
    return clause_is_id(clause) || table == ROW_TOKEN || table == ROW_REFERENCE;
}

static Fail make_values(Making *m)
{
    Term         *t = m->term;
    const Clause *clause = t->clause;
    RowKind       table = clause_table(clause);

    if (clause->key)
        TRY(key_params(m));
    TRY(make_numbers(m));
    if (!clause_is_id(clause) && table == ROW_TOKEN && clause_has_kind(clause, ROW_IDENTIFIER)
        && clause->param->type == SEARCH_TOKEN && !clause->key)
        TRY(make_systems(m));
    t->reach = reach_of(t);
    if (t->number_count == 0 && !t->systems && numbers_needed(clause))
        t->never = true;
    t->ordered = t->param_count == 1 && !t->key_system && t->number_count == 1
                 && t->numbers[0] > 0 && t->reach == FINDS_SOME
                 && (table == ROW_TOKEN || table == ROW_REFERENCE);
    return OK;
}

/* Of rows that are shared with a wider parameter, those that lead to another server's resource of
 * the one type say so by a row of their own (fhir/index_reference.c). */
static Fail make_elsewhere(Making *m)
{
    const SearchParam *param = m->term->clause->param;

    if (param->type != SEARCH_REFERENCE || !param->only_type)
        return OK;
    return add_rid(m, 0, reference_elsewhere(m->call->arena, param->only_type));
}

Fail term_make(Call *c, const Store *s, Db *db, const Clause *clause, Term *out)
{
    Term   t = { .clause = clause, .reach = FINDS_NOT };
    Making m = { c, s, db, &t, NUMBERS_AT_FIRST };

    if (clause->step_count)
        return term_make_chain(c, s, db, clause, out);
    t.numbers = NEW_ARRAY(c->arena, int64_t, NUMBERS_AT_FIRST);
    params_of(s, clause->param, c->arena, &t.params, &t.param_count);
    if (clause_is_words(clause)) {
        t.reach = FINDS_SOME;
        t.ordered = true;
    } else if (clause->modifier == MODIFIER_MISSING) {
        TRY(make_elsewhere(&m));
    } else if (!clause_is_last_updated(clause)) {
        TRY(make_values(&m));
    }
    *out = t;
    return OK;
}
