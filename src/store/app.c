/* What a login has allowed a client, and the codes and tokens made of it: see people.h. */
#include "store/grant.h"
#include "store/launch.h"
#include "store/people.h"
#include "store/values.h"

#define APP_COLUMNS                                                                            \
    "number, login, client, scopes, patient, session, made_at, ends_at, revoked_at, context"

SQL(app_last_sql, "SELECT coalesce(max(number), 0) FROM app");
SQL(app_add_sql,
    "INSERT INTO app (" APP_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)");
SQL(app_at_sql, "SELECT " APP_COLUMNS " FROM own_app WHERE number = $1");
SQL(app_each_sql, "SELECT " APP_COLUMNS " FROM own_app WHERE login = $1 ORDER BY number");
SQL(app_revoke_sql, "UPDATE app SET revoked_at = $1 WHERE number = $2 AND revoked_at = 0");
SQL(app_own_sql, "SELECT number FROM app WHERE login = 0 AND client = $1 AND revoked_at = 0");
SQL(app_extend_sql, "UPDATE app SET ends_at = $1 WHERE number = $2 AND ends_at < $3");
SQL(app_alive_sql, "SELECT number FROM app WHERE number = $1 AND revoked_at = 0");
SQL(code_add_sql, "INSERT INTO app_code (hash, app, redirect, challenge, ends_at, used_at,"
                  " nonce, proved_at) VALUES ($1, $2, $3, $4, $5, 0, $6, $7)");
SQL(code_find_sql,
    "SELECT app, redirect, challenge, ends_at, used_at, nonce, proved_at FROM own_app_code"
    " WHERE hash = $1");
SQL(code_use_sql, "UPDATE app_code SET used_at = $1 WHERE hash = $2 AND used_at = 0"
                  " RETURNING app");
SQL(refresh_add_sql,
    "INSERT INTO app_refresh (hash, app, made_at, used_at) VALUES ($1, $2, $3, 0)");
SQL(refresh_find_sql, "SELECT app, used_at FROM own_app_refresh WHERE hash = $1");
SQL(refresh_use_sql, "UPDATE app_refresh SET used_at = $1 WHERE hash = $2 AND used_at = 0"
                     " RETURNING app");

typedef struct Adding {
    const App     *app;
    const AppCode *code;
    const uint8_t *launch; /* or NULL */
    uint32_t       number;
    int64_t        now_us;
} Adding;

static Fail app_add(Call *c, Writer *w, void *context)
{
    Adding        *a = context;
    const App     *app = a->app;
    const AppCode *code = a->code;
    Statement     *row;

    if (a->launch)
        TRY(launch_use(c, w, a->launch, a->now_us));
    TRY(values_row(c, w->db, app_last_sql, NULL, 0, &row));
    a->number = (row ? (uint32_t)row_int(row, 0) : 0) + 1;
    if (row)
        statement_reset(row);
    TRY(values_run(c, w->db, app_add_sql,
                   VALUES(value_int(a->number), value_int(app->login), value_text(app->client),
                          value_text(app->scopes), value_text(app->patient),
                          value_bytes(app->session), value_int(a->now_us),
                          value_int(app->ends_us), value_text(app->context))));
    return values_run(c, w->db, code_add_sql,
                      VALUES(value_hash(code->hash), value_int(a->number),
                             value_text(code->redirect), value_text(code->challenge),
                             value_int(code->ends_us), value_text(code->nonce),
                             value_int(code->proved_us)));
}

Fail store_app_add(Call *c, Store *s, App *app, AppCode *code,
                   const uint8_t launch[SECRET_HASH_BYTES])
{
    Adding a = { .app = app, .code = code, .launch = launch, .now_us = c->now_us };

    TRY(writer_run(c, s, app_add, &a, true));
    app->number = code->app = a.number;
    return OK;
}

static App app_take(Arena *a, Statement *s)
{
    return (App){
        .number = (uint32_t)row_int(s, 0),
        .login = (uint32_t)row_int(s, 1),
        .client = arena_str(a, row_text(s, 2)),
        .scopes = arena_str(a, row_text(s, 3)),
        .patient = arena_str(a, row_text(s, 4)),
        .session = arena_str(a, row_bytes(s, 5)),
        .made_us = row_int(s, 6),
        .ends_us = row_int(s, 7),
        .revoked = row_int(s, 8) != 0,
        .context = arena_str(a, row_text(s, 9)),
    };
}

Fail store_app_at(Call *c, Session *s, uint32_t number, App *out)
{
    Statement *row = NULL;
    Fail       result;

    TRY(session_enter(c, s, NULL));
    result = values_row(c, s->db, app_at_sql, VALUES(value_int(number)), &row);
    if (row) {
        *out = app_take(c->arena, row);
        statement_reset(row);
    }
    session_leave(s);
    if (result == OK && !row)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "There is no such app");
    return result;
}

static Fail each_app(Call *c, Session *s, uint32_t login, bool (*each)(void *, const App *),
                     void *context)
{
    Statement *all = db_statement(s->db, app_each_sql);
    bool       go_on = true;
    Step       step = STEP_DONE;

    TRY_STATEMENT(c, s->db, all);
    bind_int(all, login);
    while (go_on && (step = statement_step(all)) == STEP_ROW) {
        App app = app_take(c->arena, all);

        go_on = each(context, &app);
    }
    statement_reset(all);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

Fail store_app_each(Call *c, Session *s, uint32_t login,
                    bool (*each)(void *context, const App *app), void *context)
{
    Fail result;

    TRY(session_enter(c, s, NULL));
    result = each_app(c, s, login, each, context);
    session_leave(s);
    return result;
}

static Fail app_revoke(Call *c, Writer *w, void *context)
{
    const Adding *a = context;

    return values_run(c, w->db, app_revoke_sql,
                      VALUES(value_int(a->now_us), value_int(a->number)));
}

Fail store_app_revoke(Call *c, Store *s, uint32_t number)
{
    Adding a = { .number = number, .now_us = c->now_us };

    return writer_run(c, s, app_revoke, &a, true);
}

Fail store_code_find(Call *c, Session *s, const SecretHash hash, AppCode *out)
{
    Statement *row = NULL;
    Fail       result;

    TRY(session_enter(c, s, NULL));
    result = values_row(c, s->db, code_find_sql, VALUES(value_hash(hash)), &row);
    if (row) {
        *out = (AppCode){ .app = (uint32_t)row_int(row, 0),
                          .redirect = arena_str(c->arena, row_text(row, 1)),
                          .challenge = arena_str(c->arena, row_text(row, 2)),
                          .ends_us = row_int(row, 3),
                          .used = row_int(row, 4) != 0,
                          .nonce = arena_str(c->arena, row_text(row, 5)),
                          .proved_us = row_int(row, 6) };
        memcpy(out->hash, hash, sizeof out->hash);
        statement_reset(row);
    }
    session_leave(s);
    if (result == OK && !row)
        return fail(c, FAIL_NOT_FOUND, STR("code"), "There is no such code");
    return result;
}

typedef struct Redeeming {
    const Redemption *r;
    int64_t           now_us;
    bool              taken;
} Redeeming;

/* A second use means that two hold it, and nobody can tell which of them is the thief: so
 * nothing made of it is good any more (RFC 9700 4.14.2). */
static Fail app_redeem(Call *c, Writer *w, void *context)
{
    Redeeming        *redeeming = context;
    const Redemption *r = redeeming->r;
    const char       *use = r->refresh ? refresh_use_sql : code_use_sql;
    bool              alive;
    uint32_t          number;

    TRY(values_any(c, w->db, use, VALUES(value_int(redeeming->now_us), value_hash(r->used)),
                   &redeeming->taken));
    if (!redeeming->taken)
        return values_run(c, w->db, app_revoke_sql,
                          VALUES(value_int(redeeming->now_us), value_int(r->app)));
    TRY(values_any(c, w->db, app_alive_sql, VALUES(value_int(r->app)), &alive));
    redeeming->taken = alive;
    if (!alive)
        return OK;
    TRY(grant_insert(c, w, &r->access, &number));
    if (!r->renews)
        return OK;
    TRY(values_run(
        c, w->db, app_extend_sql,
        VALUES(value_int(r->app_ends_us), value_int(r->app), value_int(r->app_ends_us))));
    return values_run(
        c, w->db, refresh_add_sql,
        VALUES(value_hash(r->next), value_int(r->app), value_int(redeeming->now_us)));
}

Fail store_app_redeem(Call *c, Store *s, const Redemption *r, bool *taken)
{
    Redeeming redeeming = { .r = r, .now_us = c->now_us };

    TRY(writer_run(c, s, app_redeem, &redeeming, true));
    *taken = redeeming.taken;
    return OK;
}

typedef struct Owning {
    Str          client;
    const Grant *grant;
    uint32_t     number;
} Owning;

static Fail own_app(Call *c, Writer *w, const Owning *o, uint32_t *number)
{
    Statement *row;

    TRY(values_row(c, w->db, app_own_sql, VALUES(value_text(o->client)), &row));
    if (row) {
        *number = (uint32_t)row_int(row, 0);
        statement_reset(row);
        return OK;
    }
    TRY(values_row(c, w->db, app_last_sql, NULL, 0, &row));
    *number = (row ? (uint32_t)row_int(row, 0) : 0) + 1;
    if (row)
        statement_reset(row);
    return values_run(c, w->db, app_add_sql,
                      VALUES(value_int(*number), value_int(0), value_text(o->client),
                             value_text((Str){ 0 }), value_text((Str){ 0 }),
                             value_bytes((Str){ 0 }), value_int(o->grant->made_us),
                             value_int(INT64_MAX), value_text((Str){ 0 })));
}

static Fail app_own(Call *c, Writer *w, void *context)
{
    Owning *o = context;
    Grant   grant = *o->grant;

    TRY(own_app(c, w, o, &grant.app));
    return grant_insert(c, w, &grant, &o->number);
}

Fail store_app_own(Call *c, Store *s, Str client, Grant *grant)
{
    Owning o = { .client = client, .grant = grant };

    TRY(writer_run(c, s, app_own, &o, true));
    grant->number = o.number;
    return OK;
}

Fail store_refresh_find(Call *c, Session *s, const SecretHash hash, uint32_t *app, bool *used)
{
    Statement *row = NULL;
    Fail       result;

    TRY(session_enter(c, s, NULL));
    result = values_row(c, s->db, refresh_find_sql, VALUES(value_hash(hash)), &row);
    if (row) {
        *app = (uint32_t)row_int(row, 0);
        *used = row_int(row, 1) != 0;
        statement_reset(row);
    }
    session_leave(s);
    if (result == OK && !row)
        return fail(c, FAIL_NOT_FOUND, STR("refresh_token"), "There is no such token");
    return result;
}
