/*
 * Filling: what was there before a search parameter is indexed by it. See store_fill().
 *
 * Parameters of one type that are equally far go on together, by the resources' numbers. A slice
 * is listed and its rows derived on a session; the writer puts them, looking again at what was
 * changed meanwhile. How far it came is written in the same transaction, so that nothing is lost
 * when the process ends, and a parameter is set free in the transaction that finds no more.
 */
#include <time.h>

#include "base/limits.h"
#include "base/log.h"
#include "fhir/custom.h"
#include "store/custom.h"
#include "store/version.h"

enum { SLICE = 250, GROUP_MAX = 64, WAIT_S = 1 };

SQL(next_sql, "SELECT practice, type, done, filled FROM custom_param WHERE state = 1"
              " ORDER BY type, done LIMIT 1");
SQL(group_sql, "SELECT number, code FROM custom_param WHERE state = 1 AND practice = $1"
               " AND type = $2 AND done = $3 ORDER BY number LIMIT $4");
SQL(still_sql,
    "SELECT count(*) FROM custom_param WHERE number = $1 AND state = 1 AND done = $2");
SQL(done_sql, "UPDATE custom_param SET done = $1, filled = filled + $2 WHERE number = $3");
SQL(free_sql, "UPDATE custom_param SET state = 2 WHERE number = $1");
SQL(count_sql, "SELECT count(*) FROM own_current WHERE practice = $1 AND type = $2");
SQL(list_sql, "SELECT rid, seq FROM own_current WHERE practice = $1 AND type = $2 AND rid > $3"
              " ORDER BY rid LIMIT $4");
SQL(version_sql, "SELECT " VERSION_COLUMNS " FROM own_version v WHERE v.seq = $1");
SQL(standing_sql, "SELECT seq FROM current WHERE practice = $1 AND type = $2 AND rid = $3");

/* Parameters of one type that are equally far. */
typedef struct Group {
    uint32_t practice;
    TypeId   type;
    int64_t  done;
    uint64_t filled;
    uint32_t count;
    uint32_t numbers[GROUP_MAX];
    uint16_t indices[GROUP_MAX];
    uint64_t set; /* version of the set they stand in */
} Group;

typedef struct Entry {
    int64_t   rid;
    uint64_t  seq;
    IndexRows rows;
} Entry;

typedef struct Fill {
    Store    *store;
    Session  *session;
    Group     group;
    Entry    *entries;
    uint32_t  count;
    bool      outdated; /* the job found the group changed: look again */
    bool      finished; /* the job found no more */
    uint64_t  total;
    ArenaMark mark;
} Fill;

/* ---- which parameters ---- */

static Fail read_group(Call *c, Writer *w, Group *g)
{
    const CustomSet *set = custom_set();
    Statement       *s = db_statement(w->db, group_sql);
    Step             step;

    g->count = 0;
    g->set = set->version;
    TRY_STATEMENT(c, w->db, s);
    bind_int(s, g->practice);
    bind_int(s, g->type);
    bind_int(s, g->done);
    bind_int(s, GROUP_MAX);
    while ((step = statement_step(s)) == STEP_ROW) {
        const CustomParam *param = custom_find(set, g->type, row_text(s, 1));

        if (!param)
            continue;
        g->numbers[g->count] = (uint32_t)row_int(s, 0);
        g->indices[g->count++] = custom_param(param)->index;
    }
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(c, w->db) : OK;
}

static Fail pick_job(Call *c, Writer *w, void *context)
{
    Fill      *f = context;
    Group      g = { 0 };
    Statement *s = db_statement(w->db, next_sql);
    Step       step;

    TRY_STATEMENT(c, w->db, s);
    step = statement_step(s);
    if (step == STEP_ROW) {
        g.practice = (uint32_t)row_int(s, 0);
        g.type = (TypeId)row_int(s, 1);
        g.done = row_int(s, 2);
        g.filled = (uint64_t)row_int(s, 3);
    }
    statement_reset(s);
    if (step == STEP_FAILED)
        return db_fail(c, w->db);
    if (step == STEP_ROW)
        TRY(read_group(c, w, &g));
    f->group = g;
    return OK;
}

/* ---- a slice, on the session ---- */

static Fail count_all(Call *c, Fill *f)
{
    Statement *s = db_statement(f->session->db, count_sql);

    TRY_STATEMENT(c, f->session->db, s);
    bind_int(s, f->group.practice);
    bind_int(s, f->group.type);
    if (statement_step(s) != STEP_ROW)
        return db_fail(c, f->session->db);
    f->total = (uint64_t)row_int(s, 0);
    statement_reset(s);
    return OK;
}

static Fail list_slice(Call *c, Fill *f)
{
    Statement *s = db_statement(f->session->db, list_sql);
    Step       step = STEP_DONE;

    f->count = 0;
    TRY_STATEMENT(c, f->session->db, s);
    bind_int(s, f->group.practice);
    bind_int(s, f->group.type);
    bind_int(s, f->group.done);
    bind_int(s, SLICE);
    while (f->count < SLICE && (step = statement_step(s)) == STEP_ROW)
        f->entries[f->count++] =
            (Entry){ .rid = row_int(s, 0), .seq = (uint64_t)row_int(s, 1) };
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(c, f->session->db) : OK;
}

/* Only the rows of the group's parameters. */
static void keep_group(const Group *g, IndexRows *rows)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < rows->count; i++)
        for (uint32_t p = 0; p < g->count; p++)
            if (rows->rows[i].param == g->indices[p] && rows->rows[i].kind != ROW_COMPARTMENT
                && rows->rows[i].kind != ROW_LABEL) {
                rows->rows[kept++] = rows->rows[i];
                break;
            }
    rows->count = kept;
}

static Fail derive_entry(Call *c, Fill *f, Entry *entry)
{
    Statement *s = db_statement(f->session->db, version_sql);
    VersionRow row;
    Step       step;
    Fail       result = OK;

    TRY_STATEMENT(c, f->session->db, s);
    bind_int(s, (int64_t)entry->seq);
    step = statement_step(s);
    if (step == STEP_ROW)
        result = version_take(c, f->store->bodies, s, true, &row);
    statement_reset(s);
    TRY(result);
    if (step != STEP_ROW)
        return step == STEP_FAILED
                   ? db_fail(c, f->session->db)
                   : fail(c, FAIL_SYSTEM, (Str){ 0 }, "version %llu is missing from the log",
                          (unsigned long long)entry->seq);
    TRY(version_rows(c, f->store, &row.version, &entry->rows));
    if (entry->rows.set != f->group.set)
        f->outdated = true;
    keep_group(&f->group, &entry->rows);
    return OK;
}

static Fail derive_slice(Call *c, Fill *f)
{
    Fail result;

    TRY(session_enter(c, f->session, NULL));
    result = list_slice(c, f);
    for (uint32_t i = 0; result == OK && i < f->count; i++)
        result = derive_entry(c, f, &f->entries[i]);
    session_leave(f->session);
    return result;
}

/* ---- a slice, on the writer's thread ---- */

/* Whether the group is still where it was: a reindexing may have finished it, or a change of its
 * SearchParameter taken it out. */
static Fail still(Call *c, Writer *w, const Group *g, bool *same)
{
    *same = custom_version() == g->set;
    for (uint32_t i = 0; *same && i < g->count; i++) {
        Statement *s = db_statement(w->db, still_sql);

        TRY_STATEMENT(c, w->db, s);
        bind_int(s, g->numbers[i]);
        bind_int(s, g->done);
        if (statement_step(s) != STEP_ROW)
            return db_fail(c, w->db);
        *same = row_int(s, 0) == 1;
        statement_reset(s);
    }
    return OK;
}

/* The place of the newest version, 0 if the resource is not there any more. */
static Fail standing(Call *c, Writer *w, const Group *g, int64_t rid, uint64_t *seq)
{
    Statement *s = db_statement(w->db, standing_sql);
    Step       step;

    TRY_STATEMENT(c, w->db, s);
    bind_int(s, g->practice);
    bind_int(s, g->type);
    bind_int(s, rid);
    step = statement_step(s);
    *seq = step == STEP_ROW ? (uint64_t)row_int(s, 0) : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(c, w->db) : OK;
}

static Fail put_entry(Call *c, Writer *w, const Group *g, const Entry *entry)
{
    IndexRows  rows = entry->rows;
    IndexKeys  keys;
    VersionRow row;
    uint64_t   seq;

    TRY(standing(c, w, g, entry->rid, &seq));
    if (!seq)
        return OK;
    if (seq != entry->seq) {
        TRY(version_load(c, w->store, w->db, seq, true, &row));
        TRY(version_rows(c, w->store, &row.version, &rows));
        keep_group(g, &rows);
    }
    if (!rows.count)
        return OK;
    TRY(index_keys(c, w->intern, w->store, g->practice, 0, entry->rid, &rows, true, &keys));
    for (uint32_t i = 0; i < keys.count; i++)
        TRY(index_key_put(c, w->db, INDEX_USED, g->practice, entry->rid, &keys.keys[i]));
    return OK;
}

static Fail note_done(Call *c, Writer *w, const Fill *f)
{
    const Group *g = &f->group;

    for (uint32_t i = 0; i < g->count; i++) {
        Statement *s = db_statement(w->db, f->count < SLICE ? free_sql : done_sql);

        TRY_STATEMENT(c, w->db, s);
        if (f->count == SLICE) {
            bind_int(s, f->entries[f->count - 1].rid);
            bind_int(s, f->count);
        }
        bind_int(s, g->numbers[i]);
        if (!statement_run(s))
            return db_fail(c, w->db);
    }
    return OK;
}

static Fail put_job(Call *c, Writer *w, void *context)
{
    Fill *f = context;
    bool  same;

    TRY(still(c, w, &f->group, &same));
    f->outdated = !same;
    if (!same)
        return OK;
    for (uint32_t i = 0; i < f->count; i++)
        TRY(put_entry(c, w, &f->group, &f->entries[i]));
    TRY(note_done(c, w, f));
    f->finished = f->count < SLICE;
    return OK;
}

/* ---- a group ---- */

static void show_percent(const Fill *f)
{
    const Group *g = &f->group;
    uint64_t     percent = f->total ? 100 * g->filled / f->total : 0;

    for (uint32_t i = 0; i < g->count; i++)
        custom_percent_put(search_param_at(g->indices[i]), f->finished    ? 100
                                                           : percent < 99 ? (unsigned)percent
                                                                          : 99);
}

static void tell(const char *event, const Fill *f)
{
    LogField fields[] = {
        { "type", type_name(f->group.type), 0 },
        { "parameters", { 0 }, f->group.count },
        { "resources", { 0 }, (int64_t)f->total },
    };

    log_event(LOG_LEVEL_INFO, event, fields, COUNT(fields));
}

static Fail fill_group(Call *c, Fill *f, StoreProgress *progress, void *context)
{
    Fail result;

    TRY(session_enter(c, f->session, NULL));
    result = count_all(c, f);
    session_leave(f->session);
    TRY(result);
    tell("search_parameter_filling", f);
    show_percent(f);
    while (!f->finished) {
        arena_rewind(c->arena, f->mark);
        if (progress && !progress(context, f->group.filled, f->total))
            return fail(c, FAIL_TIMEOUT, (Str){ 0 }, "stopped; the next one goes on from here");
        f->outdated = false;
        TRY(derive_slice(c, f));
        if (f->outdated)
            return OK;
        session_rest(f->session);
        TRY(writer_run(c, f->store, put_job, f, f->count < SLICE));
        if (f->outdated)
            return OK;
        if (f->count)
            f->group.done = f->entries[f->count - 1].rid;
        f->group.filled += f->count;
        show_percent(f);
    }
    tell("search_parameter_filled", f);
    return OK;
}

Fail store_fill(Call *c, Store *s, StoreProgress *progress, void *context)
{
    Fill f = { .store = s };
    Fail result = OK;

    f.entries = NEW_ARRAY(c->arena, Entry, SLICE);
    TRY(session_open(c, s, &f.session));
    f.mark = arena_mark(c->arena);
    while (result == OK) {
        result = writer_run(c, s, pick_job, &f, false);
        if (result != OK || !f.group.count)
            break;
        f.finished = false;
        result = fill_group(c, &f, progress, context);
    }
    session_close(f.session);
    return result;
}

/* ---- the store's own thread ---- */

static bool go_on(void *context, uint64_t done, uint64_t total)
{
    Store *s = context;

    (void)done, (void)total;
    return !atomic_load(&s->closing) && !atomic_load(&s->importing);
}

static bool something_to_do(void)
{
    const CustomSet *set = custom_set();

    for (uint32_t i = 0; i < set->count; i++)
        if (custom_percent(custom_param(set->params[i])) < 100)
            return true;
    return false;
}

/* An import brings much that would have to be indexed twice: it is waited for. */
static void *filler_main(void *context)
{
    Store          *s = context;
    Arena          *arena = arena_create(LIMIT_CALL_BYTES);
    struct timespec until;
    Call            call;

    while (!atomic_load(&s->closing)) {
        /* a clock that is set back must not make it wait for as long */
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += WAIT_S;
        (void)!sem_clockwait(&s->fill_wanted, CLOCK_MONOTONIC, &until);
        if (!go_on(s, 0, 0) || !something_to_do())
            continue;
        arena_reset(arena);
        call_begin(&call, arena);
        call.deadline_ms = 0;
        if (!setjmp(*arena_boundary(arena)))
            (void)!store_fill(&call, s, go_on, s);
    }
    arena_destroy(arena);
    return NULL;
}

Fail store_fill_start(Call *c, Store *s)
{
    if (pthread_create(&s->filler, NULL, filler_main, s) != 0)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "no thread could be started");
    s->fills = true;
    return OK;
}

void fill_wake(Store *s)
{
    sem_post(&s->fill_wanted);
}

void fill_finish(Store *s)
{
    if (!s->fills)
        return;
    fill_wake(s);
    pthread_join(s->filler, NULL);
    s->fills = false;
}
