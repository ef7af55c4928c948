/*
 * The writer's thread: see writer.h. How a batch becomes a transaction is in writer_batch.c.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "store/audit.h"
#include "store/dictionary.h"
#include "store/folder.h"
#include "store/outbox_write.h"
#include "store/version.h"
#include "store/writer_thread.h"

enum {
    CHECKPOINT_PAGES = 32000,    /* rarely, because a page changed often is copied once */
    CHECKPOINT_PAGES_FULL = 256, /* while the disk is full */
    IDLE_MS = 500,
    MANY_AUDITS = 24, /* records of reads that waited for one commit: then more are coming */
    GATHER_US = 400,
    RESERVE_LOOK_MS = 1000,
};

/* ---- a full disk ---- */

static void disk_filled(WriterThread *t)
{
    if (!atomic_exchange(&t->disk_full, true))
        folder_ballast_drop(t->w.store->folder);
    t->reserve_looked_ms = clock_monotonic_ms();
}

/* Whether changes may be tried again: there is room for the reserve. */
static bool disk_has_room(WriterThread *t)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (!atomic_load(&t->disk_full))
        return true;
    if (now_ms - t->reserve_looked_ms < RESERVE_LOOK_MS)
        return false;
    t->reserve_looked_ms = now_ms;
    if (!folder_ballast_make(t->w.store->folder))
        return false;
    atomic_store(&t->disk_full, false);
    return true;
}

/* ---- the log ---- */

/* First the long part, while readers come and go; then the moment in which nobody may be reading
 * from the log, so that it begins anew. */
static void copy_log(WriterThread *t, CheckpointKind kind)
{
    Store *s = t->w.store;

    t->log_copied = db_log_pages(t->w.db);
    atomic_fetch_add(&t->checkpoints, 1);
    sessions_rest(s);
    if (!db_checkpoint(t->w.db, CHECKPOINT_PASSIVE))
        return;
    atomic_fetch_add(&s->epoch, 1);
    sessions_rest(s);
    if (db_checkpoint(t->w.db, kind))
        t->log_copied = 0;
}

/* On a full disk the log must not grow: it is used again and again. */
static void look_after_log(WriterThread *t)
{
    int pages = db_log_pages(t->w.db);
    int most = atomic_load(&t->disk_full) ? CHECKPOINT_PAGES_FULL : CHECKPOINT_PAGES;

    if (pages < t->log_copied)
        t->log_copied = 0; /* it began anew */
    if (pages - t->log_copied >= most)
        copy_log(t, CHECKPOINT_RESTART);
}

/* ---- items ---- */

/* One item by itself. Audit records are tried once more with the reserve given back and the log
 * begun anew. */
static void alone(WriterThread *t, Item *item)
{
    if (item->kind != ITEM_AUDIT && !disk_has_room(t)) {
        item->result = FAIL_DISK_FULL;
        snprintf(item->text, sizeof item->text, "the disk is full; nothing was stored");
        return;
    }
    if (batch_try(t, &item, 1))
        return;
    if (item->result == FAIL_DISK_FULL) {
        disk_filled(t);
        if (item->kind == ITEM_AUDIT) {
            copy_log(t, CHECKPOINT_RESTART);
            (void)batch_try(t, &item, 1);
        }
    }
}

/* ---- the thread ---- */

static void pool_put(WriterThread *t, Item *item);

static void item_end(WriterThread *t, Item *item)
{
    void (*done)(void *, Fail) = item->done;
    void *context = item->context;
    Fail  result = item->result;

    if (!done) {
        sem_post(&item->waiting); /* the item is gone after this */
        return;
    }
    pool_put(t, item);
    done(context, result);
}

static void run_together(WriterThread *t, Item **items, size_t count)
{
    if (count > 1 && disk_has_room(t) && batch_try(t, items, count))
        return;
    for (size_t i = 0; i < count; i++)
        alone(t, items[i]);
}

static size_t changes_in(const Item *item)
{
    return item->kind == ITEM_WRITE ? item->write->change_count : 0;
}

/* Items up to the next job, and no more changes than one commit should hold. */
static size_t batch_size(Item **items, size_t count)
{
    size_t n = 0, changes = 0;

    while (n < count && items[n]->kind != ITEM_JOB && items[n]->kind != ITEM_STOP
           && (n == 0 || changes + changes_in(items[n]) <= LIMIT_WRITER_BATCH))
        changes += changes_in(items[n++]);
    return n ? n : 1;
}

static bool run_items(WriterThread *t, Item **items, size_t count)
{
    bool go_on = true;

    for (size_t from = 0, n; from < count; from += n) {
        n = batch_size(items + from, count - from);
        if (items[from]->kind == ITEM_STOP)
            go_on = false;
        else
            run_together(t, items + from, n);
        for (size_t i = from; i < from + n; i++) {
            if (items[i]->kind == ITEM_WRITE && items[i]->result == OK
                && items[i]->write->outbox)
                outbox_committed(items[i]->write->outbox);
            item_end(t, items[i]);
        }
        look_after_log(t);
    }
    if (go_on)
        dictionary_consider(t->w.store, t->w.seq);
    return go_on;
}

/* Where many read at once, the processor's time is what is short, and a commit costs as much as
 * dozens of reads: it waits a little for more to share it. */
static size_t gather(WriterThread *t, Item **items, size_t count)
{
    bool many = t->audits_before >= MANY_AUDITS;

    for (size_t i = 0; i < count && many; i++)
        many = items[i]->kind == ITEM_AUDIT;
    if (many) {
        usleep(GATHER_US);
        count +=
            queue_take_many(t->queue, (void **)items + count, LIMIT_WRITER_BATCH - count, 0);
    }
    t->audits_before = 0;
    for (size_t i = 0; i < count; i++)
        t->audits_before += items[i]->kind == ITEM_AUDIT ? items[i]->record_count : 0;
    return count;
}

static void *thread_main(void *context)
{
    WriterThread *t = context;
    Item        **items;
    size_t        count;
    bool          go_on = true;

    pthread_mutex_lock(&t->pool_lock); /* others take items from this arena already */
    items = NEW_ARRAY(t->arena, Item *, LIMIT_WRITER_BATCH);
    pthread_mutex_unlock(&t->pool_lock);
    while (go_on) {
        count = queue_take_many(t->queue, (void **)items, LIMIT_WRITER_BATCH,
                                db_log_pages(t->w.db) > t->log_copied ? IDLE_MS : -1);
        if (count)
            go_on = run_items(t, items, gather(t, items, count));
        else
            copy_log(t, CHECKPOINT_RESTART);
    }
    return NULL;
}

/* ---- starting and stopping ---- */

static Fail load_counters(Call *c, WriterThread *t)
{
    TRY(version_newest(c, t->w.db, &t->w.seq, &t->w.at_us));
    atomic_store(&t->w.store->newest_seq, t->w.seq);
    TRY(audit_next_place(c, t->w.db, &t->w.place));
    atomic_store(&t->w.store->audit_place, t->w.place - 1);
    return OK;
}

static Fail prepare_thread(Call *c, Store *s, WriterThread *t)
{
    t->w.store = s;
    t->w.intern = intern_create(t->arena, t->w.db);
    call_begin(&t->w.call, arena_create(LIMIT_CALL_BYTES));
    t->w.call.deadline_ms = 0;
    t->records = arena_create(LIMIT_CALL_BYTES);
    t->queue = queue_create(LIMIT_WRITER_QUEUE + 1);
    pthread_mutex_init(&t->pool_lock, NULL);
    return load_counters(c, t);
}

static void release_thread(WriterThread *t)
{
    for (Item *item = t->pool; item; item = item->next)
        arena_destroy(item->arena);
    queue_destroy(t->queue);
    pthread_mutex_destroy(&t->pool_lock);
    arena_destroy(t->records);
    arena_destroy(t->w.call.arena);
    arena_destroy(t->arena);
}

Fail writer_start(Call *c, Store *s, Db *db, Writer **out)
{
    Arena        *arena = arena_create(64 * 1024 * 1024);
    WriterThread *t = NEW(arena, WriterThread);
    Fail          result;

    t->arena = arena;
    t->w.db = db;
    t->w.scope = &s->writer_scope;
    result = prepare_thread(c, s, t);
    if (result == OK && pthread_create(&t->thread, NULL, thread_main, t) != 0)
        result = fail(c, FAIL_SYSTEM, (Str){ 0 }, "no thread could be started");
    if (result != OK) {
        release_thread(t);
        return result;
    }
    *out = &t->w;
    return OK;
}

void writer_stop(Writer *w)
{
    WriterThread *t = (WriterThread *)w;
    Item          stop = { .kind = ITEM_STOP };

    sem_init(&stop.waiting, 0, 0);
    while (!queue_put(t->queue, &stop))
        sched_yield();
    sem_wait(&stop.waiting);
    pthread_join(t->thread, NULL);
    sem_destroy(&stop.waiting);
    copy_log(t, CHECKPOINT_TRUNCATE);
    db_close(t->w.db);
    release_thread(t);
}

/* ---- callers ---- */

static Fail wait_for(Call *c, WriterThread *t, Item *item)
{
    sem_init(&item->waiting, 0, 0);
    if (!queue_put(t->queue, item)) {
        sem_destroy(&item->waiting);
        return fail(c, FAIL_BUSY, (Str){ 0 }, "too many changes are waiting: come back later");
    }
    while (sem_wait(&item->waiting) != 0)
        continue;
    sem_destroy(&item->waiting);
    if (item->result != OK)
        return fail(c, item->result, arena_str(c->arena, str_from(item->where)), "%s",
                    item->text);
    return OK;
}

Fail writer_run(Call *c, Store *s, WriterJob *job, void *context, bool data)
{
    Item item = { .kind = ITEM_JOB, .call = c, .job = job, .context = context, .data = data };

    return wait_for(c, (WriterThread *)s->writer, &item);
}

Fail store_write(Call *c, Store *s, Write *write)
{
    ReadyBody *bodies = NEW_ARRAY(c->arena, ReadyBody, write->change_count + 1);
    Item       item = { .kind = ITEM_WRITE, .call = c, .write = write, .bodies = bodies };

    for (size_t i = 0; i < write->change_count; i++) {
        const Change *change = &write->changes[i];

        ENSURE(change->permit);
        if (change->method != METHOD_DELETE)
            bodies[i].bytes =
                body_compress(s->bodies, c->arena, change->remainder, &bodies[i].dictionary);
    }
    return wait_for(c, (WriterThread *)s->writer, &item);
}

static Item *pool_take(WriterThread *t)
{
    Item *item;

    pthread_mutex_lock(&t->pool_lock);
    item = t->pool;
    if (item)
        t->pool = item->next;
    else
        item = NEW(t->arena, Item);
    pthread_mutex_unlock(&t->pool_lock);
    return item;
}

static void pool_put(WriterThread *t, Item *item)
{
    arena_destroy(item->arena);
    item->arena = NULL;
    pthread_mutex_lock(&t->pool_lock);
    item->next = t->pool;
    t->pool = item;
    pthread_mutex_unlock(&t->pool_lock);
}

static void records_encode(Item *item, const AuditRecord *records, size_t count)
{
    size_t most = 0;

    for (size_t i = 0; i < count; i++)
        most += audit_size_max(&records[i]);
    item->records = item->bytes;
    if (most > sizeof item->bytes) {
        item->arena = arena_create(most + 1024 * 1024);
        item->records = arena_alloc_raw(item->arena, most);
    }
    item->records_len = 0;
    item->record_count = count;
    for (size_t i = 0; i < count; i++)
        item->records_len += audit_encode(&records[i], item->records + item->records_len);
}

bool store_audit_then(Store *s, const AuditRecord *records, size_t count,
                      void (*done)(void *context, Fail result), void *context)
{
    WriterThread *t = (WriterThread *)s->writer;
    Item         *item = pool_take(t);

    item->kind = ITEM_AUDIT;
    item->done = done;
    item->context = context;
    records_encode(item, records, count);
    if (queue_put(t->queue, item))
        return true;
    pool_put(t, item);
    return false;
}

Fail store_audit(Call *c, Store *s, const AuditRecord *records, size_t count)
{
    Item item;
    Fail result;

    memset(&item, 0, offsetof(Item, bytes));
    item.kind = ITEM_AUDIT;
    item.call = c;
    records_encode(&item, records, count);
    result = wait_for(c, (WriterThread *)s->writer, &item);
    arena_destroy(item.arena);
    return result;
}

WriterFacts writer_facts(Writer *w)
{
    WriterThread *t = (WriterThread *)w;

    return (WriterFacts){
        .commits = t->commits,
        .changes = t->changes,
        .batch_max = t->batch_max,
        .queue_length = queue_length(t->queue),
        .checkpoints = t->checkpoints,
        .disk_full = t->disk_full,
    };
}
