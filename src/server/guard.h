/*
 * The guard watches all connections and closes those whose client is too slow to be honest:
 * headers that do not end, bodies that trickle, answers that are not read, silence. The HTTP
 * library forgets its own timer with every byte, so it cannot do this. Security 1.2, first row.
 *
 * A connection is known by its Link. The library's threads say what phase it is in; the guard's
 * own thread looks around about once a second.
 */
#ifndef SERVER_GUARD_H
#define SERVER_GUARD_H

#include <stdatomic.h>

#include "base/arena.h"

typedef enum LinkPhase {
    LINK_IDLE,    /* waiting for a request */
    LINK_HEADERS, /* a request line is there, the headers are not */
    LINK_BODY,
    LINK_WORK,   /* the server's turn */
    LINK_ANSWER, /* the answer is on its way */
} LinkPhase;

typedef struct Link {
    int              socket; /* -1: free */
    bool             linger; /* the answer left before the request was read: see guard_remove */
    bool             closing; /* the guard has cut it */
    char             address[64];
    _Atomic uint8_t  phase;
    _Atomic uint32_t turns;      /* how often the phase changed */
    _Atomic uint64_t since_ms;   /* when the phase began */
    _Atomic uint64_t body_bytes; /* in LINK_BODY */
    /* the guard's own notes, of its last look: */
    uint32_t         seen_turns;
    uint64_t         seen_in, seen_out; /* bytes that came and went on the socket */
    uint64_t first_byte_ms; /* in LINK_IDLE: when a new request was first seen to come */
    uint64_t progress_ms;   /* in LINK_ANSWER: when something was last taken … */
    uint64_t taken_before;  /* … and what had been taken when it began */
    uint32_t next_free;
} Link;

typedef struct Guard Guard;

/* A guard for that many connections; `tick` is called now and then on the guard's thread. */
Guard *guard_start(Arena *a, unsigned connections, void (*tick)(void *context), void *context);
void   guard_stop(Guard *g);

/* NULL if there is no room. `address` may be empty. */
Link *guard_add(Guard *g, int socket, Str address);

/* Before the socket is closed. If link->linger is set, what the client still sends is read
 * and thrown away for a moment, so that our answer is not lost to a reset of the connection. */
void guard_remove(Guard *g, Link *link);

void link_enter(Link *link, LinkPhase phase);

#endif
