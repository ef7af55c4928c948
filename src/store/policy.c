/* Versions of the policy: added, never changed; the newest is in force. See people.h. */
#include "store/people.h"
#include "store/values.h"

SQL(policy_add_sql, "INSERT INTO policy (number, made_at, words)"
                    " SELECT coalesce(max(number), 0) + 1, $1, $2 FROM policy");
SQL(policy_newest_sql,
    "SELECT number, made_at, words FROM own_policy ORDER BY number DESC LIMIT 1");
SQL(policy_at_sql, "SELECT number, made_at, words FROM own_policy WHERE number = $1");

typedef struct Keeping {
    Str     text;
    int64_t now_us;
} Keeping;

static Fail policy_add(Call *c, Writer *w, void *context)
{
    const Keeping *k = context;

    return values_run(c, w->db, policy_add_sql,
                      VALUES(value_int(k->now_us), value_text(k->text)));
}

Fail store_policy_add(Call *c, Store *s, Str text)
{
    Keeping k = { .text = text, .now_us = c->now_us };

    return writer_run(c, s, policy_add, &k, true);
}

static Fail find(Call *c, Session *s, const char *sql, const Value *values, size_t count,
                 PolicyVersion *out)
{
    Statement *row = NULL;
    Fail       result;

    *out = (PolicyVersion){ 0 };
    TRY(session_enter(c, s, NULL));
    result = values_row(c, s->db, sql, values, count, &row);
    if (row) {
        *out = (PolicyVersion){ .number = (uint64_t)row_int(row, 0),
                                .made_us = row_int(row, 1),
                                .text = arena_str(c->arena, row_text(row, 2)) };
        statement_reset(row);
    }
    session_leave(s);
    return result;
}

Fail store_policy_newest(Call *c, Session *s, PolicyVersion *out)
{
    return find(c, s, policy_newest_sql, NULL, 0, out);
}

Fail store_policy_at(Call *c, Session *s, uint64_t number, PolicyVersion *out)
{
    TRY(find(c, s, policy_at_sql, VALUES(value_int((int64_t)number)), out));
    if (!out->number)
        return fail(c, FAIL_NOT_FOUND, STR("number"), "There is no such version of the policy");
    return OK;
}
