/* Reading the ledger, narrowed by the permit: see ledger.h. */
#include "store/ledger.h"
#include "store/limit.h"
#include "store/state.h"

SQL(newest_sql, "SELECT coalesce(max(k.number), 0) FROM known_ledger k");
SQL(series_sql, "SELECT coalesce(max(k.series_number), 0) FROM known_ledger k"
                " WHERE k.series = $1");

#define ROWS_TEXT(view, condition)                                                             \
    "SELECT l.entry, l.kind, l.at, l.day, l.series_number, l.currency, l.reason, l.account,"   \
    " l.cents, l.patient_id, l.invoice_id, l.document, l.party, l.method"                      \
    " FROM " view "_ledger l WHERE " condition " ORDER BY l.entry, l.place"
#define DAYS_TEXT(view) ROWS_TEXT(view, "l.day >= $1 AND l.day <= $2")
#define PATIENT_TEXT(view) ROWS_TEXT(view, "l.patient_id = $1")
#define INVOICE_TEXT(view) ROWS_TEXT(view, "l.invoice_id = $1")
#define DOCUMENT_TEXT(view) ROWS_TEXT(view, "l.document = $1")

SQL(days_practice_sql, DAYS_TEXT("practice"));
SQL(days_chart_sql, DAYS_TEXT("chart"));
SQL(patient_practice_sql, PATIENT_TEXT("practice"));
SQL(patient_chart_sql, PATIENT_TEXT("chart"));
SQL(invoice_practice_sql, INVOICE_TEXT("practice"));
SQL(invoice_chart_sql, INVOICE_TEXT("chart"));
SQL(document_practice_sql, DOCUMENT_TEXT("practice"));
SQL(document_chart_sql, DOCUMENT_TEXT("chart"));

static const char *const rows_sql[][2] = {
    [LEDGER_OF_DAYS] = { days_practice_sql, days_chart_sql },
    [LEDGER_OF_PATIENT] = { patient_practice_sql, patient_chart_sql },
    [LEDGER_OF_INVOICE] = { invoice_practice_sql, invoice_chart_sql },
    [LEDGER_OF_DOCUMENT] = { document_practice_sql, document_chart_sql },
};

static Fail number(Call *c, Db *db, const char *sql, const int64_t *series, uint64_t *out)
{
    Statement *s = db_statement(db, sql);
    Step       step;

    TRY_STATEMENT(c, db, s);
    if (series)
        bind_int(s, *series);
    step = statement_step(s);
    *out = step == STEP_ROW ? (uint64_t)row_int(s, 0) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(c, db) : OK;
}

static Fail state(Call *c, Db *db, LedgerState *out)
{
    TRY(number(c, db, newest_sql, NULL, &out->newest));
    for (int64_t series = 1; series < LEDGER_SERIES; series++)
        TRY(number(c, db, series_sql, &series, &out->series[series]));
    return OK;
}

Fail store_ledger_state(Call *c, Session *s, const Permit *permit, LedgerState *out)
{
    Fail result;

    *out = (LedgerState){ 0 };
    TRY(session_enter(c, s, permit));
    result = state(c, s->db, out);
    session_leave(s);
    return result;
}

static LedgerRow take_row(Arena *a, Statement *s)
{
    LedgerRow row = {
        .entry = (uint64_t)row_int(s, 0),
        .kind = (LedgerKind)row_int(s, 1),
        .at_us = row_int(s, 2),
        .day = (uint32_t)row_int(s, 3),
        .number = (uint64_t)row_int(s, 4),
        .currency = arena_str(a, row_text(s, 5)),
        .reason = arena_str(a, row_text(s, 6)),
    };

    row.line = (LedgerLine){
        .account = (LedgerAccount)row_int(s, 7),
        .cents = row_int(s, 8),
        .patient = arena_str(a, row_text(s, 9)),
        .invoice = arena_str(a, row_text(s, 10)),
        .document = arena_str(a, row_text(s, 11)),
        .party = arena_str(a, row_text(s, 12)),
        .method = arena_str(a, row_text(s, 13)),
    };
    return row;
}

static Fail rows(Call *c, Session *session, const Permit *permit, const LedgerQuery *query,
                 LedgerRow **out, size_t *count)
{
    bool       chart = permit->reach == REACH_PATIENT;
    Statement *s = db_statement(session->db, rows_sql[query->by][chart]);
    size_t     room = 0;
    Step       step;

    TRY(limit_want(c, session->db, TYPE_PATIENT));
    TRY(limit_want(c, session->db, TYPE_INVOICE));
    TRY_STATEMENT(c, session->db, s);
    if (query->by == LEDGER_OF_DAYS) {
        bind_int(s, query->from_day);
        bind_int(s, query->to_day);
    } else {
        bind_text(s, query->id);
    }
    while ((step = statement_step(s)) == STEP_ROW) {
        if (*count == LEDGER_ROWS_MAX) {
            statement_reset(s);
            return fail(c, FAIL_TOO_COSTLY, (Str){ 0 },
                        "That is more of the ledger than is shown at once");
        }
        if (*count == room) {
            *out =
                arena_grow(c->arena, *out, room * sizeof **out, (room * 2 + 64) * sizeof **out);
            room = room * 2 + 64;
        }
        (*out)[(*count)++] = take_row(c->arena, s);
    }
    return step == STEP_FAILED ? db_fail(c, session->db) : OK;
}

Fail store_ledger_read(Call *c, Session *s, const Permit *permit, const LedgerQuery *query,
                       LedgerRow **out, size_t *count)
{
    Fail result;

    *out = NULL;
    *count = 0;
    TRY(session_enter(c, s, permit));
    result = rows(c, s, permit, query, out, count);
    session_leave(s);
    return result;
}
