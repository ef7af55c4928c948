/*
 * Signing the audit log. What was written since the last checkpoint is hashed into the tree, and
 * tiles and checkpoint go into the database with one commit. Key and name of the log are a
 * setting: whoever can read that can read and change everything anyway, and what protects against
 * them is a checkpoint that is kept elsewhere.
 */
#include <pthread.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/queue.h"
#include "base/random.h"
#include "codec/base64.h"
#include "store/audit_tree.h"
#include "store/migrate.h"
#include "store/writer.h"

SQL(setting_own_sql, "SELECT value FROM own_setting WHERE name = $1");
SQL(checkpoint_last_sql,
    "SELECT size, note FROM own_audit_checkpoint WHERE size > 0 ORDER BY size DESC LIMIT 1");
SQL(checkpoint_size_sql, "SELECT coalesce(max(size), 0) FROM audit_checkpoint");
SQL(tile_put_sql, "INSERT INTO audit_tile (level, number, hashes) VALUES ($1, $2, $3)");
SQL(checkpoint_put_sql, "INSERT INTO audit_checkpoint (size, note) VALUES ($1, $2)");

static const Str signer_setting = STR_INIT("audit_log");

enum {
    LOOK_MS = 1000,
    RECORDS_AT_ONCE = 1024 * MERKLE_TILE_WIDTH,
    NAME_BYTES = 8, /* random, behind "hale/" */
};

typedef struct Tile Tile;
struct Tile {
    unsigned          level;
    uint64_t          number;
    const MerkleHash *hashes;
    Tile             *next;
};

/* The tree is kept between one signing and the next. */
struct AuditSigner {
    Store          *store;
    Queue          *stop; /* nothing is put in: closing it ends the thread */
    pthread_t       thread;
    pthread_mutex_t lock; /* of what follows */
    Arena          *arena;
    AuditTree       tree;
    bool            loaded;
    uint64_t        signed_ms;
};

/* ---- name and key ---- */

static Fail make_signer(Call *c, Writer *w, void *context)
{
    uint8_t name[NAME_BYTES], seed[NOTE_SEED_BYTES];
    Buf     value = buf_new(c->arena, 128);

    (void)context;
    random_bytes(name, sizeof name);
    random_bytes(seed, sizeof seed);
    buf_put(&value, STR("hale/"));
    base16_put(&value, (Str){ (const char *)name, sizeof name });
    buf_put_char(&value, ' ');
    base16_put(&value, (Str){ (const char *)seed, sizeof seed });
    explicit_bzero(seed, sizeof seed);
    return setting_put(c, w->db, signer_setting, buf_str(&value));
}

static Fail read_setting(Call *c, Session *s, Str *out)
{
    Statement *get = db_statement(s->db, setting_own_sql);
    Step       step;

    TRY_STATEMENT(c, s->db, get);
    bind_text(get, signer_setting);
    step = statement_step(get);
    *out = step == STEP_ROW ? arena_str(c->arena, row_text(get, 0)) : (Str){ 0 };
    statement_reset(get);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

Fail audit_signer_load(Call *c, Session *s, NoteSigner *out)
{
    uint8_t seed[NOTE_SEED_BYTES];
    Str     value, name, digits;
    Fail    result;

    TRY(session_enter(c, s, NULL));
    result = read_setting(c, s, &value);
    session_leave(s);
    TRY(result);
    if (!value.len)
        return FAIL_NOT_FOUND;
    if (!str_cut(value, ' ', &name, &digits) || !base16_read(digits, seed, sizeof seed))
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "the key of the audit log is damaged");
    note_signer_make(out, name, seed);
    explicit_bzero(seed, sizeof seed);
    return OK;
}

static Fail signer_of(Call *c, Session *s, NoteSigner *out)
{
    Fail result = audit_signer_load(c, s, out);

    if (result != FAIL_NOT_FOUND)
        return result;
    TRY(writer_run(c, s->store, make_signer, NULL, true));
    return audit_signer_load(c, s, out);
}

/* ---- checkpoints ---- */

static Fail read_last(Call *c, Session *s, uint64_t *size, Str *note)
{
    Statement *get = db_statement(s->db, checkpoint_last_sql);
    Step       step;

    TRY_STATEMENT(c, s->db, get);
    step = statement_step(get);
    if (step == STEP_ROW) {
        *size = (uint64_t)row_int(get, 0);
        *note = arena_str(c->arena, row_text(get, 1));
    }
    statement_reset(get);
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

static Fail last_checkpoint(Call *c, Session *s, uint64_t *size, Str *note)
{
    Fail result;

    *size = 0;
    *note = (Str){ 0 };
    session_rest(
        s); /* a checkpoint is no change of data: an older snapshot would not show it */
    TRY(session_enter(c, s, NULL));
    result = read_last(c, s, size, note);
    session_leave(s);
    return result;
}

Fail audit_signed_load(Call *c, Store *s, Db *db)
{
    Statement *last = db_statement(db, checkpoint_size_sql);

    TRY_STATEMENT(c, db, last);
    if (statement_step(last) != STEP_ROW)
        return db_fail(c, db);
    atomic_store(&s->audit_signed, (uint64_t)row_int(last, 0));
    statement_reset(last);
    return OK;
}

Fail store_audit_checkpoint(Call *c, Session *s, Str *note)
{
    uint64_t size;

    return last_checkpoint(c, s, &size, note);
}

Fail store_audit_verifier(Call *c, Session *s, Str *out)
{
    NoteSigner signer;
    Fail       result = audit_signer_load(c, s, &signer);

    *out = (Str){ 0 };
    if (result == FAIL_NOT_FOUND)
        return OK;
    TRY(result);
    explicit_bzero(signer.seed, sizeof signer.seed);
    *out = note_verifier(c->arena, &signer);
    return OK;
}

/* ---- signing ---- */

typedef struct Growing {
    AuditWalk  walk;
    AuditTree *tree;
    Arena     *arena;
    Tile      *tiles;
    uint64_t   most; /* so many records in the tree */
    bool       gap;
} Growing;

static void keep_tile(void *context, unsigned level, uint64_t number, const MerkleHash *hashes)
{
    Growing *g = context;
    Tile    *tile = NEW(g->arena, Tile);

    *tile = (Tile){ level, number, NULL, g->tiles };
    tile->hashes = memcpy(NEW_ARRAY(g->arena, MerkleHash, MERKLE_TILE_WIDTH), hashes,
                          MERKLE_TILE_WIDTH * sizeof *hashes);
    g->tiles = tile;
}

static bool grow(AuditWalk *walk, uint64_t place, const AuditEntry *entry)
{
    Growing *g = (Growing *)walk;

    g->gap = place != g->tree->merkle.size + 1;
    if (g->gap)
        return false;
    audit_tree_add(g->tree, entry);
    return g->tree->merkle.size < g->most;
}

typedef struct Putting {
    const Tile *tiles;
    uint64_t    size;
    Str         note;
} Putting;

static Fail put(Call *c, Writer *w, void *context)
{
    const Putting *p = context;
    Statement     *s = db_statement(w->db, tile_put_sql);

    TRY_STATEMENT(c, w->db, s);
    for (const Tile *tile = p->tiles; tile; tile = tile->next) {
        bind_int(s, tile->level);
        bind_int(s, (int64_t)tile->number);
        bind_bytes(
            s, (Str){ (const char *)tile->hashes, MERKLE_TILE_WIDTH * sizeof *tile->hashes });
        if (!statement_run(s))
            return db_fail(c, w->db);
    }
    s = db_statement(w->db, checkpoint_put_sql);
    TRY_STATEMENT(c, w->db, s);
    bind_int(s, (int64_t)p->size);
    bind_text(s, p->note);
    return statement_run(s) ? OK : db_fail(c, w->db);
}

static Str signed_checkpoint(Call *c, const NoteSigner *signer, const AuditTree *tree)
{
    Checkpoint checkpoint = {
        .origin = signer->name,
        .size = tree->merkle.size,
        .root = merkle_root(&tree->merkle),
        .at_us = clock_wall_us(),
    };

    return note_sign(c->arena, signer, checkpoint_format(c->arena, &checkpoint));
}

/* A log that is not what was signed last is not signed again: that would hide it. */
static bool is_as_signed(Call *c, const AuditTree *tree, Str note)
{
    MerkleHash root = merkle_root(&tree->merkle);
    Checkpoint last;
    Str        text;

    return note_text(note, &text) && checkpoint_read(c->arena, text, &last)
           && last.size == tree->merkle.size && memcmp(&last.root, &root, sizeof root) == 0;
}

static Fail load(Call *c, Session *s, struct AuditSigner *a)
{
    uint64_t size;
    Str      note;

    if (a->loaded)
        return OK;
    TRY(last_checkpoint(c, s, &size, &note));
    arena_reset(a->arena);
    audit_tree_begin(&a->tree, a->arena);
    TRY(audit_tree_load(c, s, &a->tree, size));
    if (size && !is_as_signed(c, &a->tree, note))
        return fail(c, FAIL_SYSTEM, (Str){ 0 },
                    "the audit log is not what was signed: see hale audit verify");
    atomic_store(&s->store->audit_signed, size);
    a->loaded = true;
    return OK;
}

/* One checkpoint further. What the tree has taken in is not kept if that could not be stored. */
static Fail sign_once(Call *c, Session *s, struct AuditSigner *a, const NoteSigner *signer)
{
    Growing g = { .walk = { .entry = grow }, .tree = &a->tree, .arena = c->arena };
    Putting putting;

    TRY(load(c, s, a));
    a->loaded = false;
    g.walk.after = a->tree.merkle.size;
    g.most = a->tree.merkle.size + RECORDS_AT_ONCE;
    a->tree.full = keep_tile;
    a->tree.context = &g;
    TRY(audit_walk(c, s, &g.walk));
    if (g.gap)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "records are missing behind audit record %llu",
                    (unsigned long long)a->tree.merkle.size);
    if (a->tree.merkle.size == g.walk.after) {
        a->loaded = true;
        return OK;
    }
    putting = (Putting){ g.tiles, a->tree.merkle.size, signed_checkpoint(c, signer, &a->tree) };
    TRY(writer_run(c, s->store, put, &putting, false));
    a->loaded = true;
    atomic_store(&s->store->audit_signed, putting.size);
    return OK;
}

static uint64_t unsigned_records(const Store *s)
{
    uint64_t place = atomic_load(&s->audit_place), signed_size = atomic_load(&s->audit_signed);

    return place > signed_size ? place - signed_size : 0;
}

static Fail sign_all(Call *c, Session *s, struct AuditSigner *a)
{
    NoteSigner signer;
    uint64_t   before;
    Fail       result;

    TRY(signer_of(c, s, &signer));
    do {
        ArenaMark mark = arena_mark(c->arena);

        before = atomic_load(&a->store->audit_signed);
        result = sign_once(c, s, a, &signer);
        arena_rewind(c->arena, mark);
    } while (result == OK && atomic_load(&a->store->audit_signed) != before
             && unsigned_records(a->store));
    explicit_bzero(&signer, sizeof signer);
    a->signed_ms = clock_monotonic_ms();
    return result;
}

Fail store_audit_sign(Call *c, Store *store)
{
    Session *s;
    Fail     result;

    TRY(session_open(c, store, &s));
    pthread_mutex_lock(&store->signer->lock);
    result = sign_all(c, s, store->signer);
    pthread_mutex_unlock(&store->signer->lock);
    session_close(s);
    return result;
}

/* ---- the thread ---- */

static bool due(struct AuditSigner *a)
{
    uint64_t count = unsigned_records(a->store);

    return count >= LIMIT_UNSIGNED_RECORDS
           || (count && clock_monotonic_ms() - a->signed_ms >= LIMIT_UNSIGNED_MS);
}

/* What cannot be signed now (a full disk) is tried again when it is due again. */
static void sign_now(struct AuditSigner *a)
{
    Arena *arena = arena_create(LIMIT_CALL_BYTES);
    Call   call;

    call_begin(&call, arena);
    call.deadline_ms = 0;
    if (store_audit_sign(&call, a->store) != OK) {
        log_event(LOG_LEVEL_ERROR, "the audit log could not be signed", NULL, 0);
        a->signed_ms = clock_monotonic_ms();
    }
    arena_destroy(arena);
}

static void *sign_from_time_to_time(void *context)
{
    struct AuditSigner *a = context;

    while (!queue_closed(a->stop)) {
        (void)queue_take(a->stop, LOOK_MS);
        if (!queue_closed(a->stop) && due(a))
            sign_now(a);
    }
    return NULL;
}

Fail audit_signer_start(Call *c, Store *s)
{
    struct AuditSigner *a = NEW(s->arena, struct AuditSigner);

    a->store = s;
    a->arena = arena_create(1024 * 1024);
    a->stop = queue_create(1);
    a->signed_ms = clock_monotonic_ms();
    pthread_mutex_init(&a->lock, NULL);
    s->signer = a;
    if (pthread_create(&a->thread, NULL, sign_from_time_to_time, a) == 0)
        return OK;
    return fail(c, FAIL_SYSTEM, (Str){ 0 }, "no thread could be started");
}

void audit_signer_stop(Store *s)
{
    struct AuditSigner *a = s->signer;

    if (!a)
        return;
    queue_close(a->stop);
    pthread_join(a->thread, NULL);
    if (unsigned_records(s))
        sign_now(a);
    queue_destroy(a->stop);
    pthread_mutex_destroy(&a->lock);
    arena_destroy(a->arena);
}
