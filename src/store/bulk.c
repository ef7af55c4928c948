/*
 * Import in bulk: callers' threads look up, compress and gather; a thread of the import hands
 * whole runs to the writer while the next is being gathered. See store.h and bulk.h.
 */
#include "store/bulk.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "fhir/draft.h"
#include "store/dictionary.h"
#include "store/version.h"

enum {
    SESSIONS_MAX = 64,
    TEXT_BYTES = 240,
    SAMPLES = 5000,           /* texts a dictionary is trained from */
    SAMPLE_BYTES_MAX = 32 * 1024,
    TRAINED_AGAIN = 10,       /* times as many resources until the next */
    DICTIONARIES_ENOUGH = 8,
};

struct Bulk {
    Arena          *arena;
    Store          *store;
    Permit          permit;
    pthread_t       thread;
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    Run            *filling;
    Run            *writing;  /* NULL: the thread is free */
    bool            ending;
    Fail            result;   /* of the first run that failed */
    char            text[TEXT_BYTES];
    Session        *sessions[SESSIONS_MAX]; /* that nobody uses now */
    size_t          session_count;
    Arena          *samples_arena;
    Str            *samples;
    size_t          sample_count;
    uint64_t        added, sample_every, sampled_at;
};

/* What was there before an item, and whether it is the same. */
typedef struct Before {
    uint64_t  seq, version;
    bool      deleted, same, pending;
    IndexRows rows; /* to be taken out */
} Before;

/* ---- runs handed over ---- */

static void *write_runs(void *context)
{
    Bulk *b = context;
    Arena *arena = arena_create(LIMIT_CALL_BYTES);

    pthread_mutex_lock(&b->lock);
    for (;;) {
        Call       call;
        RunWriting writing = { &b->permit, b->writing };
        Fail       result;

        if (!b->writing && b->ending)
            break;
        if (!b->writing) {
            pthread_cond_wait(&b->changed, &b->lock);
            continue;
        }
        pthread_mutex_unlock(&b->lock);
        call_begin(&call, arena);
        call.deadline_ms = 0;
        result = writer_run(&call, b->store, run_write, &writing, true);
        pthread_mutex_lock(&b->lock);
        if (result != OK && b->result == OK) {
            b->result = result;
            snprintf(b->text, sizeof b->text, "%.*s", STR_ARG(call.issues[0].text));
        }
        run_release(b->writing);
        b->writing = NULL;
        arena_reset(arena);
        pthread_cond_broadcast(&b->changed);
    }
    pthread_mutex_unlock(&b->lock);
    arena_destroy(arena);
    return NULL;
}

/* With the lock held; waits while the run before is being written. */
static void hand_over(Bulk *b)
{
    while (b->writing)
        pthread_cond_wait(&b->changed, &b->lock);
    b->writing = b->filling;
    b->filling = run_new();
    b->filling->raw = bodies_newest(b->store->bodies) == 0;
    pthread_cond_broadcast(&b->changed);
}

static Fail noted(Call *c, const Bulk *b)
{
    return b->result == OK ? OK : fail(c, b->result, (Str){ 0 }, "%s", b->text);
}

/* ---- dictionaries ---- */

static void sample(Bulk *b, Str text)
{
    if (b->sample_count == SAMPLES || b->added < b->sampled_at || text.len > SAMPLE_BYTES_MAX)
        return;
    b->sampled_at = b->added + b->sample_every;
    b->samples[b->sample_count++] = arena_str(b->samples_arena, text);
}

static void compress_raw(Bulk *b, Run *r)
{
    for (uint32_t i = 1; r->raw && i < r->item_count; i++)
        if (r->items[i].method != METHOD_DELETE)
            r->items[i].body = body_compress(b->store->bodies, r->arena, r->items[i].body,
                                             &r->items[i].dictionary);
    r->raw = false;
}

/* With the lock held: others wait a second or two, a few times in the life of a database. */
static Fail train(Call *c, Bulk *b)
{
    Str  words = body_train(b->samples_arena, b->samples, b->sample_count);
    Fail result = words.len ? dictionary_put(c, b->store, words) : OK;

    arena_reset(b->samples_arena);
    b->samples = NEW_ARRAY(b->samples_arena, Str, SAMPLES);
    b->sample_count = 0;
    b->sample_every = b->sample_every * TRAINED_AGAIN;
    if (bodies_newest(b->store->bodies) >= DICTIONARIES_ENOUGH)
        b->sampled_at = UINT64_MAX;
    return result;
}

/* ---- what is there already ---- */

static Session *session_take(Call *c, Bulk *b)
{
    Session *s = NULL;

    pthread_mutex_lock(&b->lock);
    if (b->session_count)
        s = b->sessions[--b->session_count];
    pthread_mutex_unlock(&b->lock);
    if (!s && session_open(c, b->store, &s) != OK)
        return NULL;
    return s;
}

static void session_give(Bulk *b, Session *s)
{
    bool kept;

    pthread_mutex_lock(&b->lock);
    kept = b->session_count < SESSIONS_MAX;
    if (kept)
        b->sessions[b->session_count++] = s;
    pthread_mutex_unlock(&b->lock);
    if (!kept)
        session_close(s);
}

static bool same_text(Call *c, const Version *v, Str remainder)
{
    Buf head = buf_new(c->arena, 256);

    draft_head_put(&head, v->type, v->id, v->version, v->at_us);
    return v->body.len == head.len + remainder.len && str_ends(v->body, remainder);
}

/* Of a deleted one only the compartments are in the tables: those of its last text. */
static Fail rows_of_deleted(Call *c, Session *s, const VersionRow *gone, IndexRows *out)
{
    VersionRow living;
    bool       found;

    *out = (IndexRows){ 0 };
    if (!gone->prior_seq)
        return OK;
    TRY(version_at(c, s->db, s->store->bodies, VIEW_PRACTICE, gone->prior_seq, true, &living,
                   &found));
    if (!found)
        return OK;
    TRY(version_rows(c, s->store, &living.version, out));
    rows_keep_compartments(out);
    return OK;
}

static Fail look_in_database(Call *c, Session *s, const BulkItem *item, Before *out)
{
    Standing   standing;
    VersionRow row;
    bool       found;

    TRY(version_standing(c, s->db, VIEW_PRACTICE, item->type, item->id, &standing));
    if (!standing.seq)
        return OK;
    TRY(version_at(c, s->db, s->store->bodies, VIEW_PRACTICE, standing.seq, true, &row, &found));
    if (!found)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "version %llu is missing from the log",
                    (unsigned long long)standing.seq);
    out->seq = standing.seq;
    out->version = row.version.version;
    out->deleted = standing.deleted;
    out->same = item->version ? row.version.version >= item->version
                              : item->skip_same
                                    && (item->method == METHOD_DELETE
                                            ? row.version.deleted
                                            : !row.version.deleted
                                                  && same_text(c, &row.version, item->remainder));
    if (out->same)
        return OK;
    if (row.version.deleted)
        return rows_of_deleted(c, s, &row, &out->rows);
    return version_rows(c, s->store, &row.version, &out->rows);
}

static uint32_t pending_item(const Run *r, const BulkItem *item, const PackedId *id)
{
    uint32_t name = r ? names_find(&r->resources, item->type, packed_str(id)) : 0;

    return name ? name_at(&r->resources, name)->last : NO_ITEM;
}

/* One whose run is being written can be looked up when that is done. */
static bool wait_if_writing(Bulk *b, const BulkItem *item, const PackedId *id)
{
    bool pending;

    pthread_mutex_lock(&b->lock);
    while (pending_item(b->writing, item, id))
        pthread_cond_wait(&b->changed, &b->lock);
    pending = pending_item(b->filling, item, id) != NO_ITEM;
    pthread_mutex_unlock(&b->lock);
    return pending;
}

static Fail look(Call *c, Bulk *b, const BulkItem *item, Before *out)
{
    PackedId id = id_pack(item->id);
    Session *s;
    Fail     result;

    *out = (Before){ 0 };
    out->pending = wait_if_writing(b, item, &id);
    if (out->pending)
        return OK;
    s = session_take(c, b);
    if (!s)
        return FAIL_SYSTEM;
    result = session_enter(c, s, &b->permit);
    if (result == OK) {
        result = look_in_database(c, s, item, out);
        session_leave(s);
    }
    session_give(b, s);
    return result;
}

/* ---- adding ---- */

static bool same_as_pending(const Run *r, uint32_t last, const BulkItem *item, Str body,
                            uint32_t dictionary)
{
    const RunItem *before = &r->items[last];

    if (item->version)
        return before->version >= item->version;
    if (!item->skip_same)
        return false;
    if (item->method == METHOD_DELETE || before->method == METHOD_DELETE)
        return item->method == METHOD_DELETE && before->method == METHOD_DELETE;
    return before->dictionary == dictionary && str_equal(before->body, body);
}

/* A later item of the same run replaces an earlier one: its rows are never written, but for the
 * compartments of one that is deleted. */
static void replace(Run *r, uint32_t last, bool by_deletion)
{
    RunItem *before = &r->items[last];

    before->newest = false;
    before->keep = by_deletion && before->method != METHOD_DELETE ? KEEP_COMPARTMENTS : KEEP_NONE;
    if (before->prior_item)
        r->items[before->prior_item].keep = KEEP_NONE;
}

static RunItem *item_room(Run *r)
{
    if (r->item_count == r->item_room) {
        r->items = arena_grow(r->arena, r->items, r->item_room * sizeof *r->items,
                              2 * (size_t)r->item_room * sizeof *r->items);
        r->item_room *= 2;
    }
    return &r->items[r->item_count];
}

static void add_rows(Bulk *b, uint32_t number, const BulkItem *item, const Before *before)
{
    Run *r = b->filling;

    for (uint32_t i = 0; i < before->rows.count; i++)
        if (item->method != METHOD_DELETE || before->rows.rows[i].kind != ROW_COMPARTMENT)
            run_add_row(r, b->store, number, item->type, &before->rows.rows[i], true);
    for (uint32_t i = 0; item->method != METHOD_DELETE && i < item->rows.count; i++)
        run_add_row(r, b->store, number, item->type, &item->rows.rows[i], false);
}

/* With the lock held. */
static void add_item(Bulk *b, const BulkItem *item, const Before *before, Str body,
                     uint32_t dictionary, bool *unchanged)
{
    Run     *r = b->filling;
    PackedId id = id_pack(item->id);
    uint32_t name = names_put(&r->resources, item->type, packed_str(&id));
    uint32_t last = name_at(&r->resources, name)->last, number = r->item_count;
    RunItem *added;

    if (last && same_as_pending(r, last, item, body, dictionary)) {
        *unchanged = true;
        return;
    }
    if (last)
        replace(r, last, item->method == METHOD_DELETE);
    added = item_room(r);
    *added = (RunItem){
        .name = name,
        .prior_item = last,
        .method = (uint8_t)item->method,
        .newest = true,
        .dictionary = dictionary,
        .body = arena_str(r->arena, body),
        .version = item->version,
        .at_us = item->at_us,
        .before_seq = before->seq,
        .before_version = before->version,
        .before_deleted = before->deleted,
    };
    r->item_count++;
    name_at(&r->resources, name)->last = number;
    add_rows(b, number, item, before);
    b->added++;
}

/* With the lock held: what follows from one more item. */
static Fail after_adding(Call *c, Bulk *b)
{
    Run *r = b->filling;
    Fail result = noted(c, b);

    if (result == OK && b->sample_count == SAMPLES)
        result = train(c, b);
    if (r->raw && bodies_newest(b->store->bodies))
        compress_raw(b, r);
    if (r->item_count > RUN_ITEMS || arena_used(r->arena) > RUN_BYTES) {
        compress_raw(b, r);
        hand_over(b);
    }
    return result;
}

Fail store_bulk_add(Call *c, Bulk *b, const BulkItem *item, bool *unchanged)
{
    uint32_t dictionary = 0, newest = bodies_newest(b->store->bodies);
    Str      body = item->remainder;
    Before   before;
    Fail     result;

    *unchanged = false;
    if (!resource_id_valid(item->id) || !type_is_resource(item->type))
        return fail(c, FAIL_VALUE, (Str){ 0 }, "neither type nor id of a resource");
    TRY(look(c, b, item, &before));
    if (before.same) {
        *unchanged = true;
        return OK;
    }
    if (newest && item->method != METHOD_DELETE)
        body = body_compress(b->store->bodies, c->arena, body, &dictionary);
    pthread_mutex_lock(&b->lock);
    if (item->method != METHOD_DELETE)
        sample(b, item->remainder);
    if (!newest && !b->filling->raw && item->method != METHOD_DELETE)
        body = body_compress(b->store->bodies, b->filling->arena, body, &dictionary);
    add_item(b, item, &before, body, dictionary, unchanged);
    result = after_adding(c, b);
    pthread_mutex_unlock(&b->lock);
    return result;
}

/* ---- beginning and ending ---- */

Fail store_bulk_begin(Call *c, Store *s, const Permit *permit, Bulk **out)
{
    Arena *arena = arena_create(16 * 1024 * 1024);
    Bulk  *b = NEW(arena, Bulk);

    if (permit->reach != REACH_PRACTICE || !permit->practice) {
        arena_destroy(arena);
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 }, "an import needs leave for the whole practice");
    }
    b->arena = arena;
    b->store = s;
    b->permit = *permit;
    b->samples_arena = arena_create(512 * 1024 * 1024);
    b->samples = NEW_ARRAY(b->samples_arena, Str, SAMPLES);
    b->sample_every = bodies_newest(s->bodies) ? TRAINED_AGAIN : 1;
    b->filling = run_new();
    b->filling->raw = bodies_newest(s->bodies) == 0;
    atomic_store(&s->importing, true);
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
    if (pthread_create(&b->thread, NULL, write_runs, b) != 0)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "no thread could be started");
    *out = b;
    return OK;
}

Fail store_bulk_end(Call *c, Bulk *b)
{
    Fail result = OK;

    pthread_mutex_lock(&b->lock);
    if (b->filling->raw)
        result = train(c, b);
    compress_raw(b, b->filling);
    if (b->filling->item_count > 1)
        hand_over(b);
    while (b->writing)
        pthread_cond_wait(&b->changed, &b->lock);
    b->ending = true;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    if (result == OK)
        result = noted(c, b);
    for (size_t i = 0; i < b->session_count; i++)
        session_close(b->sessions[i]);
    run_release(b->filling);
    atomic_store(&b->store->importing, false);
    arena_destroy(b->samples_arena);
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
    arena_destroy(b->arena);
    return result;
}
