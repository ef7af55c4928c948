/* Passkeys of logins: see people.h. */
#include "store/people.h"
#include "store/values.h"

#define PASSKEY_COLUMNS "id, login, handle, name, key, count, made_at, used_at"

SQL(passkey_any_sql, "SELECT id FROM passkey WHERE id = $1");
SQL(passkey_count_sql, "SELECT count(*) FROM passkey WHERE login = $1");
SQL(passkey_add_sql,
    "INSERT INTO passkey (" PASSKEY_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, 0)");
SQL(passkey_find_sql, "SELECT " PASSKEY_COLUMNS " FROM own_passkey WHERE id = $1");
SQL(passkey_each_sql,
    "SELECT " PASSKEY_COLUMNS " FROM own_passkey WHERE login = $1 ORDER BY made_at");
SQL(passkey_used_sql, "UPDATE passkey SET count = $1, used_at = $2 WHERE id = $3"
                      " AND (count < $4 OR (count = 0 AND $5 = 0)) RETURNING login");
SQL(passkey_remove_sql, "DELETE FROM passkey WHERE id = $1 AND login = $2 RETURNING login");

typedef struct Keeping {
    const Passkey *passkey;
    Str            id;
    uint32_t       login, count, most;
    int64_t        now_us;
    bool           done;
} Keeping;

static Fail passkey_add_row(Call *c, Writer *w, void *context)
{
    const Keeping *k = context;
    const Passkey *p = k->passkey;
    Statement     *row;
    uint32_t       count;
    bool           taken;

    TRY(values_any(c, w->db, passkey_any_sql, VALUES(value_bytes(p->id)), &taken));
    if (taken)
        return fail(c, FAIL_CONFLICT, STR("passkey"), "This passkey is known already");
    TRY(values_row(c, w->db, passkey_count_sql, VALUES(value_int(p->login)), &row));
    count = row ? (uint32_t)row_int(row, 0) : 0;
    if (row)
        statement_reset(row);
    if (count >= k->most)
        return fail(c, FAIL_CONFLICT, STR("passkey"), "There are %u passkeys already", count);
    return values_run(c, w->db, passkey_add_sql,
                      VALUES(value_bytes(p->id), value_int(p->login), value_bytes(p->handle),
                             value_text(p->name), value_bytes(p->key), value_int(p->count),
                             value_int(k->now_us)));
}

Fail store_passkey_add(Call *c, Store *s, const Passkey *passkey, uint32_t most)
{
    Keeping k = { .passkey = passkey, .most = most, .now_us = c->now_us };

    return writer_run(c, s, passkey_add_row, &k, true);
}

static Passkey passkey_take(Arena *a, Statement *s)
{
    return (Passkey){ .id = arena_str(a, row_bytes(s, 0)),
                      .login = (uint32_t)row_int(s, 1),
                      .handle = arena_str(a, row_bytes(s, 2)),
                      .name = arena_str(a, row_text(s, 3)),
                      .key = arena_str(a, row_bytes(s, 4)),
                      .count = (uint32_t)row_int(s, 5),
                      .made_us = row_int(s, 6),
                      .used_us = row_int(s, 7) };
}

Fail store_passkey_find(Call *c, Session *s, Str id, Passkey *out)
{
    Statement *row = NULL;
    Fail       result;

    TRY(session_enter(c, s, NULL));
    result = values_row(c, s->db, passkey_find_sql, VALUES(value_bytes(id)), &row);
    if (row) {
        *out = passkey_take(c->arena, row);
        statement_reset(row);
    }
    session_leave(s);
    if (result == OK && !row)
        return fail(c, FAIL_NOT_FOUND, STR("passkey"), "There is no such passkey");
    return result;
}

static Fail each_passkey(Call *c, Session *s, uint32_t login,
                         bool (*each)(void *, const Passkey *), void *context)
{
    Statement *all = db_statement(s->db, passkey_each_sql);
    bool       go_on = true;
    Step       step = STEP_DONE;

    TRY_STATEMENT(c, s->db, all);
    bind_int(all, login);
    while (go_on && (step = statement_step(all)) == STEP_ROW) {
        Passkey passkey = passkey_take(c->arena, all);

        go_on = each(context, &passkey);
    }
    statement_reset(all);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

Fail store_passkey_each(Call *c, Session *s, uint32_t login,
                        bool (*each)(void *context, const Passkey *passkey), void *context)
{
    Fail result;

    TRY(session_enter(c, s, NULL));
    result = each_passkey(c, s, login, each, context);
    session_leave(s);
    return result;
}

static Fail passkey_count_use(Call *c, Writer *w, void *context)
{
    Keeping *k = context;

    return values_any(c, w->db, passkey_used_sql,
                      VALUES(value_int(k->count), value_int(k->now_us), value_bytes(k->id),
                             value_int(k->count), value_int(k->count)),
                      &k->done);
}

Fail store_passkey_used(Call *c, Store *s, Str id, uint32_t count, bool *counted)
{
    Keeping k = { .id = id, .count = count, .now_us = c->now_us };

    TRY(writer_run(c, s, passkey_count_use, &k, true));
    *counted = k.done;
    return OK;
}

static Fail passkey_delete_row(Call *c, Writer *w, void *context)
{
    Keeping *k = context;

    return values_any(c, w->db, passkey_remove_sql,
                      VALUES(value_bytes(k->id), value_int(k->login)), &k->done);
}

Fail store_passkey_remove(Call *c, Store *s, uint32_t login, Str id)
{
    Keeping k = { .id = id, .login = login };

    TRY(writer_run(c, s, passkey_delete_row, &k, true));
    if (!k.done)
        return fail(c, FAIL_NOT_FOUND, STR("passkey"), "There is no such passkey");
    return OK;
}
