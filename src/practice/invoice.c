/*
 * The life of an Invoice: $issue gives a draft its number and puts it into the ledger, $cancel
 * takes it back, $write-off gives up what it still asks for. Once issued it is never edited.
 */
#include "practice/billing.h"
#include "practice/payment.h"

enum { ITEMS_MAX = 16 };

static Fail amount_of(Till *t, const Resource *r, uint32_t node, const char *name,
                      int64_t *cents)
{
    Str text = billing_at(r, node, name, "value");

    if (!money_parse(text, cents) || *cents < 0)
        return fail(t->call, FAIL_UNPROCESSABLE,
                    arena_printf(t->call->arena, "Invoice.%s", name),
                    "An invoice's amounts are there, not negative, with two decimals at most");
    return OK;
}

static Fail load(Till *t, Loaded *invoice, Str *status)
{
    TRY(till_read(t, TYPE_INVOICE, t->turn->asked->id, invoice));
    *status = node_child_text(&invoice->resource, invoice->resource.root, STR("status"));
    t->result_type = TYPE_INVOICE;
    t->result_id = invoice->version.id;
    return OK;
}

static Str id_behind(Str reference)
{
    Str type, id;

    return str_cut(reference, '/', &type, &id) ? id : (Str){ 0 };
}

/* Patient and payer, for lines of the ledger. */
static Fail parties(Till *t, const Loaded *invoice, LedgerLine *out)
{
    const Resource *r = &invoice->resource;

    *out = (LedgerLine){ .patient = id_behind(billing_at(r, r->root, "subject", "reference")),
                         .party = billing_at(r, r->root, "recipient", "reference"),
                         .invoice = invoice->version.id };
    if (out->patient.len == 0)
        return fail(t->call, FAIL_REQUIRED, STR("Invoice.subject"),
                    "The invoice does not say whose visit it is for");
    if (out->party.len == 0)
        return fail(t->call, FAIL_REQUIRED, STR("Invoice.recipient"),
                    "The invoice does not say who pays it");
    return OK;
}

/* ---- issuing ---- */

/* Each line's components, added up: taxes go to the ledger by their names, and the whole must be
 * what the totals say. */
static Fail add_up(Till *t, const Resource *r, LedgerEntry *entry, LedgerLine line)
{
    int64_t net = 0, tax = 0, said_net, said_gross;

    TRY(amount_of(t, r, r->root, "totalNet", &said_net));
    TRY(amount_of(t, r, r->root, "totalGross", &said_gross));
    for (uint32_t l = node_child(r, r->root, STR("lineItem")); l; l = node_next_same(r, l))
        for (uint32_t p = node_child(r, l, STR("priceComponent")); p;
             p = node_next_same(r, p)) {
            bool    is_tax = str_equal(node_child_text(r, p, STR("type")), STR("tax"));
            int64_t cents;

            if (!money_parse(billing_at(r, p, "amount", "value"), &cents))
                return fail(t->call, FAIL_UNPROCESSABLE, node_expression(t->call->arena, r, p),
                            "This part of the price is not an amount");
            *(is_tax ? &tax : &net) += cents;
            if (!is_tax || cents == 0)
                continue;
            if (entry->line_count + 3 > TILL_LINES_MAX)
                return fail(t->call, FAIL_TOO_COSTLY, STR("Invoice.lineItem"),
                            "An invoice has fewer lines than that");
            line.account = ACCOUNT_TAX;
            line.cents = -cents;
            line.method = billing_at(r, node_child(r, p, STR("code")), "coding", "code");
            till_line(t, entry, line);
        }
    if (net != said_net || net + tax != said_gross)
        return fail(t->call, FAIL_UNPROCESSABLE, STR("Invoice.totalGross"),
                    "The invoice's totals are not what its lines add up to");
    line.method = (Str){ 0 };
    line.account = ACCOUNT_REVENUE;
    line.cents = -net;
    till_line(t, entry, line);
    line.account = ACCOUNT_RECEIVABLE;
    line.cents = net + tax;
    till_line(t, entry, line);
    return OK;
}

static Fail bill_items(Till *t, const Resource *r)
{
    size_t count = 0;

    for (uint32_t l = node_child(r, r->root, STR("lineItem")); l; l = node_next_same(r, l)) {
        Str    ref = billing_at(r, l, "chargeItem", "reference");
        Loaded item;

        if (count++ == ITEMS_MAX)
            return fail(t->call, FAIL_TOO_COSTLY, STR("Invoice.lineItem"),
                        "An invoice has fewer lines than that");
        TRY(till_follow(t, ref, TYPE_CHARGE_ITEM, STR("Invoice.lineItem.chargeItem"), &item));
        till_seal(t, TYPE_CHARGE_ITEM, item.version.id);
        if (str_equal(node_child_text(&item.resource, item.resource.root, STR("status")),
                      STR("billed")))
            continue; /* by the invoice of another payer */
        till_put(t, TYPE_CHARGE_ITEM, item.version.id, item.version.version,
                 till_edited(t, &item, STR("billed"), (Str){ 0 }, (Str){ 0 }));
    }
    if (count == 0)
        return fail(t->call, FAIL_REQUIRED, STR("Invoice.lineItem"),
                    "The invoice has nothing on it");
    return OK;
}

/* The identifiers that were there, and the number. */
static Str numbered(Till *t, const Resource *r, uint64_t number)
{
    Buf out = buf_new(t->call->arena, 512);

    till_json(&out, ",'identifier':[");
    for (uint32_t each = node_child(r, r->root, STR("identifier")); each;
         each = node_next_same(r, each))
        till_json(&out, "$r,", node_source(r, each));
    till_json(&out, "{'use':'official','system':'" LEDGER_INVOICE_SYSTEM "','value':'$r'}]",
              arena_printf(t->call->arena, "%06llu", (unsigned long long)number));
    if (!node_child(r, r->root, STR("date")))
        till_json(&out, ",'date':$s", t->date);
    return buf_str(&out);
}

static Fail issue_work(Till *t)
{
    Loaded       invoice;
    LedgerLine   line;
    LedgerEntry *entry;
    Str          status;
    bool         free;

    TRY(load(t, &invoice, &status));
    if (!str_equal(status, STR("draft")))
        return fail(t->call, FAIL_CONFLICT, STR("Invoice.status"),
                    "Only a draft can be issued; this invoice is %.*s", STR_ARG(status));
    TRY(parties(t, &invoice, &line));
    entry = till_entry(
        t, LEDGER_CHARGE,
        billing_at(&invoice.resource, invoice.resource.root, "totalGross", "currency"));
    entry->series = SERIES_INVOICE;
    entry->series_number = t->state.series[SERIES_INVOICE] + 1;
    TRY(add_up(t, &invoice.resource, entry, line));
    free = entry->line_count == 0;
    TRY(bill_items(t, &invoice.resource));
    till_put(t, TYPE_INVOICE, invoice.version.id, invoice.version.version,
             till_edited(t, &invoice, free ? STR("balanced") : STR("issued"), STR("identifier"),
                         numbered(t, &invoice.resource, entry->series_number)));
    till_seal(t, TYPE_INVOICE, invoice.version.id);
    return OK;
}

Fail billing_issue_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    static const Str names[] = { STR_INIT("date") };

    return till_run(c, s, turn, names, COUNT(names), issue_work, answer);
}

/* ---- cancelling ---- */

static Fail reason_of(Till *t, Str *out)
{
    *out = till_text(t, STR("reason"));
    if (out->len == 0)
        return fail(t->call, FAIL_REQUIRED, STR("reason"), "This needs a reason");
    return OK;
}

enum { PAYMENTS_MAX = 16 };

/* Payments that were allocated to the invoice are held again. */
static Fail release_all(Till *t, const LedgerRow *rows, size_t count)
{
    Str     documents[PAYMENTS_MAX];
    int64_t paid[PAYMENTS_MAX];
    size_t  payments = 0, at;

    for (size_t i = 0; i < count; i++) {
        const LedgerLine *line = &rows[i].line;

        if (line->account != ACCOUNT_RECEIVABLE || line->document.len == 0)
            continue;
        for (at = 0; at < payments && !str_equal(documents[at], line->document); at++)
            ;
        if (at == PAYMENTS_MAX)
            return fail(t->call, FAIL_TOO_COSTLY, STR("Invoice"),
                        "This invoice has too many payments to be cancelled at once");
        if (at == payments) {
            documents[payments] = line->document;
            paid[payments++] = 0;
        }
        paid[at] -= line->cents;
    }
    for (at = 0; at < payments; at++)
        if (paid[at] > 0)
            TRY(payment_release(t, documents[at], rows[0].line.invoice, rows[0].line.patient,
                                paid[at]));
    return OK;
}

/* What was charged, with the signs turned. What was given up before stays so. */
static Fail take_back(Till *t, const Loaded *invoice, Str reason)
{
    LedgerQuery  query = { .by = LEDGER_OF_INVOICE, .id = invoice->version.id };
    LedgerEntry *credit;
    LedgerRow   *rows;
    size_t       count;

    TRY(store_ledger_read(t->call, t->session, &t->reading, &query, &rows, &count));
    if (count == 0)
        return OK;
    for (size_t i = 0; i < count; i++)
        if (rows[i].line.account == ACCOUNT_WRITTEN_OFF)
            return fail(t->call, FAIL_CONFLICT, STR("Invoice"),
                        "A part of this invoice was written off: it cannot be cancelled");
    TRY(release_all(t, rows, count));
    credit = till_entry(t, LEDGER_CREDIT, rows[0].currency);
    credit->reason = reason;
    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == LEDGER_CHARGE) {
            LedgerLine line = rows[i].line;

            line.cents = -line.cents;
            till_line(t, credit, line);
        }
    return OK;
}

static Fail cancel_work(Till *t)
{
    Loaded invoice;
    Str    status, reason;

    TRY(load(t, &invoice, &status));
    TRY(reason_of(t, &reason));
    if (!str_equal(status, STR("draft")) && !str_equal(status, STR("issued"))
        && !str_equal(status, STR("balanced")))
        return fail(t->call, FAIL_CONFLICT, STR("Invoice.status"),
                    "This invoice is %.*s already", STR_ARG(status));
    TRY(take_back(t, &invoice, reason));
    if (!str_equal(status, STR("draft"))) /* one that came to nothing has no entries to turn */
        till_seal(t, TYPE_INVOICE, invoice.version.id);
    till_put(t, TYPE_INVOICE, invoice.version.id, invoice.version.version,
             till_edited(t, &invoice, STR("cancelled"), STR("cancelledReason"),
                         till_json_text(t->call->arena, ",'cancelledReason':$s", reason)));
    return OK;
}

Fail billing_cancel_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    static const Str names[] = { STR_INIT("reason"), STR_INIT("date") };

    return till_run(c, s, turn, names, COUNT(names), cancel_work, answer);
}

/* ---- giving up ---- */

/* The notes that were there, and one about what is not expected any more. */
static Str noted(Till *t, const Resource *r, int64_t cents, Str reason)
{
    Buf out = buf_new(t->call->arena, 512), words = buf_new(t->call->arena, 128);

    buf_put(&words, STR("Written off: "));
    money_put(&words, cents);
    buf_printf(&words, ". %.*s", STR_ARG(reason));
    till_json(&out, ",'note':[");
    for (uint32_t each = node_child(r, r->root, STR("note")); each;
         each = node_next_same(r, each))
        till_json(&out, "$r,", node_source(r, each));
    till_json(&out, "{'time':$s,'text':$s}]", t->date, buf_str(&words));
    return buf_str(&out);
}

static Fail write_off_work(Till *t)
{
    int64_t      open, cents;
    uint32_t     param = till_param(t, STR("amount"));
    LedgerEntry *entry;
    LedgerLine   line;
    Loaded       invoice;
    Str          status, reason;

    TRY(load(t, &invoice, &status));
    TRY(reason_of(t, &reason));
    TRY(parties(t, &invoice, &line));
    TRY(till_open_amount(t, invoice.version.id, &open));
    cents = open;
    if (param)
        TRY(till_amount(t, param, STR("amount"), &cents));
    if (!str_equal(status, STR("issued")) || cents > open || cents <= 0)
        return fail(t->call, FAIL_UNPROCESSABLE, till_place(t, param, STR("amount")),
                    "This invoice does not ask for that much");
    entry = till_entry(
        t, LEDGER_WRITE_OFF,
        billing_at(&invoice.resource, invoice.resource.root, "totalGross", "currency"));
    entry->reason = reason;
    line.account = ACCOUNT_WRITTEN_OFF;
    line.cents = cents;
    till_line(t, entry, line);
    line.account = ACCOUNT_RECEIVABLE;
    line.cents = -cents;
    till_line(t, entry, line);
    till_put(t, TYPE_INVOICE, invoice.version.id, invoice.version.version,
             till_edited(t, &invoice, cents == open ? STR("balanced") : STR("issued"),
                         STR("note"), noted(t, &invoice.resource, cents, reason)));
    return OK;
}

Fail billing_write_off_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    static const Str names[] = { STR_INIT("amount"), STR_INIT("reason"), STR_INIT("date") };

    return till_run(c, s, turn, names, COUNT(names), write_off_work, answer);
}
