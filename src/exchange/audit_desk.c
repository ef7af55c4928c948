/* Questions about the audit log: see audit_desk.h. */
#include "exchange/audit_desk.h"

#include <stddef.h>

#include "base/clock.h"
#include "exchange/audit_report.h"
#include "interaction/interaction.h"

#define FIELD(name)                                                                            \
    {                                                                                          \
#name, offsetof(AuditAsked, name)                                                      \
    }

const AuditField audit_fields[] = {
    FIELD(command), FIELD(patient), FIELD(name),    FIELD(from),  FIELD(until),
    FIELD(sort),    FIELD(record),  FIELD(witness), FIELD(cross),
};
const size_t audit_field_count = COUNT(audit_fields);

typedef struct Desk {
    Call             *call;
    Session          *session;
    const AuditAsked *asked;
    bool (*put)(void *context, Str line);
    void *context;
    int  *status;
} Desk;

static void say(Desk *d, Str line)
{
    (void)d->put(d->context, line);
}

static Fail give_report(Desk *d)
{
    AuditReport report = { .patient = d->asked->patient, .name = d->asked->name };

    TRY(audit_report_read(d->call, d->asked->from, d->asked->until, d->asked->sort, &report));
    return audit_report(d->call, d->session, &report, d->put, d->context);
}

static Fail give_checkpoint(Desk *d)
{
    Str note, line;

    TRY(store_audit_sign(d->call, session_store(d->session)));
    TRY(store_audit_checkpoint(d->call, d->session, &note));
    while (str_cut(note, '\n', &line, &note))
        say(d, line);
    return OK;
}

static Fail give_key(Desk *d)
{
    Str key;

    TRY(store_audit_sign(d->call, session_store(d->session)));
    TRY(store_audit_verifier(d->call, d->session, &key));
    say(d, key);
    return OK;
}

static Fail give_proof(Desk *d)
{
    uint64_t record;
    Str      proof, line;

    if (!str_to_u64(d->asked->record, &record) || record == 0)
        return fail(d->call, FAIL_VALUE, STR("record"),
                    "which record? --record wants its number, as the report tells it");
    TRY(store_audit_sign(d->call, session_store(d->session)));
    TRY(store_audit_prove(d->call, d->session, record, &proof));
    while (str_cut(proof, '\n', &line, &proof))
        say(d, line);
    return OK;
}

static const struct Verdict {
    const char *word;
    int         status; /* security 3.3 */
} verdicts[] = {
    [AUDIT_INTACT] = { "intact", 0 },
    [AUDIT_ALTERED] = { "altered", 3 },
    [AUDIT_CUT] = { "cut off", 4 },
    [AUDIT_FORKED] = { "not the log that the witness has seen", 5 },
    [AUDIT_DISORDERED] = { "out of order", 6 },
};

/* Each version has the record of its change, and the other way round (security 3.3). */
static Fail give_cross(Desk *d)
{
    static const CrossKinds kinds = { audit_is_change, audit_is_import };
    Arena                  *a = d->call->arena;
    AuditCross              f;

    TRY(store_audit_cross(d->call, d->session, &kinds, &f));
    if (f.agrees) {
        say(d, arena_printf(a,
                            "the log of changes agrees: %llu versions, %llu records of changes,"
                            " %llu versions by imports",
                            (unsigned long long)f.versions, (unsigned long long)f.records,
                            (unsigned long long)f.unrecorded));
        return OK;
    }
    *d->status = 7;
    if (f.unfounded)
        say(d, arena_printf(
                   a, "%llu records of changes are without their version, first record %llu",
                   (unsigned long long)f.unfounded, (unsigned long long)f.record));
    if (f.unrecorded > f.imported)
        say(d, arena_printf(a,
                            "%llu versions are without a record and imports brought %llu, first"
                            " change %llu",
                            (unsigned long long)f.unrecorded, (unsigned long long)f.imported,
                            (unsigned long long)f.version_seq));
    return OK;
}

static Fail give_verdict(Desk *d)
{
    Arena       *a = d->call->arena;
    AuditFinding f;

    TRY(store_audit_verify(d->call, d->session, &d->asked->witness, d->asked->witness.len > 0,
                           &f));
    *d->status = verdicts[f.state].status;
    if (f.state == AUDIT_INTACT)
        say(d, arena_printf(a,
                            "intact: %llu records, %llu checkpoints, %llu records not signed"
                            " yet",
                            (unsigned long long)f.records, (unsigned long long)f.checkpoints,
                            (unsigned long long)f.new_records));
    else if (f.place)
        say(d, arena_printf(a, "%s: record %llu: %.*s", verdicts[f.state].word,
                            (unsigned long long)f.place, STR_ARG(f.text)));
    else
        say(d, arena_printf(a, "%s: %.*s", verdicts[f.state].word, STR_ARG(f.text)));
    if (f.state == AUDIT_INTACT && d->asked->cross.len)
        return give_cross(d);
    return OK;
}

static Fail (*const answers[])(Desk *d) = {
    give_report, give_verdict, give_checkpoint, give_proof, give_key,
};

const AuditCommand audit_commands[] = {
    { "report", "who saw and changed what, a line of JSON for each record" },
    { "verify", "whether the log is what was signed: exit status 0, or 3 altered,"
                " 4 cut off, 5 not what the witness has seen, 6 times that cannot be,"
                " 7 (--cross) not what the changes say" },
    { "checkpoint", "signs the log as it is now; keep that elsewhere, for verify --witness" },
    { "prove", "that one record is in the log, for somebody who has nothing but the key" },
    { "key", "the public key that checkpoints are signed with" },
    { NULL, NULL },
};

/* Looking at the log is looking at records. */
static Fail note_in_audit(Call *c, Store *s, const AuditAsked *asked)
{
    AuditRecord record = {
        .at_us = clock_wall_us(),
        .interaction = INTERACTION_AUDIT,
        .outcome = AUDIT_DONE,
        .status = 200,
        .patient = asked->patient,
        .request_id = str_from(c->request_id),
        .detail = asked->command,
    };

    return store_audit(c, s, &record, 1);
}

Fail audit_answer(Call *c, Store *s, const AuditAsked *asked,
                  bool (*put)(void *context, Str line), void *context, int *status)
{
    Desk   d = { .call = c, .asked = asked, .put = put, .context = context, .status = status };
    size_t i = 0;
    Fail   result;

    *status = 0;
    while (audit_commands[i].name
           && !str_equal(asked->command, str_from(audit_commands[i].name)))
        i++;
    if (!audit_commands[i].name)
        return fail(c, FAIL_VALUE, STR("command"), "there is no \"%.*s\"",
                    STR_ARG(asked->command));
    TRY(session_open(c, s, &d.session));
    result = answers[i](&d);
    session_close(d.session);
    TRY(result);
    return note_in_audit(c, s, asked);
}
