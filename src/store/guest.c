/* Visitors of the practice's page for booking: see guest.h. */
#include "store/guest.h"

#include "store/values.h"

SQL(guest_forget_sql, "DELETE FROM guest WHERE ends_at < $1");
SQL(guest_put_sql,
    "INSERT INTO guest (hash, link, page, appointment, service, details, patient, code, tries, done,"
    " ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    " ON CONFLICT (hash) DO UPDATE SET link = excluded.link, page = excluded.page,"
    " appointment = excluded.appointment, service = excluded.service, details = excluded.details,"
    " patient = excluded.patient, done = excluded.done, ends_at = excluded.ends_at,"
    " code = CASE WHEN guest.appointment = excluded.appointment THEN guest.code ELSE excluded.code END"
    " WHERE guest.done = 0 OR excluded.done = 1");
SQL(guest_code_sql,
    "UPDATE guest SET details = $1, code = $2, tries = 0, ends_at = $3 WHERE hash = $4 AND done = 0");
SQL(guest_find_sql,
    "SELECT hash, link, page, appointment, service, details, patient, code, tries,"
    " done, ends_at FROM own_guest WHERE hash = $1");
SQL(guest_link_sql,
    "SELECT hash, link, page, appointment, service, details, patient, code, tries,"
    " done, ends_at FROM own_guest WHERE link = $1");
SQL(guest_try_sql,
    "UPDATE guest SET tries = tries + 1 WHERE hash = $1 AND tries < $2 RETURNING tries");

typedef struct Putting {
    const Guest *guest;
    int64_t      now_us;
} Putting;

static Fail put(Call *c, Writer *w, void *context)
{
    const Putting *p = context;
    const Guest   *g = p->guest;

    TRY(values_run(c, w->db, guest_forget_sql, VALUES(value_int(p->now_us))));
    return values_run(c, w->db, guest_put_sql,
                      VALUES(value_hash(g->hash), value_hash(g->link), value_text(g->page),
                             value_text(g->appointment), value_text(g->service),
                             value_text(g->details), value_text(g->patient),
                             value_hash(g->code), value_int(g->tries), value_int(g->done),
                             value_int(g->ends_us)));
}

Fail store_guest_put(Call *c, Store *s, const Guest *guest)
{
    Putting p = { guest, c->now_us };

    return writer_run(c, s, put, &p, true);
}

static Fail put_code(Call *c, Writer *w, void *context)
{
    const Guest *g = context;

    return values_run(c, w->db, guest_code_sql,
                      VALUES(value_text(g->details), value_hash(g->code), value_int(g->ends_us),
                             value_hash(g->hash)));
}

Fail store_guest_put_code(Call *c, Store *s, Guest *guest)
{
    guest->tries = 0;
    return writer_run(c, s, put_code, guest, true);
}

static void take_hash(Statement *row, int column, SecretHash out)
{
    Str bytes = row_bytes(row, column);

    memset(out, 0, SECRET_HASH_BYTES);
    if (bytes.len == SECRET_HASH_BYTES)
        memcpy(out, bytes.at, SECRET_HASH_BYTES);
}

static Fail find(Call *c, Session *s, const char *sql, const SecretHash hash, Guest *out)
{
    Statement *row = NULL;
    Fail       result;

    TRY(session_enter(c, s, NULL));
    result = values_row(c, s->db, sql, VALUES(value_hash(hash)), &row);
    if (row) {
        *out = (Guest){ .page = arena_str(c->arena, row_text(row, 2)),
                        .appointment = arena_str(c->arena, row_text(row, 3)),
                        .service = arena_str(c->arena, row_text(row, 4)),
                        .details = arena_str(c->arena, row_text(row, 5)),
                        .patient = arena_str(c->arena, row_text(row, 6)),
                        .tries = (uint32_t)row_int(row, 8),
                        .done = row_int(row, 9) != 0,
                        .ends_us = row_int(row, 10) };
        take_hash(row, 0, out->hash);
        take_hash(row, 1, out->link);
        take_hash(row, 7, out->code);
        statement_reset(row);
    }
    session_leave(s);
    TRY(result);
    if (!row || out->ends_us <= c->now_us)
        return fail(c, FAIL_NOT_FOUND, STR("booking"), "There is no such booking");
    return OK;
}

Fail store_guest_find(Call *c, Session *s, const SecretHash hash, Guest *out)
{
    return find(c, s, guest_find_sql, hash, out);
}

Fail store_guest_by_link(Call *c, Session *s, const SecretHash link, Guest *out)
{
    return find(c, s, guest_link_sql, link, out);
}

typedef struct Trying {
    const uint8_t *hash;
    uint32_t       most;
    bool           allowed;
} Trying;

static Fail count_try(Call *c, Writer *w, void *context)
{
    Trying *t = context;

    return values_any(c, w->db, guest_try_sql, VALUES(value_hash(t->hash), value_int(t->most)),
                      &t->allowed);
}

Fail store_guest_try(Call *c, Store *s, const SecretHash hash, uint32_t most, bool *allowed)
{
    Trying t = { .hash = hash, .most = most };

    TRY(writer_run(c, s, count_try, &t, true));
    *allowed = t.allowed;
    return OK;
}
