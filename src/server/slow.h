/*
 * The slow lane: calls that only read and have used up what a worker gives one call go on here, from
 * their beginning, on a few threads that run when the machine has nothing better to do. So what takes
 * long, meant well or not, hardly delays what does not. ADR 0021.
 */
#ifndef SERVER_SLOW_H
#define SERVER_SLOW_H

#include "server/exchange.h"

/* With one thread more than one client may have at work. */
Slow *slow_start(Server *server, unsigned cores);

/* The exchange will be answered here. False if too many wait already, of all or of that client. */
bool slow_put(Slow *slow, Exchange *x);

/* When nothing waits any more. */
void slow_stop(Slow *slow);

#endif
