/*
 * Which codes are in use under a token parameter, answered by the rows of the index: from one
 * code to the next, looking each time whether the permit shows a resource that has it.
 */
#include "store/state.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "store/intern.h"
#include "store/limit.h"

SQL(next_sql, "SELECT u.token FROM known_use u WHERE u.param = $1 AND u.token > $2"
              " ORDER BY u.token LIMIT 1");
SQL(system_sql, "SELECT number FROM known_token WHERE code = $1 AND system = 0");
SQL(codes_sql, "SELECT code FROM known_token WHERE system = $1 LIMIT $2");
SQL(name_sql, "SELECT k.code, k.system FROM known_token k WHERE k.number = $1");

/* In a practice the first row of the code will do; a patient's record is smaller than what the
 * code finds. */
#define SHOWN_TEXT(tables)                                                                     \
    "SELECT c.rid FROM " tables " WHERE x.param = $1 AND x.token = $2 AND c.type = $3"         \
    " AND c.rid = x.rid LIMIT 1"
SQL(shown_practice_sql, SHOWN_TEXT("practice_index_token x CROSS JOIN practice_current c"));
SQL(shown_chart_sql, SHOWN_TEXT("chart_current c CROSS JOIN chart_index_token x"));
SQL(shown_shared_sql, SHOWN_TEXT("shared_index_token x CROSS JOIN shared_current c"));

static const char *const shown_sql[VIEWS] = {
    [VIEW_PRACTICE] = shown_practice_sql,
    [VIEW_CHART] = shown_chart_sql,
    [VIEW_SHARED] = shown_shared_sql,
};

typedef struct Using {
    Call         *call;
    Session      *session;
    const Permit *permit;
    int64_t      *tokens; /* of one type after the other, so perhaps more than once */
    size_t        count, room;
} Using;

static Fail next_token(Using *u, int64_t param, int64_t after, int64_t *token)
{
    Db        *db = u->session->db;
    Statement *s = db_statement(db, next_sql);
    Step       step;

    TRY_STATEMENT(u->call, db, s);
    bind_int(s, param);
    bind_int(s, after);
    step = statement_step(s);
    *token = step == STEP_ROW ? row_int(s, 0) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(u->call, db) : OK;
}

/* Where rows narrow the permit, they are asked of each that has the code. */
static Fail is_shown_within(Using *u, TypeId type, int64_t param, int64_t token, bool *shown)
{
    Db        *db = u->session->db;
    SqlText    sql = sql_text_new(u->call->arena, scope_view(u->permit, type));
    Statement *s;
    Step       step;

    sql_put(&sql, "SELECT c.rid FROM @_index_token x CROSS JOIN @_current c WHERE x.param = ?"
                  " AND x.token = ? AND c.type = ? AND c.rid = x.rid");
    sql_int(&sql, param);
    sql_int(&sql, token);
    sql_int(&sql, type);
    TRY(limit_put(u->call, db, type, &sql));
    sql_put(&sql, " LIMIT 1");
    s = sql_statement(db, &sql);
    TRY_STATEMENT(u->call, db, s);
    step = statement_step(s);
    *shown = step == STEP_ROW;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(u->call, db) : OK;
}

static Fail is_shown_all(Using *u, TypeId type, int64_t param, int64_t token, bool *shown)
{
    Db        *db = u->session->db;
    Statement *s = db_statement(db, shown_sql[scope_view(u->permit, type)]);
    Step       step;

    TRY_STATEMENT(u->call, db, s);
    bind_int(s, param);
    bind_int(s, token);
    bind_int(s, type);
    step = statement_step(s);
    *shown = step == STEP_ROW;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(u->call, db) : OK;
}

static Fail is_shown(Using *u, TypeId type, int64_t param, int64_t token, bool *shown)
{
    return (limit_hides(u->session->db, type) ? is_shown_within : is_shown_all)(u, type, param,
                                                                                token, shown);
}

static void add_token(Using *u, int64_t token)
{
    if (u->count == u->room) {
        size_t room = u->room ? u->room * 2 : 64;

        u->tokens = arena_grow(u->call->arena, u->tokens, u->room * sizeof *u->tokens,
                               room * sizeof *u->tokens);
        u->room = room;
    }
    u->tokens[u->count++] = token;
}

static Fail add_type(Using *u, TypeId type, Str code)
{
    const SearchParam *param = search_param_find(type, code);
    int64_t            number, token = 0;
    bool               shown;

    if (!param || !type_set_has(&u->permit->types, type))
        return OK;
    ENSURE(param->kinds & 1 << ROW_TOKEN);
    TRY(limit_want(u->call, u->session->db, type));
    number = u->session->store->param_numbers[param->same_as];
    while (number) {
        TRY(next_token(u, number, token, &token));
        if (!token)
            break;
        if (call_late(u->call))
            return fail(u->call, FAIL_TIMEOUT, (Str){ 0 }, "That takes too long");
        TRY(is_shown(u, type, number, token, &shown));
        if (shown)
            add_token(u, token);
    }
    return OK;
}

static int compare_tokens(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void unite(Using *u)
{
    size_t kept = 0;

    if (u->count)
        qsort(u->tokens, u->count, sizeof *u->tokens, compare_tokens);
    for (size_t i = 0; i < u->count; i++)
        if (!kept || u->tokens[kept - 1] != u->tokens[i])
            u->tokens[kept++] = u->tokens[i];
    u->count = kept;
}

static Fail token_name(Using *u, int64_t token, Str *code, int64_t *system)
{
    Db        *db = u->session->db;
    Statement *s = db_statement(db, name_sql);
    Step       step;

    TRY_STATEMENT(u->call, db, s);
    bind_int(s, token);
    step = statement_step(s);
    *code = step == STEP_ROW ? arena_str(u->call->arena, row_text(s, 0)) : (Str){ 0 };
    *system = step == STEP_ROW ? row_int(s, 1) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(u->call, db) : OK;
}

/* What was cut before it was kept, at the end of a character, is not told: it would be another
 * code. */
static bool is_whole(Str text)
{
    return text.len < INDEXED_BYTES_MAX - 3;
}

static Fail name_tokens(Using *u, UsedCode **out, size_t *count)
{
    UsedCode *codes = NEW_ARRAY(u->call->arena, UsedCode, u->count + 1);
    size_t    named = 0;

    for (size_t i = 0; i < u->count; i++) {
        UsedCode code = { 0 };
        int64_t  system, none;

        TRY(token_name(u, u->tokens[i], &code.code, &system));
        if (system)
            TRY(token_name(u, system, &code.system, &none));
        if (is_whole(code.code) && is_whole(code.system))
            codes[named++] = code;
    }
    *out = codes;
    *count = named;
    return OK;
}

static Fail use(Using *u, TypeId type, Str code, UsedCode **out, size_t *count)
{
    TypeId first = type ? type : 1, last = type ? type : RESOURCE_TYPES;

    for (TypeId each = first; each <= last; each++)
        TRY(add_type(u, each, code));
    unite(u);
    return name_tokens(u, out, count);
}

Fail store_used_codes(Call *c, Session *s, const Permit *permit, TypeId type, Str param,
                      UsedCode **out, size_t *count)
{
    Using u = { .call = c, .session = s, .permit = permit };
    Fail  result;

    TRY(session_enter(c, s, permit));
    result = use(&u, type, param, out, count);
    session_leave(s);
    return result;
}

/* ---- of one system ---- */

static Fail find_system(Using *u, Str system, int64_t *number)
{
    Db        *db = u->session->db;
    Statement *s = db_statement(db, system_sql);
    Step       step;

    TRY_STATEMENT(u->call, db, s);
    bind_text(s, indexed_value(u->call->arena, system));
    step = statement_step(s);
    *number = step == STEP_ROW ? row_int(s, 0) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(u->call, db) : OK;
}

static Fail list_codes(Using *u, Str system, Str **out, size_t *count)
{
    Db        *db = u->session->db;
    size_t     room = 64;
    int64_t    number;
    Statement *s;
    Step       step;

    *out = NEW_ARRAY(u->call->arena, Str, room);
    TRY(find_system(u, system, &number));
    if (!number)
        return OK;
    s = db_statement(db, codes_sql);
    TRY_STATEMENT(u->call, db, s);
    bind_int(s, number);
    bind_int(s, LIMIT_QUERY_CODES + 1);
    while ((step = statement_step(s)) == STEP_ROW) {
        Str code = arena_str(u->call->arena, row_text(s, 0));

        if (*count == room) {
            *out =
                arena_grow(u->call->arena, *out, room * sizeof **out, 2 * room * sizeof **out);
            room *= 2;
        }
        if (is_whole(code))
            (*out)[(*count)++] = code;
    }
    if (step == STEP_FAILED)
        return db_fail(u->call, db);
    if (*count > LIMIT_QUERY_CODES)
        return fail(u->call, FAIL_TOO_COSTLY, (Str){ 0 },
                    "more than %d codes of the system are in use (LIMIT_QUERY_CODES)",
                    LIMIT_QUERY_CODES);
    return OK;
}

Fail store_known_codes(Call *c, Session *s, const Permit *permit, Str system, Str **out,
                       size_t *count)
{
    Using u = { .call = c, .session = s, .permit = permit };
    Fail  result;

    *count = 0;
    TRY(session_enter(c, s, permit));
    result = list_codes(&u, system, out, count);
    session_leave(s);
    return result;
}
