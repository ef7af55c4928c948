/* A ring, a lock, a condition: see queue.h. */
#include "base/queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/ensure.h"

struct Queue {
    pthread_mutex_t lock;
    pthread_cond_t  filled;
    size_t          room, head, length;
    size_t          waiting;
    bool            closed;
    void           *items[];
};

Queue *queue_create(size_t room)
{
    Queue *q = calloc(1, sizeof *q + room * sizeof q->items[0]);

    ENSURE(q && room);
    q->room = room;
    ENSURE(pthread_mutex_init(&q->lock, NULL) == 0);
    clock_condition_init(&q->filled);
    return q;
}

void queue_destroy(Queue *q)
{
    if (!q)
        return;
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

bool queue_put(Queue *q, void *item)
{
    bool taken, wake;

    pthread_mutex_lock(&q->lock);
    taken = !q->closed && q->length < q->room;
    if (taken)
        q->items[(q->head + q->length++) % q->room] = item;
    wake = taken && q->waiting;
    pthread_mutex_unlock(&q->lock);
    if (wake)
        pthread_cond_signal(&q->filled);
    return taken;
}

static struct timespec after_ms(int ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

size_t queue_take_many(Queue *q, void **items, size_t most, int wait_ms)
{
    struct timespec until = { 0 };
    bool            timed_out = false;
    size_t          n = 0;

    if (wait_ms > 0)
        until = after_ms(wait_ms);
    pthread_mutex_lock(&q->lock);
    while (q->length == 0 && !q->closed && !timed_out && wait_ms != 0) {
        q->waiting++;
        if (wait_ms < 0)
            pthread_cond_wait(&q->filled, &q->lock);
        else
            timed_out = pthread_cond_timedwait(&q->filled, &q->lock, &until) != 0;
        q->waiting--;
    }
    while (n < most && q->length) {
        items[n++] = q->items[q->head];
        q->head = (q->head + 1) % q->room;
        q->length--;
    }
    pthread_mutex_unlock(&q->lock);
    return n;
}

void *queue_take(Queue *q, int wait_ms)
{
    void *item = NULL;

    queue_take_many(q, &item, 1, wait_ms);
    return item;
}

void queue_close(Queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_mutex_unlock(&q->lock);
    pthread_cond_broadcast(&q->filled);
}

bool queue_closed(Queue *q)
{
    bool closed;

    pthread_mutex_lock(&q->lock);
    closed = q->closed;
    pthread_mutex_unlock(&q->lock);
    return closed;
}

size_t queue_length(Queue *q)
{
    size_t length;

    pthread_mutex_lock(&q->lock);
    length = q->length;
    pthread_mutex_unlock(&q->lock);
    return length;
}
