/*
 * Exchange: one request and its answer on a connection, from its first line until the answer
 * is sent, and the memory both live in. Between these it may wait: for a worker, for its audit
 * record. http.c moves the bytes; here is what is done with them.
 *
 * An exchange is touched by one thread at a time: the connection's own, then perhaps a worker,
 * then perhaps the store's writer, then the connection's own again.
 */
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

#include <pthread.h>

#include "base/queue.h"
#include "server/guard.h"
#include "server/reply.h"
#include "server/server.h"

typedef struct Exchange Exchange;
typedef struct Desk     Desk;
typedef struct Http     Http;
typedef struct Round    Round;
typedef struct Slow     Slow;

/* Where a thread keeps what it works with; or one that is lent, for a search. */
struct Desk {
    Desk           *next; /* of all desks */
    pthread_mutex_t lock; /* of the session: its thread, or the guard that lets it rest */
    Session        *session;
    bool            roomy;      /* the session keeps many pages */
    uint64_t        lent_ms;    /* of one that is lent: when; 0: it lies there */
    bool            used;       /* since the guard's last tick */
    unsigned        idle_ticks; /* for how long it was not */
    Exchange       *free;       /* exchanges to use again; of connection threads */
    size_t          free_count;
};

struct Server {
    Arena           *arena; /* of what lives as long as the server; under `lock` */
    pthread_mutex_t  lock;
    Desk            *desks;
    Store           *store;
    pthread_mutex_t  lending; /* of the desks that are lent */
    pthread_cond_t   returned;
    Desk           **lent; /* the first of them that lies there */
    unsigned         lent_count;
    ReplyContext     context, quick_context;
    Str              url, folder;
    Queue           *queue; /* of exchanges, for the workers */
    pthread_t       *workers;
    unsigned         worker_count;
    Slow            *slow;
    struct Courier  *courier; /* messages out; NULL: none */
    struct Remind   *remind;
    Guard           *guard;
    uint64_t         trimmed_ms; /* of the guard: when memory was given back last */
    Http            *front, *owner;
    bool             quiet;
    _Atomic bool     stopping;  /* answers close their connection */
    _Atomic bool     stopped;   /* nothing may wait any more: calls are refused */
    _Atomic uint32_t under_way; /* exchanges from their headers to their end */
    _Atomic uint32_t waiting;   /* suspended and held ones */
};

struct Exchange {
    Exchange *next; /* in a desk's list, in its lane's inbox, a round, or the slow lane */
    Server   *server;
    Arena    *arena;
    Call      call;
    Request   request;
    Reply     reply;
    void     *connection; /* of the HTTP library */
    void     *lane;       /* http.c's: whose thread the connection is on */
    Str       target;     /* http.c's: where the target lay in the library's memory */
    Link     *link;
    uint64_t  began_us;
    uint64_t  body_expected; /* Content-Length, or UINT64_MAX where it is not known */
    size_t    body_max;
    Buf       body;
    bool      has_body;
    bool   waiting; /* the connection's thread is told when it may go on: it is suspended … */
    Round *round;   /* … or, where this is given, held (held.h) */
    bool   counted; /* in Server.under_way */
    bool   closing; /* the connection is of no use behind this answer */
    Fail   late;    /* a failure behind reply_make() */
};

/* Begins with the request's target as sent: path, '?', query; or a whole address. */
Exchange *exchange_begin(Server *server, Link *link, Str target, bool owner);

/* The headers are in (exchange->request). Returns false if the body need not be read: then the
 * exchange is answered as by exchange_answer(), `ready` telling what that returned. */
bool exchange_take_head(Exchange *x, bool *ready);

/* Refuses the request before or while its body comes in. The first refusal stays. */
void exchange_refuse(Exchange *x, Fail why, int status, const char *text);

/* More of the body. False if it is too much: the exchange is refused. */
bool exchange_take_body(Exchange *x, Str bytes);

/* The request is whole. True: exchange->reply may be sent. False: the connection was suspended
 * and will be resumed when it may, or it is held until then. */
bool exchange_answer(Exchange *x);

/* What began on a worker and took too long there, on one of the slow lane's threads (slow.h). */
void exchange_answer_long(Exchange *x);

/* The reply to a request that was refused in the middle of its body; for at once. */
void exchange_answer_refusal(Exchange *x);

/* After a resume, or no longer held: the reply is there. */
void exchange_conclude(Exchange *x);

/* The answer was sent, or the connection lost. `sent` is which. */
void exchange_end(Exchange *x, bool sent);

/* ---- threads ---- */

/* Zeroed memory that lives as long as the server; from any thread. */
void *server_memory(Server *server, size_t count, size_t size);

/* This thread's desk, with a session. */
Desk *desk_here(Server *server);

/* A desk for reading, with a session whose pages and statements are warm. NULL if for a moment
 * none was given back: those who have them take long, so do it at your own. */
Desk *desk_borrow(Server *server);
void  desk_give_back(Server *server, Desk *desk);

/* Makes the desks that are lent. */
void desks_prepare(Server *server, unsigned count);

/* Lets sessions that nobody uses at the moment rest. */
void desks_rest(Server *server);

/* Ends all sessions and gives back what the desks hold. When their threads are gone. */
void desks_clear(Server *server);

/* A worker's life. */
void *worker_run(void *server);

/* ---- http.c ---- */

/* On the connection's thread, of an answer to a whole request: see held.h. */
void http_hold(Exchange *x);
void http_suspend(Exchange *x);
void http_resume(Exchange *x);

#endif
