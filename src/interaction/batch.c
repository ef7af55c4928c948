/*
 * batch: each entry is answered as if it had been sent alone, in the order of the standard,
 * and none depends on another. R4 http.html#transaction
 */
#include "base/limits.h"
#include "fhir/outcome.h"
#include "interaction/transaction.h"

typedef struct Part {
    Asked  asked;
    Answer answer;
    Str    outcome;
    bool   done;
} Part;

typedef struct Batch {
    const Turn   *turn;
    const Bundle *bundle;
    const Str    *bodies;
    Part         *parts;
    AuditRecord  *audit;
    size_t        audit_count;
} Batch;

/* A change is a transaction of its own: so conditional references are resolved (TX-07), and
 * references to other entries lead nowhere (TX-10). */
static Fail change_entry(Call *c, Session *s, const Batch *b, BundleEntry entry, Part *part)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES, .conditional = true };
    Bundle      one = { .kind = BUNDLE_TRANSACTION, .entries = &entry, .count = 1 };
    Transaction t = { .turn = b->turn,
                      .bundle = &one,
                      .entries = NEW(c->arena, Entry),
                      .count = 1,
                      .of_batch = true };

    if (b->bodies && b->bodies[entry.index].at) {
        TRY(resource_read(c, b->bodies[entry.index], &options, &entry.resource));
        entry.has_resource = true;
    }
    TRY(transaction_run(c, s, &t));
    part->answer = t.entries[0].answer;
    return OK;
}

static Fail answer_entry(Call *c, Session *s, const Batch *b, const BundleEntry *entry,
                         Part *part)
{
    TRY(entry_ask(c, b->turn, entry, &part->asked, &part->answer));
    if (interaction_row(part->asked.kind)->prepare)
        return change_entry(c, s, b, *entry, part);
    return interaction_answer(c, s, b->turn->principal, &part->asked, &part->answer);
}

static void finish_part(Call *c, Batch *b, Part *part, Fail result, uint32_t issues)
{
    if (result != OK) {
        part->answer.status = outcome_status(result);
        part->answer.body = (Str){ 0 };
        part->outcome = outcome_of(c, result, issues);
    }
    if (!part->answer.audited)
        b->audit[b->audit_count++] =
            interaction_audit(c, b->turn->principal, &part->asked, &part->answer, result);
}

static void run_entry(Call *c, Session *s, Batch *b, const BundleEntry *entry)
{
    uint32_t issues = c->issue_count;
    Part    *part = &b->parts[entry->index];
    Fail     result = answer_entry(c, s, b, entry, part);

    entry_name_issues(c, entry, issues);
    finish_part(c, b, part, result, issues);
    call_forget_issues(c, issues);
}

/* ---- all changes of one rank together ---- */

/* Entries that nothing is wrong with go into one commit, so that a batch of hundreds does not
 * wait for hundreds. They stay independent: as soon as anything is wrong with one, nothing of
 * the group was done, and each is carried out alone. */
typedef struct Group {
    BundleEntry *entries;
    uint32_t     count;
} Group;

static Group group_of(Call *c, const Batch *b, uint8_t rank)
{
    Group group = { .entries = NEW_ARRAY(c->arena, BundleEntry, b->bundle->count + 1) };

    for (uint32_t i = 0; i < b->bundle->count; i++) {
        const BundleEntry *entry = &b->bundle->entries[i];
        Part              *part = &b->parts[i];
        uint32_t           issues = c->issue_count;

        if (entry_rank(entry) == rank
            && entry_ask(c, b->turn, entry, &part->asked, &part->answer) == OK
            && interaction_row(part->asked.kind)->prepare)
            group.entries[group.count++] = *entry;
        call_forget_issues(c, issues);
    }
    return group;
}

/* Whether trying again, one by one, would be of no use or do harm. */
static bool is_final(Fail result)
{
    return result == FAIL_UNKNOWN_OUTCOME || result == FAIL_DISK_FULL || result == FAIL_BUSY
           || result == FAIL_TIMEOUT || result == FAIL_SYSTEM;
}

static void run_group(Call *c, Session *s, Batch *b, uint8_t rank)
{
    uint32_t    issues = c->issue_count;
    Group       group = group_of(c, b, rank);
    Bundle      some = { .kind = BUNDLE_TRANSACTION,
                         .entries = group.entries,
                         .count = group.count };
    Transaction t = { .turn = b->turn,
                      .bundle = &some,
                      .entries = NEW_ARRAY(c->arena, Entry, group.count + 1),
                      .count = group.count,
                      .of_batch = true };
    Fail        result;

    if (group.count < 2)
        return;
    result = transaction_run(c, s, &t);
    if (result != OK && !is_final(result)) {
        call_forget_issues(c, issues);
        return;
    }
    for (uint32_t i = 0; i < group.count; i++) {
        Part *part = &b->parts[group.entries[i].index];

        part->done = true;
        part->answer = t.entries[i].answer;
        finish_part(c, b, part, result, issues);
    }
    call_forget_issues(c, issues);
}

static void run_rank(Call *c, Session *s, Batch *b, uint8_t rank)
{
    if (rank != RANK_GET && !b->bodies)
        run_group(c, s, b, rank);
    for (uint32_t i = 0; i < b->bundle->count; i++)
        if (entry_rank(&b->bundle->entries[i]) == rank && !b->parts[i].done)
            run_entry(c, s, b, &b->bundle->entries[i]);
}

Fail batch_answer(Call *c, Session *s, const Turn *turn, const Bundle *bundle,
                  const Str *bodies, Answer *answer)
{
    Batch b = { .turn = turn,
                .bundle = bundle,
                .bodies = bodies,
                .parts = NEW_ARRAY(c->arena, Part, bundle->count + 1),
                .audit = NEW_ARRAY(c->arena, AuditRecord, bundle->count + 1) };
    Buf   entries = buf_new(c->arena, 4096);

    call_forget_issues(c, 0);
    for (uint8_t rank = 0; rank <= RANK_GET; rank++)
        run_rank(c, s, &b, rank);
    for (uint32_t i = 0; i < bundle->count; i++)
        entry_put_answer(&entries, &b.parts[i].asked, &b.parts[i].answer, b.parts[i].outcome);
    answer->status = 200;
    answer->body = bundle_response(c, STR("batch-response"), &entries);
    b.audit[b.audit_count++] = interaction_audit(c, turn->principal, turn->asked, answer, OK);
    session_rest(s);
    TRY(store_audit(c, session_store(s), b.audit, b.audit_count));
    answer->audited = true;
    return OK;
}
