/* Sockets to listen on, and the files of TLS: opened, checked, refused with a sentence. */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include "base/call.h"

typedef struct Listener {
    int  socket;
    Str  authority; /* "127.0.0.1:8080", "[::1]:8080": with the port that was really taken */
    bool loopback;
} Listener;

/* "ADDR:PORT", "[ADDR]:PORT" or "localhost:PORT"; port 0 takes a free one. FAIL_VALUE for an
 * address that is not one, FAIL_CONFLICT if the port is taken, FAIL_FORBIDDEN if it may not be
 * taken. */
Fail listen_open(Call *c, Str address, Listener *out) MUST_USE;

/* The owner's socket "hale.sock" in the data folder, for its owner alone (0600). What an
 * earlier process left behind is removed: whoever holds the folder's lock is alone. */
Fail listen_open_owner(Call *c, Str folder, int *out) MUST_USE;
void listen_remove_owner(Str folder);

/* Connects to it. FAIL_NOT_FOUND if nobody listens there. */
Fail listen_call_owner(Call *c, Str folder, int *out) MUST_USE;

/* The user at the other end of a connection of that socket. */
bool listen_peer_is_owner(int socket);

/* A small file's text with a NUL behind it. A secret one must not be readable by others. */
Fail listen_read_file(Call *c, Str path, bool secret, Str *out) MUST_USE;

/* A PEM file's text with a NUL behind it. A secret one must not be readable by others. */
Fail listen_read_pem(Call *c, Str path, bool secret, Str *out) MUST_USE;

#endif
