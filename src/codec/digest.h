/* Digests (FIPS 180-4). */
#ifndef CODEC_DIGEST_H
#define CODEC_DIGEST_H

#include "base/str.h"

enum { SHA256_BYTES = 32 };

void digest_sha256(Str bytes, uint8_t out[SHA256_BYTES]);

#endif
