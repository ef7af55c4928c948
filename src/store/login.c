/* Logins and what they prove themselves with: see people.h. */
#include "store/login_end.h"
#include "store/people.h"
#include "store/values.h"

#define LOGIN_COLUMNS                                                                          \
    "number, name, role, linked, patient, until_at, password, device, totp, totp_step,"        \
    " disabled, made_at"

SQL(login_any_sql, "SELECT number FROM login WHERE name = $1");
SQL(login_last_sql, "SELECT coalesce(max(number), 0) FROM login");
SQL(login_add_sql, "INSERT INTO login (" LOGIN_COLUMNS
                   ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11)");
SQL(login_record_sql, "INSERT INTO login_patient (login, patient, switches, from_at, until_at,"
                      " made_at) VALUES ($1, $2, $3, $4, $5, $6)");
SQL(login_find_sql, "SELECT " LOGIN_COLUMNS " FROM own_login WHERE name = $1");
SQL(login_at_sql, "SELECT " LOGIN_COLUMNS " FROM own_login WHERE number = $1");
SQL(login_each_sql, "SELECT " LOGIN_COLUMNS " FROM own_login ORDER BY number");
SQL(login_disable_sql, "UPDATE login SET disabled = $1 WHERE number = $2");
SQL(login_role_sql, "UPDATE login SET role = $1, linked = $2, patient = $3 WHERE number = $4");
SQL(login_bare_sql, "UPDATE login SET password = '' WHERE number = $1");
SQL(login_totp_sql, "UPDATE login SET totp = $1, totp_step = $2 WHERE number = $3");
SQL(login_step_sql, "UPDATE login SET totp_step = $1 WHERE number = $2 AND totp_step < $3"
                    " RETURNING number");
SQL(login_password_sql, "UPDATE login SET password = $1, device = $2 WHERE number = $3");
SQL(recovery_clear_sql, "DELETE FROM recovery_code WHERE login = $1");
SQL(recovery_add_sql, "INSERT INTO recovery_code (login, hash, used_at) VALUES ($1, $2, 0)");
SQL(recovery_use_sql, "UPDATE recovery_code SET used_at = $1 WHERE login = $2 AND hash = $3"
                      " AND used_at = 0 RETURNING login");
SQL(link_add_sql, "INSERT INTO login_link (hash, login, ends_at, used_at) VALUES ($1, $2, $3,"
                  " 0)");
SQL(link_void_sql, "UPDATE login_link SET used_at = $1 WHERE login = $2 AND used_at = 0");
SQL(link_find_sql, "SELECT login FROM own_login_link WHERE hash = $1 AND used_at = 0"
                   " AND ends_at > $2");
SQL(link_use_sql, "UPDATE login_link SET used_at = $1 WHERE hash = $2 AND used_at = 0"
                  " AND ends_at > $3 RETURNING login");
SQL(sessions_end_sql,
    "UPDATE login_session SET ended_at = $1 WHERE login = $2 AND ended_at = 0");
SQL(passkeys_clear_sql, "DELETE FROM passkey WHERE login = $1");
SQL(recovery_count_sql, "SELECT count(*) FROM own_recovery_code WHERE login = $1"
                        " AND used_at = 0");
SQL(others_end_sql, "UPDATE login_session SET ended_at = $1 WHERE login = $2 AND ended_at = 0"
                    " AND hash <> $3");
SQL(apps_end_sql, "UPDATE app SET revoked_at = $1 WHERE login = $2 AND revoked_at = 0");

static Fail link_dead(Call *c)
{
    return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "The link was used, or is too old");
}

/* ---- making ---- */

typedef struct Adding {
    const LoginAdd *add;
    int64_t         now_us;
    uint32_t        number;
} Adding;

static Fail check_new(Call *c, Writer *w, const LoginAdd *add, uint32_t *number)
{
    Statement *row;
    bool       taken;

    TRY(values_any(c, w->db, login_any_sql, VALUES(value_text(add->login.name)), &taken));
    if (taken)
        return fail(c, FAIL_DUPLICATE, STR("name"), "There is a login of that name already");
    TRY(values_row(c, w->db, login_last_sql, NULL, 0, &row));
    *number = (row ? (uint32_t)row_int(row, 0) : 0) + 1;
    if (row)
        statement_reset(row);
    if (add->only && *number > 1)
        return fail(c, FAIL_CONFLICT, (Str){ 0 }, "There are logins already");
    return OK;
}

static Fail login_add(Call *c, Writer *w, void *context)
{
    Adding         *a = context;
    const LoginAdd *add = a->add;
    const Login    *l = &add->login;

    TRY(check_new(c, w, add, &a->number));
    TRY(values_run(c, w->db, login_add_sql,
                   VALUES(value_int(a->number), value_text(l->name), value_text(l->role),
                          value_text(l->linked), value_text(l->patient), value_int(l->until_us),
                          value_text(l->password), value_bytes(l->device), value_bytes(l->totp),
                          value_int(l->totp_step), value_int(a->now_us))));
    if (add->record)
        TRY(values_run(c, w->db, login_record_sql,
                       VALUES(value_int(a->number), value_text(add->record->patient),
                              value_int(add->record->switches), value_int(add->record->from_us),
                              value_int(add->record->until_us), value_int(a->now_us))));
    if (add->link_ends_us == 0)
        return OK;
    return values_run(
        c, w->db, link_add_sql,
        VALUES(value_hash(add->link), value_int(a->number), value_int(add->link_ends_us)));
}

Fail store_login_add(Call *c, Store *s, const LoginAdd *add, uint32_t *number)
{
    Adding a = { .add = add, .now_us = c->now_us };

    TRY(writer_run(c, s, login_add, &a, true));
    *number = a.number;
    return OK;
}

/* ---- finding ---- */

static Login login_take(Arena *a, Statement *s)
{
    return (Login){
        .number = (uint32_t)row_int(s, 0),
        .name = arena_str(a, row_text(s, 1)),
        .role = arena_str(a, row_text(s, 2)),
        .linked = arena_str(a, row_text(s, 3)),
        .patient = arena_str(a, row_text(s, 4)),
        .until_us = row_int(s, 5),
        .password = arena_str(a, row_text(s, 6)),
        .device = arena_str(a, row_bytes(s, 7)),
        .totp = arena_str(a, row_bytes(s, 8)),
        .totp_step = row_int(s, 9),
        .disabled = row_int(s, 10) != 0,
        .made_us = row_int(s, 11),
    };
}

static Fail find_by(Call *c, Session *s, const char *literal, Value by, Login *out)
{
    Statement *row = NULL;
    Fail       result;

    TRY(session_enter(c, s, NULL));
    result = values_row(c, s->db, literal, &by, 1, &row);
    if (row) {
        *out = login_take(c->arena, row);
        statement_reset(row);
    }
    session_leave(s);
    if (result == OK && !row)
        return fail(c, FAIL_NOT_FOUND, STR("name"), "There is no such login");
    return result;
}

Fail store_login_find(Call *c, Session *s, Str name, Login *out)
{
    return find_by(c, s, login_find_sql, value_text(name), out);
}

Fail store_login_at(Call *c, Session *s, uint32_t number, Login *out)
{
    return find_by(c, s, login_at_sql, value_int(number), out);
}

static Fail each_login(Call *c, Session *s, bool (*each)(void *, const Login *), void *context)
{
    Statement *all = db_statement(s->db, login_each_sql);
    bool       go_on = true;
    Step       step = STEP_DONE;

    TRY_STATEMENT(c, s->db, all);
    while (go_on && (step = statement_step(all)) == STEP_ROW) {
        Login login = login_take(c->arena, all);

        go_on = each(context, &login);
    }
    statement_reset(all);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

Fail store_login_each(Call *c, Session *s, bool (*each)(void *context, const Login *login),
                      void *context)
{
    Fail result;

    TRY(session_enter(c, s, NULL));
    result = each_login(c, s, each, context);
    session_leave(s);
    return result;
}

/* ---- ending, and beginning again ---- */

typedef struct Resetting {
    uint32_t       number;
    int64_t        now_us, ends_us;
    bool           disabled, second_factor;
    const uint8_t *link, *device;
    Str            password;
    Str            role, linked, patient;
} Resetting;

static Fail end_everything(Call *c, Writer *w, uint32_t number, int64_t now_us)
{
    TRY(values_run(c, w->db, sessions_end_sql, VALUES(value_int(now_us), value_int(number))));
    return values_run(c, w->db, apps_end_sql, VALUES(value_int(now_us), value_int(number)));
}

static Fail login_disable(Call *c, Writer *w, void *context)
{
    const Resetting *r = context;

    TRY(values_run(c, w->db, login_disable_sql,
                   VALUES(value_int(r->disabled), value_int(r->number))));
    return r->disabled ? end_everything(c, w, r->number, r->now_us) : OK;
}

Fail store_login_disable(Call *c, Store *s, uint32_t number, bool disabled)
{
    Resetting r = { .number = number, .now_us = c->now_us, .disabled = disabled };

    return writer_run(c, s, login_disable, &r, true);
}

static Fail login_role(Call *c, Writer *w, void *context)
{
    const Resetting *r = context;

    TRY(values_run(c, w->db, login_role_sql,
                   VALUES(value_text(r->role), value_text(r->linked), value_text(r->patient),
                          value_int(r->number))));
    return end_everything(c, w, r->number, r->now_us);
}

Fail store_login_role(Call *c, Store *s, uint32_t number, Str role, Str linked, Str patient)
{
    Resetting r = { .number = number,
                    .now_us = c->now_us,
                    .role = role,
                    .linked = linked,
                    .patient = patient };

    return writer_run(c, s, login_role, &r, true);
}

static Fail sessions_end(Call *c, Writer *w, void *context)
{
    const Resetting *r = context;

    TRY(values_run(c, w->db, sessions_end_sql,
                   VALUES(value_int(r->now_us), value_int(r->number))));
    return login_end_apps(c, w, r->number, r->now_us);
}

Fail store_login_sessions_end(Call *c, Store *s, uint32_t login)
{
    Resetting r = { .number = login, .now_us = c->now_us };

    return writer_run(c, s, sessions_end, &r, true);
}

static Fail login_reset(Call *c, Writer *w, void *context)
{
    const Resetting *r = context;

    TRY(values_run(c, w->db, login_bare_sql, VALUES(value_int(r->number))));
    if (r->second_factor) {
        TRY(values_run(c, w->db, login_totp_sql,
                       VALUES(value_bytes(STR("")), value_int(0), value_int(r->number))));
        TRY(values_run(c, w->db, recovery_clear_sql, VALUES(value_int(r->number))));
        TRY(values_run(c, w->db, passkeys_clear_sql, VALUES(value_int(r->number))));
    }
    TRY(end_everything(c, w, r->number, r->now_us));
    TRY(values_run(c, w->db, link_void_sql,
                   VALUES(value_int(r->now_us), value_int(r->number))));
    return values_run(c, w->db, link_add_sql,
                      VALUES(value_hash(r->link), value_int(r->number), value_int(r->ends_us)));
}

Fail store_login_reset(Call *c, Store *s, uint32_t number, bool second_factor,
                       const SecretHash link, int64_t ends_us)
{
    Resetting r = { .number = number,
                    .now_us = c->now_us,
                    .second_factor = second_factor,
                    .link = link,
                    .ends_us = ends_us };

    return writer_run(c, s, login_reset, &r, true);
}

Fail store_link_find(Call *c, Session *s, const SecretHash link, uint32_t *login)
{
    Statement *row = NULL;
    Fail       result;

    TRY(session_enter(c, s, NULL));
    result = values_row(c, s->db, link_find_sql, VALUES(value_hash(link), value_int(c->now_us)),
                        &row);
    if (row) {
        *login = (uint32_t)row_int(row, 0);
        statement_reset(row);
    }
    session_leave(s);
    return result == OK && !row ? link_dead(c) : result;
}

static Fail link_use(Call *c, Writer *w, void *context)
{
    const Resetting *r = context;
    Statement       *row;
    uint32_t         number;

    TRY(values_row(c, w->db, link_use_sql,
                   VALUES(value_int(r->now_us), value_hash(r->link), value_int(r->now_us)),
                   &row));
    if (!row)
        return link_dead(c);
    number = (uint32_t)row_int(row, 0);
    while (statement_step(row) == STEP_ROW)
        ;
    TRY(values_run(c, w->db, login_password_sql,
                   VALUES(value_text(r->password),
                          value_bytes((Str){ (const char *)r->device, DEVICE_KEY_BYTES }),
                          value_int(number))));
    return end_everything(c, w, number, r->now_us);
}

Fail store_link_use(Call *c, Store *s, const SecretHash link, Str password,
                    const uint8_t device[DEVICE_KEY_BYTES])
{
    Resetting r = { .now_us = c->now_us, .link = link, .password = password, .device = device };

    return writer_run(c, s, link_use, &r, true);
}

/* ---- the second factor ---- */

typedef struct Factor {
    uint32_t          login;
    Str               key;
    int64_t           step, now_us;
    const SecretHash *codes; /* RECOVERY_CODES of them, or NULL: none */
    const uint8_t    *keep, *device;
    Str               password;
    bool              taken;
} Factor;

static Fail end_others(Call *c, Writer *w, const Factor *f)
{
    TRY(values_run(c, w->db, others_end_sql,
                   VALUES(value_int(f->now_us), value_int(f->login), value_hash(f->keep))));
    return login_end_apps(c, w, f->login, f->now_us);
}

static Fail login_password(Call *c, Writer *w, void *context)
{
    const Factor *f = context;

    TRY(values_run(c, w->db, login_password_sql,
                   VALUES(value_text(f->password),
                          value_bytes((Str){ (const char *)f->device, DEVICE_KEY_BYTES }),
                          value_int(f->login))));
    return end_others(c, w, f);
}

Fail store_login_password(Call *c, Store *s, uint32_t login, Str password,
                          const uint8_t device[DEVICE_KEY_BYTES], const SecretHash keep)
{
    Factor f = { .login = login,
                 .password = password,
                 .device = device,
                 .keep = keep,
                 .now_us = c->now_us };

    return writer_run(c, s, login_password, &f, true);
}

static Fail recovery_set(Call *c, Writer *w, void *context)
{
    const Factor *f = context;

    TRY(values_run(c, w->db, recovery_clear_sql, VALUES(value_int(f->login))));
    for (size_t i = 0; f->codes && i < RECOVERY_CODES; i++)
        TRY(values_run(c, w->db, recovery_add_sql,
                       VALUES(value_int(f->login), value_hash(f->codes[i]))));
    return end_others(c, w, f);
}

Fail store_recovery_set(Call *c, Store *s, uint32_t login,
                        const SecretHash codes[RECOVERY_CODES], const SecretHash keep)
{
    Factor f = { .login = login, .codes = codes, .keep = keep, .now_us = c->now_us };

    return writer_run(c, s, recovery_set, &f, true);
}

static Fail totp_set(Call *c, Writer *w, void *context)
{
    const Factor *f = context;

    TRY(values_run(c, w->db, login_totp_sql,
                   VALUES(value_bytes(f->key), value_int(f->step), value_int(f->login))));
    return recovery_set(c, w, context);
}

Fail store_totp_set(Call *c, Store *s, uint32_t login, Str key, int64_t step,
                    const SecretHash codes[RECOVERY_CODES], const SecretHash keep)
{
    Factor f = { .login = login,
                 .key = key,
                 .step = step,
                 .codes = key.len ? codes : NULL,
                 .keep = keep,
                 .now_us = c->now_us };

    return writer_run(c, s, totp_set, &f, true);
}

Fail store_recovery_count(Call *c, Session *s, uint32_t login, unsigned *count)
{
    Statement *row = NULL;
    Fail       result;

    TRY(session_enter(c, s, NULL));
    result = values_row(c, s->db, recovery_count_sql, VALUES(value_int(login)), &row);
    *count = 0;
    if (row) {
        *count = (unsigned)row_int(row, 0);
        statement_reset(row);
    }
    session_leave(s);
    return result;
}

static Fail totp_use(Call *c, Writer *w, void *context)
{
    Factor *f = context;

    return values_any(c, w->db, login_step_sql,
                      VALUES(value_int(f->step), value_int(f->login), value_int(f->step)),
                      &f->taken);
}

Fail store_totp_use(Call *c, Store *s, uint32_t login, int64_t step, bool *taken)
{
    Factor f = { .login = login, .step = step };

    TRY(writer_run(c, s, totp_use, &f, true));
    *taken = f.taken;
    return OK;
}

static Fail recovery_use(Call *c, Writer *w, void *context)
{
    Factor *f = context;

    return values_any(
        c, w->db, recovery_use_sql,
        VALUES(value_int(f->now_us), value_int(f->login), value_hash(f->codes[0])), &f->taken);
}

Fail store_recovery_use(Call *c, Store *s, uint32_t login, const SecretHash code, bool *taken)
{
    Factor f = { .login = login, .now_us = c->now_us, .codes = (const SecretHash *)code };

    TRY(writer_run(c, s, recovery_use, &f, true));
    *taken = f.taken;
    return OK;
}
