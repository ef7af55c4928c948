/* Looking for reminders, now and then: see remind.h. */
#include "server/remind.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "base/log.h"
#include "practice/reminder.h"

enum {
    REST_S = 5,       /* at least, and … */
    REST_SHARE = 200, /* … so many times what a look took: half a percent of a core */
    REST_S_MAX = 120,
};

struct Remind {
    Arena          *arena; /* as long as the thread */
    Arena          *work;  /* of one look */
    Store          *store;
    Session        *session;
    Str             base;
    pthread_t       thread;
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    bool            stopping;
};

static Fail look(Remind *r, Call *c, uint32_t *put)
{
    if (setjmp(*arena_boundary(c->arena)))
        return FAIL_TOO_COSTLY;
    return reminder_look(c, r->session, r->base, put);
}

static void look_once(Remind *r)
{
    uint32_t put = 0;
    Call     call;
    Fail     result;

    arena_reset(r->work);
    call_begin(&call, r->work);
    result = look(r, &call, &put);
    session_rest(r->session);
    if (result != OK)
        log_event(LOG_LEVEL_ERROR, "reminders_not_worked_out", NULL, 0);
    else if (put)
        log_event(LOG_LEVEL_INFO, "reminders",
                  &(LogField){ .name = "count", .number = (int64_t)put }, 1);
}

/* True when it is to end. */
static bool rest(Remind *r, uint64_t took_us)
{
    uint64_t        rest_s = took_us * REST_SHARE / 1000000;
    struct timespec until;
    bool            stopping;

    rest_s = rest_s < REST_S ? REST_S : rest_s > REST_S_MAX ? REST_S_MAX : rest_s;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)rest_s;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping)
        if (pthread_cond_timedwait(&r->changed, &r->lock, &until) == ETIMEDOUT)
            break;
    stopping = r->stopping;
    pthread_mutex_unlock(&r->lock);
    return stopping;
}

static void *remind_main(void *context)
{
    Remind  *r = context;
    uint64_t began_us;

    do {
        began_us = clock_thread_us();
        look_once(r);
    } while (!rest(r, clock_thread_us() - began_us));
    return NULL;
}

Remind *remind_start(Store *s, Str base)
{
    Arena  *arena = arena_create(LIMIT_CALL_BYTES);
    Remind *r = NEW(arena, Remind);
    Call    call;

    r->arena = arena;
    r->work = arena_create(LIMIT_CALL_BYTES);
    r->store = s;
    r->base = arena_str(arena, base);
    call_begin(&call, r->work);
    ENSURE(session_open(&call, s, &r->session) == OK);
    ENSURE(pthread_mutex_init(&r->lock, NULL) == 0);
    clock_condition_init(&r->changed);
    ENSURE(pthread_create(&r->thread, NULL, remind_main, r) == 0);
    return r;
}

void remind_stop(Remind *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    session_close(r->session);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    arena_destroy(r->work);
    arena_destroy(r->arena);
}
