/*
 * Histories: of one resource along its chain of versions, of a type or all from the log. In a
 * patient's name the chains of that record are gathered and put in order.
 */
#include "base/ensure.h"
#include "base/limits.h"
#include "store/limit.h"
#include "store/version.h"

/* A slice of the log, newest first. The practice's log is read through the view; what a patient's
 * app may see is small enough to be gathered from the chains. */
#define LOG_TEXT(view)                                                                         \
    "SELECT " VERSION_COLUMNS " FROM " view "_version v WHERE v.seq < $1 AND v.seq >= $2"      \
    " ORDER BY v.seq DESC LIMIT $3"
#define TYPE_LOG_TEXT(view)                                                                    \
    "SELECT " VERSION_COLUMNS " FROM " view "_version v WHERE v.type = $1 AND v.seq < $2"      \
    " AND v.seq >= $3 ORDER BY v.seq DESC LIMIT $4"
SQL(log_practice_sql, LOG_TEXT("practice"));
SQL(type_log_practice_sql, TYPE_LOG_TEXT("practice"));
SQL(type_log_shared_sql, TYPE_LOG_TEXT("shared"));

SQL(chains_sql,
    "WITH RECURSIVE chain (seq) AS ("
    " SELECT c.seq FROM chart_current c WHERE c.type >= $1 AND c.type <= $2"
    " UNION ALL SELECT g.seq FROM chart_gone g WHERE g.type >= $1 AND g.type <= $2"
    " UNION ALL SELECT p.prior_seq FROM chain CROSS JOIN chart_version p"
    " WHERE p.seq = chain.seq AND p.prior_seq > 0)"
    " SELECT " VERSION_COLUMNS " FROM chain CROSS JOIN chart_version v WHERE v.seq = chain.seq"
    " AND v.seq < $3 AND v.seq >= $4 ORDER BY v.seq DESC LIMIT $5");

/* The first place in the log whose time is not before the one asked for. */
SQL(at_after_sql,
    "SELECT v.seq, v.at FROM own_version v WHERE v.seq >= $1 ORDER BY v.seq LIMIT 1");

typedef struct Reading {
    Call               *call;
    Session            *session;
    const Permit       *permit;
    const HistoryQuery *query;
    VersionPage        *page;
    uint64_t            newest; /* of the instance: needs no look at its own chart */
} Reading;

/* Whether the version was the one in force at some time of the span asked for, given when it was
 * replaced (0: it is in force). */
static bool in_span(const HistoryQuery *q, int64_t at_us, int64_t until_us)
{
    if (at_us < q->since_us)
        return false;
    if (!q->at_low_us && !q->at_high_us)
        return true;
    return at_us < q->at_high_us && (until_us == 0 || until_us > q->at_low_us);
}

/* Adds to the page; false when it is full. */
static bool page_add(VersionPage *page, uint32_t most, const Version *v)
{
    if (page->count == most) {
        page->more = true;
        return false;
    }
    page->versions[page->count++] = *v;
    return true;
}

/* ---- one resource ---- */

static Fail add_older(Reading *r, VersionRow *row, uint64_t seq, int64_t until_us, bool *go_on)
{
    const HistoryQuery *q = r->query;
    Session            *s = r->session;
    View                view = scope_view(r->permit, q->type);
    bool                found, visible = true;

    if (seq > r->page->pinned_seq || (q->before_seq && seq >= q->before_seq)
        || !in_span(q, row->version.at_us, until_us))
        return OK;
    TRY(version_at(r->call, s->db, s->store->bodies, view, seq, true, row, &found));
    if (found && seq != r->newest)
        TRY(version_visible(r->call, s->store, r->permit, &row->version, &visible));
    else if (found)
        TRY(version_current_visible(r->call, s->db, s->store, r->permit, &row->version,
                                    &visible));
    if (!found || !visible)
        return OK;
    TRY(version_show(r->call, s->store, r->permit, seq == r->newest, &row->version));
    *go_on = page_add(r->page, q->count, &row->version);
    return OK;
}

static Fail instance_history(Reading *r)
{
    const HistoryQuery *q = r->query;
    Session            *s = r->session;
    View                view = scope_view(r->permit, q->type);
    Standing            standing;
    VersionRow          row;
    int64_t             at_us, until_us = 0;
    bool                found, go_on = true;

    TRY(version_standing(r->call, s->db, view, q->type, q->id, &standing));
    if (!standing.seq)
        return fail(r->call, FAIL_NOT_FOUND, (Str){ 0 }, "there is no %.*s/%.*s",
                    STR_ARG(type_name(q->type)), STR_ARG(q->id));
    r->newest = standing.seq;
    for (uint64_t seq = standing.seq; seq && go_on; seq = row.prior_seq) {
        TRY(version_at(r->call, s->db, s->store->bodies, view, seq, false, &row, &found));
        if (!found || row.version.at_us < q->since_us)
            break;
        if (seq <= r->page->pinned_seq && r->page->total == UINT64_MAX
            && r->permit->reach == REACH_PRACTICE && !r->permit->rows && !q->since_us
            && !q->at_high_us && !q->at_low_us)
            r->page->total = row.version.version;
        at_us = row.version.at_us;
        TRY(add_older(r, &row, seq, until_us, &go_on));
        until_us = at_us;
    }
    return OK;
}

/* ---- a type, or all ---- */

/* The log's times grow with its places, so the place of a time is found by halving. */
static Fail seq_of_time(Reading *r, int64_t us, uint64_t *seq)
{
    uint64_t low = 1, high = r->page->pinned_seq + 1;

    *seq = 1;
    if (atomic_load(&r->session->store->times_mixed))
        return OK;
    r->session->scope.owner = true; /* for times alone */
    while (low < high) {
        uint64_t   middle = low + (high - low) / 2;
        Statement *s = db_statement(r->session->db, at_after_sql);
        Step       step;

        TRY_STATEMENT(r->call, r->session->db, s);
        bind_int(s, (int64_t)middle);
        step = statement_step(s);
        if (step == STEP_FAILED)
            return db_fail(r->call, r->session->db);
        if (step == STEP_DONE || row_int(s, 1) >= us)
            high = middle;
        else
            low = (uint64_t)row_int(s, 0) + 1;
        statement_reset(s);
    }
    r->session->scope.owner = false;
    *seq = low;
    return OK;
}

/* When that version was replaced by the next of its resource; 0 if it is in force. */
static Fail replaced_at(Reading *r, const VersionRow *row, int64_t *until_us)
{
    Session   *s = r->session;
    View       view = scope_view(r->permit, row->version.type);
    Standing   standing;
    VersionRow newer;
    bool       found;

    *until_us = 0;
    TRY(version_standing(r->call, s->db, view, row->version.type, row->version.id, &standing));
    for (uint64_t seq = standing.seq; seq > row->version.seq; seq = newer.prior_seq) {
        TRY(version_at(r->call, s->db, s->store->bodies, view, seq, false, &newer, &found));
        if (!found)
            break;
        *until_us = newer.version.at_us;
    }
    return OK;
}

static Fail version_fits(Reading *r, const VersionRow *row, bool *fits)
{
    const HistoryQuery *q = r->query;
    Standing            standing;
    View                view = scope_view(r->permit, row->version.type);
    int64_t             until_us = 0;

    *fits = false;
    if (q->at_low_us || q->at_high_us)
        TRY(replaced_at(r, row, &until_us));
    if (!in_span(q, row->version.at_us, until_us))
        return OK;
    *fits = true;
    if (r->permit->reach != REACH_PATIENT && !r->permit->rows)
        return OK;
    TRY(version_standing(r->call, r->session->db, view, row->version.type, row->version.id,
                         &standing));
    if (standing.seq == row->version.seq)
        return version_current_visible(r->call, r->session->db, r->session->store, r->permit,
                                       &row->version, fits);
    return version_visible(r->call, r->session->store, r->permit, &row->version, fits);
}

static Fail show_of_log(Reading *r, Version *version)
{
    Session *s = r->session;
    View     view = scope_view(r->permit, version->type);
    Standing standing = { 0 };

    if (mask_has(r->permit->masks, version->type, false))
        TRY(version_standing(r->call, s->db, view, version->type, version->id, &standing));
    return version_show(r->call, s->store, r->permit, standing.seq == version->seq, version);
}

static Fail log_statement(Reading *r, uint64_t before, uint64_t from, uint32_t most,
                          Statement **out)
{
    Db        *db = r->session->db;
    TypeId     type = r->query->type;
    View       view = type                                 ? scope_view(r->permit, type)
                      : r->permit->reach == REACH_PRACTICE ? VIEW_PRACTICE
                                                           : VIEW_CHART;
    Statement *s = db_statement(db, view == VIEW_CHART    ? chains_sql
                                    : !type               ? log_practice_sql
                                    : view == VIEW_SHARED ? type_log_shared_sql
                                                          : type_log_practice_sql);

    TRY_STATEMENT(r->call, db, s);
    if (view == VIEW_CHART) {
        bind_int(s, type ? type : 1);
        bind_int(s, type ? type : RESOURCE_TYPES);
    } else if (type) {
        bind_int(s, type);
    }
    bind_int(s, (int64_t)before);
    bind_int(s, (int64_t)from);
    bind_int(s, most);
    *out = s;
    return OK;
}

/* One slice of rows taken off the statement before anything else is asked of the connection. */
static Fail log_slice(Reading *r, uint64_t before, uint64_t from, VersionRow *rows,
                      uint32_t most, uint32_t *count)
{
    Session   *s = r->session;
    Statement *log;
    Step       step = STEP_DONE;
    Fail       result = OK;

    *count = 0;
    TRY(log_statement(r, before, from, most, &log));
    while (result == OK && *count < most && (step = statement_step(log)) == STEP_ROW)
        result = version_take(r->call, s->store->bodies, log, true, &rows[(*count)++]);
    statement_reset(log);
    if (result == OK && step == STEP_FAILED)
        result = db_fail(r->call, s->db);
    return result;
}

static Fail log_history(Reading *r)
{
    const HistoryQuery *q = r->query;
    VersionPage        *page = r->page;
    uint32_t            most = q->count + 1, count;
    VersionRow         *rows = NEW_ARRAY(r->call->arena, VersionRow, most);
    uint64_t            before = page->pinned_seq + 1, from = 1, until;
    bool                fits, go_on = true;

    if (q->before_seq && q->before_seq < before)
        before = q->before_seq;
    if (q->since_us > 0)
        TRY(seq_of_time(r, q->since_us, &from));
    if (q->at_high_us > 0 && !atomic_load(&r->session->store->times_mixed)) {
        TRY(seq_of_time(r, q->at_high_us, &until));
        before = until < before ? until : before;
    }
    do {
        TRY(log_slice(r, before, from, rows, most, &count));
        for (uint32_t i = 0; i < count && go_on; i++) {
            TRY(version_fits(r, &rows[i], &fits));
            if (fits) {
                TRY(show_of_log(r, &rows[i].version));
                go_on = page_add(page, q->count, &rows[i].version);
            }
            before = rows[i].version.seq;
        }
    } while (go_on && count == most);
    return OK;
}

static Fail history(Reading *r)
{
    const HistoryQuery *q = r->query;
    uint64_t            newest = atomic_load(&r->session->store->newest_seq);

    r->page->pinned_seq = q->pinned_seq && q->pinned_seq < newest ? q->pinned_seq : newest;
    r->page->versions = NEW_ARRAY(r->call->arena, Version, q->count + 1);
    TRY(limit_want(r->call, r->session->db, q->type));
    return q->id.len ? instance_history(r) : log_history(r);
}

Fail store_history(Call *c, Session *s, const Permit *permit, const HistoryQuery *query,
                   VersionPage *out)
{
    VersionPage page = { .total = UINT64_MAX };
    Reading     r = { c, s, permit, query, &page, 0 };
    Fail        result;

    TRY(session_enter(c, s, permit));
    result = history(&r);
    session_leave(s);
    TRY(result);
    *out = page;
    return OK;
}
