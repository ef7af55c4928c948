/*
 * Requests of a crash test carried out in this process, without HTTP: as the server would, but
 * for the socket. One Direct belongs to one thread.
 */
#ifndef TEST_CRASH_DIRECT_H
#define TEST_CRASH_DIRECT_H

#include "access/principal.h"
#include "test/crash/load.h"

typedef struct Direct {
    Store    *store;
    Session  *session;
    Arena    *arena; /* of one request */
    Arena    *kept;  /* of the session */
    Call      call;  /* of the session */
    Principal principal;
} Direct;

/* The store in a folder, on the recording VFS if `recorded`; made if it is not there. NULL if
 * it does not open: then the call's issues say why. */
Store *direct_open_store(Call *c, Str folder, bool recorded);

/* False if no session can be had. */
bool direct_begin(Direct *d, Store *store);
void direct_end(Direct *d);

/* A LoadSend; its context is a Direct. */
bool direct_send(void *context, const LoadRequest *request, LoadAnswer *out);

/* The text of what the call noted, for a test's complaint. */
const char *direct_why(const Call *c);

#endif
