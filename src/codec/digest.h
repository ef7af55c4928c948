/* Digests (FIPS 180-4), seals made of them, and signatures. */
#ifndef CODEC_DIGEST_H
#define CODEC_DIGEST_H

#include "base/arena.h"

enum { SHA256_BYTES = 32 };

void digest_sha256(Str bytes, uint8_t out[SHA256_BYTES]);

/* HMAC (RFC 2104): who does not have the key can neither make nor change one. */
void digest_hmac_sha256(Str key, Str bytes, uint8_t out[SHA256_BYTES]);

/* The same with SHA-1, for one-time codes (RFC 6238), whose apps know no other. */
enum { SHA1_BYTES = 20 };

void digest_hmac_sha1(Str key, Str bytes, uint8_t out[SHA1_BYTES]);

/* digest_sha256() piece by piece. Lives on the arena. */
typedef struct Digest Digest;

Digest *digest_new(Arena *a);
void    digest_again(Digest *d); /* begins anew */
void    digest_add(Digest *d, Str bytes);
void    digest_end(Digest *d, uint8_t out[SHA256_BYTES]);

enum { ED25519_SEED_BYTES = 32, ED25519_PUBLIC_BYTES = 32, ED25519_SIGNATURE_BYTES = 64 };

/* Ed25519 (RFC 8032): the public key that belongs to a secret seed, signing, checking. */
void ed25519_public(const uint8_t seed[ED25519_SEED_BYTES], uint8_t out[ED25519_PUBLIC_BYTES]);
void ed25519_sign(const uint8_t seed[ED25519_SEED_BYTES], Str text,
                  uint8_t out[ED25519_SIGNATURE_BYTES]);
bool ed25519_check(const uint8_t public[ED25519_PUBLIC_BYTES], Str text,
                   const uint8_t signature[ED25519_SIGNATURE_BYTES]);

#endif
