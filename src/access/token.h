/* What token.c and principal.c must agree on about a bearer token. */
#ifndef ACCESS_TOKEN_H
#define ACCESS_TOKEN_H

#include "access/principal.h"
#include "codec/digest.h"

enum {
    TOKEN_CHARS = 43, /* 32 bytes in base64url, without padding */
    TOKEN_MINUTES_MAX = 10 * 366 * 24 * 60,
};

/* Draws a secret: text to give away, and the digest to keep. */
void token_draw(Arena *a, char token[TOKEN_CHARS + 1], uint8_t hash[SHA256_BYTES]);

/* The digest of one that was brought back. */
void token_hash(Str token, uint8_t hash[SHA256_BYTES]);

#endif
