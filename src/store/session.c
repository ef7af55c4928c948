/*
 * Sessions: read-only connections that keep their snapshot for a moment, because taking one
 * costs as much as reading a resource, and throws the decrypted pages away. A commit that
 * changes what readers see ends that; one that only adds audit records does not.
 */
#include <sched.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "store/limit.h"
#include "store/private.h"
#include "store/state.h"

SQL(newest_sql, "SELECT seq FROM own_version ORDER BY seq DESC LIMIT 1");
SQL(patient_sql, "SELECT rid FROM known_identity WHERE type = $1 AND id = $2");

static Fail open_with(Call *c, Store *s, size_t cache_bytes, Session **out)
{
    Arena   *arena = arena_create(1024 * 1024);
    Session *session = NEW(arena, Session);
    Fail     result;

    session->store = s;
    session->arena = arena;
    result = store_connect(c, s, &session->scope, cache_bytes, &session->db);
    if (result != OK) {
        arena_destroy(arena);
        return result;
    }
    pthread_mutex_lock(&s->sessions_lock);
    session->next = s->sessions;
    s->sessions = session;
    pthread_mutex_unlock(&s->sessions_lock);
    *out = session;
    return OK;
}

Fail session_open(Call *c, Store *s, Session **out)
{
    return open_with(c, s, SESSION_CACHE_BYTES, out);
}

Fail session_open_roomy(Call *c, Store *s, Session **out)
{
    return open_with(c, s, SESSION_CACHE_BYTES_ROOMY, out);
}

enum { IDLE, WITH_USER, WITH_WRITER };

/* The connection for us alone: the writer holds it for a moment at most. Where a call was broken
 * off in the middle (its memory ran out), what it left behind is cleared away first. */
static void session_take(Session *s)
{
    int found = IDLE;

    while (!atomic_compare_exchange_weak(&s->held, &found, WITH_USER)) {
        if (found == WITH_USER) {
            db_reset(s->db);
            return;
        }
        found = IDLE;
        sched_yield();
    }
}

static void session_give(Session *s)
{
    atomic_store(&s->held, IDLE);
}

static void snapshot_end(Session *s)
{
    if (s->snapshot)
        (void)db_run(s->db, "COMMIT");
    s->snapshot = false;
}

void session_close(Session *session)
{
    Session **link;
    Store    *s;

    if (!session)
        return;
    s = session->store;
    pthread_mutex_lock(&s->sessions_lock);
    for (link = &s->sessions; *link != session; link = &(*link)->next)
        ENSURE(*link);
    *link = session->next;
    pthread_mutex_unlock(&s->sessions_lock);
    session_take(session);
    snapshot_end(session);
    db_close(session->db);
    arena_destroy(session->arena);
}

Store *session_store(Session *s)
{
    return s->store;
}

void session_rest(Session *s)
{
    session_take(s);
    snapshot_end(s);
    session_give(s);
}

void session_shrink(Session *s)
{
    session_take(s);
    snapshot_end(s);
    db_shrink(s->db);
    session_give(s);
}

void sessions_rest(Store *s)
{
    pthread_mutex_lock(&s->sessions_lock);
    for (Session *session = s->sessions; session; session = session->next) {
        int found = IDLE;

        if (atomic_compare_exchange_strong(&session->held, &found, WITH_WRITER)) {
            snapshot_end(session);
            session_give(session);
        }
    }
    pthread_mutex_unlock(&s->sessions_lock);
}

static Fail find_newest(Call *c, Session *s)
{
    Statement *find;
    Step       step;

    s->scope = (Scope){ .owner = true };
    find = db_statement(s->db, newest_sql);
    TRY_STATEMENT(c, s->db, find);
    step = statement_step(find);
    s->newest = step == STEP_ROW ? (uint64_t)row_int(find, 0) : 0;
    statement_reset(find);
    s->scope = (Scope){ 0 };
    return step == STEP_FAILED ? db_fail(c, s->db) : OK;
}

static Fail snapshot_begin(Call *c, Session *s)
{
    uint64_t epoch = atomic_load(&s->store->epoch);
    uint64_t now_ms = clock_monotonic_ms();

    if (s->snapshot && s->epoch == epoch && now_ms - s->begun_ms < LIMIT_SNAPSHOT_MS)
        return OK;
    snapshot_end(s);
    if (!db_run(s->db, "BEGIN"))
        return db_fail(c, s->db);
    s->snapshot = true;
    s->epoch = epoch;
    s->begun_ms = now_ms;
    return find_newest(c, s);
}

/* The rid of the launch patient. It never changes once there is one, so it is remembered. */
static Fail patient_find(Call *c, Session *s, const Permit *permit)
{
    Str        id = str_from(permit->patient);
    PackedId   packed = id_pack(id);
    Statement *find;
    Step       step;

    if (s->patient && s->practice == permit->practice
        && str_equal(id, str_from(s->patient_id))) {
        s->scope.patient = s->patient;
        return OK;
    }
    find = db_statement(s->db, patient_sql);
    TRY_STATEMENT(c, s->db, find);
    bind_int(find, TYPE_PATIENT);
    bind_bytes(find, packed_str(&packed));
    step = statement_step(find);
    if (step == STEP_FAILED)
        return db_fail(c, s->db);
    s->patient = step == STEP_ROW ? row_int(find, 0) : 0;
    statement_reset(find);
    s->practice = permit->practice;
    memcpy(s->patient_id, permit->patient, sizeof s->patient_id);
    s->scope.patient = s->patient;
    return OK;
}

static Fail enter(Call *c, Session *s, const Permit *permit)
{
    db_limit(s->db, c);
    TRY(snapshot_begin(c, s));
    if (!permit) {
        s->scope = (Scope){ .owner = true };
        return OK;
    }
    TRY(private_check_permit(c, s->store, permit));
    s->scope = scope_of(permit);
    s->scope.limits = limit_begin(c, s->store, s->db, permit);
    return permit->reach == REACH_PATIENT ? patient_find(c, s, permit) : OK;
}

Fail session_enter(Call *c, Session *s, const Permit *permit)
{
    Fail result;

    if (c->share && call_late(c)) /* each statement may be short where there are many */
        return fail(c, FAIL_TIMEOUT, (Str){ 0 }, "this took longer than a call may take");
    session_take(s);
    result = enter(c, s, permit);
    if (result != OK)
        session_leave(s);
    return result;
}

void session_leave(Session *s)
{
    s->scope = (Scope){ 0 };
    if (db_failure(s->db) != OK)
        snapshot_end(s);
    db_limit(s->db, NULL);
    session_give(s);
}
