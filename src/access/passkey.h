/*
 * Passkeys (W3C Web Authentication, Level 2): a key pair in a telephone, a computer or a stick,
 * which signs in with the owner's finger, face or number and tells no site anything another could
 * use. The user must be verified there, so a passkey is both factors at once.
 *
 * No attestation is asked for or trusted: who made the authenticator does not matter here. The
 * checks are those of WebAuthn 7.1 and 7.2.
 */
#ifndef ACCESS_PASSKEY_H
#define ACCESS_PASSKEY_H

#include "access/sign_in.h"

enum {
    PASSKEYS_MAX = 10, /* of one login */
    PASSKEY_NAME_BYTES = 60,
    CHALLENGE_CHARS = 43,
    CHALLENGE_SECONDS = 300,
};

/* Whom a browser takes us for: of "https://hale.example:8443" the whole is the origin, and
 * "hale.example" what keys are made for. False where browsers offer no passkeys: an address
 * without a name, or without TLS that is not this machine. */
typedef struct PasskeySite {
    Str origin, id;
} PasskeySite;

bool passkey_site(Str base_url, PasskeySite *out);

/* What is to be signed: good for CHALLENGE_SECONDS, for that purpose ("make", "use") and who is
 * bound to it, and once. Nothing is kept of it until it was used. */
void passkey_challenge(Arena *a, const char *purpose, Str binding,
                       char out[CHALLENGE_CHARS + 1]);

/* What the browser sends, base64url as it came. */
typedef struct PasskeyAnswer {
    Str id, client_data;
    Str attestation;                  /* making one */
    Str auth_data, signature, handle; /* using one */
} PasskeyAnswer;

/* Keeps a new one for who is signed in, and freshly so. FAIL_VALUE saying what is wrong with it,
 * FAIL_CONFLICT if it or too many are there, FAIL_FORBIDDEN. */
Fail passkey_add(Call *c, Session *s, const PasskeySite *site, Str binding,
                 const Person *person, Str handle, Str name,
                 const PasskeyAnswer *answer) MUST_USE;

/* Signs in with one, in place of the session there is: in the midst of signing in, or to prove
 * oneself again; then it must be of that login. FAIL_LOGIN, FAIL_THROTTLED. */
Fail passkey_use(Call *c, Session *s, const PasskeySite *site, Str binding,
                 const Person *person, const PasskeyAnswer *answer, SignIn *in) MUST_USE;

/* What authenticators know the login by: that of the passkeys it has, or a new one. */
Fail passkey_handle(Call *c, Session *s, uint32_t login, Str *out) MUST_USE;

/* ---- the parts, for tests ---- */

typedef struct AuthData {
    const uint8_t *site_hash; /* SHA-256 */
    uint8_t        flags;
    uint32_t       count;
    Str            id, key; /* where there is a key */
} AuthData;

enum {
    AUTH_PRESENT = 1,
    AUTH_VERIFIED = 4,
    AUTH_MAY_BACK_UP = 8,
    AUTH_BACKED_UP = 16,
    AUTH_KEY = 64,
    AUTH_EXTENSIONS = 128,
};

/* False unless every byte is accounted for. WebAuthn 6.1. */
bool auth_data_read(Str bytes, AuthData *out);

/* The authenticator data inside an attestation object, WebAuthn 6.5.4. */
bool attestation_read(Str bytes, Str *auth_data);

#endif
