/*
 * What other threads have for the thread of a connection: replies that may go out, and new
 * connections. However much is put in at once, the thread is woken once.
 */
#ifndef SERVER_INBOX_H
#define SERVER_INBOX_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "server/exchange.h"

enum { ARRIVALS_MAX = 256 };

typedef struct Arrival {
    int                     socket;
    socklen_t               len;
    struct sockaddr_storage address;
} Arrival;

typedef struct Inbox {
    int                 wake;    /* an eventfd: readable while something may be in */
    _Atomic(Exchange *) replies; /* the last put in first */
    pthread_mutex_t     lock;    /* of the arrivals */
    size_t              arrival_count;
    Arrival             arrivals[ARRIVALS_MAX];
} Inbox;

void inbox_open(Inbox *in);
void inbox_close(Inbox *in);

/* Makes the eventfd readable. */
void inbox_wake(Inbox *in);

/* Any thread. The exchange may be gone when this returns. */
void inbox_put_reply(Inbox *in, Exchange *x);

/* Any thread. False if there is no room now. */
bool inbox_put_arrival(Inbox *in, const Arrival *arrival);

/* For the thread itself: ends what the eventfd says, … */
void inbox_quiet(Inbox *in);

/* … then takes all replies, linked by `next` in the order they were put in, … */
Exchange *inbox_take_replies(Inbox *in);

/* … and the arrivals; `out` has room for ARRIVALS_MAX. */
size_t inbox_take_arrivals(Inbox *in, Arrival *out);

#endif
