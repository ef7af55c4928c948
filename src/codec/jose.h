/*
 * Signed tokens and the keys to check them with: JSON Web Signature in its compact form (RFC
 * 7515), JSON Web Keys (RFC 7517), read as strictly as RFC 8725 asks.
 *
 * A token is read into its parts, which prove nothing; only jws_verify() says that a key signed
 * them. Which algorithms there are is our table, never the token's word: "none" and the ones with
 * a shared secret (HS256 …) do not exist here. A key that the token itself brings (jwk, x5c) or
 * tells where to get (x5u), and extensions that must be understood (crit) are refused.
 */
#ifndef CODEC_JOSE_H
#define CODEC_JOSE_H

#include "codec/digest_key.h"
#include "codec/json.h"

enum { JWS_BYTES_MAX = 8 * 1024, JWK_SET_BYTES_MAX = 64 * 1024, JWK_SET_KEYS_MAX = 32 };

typedef struct Jws {
    SignAlgorithm algorithm;
    Str           kid, jku, typ; /* of the header; NULL pointers where they are not there */
    Json          claims;
    Str           signed_text, signature;
} Jws;

/* FAIL_SYNTAX if it is no token of that form, FAIL_VALUE if it is one that is refused. */
Fail jws_read(Call *c, Str text, Jws *out) MUST_USE;

/* A claim that is a text; NULL pointer if it is not there or something else. */
Str jws_claim(const Jws *jws, const char *name);

/* A claim that is a time, as whole seconds since 1970. False if it is none. */
bool jws_claim_time(const Jws *jws, const char *name, int64_t *out);

typedef struct Jwk {
    PublicKey     key;
    Str           kid;
    SignAlgorithm only; /* the only algorithm it is for; SIGN_NONE: any for its kind */
} Jwk;

typedef struct JwkSet {
    Jwk   *keys;
    size_t count;
} JwkSet;

/* The RSA and P-384 keys of the set that signatures can be checked with; others are passed over.
 * FAIL_SYNTAX, FAIL_STRUCTURE; FAIL_VALUE where a key is bad, is a secret (a private key, a shared
 * one), two keys that could be meant have one kid, or no key is of use. */
Fail jwk_set_read(Call *c, Str text, JwkSet *out) MUST_USE;

/* Whether the key that the header's kid names is there for the token's algorithm. */
bool jwk_set_has(const JwkSet *set, const Jws *jws);

/* Whether exactly that key signed it. */
bool jws_verify(const JwkSet *set, const Jws *jws);

/* A token of our own, RS256. False if that is no key. */
bool jws_sign(Arena *a, Str private_key, Str kid, Str claims, Str *out);

/* {"kty":"RSA","use":"sig",…} of a key of our own. */
bool jwk_put(Buf *out, Str private_key, Str kid);

#endif
