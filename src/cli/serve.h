/* Serving a data folder until told to end: `hale serve`, and what builds on it. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "server/server.h"

typedef struct Serving {
    const char   *command; /* for complaints: "serve" */
    ServerOptions server;  /* its folder is the data folder */
    /* Called when the store is open and nobody is served yet; NULL if there is nothing to do. */
    Fail (*prepare)(Call *c, Store *store, void *context);
    void *context;
} Serving;

/* Opens the data folder (makes it at the first start), listens, prints "listening on URL" on
 * standard output, and serves until SIGTERM or SIGINT. Returns the exit status. */
int serve_folder(const Serving *serving);

#endif
