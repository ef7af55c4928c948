/*
 * Reads that wait for their audit records without their connections being suspended. A lane's thread
 * gathers those it has answered in one round, hands their records to the store as one, and waits for
 * the commit itself; the library then asks for each answer again. Suspending and resuming each of
 * them would cost more than the record. If the commit takes long, they are suspended all the same.
 */
#ifndef SERVER_HELD_H
#define SERVER_HELD_H

#include "server/exchange.h"

enum { HELD_MAX = 256 };

/* Of one lane; zeroed at first. Its thread alone uses it. */
typedef struct Held {
    Exchange   *first;
    size_t      count;
    AuditRecord records[HELD_MAX]; /* of one round, put together at its end */
} Held;

/* False if there is no room: then it is to be suspended. */
bool held_add(Held *h, Exchange *x);

/* Of one whose connection ends: its record is written, not waited for. */
void held_forget(Held *h, Exchange *x);

/* When the round is over. Afterwards none is held: each may be answered or is suspended. */
void held_settle(Held *h, Server *server);

#endif
