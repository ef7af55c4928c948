/*
 * The audit log: see audit.h and store.h.
 *
 * A record: time (8 bytes, little endian), interaction, outcome, then numbers of seven bits a byte
 * (status, grant, type, version, rows, flags), then texts, each with its length before it: id and patient and
 * request id packed like ids, address; then, behind their lengths, the salt, the further patients (patients.h)
 * and the detail. Form 2 has no flags and no further patients, form 1 no salt either.
 */
#include "store/audit.h"

#include "base/ensure.h"
#include "base/random.h"

SQL(audit_put_sql, "INSERT INTO audit (place, records) VALUES ($1, $2)");
SQL(audit_last_sql, "SELECT place, records FROM audit ORDER BY place DESC LIMIT 1");
/* The row that holds the first record asked for may begin before it. */
SQL(audit_begin_sql, "SELECT coalesce(max(place), 0) FROM own_audit WHERE place <= $1");
SQL(audit_read_sql,
    "SELECT place, records FROM own_audit WHERE place >= $1 ORDER BY place LIMIT 64");

enum { NUMBER_BYTES_MAX = 10 };

static char *put_number(char *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (char)(value | 0x80);
    *at++ = (char)value;
    return at;
}

static char *put_text(char *at, Str text, size_t most)
{
    text = str_slice(text, 0, most);
    at = put_number(at, text.len);
    if (text.len)
        memcpy(at, text.at, text.len);
    return at + text.len;
}

static char *put_id(char *at, Str id)
{
    PackedId p = id_pack(id);

    return put_text(at, packed_str(&p), sizeof p.bytes);
}

static size_t least(size_t len, size_t most)
{
    return len < most ? len : most;
}

/* The record's first patient stands with what proofs show, the others beside the detail. */
static Str first_patient(const AuditRecord *r, PackedId *packed)
{
    Str list = r->others, first = { 0 };

    *packed = id_pack(r->patient);
    if (packed->len || !patients_next(&list, &first))
        return packed_str(packed);
    return first;
}

static size_t others_len(Str others, Str first)
{
    Str    packed;
    size_t len = 0;

    while (patients_next(&others, &packed))
        len += str_equal(packed, first) ? 0 : 1 + packed.len;
    return len;
}

static char *put_secret(char *at, const AuditRecord *r, Str first)
{
    Str    detail = str_slice(r->detail, 0, AUDIT_DETAIL_MAX), others = r->others, packed;
    size_t len = others.len ? others_len(others, first) : 0;

    at = put_number(at, len);
    at = put_number(at, detail.len);
    if (len + detail.len == 0)
        return at;
    random_bytes(at, AUDIT_SALT_BYTES);
    at += AUDIT_SALT_BYTES;
    while (len && patients_next(&others, &packed))
        if (!str_equal(packed, first))
            at = put_text(at, packed, packed.len);
    if (detail.len)
        memcpy(at, detail.at, detail.len);
    return at + detail.len;
}

size_t audit_size_max(const AuditRecord *r)
{
    return AUDIT_RECORD_MIN + least(r->id.len, ID_CHARS_MAX)
           + least(r->patient.len, ID_CHARS_MAX) + least(r->request_id.len, ID_CHARS_MAX)
           + least(r->address.len, AUDIT_TEXT_MAX) + r->others.len
           + least(r->detail.len, AUDIT_DETAIL_MAX);
}

size_t audit_encode(const AuditRecord *r, char *out)
{
    char    *at = out;
    uint64_t us = (uint64_t)r->at_us;
    PackedId packed;
    Str      patient = first_patient(r, &packed);

    for (int i = 0; i < 8; i++)
        *at++ = (char)(us >> 8 * i);
    *at++ = (char)r->interaction;
    *at++ = (char)r->outcome;
    at = put_number(at, r->status);
    at = put_number(at, r->grant);
    at = put_number(at, r->type);
    at = put_number(at, r->version);
    at = put_number(at, r->rows);
    at = put_number(at, r->flags);
    at = put_id(at, r->id);
    at = put_text(at, patient, ID_CHARS_MAX);
    at = put_id(at, r->request_id);
    at = put_text(at, r->address, AUDIT_TEXT_MAX);
    at = put_secret(at, r, patient);
    ENSURE((size_t)(at - out) <= audit_size_max(r));
    return (size_t)(at - out);
}

static bool take_number(Str *bytes, uint64_t most, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < NUMBER_BYTES_MAX && i < bytes->len; i++) {
        unsigned char byte = (unsigned char)bytes->at[i];

        value |= (uint64_t)(byte & 0x7f) << 7 * i;
        if (byte < 0x80) {
            *bytes = str_skip(*bytes, i + 1);
            *out = value;
            return value <= most;
        }
    }
    return false;
}

static bool take_text(Str *bytes, Str *out)
{
    uint64_t len;

    if (!take_number(bytes, bytes->len, &len) || len > bytes->len)
        return false;
    *out = str_slice(*bytes, 0, len);
    *bytes = str_skip(*bytes, len);
    return true;
}

static bool take_bytes(Str *bytes, size_t len, Str *out)
{
    if (len > bytes->len)
        return false;
    *out = str_slice(*bytes, 0, len);
    *bytes = str_skip(*bytes, len);
    return true;
}

static bool take_secret(Str *bytes, AuditEntry *out)
{
    uint64_t others = 0, detail;

    out->salt = out->others = out->detail = (Str){ 0 };
    if (out->form >= 3 && !take_number(bytes, bytes->len, &others))
        return false;
    if (!take_number(bytes, AUDIT_DETAIL_MAX, &detail))
        return false;
    return others + detail == 0
           || (take_bytes(bytes, out->form == 1 ? 0 : AUDIT_SALT_BYTES, &out->salt)
               && take_bytes(bytes, others, &out->others)
               && take_bytes(bytes, detail, &out->detail));
}

enum { FIXED_BYTES = 10, TEXTS = 4 };

static int numbers_of(int form)
{
    return form >= 3 ? 6 : 5;
}

/* Takes the next record off *bytes in its parts, its numbers and texts unread. */
static bool entry_take(Str *bytes, int form, AuditEntry *out)
{
    const char *begin = bytes->at;
    uint64_t    number;
    Str         text;

    if (!take_bytes(bytes, FIXED_BYTES, &text))
        return false;
    for (int i = 0; i < numbers_of(form); i++)
        if (!take_number(bytes, UINT64_MAX, &number))
            return false;
    for (int i = 0; i < TEXTS; i++)
        if (!take_text(bytes, &text))
            return false;
    out->form = form;
    out->core = (Str){ begin, (size_t)(bytes->at - begin) };
    return take_secret(bytes, out);
}

size_t audit_leaf(Digest *d, const AuditEntry *entry, char out[AUDIT_LEAF_MAX])
{
    size_t len = entry->core.len;

    ENSURE(len + SHA256_BYTES <= AUDIT_LEAF_MAX);
    memcpy(out, entry->core.at, len);
    if (!entry->detail.len && !entry->others.len)
        return len;
    digest_again(d);
    digest_add(d, entry->salt);
    digest_add(d, entry->others);
    digest_add(d, entry->detail);
    digest_end(d, (uint8_t *)out + len);
    return len + SHA256_BYTES;
}

static bool take_id(Arena *a, Str *bytes, Str *out)
{
    Str packed;

    if (!take_text(bytes, &packed) || packed.len > ID_CHARS_MAX)
        return false;
    *out = id_unpack(packed, arena_alloc_raw(a, ID_CHARS_MAX));
    return true;
}

bool audit_entry_read(Arena *a, const AuditEntry *entry, AuditRecord *out)
{
    AuditRecord r = { .detail = entry->detail, .others = entry->others };
    Str         bytes = entry->core;
    uint64_t    us = 0, status, grant, type, rows, flags = 0;

    for (int i = 0; i < 8; i++)
        us |= (uint64_t)(unsigned char)bytes.at[i] << 8 * i;
    r.at_us = (int64_t)us;
    r.interaction = (uint8_t)bytes.at[8];
    r.outcome = (uint8_t)bytes.at[9];
    bytes = str_skip(bytes, FIXED_BYTES);
    if (!take_number(&bytes, UINT16_MAX, &status) || !take_number(&bytes, UINT32_MAX, &grant)
        || !take_number(&bytes, UINT16_MAX, &type)
        || !take_number(&bytes, UINT64_MAX, &r.version)
        || !take_number(&bytes, UINT32_MAX, &rows)
        || (entry->form >= 3 && !take_number(&bytes, UINT16_MAX, &flags))
        || !take_id(a, &bytes, &r.id) || !take_id(a, &bytes, &r.patient)
        || !take_id(a, &bytes, &r.request_id) || !take_text(&bytes, &r.address))
        return false;
    r.status = (uint16_t)status;
    r.grant = (uint32_t)grant;
    r.type = (TypeId)type;
    r.rows = (uint32_t)rows;
    r.flags = (uint16_t)flags;
    *out = r;
    return true;
}

bool audit_decode(Arena *a, Str *bytes, AuditRecord *out)
{
    AuditEntry entry;

    return entry_take(bytes, AUDIT_FORM, &entry) && audit_entry_read(a, &entry, out);
}

/* Goes through the records of one row. False if it is damaged; *place is then where. */
static bool row_walk(Str records, AuditWalk *walk, bool *go_on, uint64_t *place)
{
    int form = records.len ? records.at[0] : 0;

    if (form < 1 || form > AUDIT_FORM)
        return false;
    records = str_skip(records, 1);
    for (; records.len && *go_on; ++*place) {
        AuditEntry entry;

        if (!entry_take(&records, form, &entry))
            return false;
        if (*place > walk->after && walk->entry)
            *go_on = walk->entry(walk, *place, &entry);
    }
    return true;
}

bool audit_row_walk(Str records, AuditWalk *walk, uint64_t *place)
{
    bool go_on = true;

    return row_walk(records, walk, &go_on, place);
}

Fail audit_next_place(Call *c, Db *db, uint64_t *place)
{
    Statement *s = db_statement(db, audit_last_sql);
    AuditWalk  only_count = { 0 };
    bool       go_on = true, sound = true;
    Step       step;

    TRY_STATEMENT(c, db, s);
    *place = 1;
    step = statement_step(s);
    if (step == STEP_FAILED)
        return db_fail(c, db);
    if (step == STEP_ROW) {
        *place = (uint64_t)row_int(s, 0);
        sound = row_walk(row_bytes(s, 1), &only_count, &go_on, place);
    }
    statement_reset(s);
    return sound ? OK : fail(c, FAIL_SYSTEM, (Str){ 0 }, "the last audit record is damaged");
}

Fail audit_put(Call *c, Db *db, uint64_t place, Str records)
{
    Statement *s = db_statement(db, audit_put_sql);

    TRY_STATEMENT(c, db, s);
    bind_int(s, (int64_t)place);
    bind_bytes(s, records);
    return statement_run(s) ? OK : db_fail(c, db);
}

/* One slice of the log, so that no snapshot is held for long. *begin is where it starts, and
 * then where the next does; 0: there is none. */
static Fail walk_slice(Call *c, Session *s, AuditWalk *walk, uint64_t *begin, bool *go_on)
{
    Statement *rows = db_statement(s->db, audit_read_sql);
    bool       sound = true;
    Step       step;

    TRY_STATEMENT(c, s->db, rows);
    bind_int(rows, (int64_t)*begin);
    *begin = 0;
    while (*go_on && sound && (step = statement_step(rows)) == STEP_ROW) {
        *begin = (uint64_t)row_int(rows, 0);
        sound = row_walk(row_bytes(rows, 1), walk, go_on, begin);
    }
    statement_reset(rows);
    if (db_failure(s->db) != OK)
        return db_fail(c, s->db);
    if (sound)
        return OK;
    walk->damaged = *begin;
    return fail(c, FAIL_SYSTEM, (Str){ 0 }, "audit record %llu is damaged",
                (unsigned long long)*begin);
}

static Fail read_begin(Call *c, Session *s, uint64_t from, uint64_t *begin)
{
    Statement *first = db_statement(s->db, audit_begin_sql);

    TRY_STATEMENT(c, s->db, first);
    bind_int(first, (int64_t)from);
    if (statement_step(first) != STEP_ROW)
        return db_fail(c, s->db);
    *begin = (uint64_t)row_int(first, 0);
    statement_reset(first);
    return OK;
}

Fail audit_walk(Call *c, Session *s, AuditWalk *walk)
{
    uint64_t begin = 0;
    bool     go_on = true;
    Fail     result;

    TRY(session_enter(c, s, NULL));
    result = read_begin(c, s, walk->after + 1, &begin);
    session_leave(s);
    if (begin == 0)
        begin = 1;
    while (result == OK && go_on && begin) {
        session_rest(s); /* the log grows without the epoch rising */
        TRY(session_enter(c, s, NULL));
        result = walk_slice(c, s, walk, &begin, &go_on);
        session_leave(s);
    }
    return result;
}

typedef struct Reading {
    AuditWalk walk;
    Arena    *arena;
    bool (*each)(void *context, const AuditRecord *record, uint64_t place);
    void *context;
    bool  sound;
} Reading;

static bool read_entry(AuditWalk *walk, uint64_t place, const AuditEntry *entry)
{
    Reading    *r = (Reading *)walk;
    ArenaMark   mark = arena_mark(r->arena);
    AuditRecord record;
    bool        go_on = false;

    r->sound = audit_entry_read(r->arena, entry, &record);
    if (r->sound)
        go_on = r->each(r->context, &record, place);
    arena_rewind(r->arena, mark);
    return go_on;
}

Fail store_audit_read(Call *c, Session *s, uint64_t after,
                      bool (*each)(void *context, const AuditRecord *record, uint64_t place),
                      void *context)
{
    Reading r = { { .after = after, .entry = read_entry }, c->arena, each, context, true };

    TRY(audit_walk(c, s, &r.walk));
    return r.sound ? OK : fail(c, FAIL_SYSTEM, (Str){ 0 }, "an audit record is damaged");
}

bool audit_id_read(Str id, uint64_t *place, uint32_t *part)
{
    Str      first = id, second = { 0 };
    uint64_t number = 1;

    if (str_cut(id, '-', &first, &second)) {
        if (!str_to_u64(second, &number) || number < 2 || number > UINT32_MAX
            || second.at[0] == '0')
            return false;
    } else {
        first = id;
    }
    *part = (uint32_t)number;
    return first.len > 0 && first.at[0] != '0' && str_to_u64(first, place)
           && *place <= INT64_MAX;
}

bool audit_id_is_own(TypeId type, Str id)
{
    uint64_t place;
    uint32_t part;

    return type == TYPE_AUDIT_EVENT && audit_id_read(id, &place, &part);
}
