/*
 * Public keys as authenticators give them (COSE_Key, RFC 9052 section 7, RFC 9053) and the
 * signatures that belong to them (WebAuthn 6.5.5): ES256 on P-256, EdDSA with Ed25519, RS256.
 */
#ifndef CODEC_DIGEST_COSE_H
#define CODEC_DIGEST_COSE_H

#include "base/str.h"

enum { COSE_ES256 = -7, COSE_EDDSA = -8, COSE_RS256 = -257 };

/* What the key says of itself; texts point into what was read. */
typedef struct CoseKey {
    int64_t algorithm;
    Str     x, y; /* of a curve */
    Str     n, e; /* of RSA */
} CoseKey;

/* Takes a key off *rest. False if it is none of the three, lacks a part or has one twice. */
bool cose_key_read(Str *rest, CoseKey *out);

/* Whether it is a key at all: a point of the curve, RSA of 2048 to 8192 bits. */
bool cose_key_good(const CoseKey *key);

/* Whether exactly that key signed exactly that text. */
bool cose_verify(const CoseKey *key, Str text, Str signature);

#endif
