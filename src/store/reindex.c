/*
 * Everything derived made anew from the log, beside the tables in use, while others read and
 * write: see store_reindex().
 *
 * First the log is walked up to where it ended at the start: that gives what stands at that
 * place. Then the rows of what stands are made. Then what was written meanwhile is replayed,
 * and in the transaction that reaches the end the tables change places. How far it came is kept
 * in a setting, so that an interrupted one goes on where it was.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "store/custom.h"
#include "store/migrate.h"
#include "store/version.h"
#include "store/words_index.h"
#include "store/writer.h"

/* Small steps, because each keeps the writer from others. */
enum { LOG_STEP = 2000, ROWS_STEP = 250, TAIL_STEP = 200 };

SQL(log_sql, "SELECT seq, practice, type, id, rid, method FROM version WHERE seq > $1"
             " ORDER BY seq LIMIT $2");
SQL(identity_put_sql, "INSERT INTO identity (practice, type, id, rid) VALUES ($1, $2, $3, $4)"
                      " ON CONFLICT DO NOTHING");
SQL(current_put_sql,
    "INSERT INTO next_current (practice, type, rid, seq) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (practice, type, rid) DO UPDATE SET seq = excluded.seq");
SQL(gone_put_sql, "INSERT INTO next_gone (practice, type, rid, seq) VALUES ($1, $2, $3, $4)"
                  " ON CONFLICT (practice, type, rid) DO UPDATE SET seq = excluded.seq");
SQL(current_remove_sql,
    "DELETE FROM next_current WHERE practice = $1 AND type = $2 AND rid = $3");
SQL(gone_remove_sql, "DELETE FROM next_gone WHERE practice = $1 AND type = $2 AND rid = $3");
SQL(current_list_sql,
    "SELECT practice, type, rid, seq FROM next_current"
    " WHERE (practice, type, rid) > ($1, $2, $3) ORDER BY practice, type, rid LIMIT $4");
SQL(gone_list_sql,
    "SELECT practice, type, rid, seq FROM next_gone"
    " WHERE (practice, type, rid) > ($1, $2, $3) ORDER BY practice, type, rid LIMIT $4");
SQL(version_sql, "SELECT " VERSION_COLUMNS " FROM own_version v WHERE v.seq = $1");

typedef enum Phase { PHASE_LOG, PHASE_CURRENT, PHASE_GONE, PHASE_TAIL, PHASE_DONE } Phase;

/* What the setting holds: "phase begin param seq practice type rid fingerprint address". */
typedef struct State {
    uint64_t phase;
    uint64_t begin;               /* where the log ended at the start … */
    uint64_t param;               /* … and the highest number of a search parameter */
    uint64_t seq;                 /* PHASE_LOG, PHASE_TAIL: up to here */
    uint64_t practice, type, rid; /* PHASE_CURRENT, PHASE_GONE: up to here */
} State;

/* What stands, and the rows that were derived from it. */
typedef struct Entry {
    uint32_t  practice;
    TypeId    type;
    int64_t   rid;
    uint64_t  seq;
    IndexRows rows;
} Entry;

typedef struct Reindex {
    Store    *store;
    State     state;
    State     next; /* set by a job, taken over when its commit was durable */
    Entry    *put;  /* of the slice before: rows to be put now … */
    uint32_t  put_count;
    Entry    *list; /* … and the slice after it, for which rows are to be derived */
    uint32_t  list_count;
    uint64_t  done;
    ArenaMark mark; /* what a slice took is given back */
} Reindex;

/* ---- the state ---- */

static Str made_with(Call *c, const Store *s)
{
    return arena_printf(c->arena, "%.*s %.*s", STR_ARG(definitions_fingerprint),
                        STR_ARG(s->base));
}

static Fail state_put(Call *c, Writer *w, const State *s)
{
    Str text = arena_printf(c->arena, "%llu %llu %llu %llu %llu %llu %llu %.*s",
                            (unsigned long long)s->phase, (unsigned long long)s->begin,
                            (unsigned long long)s->param, (unsigned long long)s->seq,
                            (unsigned long long)s->practice, (unsigned long long)s->type,
                            (unsigned long long)s->rid, STR_ARG(made_with(c, w->store)));

    return setting_put(c, w->db, STR("reindex"), text);
}

/* False if there is none, or one made with other definitions or another address. */
static bool state_read(Str text, Str made, State *out)
{
    uint64_t *const numbers[] = { &out->phase,    &out->begin, &out->param, &out->seq,
                                  &out->practice, &out->type,  &out->rid };
    Str             word;

    for (size_t i = 0; i < COUNT(numbers); i++)
        if (!str_next(&text, ' ', &word) || !str_to_u64(word, numbers[i]))
            return false;
    return str_equal(text, made) && out->phase < PHASE_DONE;
}

static Fail begin_job(Call *c, Writer *w, void *context)
{
    Reindex *r = context;
    uint64_t serial = 0;
    uint32_t param;
    Str      text;

    TRY(setting_get(c, w->db, STR("reindex"), &text));
    if (state_read(text, made_with(c, w->store), &r->next))
        return OK;
    TRY(custom_last_number(c, w->db, &param));
    r->next = (State){ .phase = PHASE_LOG, .begin = w->seq, .param = param };
    TRY(setting_get(c, w->db, STR("index_serial"), &text));
    if (text.len && !str_to_u64(text, &serial))
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "the setting \"index_serial\" is not a number");
    serial++;
    if (!db_run(w->db, schema_text(c->arena, "drop_next.sql", (Str){ 0 }, 0).at)
        || !db_run(w->db, schema_text(c->arena, "0002_index.sql", STR("next_"), serial).at))
        return db_fail(c, w->db);
    TRY(setting_put(c, w->db, STR("index_serial"),
                    arena_printf(c->arena, "%llu", (unsigned long long)serial)));
    return state_put(c, w, &r->next);
}

/* ---- the log ---- */

typedef struct LogRow {
    uint64_t seq;
    uint32_t practice;
    TypeId   type;
    PackedId id;
    int64_t  rid;
    bool     deleted;
} LogRow;

static Fail log_read(Call *c, Writer *w, uint64_t after, uint32_t most, LogRow *rows,
                     uint32_t *count)
{
    Statement *s = db_statement(w->db, log_sql);
    Step       step = STEP_DONE;

    *count = 0;
    TRY_STATEMENT(c, w->db, s);
    bind_int(s, (int64_t)after);
    bind_int(s, most);
    while (*count < most && (step = statement_step(s)) == STEP_ROW) {
        LogRow *row = &rows[(*count)++];
        Str     id = row_bytes(s, 3);

        row->seq = (uint64_t)row_int(s, 0);
        row->practice = (uint32_t)row_int(s, 1);
        row->type = (TypeId)row_int(s, 2);
        row->id.len = id.len < sizeof row->id.bytes ? id.len : sizeof row->id.bytes;
        memcpy(row->id.bytes, id.at, row->id.len);
        row->rid = row_int(s, 4);
        row->deleted = row_int(s, 5) == METHOD_DELETE;
    }
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(c, w->db) : OK;
}

static Fail run_place(Call *c, Writer *w, const char *sql, const LogRow *row, bool with_seq)
{
    Statement *s = db_statement(w->db, sql);

    TRY_STATEMENT(c, w->db, s);
    bind_int(s, row->practice);
    bind_int(s, row->type);
    bind_int(s, row->rid);
    if (with_seq)
        bind_int(s, (int64_t)row->seq);
    return statement_run(s) ? OK : db_fail(c, w->db);
}

static Fail put_standing(Call *c, Writer *w, const LogRow *row)
{
    Statement *s = db_statement(w->db, identity_put_sql);

    TRY_STATEMENT(c, w->db, s);
    bind_int(s, row->practice);
    bind_int(s, row->type);
    bind_bytes(s, packed_str(&row->id));
    bind_int(s, row->rid);
    if (!statement_run(s))
        return db_fail(c, w->db);
    TRY(run_place(c, w, row->deleted ? current_remove_sql : gone_remove_sql, row, false));
    return run_place(c, w, row->deleted ? gone_put_sql : current_put_sql, row, true);
}

static Fail log_job(Call *c, Writer *w, void *context)
{
    Reindex *r = context;
    State    next = r->state;
    LogRow  *rows = NEW_ARRAY(c->arena, LogRow, LOG_STEP);
    uint32_t count;

    TRY(log_read(c, w, r->state.seq, LOG_STEP, rows, &count));
    for (uint32_t i = 0; i < count && rows[i].seq <= r->state.begin; i++) {
        TRY(put_standing(c, w, &rows[i]));
        next.seq = rows[i].seq;
    }
    if (next.seq == r->state.seq)
        next = (State){ .phase = PHASE_CURRENT, .begin = next.begin, .param = next.param };
    r->next = next;
    return state_put(c, w, &next);
}

/* ---- the rows of what stands ---- */

static Fail list_slice(Call *c, Writer *w, Reindex *r, State *next)
{
    Statement *s =
        db_statement(w->db, next->phase == PHASE_GONE ? gone_list_sql : current_list_sql);
    Step step = STEP_DONE;

    r->list_count = 0;
    TRY_STATEMENT(c, w->db, s);
    bind_int(s, (int64_t)next->practice);
    bind_int(s, (int64_t)next->type);
    bind_int(s, (int64_t)next->rid);
    bind_int(s, ROWS_STEP);
    while (r->list_count < ROWS_STEP && (step = statement_step(s)) == STEP_ROW)
        r->list[r->list_count++] = (Entry){
            .practice = (uint32_t)row_int(s, 0),
            .type = (TypeId)row_int(s, 1),
            .rid = row_int(s, 2),
            .seq = (uint64_t)row_int(s, 3),
        };
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(c, w->db) : OK;
}

static Fail put_keys(Call *c, Writer *w, const Store *s, const Entry *one)
{
    IndexKeys none = { 0 }, keys;

    TRY(index_keys(c, w->intern, s, one->practice, one->type, one->rid, &one->rows, true,
                   &keys));
    return index_keys_change(c, w->db, INDEX_NEXT, one->practice, one->rid, &none, &keys);
}

/* Puts the slice whose rows are ready and lists the next one. */
static Fail rows_job(Call *c, Writer *w, void *context)
{
    Reindex *r = context;
    State    next = r->state;

    for (uint32_t i = 0; i < r->put_count; i++) {
        const Entry *one = &r->put[i];

        TRY(put_keys(c, w, r->store, one));
        next.practice = one->practice;
        next.type = one->type;
        next.rid = (uint64_t)one->rid;
    }
    TRY(list_slice(c, w, r, &next));
    if (r->list_count == 0)
        next = (State){
            .phase = next.phase + 1, .begin = next.begin, .param = next.param, .seq = next.begin
        };
    r->next = next;
    return state_put(c, w, &next);
}

static Fail version_own(Call *c, Session *s, uint64_t seq, VersionRow *row)
{
    Statement *find = db_statement(s->db, version_sql);
    Step       step;
    Fail       result;

    TRY_STATEMENT(c, s->db, find);
    bind_int(find, (int64_t)seq);
    step = statement_step(find);
    if (step == STEP_FAILED)
        return db_fail(c, s->db);
    if (step == STEP_DONE)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "version %llu is missing from the log",
                    (unsigned long long)seq);
    result = version_take(c, s->store->bodies, find, true, row);
    statement_reset(find);
    return result;
}

/* On the caller's thread, so that the writer is not kept. */
static Fail derive_rows(Call *c, Session *s, Entry *one)
{
    VersionRow row;

    TRY(version_own(c, s, one->seq, &row));
    if (!row.version.deleted)
        return version_rows(c, s->store, &row.version, &one->rows);
    if (!row.prior_seq)
        return OK;
    TRY(version_own(c, s, row.prior_seq, &row));
    TRY(version_rows(c, s->store, &row.version, &one->rows));
    rows_keep_compartments(&one->rows);
    return OK;
}

static Fail derive_slice(Call *c, Session *s, Reindex *r)
{
    Entry *list = r->list;
    Fail   result = OK;

    TRY(session_enter(c, s, NULL));
    for (uint32_t i = 0; result == OK && i < r->list_count; i++)
        result = derive_rows(c, s, &list[i]);
    session_leave(s);
    TRY(result);
    r->list = r->put;
    r->put = list;
    r->put_count = r->list_count;
    return OK;
}

/* ---- what was written meanwhile ---- */

/* The rows that the tables hold for a version when it is the newest. */
static Fail rows_standing(Call *c, Writer *w, uint64_t seq, IndexRows *out)
{
    VersionRow row;

    *out = (IndexRows){ 0 };
    if (!seq)
        return OK;
    TRY(version_load(c, w->store, w->db, seq, true, &row));
    if (!row.version.deleted)
        return version_rows(c, w->store, &row.version, out);
    if (!row.prior_seq)
        return OK;
    TRY(version_load(c, w->store, w->db, row.prior_seq, true, &row));
    TRY(version_rows(c, w->store, &row.version, out));
    rows_keep_compartments(out);
    return OK;
}

static Fail replay(Call *c, Writer *w, const LogRow *log)
{
    VersionRow row;
    IndexRows  before, after;
    IndexKeys  out, in;

    TRY(put_standing(c, w, log));
    TRY(version_load(c, w->store, w->db, log->seq, false, &row));
    TRY(rows_standing(c, w, row.prior_seq, &before));
    TRY(rows_standing(c, w, log->seq, &after));
    TRY(index_keys(c, w->intern, w->store, log->practice, log->type, log->rid, &before, true,
                   &out));
    TRY(index_keys(c, w->intern, w->store, log->practice, log->type, log->rid, &after, true,
                   &in));
    if (!row.prior_seq)
        out.count = 0;
    return index_keys_change(c, w->db, INDEX_NEXT, log->practice, log->rid, &out, &in);
}

static Fail swap(Call *c, Writer *w, const State *state)
{
    if (!db_run(w->db, schema_text(c->arena, "swap.sql", (Str){ 0 }, 0).at))
        return db_fail(c, w->db);
    TRY(index_settle(c, w->store, w->db));
    TRY(custom_swapped(c, w, state->param, state->begin));
    return setting_remove(c, w->db, STR("reindex"));
}

static Fail tail_job(Call *c, Writer *w, void *context)
{
    Reindex *r = context;
    State    next = r->state;
    LogRow  *rows = NEW_ARRAY(c->arena, LogRow, TAIL_STEP);
    uint32_t count;

    TRY(log_read(c, w, r->state.seq, TAIL_STEP, rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        TRY(replay(c, w, &rows[i]));
        next.seq = rows[i].seq;
    }
    if (count < TAIL_STEP)
        next.phase = PHASE_DONE;
    r->next = next;
    return next.phase == PHASE_DONE ? swap(c, w, &next) : state_put(c, w, &next);
}

/* ---- the whole ---- */

static WriterJob *const jobs[] = {
    [PHASE_LOG] = log_job,
    [PHASE_CURRENT] = rows_job,
    [PHASE_GONE] = rows_job,
    [PHASE_TAIL] = tail_job,
};

static Fail step(Call *c, Session *s, Reindex *r)
{
    Phase phase = (Phase)r->state.phase;

    TRY(writer_run(c, r->store, jobs[phase], r, phase == PHASE_TAIL));
    r->state = r->next;
    r->done += r->put_count;
    r->put_count = 0;
    arena_rewind(c->arena, r->mark);
    return phase == PHASE_CURRENT || phase == PHASE_GONE ? derive_slice(c, s, r) : OK;
}

static Fail work(Call *c, Session *s, Reindex *r, StoreProgress *progress, void *context)
{
    StoreFacts facts;

    TRY(store_facts(c, s, &facts));
    TRY(writer_run(c, r->store, begin_job, r, false));
    r->state = r->next;
    r->mark = arena_mark(c->arena);
    while (r->state.phase != PHASE_DONE) {
        TRY(step(c, s, r));
        if (progress && !progress(context, r->done, facts.resources))
            return fail(c, FAIL_TIMEOUT, (Str){ 0 },
                        "stopped; run it again to go on from here");
    }
    atomic_store(&r->store->index_stale, false);
    return words_remake(c, r->store);
}

Fail store_reindex(Call *c, Store *s, StoreProgress *progress, void *context)
{
    Reindex  r = { .store = s };
    Session *session;
    Fail     result;

    r.put = NEW_ARRAY(c->arena, Entry, ROWS_STEP);
    r.list = NEW_ARRAY(c->arena, Entry, ROWS_STEP);
    TRY(session_open(c, s, &session));
    result = work(c, session, &r, progress, context);
    session_close(session);
    return result;
}
