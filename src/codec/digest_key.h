/*
 * Keys of others to check signatures with, and a key of our own to sign with: RSA (RFC 8017,
 * PKCS #1 v1.5) and ECDSA on P-384 (FIPS 186), as JSON Web Algorithms use them (RFC 7518).
 */
#ifndef CODEC_DIGEST_KEY_H
#define CODEC_DIGEST_KEY_H

#include "base/arena.h"

typedef enum SignAlgorithm {
    SIGN_NONE,
    SIGN_RS256,
    SIGN_RS384,
    SIGN_ES384,
} SignAlgorithm;

/* A public key as its numbers, most significant byte first: n and e of RSA, or x and y. */
typedef struct PublicKey {
    bool rsa;
    Str  n, e;
    Str  x, y;
} PublicKey;

/* Whether it can be used: RSA of 2048 to 8192 bits with an odd exponent above 2, a point on P-384. */
bool public_key_good(const PublicKey *key);

/* A signature as JWS carries it: of ECDSA the two numbers behind each other, 96 bytes. False also
 * where the algorithm is not one for that key. */
bool public_key_verify(const PublicKey *key, SignAlgorithm algorithm, Str text, Str signature);

/* An RSA key of our own, 2048 bits, as PKCS #8: a secret. */
Str private_key_make(Arena *a);

/* False if that is no key. */
bool private_key_sign(Arena *a, Str key, Str text, Str *signature); /* RS256 */
bool private_key_public(Arena *a, Str key, PublicKey *out);

#endif
