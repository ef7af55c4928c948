/* The writer's side of the ledger: see ledger.h and ledger_write.h. */
#include "base/limits.h"
#include "codec/json.h"
#include "store/intern.h"
#include "store/ledger_write.h"
#include "store/values.h"

SQL(newest_sql, "SELECT coalesce(max(number), 0) FROM ledger_entry");
SQL(series_sql, "SELECT coalesce(max(series_number), 0) FROM ledger_entry WHERE practice = $1"
                " AND series = $2");
SQL(asked_sql, "SELECT coalesce(sum(cents), 0) FROM ledger_line WHERE practice = $1"
               " AND invoice_id = $2 AND account = $3");
SQL(held_sql, "SELECT coalesce(sum(cents), 0) FROM ledger_line WHERE practice = $1"
              " AND document = $2 AND account = $3");
SQL(entry_put_sql,
    "INSERT INTO ledger_entry (number, practice, kind, at, day, author, series, series_number,"
    " currency, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
SQL(line_put_sql,
    "INSERT INTO ledger_line (entry, place, practice, account, cents, patient_type, patient,"
    " patient_id, invoice_type, invoice, invoice_id, document, party, method, day)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)");
SQL(seal_put_sql, "INSERT INTO ledger_seal (practice, type, rid) VALUES ($1, $2, $3)"
                  " ON CONFLICT (practice, type, rid) DO NOTHING");
SQL(seal_any_sql, "SELECT 1 FROM ledger_seal WHERE practice = $1 AND type = $2 AND rid = $3");

#define ACCOUNT_BIT(account) (1u << (account))

/* Which accounts each kind may debit and credit. */
static const struct Sides {
    uint32_t debits, credits;
} shapes[LEDGER_KINDS] = {
    [LEDGER_CHARGE] = { ACCOUNT_BIT(ACCOUNT_RECEIVABLE),
                        ACCOUNT_BIT(ACCOUNT_REVENUE) | ACCOUNT_BIT(ACCOUNT_TAX) },
    [LEDGER_PAYMENT] = { ACCOUNT_BIT(ACCOUNT_MONEY), ACCOUNT_BIT(ACCOUNT_HELD) },
    [LEDGER_ALLOCATION] = { ACCOUNT_BIT(ACCOUNT_HELD), ACCOUNT_BIT(ACCOUNT_RECEIVABLE) },
    [LEDGER_RELEASE] = { ACCOUNT_BIT(ACCOUNT_RECEIVABLE), ACCOUNT_BIT(ACCOUNT_HELD) },
    [LEDGER_REFUND] = { ACCOUNT_BIT(ACCOUNT_HELD), ACCOUNT_BIT(ACCOUNT_MONEY) },
    [LEDGER_CREDIT] = { ACCOUNT_BIT(ACCOUNT_REVENUE) | ACCOUNT_BIT(ACCOUNT_TAX),
                        ACCOUNT_BIT(ACCOUNT_RECEIVABLE) },
    [LEDGER_WRITE_OFF] = { ACCOUNT_BIT(ACCOUNT_WRITTEN_OFF), ACCOUNT_BIT(ACCOUNT_RECEIVABLE) },
};

#define LEDGER_CENTS_MAX ((int64_t)1000 * 1000 * 1000 * 1000)

/* ---- the checks ---- */

static Fail check_line(Call *c, LedgerKind kind, const LedgerLine *line)
{
    uint32_t allowed = line->cents > 0 ? shapes[kind].debits : shapes[kind].credits;

    if (line->cents == 0 || line->cents > LEDGER_CENTS_MAX || line->cents < -LEDGER_CENTS_MAX)
        return fail(c, FAIL_UNPROCESSABLE, (Str){ 0 },
                    "An amount of the ledger is nothing, or too great");
    if (!(allowed & ACCOUNT_BIT(line->account)))
        return fail(c, FAIL_UNPROCESSABLE, (Str){ 0 },
                    "An amount stands on the wrong side of the ledger");
    if (line->patient.len == 0 || (line->account == ACCOUNT_RECEIVABLE && !line->invoice.len)
        || ((line->account == ACCOUNT_HELD || line->account == ACCOUNT_MONEY)
            && !line->document.len))
        return fail(c, FAIL_UNPROCESSABLE, (Str){ 0 },
                    "An amount of the ledger does not say what it belongs to");
    return OK;
}

static Fail check_entry(Call *c, const LedgerEntry *entry)
{
    int64_t sum = 0;

    if (entry->kind <= 0 || entry->kind >= LEDGER_KINDS || entry->currency.len == 0)
        return fail(c, FAIL_INVALID, (Str){ 0 }, "There is no such entry of the ledger");
    for (size_t i = 0; i < entry->line_count; i++) {
        TRY(check_line(c, entry->kind, &entry->lines[i]));
        sum += entry->lines[i].cents;
    }
    if (sum != 0)
        return fail(c, FAIL_UNPROCESSABLE, (Str){ 0 },
                    "What is allocated does not add up: %lld cents are left over",
                    (long long)(sum < 0 ? -sum : sum));
    return OK;
}

static Fail ask(Call *c, Writer *w, const char *sql, const Value *values, size_t count,
                int64_t *out)
{
    Statement *row;

    TRY(values_row(c, w->db, sql, values, count, &row));
    *out = row ? row_int(row, 0) : 0;
    if (row)
        statement_reset(row);
    return OK;
}

/* What the whole write adds to one invoice's, or one document's, account. */
static int64_t added(const LedgerWrite *ledger, const LedgerLine *of)
{
    int64_t sum = 0;

    for (size_t i = 0; i < ledger->entry_count; i++)
        for (size_t k = 0; k < ledger->entries[i].line_count; k++) {
            const LedgerLine *line = &ledger->entries[i].lines[k];
            bool              same = of->account == ACCOUNT_RECEIVABLE
                                         ? str_equal(line->invoice, of->invoice)
                                         : str_equal(line->document, of->document);

            if (line->account == of->account && same)
                sum += line->cents;
        }
    return sum;
}

/* No invoice is paid beyond what it asks for, no payment gives more than it holds. */
static Fail check_balance(Call *c, Writer *w, uint32_t practice, const LedgerWrite *ledger,
                          const LedgerLine *line)
{
    int64_t have = 0, after;

    if (line->account == ACCOUNT_RECEIVABLE) {
        TRY(ask(
            c, w, asked_sql,
            VALUES(value_int(practice), value_text(line->invoice), value_int(line->account)),
            &have));
        after = have + added(ledger, line);
        if (after < 0)
            return fail(c, FAIL_UNPROCESSABLE, (Str){ 0 },
                        "Invoice/%.*s would be paid %lld cents more than it asks for",
                        STR_ARG(line->invoice), (long long)-after);
    }
    if (line->account == ACCOUNT_HELD) {
        TRY(ask(
            c, w, held_sql,
            VALUES(value_int(practice), value_text(line->document), value_int(line->account)),
            &have));
        after = have + added(ledger, line);
        if (after > 0)
            return fail(c, FAIL_UNPROCESSABLE, (Str){ 0 },
                        "%.*s would give %lld cents more than it holds",
                        STR_ARG(line->document), (long long)after);
    }
    return OK;
}

static Fail check_series(Call *c, Writer *w, uint32_t practice, const LedgerWrite *ledger)
{
    uint64_t given[LEDGER_SERIES] = { 0 };

    for (size_t i = 0; i < ledger->entry_count; i++) {
        const LedgerEntry *entry = &ledger->entries[i];
        int64_t            last;

        if (entry->series == SERIES_NONE)
            continue;
        TRY(ask(c, w, series_sql, VALUES(value_int(practice), value_int(entry->series)),
                &last));
        if (entry->series_number != (uint64_t)last + ++given[entry->series])
            return fail(c, FAIL_PRECONDITION, (Str){ 0 }, "That number is not the next one");
    }
    return OK;
}

Fail ledger_check(Call *c, Writer *w, uint32_t practice, const LedgerWrite *ledger)
{
    int64_t newest;

    TRY(ask(c, w, newest_sql, NULL, 0, &newest));
    if ((uint64_t)newest != ledger->seen)
        return fail(c, FAIL_PRECONDITION, (Str){ 0 }, "The ledger has moved on");
    TRY(check_series(c, w, practice, ledger));
    for (size_t i = 0; i < ledger->entry_count; i++) {
        const LedgerEntry *entry = &ledger->entries[i];

        TRY(check_entry(c, entry));
        for (size_t k = 0; k < entry->line_count; k++)
            TRY(check_balance(c, w, practice, ledger, &entry->lines[k]));
    }
    return OK;
}

/* ---- putting in ---- */

static Fail put_line(Call *c, Writer *w, uint32_t practice, uint64_t number, size_t place,
                     const LedgerEntry *entry)
{
    const LedgerLine *line = &entry->lines[place];
    int64_t           patient, invoice = 0;

    TRY(intern_rid(w->intern, c, practice, TYPE_PATIENT, line->patient, true, &patient));
    if (line->invoice.len)
        TRY(intern_rid(w->intern, c, practice, TYPE_INVOICE, line->invoice, true, &invoice));
    return values_run(
        c, w->db, line_put_sql,
        VALUES(value_int((int64_t)number), value_int((int64_t)place), value_int(practice),
               value_int(line->account), value_int(line->cents), value_int(TYPE_PATIENT),
               value_int(patient), value_text(line->patient), value_int(TYPE_INVOICE),
               value_int(invoice), value_text(line->invoice), value_text(line->document),
               value_text(line->party), value_text(line->method), value_int(entry->day)));
}

Fail ledger_apply(Call *c, Writer *w, const Permit *permit, const LedgerWrite *ledger)
{
    uint64_t number = ledger->seen;
    int64_t  rid;

    for (size_t i = 0; i < ledger->entry_count; i++) {
        const LedgerEntry *entry = &ledger->entries[i];

        number++;
        TRY(values_run(c, w->db, entry_put_sql,
                       VALUES(value_int((int64_t)number), value_int(permit->practice),
                              value_int(entry->kind), value_int(c->now_us),
                              value_int(entry->day), value_int(permit->author),
                              value_int(entry->series),
                              value_int((int64_t)entry->series_number),
                              value_text(entry->currency), value_text(entry->reason))));
        for (size_t k = 0; k < entry->line_count; k++)
            TRY(put_line(c, w, permit->practice, number, k, entry));
    }
    for (size_t i = 0; i < ledger->seal_count; i++) {
        const LedgerSeal *seal = &ledger->seals[i];

        TRY(intern_rid(w->intern, c, permit->practice, seal->type, seal->id, true, &rid));
        TRY(values_run(
            c, w->db, seal_put_sql,
            VALUES(value_int(permit->practice), value_int(seal->type), value_int(rid))));
    }
    return OK;
}

/* ---- the guard ---- */

/* All behind meta, which stands first in what is stored. */
static Fail behind_meta(Call *c, Str whole, Str *out)
{
    Json     json;
    uint32_t meta;

    TRY(json_parse(c, whole, LIMIT_JSON_NODES, &json));
    meta = json_member(&json, 0, STR("meta"));
    *out = meta ? str_skip(whole, json.values[meta].to) : whole;
    return OK;
}

static Fail is_sealed(Call *c, Writer *w, uint32_t practice, TypeId type, int64_t rid,
                      bool *sealed)
{
    *sealed = false;
    if (!rid)
        return OK;
    return values_any(c, w->db, seal_any_sql,
                      VALUES(value_int(practice), value_int(type), value_int(rid)), sealed);
}

static bool takes_number(const Change *change)
{
    for (uint32_t i = 0; i < change->rows.count; i++) {
        const IndexRow *row = &change->rows.rows[i];

        if (row->kind == ROW_IDENTIFIER && !row->keyed
            && (str_equal(row->system, STR(LEDGER_INVOICE_SYSTEM))
                || str_equal(row->system, STR(LEDGER_RECEIPT_SYSTEM))
                || str_equal(row->system, STR(LEDGER_RECEIPT_KEY_SYSTEM))))
            return true;
    }
    return false;
}

bool ledger_guards(TypeId type)
{
    return type == TYPE_INVOICE || type == TYPE_CHARGE_ITEM || type == TYPE_BINARY
           || type == TYPE_DOCUMENT_REFERENCE || type == TYPE_PAYMENT_RECONCILIATION;
}

Fail ledger_guard(Call *c, Writer *w, uint32_t practice, const Change *change, int64_t rid,
                  Str before, Str after)
{
    bool sealed;
    Str  was, is;

    TRY(is_sealed(c, w, practice, change->type, rid, &sealed));
    if (!sealed && takes_number(change))
        return fail(c, FAIL_CONFLICT,
                    arena_printf(c->arena, "%.*s.identifier", STR_ARG(type_name(change->type))),
                    "Numbers of that kind are given when an invoice or receipt is issued");
    if (!sealed)
        return OK;
    if (after.len > 0) {
        TRY(behind_meta(c, before, &was));
        TRY(behind_meta(c, after, &is));
        if (str_equal(was, is))
            return OK;
    }
    return fail(c, FAIL_CONFLICT, type_name(change->type),
                "%.*s/%.*s stands in the ledger and is never changed: cancel it, credit it or "
                "make a new one",
                STR_ARG(type_name(change->type)), STR_ARG(change->id));
}
