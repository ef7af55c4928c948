/*
 * Appointment/[id]/$invoice: what a visit costs, as ChargeItems, and who is to pay it, as draft
 * Invoices. Who gave the service and in which profession, at what place and when, decides the tax
 * (tax.h); a price comes from the price list (ChargeItemDefinition) unless it is given.
 */
#include "interaction/free.h"
#include "practice/billing.h"
#include "practice/practitioner.h"
#include "practice/tax.h"
#include "practice/till.h"

enum { PAYERS_MAX = 4, ITEMS_MAX = 12 };

typedef struct Item {
    Str id;   /* fullUrl of its ChargeItem */
    Str code; /* JSON of a CodeableConcept */
    Str class;
    Str        definition; /* url of the ChargeItemDefinition */
    bool       tax_included;
    int64_t    whole; /* what is paid, taxes and all, where the price says so */
    int64_t    quantity, base, discount, tax[TAXES_MAX]; /* base: of all pieces */
    TaxFinding found;
} Item;

typedef struct Payer {
    Str     reference;
    int64_t weight;
} Payer;

typedef struct Bill {
    Till     *till;
    Loaded    visit, patient;
    Performer performer;
    Str       date, start, end, patient_ref, currency;
    Item      items[ITEMS_MAX];
    size_t    item_count;
    Payer     payers[PAYERS_MAX];
    size_t    payer_count;
    size_t    before; /* invoices of this visit that were cancelled */
} Bill;

/* ---- the price ---- */

static bool same_coding(const Resource *a, uint32_t concept_a, const Resource *b,
                        uint32_t concept_b)
{
    for (uint32_t x = node_child(a, concept_a, STR("coding")); x; x = node_next_same(a, x))
        for (uint32_t y = node_child(b, concept_b, STR("coding")); y; y = node_next_same(b, y))
            if (str_equal(node_child_text(a, x, STR("code")),
                          node_child_text(b, y, STR("code")))
                && str_equal(node_child_text(a, x, STR("system")),
                             node_child_text(b, y, STR("system"))))
                return true;
    return false;
}

static bool in_force(const Resource *r, Str date)
{
    uint32_t period = node_child(r, r->root, STR("effectivePeriod"));

    return !period || billing_within(r, period, date);
}

static Fail take_definition(Bill *b, const Resource *r, Item *item)
{
    uint32_t group = node_child(r, r->root, STR("propertyGroup")), each, amount;

    item->definition = node_child_text(r, r->root, STR("url"));
    if (billing_extension(r, r->root, STR(BILLING_CLASS_URL)).len)
        item->class = billing_extension(r, r->root, STR(BILLING_CLASS_URL));
    item->tax_included =
        str_equal(billing_extension(r, r->root, STR(BILLING_TAX_INCLUDED_URL)), STR("true"));
    for (each = group ? node_child(r, group, STR("priceComponent")) : 0; each;
         each = node_next_same(r, each)) {
        amount = node_child(r, each, STR("amount"));
        if (!amount || !str_equal(node_child_text(r, each, STR("type")), STR("base")))
            continue;
        if (!money_parse(node_child_text(r, amount, STR("value")), &item->base)
            || item->base <= 0)
            return fail(b->till->call, FAIL_UNPROCESSABLE, STR("ChargeItemDefinition"),
                        "The price list's price for this service is not an amount");
        return OK;
    }
    return fail(b->till->call, FAIL_UNPROCESSABLE, STR("ChargeItemDefinition"),
                "The price list names this service without a price");
}

/* The price list's entry for the service on that day. */
static Fail find_price(Bill *b, uint32_t service, Item *item)
{
    const Resource *visit = &b->visit.resource;
    Version        *versions;
    size_t          count;

    TRY(till_search(b->till, TYPE_CHARGE_ITEM_DEFINITION, STR("status=active"), &versions,
                    &count));
    for (size_t i = 0; service && i < count; i++) {
        Loaded   l;
        uint32_t code;

        TRY(till_parse(b->till, &versions[i], &l));
        code = node_child(&l.resource, l.resource.root, STR("code"));
        if (code && same_coding(visit, service, &l.resource, code)
            && in_force(&l.resource, b->date))
            return take_definition(b, &l.resource, item);
    }
    return fail(b->till->call, FAIL_REQUIRED, STR("price"),
                "There is no price for this service on that day: give one, or put it into the "
                "price list");
}

static Fail take_discount(Bill *b, Item *item)
{
    const Till *t = b->till;
    uint32_t    percent = till_param(t, STR("discount-percent"));
    uint32_t    amount = till_param(t, STR("discount"));
    int64_t     rate = 0;

    if (percent && !rate_parse(till_value(t, percent), &rate))
        return fail(t->call, FAIL_VALUE, till_place(t, percent, (Str){ 0 }),
                    "A discount is between 0 and 100 percent");
    item->discount = money_part(item->base, rate);
    if (amount)
        TRY(till_amount(t, amount, STR("discount"), &item->discount));
    if (item->discount > item->base)
        return fail(t->call, FAIL_VALUE, till_place(t, amount, (Str){ 0 }),
                    "The discount is more than the price");
    return OK;
}

/* ---- what is billed ---- */

/* The service of the visit. */
static Fail take_service(Bill *b)
{
    const Resource *r = &b->visit.resource;
    Till           *t = b->till;
    uint32_t        price = till_param(t, STR("price"));
    uint32_t        service = node_child(r, r->root, STR("serviceType"));
    Item           *item = &b->items[b->item_count++];
    Str             given = till_text(t, STR("class"));

    *item = (Item){ .class = STR("treatment"), .quantity = 1 };
    item->code = service ? node_source(r, service) : STR("{\"text\":\"Visit\"}");
    if (price)
        TRY(till_amount(t, price, STR("price"), &item->base));
    else
        TRY(find_price(b, service, item));
    if (str_equal(node_child_text(r, r->root, STR("status")), STR("noshow")))
        item->class = STR("no-show");
    if (given.len)
        item->class = given;
    if (!tax_class_known(item->class))
        return fail(t->call, FAIL_VALUE,
                    till_place(t, till_param(t, STR("class")), STR("class")),
                    "There is no such class of service: treatment, report, cosmetic, product, "
                    "no-show, gift-card");
    if (str_equal(item->class, STR("no-show")))
        item->code = STR("{\"coding\":[{\"system\":\"urn:hale:service-class\",\"code\":"
                         "\"no-show\"}],\"text\":\"Missed appointment fee\"}");
    return take_discount(b, item);
}

/* Products and other things sold with it. */
static Fail take_items(Bill *b)
{
    Till *t = b->till;

    for (uint32_t p = till_param(t, STR("item")); p; p = node_next_same(&t->params, p)) {
        Item *item = &b->items[b->item_count];
        Str   text = till_value(t, till_part(t, p, STR("text")));
        Str class = till_value(t, till_part(t, p, STR("class")));
        uint64_t quantity = 1;

        if (!str_equal(node_child_text(&t->params, p, STR("name")), STR("item")))
            continue;
        if (b->item_count == ITEMS_MAX)
            return fail(t->call, FAIL_TOO_COSTLY, STR("item"),
                        "That is more than one visit has");
        *item = (Item){ .class = class.len ? class : STR("product") };
        if (text.len == 0 || !tax_class_known(item->class))
            return fail(t->call, FAIL_REQUIRED, till_place(t, p, STR("item")),
                        "What is sold needs a text, and a class that there is");
        TRY(till_amount(t, till_part(t, p, STR("price")), STR("price"), &item->base));
        if (till_part(t, p, STR("quantity"))
            && (!str_to_u64(till_value(t, till_part(t, p, STR("quantity"))), &quantity)
                || quantity == 0 || quantity > 1000))
            return fail(t->call, FAIL_VALUE, till_place(t, p, STR("quantity")),
                        "A quantity is a whole number from 1 to 1000");
        item->quantity = (int64_t)quantity;
        item->base *= item->quantity;
        if (item->base > MONEY_MAX)
            return fail(t->call, FAIL_VALUE, till_place(t, p, STR("price")),
                        "That is more money than anything here costs");
        item->code = till_json_text(t->call->arena,
                                    "{'coding':[{'system':'urn:hale:service-class','code':$s}],"
                                    "'text':$s}",
                                    item->class, text);
        b->item_count++;
    }
    return OK;
}

static int64_t net_of(const Item *item)
{
    return item->base - item->discount;
}

/* A price with its taxes in it is what is paid: the cent that rounding takes or gives is the first tax's. */
static void meet_prices(Bill *b)
{
    for (size_t i = 0; i < b->item_count; i++) {
        Item   *item = &b->items[i];
        int64_t off = item->whole - net_of(item);

        if (!item->tax_included || item->found.count == 0)
            continue;
        for (size_t k = 0; k < item->found.count; k++)
            off -= item->tax[k];
        item->tax[0] += off;
    }
}

/* Each tax on the total of what it applies to, rounded once, then shared out over the lines. A line
 * whose price includes its taxes gives them first. */
static Fail work_out_taxes(Bill *b)
{
    const Performer *p = &b->performer;

    for (size_t i = 0; i < b->item_count; i++) {
        Item   *item = &b->items[i];
        TaxCase tax_case = { p->country, p->region, p->profession, item->class, b->date };
        int64_t rate = 0;

        if (!tax_find(&tax_case, &item->found))
            return fail(b->till->call, FAIL_REQUIRED, STR("Organization.address"),
                        "Which taxes are due there is not known: country and province of the "
                        "place, such as CA and ON, are needed");
        if (p->small_supplier)
            item->found.count = 0;
        for (size_t k = 0; k < item->found.count; k++)
            rate += item->found.due[k].rate;
        if (item->tax_included) {
            item->whole = net_of(item);
            item->base = money_within(item->base, rate);
            item->discount = money_within(item->discount, rate);
        }
    }
    for (size_t i = 0; i < b->item_count; i++)
        for (size_t k = 0; k < b->items[i].found.count; k++) {
            const TaxDue *due = &b->items[i].found.due[k];
            int64_t       nets[ITEMS_MAX] = { 0 }, shares[ITEMS_MAX], total = 0;

            for (size_t j = 0; j < b->item_count; j++)
                for (size_t n = 0; n < b->items[j].found.count; n++)
                    if (str_equal(b->items[j].found.due[n].name, due->name))
                        total += nets[j] = net_of(&b->items[j]);
            money_share(money_part(total, due->rate), nets, b->item_count, shares);
            b->items[i].tax[k] = shares[i];
        }
    meet_prices(b);
    return OK;
}

/* Who pays how much of it: parts with a percentage each, which are a hundred together. */
static Fail take_payers(Bill *b)
{
    Till   *t = b->till;
    int64_t sum = 0;

    for (uint32_t p = till_param(t, STR("payer")); p; p = node_next_same(&t->params, p)) {
        Payer *payer = &b->payers[b->payer_count];

        if (!str_equal(node_child_text(&t->params, p, STR("name")), STR("payer")))
            continue;
        if (b->payer_count == PAYERS_MAX)
            return fail(t->call, FAIL_TOO_COSTLY, STR("payer"), "That is too many who pay");
        payer->reference = till_value(t, till_part(t, p, STR("reference")));
        if (payer->reference.len == 0
            || !rate_parse(till_value(t, till_part(t, p, STR("percent"))), &payer->weight))
            return fail(t->call, FAIL_REQUIRED, till_place(t, p, STR("payer")),
                        "Who pays needs a reference and a percentage");
        sum += payer->weight;
        b->payer_count++;
    }
    if (b->payer_count == 0)
        b->payers[b->payer_count++] = (Payer){ b->patient_ref, sum = 100 * 1000 };
    if (sum != 100 * 1000)
        return fail(t->call, FAIL_VALUE, STR("payer"),
                    "What those pay who are named does not add up to 100 percent");
    return OK;
}

/* ---- what is written ---- */

/* What it was given for, where the payer wants to know: an ICD-10-CM code. */
static Str reason_of(const Bill *b)
{
    Str code = till_text(b->till, STR("diagnosis"));

    if (code.len == 0)
        return (Str){ 0 };
    return till_json_text(
        b->till->call->arena,
        "'reason':[{'coding':[{'system':'" BILLING_DIAGNOSIS_SYSTEM "','code':$s}]}],", code);
}

static void put_charge_item(Bill *b, const Item *item, size_t number)
{
    Till  *t = b->till;
    Arena *a = t->call->arena;
    Buf    out = buf_new(a, 1024);

    till_json(&out,
              "{'resourceType':'ChargeItem','identifier':[{'system':'" TILL_VISIT_SYSTEM
              "','value':'$r.$u.$u'}],'extension':[{'url':'" BILLING_CLASS_URL
              "','valueCode':$s},{'url':'" BILLING_PROFESSION_SYSTEM "','valueCode':$s}],",
              b->visit.version.id, (unsigned)b->before, (unsigned)number, item->class,
              b->performer.profession);
    if (item->definition.len)
        till_json(&out, "'definitionCanonical':[$s],", item->definition);
    till_json(&out,
              "'status':'billable','code':$r,'subject':{'reference':$s},"
              "'occurrencePeriod':{'start':$s,'end':$s},"
              "'performer':[{'actor':{'reference':$s}}],'quantity':{'value':$u},"
              "$r'priceOverride':{'value':$m,'currency':$s}}",
              item->code, b->patient_ref, b->start, b->end, b->performer.reference,
              (unsigned)item->quantity, reason_of(b), item->base / item->quantity, b->currency);
    till_post(t, TYPE_CHARGE_ITEM, item->id,
              arena_printf(a, "identifier=" TILL_VISIT_SYSTEM "|%.*s.%zu.%zu",
                           STR_ARG(b->visit.version.id), b->before, number),
              buf_str(&out));
}

static void put_component(Buf *out, const char *type, int64_t cents, Str currency)
{
    till_json(out, "{'type':$s,'amount':{'value':$m,'currency':$s}}", str_from(type), cents,
              currency);
}

/* What one payer has of each amount; shares of all payers together are the whole. */
static int64_t share_of(const Bill *b, int64_t cents, size_t payer)
{
    int64_t weights[PAYERS_MAX], shares[PAYERS_MAX];

    for (size_t i = 0; i < b->payer_count; i++)
        weights[i] = b->payers[i].weight;
    money_share(cents, weights, b->payer_count, shares);
    return shares[payer];
}

static void put_tax(Buf *out, const TaxDue *due, int64_t cents, Str currency)
{
    Buf factor = buf_new(out->arena, 16);

    rate_put(&factor, due->rate * 1, false);
    till_json(out,
              ",{'type':'tax','code':{'coding':[{'system':'urn:hale:tax','code':$s}],"
              "'text':'$r $r %'},'amount':{'value':$m,'currency':$s}}",
              due->name, due->name, buf_str(&factor), cents, currency);
}

static int64_t put_line(Bill *b, Buf *out, const Item *item, size_t payer, int64_t *net)
{
    int64_t base = share_of(b, item->base, payer), gross;
    int64_t discount = share_of(b, item->discount, payer);

    till_json(out, "{'chargeItemReference':{'reference':$s},'priceComponent':[", item->id);
    put_component(out, "base", base, b->currency);
    if (discount) {
        buf_put_char(out, ',');
        put_component(out, "discount", -discount, b->currency);
    }
    gross = base - discount;
    *net += gross;
    for (size_t k = 0; k < item->found.count; k++) {
        int64_t tax = share_of(b, item->tax[k], payer);

        put_tax(out, &item->found.due[k], tax, b->currency);
        gross += tax;
    }
    buf_put(out, STR("]}"));
    return gross;
}

static void put_invoice(Bill *b, size_t payer)
{
    Till   *t = b->till;
    Str     name = node_child_text(&b->visit.resource, b->visit.resource.root, STR("id"));
    Buf     lines = buf_new(t->call->arena, 2048);
    int64_t gross = 0, net = 0;
    Str     json;

    for (size_t i = 0; i < b->item_count; i++) {
        buf_put(&lines, i ? STR(",") : STR(""));
        gross += put_line(b, &lines, &b->items[i], payer, &net);
    }
    json = till_json_text(
        t->call->arena,
        "{'resourceType':'Invoice','identifier':[{'system':'" TILL_VISIT_SYSTEM
        "','value':$s},{'system':'" TILL_VISIT_SYSTEM "','value':'$r.$u'}],'status':'draft',"
        "'subject':{'reference':$s},'recipient':{'reference':$s},"
        "'participant':[{'actor':{'reference':$s}}],'issuer':{'reference':$s},"
        "'lineItem':[$r],'totalNet':{'value':$m,'currency':$s},"
        "'totalGross':{'value':$m,'currency':$s}}",
        name, name, (unsigned)payer + 1, b->patient_ref, b->payers[payer].reference,
        b->performer.reference, b->performer.organization_ref, buf_str(&lines), net,
        b->currency, gross, b->currency);
    till_post(
        t, TYPE_INVOICE, arena_printf(t->call->arena, "urn:uuid:%.*s", STR_ARG(till_new_id(t))),
        arena_printf(t->call->arena,
                     "identifier=" TILL_VISIT_SYSTEM "|%.*s.%zu&status=draft,issued,balanced",
                     STR_ARG(name), payer + 1),
        json);
}

/* ---- the operation ---- */

/* A draft that was deleted has left its charges behind: theirs are not the new ones. */
static Fail skip_charges(Bill *b)
{
    Till    *t = b->till;
    Version *found;
    size_t   count = 1;

    while (count) {
        TRY(till_search(t, TYPE_CHARGE_ITEM,
                        arena_printf(t->call->arena,
                                     "identifier=" TILL_VISIT_SYSTEM "|%.*s.%zu.1",
                                     STR_ARG(b->visit.version.id), b->before),
                        &found, &count));
        b->before += count > 0;
    }
    return OK;
}

static Fail check_new(Bill *b)
{
    Till    *t = b->till;
    Version *found;
    Loaded   l;

    TRY(till_search(t, TYPE_INVOICE,
                    arena_printf(t->call->arena, "identifier=" TILL_VISIT_SYSTEM "|%.*s",
                                 STR_ARG(b->visit.version.id)),
                    &found, &b->before));
    for (size_t i = 0; i < b->before; i++) {
        Str status;

        TRY(till_parse(t, &found[i], &l));
        status = node_child_text(&l.resource, l.resource.root, STR("status"));
        if (!str_equal(status, STR("cancelled")) && !str_equal(status, STR("entered-in-error")))
            return fail(t->call, FAIL_CONFLICT, STR("Appointment"),
                        "This visit has an invoice already: Invoice/%.*s",
                        STR_ARG(found[i].id));
    }
    return skip_charges(b);
}

/* By the clocks of the place: what is stored in universal time may be on another day there. */
static Fail find_times(Bill *b, Str place)
{
    Till           *t = b->till;
    const Resource *r = &b->visit.resource;
    const Zone     *zone = zone_utc();
    Str             type, id;
    bool            room;
    Moment          moment;
    char            text[ZONED_CHARS + 1];

    b->start = node_child_text(r, r->root, STR("start"));
    b->end = node_child_text(r, r->root, STR("end"));
    if (str_cut(place, '/', &type, &id) && resource_id_valid(id))
        TRY(free_place(t->call, t->session, t->turn->principal, id, &zone, &room));
    if (zone != zone_utc() && moment_parse(b->start, MOMENT_INSTANT, &moment)) {
        zone_format(zone, moment.low, text);
        b->start = arena_str(t->call->arena, str_from(text));
    }
    if (zone != zone_utc() && moment_parse(b->end, MOMENT_INSTANT, &moment)) {
        zone_format(zone, moment.low, text);
        b->end = arena_str(t->call->arena, str_from(text));
    }
    b->date = str_slice(b->start, 0, 10);
    return b->date.len == 10 ? OK
                             : fail(t->call, FAIL_REQUIRED, STR("Appointment.start"),
                                    "The visit has no date");
}

static Fail find_people(Bill *b)
{
    const Resource *r = &b->visit.resource;
    Till           *t = b->till;
    Str             performer = { 0 }, place = { 0 };

    for (uint32_t p = node_child(r, r->root, STR("participant")); p; p = node_next_same(r, p)) {
        uint32_t actor = node_child(r, p, STR("actor"));
        Str      ref = actor ? node_child_text(r, actor, STR("reference")) : (Str){ 0 };

        if (str_starts(ref, STR("Patient/")))
            b->patient_ref = ref;
        if (str_starts(ref, STR("Practitioner/")) || str_starts(ref, STR("PractitionerRole/")))
            performer = ref;
        if (str_starts(ref, STR("Location/")))
            place = ref;
    }
    TRY(find_times(b, place));
    TRY(till_follow(t, b->patient_ref, TYPE_PATIENT, STR("Appointment.participant"),
                    &b->patient));
    return performer_find(t,
                          &(PerformerAsked){ .reference = performer,
                                             .place = place,
                                             .date = b->date,
                                             .profession = till_text(t, STR("profession")) },
                          &b->performer);
}

static Fail invoice_work(Till *t)
{
    Bill *b = NEW(t->call->arena, Bill);

    b->till = t;
    TRY(till_read(t, TYPE_APPOINTMENT, t->turn->asked->id, &b->visit));
    TRY(check_new(b));
    TRY(find_people(b));
    b->currency = str_equal(b->performer.country, STR("US")) ? STR("USD") : STR("CAD");
    TRY(take_service(b));
    TRY(take_items(b));
    TRY(work_out_taxes(b));
    TRY(take_payers(b));
    for (size_t i = 0; i < b->item_count; i++) {
        b->items[i].id = arena_printf(t->call->arena, "urn:uuid:%.*s", STR_ARG(till_new_id(t)));
        put_charge_item(b, &b->items[i], i + 1);
    }
    for (size_t i = 0; i < b->payer_count; i++)
        put_invoice(b, i);
    return OK;
}

Fail billing_invoice_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    static const Str names[] = {
        STR_INIT("class"),    STR_INIT("price"),      STR_INIT("discount-percent"),
        STR_INIT("discount"), STR_INIT("item"),       STR_INIT("payer"),
        STR_INIT("date"),     STR_INIT("profession"), STR_INIT("diagnosis"),
    };

    return till_run(c, s, turn, names, COUNT(names), invoice_work, answer);
}
