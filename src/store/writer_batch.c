/*
 * A batch is one transaction. Every write in it is checked before its first row is made, so that
 * one refused leaves no trace; should something fail in the middle all the same (a full disk),
 * the batch is taken back and its items are tried one by one.
 */
#include <stdio.h>

#include "base/clock.h"
#include "store/audit.h"
#include "store/custom.h"
#include "store/directive.h"
#include "store/writer_thread.h"

typedef struct Counters {
    uint64_t seq, place;
    int64_t  at_us;
} Counters;

typedef struct Batch {
    Counters before;
    Buf      records;
    size_t   record_count, changes;
    bool     data;
} Batch;

static void batch_undo(WriterThread *t, const Batch *b)
{
    db_reset(t->w.db);
    (void)db_run(t->w.db, "ROLLBACK");
    db_limit(t->w.db, NULL);
    intern_forget(t->w.intern);
    custom_forgotten(&t->w);
    directive_forgotten(&t->w);
    t->w.seq = b->before.seq;
    t->w.place = b->before.place;
    t->w.at_us = b->before.at_us;
}

/* Takes what the writer's call noted over into the item. */
static void item_fail(WriterThread *t, Item *item, Fail result)
{
    Call *c = &t->w.call;
    Issue unnoted = { .text = STR("the change needs more memory than one call may use") };
    const Issue *why = c->issue_count ? &c->issues[c->issue_count - 1] : &unnoted;

    item->result = result;
    snprintf(item->text, sizeof item->text, "%.*s", STR_ARG(why->text));
    snprintf(item->where, sizeof item->where, "%.*s", STR_ARG(why->expression));
}

/* A new call on the writer's arena; the arena goes back to where it was afterwards. */
static void call_renew(WriterThread *t)
{
    Call *c = &t->w.call;

    c->issues = NULL;
    c->issue_count = c->issues_left_out = 0;
    c->now_us = clock_wall_us();
}

static Fail item_run(WriterThread *t, Item *item, bool *touched)
{
    Call *c = &t->w.call;

    if (setjmp(*arena_boundary(c->arena))) {
        c->issues = NULL;
        c->issue_count = 0;
        *touched = true;
        return FAIL_TOO_COSTLY;
    }
    if (item->kind == ITEM_JOB) {
        *touched = true;
        return item->job(c, &t->w, item->context);
    }
    if (call_late(item->call))
        return fail(c, FAIL_TIMEOUT, (Str){ 0 },
                    "the call's time was over before it was its turn");
    return change_apply(c, &t->w, item->write, item->bodies, touched);
}

static void records_put(Batch *b, Str records, size_t count)
{
    if (b->records.len == 0)
        buf_put_char(&b->records, AUDIT_FORM);
    buf_put(&b->records, records);
    b->record_count += count;
}

static void change_records_put(Batch *b, Write *write)
{
    for (size_t i = 0; i < write->audit_count; i++) {
        AuditRecord *r = &write->audit[i];
        char        *at;

        if (i < write->change_count) {
            r->type = write->changes[i].type;
            r->id = write->changes[i].id;
            r->version = write->changes[i].version;
            r->others = write->changes[i].touched;
        }
        at = buf_reserve(&b->records, audit_size_max(r) + 1);
        records_put(b, (Str){ at, 0 }, 1);
        at = buf_reserve(&b->records, audit_size_max(r));
        b->records.len += audit_encode(r, at);
        r->others = (Str){ 0 }; /* it is the batch's */
    }
}

/* False if the transaction must be taken back. */
static bool item_in_batch(WriterThread *t, Batch *b, Item *item)
{
    ArenaMark mark = arena_mark(t->w.call.arena);
    bool      touched = false;

    call_renew(t);
    item->result = OK;
    if (item->kind == ITEM_AUDIT) {
        records_put(b, (Str){ item->records, item->records_len }, item->record_count);
        return true;
    }
    item->result = item_run(t, item, &touched);
    if (item->result != OK)
        item_fail(t, item, item->result);
    if (item->result == OK && item->kind == ITEM_WRITE) {
        change_records_put(b, item->write);
        b->changes += item->write->change_count;
    }
    arena_rewind(t->w.call.arena, mark);
    if (item->result != OK)
        return !touched && db_failure(t->w.db) == OK;
    b->data = b->data || (item->kind == ITEM_JOB ? item->data : item->write->change_count > 0);
    return true;
}

static Fail batch_commit(WriterThread *t, Batch *b)
{
    Call *c = &t->w.call;

    call_renew(t);
    if (setjmp(*arena_boundary(c->arena))) { /* that of the last item is gone */
        call_renew(t);
        return FAIL_TOO_COSTLY;
    }
    TRY(directive_prepare(c, &t->w));
    if (b->record_count) {
        TRY(audit_put(c, t->w.db, t->w.place, buf_str(&b->records)));
        t->w.place += b->record_count;
    }
    return db_run(t->w.db, "COMMIT") ? OK : db_fail(c, t->w.db);
}

static void batch_publish(WriterThread *t, const Batch *b)
{
    Store *s = t->w.store;

    /* in this order: who reads newest_seq gets, with the next snapshot, all up to there */
    if (b->data)
        atomic_fetch_add(&s->epoch, 1);
    atomic_store(&s->newest_seq, t->w.seq);
    custom_committed(&t->w); /* what is ready now is so in each snapshot from here on */
    directive_committed(&t->w);
    atomic_store(&s->audit_place, t->w.place - 1);
    atomic_fetch_add(&t->commits, 1);
    atomic_fetch_add(&t->changes, b->changes);
    if (b->changes > atomic_load(&t->batch_max))
        atomic_store(&t->batch_max, b->changes);
}

bool batch_try(WriterThread *t, Item **items, size_t count)
{
    Batch b = { .before = { t->w.seq, t->w.place, t->w.at_us } };
    Fail  result;

    arena_reset(t->records);
    arena_reset(t->w.call.arena);
    b.records = buf_new(t->records, 4096);
    db_limit(t->w.db, NULL);
    call_renew(t);
    result = db_run(t->w.db, "BEGIN IMMEDIATE") ? OK : db_fail(&t->w.call, t->w.db);
    for (size_t i = 0; result == OK && i < count; i++)
        if (!item_in_batch(t, &b, items[i])) {
            batch_undo(t, &b);
            return false;
        }
    if (result == OK)
        result = batch_commit(t, &b);
    if (result == OK) {
        batch_publish(t, &b);
        return true;
    }
    for (size_t i = 0; i < count; i++)
        item_fail(t, items[i], result);
    batch_undo(t, &b);
    return false;
}
