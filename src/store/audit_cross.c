/*
 * Whether the audit log and the log of changes tell the same story: see store.h. Both are in one
 * database and written by the same commits, so each version must have the record of its change and
 * each such record its version. Versions are compared by digests of their names, which are sorted.
 */
#include <stdlib.h>

#include "store/audit.h"

SQL(names_sql, "SELECT seq, type, id, version FROM own_version WHERE seq > $1 ORDER BY seq"
               " LIMIT 20000");

enum { ARENA_BYTES_A_NAME = 128 };

typedef struct Name {
    uint64_t digest; /* of type, id and version */
    uint64_t place;  /* seq of the version; of a record its place */
} Name;

typedef struct Names {
    Arena *arena;
    Name  *at;
    size_t count, room;
} Names;

typedef struct Crossing {
    Call             *call;
    Session          *session;
    const CrossKinds *kinds;
    Names             versions, records;
    uint64_t          imported, seq;
} Crossing;

static uint64_t digest_of(TypeId type, Str packed, uint64_t version)
{
    uint64_t hash = 14695981039346656037u ^ type;

    for (size_t i = 0; i < packed.len; i++)
        hash = (hash ^ (unsigned char)packed.at[i]) * 1099511628211u;
    hash = (hash ^ version) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static void add(Names *n, uint64_t digest, uint64_t place)
{
    if (n->count == n->room) {
        size_t room = n->room ? n->room * 2 : 4096;

        n->at = arena_grow(n->arena, n->at, n->room * sizeof *n->at, room * sizeof *n->at);
        n->room = room;
    }
    n->at[n->count++] = (Name){ digest, place };
}

static int compare(const void *a, const void *b)
{
    const Name *x = a, *y = b;

    if (x->digest != y->digest)
        return x->digest < y->digest ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* ---- versions ---- */

static Fail names_slice(Crossing *x, bool *more)
{
    Db        *db = x->session->db;
    Statement *s = db_statement(db, names_sql);
    Step       step;

    TRY_STATEMENT(x->call, db, s);
    bind_int(s, (int64_t)x->seq);
    *more = false;
    while ((step = statement_step(s)) == STEP_ROW) {
        x->seq = (uint64_t)row_int(s, 0);
        add(&x->versions,
            digest_of((TypeId)row_int(s, 1), row_bytes(s, 2), (uint64_t)row_int(s, 3)), x->seq);
        *more = true;
    }
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(x->call, db) : OK;
}

/* Those behind the last that was read. */
static Fail read_versions(Crossing *x)
{
    bool more = true;

    while (more) {
        Fail result;

        session_rest(x->session);
        TRY(session_enter(x->call, x->session, NULL));
        result = names_slice(x, &more);
        session_leave(x->session);
        TRY(result);
    }
    return OK;
}

/* ---- records ---- */

static bool take_record(void *context, const AuditRecord *r, uint64_t place)
{
    Crossing *x = context;
    PackedId  id = id_pack(r->id);

    if (r->outcome != AUDIT_DONE && !x->kinds->imports(r))
        return true;
    if (x->kinds->imports(r))
        x->imported += r->rows;
    else if (x->kinds->changes(r) && r->version)
        add(&x->records, digest_of(r->type, packed_str(&id), r->version), place);
    return true;
}

/* ---- both ---- */

static void compare_both(Crossing *x, size_t before, AuditCross *out)
{
    const Names *v = &x->versions, *r = &x->records;
    uint64_t     last = 0;
    size_t       i = 0, k = 0;

    for (size_t at = 0; at < before; at++)
        last = v->at[at].place > last ? v->at[at].place : last;
    qsort(v->at, v->count, sizeof *v->at, compare);
    if (r->count)
        qsort(r->at, r->count, sizeof *r->at, compare);
    while (i < v->count || k < r->count) {
        bool     has_version = i < v->count, has_record = k < r->count;
        uint64_t digest = has_version && (!has_record || v->at[i].digest <= r->at[k].digest)
                              ? v->at[i].digest
                              : r->at[k].digest;
        bool     known = has_version && v->at[i].digest == digest;
        bool     told = has_record && r->at[k].digest == digest;

        /* What was written after the records were read may have its record behind them. */
        if (known && !told && v->at[i].place <= last && ++out->unrecorded
            && (!out->version_seq || v->at[i].place < out->version_seq))
            out->version_seq = v->at[i].place;
        if (told && !known && ++out->unfounded
            && (!out->record || r->at[k].place < out->record))
            out->record = r->at[k].place;
        while (i < v->count && v->at[i].digest == digest)
            i++;
        while (k < r->count && r->at[k].digest == digest)
            k++;
    }
}

static Fail cross(Crossing *x, AuditCross *out)
{
    size_t before;

    TRY(read_versions(x));
    before = x->versions.count;
    TRY(store_audit_read(x->call, x->session, 0, take_record, x));
    out->versions = before;
    out->records = x->records.count;
    TRY(read_versions(x)); /* made meanwhile: their records may be among those just read */
    if (x->versions.count)
        compare_both(x, before, out);
    else if (x->records.count) {
        out->unfounded = x->records.count;
        out->record = x->records.at[0].place;
    }
    out->imported = x->imported;
    out->agrees = !out->unfounded && out->unrecorded <= x->imported;
    return OK;
}

Fail store_audit_cross(Call *c, Session *s, const CrossKinds *kinds, AuditCross *out)
{
    Crossing x = { .call = c, .session = s, .kinds = kinds };
    uint64_t most = store_newest_seq(session_store(s))
                    + atomic_load(&session_store(s)->audit_place) + 65536;
    Fail result;

    *out = (AuditCross){ 0 };
    x.versions.arena = x.records.arena = arena_create(most * ARENA_BYTES_A_NAME);
    result = cross(&x, out);
    arena_destroy(x.versions.arena);
    return result;
}
