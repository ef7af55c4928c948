/* Clients, the apps that may ask people for leave: see people.h. */
#include "store/people.h"
#include "store/values.h"

#define CLIENT_COLUMNS                                                                         \
    "id, name, secret, redirects, scopes, disabled, made_at, keys, keys_uri,"                  \
    " first_party, launch_uri, pending"

SQL(client_any_sql, "SELECT id FROM client WHERE id = $1");
SQL(client_add_sql, "INSERT INTO client (" CLIENT_COLUMNS
                    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)");
SQL(client_disable_sql,
    "UPDATE client SET disabled = $1 WHERE id = $2 AND pending = 0 RETURNING id");
SQL(client_waiting_sql, "SELECT count(*) FROM client WHERE pending = 1");
SQL(client_forget_sql, "DELETE FROM client WHERE pending = 1 AND made_at < $1");
SQL(client_approve_sql, "UPDATE client SET pending = 0, disabled = 0"
                        " WHERE id = $1 AND pending = 1 RETURNING id");
SQL(client_refuse_sql, "DELETE FROM client WHERE id = $1 AND pending = 1 RETURNING id");
SQL(client_find_sql, "SELECT " CLIENT_COLUMNS " FROM own_client WHERE id = $1");
SQL(client_each_sql, "SELECT " CLIENT_COLUMNS " FROM own_client ORDER BY made_at, id");

SQL(assertion_forget_sql, "DELETE FROM client_assertion WHERE ends_at < $1");
SQL(assertion_use_sql, "INSERT INTO client_assertion (hash, ends_at) VALUES ($1, $2)"
                       " ON CONFLICT (hash) DO NOTHING RETURNING hash");

typedef struct Keeping {
    const Client *client;
    Str           id;
    bool          disabled, found;
    int64_t       now_us;
} Keeping;

static Fail no_client(Call *c)
{
    return fail(c, FAIL_NOT_FOUND, STR("client"), "There is no such client");
}

/* Few may wait, and not for ever. */
static Fail make_room(Call *c, Writer *w, int64_t now_us)
{
    Statement *row;
    int64_t    waiting;

    TRY(values_run(
        c, w->db, client_forget_sql,
        VALUES(value_int(now_us - (int64_t)CLIENT_WAITS_DAYS * 86400 * 1000 * 1000))));
    TRY(values_row(c, w->db, client_waiting_sql, NULL, 0, &row));
    waiting = row ? row_int(row, 0) : 0;
    if (row)
        statement_reset(row);
    if (waiting >= CLIENTS_WAITING_MAX)
        return fail(c, FAIL_BUSY, (Str){ 0 },
                    "Too many apps wait for an administrator already");
    return OK;
}

static Fail client_add(Call *c, Writer *w, void *context)
{
    const Keeping *k = context;
    const Client  *client = k->client;
    bool           taken;

    if (client->pending)
        TRY(make_room(c, w, k->now_us));
    TRY(values_any(c, w->db, client_any_sql, VALUES(value_text(client->id)), &taken));
    if (taken)
        return fail(c, FAIL_DUPLICATE, STR("id"), "There is a client of that id already");
    return values_run(c, w->db, client_add_sql,
                      VALUES(value_text(client->id), value_text(client->name),
                             value_bytes(client->secret), value_text(client->redirects),
                             value_text(client->scopes), value_int(client->pending),
                             value_int(k->now_us), value_text(client->keys),
                             value_text(client->keys_uri), value_int(client->first_party),
                             value_text(client->launch_uri), value_int(client->pending)));
}

Fail store_client_add(Call *c, Store *s, const Client *client)
{
    Keeping k = { .client = client, .now_us = c->now_us };

    return writer_run(c, s, client_add, &k, true);
}

static Fail client_disable(Call *c, Writer *w, void *context)
{
    Keeping *k = context;

    return values_any(c, w->db, client_disable_sql,
                      VALUES(value_int(k->disabled), value_text(k->id)), &k->found);
}

Fail store_client_disable(Call *c, Store *s, Str id, bool disabled)
{
    Keeping k = { .id = id, .disabled = disabled };

    TRY(writer_run(c, s, client_disable, &k, true));
    return k.found ? OK : no_client(c);
}

static Fail client_decide(Call *c, Writer *w, void *context)
{
    Keeping *k = context;

    return values_any(c, w->db, k->disabled ? client_refuse_sql : client_approve_sql,
                      VALUES(value_text(k->id)), &k->found);
}

Fail store_client_decide(Call *c, Store *s, Str id, bool approved)
{
    Keeping k = { .id = id, .disabled = !approved };

    TRY(writer_run(c, s, client_decide, &k, true));
    if (!k.found)
        return fail(c, FAIL_NOT_FOUND, STR("client"), "There is no such client that waits");
    return OK;
}

static Client client_take(Arena *a, Statement *s)
{
    return (Client){
        .id = arena_str(a, row_text(s, 0)),
        .name = arena_str(a, row_text(s, 1)),
        .secret = arena_str(a, row_bytes(s, 2)),
        .redirects = arena_str(a, row_text(s, 3)),
        .scopes = arena_str(a, row_text(s, 4)),
        .disabled = row_int(s, 5) != 0,
        .made_us = row_int(s, 6),
        .keys = arena_str(a, row_text(s, 7)),
        .keys_uri = arena_str(a, row_text(s, 8)),
        .first_party = row_int(s, 9) != 0,
        .launch_uri = arena_str(a, row_text(s, 10)),
        .pending = row_int(s, 11) != 0,
    };
}

Fail store_client_find(Call *c, Session *s, Str id, Client *out)
{
    Statement *row = NULL;
    Fail       result;

    TRY(session_enter(c, s, NULL));
    result = values_row(c, s->db, client_find_sql, VALUES(value_text(id)), &row);
    if (row) {
        *out = client_take(c->arena, row);
        statement_reset(row);
    }
    session_leave(s);
    return result == OK && !row ? no_client(c) : result;
}

static Fail each_client(Call *c, Session *s, bool (*each)(void *, const Client *),
                        void *context)
{
    Statement *all = db_statement(s->db, client_each_sql);
    bool       go_on = true;
    Step       step = STEP_DONE;

    TRY_STATEMENT(c, s->db, all);
    while (go_on && (step = statement_step(all)) == STEP_ROW) {
        Client client = client_take(c->arena, all);

        go_on = each(context, &client);
    }
    statement_reset(all);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

Fail store_client_each(Call *c, Session *s, bool (*each)(void *context, const Client *client),
                       void *context)
{
    Fail result;

    TRY(session_enter(c, s, NULL));
    result = each_client(c, s, each, context);
    session_leave(s);
    return result;
}

/* ---- proofs ---- */

typedef struct Using {
    const uint8_t *hash;
    int64_t        ends_us, now_us;
    bool           fresh;
} Using;

static Fail assertion_use(Call *c, Writer *w, void *context)
{
    Using *u = context;

    TRY(values_run(c, w->db, assertion_forget_sql, VALUES(value_int(u->now_us))));
    return values_any(c, w->db, assertion_use_sql,
                      VALUES(value_hash(u->hash), value_int(u->ends_us)), &u->fresh);
}

Fail store_assertion_use(Call *c, Store *s, const SecretHash hash, int64_t ends_us, bool *fresh)
{
    Using u = { .hash = hash, .ends_us = ends_us, .now_us = c->now_us };

    TRY(writer_run(c, s, assertion_use, &u, true));
    *fresh = u.fresh;
    return OK;
}
