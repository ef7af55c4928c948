/*
 * What the ledger says: Patient/[id]/$account (every movement, what is open by age and what is held),
 * Invoice/$ageing (what is open, by patient and payer) and Invoice/$day-close (what moved on a day, by
 * method). All as Parameters, as far as the caller may see patients and invoices.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "practice/billing.h"
#include "practice/till.h"

enum { BUCKETS = 4, DAY_SECONDS = 24 * 3600 };

static const char *const bucket_names[BUCKETS] = { "0-30", "31-60", "61-90", "over-90" };

static const char *const kind_names[LEDGER_KINDS] = {
    [LEDGER_CHARGE] = "charge",         [LEDGER_PAYMENT] = "payment",
    [LEDGER_ALLOCATION] = "allocation", [LEDGER_RELEASE] = "release",
    [LEDGER_REFUND] = "refund",         [LEDGER_CREDIT] = "credit",
    [LEDGER_WRITE_OFF] = "write-off",   [LEDGER_DOCUMENT] = "document",
};

/* One invoice, from its lines. */
typedef struct Open {
    Str      invoice, patient, party, currency;
    uint64_t number;
    uint32_t day;
    int64_t  cents;
} Open;

typedef struct Report {
    Till      *till;
    LedgerRow *rows;
    size_t     count;
    Open      *open;
    size_t     open_count;
    Buf        out;
} Report;

static Str day_text(Arena *a, uint32_t day)
{
    return arena_printf(a, "%04u-%02u-%02u", day / 10000, day / 100 % 100, day % 100);
}

static unsigned bucket_of(Arena *a, uint32_t issued, uint32_t today)
{
    Moment  from, to;
    int64_t days = 0;

    if (moment_parse(day_text(a, issued), MOMENT_DATE, &from)
        && moment_parse(day_text(a, today), MOMENT_DATE, &to))
        days = (to.low - from.low) / ((int64_t)DAY_SECONDS * 1000000);
    return days <= 30 ? 0 : days <= 60 ? 1 : days <= 90 ? 2 : 3;
}

static int by_invoice(const void *a, const void *b)
{
    const LedgerRow *x = a, *y = b;
    int              order = str_compare(x->line.invoice, y->line.invoice);

    return order ? order : (x->entry > y->entry) - (x->entry < y->entry);
}

/* What each invoice still asks for; those that ask for nothing are left out. */
static void find_open(Report *r)
{
    Arena     *a = r->till->call->arena;
    LedgerRow *sorted = NEW_ARRAY(a, LedgerRow, r->count + 1);
    size_t     kept = 0;

    for (size_t i = 0; i < r->count; i++)
        if (r->rows[i].line.account == ACCOUNT_RECEIVABLE)
            sorted[kept++] = r->rows[i];
    qsort(sorted, kept, sizeof *sorted, by_invoice);
    r->open = NEW_ARRAY(a, Open, kept + 1);
    for (size_t i = 0; i < kept; i++) {
        const LedgerRow *row = &sorted[i];
        Open            *o = r->open_count ? &r->open[r->open_count - 1] : NULL;

        if (!o || !str_equal(o->invoice, row->line.invoice)) {
            if (o && o->cents == 0)
                r->open_count--;
            o = &r->open[r->open_count++];
            *o = (Open){ .invoice = row->line.invoice,
                         .patient = row->line.patient,
                         .party = row->line.party,
                         .currency = row->currency,
                         .day = row->day,
                         .number = row->number };
        }
        o->cents += row->line.cents;
    }
    if (r->open_count && r->open[r->open_count - 1].cents == 0)
        r->open_count--;
}

/* ---- saying it ---- */

static void begin(Report *r, const char *name)
{
    till_json(&r->out, "$r{'name':$s,'part':[",
              r->out.at[r->out.len - 1] == '[' ? STR("") : STR(","), str_from(name));
}

static void part(Report *r, const char *name, const char *type, Str value)
{
    if (value.len == 0)
        return;
    till_json(&r->out, "$r{'name':$s,$s:$s}",
              r->out.at[r->out.len - 1] == '[' ? STR("") : STR(","), str_from(name),
              str_from(type), value);
}

static void part_money(Report *r, const char *name, int64_t cents, Str currency)
{
    till_json(&r->out, "$r{'name':$s,'valueMoney':{'value':$m,'currency':$s}}",
              r->out.at[r->out.len - 1] == '[' ? STR("") : STR(","), str_from(name), cents,
              currency);
}

static void part_reference(Report *r, const char *name, Str type, Str id)
{
    if (id.len)
        till_json(&r->out, "$r{'name':$s,'valueReference':{'reference':'$r$r'}}",
                  r->out.at[r->out.len - 1] == '[' ? STR("") : STR(","), str_from(name), type,
                  id);
}

static void end(Report *r)
{
    buf_put(&r->out, STR("]}"));
}

static Fail take_date(Call *c, Str name, Str value, void *into)
{
    Till    *t = into;
    Moment   moment;
    uint64_t number = 0;

    if (value.len != 10 || !moment_parse(value, MOMENT_DATE, &moment))
        return fail(c, FAIL_VALUE, name, "Expected a day such as 2026-11-22");
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] != '-')
            number = number * 10 + (uint64_t)(value.at[i] - '0');
    t->day = (uint32_t)number;
    return OK;
}

static Fail open_report(Call *c, Session *s, const Turn *turn, LedgerQuery query, Till *t,
                        Report *out)
{
    static const ParamRow known[] = { { STR_INIT("date"), take_date } };

    *out = (Report){ .till = t, .out = buf_new(c->arena, 8192) };
    TRY(till_open(c, s, turn, NULL, 0, t));
    TRY(params_take(c, turn->asked, known, COUNT(known), t));
    arena_set_cap(c->arena, LIMIT_BUNDLE_CALL_BYTES);
    if (query.by == LEDGER_OF_DAYS && query.to_day == 0)
        query.from_day = query.to_day = t->day;
    TRY(store_ledger_read(c, s, &t->reading, &query, &out->rows, &out->count));
    till_json(&out->out, "{'resourceType':'Parameters','parameter':[");
    return OK;
}

static Fail close_report(Report *r, Answer *answer)
{
    end(r);
    answer->body = buf_str(&r->out);
    answer->status = 200;
    answer->rows = (uint32_t)r->count;
    return OK;
}

static void put_ages(Report *r, const Open *first, size_t count)
{
    int64_t sums[BUCKETS] = { 0 };

    for (size_t i = 0; i < count; i++)
        sums[bucket_of(r->till->call->arena, first[i].day, r->till->day)] += first[i].cents;
    for (size_t i = 0; i < BUCKETS; i++)
        part_money(r, bucket_names[i], sums[i], first[0].currency);
}

static void put_open(Report *r, const Open *o)
{
    Arena *a = r->till->call->arena;

    begin(r, "open");
    part_reference(r, "invoice", STR("Invoice/"), o->invoice);
    part(r, "number", "valueString",
         o->number ? arena_printf(a, "%06llu", (unsigned long long)o->number) : (Str){ 0 });
    part(r, "date", "valueDate", day_text(a, o->day));
    part_reference(r, "patient", STR("Patient/"), o->patient);
    part_reference(r, "payer", (Str){ 0 }, o->party);
    part_money(r, "amount", o->cents, o->currency);
    part(r, "age", "valueCode", str_from(bucket_names[bucket_of(a, o->day, r->till->day)]));
    end(r);
}

/* ---- one patient ---- */

/* What the patient sees of an entry: one line, that of the invoice or of the money. */
static bool is_shown(const LedgerRow *row)
{
    return row->line.account == ACCOUNT_RECEIVABLE || (row->line.account == ACCOUNT_MONEY);
}

static void put_movement(Report *r, const LedgerRow *row)
{
    Arena *a = r->till->call->arena;

    begin(r, "entry");
    part(r, "date", "valueDate", day_text(a, row->day));
    part(r, "kind", "valueCode", str_from(kind_names[row->kind]));
    part(r, "number", "valueString",
         row->number ? arena_printf(a, "%06llu", (unsigned long long)row->number) : (Str){ 0 });
    part_reference(r, "invoice", STR("Invoice/"), row->line.invoice);
    part_reference(r, "payment", (Str){ 0 }, row->line.document);
    part_reference(r, "payer", (Str){ 0 }, row->line.party);
    part(r, "method", "valueCode", row->line.method);
    part(r, "reason", "valueString", row->reason);
    part_money(r, "amount", row->line.cents, row->currency);
    end(r);
}

Fail billing_account_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    LedgerQuery query = { .by = LEDGER_OF_PATIENT, .id = turn->asked->id };
    int64_t     open = 0, held = 0;
    Loaded      patient;
    Str         currency = STR("CAD");
    Report      r;
    Till       *t = NEW(c->arena, Till);

    answer->patient = turn->asked->id;
    TRY(open_report(c, s, turn, query, t, &r));
    TRY(till_read(t, TYPE_PATIENT, turn->asked->id, &patient));
    find_open(&r);
    for (size_t i = 0; i < r.open_count; i++)
        open += r.open[i].cents;
    for (size_t i = 0; i < r.count; i++) {
        currency = r.rows[i].currency;
        if (r.rows[i].line.account == ACCOUNT_HELD)
            held -= r.rows[i].line.cents;
    }
    part_money(&r, "balance", open, currency);
    part_money(&r, "held", held, currency);
    if (r.open_count) {
        begin(&r, "ageing");
        put_ages(&r, r.open, r.open_count);
        end(&r);
    }
    for (size_t i = 0; i < r.open_count; i++)
        put_open(&r, &r.open[i]);
    for (size_t i = 0; i < r.count; i++)
        if (is_shown(&r.rows[i]))
            put_movement(&r, &r.rows[i]);
    return close_report(&r, answer);
}

/* ---- the practice ---- */

static int by_patient(const void *a, const void *b)
{
    const Open *x = a, *y = b;
    int         order = str_compare(x->currency, y->currency);

    if (!order)
        order = str_compare(x->patient, y->patient);
    return order ? order : str_compare(x->party, y->party);
}

Fail billing_ageing_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    LedgerQuery query = { .by = LEDGER_OF_DAYS, .to_day = 99991231 };
    Report      r;
    Till       *t = NEW(c->arena, Till);

    TRY(open_report(c, s, turn, query, t, &r));
    find_open(&r);
    qsort(r.open, r.open_count, sizeof *r.open, by_patient);
    for (size_t i = 0, j; i < r.open_count; i = j) {
        for (j = i + 1; j < r.open_count && str_equal(r.open[i].currency, r.open[j].currency);
             j++)
            ;
        begin(&r, "total");
        put_ages(&r, &r.open[i], j - i);
        end(&r);
    }
    for (size_t i = 0, j; i < r.open_count; i = j) {
        for (j = i + 1; j < r.open_count && by_patient(&r.open[i], &r.open[j]) == 0; j++)
            ;
        begin(&r, "owing");
        part_reference(&r, "patient", STR("Patient/"), r.open[i].patient);
        part_reference(&r, "payer", (Str){ 0 }, r.open[i].party);
        put_ages(&r, &r.open[i], j - i);
        end(&r);
    }
    if (r.open_count == 0)
        part_money(&r, "balance", 0, STR("CAD"));
    return close_report(&r, answer);
}

enum { SUMS_MAX = 64 };

typedef struct Sum {
    const char *name;
    Str         method, currency;
    int64_t     cents;
    uint32_t    count;
} Sum;

/* Which lines of a day are told, and as what. */
static const char *sum_name(const LedgerRow *row)
{
    switch (row->line.account) {
    case ACCOUNT_MONEY: return row->kind == LEDGER_REFUND ? "refunded" : "received";
    case ACCOUNT_TAX: return "tax";
    case ACCOUNT_REVENUE: return "charged";
    case ACCOUNT_WRITTEN_OFF: return "written-off";
    default: return NULL;
    }
}

Fail billing_day_close_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    Sum    sums[SUMS_MAX];
    size_t count = 0, at;
    Report r;
    Till  *t = NEW(c->arena, Till);

    TRY(open_report(c, s, turn, (LedgerQuery){ .by = LEDGER_OF_DAYS }, t, &r));
    for (size_t i = 0; i < r.count; i++) {
        const LedgerRow *row = &r.rows[i];
        const char      *name = sum_name(row);

        for (at = 0; name && at < count
                     && (sums[at].name != name || !str_equal(sums[at].method, row->line.method)
                         || !str_equal(sums[at].currency, row->currency));
             at++)
            ;
        if (!name || at == SUMS_MAX)
            continue;
        if (at == count)
            sums[count++] = (Sum){ name, row->line.method, row->currency, 0, 0 };
        sums[at].cents +=
            row->line.account == ACCOUNT_MONEY || row->line.account == ACCOUNT_WRITTEN_OFF
                ? row->line.cents
                : -row->line.cents;
        sums[at].count++;
    }
    part(&r, "date", "valueDate", day_text(c->arena, t->day));
    for (at = 0; at < count; at++) {
        begin(&r, sums[at].name);
        part(&r, "method", "valueCode", sums[at].method);
        part_money(&r, "amount", sums[at].cents, sums[at].currency);
        till_json(&r.out, ",{'name':'count','valueInteger':$u}", (unsigned)sums[at].count);
        end(&r);
    }
    return close_report(&r, answer);
}
