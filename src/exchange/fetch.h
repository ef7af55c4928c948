/*
 * Getting something from an address that somebody else named: the one way out of the server.
 * An address could lead to what is reachable from here only (the machine itself, the practice's
 * network, a cloud's metadata), so what is looked at is the address that a connection is really
 * made to, not what a name meant a moment before. Security rule B7 (SSRF).
 *
 * https only, certificate checked, no redirects, no proxy, no cookies, no user names; to public
 * addresses only. Where the administrator names an origin ("https://host[:port]",
 * "http://host:port"), that origin may also be in a private network, and without TLS.
 */
#ifndef EXCHANGE_FETCH_H
#define EXCHANGE_FETCH_H

#include "base/call.h"

enum { FETCH_MS = 5000, FETCH_CONNECT_MS = 3000 };

typedef struct FetchAsked {
    Str    url;
    Str    accept;  /* a media type */
    Str    allowed; /* origins, separated by spaces; or empty */
    size_t bytes_max;
} FetchAsked;

typedef struct Fetched {
    Str      body;
    unsigned fresh_s; /* how long it may be kept: of Cache-Control; 0 not at all */
    bool     fresh_said;
} Fetched;

/* FAIL_FORBIDDEN where it may not be fetched, FAIL_NOT_FOUND if there is no good answer (200). Says
 * nothing of what is there. */
Fail fetch_get(Call *c, const FetchAsked *asked, Fetched *out) MUST_USE;

/* Whether a connection may be made to that address ("10.0.0.1", "::1"): it is public. */
bool fetch_address_public(const char *address);

#endif
