/*
 * Each thread that answers calls has a desk: a session of its own, opened when it is first
 * wanted. For searches there are a few desks more, lent for one call each. A session may keep its
 * snapshot of the database between calls; so that one whose thread has nothing to do does not hold
 * the write-ahead log back, the guard lets it rest, and after some seconds takes the memory back in
 * which it kept pages.
 */
#include "server/exchange.h"

#include <malloc.h>
#include <time.h>

#include "base/clock.h"
#include "base/ensure.h"

enum {
    SHRINK_TICKS = 100, /* of the guard without a call */
    PATIENCE_MS = 4,    /* most searches are done by then */
};

static _Thread_local Desk   *desk;
static _Thread_local Server *desk_server;

void *server_memory(Server *server, size_t count, size_t size)
{
    void *memory;

    pthread_mutex_lock(&server->lock);
    memory = arena_alloc(server->arena, count, size);
    pthread_mutex_unlock(&server->lock);
    return memory;
}

static Desk *desk_new(Server *server)
{
    Desk *d = server_memory(server, 1, sizeof *d);

    ENSURE(pthread_mutex_init(&d->lock, NULL) == 0);
    pthread_mutex_lock(&server->lock);
    d->next = server->desks;
    server->desks = d;
    pthread_mutex_unlock(&server->lock);
    return d;
}

Desk *desk_here(Server *server)
{
    if (desk_server != server) {
        desk = desk_new(server);
        desk_server = server;
    }
    return desk;
}

/* ---- desks that are lent ---- */

void desks_prepare(Server *server, unsigned count)
{
    server->lent = server_memory(server, count, sizeof *server->lent);
    for (unsigned i = 0; i < count; i++) {
        server->lent[i] = desk_new(server);
        server->lent[i]->roomy = true;
    }
    server->lent_count = count;
    ENSURE(pthread_mutex_init(&server->lending, NULL) == 0);
    clock_condition_init(&server->returned);
}

/* One that lies there, the first in the row; else until when it is worth waiting. */
static Desk *desk_lying(Server *server, uint64_t *until_ms)
{
    *until_ms = 0;
    for (unsigned i = 0; i < server->lent_count; i++) {
        Desk *d = server->lent[i];

        if (!d->lent_ms)
            return d;
        if (d->lent_ms + PATIENCE_MS > *until_ms)
            *until_ms = d->lent_ms + PATIENCE_MS;
    }
    return NULL;
}

Desk *desk_borrow(Server *server)
{
    uint64_t now_ms = clock_monotonic_ms(), until_ms;
    Desk    *found;

    pthread_mutex_lock(&server->lending);
    while (!(found = desk_lying(server, &until_ms)) && until_ms > now_ms) {
        struct timespec until = { (time_t)(until_ms / 1000),
                                  (long)(until_ms % 1000) * 1000000 };

        (void)pthread_cond_timedwait(&server->returned, &server->lending, &until);
        now_ms = clock_monotonic_ms();
    }
    if (found)
        found->lent_ms = now_ms ? now_ms : 1;
    pthread_mutex_unlock(&server->lending);
    return found;
}

void desk_give_back(Server *server, Desk *d)
{
    pthread_mutex_lock(&server->lending);
    d->lent_ms = 0;
    pthread_mutex_unlock(&server->lending);
    pthread_cond_signal(&server->returned);
}

/* ---- rest ---- */

/* True if it has given memory back. */
static bool desk_rest(Desk *d)
{
    bool shrinks;

    d->idle_ticks = d->used ? 0 : d->idle_ticks + 1;
    d->used = false;
    shrinks = d->session && d->idle_ticks == SHRINK_TICKS;
    if (shrinks)
        session_shrink(d->session);
    else if (d->session && d->idle_ticks == 1)
        session_rest(d->session);
    return shrinks;
}

void desks_rest(Server *server)
{
    bool  shrunk = false;
    Desk *d;

    pthread_mutex_lock(&server->lock);
    d = server->desks;
    pthread_mutex_unlock(&server->lock);
    for (; d; d = d->next) {
        if (pthread_mutex_trylock(&d->lock) != 0)
            continue;
        shrunk |= desk_rest(d);
        pthread_mutex_unlock(&d->lock);
    }
    if (shrunk)
        malloc_trim(0);
}

static void desk_clear(Desk *d)
{
    for (Exchange *x = d->free; x; x = x->next)
        arena_destroy(x->arena);
    if (d->session)
        session_close(d->session);
    pthread_mutex_destroy(&d->lock);
}

void desks_clear(Server *server)
{
    for (Desk *d = server->desks; d; d = d->next)
        desk_clear(d);
    server->desks = NULL;
    pthread_cond_destroy(&server->returned);
    pthread_mutex_destroy(&server->lending);
}
