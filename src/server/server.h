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
    Str      fetch_from;   /* origins that may be fetched from, though in a private network */
    bool     behind_proxy; /* TLS is done in front: plain HTTP beyond loopback is wanted */
    unsigned workers;      /* 0: a default for the machine */
    Str      messages;     /* file with the settings for messages out; empty: none go out */
    bool     quiet;        /* no line for each call */
    Str      folder;       /* where the owner's socket is to be; empty: none */
} ServerOptions;

/* An address that is taken, before anything answers there. */
typedef struct Listening {
    int socket;
    Str url;      /* "http://127.0.0.1:8080" */
    Str base_url; /* what clients are told: the option of that name, or `url` */
} Listening;

/* Takes the address. Refuses plain HTTP beyond loopback (FAIL_FORBIDDEN), an address that is
 * not one (FAIL_VALUE), a port that is taken (FAIL_CONFLICT), unusable certificate options. */
Fail server_listen(Call *c, const ServerOptions *options, Listening *out) MUST_USE;

/* Answers there; returns when it does. The address is given up if it fails. The options' texts
 * need not outlive the call. */
Fail server_start(Call *c, Store *store, const ServerOptions *options,
                  const Listening *listening, Server **out) MUST_USE;

/* Takes no more connections, finishes the calls under way (for ten seconds at most), stops.
 * False if some did not come to an end: their threads still use the store, so it must not be
 * closed, and the process had best end at once. What was acknowledged is durable. */
bool server_stop(Server *s);

#endif
