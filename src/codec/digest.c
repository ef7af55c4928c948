/* Digests, by OpenSSL: see digest.h. */
#include "codec/digest.h"

#include <openssl/sha.h>

#include "base/ensure.h"

void digest_sha256(Str bytes, uint8_t out[SHA256_BYTES])
{
    ENSURE(SHA256((const unsigned char *)bytes.at, bytes.len, out));
}
