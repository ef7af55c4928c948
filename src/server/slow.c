/* A list, its threads, and whose turn it is: see slow.h. */
#include "server/slow.h"

#include <sched.h>
#include <sys/resource.h>

#include "base/ensure.h"
#include "base/limits.h"

enum { NICENESS = 19 };

typedef struct SlowThread {
    Slow     *slow;
    pthread_t thread;
    bool      busy;
    uint32_t  client; /* whose call it has, while busy */
} SlowThread;

struct Slow {
    Server         *server;
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    Exchange       *first, *last;
    unsigned        waiting, thread_count;
    bool            ending;
    SlowThread      threads[];
};

/* By the token. Nobody's calls are few and all alike. */
static uint32_t client_of(const Exchange *x)
{
    return x->reply.audit.grant;
}

static unsigned at_work(const Slow *s, uint32_t client)
{
    unsigned count = 0;

    for (unsigned i = 0; i < s->thread_count; i++)
        count += s->threads[i].busy && s->threads[i].client == client;
    return count;
}

/* The first whose client has less than all threads but one. */
static Exchange *take_next(Slow *s)
{
    Exchange *before = NULL, *x = s->first;

    while (x && at_work(s, client_of(x)) + 1 >= s->thread_count) {
        before = x;
        x = x->next;
    }
    if (!x)
        return NULL;
    if (before)
        before->next = x->next;
    else
        s->first = x->next;
    if (s->last == x)
        s->last = before;
    s->waiting--;
    return x;
}

/* Whoever has nothing else to do: a thread that becomes ready again is preferred at once. */
static void step_back(void)
{
    const struct sched_param none = { 0 };

    if (sched_setscheduler(0, SCHED_IDLE, &none) != 0)
        (void)setpriority(PRIO_PROCESS, 0, NICENESS); /* of this thread, on Linux */
}

static void *run(void *context)
{
    SlowThread *t = context;
    Slow       *s = t->slow;
    Exchange   *x = NULL;

    step_back();
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!(x = take_next(s)) && !s->ending)
            pthread_cond_wait(&s->changed, &s->lock);
        if (!x)
            break;
        t->client = client_of(x);
        t->busy = true;
        pthread_mutex_unlock(&s->lock);
        exchange_answer_long(x);
        pthread_mutex_lock(&s->lock);
        t->busy = false;
        if (s->first)
            pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

Slow *slow_start(Server *server, unsigned cores)
{
    unsigned count = cores + 1;
    Slow    *s = server_memory(server, 1, sizeof *s + count * sizeof s->threads[0]);

    s->server = server;
    ENSURE(pthread_mutex_init(&s->lock, NULL) == 0);
    ENSURE(pthread_cond_init(&s->changed, NULL) == 0);
    s->thread_count = count;
    for (unsigned i = 0; i < count; i++) {
        s->threads[i].slow = s;
        ENSURE(pthread_create(&s->threads[i].thread, NULL, run, &s->threads[i]) == 0);
    }
    return s;
}

bool slow_put(Slow *s, Exchange *x)
{
    unsigned of_client = 0;
    bool     room;

    pthread_mutex_lock(&s->lock);
    for (const Exchange *other = s->first; other; other = other->next)
        of_client += client_of(other) == client_of(x);
    room = s->waiting < LIMIT_LONG_CALLS && of_client < LIMIT_LONG_CALLS / 4;
    if (room) {
        x->next = NULL;
        if (s->last)
            s->last->next = x;
        else
            s->first = x;
        s->last = x;
        s->waiting++;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return room;
}

void slow_stop(Slow *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < s->thread_count; i++)
        pthread_join(s->threads[i].thread, NULL);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
}
