/* Sessions of browsers: see people.h. */
#include "store/people.h"
#include "store/values.h"

enum { LONGEST_DAYS = 2 }; /* no session lasts longer, so older rows tell nothing */

SQL(session_add_sql,
    "INSERT INTO login_session (hash, login, stage, made_at, seen_at, ended_at)"
    " VALUES ($1, $2, $3, $4, $5, 0)");
SQL(session_find_sql, "SELECT login, stage, made_at, seen_at, ended_at FROM own_login_session"
                      " WHERE hash = $1");
SQL(session_seen_sql, "UPDATE login_session SET seen_at = $1 WHERE hash = $2 AND ended_at = 0");
SQL(session_end_sql, "UPDATE login_session SET ended_at = $1 WHERE hash = $2 AND ended_at = 0");
SQL(session_forget_sql, "DELETE FROM login_session WHERE login = $1 AND made_at < $2");

typedef struct Turning {
    const LoginSession *session, *instead;
    const uint8_t      *hash;
    int64_t             now_us;
} Turning;

static Fail session_begin(Call *c, Writer *w, void *context)
{
    const Turning      *t = context;
    const LoginSession *s = t->session;
    int64_t             oldest = t->now_us - INT64_C(86400000000) * LONGEST_DAYS;

    if (t->instead)
        TRY(values_run(c, w->db, session_end_sql,
                       VALUES(value_int(t->now_us), value_hash(t->instead->hash))));
    TRY(values_run(c, w->db, session_forget_sql,
                   VALUES(value_int(s->login), value_int(oldest))));
    return values_run(c, w->db, session_add_sql,
                      VALUES(value_hash(s->hash), value_int(s->login), value_int(s->stage),
                             value_int(s->made_us), value_int(t->now_us)));
}

Fail store_login_session_begin(Call *c, Store *s, const LoginSession *session,
                               const LoginSession *instead)
{
    Turning t = { .session = session, .instead = instead, .now_us = c->now_us };

    return writer_run(c, s, session_begin, &t, true);
}

Fail store_login_session_find(Call *c, Session *s, const SecretHash hash, LoginSession *out)
{
    Statement *row = NULL;
    Fail       result;

    TRY(session_enter(c, s, NULL));
    result = values_row(c, s->db, session_find_sql, VALUES(value_hash(hash)), &row);
    if (row) {
        *out = (LoginSession){ .login = (uint32_t)row_int(row, 0),
                               .stage = (uint8_t)row_int(row, 1),
                               .made_us = row_int(row, 2),
                               .seen_us = row_int(row, 3),
                               .ended = row_int(row, 4) != 0 };
        memcpy(out->hash, hash, sizeof out->hash);
        statement_reset(row);
    }
    session_leave(s);
    if (result == OK && !row)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "There is no such session");
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
    const Turning *t = context;

    return values_run(c, w->db, session_end_sql,
                      VALUES(value_int(t->now_us), value_hash(t->hash)));
}

Fail store_login_session_end(Call *c, Store *s, const SecretHash hash)
{
    Turning t = { .hash = hash, .now_us = c->now_us };

    return writer_run(c, s, session_end, &t, true);
}
