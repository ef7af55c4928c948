/*
 * Orders about the register of breaches: see people_order.h. What is found out and done is added to it,
 * entry by entry. Whose data it was is told from the audit log. PIPEDA s. 10.1 to 10.3 and its Breach of
 * Security Safeguards Regulations s. 6 (records are kept for 24 months), 45 CFR 164.404 (60 days).
 */
#include "base/limits.h"
#include "base/moment.h"
#include "interaction/people_order.h"
#include "store/patients.h"

enum { WORDS_MIN = 10, WORDS_MAX = 4000, PATIENTS_MAX = 10 * 1000 };

static const int64_t day_us = (int64_t)24 * 3600 * 1000 * 1000;

enum { TELL_DAYS = 60, KEEP_DAYS = 731 };

/* What later entries say of a breach: the last one of each kind holds. */
enum { RISK, AUTHORITY, PEOPLE, KINDS };

static const char *const kinds[KINDS] = { "risk", "authority", "people" };

/* One breach, its entries folded. */
typedef struct Breach {
    BreachEntry found;
    Str         said[KINDS];
    int64_t     closed_us;
    Buf         words;
} Breach;

typedef struct Folding {
    Order *order;
    Breach now;
    bool (*each)(Order *o, Breach *b, void *context); /* false: seen enough */
    void *context;
    bool  done;
} Folding;

static void end_one(Folding *f)
{
    if (f->now.found.number && !f->done)
        f->done = !f->each(f->order, &f->now, f->context);
}

static void take_entry(void *context, const BreachEntry *entry)
{
    Folding *f = context;

    if (entry->number != f->now.found.number) {
        end_one(f);
        f->now = (Breach){ .found = *entry, .words = buf_new(f->order->call->arena, 256) };
    }
    for (size_t i = 0; i < KINDS; i++)
        if (str_equal(str_from(kinds[i]), entry->kind))
            f->now.said[i] = entry->value;
    if (str_equal(entry->kind, STR("closed")))
        f->now.closed_us = entry->made_us;
    if (f->now.words.len)
        buf_put(&f->now.words, STR("; "));
    buf_put(&f->now.words, entry->words);
}

static Fail fold(Order *o, bool (*each)(Order *, Breach *, void *), void *context)
{
    Folding f = { .order = o, .each = each, .context = context };

    TRY(store_breach_each(o->call, o->session, take_entry, &f));
    end_one(&f);
    return OK;
}

static Str state_of(const Breach *b)
{
    if (b->closed_us)
        return STR("closed");
    if (!b->said[RISK].len)
        return STR("to assess");
    if (str_equal(b->said[RISK], STR("real"))
        && (!b->said[AUTHORITY].len || !b->said[PEOPLE].len))
        return STR("to tell");
    return STR("open");
}

static bool put_breach(Order *o, Breach *b, void *context)
{
    (void)context;
    order_row_begin(o);
    order_row_put(o, "number", arena_printf(o->call->arena, "%u", b->found.number));
    order_row_put(o, "state", state_of(b));
    order_row_instant(o, "found", b->found.made_us);
    order_row_put(o, "by", b->found.made_by);
    order_row_put(o, "login", b->found.login);
    order_row_instant(o, "from", b->found.from_us);
    order_row_instant(o, "until", b->found.until_us);
    order_row_put(o, "risk", b->said[RISK]);
    order_row_put(o, "authority", b->said[AUTHORITY]);
    order_row_put(o, "people", b->said[PEOPLE]);
    order_row_instant(o, "tellUntil", b->found.made_us + TELL_DAYS * day_us);
    order_row_instant(o, "keptUntil", b->found.made_us + KEEP_DAYS * day_us);
    order_row_put(o, "words", buf_str(&b->words));
    order_row_end(o);
    return true;
}

Fail breach_order_list(Order *o)
{
    buf_put(&o->out, STR("\"breaches\":["));
    TRY(fold(o, put_breach, NULL));
    buf_put_char(&o->out, ']');
    return OK;
}

/* ---- entries ---- */

static Fail take_words(const Order *o, Str *out)
{
    *out = order_member(o, "words");
    if (out->len < WORDS_MIN || out->len > WORDS_MAX)
        return fail(o->call, FAIL_REQUIRED, STR("words"),
                    "It takes %d to %d characters to say what happened or was done", WORDS_MIN,
                    WORDS_MAX);
    return OK;
}

static Fail take_date(const Order *o, const char *name, Moment *out)
{
    Str text = order_member(o, name);

    if (!moment_parse(text, MOMENT_SEARCH, out))
        return fail(o->call, FAIL_VALUE, str_from(name), "That is no date such as 2026-11-22");
    return OK;
}

static Fail put_entry(Order *o, BreachEntry *entry)
{
    uint32_t number;

    entry->made_us = o->call->now_us;
    entry->made_by = o->by ? o->by->login.name : STR("the owner");
    TRY(store_breach_add(o->call, session_store(o->session), entry, &number));
    o->detail = arena_printf(o->call->arena, "breach %u: %.*s %.*s", number,
                             STR_ARG(entry->kind), STR_ARG(entry->value));
    order_put(o, "number", arena_printf(o->call->arena, "%u", number));
    return OK;
}

Fail breach_order_add(Order *o)
{
    BreachEntry entry = { .kind = STR("found"), .login = order_member(o, "login") };
    Moment      from, until;

    TRY(take_words(o, &entry.words));
    TRY(take_date(o, "from", &from));
    TRY(take_date(o, "until", &until));
    if (until.high <= from.low)
        return fail(o->call, FAIL_VALUE, STR("until"), "It ends before it began");
    entry.from_us = from.low;
    entry.until_us = until.high;
    return put_entry(o, &entry);
}

static bool is_number(Order *o, Breach *b, void *context)
{
    Breach *found = context;

    if (str_equal(order_member(o, "number"),
                  arena_printf(o->call->arena, "%u", b->found.number)))
        *found = *b;
    return !found->found.number;
}

static Fail find(Order *o, Breach *out)
{
    *out = (Breach){ 0 };
    TRY(fold(o, is_number, out));
    return out->found.number ? OK
                             : fail(o->call, FAIL_NOT_FOUND, STR("number"),
                                    "There is no breach of that number");
}

static Fail add_to(Order *o, Str kind, Str value)
{
    BreachEntry entry = { .kind = kind, .value = value };
    Breach      breach;

    TRY(find(o, &breach));
    if (breach.closed_us)
        return fail(o->call, FAIL_CONFLICT, STR("number"), "It is closed");
    entry.number = breach.found.number;
    TRY(take_words(o, &entry.words));
    return put_entry(o, &entry);
}

/* PIPEDA 10.1: whether there is a real risk of significant harm, and why. */
Fail breach_order_assess(Order *o)
{
    Str risk = order_member(o, "risk");

    if (!str_equal(risk, STR("real")) && !str_equal(risk, STR("none")))
        return fail(o->call, FAIL_VALUE, STR("risk"),
                    "The risk of significant harm is real or none");
    return add_to(o, STR("risk"), risk);
}

Fail breach_order_told(Order *o)
{
    Str    whom = order_member(o, "whom");
    Moment on;

    if (!str_equal(whom, STR("authority")) && !str_equal(whom, STR("people")))
        return fail(o->call, FAIL_VALUE, STR("whom"), "It is the authority or the people");
    TRY(take_date(o, "on", &on));
    if (on.low > o->call->now_us)
        return fail(o->call, FAIL_VALUE, STR("on"), "That day is still to come");
    return add_to(o, whom, order_member(o, "on"));
}

/* Not before it was assessed, and who must be told was. */
Fail breach_order_close(Order *o)
{
    Breach breach;

    TRY(find(o, &breach));
    if (str_starts(state_of(&breach), STR("to ")))
        return fail(o->call, FAIL_CONFLICT, STR("number"), "It is still %.*s",
                    STR_ARG(state_of(&breach)));
    return add_to(o, STR("closed"), (Str){ 0 });
}

/* ---- whose data it was ---- */

typedef struct Affected {
    Order   *order;
    Breach   breach;
    Patients patients;
    uint64_t records;
} Affected;

/* One whose name is not known stands for nobody's data. */
static Fail is_theirs(const Affected *a, const AuditRecord *record, bool *theirs)
{
    AuditActor actor;
    Order     *o = a->order;

    *theirs = a->breach.found.login.len == 0;
    if (*theirs || !record->grant)
        return OK;
    TRY(store_audit_actor(o->call, o->session, record->grant, &actor));
    *theirs = str_equal(actor.name, a->breach.found.login);
    return OK;
}

static Fail take_record(Affected *a, const AuditRecord *record)
{
    bool theirs;

    if (record->at_us < a->breach.found.from_us || record->at_us >= a->breach.found.until_us
        || record->outcome != AUDIT_DONE || (!record->patient.len && !record->others.len))
        return OK;
    TRY(is_theirs(a, record, &theirs));
    if (!theirs)
        return OK;
    a->records++;
    if (record->patient.len)
        patients_add_id(&a->patients, arena_str(a->order->call->arena, record->patient));
    patients_add_all(&a->patients, record->others);
    return a->patients.count <= PATIENTS_MAX
               ? OK
               : fail(a->order->call, FAIL_TOO_COSTLY, STR("number"),
                      "More than %d patients: take hale audit report", PATIENTS_MAX);
}

/* From the newest record back to the day it began. */
static Fail walk(Affected *a)
{
    Order   *o = a->order;
    uint64_t from = 0;

    do {
        AuditSlice slice;

        TRY(store_audit_slice(o->call, o->session, from, true, &slice));
        for (size_t i = 0; i < slice.count; i++)
            TRY(take_record(a, &slice.records[i]));
        from = slice.next;
        if (slice.count && slice.records[slice.count - 1].at_us < a->breach.found.from_us)
            return OK;
    } while (from);
    return OK;
}

Fail breach_order_affected(Order *o)
{
    Affected a = { .order = o, .patients = { .arena = o->call->arena } };
    Str      list, id;

    TRY(find(o, &a.breach));
    TRY(walk(&a));
    o->detail =
        arena_printf(o->call->arena, "asked whom breach %u affects", a.breach.found.number);
    buf_put(&o->out, STR("\"affected\":["));
    list = patients_list(&a.patients);
    while (patients_next_id(o->call->arena, &list, &id)) {
        order_row_begin(o);
        order_row_put(o, "patient", id);
        order_row_end(o);
    }
    buf_put_char(&o->out, ']');
    order_put(o, "records",
              arena_printf(o->call->arena, "%llu", (unsigned long long)a.records));
    return OK;
}
