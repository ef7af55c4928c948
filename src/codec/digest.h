/* Digests (FIPS 180-4) and seals made of them. */
#ifndef CODEC_DIGEST_H
#define CODEC_DIGEST_H

#include "base/arena.h"

enum { SHA256_BYTES = 32 };

void digest_sha256(Str bytes, uint8_t out[SHA256_BYTES]);

/* HMAC (RFC 2104): who does not have the key can neither make nor change one. */
void digest_hmac_sha256(Str key, Str bytes, uint8_t out[SHA256_BYTES]);

/* digest_sha256() piece by piece. Lives on the arena. */
typedef struct Digest Digest;

Digest *digest_new(Arena *a);
void    digest_again(Digest *d); /* begins anew */
void    digest_add(Digest *d, Str bytes);
void    digest_end(Digest *d, uint8_t out[SHA256_BYTES]);

#endif
