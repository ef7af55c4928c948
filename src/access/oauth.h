/*
 * An app asks a person for leave, and gets tokens for it. RFC 6749 with what RFC 9700 and OAuth
 * 2.1 make of it: codes and refresh tokens only, PKCE S256 for everybody (RFC 7636), addresses
 * compared to the byte; SMART App Launch 2.2, standalone launch. Free of HTTP.
 */
#ifndef ACCESS_OAUTH_H
#define ACCESS_OAUTH_H

#include "access/client.h"
#include "access/client_proof.h"
#include "access/sign_in.h"

enum {
    CODE_SECONDS = 60,
    ACCESS_SECONDS = 15 * 60,
    BACKEND_SECONDS = 5 * 60,
    REFRESH_DAYS = 92, /* from each use: three months (standards RT-1) */
};

/* ---- asking ---- */

/* What an app sends a browser with. */
typedef struct AuthorizeAsked {
    Str  response_type, client_id, redirect_uri, scope, state, aud, launch, prompt;
    Str  nonce, max_age;
    Str  code_challenge, code_challenge_method;
    Str  record; /* ours: which of a proxy's patients it is about, chosen on our page */
    bool repeated_address; /* client_id or redirect_uri stands there twice */
    bool repeated;         /* something else does */
} AuthorizeAsked;

/* What is wrong with it, as RFC 6749 4.1.2.1 says. */
typedef struct OauthError {
    const char *error; /* NULL: nothing */
    const char *description;
} OauthError;

/* Finds the client. FAIL_NOT_FOUND: it is not known, or the address is not its own; then nobody
 * may be sent there. Else `error` tells what to say there. `base` is our FHIR base. */
Fail oauth_check(Call *c, Session *s, const AuthorizeAsked *asked, Str base, Client *client,
                 OauthError *error) MUST_USE;

/* Whether the app wants a proof of who it is that is younger than the session's. */
bool oauth_wants_proof(const Call *c, const AuthorizeAsked *asked, const Person *person);

/* What the person is at: where the app was started from, or whom the person chose. */
typedef struct LaunchContext {
    Str            patient;
    Str            context; /* what else the app is told, as a JSON object; or empty */
    const uint8_t *launch;  /* digest of the launch it came with; NULL: none */
} LaunchContext;

/* The launch that `asked` names. `error` tells why it is none for this client and person. */
Fail oauth_launch(Call *c, Session *s, const AuthorizeAsked *asked, const Client *client,
                  const Person *person, LaunchContext *out, OauthError *error) MUST_USE;

/* What this person can give this client of what it asks for. */
typedef struct Offer {
    Principal rights;
    Str       scopes; /* of `rights`, as text */
    Str       patient;
    bool      launch_patient, offline, online, openid, fhir_user, launch;
    bool      wants_patient; /* a patient was asked for, and this person has to choose one */
} Offer;

Fail oauth_offer(Call *c, Session *s, const Client *client, const Person *person, Str scope,
                 const LaunchContext *at, Offer *out) MUST_USE;

/* The person allows `chosen` of it, which gives no more than the offer whatever it says. `code`
 * is for the app. FAIL_FORBIDDEN if nothing is left, FAIL_CONFLICT if the launch was used. */
Fail oauth_allow(Call *c, Session *s, const AuthorizeAsked *asked, const Client *client,
                 const Person *person, const LaunchContext *at, Str chosen,
                 char code[TOKEN_CHARS + 1], Str *granted) MUST_USE;

/* ---- tokens ---- */

typedef struct TokenOrder {
    Str grant_type, code, redirect_uri, code_verifier, refresh_token, scope;
} TokenOrder;

typedef struct TokenGiven {
    int      seconds; /* how long the access token is good */
    char     access[TOKEN_CHARS + 1], refresh[TOKEN_CHARS + 1]; /* refresh empty: none */
    Str      scope, patient, login;
    Str      context; /* of the launch, as a JSON object; or empty */
    bool     launched;
    /* With openid, at the code's redemption: what the token that says who it is tells. */
    bool     openid;
    Str      nonce, fhir_user; /* "Practitioner/1" */
    uint32_t login_number;
    int64_t  proved_us;
} TokenGiven;

/* `error` tells why not, without saying more than it must; else `out` is filled. */
Fail oauth_token(Call *c, Session *s, const Client *client, const TokenOrder *order,
                 TokenGiven *out, OauthError *error) MUST_USE;

/* The client a refresh token was given to; empty if it is none. A public client need not name itself
 * when it brings one (RFC 6749 6). */
Fail oauth_refresh_client(Call *c, Session *s, Str token, Str *id) MUST_USE;

/* A token for a client in its own name: the "system/" scopes among those asked for that it is
 * registered for (SMART "Backend Services"). Of clients with a key only. */
Fail oauth_backend(Call *c, Session *s, const Client *client, const TokenOrder *order,
                   TokenGiven *out, OauthError *error) MUST_USE;

/* Takes back a refresh token with all that was made of it, or an access token; only the client's
 * own. `what` says which it was, for the audit; empty if none (RFC 7009). */
Fail oauth_revoke(Call *c, Session *s, const Client *client, Str token, Str *what) MUST_USE;

/* RFC 7662, of the client's own tokens. */
typedef struct Introspection {
    bool     active;
    Str      scope, patient, login, context;
    int64_t  ends_us, made_us;
    bool     openid; /* and who it is was told: */
    uint32_t login_number;
    Str      fhir_user;
} Introspection;

Fail oauth_introspect(Call *c, Session *s, const Client *client, Str token,
                      Introspection *out) MUST_USE;

#endif
