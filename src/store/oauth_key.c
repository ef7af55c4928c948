/* The keys that tokens about people are signed with: see people.h. */
#include "store/people.h"
#include "store/values.h"

#define KEY_COLUMNS "kid, secret, made_at, signs_at, ends_at"

SQL(key_any_sql, "SELECT kid FROM oauth_key LIMIT 1");
SQL(key_forget_sql, "DELETE FROM oauth_key WHERE ends_at <> 0 AND ends_at < $1");
SQL(key_end_sql, "UPDATE oauth_key SET ends_at = $1 WHERE ends_at = 0 OR ends_at > $2");
SQL(key_add_sql, "INSERT INTO oauth_key (" KEY_COLUMNS ") VALUES ($1, $2, $3, $4, 0)");
SQL(key_each_sql, "SELECT " KEY_COLUMNS " FROM own_oauth_key ORDER BY signs_at DESC, kid");

typedef struct Adding {
    const OauthKey *key;
    int64_t         others_end_us;
    bool            first;
    int64_t         now_us;
} Adding;

static Fail key_add(Call *c, Writer *w, void *context)
{
    const Adding   *a = context;
    const OauthKey *key = a->key;
    bool            any;

    TRY(values_any(c, w->db, key_any_sql, NULL, 0, &any));
    if (any && a->first)
        return OK;
    TRY(values_run(c, w->db, key_end_sql,
                   VALUES(value_int(a->others_end_us), value_int(a->others_end_us))));
    TRY(values_run(c, w->db, key_forget_sql, VALUES(value_int(a->now_us))));
    return values_run(c, w->db, key_add_sql,
                      VALUES(value_text(key->kid), value_bytes(key->secret),
                             value_int(key->made_us), value_int(key->signs_us)));
}

Fail store_oauth_key_add(Call *c, Store *s, const OauthKey *key, bool first,
                         int64_t others_end_us)
{
    Adding a = { key, others_end_us, first, c->now_us };

    return writer_run(c, s, key_add, &a, true);
}

static Fail each_key(Call *c, Session *s, OauthKey keys[OAUTH_KEYS_MAX], size_t *count)
{
    Statement *all = db_statement(s->db, key_each_sql);
    Step       step = STEP_DONE;

    TRY_STATEMENT(c, s->db, all);
    *count = 0;
    while (*count < OAUTH_KEYS_MAX && (step = statement_step(all)) == STEP_ROW)
        keys[(*count)++] = (OauthKey){
            .kid = arena_str(c->arena, row_text(all, 0)),
            .secret = arena_str(c->arena, row_bytes(all, 1)),
            .made_us = row_int(all, 2),
            .signs_us = row_int(all, 3),
            .ends_us = row_int(all, 4),
        };
    statement_reset(all);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

Fail store_oauth_keys(Call *c, Session *s, OauthKey keys[OAUTH_KEYS_MAX], size_t *count)
{
    Fail result;

    TRY(session_enter(c, s, NULL));
    result = each_key(c, s, keys, count);
    session_leave(s);
    return result;
}
