/* One round's reads, and who wakes whom: see held.h. */
#include "server/held.h"

#include <errno.h>
#include <time.h>

#include "base/ensure.h"

enum { PATIENCE_US = 2000 }; /* a commit takes less, unless much else is written */

/* What becomes of a batch is said in its first exchange. Whoever changes the state second, the store's
 * thread by DONE or the lane's by LEFT, tells the exchanges. */
enum { BATCH_AWAITED, BATCH_LEFT, BATCH_DONE };

bool held_add(Held *h, Exchange *x)
{
    if (h->count == HELD_MAX)
        return false;
    h->count++;
    x->held_next = h->first;
    h->first = x;
    return true;
}

static void not_waited_for(void *context, Fail result)
{
    (void)context, (void)result;
}

void held_forget(Held *h, Exchange *x)
{
    Exchange **at = &h->first;

    while (*at && *at != x)
        at = &(*at)->held_next;
    ENSURE(*at);
    *at = x->held_next;
    h->count--;
    atomic_fetch_sub(&x->server->waiting, 1);
    (void)store_audit_then(x->server->store, &x->reply.audit, 1, not_waited_for, NULL);
}

static void go_on(Exchange *x, Fail result)
{
    x->late = result;
    x->held = false;
    atomic_fetch_sub(&x->server->waiting, 1);
}

/* Each may be gone as soon as it is resumed, the first one with what is said in it. */
static void resume_all(Exchange *first, Fail result)
{
    for (Exchange *x = first, *next; x; x = next) {
        next = x->held_next;
        x->late = result;
        x->held = false;
        exchange_resume(x);
    }
}

/* On the store's writer thread. */
static void audited(void *context, Fail result)
{
    Exchange *first = context;

    first->batch.result = result;
    if (atomic_exchange(&first->batch.state, BATCH_DONE) == BATCH_LEFT)
        resume_all(first, result);
    else
        sem_post(&first->batch.done);
}

static struct timespec patience_end(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += PATIENCE_US * 1000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

/* False: not yet. */
static bool await(Exchange *first)
{
    struct timespec until = patience_end();
    int             result;

    while ((result = sem_clockwait(&first->batch.done, CLOCK_MONOTONIC, &until)) != 0
           && errno == EINTR)
        continue;
    return result == 0;
}

/* Suspended first, because from then on they may be resumed at any moment. */
static void leave(Exchange *first)
{
    int expected = BATCH_AWAITED;

    for (Exchange *x = first; x; x = x->held_next)
        http_suspend(x);
    if (atomic_compare_exchange_strong(&first->batch.state, &expected, BATCH_LEFT))
        return;
    while (sem_wait(&first->batch.done) != 0)
        continue;
    resume_all(first, first->batch.result);
}

void held_settle(Held *h, Server *server)
{
    Exchange *first = h->first;
    size_t    count = 0;
    Fail      result = FAIL_BUSY;

    for (const Exchange *x = first; x; x = x->held_next)
        h->records[count++] = x->reply.audit;
    h->first = NULL;
    h->count = 0;
    if (!first)
        return;
    atomic_store(&first->batch.state, BATCH_AWAITED);
    ENSURE(sem_init(&first->batch.done, 0, 0) == 0);
    if (store_audit_then(server->store, h->records, count, audited, first)) {
        if (!await(first)) {
            leave(first);
            return;
        }
        ENSURE(atomic_load(&first->batch.state) == BATCH_DONE);
        result = first->batch.result;
    }
    sem_destroy(&first->batch.done);
    for (Exchange *x = first, *next; x; x = next) {
        next = x->held_next;
        go_on(x, result);
    }
}
