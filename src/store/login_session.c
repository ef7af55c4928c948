/* Sessions of browsers: see people.h. */
#include "store/login_end.h"
#include "store/people.h"
#include "store/values.h"

enum { LONGEST_DAYS = 2 }; /* no session lasts longer, so older rows tell nothing */

#define SESSION_COLUMNS                                                                        \
    "login, stage, made_at, seen_at, ended_at, proved_at, network, agent, hash"

SQL(session_add_sql, "INSERT INTO login_session (" SESSION_COLUMNS
                     ") VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8)");
SQL(session_find_sql, "SELECT " SESSION_COLUMNS " FROM own_login_session WHERE hash = $1");
SQL(session_each_sql, "SELECT " SESSION_COLUMNS " FROM own_login_session"
                      " WHERE login = $1 AND ended_at = 0 ORDER BY seen_at DESC");
SQL(session_seen_sql, "UPDATE login_session SET seen_at = $1 WHERE hash = $2 AND ended_at = 0");
SQL(session_end_sql, "UPDATE login_session SET ended_at = $1 WHERE hash = $2 AND ended_at = 0"
                     " AND login = $3 RETURNING login");
SQL(session_apps_sql, "UPDATE app SET session = $1 WHERE session = $2");
SQL(session_revoke_sql,
    "UPDATE app SET revoked_at = $1 WHERE login = $2 AND revoked_at = 0 AND session IN"
    " (SELECT hash FROM login_session WHERE login = $3 AND ended_at <> 0)");
SQL(session_glass_sql, "UPDATE break_glass SET session = $1 WHERE session = $2");
SQL(session_forget_sql, "DELETE FROM login_session WHERE login = $1 AND made_at < $2");

typedef struct Turning {
    const LoginSession *session, *instead;
    const uint8_t      *hash;
    uint32_t            login;
    int64_t             now_us;
    bool                ended;
} Turning;

Fail login_end_apps(Call *c, Writer *w, uint32_t login, int64_t now_us)
{
    return values_run(c, w->db, session_revoke_sql,
                      VALUES(value_int(now_us), value_int(login), value_int(login)));
}

static Fail session_begin(Call *c, Writer *w, void *context)
{
    const Turning      *t = context;
    const LoginSession *s = t->session;
    int64_t             oldest = t->now_us - INT64_C(86400000000) * LONGEST_DAYS;
    bool                ended;

    if (t->instead) {
        TRY(values_any(c, w->db, session_end_sql,
                       VALUES(value_int(t->now_us), value_hash(t->instead->hash),
                              value_int(t->instead->login)),
                       &ended));
        TRY(values_run(c, w->db, session_apps_sql,
                       VALUES(value_hash(s->hash), value_hash(t->instead->hash))));
        TRY(values_run(c, w->db, session_glass_sql,
                       VALUES(value_hash(s->hash), value_hash(t->instead->hash))));
    }
    TRY(values_run(c, w->db, session_forget_sql,
                   VALUES(value_int(s->login), value_int(oldest))));
    return values_run(c, w->db, session_add_sql,
                      VALUES(value_int(s->login), value_int(s->stage), value_int(s->made_us),
                             value_int(t->now_us), value_int(s->proved_us),
                             value_text(s->network), value_text(s->agent),
                             value_hash(s->hash)));
}

Fail store_login_session_begin(Call *c, Store *s, const LoginSession *session,
                               const LoginSession *instead)
{
    Turning t = { .session = session, .instead = instead, .now_us = c->now_us };

    return writer_run(c, s, session_begin, &t, true);
}

static LoginSession session_take(Arena *a, Statement *row)
{
    LoginSession s = { .login = (uint32_t)row_int(row, 0),
                       .stage = (uint8_t)row_int(row, 1),
                       .made_us = row_int(row, 2),
                       .seen_us = row_int(row, 3),
                       .ended = row_int(row, 4) != 0,
                       .proved_us = row_int(row, 5),
                       .network = arena_str(a, row_text(row, 6)),
                       .agent = arena_str(a, row_text(row, 7)) };
    Str          hash = row_bytes(row, 8);

    if (hash.len == sizeof s.hash)
        memcpy(s.hash, hash.at, sizeof s.hash);
    return s;
}

Fail store_login_session_find(Call *c, Session *s, const SecretHash hash, LoginSession *out)
{
    Statement *row = NULL;
    Fail       result;

    TRY(session_enter(c, s, NULL));
    result = values_row(c, s->db, session_find_sql, VALUES(value_hash(hash)), &row);
    if (row) {
        *out = session_take(c->arena, row);
        statement_reset(row);
    }
    session_leave(s);
    if (result == OK && !row)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "There is no such session");
    return result;
}

static Fail each_session(Call *c, Session *s, uint32_t login,
                         bool (*each)(void *, const LoginSession *), void *context)
{
    Statement *all = db_statement(s->db, session_each_sql);
    bool       go_on = true;
    Step       step = STEP_DONE;

    TRY_STATEMENT(c, s->db, all);
    bind_int(all, login);
    while (go_on && (step = statement_step(all)) == STEP_ROW) {
        LoginSession session = session_take(c->arena, all);

        go_on = each(context, &session);
    }
    statement_reset(all);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

Fail store_login_session_each(Call *c, Session *s, uint32_t login,
                              bool (*each)(void *context, const LoginSession *session),
                              void *context)
{
    Fail result;

    TRY(session_enter(c, s, NULL));
    result = each_session(c, s, login, each, context);
    session_leave(s);
    return result;
}

static Fail session_seen(Call *c, Writer *w, void *context)
{
    const Turning *t = context;

    return values_run(c, w->db, session_seen_sql,
                      VALUES(value_int(t->now_us), value_hash(t->hash)));
}

Fail store_login_session_seen(Call *c, Store *s, const SecretHash hash)
{
    Turning t = { .hash = hash, .now_us = c->now_us };

    return writer_run(c, s, session_seen, &t, true);
}

static Fail session_end(Call *c, Writer *w, void *context)
{
    Turning *t = context;

    TRY(values_any(c, w->db, session_end_sql,
                   VALUES(value_int(t->now_us), value_hash(t->hash), value_int(t->login)),
                   &t->ended));
    return t->ended ? login_end_apps(c, w, t->login, t->now_us) : OK;
}

Fail store_login_session_end(Call *c, Store *s, uint32_t login, const SecretHash hash)
{
    Turning t = { .hash = hash, .login = login, .now_us = c->now_us };

    TRY(writer_run(c, s, session_end, &t, true));
    if (!t.ended)
        return fail(c, FAIL_NOT_FOUND, STR("session"), "There is no such session");
    return OK;
}
