/*
 * Telling an app who has signed in: a token that we sign (OpenID Connect Core 1.0, SMART App Launch
 * 2.2 "Scopes for requesting identity data"), and the keys it can be checked with.
 *
 * The first key is made when it is first wanted. A new one is published an hour before it signs,
 * and an old one stays as long as what it signed can be good, so that no app is surprised.
 */
#ifndef ACCESS_OPENID_H
#define ACCESS_OPENID_H

#include "store/people.h"

enum {
    ID_TOKEN_SECONDS = 15 * 60,
    KEY_AHEAD_SECONDS = 60 * 60, /* a key is published so long before it signs */
};

typedef struct OpenidFacts {
    Str      issuer;
    Str      client;
    uint32_t login;
    Str      nonce;     /* of the app, or empty */
    int64_t  proved_us; /* when the person proved who they are */
    Str      fhir_user; /* address of their resource, or empty */
} OpenidFacts;

/* "3" for the login of that number: who it is, for every app the same, for ever. */
Str openid_subject(Arena *a, uint32_t login);

Fail openid_token(Call *c, Session *s, const OpenidFacts *facts, Str *out) MUST_USE;

/* All keys that are published, as JWKS. */
Fail openid_keys(Call *c, Session *s, Str *out) MUST_USE;

/* Makes a new key. `at_once`: it signs now, and the others are not published any more, because
 * somebody may have them. */
Fail openid_rotate(Call *c, Session *s, bool at_once, Str *kid) MUST_USE;

#endif
