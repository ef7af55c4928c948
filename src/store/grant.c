/* Grants: what bearer tokens may do. The token is not kept, only its SHA-256. */
#include "store/grant.h"

SQL(grant_put_sql,
    "INSERT INTO grant_token (number, hash, scopes, patient, name, made_at, ends_at, revoked,"
    " app) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
SQL(grant_change_sql, "UPDATE grant_token SET ends_at = $1, revoked = $2 WHERE number = $3");
SQL(grant_last_sql, "SELECT coalesce(max(number), 0) FROM grant_token");
SQL(grant_find_sql,
    "SELECT number, scopes, patient, name, made_at, ends_at, revoked, app, role,"
    " login_patient, until_at, own_scopes, from_at, switches,"
    " glass, login, linked FROM own_grant WHERE hash = $1");

SQL(grant_each_sql,
    "SELECT number, scopes, patient, name, made_at, ends_at, revoked, app, role,"
    " login_patient, until_at, own_scopes, from_at, switches,"
    " glass, login, linked FROM own_grant ORDER BY number");

static Fail grant_change(Call *c, Writer *w, const Grant *grant)
{
    Statement *s = db_statement(w->db, grant_change_sql);

    TRY_STATEMENT(c, w->db, s);
    bind_int(s, grant->ends_us);
    bind_int(s, grant->revoked);
    bind_int(s, grant->number);
    return statement_run(s) ? OK : db_fail(c, w->db);
}

static Fail grant_number(Call *c, Writer *w, uint32_t *number)
{
    Statement *s = db_statement(w->db, grant_last_sql);

    TRY_STATEMENT(c, w->db, s);
    if (statement_step(s) != STEP_ROW)
        return db_fail(c, w->db);
    *number = (uint32_t)row_int(s, 0) + 1;
    statement_reset(s);
    return OK;
}

typedef struct Putting {
    const Grant *grant;
    uint32_t     number; /* given */
} Putting;

Fail grant_insert(Call *c, Writer *w, const Grant *grant, uint32_t *number)
{
    Statement *s;

    TRY(grant_number(c, w, number));
    s = db_statement(w->db, grant_put_sql);
    TRY_STATEMENT(c, w->db, s);
    bind_int(s, *number);
    bind_bytes(s, (Str){ (const char *)grant->hash, sizeof grant->hash });
    bind_text(s, grant->scopes);
    bind_text(s, grant->patient);
    bind_text(s, grant->name);
    bind_int(s, grant->made_us);
    bind_int(s, grant->ends_us);
    bind_int(s, grant->revoked);
    bind_int(s, grant->app);
    return statement_run(s) ? OK : db_fail(c, w->db);
}

static Fail grant_put(Call *c, Writer *w, void *context)
{
    Putting     *p = context;
    const Grant *grant = p->grant;

    p->number = grant->number;
    if (grant->number)
        return grant_change(c, w, grant);
    return grant_insert(c, w, grant, &p->number);
}

Fail store_grant_put(Call *c, Store *s, Grant *grant)
{
    Putting p = { .grant = grant };

    TRY(writer_run(c, s, grant_put, &p, true));
    grant->number = p.number;
    return OK;
}

/* The row a statement stands on, but for the hash. */
static Grant grant_take(Arena *a, Statement *s)
{
    return (Grant){
        .number = (uint32_t)row_int(s, 0),
        .scopes = arena_str(a, row_text(s, 1)),
        .patient = arena_str(a, row_text(s, 2)),
        .name = arena_str(a, row_text(s, 3)),
        .made_us = row_int(s, 4),
        .ends_us = row_int(s, 5),
        .revoked = row_int(s, 6) != 0,
        .app = (uint32_t)row_int(s, 7),
        .role = arena_str(a, row_text(s, 8)),
        .login_patient = arena_str(a, row_text(s, 9)),
        .until_us = row_int(s, 10),
        .own_scopes = arena_str(a, row_text(s, 11)),
        .from_us = row_int(s, 12),
        .switches = (uint8_t)row_int(s, 13),
        .glass = (uint32_t)row_int(s, 14),
        .login = (uint32_t)row_int(s, 15),
        .linked = arena_str(a, row_text(s, 16)),
    };
}

static Fail grant_find(Call *c, Session *s, const uint8_t hash[32], Grant *out)
{
    Statement *find = db_statement(s->db, grant_find_sql);
    Step       step;

    TRY_STATEMENT(c, s->db, find);
    bind_bytes(find, (Str){ (const char *)hash, 32 });
    step = statement_step(find);
    if (step == STEP_FAILED)
        return db_fail(c, s->db);
    if (step == STEP_DONE)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "there is no such grant");
    *out = grant_take(c->arena, find);
    memcpy(out->hash, hash, sizeof out->hash);
    statement_reset(find);
    return OK;
}

Fail store_grant_find(Call *c, Session *s, const uint8_t hash[32], Grant *out)
{
    Fail result;

    TRY(session_enter(c, s, NULL));
    result = grant_find(c, s, hash, out);
    session_leave(s);
    return result;
}

static Fail grant_each(Call *c, Session *s, bool (*each)(void *, const Grant *), void *context)
{
    Statement *all = db_statement(s->db, grant_each_sql);
    bool       go_on = true;
    Step       step = STEP_DONE;

    TRY_STATEMENT(c, s->db, all);
    while (go_on && (step = statement_step(all)) == STEP_ROW) {
        ArenaMark mark = arena_mark(c->arena);
        Grant     grant = grant_take(c->arena, all);

        go_on = each(context, &grant);
        arena_rewind(c->arena, mark);
    }
    statement_reset(all);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

Fail store_grant_each(Call *c, Session *s, bool (*each)(void *context, const Grant *grant),
                      void *context)
{
    Fail result;

    TRY(session_enter(c, s, NULL));
    result = grant_each(c, s, each, context);
    session_leave(s);
    return result;
}
