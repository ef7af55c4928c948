/* Digests, by OpenSSL: see digest.h. */
#include "codec/digest.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/ensure.h"

void digest_sha256(Str bytes, uint8_t out[SHA256_BYTES])
{
    ENSURE(SHA256((const unsigned char *)bytes.at, bytes.len, out));
}

struct Digest {
    EVP_MD_CTX *context;
};

static void release(void *context)
{
    EVP_MD_CTX_free(context);
}

Digest *digest_new(Arena *a)
{
    Digest *d = NEW(a, Digest);

    d->context = EVP_MD_CTX_new();
    ENSURE(d->context);
    arena_defer(a, release, d->context);
    ENSURE(EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) == 1);
    return d;
}

void digest_add(Digest *d, Str bytes)
{
    ENSURE(EVP_DigestUpdate(d->context, bytes.at, bytes.len) == 1);
}

void digest_end(Digest *d, uint8_t out[SHA256_BYTES])
{
    ENSURE(EVP_DigestFinal_ex(d->context, out, NULL) == 1);
}
