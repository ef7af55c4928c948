/*
 * Clients: apps that may ask people for leave to act for them. Registered by an administrator.
 * RFC 6749 2, RFC 9700; SMART App Launch 2.2 "App Registration".
 */
#ifndef ACCESS_CLIENT_H
#define ACCESS_CLIENT_H

#include "access/role.h"
#include "access/token.h"
#include "store/people.h"

/* Scopes as an app asks a person for them, sorted. What is not understood, or not for apps that act for
 * people ("system/"), or constrained by a search ("?") gives nothing. */
typedef struct Wish {
    Principal rights; /* its patient is empty */
    bool      launch_patient, offline, online, openid, fhir_user, launch;
    uint32_t  unknown; /* how many gave nothing */
} Wish;

void wish_read(Call *c, Str scopes, Wish *out);

typedef struct ClientAsked {
    Str  id; /* empty: one is drawn */
    Str  name;
    Str  redirects; /* separated by spaces */
    Str  scopes;
    bool confidential; /* can keep a secret: one is drawn */
    Str  keys;         /* or proves itself with a key: the public ones, as JWKS */
    Str  keys_uri;     /* or where these are to be had */
    Str  launch_uri;   /* where it is started from the record; or empty */
    bool first_party;  /* the practice's own */
    bool pending;      /* registers itself: an administrator has to approve it */
} ClientAsked;

/* FAIL_VALUE, FAIL_REQUIRED naming what is wrong, FAIL_DUPLICATE. The secret is told this once;
 * a public client has an empty one. */
Fail client_add(Call *c, Store *s, const ClientAsked *asked, Str *id,
                char secret[TOKEN_CHARS + 1]) MUST_USE;

/* The web app of this program is a client too: public, known from the start, and the only one that people
 * are not asked about, because they are using Hale itself. Its address is below our own. */
#define CLIENT_OWN STR("hale")

bool client_is_own(const Client *client);

/* Registers it where it is not yet. An administrator may disable it like any other. */
Fail client_keep_own(Call *c, Store *s) MUST_USE;

/* Whether an address is one of the client's, to the byte (RFC 9700 2.1). */
bool client_has_redirect(const Client *client, Str redirect);

/* "https://app.example/x?y" -> "https://app.example", "com.example.app:/x" -> "com.example.app:". */
Str redirect_origin(Str redirect);

#endif
