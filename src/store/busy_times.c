/* When somebody is busy, for those who look for a free time: see store_busy_times(), busy.c. */
#include "base/clock.h"
#include "base/limits.h"
#include "store/index_sql.h"

SQL(token_sql, "SELECT number FROM known_token WHERE code = $1 AND system = $2");
SQL(ended_sql, "SELECT rid FROM practice_index_date WHERE param = $1 AND low <= $2");
SQL(times_sql, "SELECT low, span, rid FROM practice_index_date"
               " WHERE param = $1 AND low > $2 AND low < $3 AND low + span > $4 ORDER BY low");

static const int64_t LONGEST_US = (int64_t)LIMIT_APPOINTMENT_DAYS * 24 * 3600 * 1000000;

typedef struct Gathering {
    Call     *call;
    Session  *session;
    Moment    within;
    int64_t  *ended; /* Appointments whose hold has ended */
    size_t    ended_count, ended_room;
    BusyTime *times;
    size_t    count, room;
} Gathering;

/* What rows under that code have in the place of the parameter's number; 0 if there are none. */
static Fail find_param(Gathering *g, Str code, int64_t *out)
{
    const SearchParam *date = search_param_find(TYPE_APPOINTMENT, STR("date"));
    Db                *db = g->session->db;
    Statement         *s = db_statement(db, token_sql);
    Step               step;

    TRY_STATEMENT(g->call, db, s);
    bind_text(s, code);
    bind_int(s, 0);
    step = statement_step(s);
    *out = step == STEP_ROW
               ? param_keyed(g->session->store->param_numbers[date->index], row_int(s, 0))
               : 0;
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(g->call, db) : OK;
}

static Fail find_ended(Gathering *g)
{
    Db        *db = g->session->db;
    Statement *s;
    int64_t    param;
    Step       step;

    TRY(find_param(g, INDEX_KEY_HELD, &param));
    if (!param)
        return OK;
    s = db_statement(db, ended_sql);
    TRY_STATEMENT(g->call, db, s);
    bind_int(s, param);
    bind_int(s, clock_wall_us());
    while ((step = statement_step(s)) == STEP_ROW) {
        if (g->ended_count == g->ended_room) {
            size_t room = g->ended_room ? 2 * g->ended_room : 64;

            g->ended = arena_grow(g->call->arena, g->ended, g->ended_room * sizeof *g->ended,
                                  room * sizeof *g->ended);
            g->ended_room = room;
        }
        g->ended[g->ended_count++] = row_int(s, 0);
    }
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(g->call, db) : OK;
}

static bool has_ended(const Gathering *g, int64_t rid)
{
    for (size_t i = 0; i < g->ended_count; i++)
        if (g->ended[i] == rid)
            return true;
    return false;
}

static void add_time(Gathering *g, uint32_t actor, int64_t low, int64_t span)
{
    if (g->count == g->room) {
        size_t room = g->room ? 2 * g->room : 256;

        g->times = arena_grow(g->call->arena, g->times, g->room * sizeof *g->times,
                              room * sizeof *g->times);
        g->room = room;
    }
    g->times[g->count++] = (BusyTime){ actor, { low, low + span } };
}

static Fail add_times(Gathering *g, uint32_t number, const BusyActor *actor)
{
    Db        *db = g->session->db;
    Statement *s;
    int64_t    param;
    Step       step;

    TRY(find_param(g, index_key_busy(g->call->arena, actor->type, actor->id), &param));
    if (!param)
        return OK;
    s = db_statement(db, times_sql);
    TRY_STATEMENT(g->call, db, s);
    bind_int(s, param);
    bind_int(s, g->within.low - LONGEST_US - 1);
    bind_int(s, g->within.high);
    bind_int(s, g->within.low);
    while ((step = statement_step(s)) == STEP_ROW)
        if (!has_ended(g, row_int(s, 2)))
            add_time(g, number, row_int(s, 0), row_int(s, 1));
    statement_reset(s);
    return step == STEP_FAILED ? db_fail(g->call, db) : OK;
}

static Fail gather(Gathering *g, const BusyActor *actors, size_t count)
{
    TRY(find_ended(g));
    for (size_t i = 0; i < count; i++)
        TRY(add_times(g, (uint32_t)i, &actors[i]));
    return OK;
}

Fail store_busy_times(Call *c, Session *s, const Permit *permit, const BusyActor *actors,
                      size_t count, Moment within, BusyTime **out, size_t *out_count)
{
    Gathering g = { .call = c, .session = s, .within = within };
    Fail      result;

    TRY(session_enter(c, s, permit));
    result = gather(&g, actors, count);
    session_leave(s);
    TRY(result);
    *out = g.times;
    *out_count = g.count;
    return OK;
}
