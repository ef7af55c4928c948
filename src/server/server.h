/* The listeners and what is behind them: HTTP and the owner's socket. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "store/store.h"

typedef struct Server Server;

typedef struct ServerOptions {
    Str      listen;      /* "127.0.0.1:8080", "[::1]:8080"; port 0 takes a free one */
    Str      base_url;    /* public address without /fhir, or empty: made from listen */
    Str      certificate; /* PEM files; both or neither */
    Str      key;
    bool     behind_proxy; /* TLS is done in front: plain HTTP beyond loopback is wanted */
    unsigned workers;     /* 0: a default for the machine */
    bool     quiet;       /* no line for each call */
} ServerOptions;

/* Listens; returns when it is ready. Refuses plain HTTP beyond loopback. */
Fail server_start(Call *c, Store *store, const ServerOptions *options, Server **out) MUST_USE;

/* "http://127.0.0.1:8080" */
Str server_url(const Server *s);

/* Finishes calls under way (at most a few seconds) and stops. */
void server_stop(Server *s);

#endif
