/* Stretches of the audit log, in either direction, and who its grants belong to: see store.h. */
#include "store/audit.h"

SQL(up_sql, "SELECT place, records FROM own_audit WHERE place >= $1 ORDER BY place LIMIT 256");
SQL(down_sql,
    "SELECT place, records FROM own_audit WHERE place <= $1 ORDER BY place DESC LIMIT 256");
SQL(begin_sql, "SELECT coalesce(max(place), 1) FROM own_audit WHERE place <= $1");
SQL(actor_sql,
    "SELECT g.name, l.name, l.role, l.linked, k.name FROM own_grant g"
    " LEFT JOIN own_app a ON a.number = g.app LEFT JOIN own_login l ON l.number = a.login"
    " LEFT JOIN own_client k ON k.id = a.client WHERE g.number = $1");

enum { ENOUGH = 2000 };

typedef struct Slicing {
    AuditWalk   walk;
    Arena      *arena;
    AuditSlice *out;
    uint64_t    from;
    size_t      room;
    bool        back, sound;
} Slicing;

static bool take_entry(AuditWalk *walk, uint64_t place, const AuditEntry *entry)
{
    Slicing    *x = (Slicing *)walk;
    AuditSlice *out = x->out;

    if (x->back ? place > x->from : place < x->from)
        return true;
    if (out->count == x->room) {
        size_t room = x->room ? x->room * 2 : 256;

        out->records = arena_grow(x->arena, out->records, x->room * sizeof *out->records,
                                  room * sizeof *out->records);
        out->places = arena_grow(x->arena, out->places, x->room * sizeof *out->places,
                                 room * sizeof *out->places);
        x->room = room;
    }
    x->sound = audit_entry_read(x->arena, entry, &out->records[out->count]);
    out->places[out->count] = place;
    out->count += x->sound;
    return x->sound;
}

static void turn_round(AuditSlice *out, size_t from)
{
    for (size_t i = from, k = out->count; i + 1 < k; i++) {
        AuditRecord record = out->records[i];
        uint64_t    place = out->places[i];

        k--;
        out->records[i] = out->records[k];
        out->places[i] = out->places[k];
        out->records[k] = record;
        out->places[k] = place;
    }
}

/* The records of one row. */
static Fail take_row(Call *c, Slicing *x, uint64_t place, Str records)
{
    size_t   before = x->out->count;
    uint64_t at = place;

    x->sound = audit_row_walk(arena_str(x->arena, records), &x->walk, &at) && x->sound;
    if (!x->sound)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "audit record %llu is damaged",
                    (unsigned long long)at);
    if (x->back)
        turn_round(x->out, before);
    x->out->next = x->back ? place - 1 : at;
    return OK;
}

static Fail find_begin(Call *c, Db *db, uint64_t from, uint64_t *begin)
{
    Statement *s = db_statement(db, begin_sql);

    TRY_STATEMENT(c, db, s);
    bind_int(s, (int64_t)from);
    if (statement_step(s) != STEP_ROW)
        return db_fail(c, db);
    *begin = (uint64_t)row_int(s, 0);
    statement_reset(s);
    return OK;
}

static Fail read_slice(Call *c, Db *db, Slicing *x)
{
    uint64_t   begin = x->from;
    Statement *s;
    Step       step = STEP_DONE;
    Fail       result = OK;

    if (!x->back)
        TRY(find_begin(c, db, x->from, &begin));
    s = db_statement(db, x->back ? down_sql : up_sql);
    TRY_STATEMENT(c, db, s);
    bind_int(s, (int64_t)begin);
    while (result == OK && x->out->count < ENOUGH && (step = statement_step(s)) == STEP_ROW)
        result = take_row(c, x, (uint64_t)row_int(s, 0), row_bytes(s, 1));
    statement_reset(s);
    TRY(result);
    if (step == STEP_FAILED)
        return db_fail(c, db);
    if (step == STEP_DONE && !x->back && x->out->count == 0)
        x->out->next = 0;
    return OK;
}

Fail store_audit_slice(Call *c, Session *s, uint64_t from, bool back, AuditSlice *out)
{
    Slicing x = {
        .walk = { .entry = take_entry }, .arena = c->arena, .out = out, .back = back
    };
    Fail result;

    *out = (AuditSlice){ 0 };
    x.sound = true;
    x.from = from ? from : back ? INT64_MAX : 1;
    session_rest(s); /* the log grows without the epoch rising */
    TRY(session_enter(c, s, NULL));
    result = read_slice(c, s->db, &x);
    session_leave(s);
    return result;
}

static Fail find_actor(Call *c, Db *db, uint32_t grant, AuditActor *out)
{
    Statement *s = db_statement(db, actor_sql);
    Step       step;

    TRY_STATEMENT(c, db, s);
    bind_int(s, grant);
    step = statement_step(s);
    if (step == STEP_FAILED)
        return db_fail(c, db);
    if (step == STEP_ROW) {
        bool of_login = row_text(s, 1).len > 0;

        out->name = arena_str(c->arena, row_text(s, of_login ? 1 : 0));
        out->role = arena_str(c->arena, row_text(s, 2));
        out->linked = arena_str(c->arena, row_text(s, 3));
        out->client = arena_str(c->arena, row_text(s, 4));
    }
    statement_reset(s);
    return OK;
}

Fail store_audit_actor(Call *c, Session *s, uint32_t grant, AuditActor *out)
{
    Fail result;

    *out = (AuditActor){ 0 };
    TRY(session_enter(c, s, NULL));
    result = find_actor(c, s->db, grant, out);
    session_leave(s);
    return result;
}
