/*
 * Answers that wait for their audit records without their connections being taken out of the library's
 * hands. A lane's thread gathers those it has made in one round and hands their records to the store
 * as one; the library asks for each answer again whenever it is run, and is told "not yet" until the
 * round's commit is there. Taking a connection out and putting it in again costs five calls of the
 * system, this none. ADR 0020.
 */
#ifndef SERVER_HELD_H
#define SERVER_HELD_H

#include "server/inbox.h"

/* Of one lane; its thread alone uses all but `done`. */
typedef struct Held {
    Server          *server;
    Inbox           *inbox;     /* woken when a round's commit is there */
    Round           *gathering; /* NULL: none is held since the last was handed over */
    Round           *spare;
    _Atomic(Round *) done;
    size_t           count; /* exchanges held, of all rounds */
} Held;

void held_open(Held *h, Server *server, Inbox *inbox);

/* Exchange.round is set until its commit. */
void held_add(Held *h, Exchange *x);

/* Of one whose connection ends: its record is written all the same, not waited for. */
void held_forget(Held *h, Exchange *x);

/* Hands over what was gathered. */
void held_hand_over(Held *h);

/* Lets go those whose records are durable, or could not be made so (Exchange.late). */
void held_let_go(Held *h);

#endif
