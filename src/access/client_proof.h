/*
 * Who a client is, by what it brings: a secret, a token signed with a key of its own
 * (private_key_jwt: RFC 7523 3, SMART App Launch 2.2 "Client Authentication: Asymmetric"), or,
 * if it is public, nothing. A client proves itself in the one way it was registered for.
 */
#ifndef ACCESS_CLIENT_PROOF_H
#define ACCESS_CLIENT_PROOF_H

#include "access/client.h"

enum {
    ASSERTION_SECONDS_MAX = 5 * 60,
    ASSERTION_SKEW_SECONDS = 60, /* how far clocks may differ */
    CLIENT_TRIES_MINUTE = 6000,  /* requests of one client */
};

/* Gives the keys that are kept at `uri`, as JWKS. `anew`: what is kept of an earlier time lacks the
 * key that is wanted. Failures mean that they cannot be had now. */
typedef Fail KeySource(void *context, Call *c, Str uri, bool anew, Str *keys);

typedef struct ClientProof {
    Str id; /* client_id; may be empty with an assertion */
    Str secret;
    Str assertion, assertion_type;
    Str audiences[2]; /* who we are, for the assertion: one of them */
    Str network;      /* throttle_network() of who asks */

    KeySource *source;
    void      *source_context;

    /* What comes of it. */
    Client      client;
    bool        known;  /* proven, and not disabled */
    const char *fault;  /* why not, for the audit: says no secret; or NULL */
    unsigned    wait_s; /* with FAIL_THROTTLED */
} ClientProof;

/* Fills what comes of it. FAIL_THROTTLED where the client asks too often. */
Fail client_prove(Call *c, Session *s, ClientProof *proof) MUST_USE;

bool client_has_keys(const Client *client);

#endif
