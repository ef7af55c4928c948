/* One listener of the HTTP library. http.c is the only file that knows which library it is. */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include "server/exchange.h"

typedef struct HttpOptions {
    int      socket;           /* listening; taken over */
    Str      certificate, key; /* PEM texts with a NUL behind them; empty: no TLS */
    unsigned threads;
    unsigned connections;
    bool     owner; /* the owner's socket: peers are checked by user */
} HttpOptions;

/* NULL if the library refuses (bad certificate, no threads). */
Http *http_start(Server *server, const HttpOptions *options);

/* Takes no more connections; those that are open go on. */
void http_quiesce(Http *http);

/* Closes what is open and ends the threads. No exchange may be waiting any more. */
void http_stop(Http *http);

#endif
