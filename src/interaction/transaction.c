/*
 * transaction: all entries or none, in one write. Everything is made ready first: who is who
 * (resolve.c), then each change in the order of the standard; the writer checks that nothing
 * of what was looked at has moved on. R4 http.html#transaction; standards 1.5
 */
#include "interaction/transaction.h"

#include <stdlib.h>

#include "base/random.h"
#include "fhir/outcome.h"

enum { ATTEMPTS = 8 };

/* ---- taking the entries in ---- */

static Fail open_entry(Call *c, const Transaction *t, Entry *e)
{
    char *uuid = arena_alloc(c->arena, UUID_CHARS + 1, 1);

    TRY(entry_ask(c, t->turn, e->bundled, &e->asked, &e->answer));
    e->row = interaction_row(e->asked.kind);
    e->rank = entry_rank(e->bundled);
    if (e->rank != RANK_GET && !e->row->prepare)
        return fail(c, FAIL_NOT_SUPPORTED, (Str){ 0 },
                    "That cannot be an entry of a transaction");
    e->turn = (Turn){ .principal = t->turn->principal, .asked = &e->asked };
    if (e->row->deed != DEED_NONE)
        TRY(access_permit(c, e->turn.principal, e->row->deed, e->asked.type, &e->turn.permit));
    random_uuid(c->now_us, uuid);
    e->new_id = str_from(uuid);
    if (t->turn->own_ids && str_starts(e->bundled->full_url, STR("urn:uuid:")))
        e->new_id = str_skip(e->bundled->full_url, STR("urn:uuid:").len);
    return OK;
}

static Fail open_entries(Call *c, Transaction *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t issues = c->issue_count;
        Fail     result;

        t->entries[i].bundled = &t->bundle->entries[i];
        result = open_entry(c, t, &t->entries[i]);
        if (result != OK) {
            entry_name_issues(c, t->entries[i].bundled, issues);
            return result;
        }
    }
    return OK;
}

/* ---- making the changes ready ---- */

static Fail prepare_entry(Call *c, Session *s, const Transaction *t, Entry *e)
{
    if (e->same_as)
        return OK;
    e->step.entry = e->bundled;
    e->step.targets = e->bundled->has_resource ? t->targets : NULL;
    return e->row->prepare(c, s, &e->step);
}

typedef struct Gathered {
    Write   write;
    Entry **of_change; /* which entry each change belongs to */
    size_t  room;
} Gathered;

static int by_identity(const void *a, const void *b)
{
    const Change *x = *(const Change *const *)a, *y = *(const Change *const *)b;

    return x->type != y->type ? (x->type < y->type ? -1 : 1) : str_compare(x->id, y->id);
}

static Fail two_entries(Call *c, const Entry *one, const Entry *other, TypeId type, Str id)
{
    return fail(c, FAIL_INVALID,
                arena_printf(c->arena, "Bundle.entry[%u]", other->bundled->index),
                "Entries %u and %u are about the same resource, %.*s/%.*s", one->bundled->index,
                other->bundled->index, STR_ARG(type_name(type)), STR_ARG(id));
}

/* No resource may be changed by two entries (TX-04), nor one removed that a create matched. */
static Fail check_identities(Call *c, const Transaction *t, const Gathered *g)
{
    size_t         count = g->write.change_count;
    const Change **sorted = NEW_ARRAY(c->arena, const Change *, count + 1);

    for (size_t i = 0; i < count; i++)
        sorted[i] = &g->write.changes[i];
    qsort(sorted, count, sizeof *sorted, by_identity);
    for (size_t i = 1; i < count; i++)
        if (by_identity(&sorted[i - 1], &sorted[i]) == 0)
            return two_entries(c, g->of_change[sorted[i - 1] - g->write.changes],
                               g->of_change[sorted[i] - g->write.changes], sorted[i]->type,
                               sorted[i]->id);
    for (uint32_t i = 0; i < t->count; i++) {
        const Entry         *e = &t->entries[i];
        const Change         key = { .type = e->asked.type, .id = e->step.found };
        const Change        *wanted = &key;
        const Change *const *met;

        if (e->row->kind != INTERACTION_CREATE || e->step.found.len == 0)
            continue;
        met = bsearch(&wanted, sorted, count, sizeof *sorted, by_identity);
        if (met && (*met)->method == METHOD_DELETE)
            return two_entries(c, g->of_change[*met - g->write.changes], e, key.type, key.id);
    }
    return OK;
}

static void gather(Call *c, const Transaction *t, Gathered *g)
{
    size_t     changes = 0, conditions = t->condition_count;
    Change    *all;
    Condition *looked;

    for (uint32_t i = 0; i < t->count; i++) {
        changes += t->entries[i].step.change_count;
        conditions += t->entries[i].step.condition_count;
    }
    all = NEW_ARRAY(c->arena, Change, changes + 1);
    looked = NEW_ARRAY(c->arena, Condition, conditions + 1);
    *g = (Gathered){ .write = { .changes = all, .conditions = looked },
                     .of_change = NEW_ARRAY(c->arena, Entry *, changes + 1) };
    memcpy(looked, t->conditions, t->condition_count * sizeof *looked);
    g->write.condition_count = t->condition_count;
    for (uint8_t rank = 0; rank < RANK_GET; rank++)
        for (uint32_t i = 0; i < t->count; i++) {
            Entry *e = &t->entries[i];

            if (e->rank != rank)
                continue;
            e->first_change = g->write.change_count;
            for (size_t k = 0; k < e->step.change_count; k++) {
                g->of_change[g->write.change_count] = e;
                all[g->write.change_count++] = e->step.changes[k];
            }
            for (size_t k = 0; k < e->step.condition_count; k++)
                looked[g->write.condition_count++] = e->step.conditions[k];
        }
}

static Fail prepare_all(Call *c, Session *s, Transaction *t, Gathered *g)
{
    TRY(transaction_resolve(c, s, t));
    for (uint8_t rank = 0; rank < RANK_GET; rank++)
        for (uint32_t i = 0; i < t->count; i++) {
            uint32_t issues = c->issue_count;
            Fail     result;

            if (t->entries[i].rank != rank)
                continue;
            result = prepare_entry(c, s, t, &t->entries[i]);
            if (result != OK) {
                entry_name_issues(c, t->entries[i].bundled, issues);
                return result;
            }
        }
    gather(c, t, g);
    return check_identities(c, t, g);
}

/* ---- writing ---- */

/* One record for each change, in their order, then one for each entry that changed nothing and
 * one for the Bundle (TX-14). */
static void make_audit(Call *c, const Transaction *t, Gathered *g)
{
    size_t       room = g->write.change_count + t->count + 1, count = 0;
    AuditRecord *audit = NEW_ARRAY(c->arena, AuditRecord, room);
    Answer       whole = { .status = 200 };

    for (size_t i = 0; i < g->write.change_count; i++) {
        const Change *change = &g->write.changes[i];
        const Entry  *e = g->of_change[i];
        Answer        answer = { .status = e->step.answer.status,
                                 .type = change->type,
                                 .id = change->id,
                                 .patient = change_patient(change) };

        audit[count++] = interaction_audit(c, t->turn->principal, &e->asked, &answer, OK);
    }
    for (uint32_t i = 0; i < t->count; i++) {
        const Entry *e = &t->entries[i];

        if (e->rank != RANK_GET && e->step.change_count == 0)
            audit[count++] =
                interaction_audit(c, t->turn->principal, &e->asked, &e->step.answer, OK);
    }
    if (!t->of_batch)
        audit[count++] = interaction_audit(c, t->turn->principal, t->turn->asked, &whole, OK);
    g->write.audit = audit;
    g->write.audit_count = count;
}

static Fail write_all(Call *c, Session *s, const Transaction *t, Gathered *g)
{
    uint32_t issues = c->issue_count;
    Fail     result;

    make_audit(c, t, g);
    session_rest(s);
    if (g->write.change_count == 0)
        return store_audit(c, session_store(s), g->write.audit, g->write.audit_count);
    g->write.failed_change = SIZE_MAX;
    g->write.ledger = t->turn->ledger;
    g->write.signs = t->turn->signs;
    result = store_write(c, session_store(s), &g->write);
    if (result != OK && g->write.failed_change < g->write.change_count)
        entry_name_issues(c, g->of_change[g->write.failed_change]->bundled, issues);
    return result;
}

/* ---- answering ---- */

static Fail finish_entry(Call *c, const Gathered *g, Entry *e)
{
    for (size_t k = 0; k < e->step.change_count; k++)
        e->step.changes[k] = g->write.changes[e->first_change + k];
    if (e->step.change_count > 0)
        TRY(change_finish(c, &e->step));
    e->answer = e->step.answer;
    return OK;
}

/* Reads see what the transaction has made. One that fails says so in its own entry: the
 * changes are durable by then. */
static Fail answer_reads(Call *c, Session *s, const Transaction *t)
{
    AuditRecord *audit = NEW_ARRAY(c->arena, AuditRecord, t->count + 1);
    size_t       count = 0;

    for (uint32_t i = 0; i < t->count; i++) {
        Entry   *e = &t->entries[i];
        uint32_t issues = c->issue_count;
        Fail     result;

        if (e->rank != RANK_GET)
            continue;
        result = interaction_answer(c, s, t->turn->principal, &e->asked, &e->answer);
        if (result != OK) {
            entry_name_issues(c, e->bundled, issues);
            e->answer.status = outcome_status(result);
            e->answer.body = (Str){ 0 };
            e->outcome = outcome_of(c, result, issues);
            call_forget_issues(c, issues);
        }
        audit[count++] =
            interaction_audit(c, t->turn->principal, &e->asked, &e->answer, result);
    }
    return count > 0 ? store_audit(c, session_store(s), audit, count) : OK;
}

static Fail finish(Call *c, Transaction *t, const Gathered *g)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->entries[i].rank != RANK_GET && !t->entries[i].same_as)
            TRY(finish_entry(c, g, &t->entries[i]));
    for (uint32_t i = 0; i < t->count; i++) {
        Entry *e = &t->entries[i];

        if (e->same_as) {
            e->answer = e->same_as->answer;
            e->answer.status = 200;
        }
        e->answer.audited = e->rank != RANK_GET;
    }
    return OK;
}

Fail transaction_run(Call *c, Session *s, Transaction *t)
{
    uint32_t issues = c->issue_count;
    Fail     result = FAIL_STALE;
    Gathered g;

    TRY(open_entries(c, t));
    for (int attempt = 0; result == FAIL_STALE && attempt < ATTEMPTS; attempt++) {
        call_forget_issues(c, issues);
        TRY(prepare_all(c, s, t, &g));
        result = write_all(c, s, t, &g);
    }
    if (result == FAIL_STALE)
        return fail(
            c, FAIL_CONFLICT, STR("Bundle"),
            "What the Bundle is about is being changed by others too quickly; try again");
    TRY(result);
    return finish(c, t, &g);
}

Fail transaction_answer(Call *c, Session *s, const Turn *turn, const Bundle *bundle,
                        Answer *answer)
{
    Transaction t = { .turn = turn,
                      .bundle = bundle,
                      .entries = NEW_ARRAY(c->arena, Entry, bundle->count + 1),
                      .count = bundle->count };
    Buf         entries;

    TRY(transaction_run(c, s, &t));
    TRY(answer_reads(c, s, &t));
    entries = buf_new(c->arena, (size_t)t.count * 256 + 64);
    for (uint32_t i = 0; i < t.count; i++)
        entry_put_answer(&entries, &t.entries[i].asked, &t.entries[i].answer,
                         t.entries[i].outcome);
    answer->status = 200;
    answer->rows = t.count;
    answer->body = bundle_response(c, STR("transaction-response"), &entries);
    answer->audited = true;
    return OK;
}
