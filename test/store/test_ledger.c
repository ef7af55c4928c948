/* The ledger: what it takes, what it refuses, and that it always adds up. */
#include <stdlib.h>

#include "store/ledger.h"
#include "test/store/store_help.h"

#define INVOICE                                                                                \
    "{\"resourceType\":\"Invoice\",\"id\":\"%s\",\"status\":\"%s\","                           \
    "\"subject\":{\"reference\":\"Patient/%s\"}}"
enum { LINES_MAX = 4 };

typedef struct Book {
    LedgerLine  lines[LINES_MAX];
    LedgerEntry entry;
} Book;

static LedgerState state_now(void)
{
    Permit      permit = help_permit(DEED_READ);
    LedgerState state = { 0 };
    Session    *s = help_session();

    session_rest(s);
    if (store_ledger_state(unit_call(), s, &permit, &state) != OK)
        abort();
    return state;
}

static LedgerLine line_of(LedgerAccount account, int64_t cents, Str invoice, Str document)
{
    return (LedgerLine){ .account = account,
                         .cents = cents,
                         .patient = STR("p"),
                         .invoice = invoice,
                         .document = document,
                         .party = STR("Patient/p") };
}

/* An entry of two lines. */
static Book two(LedgerKind kind, LedgerLine debit, LedgerLine credit)
{
    Book book = { .lines = { debit, credit } };

    book.entry =
        (LedgerEntry){ .kind = kind, .day = 20261122, .currency = STR("CAD"), .line_count = 2 };
    return book;
}

static Fail put_book(Book *book, uint64_t seen, const char *json, TypeId type, const char *id)
{
    Permit      permit = help_permit(DEED_UPDATE);
    Change      change = help_change(METHOD_PUT, &permit, json);
    LedgerSeal  seal = { type, str_from(id) };
    LedgerWrite ledger = {
        .seen = seen, .entries = &book->entry, .entry_count = 1, .seals = &seal, .seal_count = 1
    };
    Write write = { .changes = &change, .change_count = 1, .ledger = &ledger };

    book->entry.lines = book->lines;
    change.may_create = true;
    return store_write(unit_call(), help_open(), &write);
}

static Fail put_invoice(Book *book, const char *id)
{
    Str json = arena_printf(unit_call()->arena, INVOICE, id, "issued", "p");

    return put_book(book, state_now().newest, arena_c_string(unit_call()->arena, json),
                    TYPE_INVOICE, id);
}

static Book charge(const char *invoice, int64_t cents, uint64_t number)
{
    Str  id = str_from(invoice);
    Book book = two(LEDGER_CHARGE, line_of(ACCOUNT_RECEIVABLE, cents, id, (Str){ 0 }),
                    line_of(ACCOUNT_REVENUE, -cents, id, (Str){ 0 }));

    book.entry.series = SERIES_INVOICE;
    book.entry.series_number = number;
    return book;
}

static Book payment(const char *document, int64_t cents)
{
    Str doc = str_from(document);

    return two(LEDGER_PAYMENT, line_of(ACCOUNT_MONEY, cents, (Str){ 0 }, doc),
               line_of(ACCOUNT_HELD, -cents, (Str){ 0 }, doc));
}

static Book allocation(const char *document, const char *invoice, int64_t cents)
{
    return two(LEDGER_ALLOCATION, line_of(ACCOUNT_HELD, cents, (Str){ 0 }, str_from(document)),
               line_of(ACCOUNT_RECEIVABLE, -cents, str_from(invoice), (Str){ 0 }));
}

TEST(an_entry_goes_in_with_its_resource_and_numbers_have_no_gaps)
{
    Book first = charge("a", 5000, 1), gap = charge("b", 5000, 3), next = charge("b", 5000, 2);

    help_put("{\"resourceType\":\"Patient\",\"id\":\"p\"}");
    CHECK_INT(put_invoice(&first, "a"), OK);
    CHECK_INT(put_invoice(&gap, "b"), FAIL_PRECONDITION);
    CHECK_INT(help_count(TYPE_INVOICE, "", NULL), 1);
    CHECK_INT(put_invoice(&next, "b"), OK);
    CHECK_INT(state_now().series[SERIES_INVOICE], 2);
    help_close();
}

TEST(what_was_worked_out_from_an_older_ledger_is_refused)
{
    Book     first = charge("a", 5000, 1), second = charge("b", 5000, 2);
    uint64_t before = state_now().newest;

    CHECK_INT(put_invoice(&first, "a"), OK);
    CHECK_INT(put_book(&second, before,
                       "{\"resourceType\":\"Invoice\",\"id\":\"b\",\"status\":\"issued\"}",
                       TYPE_INVOICE, "b"),
              FAIL_PRECONDITION);
    help_close();
}

TEST(amounts_that_do_not_add_up_or_stand_wrongly_are_refused)
{
    Book uneven = charge("a", 5000, 1), wrong = charge("a", 5000, 1);
    Book nothing = charge("a", 0, 1), back = charge("a", -5000, 1);

    uneven.lines[1].cents = -4999;
    CHECK_INT(put_invoice(&uneven, "a"), FAIL_UNPROCESSABLE);
    wrong.lines[1].account = ACCOUNT_MONEY;
    CHECK_INT(put_invoice(&wrong, "a"), FAIL_UNPROCESSABLE);
    CHECK_INT(put_invoice(&nothing, "a"), FAIL_UNPROCESSABLE);
    CHECK_INT(put_invoice(&back, "a"), FAIL_UNPROCESSABLE);
    CHECK_INT(help_count(TYPE_INVOICE, "", NULL), 0);
    CHECK_INT(state_now().newest, 0);
    help_close();
}

TEST(no_invoice_is_paid_beyond_what_it_asks_and_no_payment_gives_twice)
{
    Book charged = charge("a", 5000, 1), other = charge("b", 9000, 2);
    Book paid = payment("PaymentReconciliation/m", 6000);
    Book more = allocation("PaymentReconciliation/m", "a", 5001);
    Book all = allocation("PaymentReconciliation/m", "a", 5000);
    Book twice = allocation("PaymentReconciliation/m", "b", 1001);
    Book rest = allocation("PaymentReconciliation/m", "b", 1000);

    REQUIRE(put_invoice(&charged, "a") == OK && put_invoice(&other, "b") == OK);
    REQUIRE(put_invoice(&paid, "c") == OK);
    CHECK_INT(put_invoice(&more, "a"), FAIL_UNPROCESSABLE);
    CHECK_INT(put_invoice(&all, "a"), OK);
    CHECK_INT(put_invoice(&twice, "b"), FAIL_UNPROCESSABLE);
    CHECK_INT(put_invoice(&rest, "b"), OK);
    help_close();
}

TEST(what_stands_in_the_ledger_is_changed_with_it_alone)
{
    Book        charged = charge("a", 5000, 1);
    const char *changed = "{\"resourceType\":\"Invoice\",\"id\":\"a\",\"status\":\"cancelled\","
                          "\"subject\":{\"reference\":\"Patient/p\"}}";
    const char *labelled = "{\"resourceType\":\"Invoice\",\"id\":\"a\",\"meta\":{\"tag\":"
                           "[{\"code\":\"seen\"}]},\"status\":\"issued\","
                           "\"subject\":{\"reference\":\"Patient/p\"}}";

    REQUIRE(put_invoice(&charged, "a") == OK);
    CHECK_INT(help_put(changed), FAIL_CONFLICT);
    CHECK_INT(help_delete(TYPE_INVOICE, "a"), FAIL_CONFLICT);
    CHECK_INT(help_put(labelled), OK);
    CHECK_INT(help_put("{\"resourceType\":\"Invoice\",\"id\":\"x\",\"status\":\"issued\","
                       "\"identifier\":[{\"system\":\"urn:hale:invoice-number\","
                       "\"value\":\"2\"}]}"),
              FAIL_CONFLICT);
    CHECK_INT(help_put("{\"resourceType\":\"Invoice\",\"id\":\"x\",\"status\":\"draft\"}"), OK);
    CHECK_INT(help_delete(TYPE_INVOICE, "x"), OK);
    help_close();
}

static size_t rows_of(const Permit *permit, LedgerQuery query)
{
    LedgerRow *rows;
    size_t     count;
    Session   *s = help_session();

    session_rest(s);
    if (store_ledger_read(unit_call(), s, permit, &query, &rows, &count) != OK)
        abort();
    return count;
}

TEST(the_ledger_is_shown_as_far_as_its_patients_and_invoices_are)
{
    Book        charged = charge("a", 5000, 1);
    Permit      all = help_permit(DEED_READ), own = help_patient_permit(DEED_READ, "p");
    Permit      stranger = help_patient_permit(DEED_READ, "q"), blind = all;
    LedgerQuery of_patient = { .by = LEDGER_OF_PATIENT, .id = STR("p") };
    LedgerQuery of_days = { .by = LEDGER_OF_DAYS, .from_day = 20261122, .to_day = 20261122 };

    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"p\"}") == OK);
    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"q\"}") == OK);
    REQUIRE(put_invoice(&charged, "a") == OK);
    CHECK_INT(rows_of(&all, of_patient), 2);
    CHECK_INT(rows_of(&own, of_patient), 2);
    CHECK_INT(rows_of(&own, of_days), 2);
    CHECK_INT(rows_of(&stranger, of_patient), 0);
    CHECK_INT(rows_of(&stranger, of_days), 0);
    memset(&blind.types, 0, sizeof blind.types);
    type_set_add(&blind.types, TYPE_INVOICE);
    CHECK_INT(rows_of(&blind, of_patient), 0);
    of_days.to_day = of_days.from_day = 20261123;
    CHECK_INT(rows_of(&all, of_days), 0);
    help_close();
}

/* ---- ten thousand operations ---- */

enum { OPERATIONS = 10000, THINGS = 40 };

static uint32_t drawn = 20261122;

static uint32_t draw(uint32_t below)
{
    drawn = drawn * 1664525 + 1013904223;
    return (drawn >> 8) % below;
}

/* Any operation, with amounts that are mostly allowed and sometimes not. */
static Book any_operation(Arena *a, uint64_t *number)
{
    const char *invoice = arena_c_string(a, arena_printf(a, "i%u", draw(THINGS)));
    const char *document =
        arena_c_string(a, arena_printf(a, "PaymentReconciliation/m%u", draw(THINGS)));
    int64_t cents = (int64_t)draw(20000) - 20;
    Str     inv = str_from(invoice), doc = str_from(document), none = { 0 };

    switch (draw(7)) {
    case 0: return charge(invoice, cents, ++*number);
    case 1: return payment(document, cents);
    case 2: return allocation(document, invoice, cents);
    case 3:
        return two(LEDGER_RELEASE, line_of(ACCOUNT_RECEIVABLE, cents, inv, none),
                   line_of(ACCOUNT_HELD, -cents, none, doc));
    case 4:
        return two(LEDGER_REFUND, line_of(ACCOUNT_HELD, cents, none, doc),
                   line_of(ACCOUNT_MONEY, -cents, none, doc));
    case 5:
        return two(LEDGER_CREDIT, line_of(ACCOUNT_REVENUE, cents, inv, none),
                   line_of(ACCOUNT_RECEIVABLE, -cents, inv, none));
    default:
        return two(LEDGER_WRITE_OFF, line_of(ACCOUNT_WRITTEN_OFF, cents, inv, none),
                   line_of(ACCOUNT_RECEIVABLE, -cents, inv, none));
    }
}

/* "i17", "PaymentReconciliation/m17" */
static uint64_t number_in(Str name)
{
    uint64_t number = 0;
    size_t   at = name.len;

    while (at > 0 && name.at[at - 1] >= '0' && name.at[at - 1] <= '9')
        at--;
    if (!str_to_u64(str_skip(name, at), &number) || number >= THINGS)
        abort();
    return number;
}

static void check_sums(void)
{
    Permit      permit = help_permit(DEED_READ);
    LedgerQuery days = { .by = LEDGER_OF_DAYS, .to_day = 99991231 };
    int64_t     sum = 0, asked[THINGS] = { 0 }, held[THINGS] = { 0 }, entry_sum = 0;
    uint64_t    entry = 0;
    Session    *s = help_session();
    LedgerRow  *rows;
    size_t      count;

    session_rest(s);
    REQUIRE(store_ledger_read(unit_call(), s, &permit, &days, &rows, &count) == OK);
    CHECK(count > OPERATIONS / 4);
    for (size_t i = 0; i < count; i++) {
        const LedgerLine *line = &rows[i].line;

        if (rows[i].entry != entry)
            CHECK_INT(entry_sum, 0);
        entry_sum = (rows[i].entry == entry ? entry_sum : 0) + line->cents;
        entry = rows[i].entry;
        sum += line->cents;
        if (line->account == ACCOUNT_RECEIVABLE)
            CHECK((asked[number_in(line->invoice)] += line->cents) >= 0);
        if (line->account == ACCOUNT_HELD)
            CHECK((held[number_in(line->document)] += line->cents) <= 0);
    }
    CHECK_INT(sum, 0);
}

TEST(ten_thousand_operations_of_any_kind_leave_a_ledger_that_adds_up)
{
    size_t   taken = 0, refused = 0;
    uint64_t number = 0;

    help_open();
    unit_call()->deadline_ms = 0; /* each is made durable by itself */
    for (int i = 0; i < OPERATIONS; i++) {
        ArenaMark mark = arena_mark(unit_call()->arena);
        Permit    permit = help_permit(DEED_UPDATE);
        uint64_t  before = number;
        Book      book = any_operation(unit_call()->arena, &number);
        Str       json = arena_printf(unit_call()->arena, INVOICE, "x", "draft", "p");
        Change    change =
            help_change(METHOD_PUT, &permit, arena_c_string(unit_call()->arena, json));
        LedgerWrite ledger = { .seen = taken, .entries = &book.entry, .entry_count = 1 };
        Write       write = { .changes = &change, .change_count = 1, .ledger = &ledger };
        Fail        result;

        book.entry.lines = book.lines;
        change.may_create = true;
        result = store_write(unit_call(), help_open(), &write);
        if (result != OK && result != FAIL_UNPROCESSABLE)
            unit_fail(__FILE__, __LINE__, "operation %d: %d", i, (int)result);
        taken += result == OK;
        refused += result != OK;
        if (result != OK)
            number = before;
        call_forget_issues(unit_call(), 0);
        arena_rewind(unit_call()->arena, mark);
    }
    CHECK(taken > OPERATIONS / 4 && refused > OPERATIONS / 10);
    check_sums();
    help_close();
}
