/*
 * Money in and out: Patient/[id]/$pay makes a PaymentReconciliation and allocates it to invoices,
 * $allocate does that later with what is still held, $refund gives held money back.
 */
#include "practice/payment.h"

#include "practice/billing.h"

enum { ALLOCATIONS_MAX = 20 };

typedef struct Allocation {
    Loaded  invoice;
    Str     patient; /* whose visit it was: somebody else may pay for it */
    int64_t cents, open;
} Allocation;

typedef struct Payment {
    Till      *till;
    LedgerLine line; /* patient, party, document */
    Str        currency;
    Allocation allocations[ALLOCATIONS_MAX];
    size_t     count;
    int64_t    allocated;
} Payment;

static const Str methods[] = {
    STR_INIT("cash"),   STR_INIT("card"),    STR_INIT("e-transfer"),
    STR_INIT("cheque"), STR_INIT("insurer"),
};

static Fail check_method(const Till *t, Str *out)
{
    uint32_t param = till_param(t, STR("method"));

    *out = till_value(t, param);
    for (size_t i = 0; i < COUNT(methods); i++)
        if (str_equal(*out, methods[i]))
            return OK;
    return fail(t->call, out->len ? FAIL_VALUE : FAIL_REQUIRED,
                till_place(t, param, STR("method")),
                "How it is paid is one of cash, card, e-transfer, cheque, insurer");
}

/* ---- allocating ---- */

static Fail take_allocation(Payment *p, uint32_t param)
{
    Till       *t = p->till;
    Allocation *a = &p->allocations[p->count];
    Str         where = till_place(t, param, STR("allocation")), currency, type;
    uint32_t    amount = till_part(t, param, STR("amount"));

    if (p->count == ALLOCATIONS_MAX)
        return fail(t->call, FAIL_TOO_COSTLY, where, "That is too many invoices at once");
    TRY(till_follow(t, till_value(t, till_part(t, param, STR("invoice"))), TYPE_INVOICE, where,
                    &a->invoice));
    if (!str_cut(
            billing_at(&a->invoice.resource, a->invoice.resource.root, "subject", "reference"),
            '/', &type, &a->patient))
        return fail(t->call, FAIL_UNPROCESSABLE, where, "The invoice is nobody's");
    for (size_t i = 0; i < p->count; i++)
        if (str_equal(p->allocations[i].invoice.version.id, a->invoice.version.id))
            return fail(t->call, FAIL_VALUE, where, "This invoice is named twice");
    TRY(till_open_amount(t, a->invoice.version.id, &a->open));
    TRY(till_amount(t, amount, STR("amount"), &a->cents));
    if (a->cents > a->open)
        return fail(t->call, FAIL_UNPROCESSABLE, till_place(t, amount, where),
                    "The invoice asks for %lld.%02lld, less than is allocated to it",
                    (long long)(a->open / 100), (long long)(a->open % 100));
    currency =
        billing_at(&a->invoice.resource, a->invoice.resource.root, "totalGross", "currency");
    if (p->currency.len && !str_equal(currency, p->currency))
        return fail(t->call, FAIL_VALUE, where, "The invoice is in another currency");
    p->currency = currency;
    p->allocated += a->cents;
    p->count++;
    return OK;
}

static Fail take_allocations(Payment *p)
{
    const Till *t = p->till;

    for (uint32_t each = till_param(t, STR("allocation")); each;
         each = node_next_same(&t->params, each))
        if (str_equal(node_child_text(&t->params, each, STR("name")), STR("allocation")))
            TRY(take_allocation(p, each));
    return OK;
}

/* Into the ledger, and the invoices that are paid in full say so. */
static void put_allocations(Payment *p)
{
    Till *t = p->till;

    for (size_t i = 0; i < p->count; i++) {
        const Allocation *a = &p->allocations[i];
        LedgerEntry      *entry = till_entry(t, LEDGER_ALLOCATION, p->currency);
        LedgerLine        line = p->line;

        line.account = ACCOUNT_HELD;
        line.cents = a->cents;
        till_line(t, entry, line);
        line.invoice = a->invoice.version.id;
        line.patient = a->patient;
        line.account = ACCOUNT_RECEIVABLE;
        line.cents = -a->cents;
        till_line(t, entry, line);
        if (a->cents == a->open)
            till_put(t, TYPE_INVOICE, a->invoice.version.id, a->invoice.version.version,
                     till_edited(t, &a->invoice, STR("balanced"), (Str){ 0 }, (Str){ 0 }));
    }
}

static void put_detail(Buf *out, const Till *t, const char *type, Str invoice, int64_t cents,
                       Str currency)
{
    till_json(out,
              "$r{'type':{'text':$s},'request':{'reference':'Invoice/$r'},'date':$s,"
              "'amount':{'value':$m,'currency':$s}}",
              out->len ? STR(",") : STR(""), str_from(type), invoice, t->date, cents, currency);
}

static Str details(const Payment *p)
{
    Buf out = buf_new(p->till->call->arena, 1024);

    for (size_t i = 0; i < p->count; i++)
        put_detail(&out, p->till, "allocation", p->allocations[i].invoice.version.id,
                   p->allocations[i].cents, p->currency);
    return buf_str(&out);
}

/* The payment with more details behind those it has. */
static void put_again(Till *t, const Loaded *payment, Str more)
{
    const Resource *r = &payment->resource;
    Buf             out = buf_new(t->call->arena, 1024);

    till_json(&out, ",'detail':[");
    for (uint32_t each = node_child(r, r->root, STR("detail")); each;
         each = node_next_same(r, each))
        till_json(&out, "$r,", node_source(r, each));
    till_json(&out, "$r]", more);
    till_put(t, TYPE_PAYMENT_RECONCILIATION, payment->version.id, payment->version.version,
             till_edited(t, payment, (Str){ 0 }, STR("detail"), buf_str(&out)));
}

/* ---- a payment that is there ---- */

/* What it holds, and whose it is. */
static Fail load_payment(Till *t, Str id, Loaded *payment, LedgerLine *line, int64_t *held,
                         Str *currency)
{
    Str document = arena_printf(t->call->arena, "PaymentReconciliation/%.*s", STR_ARG(id));
    LedgerQuery query = { .by = LEDGER_OF_DOCUMENT, .id = document };
    LedgerRow  *rows;
    size_t      count;

    TRY(till_read(t, TYPE_PAYMENT_RECONCILIATION, id, payment));
    TRY(store_ledger_read(t->call, t->session, &t->reading, &query, &rows, &count));
    *held = 0;
    for (size_t i = 0; i < count; i++)
        if (rows[i].line.account == ACCOUNT_HELD)
            *held -= rows[i].line.cents;
    if (count == 0)
        return fail(t->call, FAIL_CONFLICT, STR("PaymentReconciliation"),
                    "This payment is not in the ledger");
    *line = (LedgerLine){ .patient = rows[0].line.patient,
                          .party = rows[0].line.party,
                          .document = document };
    *currency = rows[0].currency;
    return OK;
}

Fail payment_release(Till *t, Str document, Str invoice, Str patient, int64_t cents)
{
    LedgerEntry *entry;
    LedgerLine   line;
    Loaded       payment;
    int64_t      held;
    Str          type, id, currency;
    Buf          more = buf_new(t->call->arena, 256);

    if (!str_cut(document, '/', &type, &id))
        return fail(t->call, FAIL_SYSTEM, (Str){ 0 }, "The ledger names no payment");
    TRY(load_payment(t, id, &payment, &line, &held, &currency));
    entry = till_entry(t, LEDGER_RELEASE, currency);
    line.account = ACCOUNT_HELD;
    line.cents = -cents;
    till_line(t, entry, line);
    line.account = ACCOUNT_RECEIVABLE;
    line.invoice = invoice;
    line.patient = patient;
    line.cents = cents;
    till_line(t, entry, line);
    put_detail(&more, t, "release", invoice, -cents, currency);
    put_again(t, &payment, buf_str(&more));
    return OK;
}

/* ---- asked again ---- */

/* Whose intent it is: neither has a slash in it. */
static Str intent_of(const Till *t, Str patient, Str intent)
{
    return arena_printf(t->call->arena, "%.*s/%.*s", STR_ARG(patient), STR_ARG(intent));
}

/* The payment that was made of it, or none. What only says that it is one, without money in the ledger, is
 * none that could be answered with. */
static Fail find_intent(Till *t, Str intent, Str patient, int64_t cents, Str currency, Str *id)
{
    LedgerLine line;
    Version   *found;
    size_t     count;
    Loaded     payment;
    int64_t    paid, held;
    Str        paid_in;

    *id = (Str){ 0 };
    if (intent.len == 0)
        return OK;
    TRY(till_search(t, TYPE_PAYMENT_RECONCILIATION,
                    arena_printf(t->call->arena, "identifier=" TILL_INTENT_SYSTEM "|%.*s",
                                 STR_ARG(intent_of(t, patient, intent))),
                    &found, &count));
    if (count == 0)
        return OK;
    TRY(load_payment(t, found[0].id, &payment, &line, &held, &paid_in));
    if (!money_parse(
            billing_at(&payment.resource, payment.resource.root, "paymentAmount", "value"),
            &paid)
        || paid != cents || !str_equal(line.patient, patient)
        || (currency.len && !str_equal(currency, paid_in)))
        return fail(t->call, FAIL_CONFLICT, STR("intent"),
                    "There is a payment of that intent, but of another amount or patient: "
                    "PaymentReconciliation/%.*s",
                    STR_ARG(found[0].id));
    *id = found[0].id;
    return OK;
}

/* Whether that payment has given money back for that intent before; then it was as much. */
static Fail was_refunded(const Till *t, const Resource *payment, Str intent, int64_t cents,
                         bool *was)
{
    int64_t given;

    *was = false;
    for (uint32_t each = node_child(payment, payment->root, STR("detail")); intent.len && each;
         each = node_next_same(payment, each)) {
        uint32_t identifier = node_child(payment, each, STR("identifier"));

        if (identifier
            && str_equal(node_child_text(payment, identifier, STR("system")),
                         STR(TILL_INTENT_SYSTEM))
            && str_equal(node_child_text(payment, identifier, STR("value")), intent)) {
            *was = money_parse(billing_at(payment, each, "amount", "value"), &given)
                   && given == -cents;
            return *was ? OK
                        : fail(t->call, FAIL_CONFLICT, STR("intent"),
                               "Of that intent another amount was given back");
        }
    }
    return OK;
}

/* ---- paying ---- */

static void put_payment(Payment *p, Str id, int64_t cents, Str method, Str intent)
{
    Till *t = p->till;
    Buf   out = buf_new(t->call->arena, 1024);
    char  now[INSTANT_CHARS + 1];

    moment_format_instant(t->call->now_us, now);
    till_json(&out,
              "{'resourceType':'PaymentReconciliation','id':$s,'extension':["
              "{'url':'" TILL_PAYER_URL "','valueReference':{'reference':$s}},"
              "{'url':'" TILL_METHOD_URL "','valueCode':$s}],'status':'active',"
              "'created':$s,",
              id, p->line.party, method, str_from(now));
    if (intent.len)
        till_json(&out, "'identifier':[{'system':'" TILL_INTENT_SYSTEM "','value':$s}],",
                  intent_of(t, p->line.patient, intent));
    if (str_starts(p->line.party, STR("Organization/")))
        till_json(&out, "'paymentIssuer':{'reference':$s},", p->line.party);
    till_json(&out,
              "'outcome':'complete','paymentDate':$s,"
              "'paymentAmount':{'value':$m,'currency':$s}",
              t->date, cents, p->currency);
    if (p->count)
        till_json(&out, ",'detail':[$r]", details(p));
    buf_put_char(&out, '}');
    till_make(t, TYPE_PAYMENT_RECONCILIATION, id, buf_str(&out));
    till_seal(t, TYPE_PAYMENT_RECONCILIATION, id);
}

static void enter_payment(Payment *p, int64_t cents, Str method)
{
    LedgerEntry *entry = till_entry(p->till, LEDGER_PAYMENT, p->currency);
    LedgerLine   line = p->line;

    line.method = method;
    line.account = ACCOUNT_MONEY;
    line.cents = cents;
    till_line(p->till, entry, line);
    line.account = ACCOUNT_HELD;
    line.cents = -cents;
    till_line(p->till, entry, line);
}

static Fail pay_work(Till *t)
{
    Payment *p = NEW(t->call->arena, Payment);
    Str      method, payer = till_text(t, STR("payer")), currency, id = till_new_id(t);
    Str      intent, before;
    uint32_t amount = till_param(t, STR("amount"));
    int64_t  cents;
    Loaded   patient;

    p->till = t;
    currency = till_text(t, STR("currency"));
    TRY(till_read(t, TYPE_PATIENT, t->turn->asked->id, &patient));
    TRY(till_amount(t, amount, STR("amount"), &cents));
    TRY(check_method(t, &method));
    TRY(till_intent(t, &intent));
    TRY(find_intent(t, intent, patient.version.id, cents, currency, &before));
    t->result_type = TYPE_PAYMENT_RECONCILIATION;
    t->result_id = before.len ? before : id;
    if (before.len)
        return OK;
    p->currency = currency;
    TRY(take_allocations(p));
    if (p->currency.len == 0)
        p->currency = STR("CAD");
    if (p->allocated > cents)
        return fail(t->call, FAIL_UNPROCESSABLE, till_place(t, amount, STR("amount")),
                    "More is allocated to invoices than was paid");
    p->line = (LedgerLine){
        .patient = patient.version.id,
        .party = payer.len ? payer
                           : arena_printf(t->call->arena, "Patient/%.*s",
                                          STR_ARG(patient.version.id)),
        .document = arena_printf(t->call->arena, "PaymentReconciliation/%.*s", STR_ARG(id)),
    };
    put_payment(p, id, cents, method, intent);
    enter_payment(p, cents, method);
    put_allocations(p);
    return OK;
}

Fail billing_pay_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    static const Str names[] = { STR_INIT("amount"), STR_INIT("method"),
                                 STR_INIT("payer"),  STR_INIT("currency"),
                                 STR_INIT("date"),   STR_INIT("allocation"),
                                 STR_INIT("intent") };

    return till_run(c, s, turn, names, COUNT(names), pay_work, answer);
}

static Fail allocate_work(Till *t)
{
    Payment *p = NEW(t->call->arena, Payment);
    Loaded   payment;
    int64_t  held;

    p->till = t;
    TRY(load_payment(t, t->turn->asked->id, &payment, &p->line, &held, &p->currency));
    TRY(take_allocations(p));
    if (p->count == 0)
        return fail(t->call, FAIL_REQUIRED, STR("allocation"), "This needs an invoice to pay");
    if (p->allocated > held)
        return fail(t->call, FAIL_UNPROCESSABLE, STR("allocation"),
                    "More is allocated than the payment still holds");
    put_again(t, &payment, details(p));
    put_allocations(p);
    t->result_type = TYPE_PAYMENT_RECONCILIATION;
    t->result_id = payment.version.id;
    return OK;
}

Fail billing_allocate_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    static const Str names[] = { STR_INIT("allocation"), STR_INIT("date") };

    return till_run(c, s, turn, names, COUNT(names), allocate_work, answer);
}

static Fail refund_work(Till *t)
{
    uint32_t     param = till_param(t, STR("amount"));
    LedgerEntry *entry;
    LedgerLine   line;
    Loaded       payment;
    int64_t      held, cents;
    bool         before;
    Str          currency, method, intent, reason = till_text(t, STR("reason"));
    Buf          more = buf_new(t->call->arena, 256);

    TRY(load_payment(t, t->turn->asked->id, &payment, &line, &held, &currency));
    t->result_type = TYPE_PAYMENT_RECONCILIATION;
    t->result_id = payment.version.id;
    TRY(till_intent(t, &intent));
    TRY(till_amount(t, param, STR("amount"), &cents));
    TRY(was_refunded(t, &payment.resource, intent, cents, &before));
    if (before)
        return OK;
    TRY(check_method(t, &method));
    if (reason.len == 0)
        return fail(t->call, FAIL_REQUIRED, STR("reason"), "This needs a reason");
    if (cents > held)
        return fail(t->call, FAIL_UNPROCESSABLE, till_place(t, param, STR("amount")),
                    "Only what is held can be given back, %lld.%02lld: cancel the invoice it "
                    "was allocated to first",
                    (long long)(held / 100), (long long)(held % 100));
    entry = till_entry(t, LEDGER_REFUND, currency);
    entry->reason = reason;
    line.method = method;
    line.account = ACCOUNT_HELD;
    line.cents = cents;
    till_line(t, entry, line);
    line.account = ACCOUNT_MONEY;
    line.cents = -cents;
    till_line(t, entry, line);
    till_json(&more, "{");
    if (intent.len)
        till_json(&more, "'identifier':{'system':'" TILL_INTENT_SYSTEM "','value':$s},",
                  intent);
    till_json(&more, "'type':{'text':'refund'},'date':$s,'amount':{'value':$m,'currency':$s}}",
              t->date, -cents, currency);
    put_again(t, &payment, buf_str(&more));
    return OK;
}

Fail billing_refund_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    static const Str names[] = { STR_INIT("amount"), STR_INIT("method"), STR_INIT("reason"),
                                 STR_INIT("date"), STR_INIT("intent") };

    return till_run(c, s, turn, names, COUNT(names), refund_work, answer);
}
