/*
 * Import in bulk: callers' threads look up, compress and gather; a thread of the import hands
 * whole runs to the writer while the next is being gathered. See store.h and bulk.h.
 */
#include "store/bulk.h"

#include <stdio.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "store/bulk_before.h"
#include "store/bulk_samples.h"
#include "store/bulk_seen.h"
#include "store/dictionary.h"

enum {
    SESSIONS_MAX = 64,
    TEXT_BYTES = 240,
    RUN_ITEMS_MIN = 10 * 1000,
    LOOKS_ENOUGH = 10 * 1000,         /* then it pays to read once what there is */
    RAW_BYTES_MAX = 16 * 1024 * 1024, /* that wait for a first dictionary */
    RUN_SHARE = 4, /* of what is there: then a run meets most pages with several rows */
};

enum { KEPT_BESIDE_RUNS = 64 * 1024 * 1024 }; /* what was seen, samples, readers, lanes */

_Static_assert(2 * RUN_BYTES + IMPORT_CACHE_BYTES + KEPT_BESIDE_RUNS <= LIMIT_IMPORT_BYTES,
               "an import takes no more than it promises");

struct Bulk {
    Arena          *arena;
    Store          *store;
    Permit          permit;
    pthread_t       thread;
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    Run            *filling;
    Run            *writing; /* NULL: none waits to be written or is being written */
    bool            ending, training;
    Samples         samples;
    Fail            result; /* of what failed first; nothing is written after it */
    char            text[TEXT_BYTES];
    Session        *sessions[SESSIONS_MAX]; /* that nobody uses now */
    size_t          session_count;
    Seen           *added, *stored; /* by this import; before it, NULL until that was read */
    bool            reading_stored;
    size_t          looks;
};

/* ---- the import's own thread ---- */

static void note_failure(Bulk *b, const Call *c, Fail result)
{
    if (b->result != OK)
        return;
    b->result = result;
    snprintf(b->text, sizeof b->text, "%.*s",
             STR_ARG(c->issue_count ? c->issues[0].text : STR("the import needs more memory")));
}

static Fail train(Call *c, Bulk *b, const Str *texts, size_t count)
{
    Str words = body_train(c->arena, texts, count);

    return words.len ? dictionary_put(c, b->store, words) : OK;
}

static Fail write_run(Call *c, Bulk *b, Run *r)
{
    RunWriting writing = { &b->permit, r };

    run_compress(r, b->store->bodies, c->arena);
    return writer_run(c, b->store, run_write, &writing, true);
}

/* Without a dictionary no run is written; a better one is made when none waits. */
static bool time_to_train(const Bulk *b)
{
    uint32_t dictionaries = bodies_newest(b->store->bodies);

    return (!b->writing || !dictionaries)
           && samples_ready(&b->samples, dictionaries, b->ending);
}

/* One thing to do, with the lock held on entry and on return. False when all is done. */
static bool work_once(Call *c, Bulk *b)
{
    Run   *run = b->writing;
    Str   *texts = NULL;
    size_t count = 0;
    Fail   result = b->result;

    if (!run && b->ending)
        return false;
    if (!run && !time_to_train(b)) {
        pthread_cond_wait(&b->changed, &b->lock);
        return true;
    }
    if (time_to_train(b))
        texts = samples_take(&b->samples, c->arena, &count);
    b->training = texts != NULL;
    pthread_mutex_unlock(&b->lock);
    if (result == OK && texts)
        result = train(c, b, texts, count);
    if (result == OK && run)
        result = write_run(c, b, run);
    pthread_mutex_lock(&b->lock);
    b->training = false;
    if (result != OK)
        note_failure(b, c, result);
    if (run) {
        run_release(run);
        b->writing = NULL;
    }
    pthread_cond_broadcast(&b->changed);
    return true;
}

static void *work(void *context)
{
    Bulk  *b = context;
    Arena *arena = arena_create(LIMIT_BUNDLE_CALL_BYTES);
    Call   call;
    bool   go_on = true;

    pthread_mutex_lock(&b->lock);
    while (go_on) {
        call_begin(&call, arena);
        call.deadline_ms = 0;
        go_on = work_once(&call, b);
        arena_reset(arena);
    }
    pthread_mutex_unlock(&b->lock);
    arena_destroy(arena);
    return NULL;
}

/* ---- what is there already ---- */

static Fail session_take(Call *c, Bulk *b, Session **out)
{
    *out = NULL;
    pthread_mutex_lock(&b->lock);
    if (b->session_count)
        *out = b->sessions[--b->session_count];
    pthread_mutex_unlock(&b->lock);
    return *out ? OK : session_open(c, b->store, out);
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

static uint32_t pending_item(const Run *r, const BulkItem *item)
{
    PackedId id = id_pack(item->id);
    uint32_t name = r ? names_find(&r->resources, item->type, packed_str(&id)) : 0;

    return name ? name_at(&r->resources, name)->last : NO_ITEM;
}

/* Where an earlier version of an item is to be looked for. */
typedef enum Whereabouts { IS_NEW, IS_PENDING, IS_STORED_PERHAPS } Whereabouts;

static bool is_new(const Bulk *b, TypeId type, Str packed_id)
{
    return b->stored && !seen_perhaps(b->stored, type, packed_id)
           && !seen_perhaps(b->added, type, packed_id);
}

/* One whose run is being written can be looked up when that is done. */
static Whereabouts whereabouts(Bulk *b, const BulkItem *item)
{
    PackedId    id = id_pack(item->id);
    Whereabouts found = IS_NEW;

    pthread_mutex_lock(&b->lock);
    if (!is_new(b, item->type, packed_str(&id))) {
        while (pending_item(b->writing, item))
            pthread_cond_wait(&b->changed, &b->lock);
        found = pending_item(b->filling, item) ? IS_PENDING : IS_STORED_PERHAPS;
        b->looks += found == IS_STORED_PERHAPS;
    }
    pthread_mutex_unlock(&b->lock);
    return found;
}

/* True for the one thread that is to read what is stored. */
static bool time_to_read(Bulk *b)
{
    bool time;

    pthread_mutex_lock(&b->lock);
    time = !b->reading_stored && b->looks >= LOOKS_ENOUGH;
    b->reading_stored = b->reading_stored || time;
    pthread_mutex_unlock(&b->lock);
    return time;
}

/* What is written meanwhile has been added to the other set. */
static Fail read_stored(Call *c, Bulk *b, Session *s)
{
    Seen *stored = seen_create();
    Fail  result = seen_read(c, s, stored);

    if (result != OK) {
        seen_destroy(stored);
        return result;
    }
    pthread_mutex_lock(&b->lock);
    b->stored = stored;
    pthread_mutex_unlock(&b->lock);
    return OK;
}

static Fail look(Call *c, Bulk *b, const BulkItem *item, Before *out)
{
    Session *s;
    Fail     result;

    TRY(session_take(c, b, &s));
    result = session_enter(c, s, &b->permit);
    if (result == OK) {
        result = time_to_read(b) ? read_stored(c, b, s) : OK;
        if (result == OK)
            result = before_look(c, s, item, out);
        session_leave(s);
    }
    session_give(b, s);
    return result;
}

/* ---- adding, with the lock held ---- */

typedef struct Adding {
    const BulkItem *item;
    Before          before;
    Str             body;
    uint32_t        dictionary;
    bool            raw;
} Adding;

static bool same_body(const RunItem *in_run, const Adding *x)
{
    if (x->item->method == METHOD_DELETE || in_run->method == METHOD_DELETE)
        return x->item->method == METHOD_DELETE && in_run->method == METHOD_DELETE;
    return in_run->raw == x->raw && in_run->dictionary == x->dictionary
           && str_equal(in_run->body, x->body);
}

/* Compares with the run's own versions of the resource. */
static Fail compare_pending(Call *c, const Run *r, uint32_t last, const Adding *x, bool *same)
{
    const BulkItem *item = x->item;
    const RunItem  *in_run = &r->items[last];

    if (!item->version) {
        *same = (item->skip_same || item->method == METHOD_DELETE) && same_body(in_run, x);
        return OK;
    }
    *same = item->version <= in_run->version;
    if (!*same)
        return OK;
    while (in_run->version > item->version && in_run->prior_item)
        in_run = &r->items[in_run->prior_item];
    if (in_run->version == item->version && same_body(in_run, x))
        return OK;
    return fail(c, FAIL_CONFLICT, (Str){ 0 },
                "version %llu of %.*s/%.*s came twice and says something else",
                (unsigned long long)item->version, STR_ARG(type_name(item->type)),
                STR_ARG(item->id));
}

/* A later item of the same run replaces an earlier one: its rows are never written, but for the
 * compartments of one that is deleted. */
static void replace(Run *r, uint32_t last, bool by_deletion)
{
    RunItem *earlier = &r->items[last];

    earlier->newest = false;
    earlier->keep =
        by_deletion && earlier->method != METHOD_DELETE ? KEEP_COMPARTMENTS : KEEP_NONE;
    if (earlier->prior_item)
        r->items[earlier->prior_item].keep = KEEP_NONE;
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

/* Of a deleted version there are only rows that no set of parameters decides. */
static void note_set(Run *r, const IndexRows *rows, bool living)
{
    if (living && rows->set < r->oldest_set)
        r->oldest_set = rows->set;
}

static void add_rows(Bulk *b, uint32_t number, const Adding *x)
{
    const BulkItem *item = x->item;
    bool            deletes = item->method == METHOD_DELETE;

    note_set(b->filling, &x->before.rows, x->before.seq && !x->before.deleted);
    note_set(b->filling, &item->rows, !deletes);
    for (uint32_t i = 0; i < x->before.rows.count; i++) {
        const IndexRow *row = &x->before.rows.rows[i];

        run_add_row(b->filling, b->store, number, item->type, row,
                    deletes && row->kind == ROW_COMPARTMENT ? ROW_REMOVE_IF_REPLACED
                                                            : ROW_REMOVE);
    }
    for (uint32_t i = 0; !deletes && i < item->rows.count; i++)
        run_add_row(b->filling, b->store, number, item->type, &item->rows.rows[i], ROW_PUT);
}

/* What is deleted stays with those it was of. */
static Str patients_of(const Run *r, const Adding *x, uint32_t last)
{
    if (x->item->method != METHOD_DELETE)
        return version_patients_column(r->bodies, &x->item->rows);
    return last ? r->items[last].patients : version_patients_column(r->bodies, &x->before.rows);
}

static void add_item(Bulk *b, const Adding *x, uint32_t last)
{
    Run            *r = b->filling;
    const BulkItem *item = x->item;
    PackedId        id = id_pack(item->id);
    uint32_t        name = names_put(&r->resources, item->type, packed_str(&id));
    uint32_t        number = r->item_count;
    uint64_t        version = last ? r->items[last].version : x->before.version;
    RunItem        *added;

    if (last)
        replace(r, last, item->method == METHOD_DELETE);
    added = item_room(r);
    *added = (RunItem){
        .name = name,
        .prior_item = last,
        .method = (uint8_t)item->method,
        .newest = true,
        .raw = x->raw,
        .dictionary = x->dictionary,
        .body = x->raw ? run_keep_raw(r, x->body) : arena_str(r->bodies, x->body),
        .patients = patients_of(r, x, last),
        .version = item->version ? item->version : version + 1,
        .at_us = item->at_us,
        .before_seq = x->before.seq,
        .before_deleted = x->before.deleted,
    };
    r->item_count++;
    seen_add(b->added, item->type, packed_str(&id));
    name_at(&r->resources, name)->last = number;
    add_rows(b, number, x);
}

/* Waits while the run before is being written. Others may fill on, or hand over, meanwhile. */
static void hand_over(Bulk *b)
{
    Run *full = b->filling;

    while (b->writing && b->filling == full)
        pthread_cond_wait(&b->changed, &b->lock);
    if (b->filling != full)
        return;
    b->writing = full;
    b->filling = run_new();
    pthread_cond_broadcast(&b->changed);
}

/* Large runs write a page of a large table once for many rows; while the tables are small, smaller
 * ones do as well, and the writer need not wait for its first. */
static bool run_is_full(const Bulk *b)
{
    uint64_t most = b->store->run_items,
             enough = atomic_load(&b->store->newest_seq) / RUN_SHARE;

    if (enough < RUN_ITEMS_MIN)
        enough = RUN_ITEMS_MIN;
    if (b->writing || enough > most)
        enough = most;
    return b->filling->item_count > enough || run_bytes(b->filling) > RUN_BYTES;
}

static Fail noted(Call *c, const Bulk *b)
{
    return b->result == OK ? OK : fail(c, b->result, (Str){ 0 }, "%s", b->text);
}

static Fail add(Call *c, Bulk *b, const Adding *x, bool *unchanged)
{
    uint32_t last = pending_item(b->filling, x->item);

    TRY(noted(c, b));
    if (last)
        TRY(compare_pending(c, b->filling, last, x, unchanged));
    if (*unchanged)
        return OK;
    add_item(b, x, last);
    if (x->item->method != METHOD_DELETE) {
        samples_add(&b->samples, x->item->type, x->item->remainder, x->raw ? 0 : x->body.len);
        if (samples_ready(&b->samples, bodies_newest(b->store->bodies), false))
            pthread_cond_broadcast(&b->changed);
    }
    if (run_is_full(b))
        hand_over(b);
    return OK;
}

/* While the first dictionary is made, no more texts are taken in than can wait for it. */
static void wait_for_dictionary(Bulk *b)
{
    pthread_mutex_lock(&b->lock);
    while (run_raw_bytes(b->filling) > RAW_BYTES_MAX && !bodies_newest(b->store->bodies)
           && (b->training || samples_ready(&b->samples, 0, false)) && b->result == OK)
        pthread_cond_wait(&b->changed, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

static void make_body(Call *c, Bulk *b, Adding *x)
{
    if (!bodies_newest(b->store->bodies))
        wait_for_dictionary(b);
    x->body = x->item->remainder;
    x->raw = x->item->method != METHOD_DELETE;
    if (x->raw && bodies_newest(b->store->bodies)) {
        x->body = body_compress(b->store->bodies, c->arena, x->body, &x->dictionary);
        x->raw = false;
    }
}

static Fail check_item(Call *c, const Bulk *b, const BulkItem *item)
{
    if (!resource_id_valid(item->id) || !type_is_resource(item->type))
        return fail(c, FAIL_VALUE, (Str){ 0 }, "neither type nor id of a resource");
    if (!type_set_has(&b->permit.types, item->type) || audit_id_is_own(item->type, item->id))
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 }, "%.*s may not be imported",
                    STR_ARG(type_name(item->type)));
    return OK;
}

Fail store_bulk_add(Call *c, Bulk *b, const BulkItem *item, bool *unchanged)
{
    Adding x = { .item = item };
    Fail   result;
    bool   moved;

    *unchanged = false;
    TRY(check_item(c, b, item));
    do {
        Whereabouts where = whereabouts(b, item);

        x.before = (Before){ 0 };
        if (where == IS_STORED_PERHAPS)
            TRY(look(c, b, item, &x.before));
        if (x.before.same) {
            *unchanged = true;
            return OK;
        }
        if (!x.body.at)
            make_body(c, b, &x);
        pthread_mutex_lock(&b->lock);
        /* The run with the version before may have been handed over since it was seen. */
        moved = where == IS_PENDING && !pending_item(b->filling, item);
        result = moved ? OK : add(c, b, &x, unchanged);
        pthread_mutex_unlock(&b->lock);
    } while (moved);
    return result;
}

/* ---- beginning and ending ---- */

static bool permit_covers_import(const Permit *p)
{
    return p->practice && p->reach == REACH_PRACTICE && !p->rows
           && (p->deed == DEED_CREATE || p->deed == DEED_UPDATE);
}

static void release(Bulk *b)
{
    for (size_t i = 0; i < b->session_count; i++)
        session_close(b->sessions[i]);
    run_release(b->filling);
    samples_release(&b->samples);
    seen_destroy(b->added);
    seen_destroy(b->stored);
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
    atomic_store(&b->store->importing, false);
    arena_destroy(b->arena);
}

/* Rows in the order of their tables meet each page once in a run: few need be kept. */
static Fail keep_pages(Call *c, Writer *w, void *bytes)
{
    return db_keep(w->db, *(const size_t *)bytes) ? OK : db_fail(c, w->db);
}

static Fail writer_keep(Call *c, Store *s, size_t bytes)
{
    return writer_run(c, s, keep_pages, &bytes, false);
}

Fail store_bulk_begin(Call *c, Store *s, const Permit *permit, Bulk **out)
{
    Arena *arena;
    Bulk  *b;
    Fail   result;

    if (!permit_covers_import(permit))
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 },
                    "an import needs leave for the whole practice");
    if (atomic_exchange(&s->importing, true))
        return fail(c, FAIL_CONFLICT, (Str){ 0 },
                    "another import is running: wait for its end");
    arena = arena_create(1024 * 1024);
    b = NEW(arena, Bulk);
    b->arena = arena;
    b->store = s;
    b->permit = *permit;
    b->samples = samples_new();
    b->filling = run_new();
    b->added = seen_create();
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
    result = writer_keep(c, s, IMPORT_CACHE_BYTES);
    if (result == OK && pthread_create(&b->thread, NULL, work, b) != 0)
        result = fail(c, FAIL_SYSTEM, (Str){ 0 }, "no thread could be started");
    if (result != OK) {
        release(b);
        return result;
    }
    *out = b;
    return OK;
}

Fail store_bulk_end(Call *c, Bulk *b)
{
    Fail result;

    pthread_mutex_lock(&b->lock);
    if (b->filling->item_count > 1)
        hand_over(b);
    b->ending = true; /* not before: the thread ends when there is nothing to write */
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    result = noted(c, b);
    if (result == OK)
        result = writer_keep(c, b->store, WRITER_CACHE_BYTES);
    release(b);
    return result;
}
