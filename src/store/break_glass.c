/* Records opened in an emergency: see people.h. */
#include "store/grant.h"
#include "store/people.h"
#include "store/values.h"

SQL(glass_last_sql, "SELECT coalesce(max(number), 0) FROM break_glass");
SQL(glass_add_sql,
    "INSERT INTO break_glass (number, login, role, session, grant_no, patient, reason, words,"
    " began_at, ends_at, ended_at, ended_by, reviewed_at, reviewed_by, verdict)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '', 0, '', '')");
SQL(glass_end_sql, "UPDATE break_glass SET ended_at = $1, ended_by = $2 WHERE number = $3"
                   " AND ended_at = 0 AND ends_at > $4 RETURNING number");
SQL(glass_review_sql, "UPDATE break_glass SET reviewed_at = $1, reviewed_by = $2, verdict = $3"
                      " WHERE number = $4 AND reviewed_at = 0 RETURNING number");
SQL(glass_each_sql,
    "SELECT number, login, login_name, patient, reason, words, began_at, ends_at, ended_at,"
    " ended_by, reviewed_at, reviewed_by, verdict FROM own_break_glass ORDER BY number DESC");

typedef struct Breaking {
    const GlassAdd *add;
    uint32_t        number;
    Str             by, verdict;
    bool            done;
} Breaking;

static Fail glass_add(Call *c, Writer *w, void *context)
{
    Breaking       *b = context;
    const GlassAdd *a = b->add;
    Statement      *row;
    uint32_t        grant;

    TRY(grant_insert(c, w, &a->access, &grant));
    TRY(values_row(c, w->db, glass_last_sql, NULL, 0, &row));
    b->number = (row ? (uint32_t)row_int(row, 0) : 0) + 1;
    if (row)
        statement_reset(row);
    return values_run(c, w->db, glass_add_sql,
                      VALUES(value_int(b->number), value_int(a->login), value_text(a->role),
                             value_hash(a->session), value_int(grant),
                             value_text(a->access.patient), value_text(a->reason),
                             value_text(a->words), value_int(c->now_us),
                             value_int(a->access.ends_us)));
}

Fail store_glass_add(Call *c, Store *s, const GlassAdd *add, uint32_t *number)
{
    Breaking b = { .add = add };

    TRY(writer_run(c, s, glass_add, &b, true));
    *number = b.number;
    return OK;
}

static Fail glass_end(Call *c, Writer *w, void *context)
{
    Breaking *b = context;

    return values_any(c, w->db, glass_end_sql,
                      VALUES(value_int(c->now_us), value_text(b->by), value_int(b->number),
                             value_int(c->now_us)),
                      &b->done);
}

Fail store_glass_end(Call *c, Store *s, uint32_t number, Str by, bool *done)
{
    Breaking b = { .number = number, .by = by };

    TRY(writer_run(c, s, glass_end, &b, true));
    *done = b.done;
    return OK;
}

static Fail glass_review(Call *c, Writer *w, void *context)
{
    Breaking *b = context;

    return values_any(c, w->db, glass_review_sql,
                      VALUES(value_int(c->now_us), value_text(b->by), value_text(b->verdict),
                             value_int(b->number)),
                      &b->done);
}

Fail store_glass_review(Call *c, Store *s, uint32_t number, Str by, Str verdict, bool *done)
{
    Breaking b = { .number = number, .by = by, .verdict = verdict };

    TRY(writer_run(c, s, glass_review, &b, true));
    *done = b.done;
    return OK;
}

static Glass glass_take(Arena *a, Statement *s)
{
    return (Glass){ .number = (uint32_t)row_int(s, 0),
                    .login = (uint32_t)row_int(s, 1),
                    .login_name = arena_str(a, row_text(s, 2)),
                    .patient = arena_str(a, row_text(s, 3)),
                    .reason = arena_str(a, row_text(s, 4)),
                    .words = arena_str(a, row_text(s, 5)),
                    .began_us = row_int(s, 6),
                    .ends_us = row_int(s, 7),
                    .ended_us = row_int(s, 8),
                    .ended_by = arena_str(a, row_text(s, 9)),
                    .reviewed_us = row_int(s, 10),
                    .reviewed_by = arena_str(a, row_text(s, 11)),
                    .verdict = arena_str(a, row_text(s, 12)) };
}

static Fail each_glass(Call *c, Session *s, bool (*each)(void *, const Glass *), void *context)
{
    Statement *all = db_statement(s->db, glass_each_sql);
    bool       go_on = true;
    Step       step = STEP_DONE;

    TRY_STATEMENT(c, s->db, all);
    while (go_on && (step = statement_step(all)) == STEP_ROW) {
        Glass glass = glass_take(c->arena, all);

        go_on = each(context, &glass);
    }
    statement_reset(all);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

Fail store_glass_each(Call *c, Session *s, bool (*each)(void *context, const Glass *glass),
                      void *context)
{
    Fail result;

    TRY(session_enter(c, s, NULL));
    result = each_glass(c, s, each, context);
    session_leave(s);
    return result;
}
