/* What an app that is started from the record is told: see people.h. */
#include "store/launch.h"
#include "store/people.h"
#include "store/values.h"

SQL(launch_forget_sql, "DELETE FROM launch WHERE ends_at < $1");
SQL(launch_add_sql,
    "INSERT INTO launch (hash, login, client, patient, context, ends_at, used_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, 0)");
SQL(launch_find_sql, "SELECT login, client, patient, context, ends_at, used_at FROM own_launch"
                     " WHERE hash = $1");
SQL(launch_use_sql, "UPDATE launch SET used_at = $1 WHERE hash = $2 AND used_at = 0"
                    " RETURNING login");

typedef struct Adding {
    const Launch *launch;
    int64_t       now_us;
} Adding;

static Fail launch_add(Call *c, Writer *w, void *context)
{
    const Adding *a = context;
    const Launch *l = a->launch;

    TRY(values_run(c, w->db, launch_forget_sql, VALUES(value_int(a->now_us))));
    return values_run(c, w->db, launch_add_sql,
                      VALUES(value_hash(l->hash), value_int(l->login), value_text(l->client),
                             value_text(l->patient), value_text(l->context),
                             value_int(l->ends_us)));
}

Fail store_launch_add(Call *c, Store *s, const Launch *launch)
{
    Adding a = { launch, c->now_us };

    return writer_run(c, s, launch_add, &a, true);
}

Fail store_launch_find(Call *c, Session *s, const SecretHash hash, Launch *out)
{
    Statement *row = NULL;
    Fail       result;

    TRY(session_enter(c, s, NULL));
    result = values_row(c, s->db, launch_find_sql, VALUES(value_hash(hash)), &row);
    if (row) {
        *out = (Launch){ .login = (uint32_t)row_int(row, 0),
                         .client = arena_str(c->arena, row_text(row, 1)),
                         .patient = arena_str(c->arena, row_text(row, 2)),
                         .context = arena_str(c->arena, row_text(row, 3)),
                         .ends_us = row_int(row, 4),
                         .used = row_int(row, 5) != 0 };
        memcpy(out->hash, hash, sizeof out->hash);
        statement_reset(row);
    }
    session_leave(s);
    if (result == OK && !row)
        return fail(c, FAIL_NOT_FOUND, STR("launch"), "There is no such launch");
    return result;
}

Fail launch_use(Call *c, Writer *w, const uint8_t hash[32], int64_t now_us)
{
    bool taken;

    TRY(values_any(c, w->db, launch_use_sql, VALUES(value_int(now_us), value_hash(hash)),
                   &taken));
    if (!taken)
        return fail(c, FAIL_CONFLICT, STR("launch"), "The launch was used before");
    return OK;
}
