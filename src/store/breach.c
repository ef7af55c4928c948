/* The register of breaches: entries are added, never changed. See people.h. */
#include "store/people.h"
#include "store/values.h"

SQL(breach_add_sql,
    "INSERT INTO breach (place, number, made_at, made_by, kind, value, words, login, from_at,"
    " until_at) SELECT coalesce(max(place), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM breach");
SQL(breach_last_sql, "SELECT coalesce(max(number), 0) FROM breach");
SQL(breach_each_sql,
    "SELECT number, made_at, made_by, kind, value, words, login, from_at, until_at FROM own_breach"
    " ORDER BY number, place");

typedef struct Adding {
    const BreachEntry *entry;
    uint32_t           number;
} Adding;

static Fail breach_add(Call *c, Writer *w, void *context)
{
    Adding            *a = context;
    const BreachEntry *e = a->entry;
    Statement         *row;

    a->number = e->number;
    if (!a->number) {
        TRY(values_row(c, w->db, breach_last_sql, NULL, 0, &row));
        a->number = (row ? (uint32_t)row_int(row, 0) : 0) + 1;
        if (row)
            statement_reset(row);
    }
    return values_run(c, w->db, breach_add_sql,
                      VALUES(value_int(a->number), value_int(e->made_us),
                             value_text(e->made_by), value_text(e->kind), value_text(e->value),
                             value_text(e->words), value_text(e->login), value_int(e->from_us),
                             value_int(e->until_us)));
}

Fail store_breach_add(Call *c, Store *s, const BreachEntry *entry, uint32_t *number)
{
    Adding a = { .entry = entry };

    TRY(writer_run(c, s, breach_add, &a, true));
    *number = a.number;
    return OK;
}

static BreachEntry entry_take(Arena *a, Statement *s)
{
    return (BreachEntry){ .number = (uint32_t)row_int(s, 0),
                          .made_us = row_int(s, 1),
                          .made_by = arena_str(a, row_text(s, 2)),
                          .kind = arena_str(a, row_text(s, 3)),
                          .value = arena_str(a, row_text(s, 4)),
                          .words = arena_str(a, row_text(s, 5)),
                          .login = arena_str(a, row_text(s, 6)),
                          .from_us = row_int(s, 7),
                          .until_us = row_int(s, 8) };
}

static Fail each_entry(Call *c, Session *s, void (*each)(void *, const BreachEntry *),
                       void *context)
{
    Statement *all = db_statement(s->db, breach_each_sql);
    Step       step;

    TRY_STATEMENT(c, s->db, all);
    while ((step = statement_step(all)) == STEP_ROW) {
        BreachEntry entry = entry_take(c->arena, all);

        each(context, &entry);
    }
    statement_reset(all);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

Fail store_breach_each(Call *c, Session *s, void (*each)(void *context, const BreachEntry *e),
                       void *context)
{
    Fail result;

    TRY(session_enter(c, s, NULL));
    result = each_entry(c, s, each, context);
    session_leave(s);
    return result;
}
