/* A stack without a lock and a small list with one: see inbox.h. */
#include "server/inbox.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/ensure.h"

void inbox_open(Inbox *in)
{
    in->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ENSURE(in->wake >= 0);
    ENSURE(pthread_mutex_init(&in->lock, NULL) == 0);
    atomic_store(&in->replies, NULL);
}

void inbox_close(Inbox *in)
{
    close(in->wake);
    pthread_mutex_destroy(&in->lock);
}

void inbox_wake(Inbox *in)
{
    uint64_t one = 1;
    ssize_t  n = write(in->wake, &one, sizeof one); /* fails only where it is awake anyway */

    (void)n;
}

/* Who finds it empty wakes the thread; the others' come along. */
void inbox_put_reply(Inbox *in, Exchange *x)
{
    Exchange *top = atomic_load_explicit(&in->replies, memory_order_relaxed);

    do
        x->next = top;
    while (!atomic_compare_exchange_weak(&in->replies, &top, x));
    if (!top)
        inbox_wake(in);
}

bool inbox_put_arrival(Inbox *in, const Arrival *arrival)
{
    bool first, room;

    pthread_mutex_lock(&in->lock);
    first = in->arrival_count == 0;
    room = in->arrival_count < ARRIVALS_MAX;
    if (room)
        in->arrivals[in->arrival_count++] = *arrival;
    pthread_mutex_unlock(&in->lock);
    if (first)
        inbox_wake(in);
    return room;
}

void inbox_quiet(Inbox *in)
{
    uint64_t unused;
    ssize_t  n = read(in->wake, &unused, sizeof unused);

    (void)n;
}

Exchange *inbox_take_replies(Inbox *in)
{
    Exchange *x = atomic_exchange(&in->replies, NULL), *turned = NULL;

    while (x) {
        Exchange *next = x->next;

        x->next = turned;
        turned = x;
        x = next;
    }
    return turned;
}

size_t inbox_take_arrivals(Inbox *in, Arrival *out)
{
    size_t count;

    pthread_mutex_lock(&in->lock);
    count = in->arrival_count;
    memcpy(out, in->arrivals, count * sizeof *out);
    in->arrival_count = 0;
    pthread_mutex_unlock(&in->lock);
    return count;
}
