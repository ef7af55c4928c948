/*
 * Invoice/[id]/$receipt: the receipt (or, unpaid, the invoice) as PDF. What was made once is kept as a
 * DocumentReference with the paper and a copy marked as such: asked again for the same state of the
 * invoice, the copy is given, so that a receipt never changes. Practitioner/[id]/$sample-receipt shows what
 * one will look like.
 */
#include "base/limits.h"
#include "codec/base64.h"
#include "practice/billing.h"
#include "practice/paper.h"
#include "practice/practitioner.h"
#include "practice/tax.h"

/* Whose college wants its member's own signature. */
static const Str signing[] = { STR_INIT("massage-therapy") };

typedef struct Making {
    Till     *till;
    Loaded    invoice, patient;
    Performer performer;
    Paper     paper;
    Str       profession;
} Making;

/* ---- the parts of a paper ---- */

static Str telecom(const Resource *r, const char *system)
{
    for (uint32_t each = node_child(r, r->root, STR("telecom")); each;
         each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("system")), str_from(system)))
            return node_child_text(r, each, STR("value"));
    return (Str){ 0 };
}

static Str address(Arena *a, const Resource *r)
{
    static const char *const parts[] = { "city", "state", "postalCode", "country" };
    uint32_t                 node = node_child(r, r->root, STR("address"));
    Buf                      out = buf_new(a, 128);

    for (uint32_t line = node ? node_child(r, node, STR("line")) : 0; line;
         line = node_next_same(r, line))
        buf_printf(&out, "%s%.*s", out.len ? ", " : "", STR_ARG(node_text(node_at(r, line))));
    if (out.len == 0)
        return (Str){ 0 };
    for (size_t i = 0; i < COUNT(parts); i++) {
        Str part = node_child_text(r, node, str_from(parts[i]));

        if (part.len)
            buf_printf(&out, "%s%.*s", i == 0 ? ", " : " ", STR_ARG(part));
    }
    return buf_str(&out);
}

/* The official name if there is one, else the first. */
static Str full_name(Arena *a, const Resource *r)
{
    uint32_t name = node_child(r, r->root, STR("name"));
    Buf      out = buf_new(a, 64);

    for (uint32_t each = name; each; each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("use")), STR("official")))
            name = each;
    if (!name)
        return (Str){ 0 };
    for (uint32_t given = node_child(r, name, STR("given")); given;
         given = node_next_same(r, given))
        buf_printf(&out, "%.*s ", STR_ARG(node_text(node_at(r, given))));
    buf_put(&out, node_child_text(r, name, STR("family")));
    return out.len ? str_trim(buf_str(&out)) : node_child_text(r, name, STR("text"));
}

static void take_practice(Making *m)
{
    Arena          *a = m->till->call->arena;
    const Resource *org = &m->performer.organization.resource;
    const Resource *dr = &m->performer.practitioner.resource;
    Paper          *p = &m->paper;

    p->american = str_equal(m->performer.country, STR("US"));
    p->practice = node_child_text(org, org->root, STR("name"));
    p->address = address(a, org);
    p->phone = telecom(org, "phone");
    p->email = telecom(org, "email");
    p->ein = billing_identifier(org, org->root, STR("urn:oid:2.16.840.1.113883.4.4"));
    p->practitioner = full_name(a, dr);
    p->designation = m->performer.designation;
    p->college = m->performer.college;
    p->registration = m->performer.registration;
    p->npi = billing_identifier(dr, dr->root, STR("http://hl7.org/fhir/sid/us-npi"));
    for (size_t i = 0; i < COUNT(signing); i++)
        p->signing = p->signing || str_equal(m->performer.profession, signing[i]);
}

static Str tax_number(const Making *m, Str name)
{
    Str system =
        arena_printf(m->till->call->arena, BILLING_TAX_NUMBER_SYSTEM ":%.*s", STR_ARG(name));
    const Resource *org = &m->performer.organization.resource;
    const Resource *dr = &m->performer.practitioner.resource;
    Str             own = billing_identifier(dr, dr->root, system);

    return own.len ? own : billing_identifier(org, org->root, system);
}

/* ---- an invoice's lines ---- */

static Str coded(const Resource *r, uint32_t concept, const char *system)
{
    for (uint32_t each = concept ? node_child(r, concept, STR("coding")) : 0; each;
         each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("system")), str_from(system)))
            return node_child_text(r, each, STR("code"));
    return (Str){ 0 };
}

static Str name_of(const Resource *r, uint32_t concept)
{
    Str      text = node_child_text(r, concept, STR("text"));
    uint32_t coding = node_child(r, concept, STR("coding"));

    return text.len || !coding ? text : node_child_text(r, coding, STR("display"));
}

static unsigned minutes_of(const Resource *r, uint32_t period)
{
    Moment start, end;

    if (!moment_parse(node_child_text(r, period, STR("start")), MOMENT_DATE_TIME, &start)
        || !moment_parse(node_child_text(r, period, STR("end")), MOMENT_DATE_TIME, &end)
        || end.low <= start.low)
        return 0;
    return (unsigned)((end.low - start.low) / 60000000);
}

static Fail take_item(Making *m, Str reference, PaperLine *line)
{
    Paper   *p = &m->paper;
    Loaded   item;
    uint64_t quantity = 1;

    TRY(till_follow(m->till, reference, TYPE_CHARGE_ITEM, STR("Invoice.lineItem"), &item));
    {
        const Resource *r = &item.resource;
        uint32_t        code = node_child(r, r->root, STR("code"));
        uint32_t        period = node_child(r, r->root, STR("occurrence"));
        uint32_t        reason = node_child(r, r->root, STR("reason"));

        line->class = billing_extension(r, r->root, STR(BILLING_CLASS_URL));
        if (line->class.len == 0)
            line->class = STR("treatment");
        line->text = code ? name_of(r, code) : (Str){ 0 };
        line->code = coded(r, code, "http://www.ama-assn.org/go/cpt");
        if (period) {
            line->date = str_slice(node_child_text(r, period, STR("start")), 0, 10);
            line->minutes = minutes_of(r, period);
        }
        if (reason && p->diagnosis.len == 0)
            p->diagnosis = coded(r, reason, BILLING_DIAGNOSIS_SYSTEM);
        m->profession = billing_extension(r, r->root, STR(BILLING_PROFESSION_SYSTEM));
        p->treatment = p->treatment || str_equal(line->class, STR("treatment"));
        if (str_to_u64(billing_at(r, r->root, "quantity", "value"), &quantity))
            line->quantity = (unsigned)quantity;
    }
    return OK;
}

static Fail add_tax(Making *m, Str name, Str rate, int64_t cents)
{
    Paper *p = &m->paper;
    size_t at;

    for (at = 0; at < p->tax_count && !str_equal(p->taxes[at].rate, rate); at++)
        ;
    if (at == PAPER_TAXES_MAX)
        return fail(m->till->call, FAIL_TOO_COSTLY, STR("Invoice.lineItem"),
                    "There are too many taxes for one page");
    if (at == p->tax_count)
        p->taxes[p->tax_count++] = (PaperTax){ .name = name, .rate = rate };
    p->taxes[at].cents += cents;
    return OK;
}

static Fail take_lines(Making *m)
{
    const Resource *r = &m->invoice.resource;
    Paper          *p = &m->paper;

    for (uint32_t l = node_child(r, r->root, STR("lineItem")); l; l = node_next_same(r, l)) {
        PaperLine *line = &p->lines[p->line_count];

        if (p->line_count++ == PAPER_LINES_MAX)
            return fail(m->till->call, FAIL_TOO_COSTLY, STR("Invoice.lineItem"),
                        "That is more than one page holds");
        TRY(take_item(m, billing_at(r, l, "chargeItem", "reference"), line));
        for (uint32_t c = node_child(r, l, STR("priceComponent")); c;
             c = node_next_same(r, c)) {
            Str      type = node_child_text(r, c, STR("type"));
            uint32_t code = node_child(r, c, STR("code"));
            int64_t  cents = 0;

            if (!money_parse(billing_at(r, c, "amount", "value"), &cents))
                return fail(m->till->call, FAIL_UNPROCESSABLE, STR("Invoice.lineItem"),
                            "The invoice has an amount that is none");
            if (str_equal(type, STR("base")))
                line->price += cents;
            else if (!str_equal(type, STR("tax")))
                line->discount -= cents;
            else
                TRY(add_tax(m, coded(r, code, "urn:hale:tax"),
                            node_child_text(r, code, STR("text")), cents));
        }
    }
    return OK;
}

/* ---- its money ---- */

static Fail take_payments(Making *m)
{
    Till       *t = m->till;
    LedgerQuery query = { .by = LEDGER_OF_INVOICE, .id = m->invoice.version.id };
    Paper      *p = &m->paper;
    LedgerRow  *rows;
    size_t      count;

    TRY(store_ledger_read(t->call, t->session, &t->reading, &query, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        const LedgerRow *row = &rows[i];
        Str              type, id;
        Loaded           payment;

        if (row->line.account != ACCOUNT_RECEIVABLE)
            continue;
        p->open += row->line.cents;
        if (row->kind != LEDGER_ALLOCATION || !str_cut(row->line.document, '/', &type, &id))
            continue;
        if (p->payment_count == PAPER_PAYMENTS_MAX)
            return fail(t->call, FAIL_TOO_COSTLY, STR("Invoice"),
                        "That is more payments than one page holds");
        TRY(till_read(t, TYPE_PAYMENT_RECONCILIATION, id, &payment));
        p->payments[p->payment_count++] = (PaperPayment){
            .date =
                node_child_text(&payment.resource, payment.resource.root, STR("paymentDate")),
            .method = billing_extension(&payment.resource, payment.resource.root,
                                        STR(TILL_METHOD_URL)),
            .cents = -row->line.cents,
        };
        p->paid -= row->line.cents;
    }
    p->receipt = p->paid > 0;
    return OK;
}

static Fail take_payer(Making *m)
{
    const Resource *r = &m->invoice.resource;
    Str             ref = billing_at(r, r->root, "recipient", "reference");
    Loaded          payer;

    if (str_starts(ref, STR("Organization/"))) {
        TRY(till_follow(m->till, ref, TYPE_ORGANIZATION, STR("Invoice.recipient"), &payer));
        m->paper.payer = node_child_text(&payer.resource, payer.resource.root, STR("name"));
    } else if (str_starts(ref, STR("RelatedPerson/"))) {
        TRY(till_follow(m->till, ref, TYPE_RELATED_PERSON, STR("Invoice.recipient"), &payer));
        m->paper.payer = full_name(m->till->call->arena, &payer.resource);
    }
    return OK;
}

static Fail take_invoice(Making *m)
{
    Till           *t = m->till;
    const Resource *r = &m->invoice.resource;
    Paper          *p = &m->paper;
    uint32_t        participant = node_child(r, r->root, STR("participant"));

    p->french = str_equal(till_text(t, STR("language")), STR("fr"));
    p->issued = t->date;
    p->invoice_number = billing_identifier(r, r->root, STR(LEDGER_INVOICE_SYSTEM));
    if (p->invoice_number.len == 0
        || str_equal(node_child_text(r, r->root, STR("status")), STR("cancelled")))
        return fail(t->call, FAIL_CONFLICT, STR("Invoice.status"),
                    "There are receipts of issued invoices only");
    TRY(till_follow(t, billing_at(r, r->root, "subject", "reference"), TYPE_PATIENT,
                    STR("Invoice.subject"), &m->patient));
    p->patient = full_name(t->call->arena, &m->patient.resource);
    p->currency = billing_at(r, r->root, "totalGross", "currency");
    if (!money_parse(billing_at(r, r->root, "totalNet", "value"), &p->net)
        || !money_parse(billing_at(r, r->root, "totalGross", "value"), &p->gross))
        return fail(t->call, FAIL_UNPROCESSABLE, STR("Invoice.totalGross"),
                    "The invoice has no totals");
    TRY(take_lines(m));
    TRY(take_payments(m));
    TRY(take_payer(m));
    TRY(performer_find(
        t,
        &(PerformerAsked){ .reference = participant
                                            ? billing_at(r, participant, "actor", "reference")
                                            : (Str){ 0 },
                           .organization = billing_at(r, r->root, "issuer", "reference"),
                           .date = p->line_count ? p->lines[0].date : t->date,
                           .profession = m->profession },
        &m->performer));
    take_practice(m);
    for (size_t i = 0; i < p->tax_count; i++)
        p->taxes[i].number = tax_number(m, p->taxes[i].name);
    return OK;
}

/* ---- keeping it ---- */

static void put_attachment(Buf *out, const char *title, bool french, Str pdf)
{
    Buf data = buf_new(out->arena, pdf.len * 4 / 3 + 8);

    base64_put(&data, pdf);
    till_json(out,
              "{'attachment':{'contentType':'application/pdf','language':$s,'title':$s,"
              "'data':$s}}",
              french ? STR("fr") : STR("en"), str_from(title), buf_str(&data));
}

static void keep(Making *m, Str id, Str key, Str original, Str copy)
{
    Till        *t = m->till;
    const Paper *p = &m->paper;
    Buf          out = buf_new(t->call->arena, (original.len + copy.len) * 4 / 3 + 2048);
    char         now[INSTANT_CHARS + 1];

    moment_format_instant(t->call->now_us, now);
    till_json(
        &out,
        "{'resourceType':'DocumentReference','id':$s,'identifier':["
        "{'system':'" LEDGER_RECEIPT_KEY_SYSTEM "','value':$s}$r],'status':'current',"
        "'type':{'coding':[{'system':'urn:hale:document','code':'receipt'}],"
        "'text':$s},'subject':{'reference':'Patient/$r'},'date':$s,'content':[",
        id, key,
        p->receipt ? till_json_text(
            t->call->arena, ",{'system':'" LEDGER_RECEIPT_SYSTEM "','value':$s}", p->number)
                   : (Str){ 0 },
        p->receipt ? STR("Receipt") : STR("Invoice"), m->patient.version.id, str_from(now));
    put_attachment(&out, "original", p->french, original);
    buf_put_char(&out, ',');
    put_attachment(&out, "duplicate", p->french, copy);
    till_json(&out, "],'context':{'related':[{'reference':'Invoice/$r'}]}}",
              m->invoice.version.id);
    till_make(t, TYPE_DOCUMENT_REFERENCE, id, buf_str(&out));
    till_seal(t, TYPE_DOCUMENT_REFERENCE, id);
}

/* Its copy if it was made before: *found. */
static Fail find_kept(Making *m, Str key, bool *found)
{
    Till    *t = m->till;
    Version *kept;
    size_t   count;

    TRY(till_search(t, TYPE_DOCUMENT_REFERENCE,
                    arena_printf(t->call->arena,
                                 "identifier=" LEDGER_RECEIPT_KEY_SYSTEM "|%.*s", STR_ARG(key)),
                    &kept, &count));
    *found = count > 0;
    t->result_type = TYPE_DOCUMENT_REFERENCE;
    if (count)
        t->result_id = kept[0].id;
    return OK;
}

static Fail receipt_work(Till *t)
{
    Making      *m = NEW(t->call->arena, Making);
    LedgerEntry *entry;
    Str          key, original, copy;
    bool         found;

    m->till = t;
    TRY(till_read(t, TYPE_INVOICE, t->turn->asked->id, &m->invoice));
    TRY(take_invoice(m));
    key = arena_printf(t->call->arena, "%.*s.%lld.%lld.%s", STR_ARG(m->invoice.version.id),
                       (long long)m->paper.paid, (long long)m->paper.open,
                       m->paper.french ? "fr" : "en");
    TRY(find_kept(m, key, &found));
    if (found)
        return OK;
    entry = till_entry(t, LEDGER_DOCUMENT, m->paper.currency);
    m->paper.number = m->paper.invoice_number;
    if (m->paper.receipt) {
        entry->series = SERIES_RECEIPT;
        entry->series_number = t->state.series[SERIES_RECEIPT] + 1;
        m->paper.number =
            arena_printf(t->call->arena, "%06llu", (unsigned long long)entry->series_number);
    }
    TRY(paper_check(t->call, &m->paper));
    TRY(paper_draw(t->call, &m->paper, &original));
    m->paper.duplicate = true;
    TRY(paper_draw(t->call, &m->paper, &copy));
    t->result_id = till_new_id(t);
    keep(m, t->result_id, key, original, copy);
    return OK;
}

Fail billing_receipt_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    static const Str names[] = { STR_INIT("language"), STR_INIT("date") };

    TRY(till_run(c, s, turn, names, COUNT(names), receipt_work, answer));
    answer->status = answer->audited ? 201 : 200; /* made now, or before */
    return OK;
}

/* ---- the sample ---- */

static void invent(Making *m)
{
    Paper *p = &m->paper;

    p->receipt = p->sample = p->treatment = true;
    p->number = p->invoice_number = STR("000000");
    p->issued = m->till->date;
    p->patient = p->french ? STR("Prénom Nom") : STR("First Last");
    p->currency = p->american ? STR("USD") : STR("CAD");
    p->diagnosis = p->american ? STR("M54.50") : (Str){ 0 };
    p->lines[p->line_count++] =
        (PaperLine){ .text = p->french ? STR("Traitement, suivi") : STR("Treatment, follow-up"),
                     .date = m->till->date,
                     .class = STR("treatment"),
                     .minutes = 60,
                     .code = p->american ? STR("97124") : (Str){ 0 },
                     .quantity = 1,
                     .price = 10000 };
    p->net = p->gross = 10000;
}

static Fail sample_taxes(Making *m)
{
    const Performer *f = &m->performer;
    TaxCase          tax_case = { f->country, f->region, f->profession, STR("treatment"),
                                  m->till->date };
    TaxFinding       found;

    if (!tax_find(&tax_case, &found))
        return fail(m->till->call, FAIL_REQUIRED, STR("Organization.address"),
                    "Which taxes are due there is not known: country and province are needed");
    for (size_t i = 0; i < found.count && !f->small_supplier; i++) {
        int64_t cents = money_part(m->paper.net, found.due[i].rate);
        Buf     rate = buf_new(m->till->call->arena, 32);

        buf_printf(&rate, "%.*s ", STR_ARG(found.due[i].name));
        rate_put(&rate, found.due[i].rate, m->paper.french);
        buf_put(&rate, STR(" %"));
        TRY(add_tax(m, found.due[i].name, buf_str(&rate), cents));
        m->paper.taxes[i].number = tax_number(m, found.due[i].name);
        m->paper.gross += cents;
    }
    m->paper.paid = m->paper.gross;
    m->paper.payments[m->paper.payment_count++] =
        (PaperPayment){ m->till->date, STR("card"), m->paper.gross };
    return OK;
}

Fail billing_sample_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    static const Str names[] = { STR_INIT("language"), STR_INIT("profession") };
    Till            *t = NEW(c->arena, Till);
    Making          *m = NEW(c->arena, Making);
    Str              reference;

    m->till = t;
    TRY(till_open(c, s, turn, names, COUNT(names), t));
    arena_set_cap(c->arena, LIMIT_BUNDLE_CALL_BYTES);
    reference = arena_printf(c->arena, "Practitioner/%.*s", STR_ARG(turn->asked->id));
    m->paper.french = str_equal(till_text(t, STR("language")), STR("fr"));
    TRY(performer_find(t,
                       &(PerformerAsked){ .reference = reference,
                                          .date = t->date,
                                          .profession = till_text(t, STR("profession")) },
                       &m->performer));
    take_practice(m);
    invent(m);
    TRY(sample_taxes(m));
    TRY(paper_check(c, &m->paper));
    TRY(paper_draw(c, &m->paper, &answer->body));
    answer->raw_type = STR("application/pdf");
    answer->status = 200;
    answer->rows = 1;
    return OK;
}
