/*
 * The ledger: money in double entry, only ever added to. What goes into it goes in with the
 * resources that show it, in one commit; these are sealed then, and change only together with the
 * ledger from then on. Every entry is checked by the writer: its lines add up to nothing, are of
 * the accounts that its kind may touch, no invoice is paid beyond what it asks and no payment gives
 * more than it holds.
 */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "store/store.h"

/* Kept in the database: new ones go to the end. */
typedef enum LedgerKind {
    LEDGER_CHARGE = 1, /* an invoice was issued */
    LEDGER_PAYMENT,    /* money came in; it is held until it is allocated */
    LEDGER_ALLOCATION, /* held money pays an invoice */
    LEDGER_RELEASE,    /* … and is taken from it again */
    LEDGER_REFUND,     /* held money was given back */
    LEDGER_CREDIT,     /* an invoice, or a part of it, is asked for no more */
    LEDGER_WRITE_OFF,  /* … or is not expected any more */
    LEDGER_DOCUMENT,   /* a receipt was made: a number without money */
    LEDGER_KINDS
} LedgerKind;

typedef enum LedgerAccount {
    ACCOUNT_RECEIVABLE = 1, /* what an invoice still asks for */
    ACCOUNT_REVENUE,
    ACCOUNT_TAX,
    ACCOUNT_MONEY, /* by method */
    ACCOUNT_HELD,  /* paid and not allocated, by the document of the payment */
    ACCOUNT_WRITTEN_OFF,
    LEDGER_ACCOUNTS
} LedgerAccount;

/* Numbers without gaps, each series by itself, in a practice. */
typedef enum LedgerSeries {
    SERIES_NONE,
    SERIES_INVOICE,
    SERIES_RECEIPT,
    LEDGER_SERIES
} LedgerSeries;

/* Where these numbers stand in resources: Identifier.system. */
#define LEDGER_INVOICE_SYSTEM "urn:hale:invoice-number"
#define LEDGER_RECEIPT_SYSTEM "urn:hale:receipt-number"
#define LEDGER_RECEIPT_KEY_SYSTEM "urn:hale:receipt-of"

typedef struct LedgerLine {
    LedgerAccount account;
    int64_t       cents;    /* a debit is positive */
    Str           patient;  /* id of whose visit it was */
    Str           invoice;  /* id; empty: of none */
    Str           document; /* "PaymentReconciliation/…" of the money; empty: of none */
    Str           party;    /* who pays: "Patient/…", "Organization/…" */
    Str           method;   /* money: "cash" …; tax: "HST" … */
} LedgerLine;

typedef struct LedgerEntry {
    LedgerKind        kind;
    uint32_t          day; /* 20261122, in the practice's own time */
    LedgerSeries      series;
    uint64_t          series_number;
    Str               currency; /* "CAD" */
    Str               reason;
    const LedgerLine *lines;
    size_t            line_count;
} LedgerEntry;

typedef struct LedgerSeal {
    TypeId type;
    Str    id;
} LedgerSeal;

struct LedgerWrite {
    uint64_t           seen; /* LedgerState.newest that this was worked out from */
    const LedgerEntry *entries;
    size_t             entry_count;
    const LedgerSeal  *seals;
    size_t             seal_count;
};

/* How far the ledger is: to work out what comes next. */
typedef struct LedgerState {
    uint64_t newest;
    uint64_t series[LEDGER_SERIES]; /* the last number given; 0: none yet */
} LedgerState;

Fail store_ledger_state(Call *c, Session *s, const Permit *permit, LedgerState *out) MUST_USE;

/* A line that was written, with what its entry says. */
typedef struct LedgerRow {
    uint64_t   entry;
    LedgerKind kind;
    int64_t    at_us;
    uint32_t   day;
    uint64_t   number; /* in its series; 0: none */
    Str        currency, reason;
    LedgerLine line;
} LedgerRow;

/* Whose lines: of a patient, an invoice or a document, all by that id; or of these days. */
typedef struct LedgerQuery {
    enum { LEDGER_OF_DAYS, LEDGER_OF_PATIENT, LEDGER_OF_INVOICE, LEDGER_OF_DOCUMENT } by;
    Str      id;
    uint32_t from_day, to_day; /* 20261101, 20261130: both are meant */
} LedgerQuery;

enum { LEDGER_ROWS_MAX = 1000 * 1000 };

/* In the order they were written, as far as the permit shows the patient and the invoice.
 * FAIL_TOO_COSTLY beyond LEDGER_ROWS_MAX. */
Fail store_ledger_read(Call *c, Session *s, const Permit *permit, const LedgerQuery *query,
                       LedgerRow **out, size_t *count) MUST_USE;

#endif
