/* Digests and signatures, by OpenSSL: see digest.h. */
#include "codec/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>

#include "base/ensure.h"

/* Looking the algorithm up costs several times what digesting a token costs: once will do. */
static pthread_once_t looked_up = PTHREAD_ONCE_INIT;
static EVP_MD        *sha256;
static EVP_MAC_CTX   *hmac;

static void look_up(void)
{
    char       name[] = "SHA256";
    OSSL_PARAM with[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                          OSSL_PARAM_construct_end() };
    EVP_MAC   *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac = EVP_MAC_CTX_new(mac);
    ENSURE(sha256 && hmac && EVP_MAC_CTX_set_params(hmac, with) == 1);
    EVP_MAC_free(mac);
}

void digest_sha256(Str bytes, uint8_t out[SHA256_BYTES])
{
    pthread_once(&looked_up, look_up);
    ENSURE(EVP_Digest(bytes.at, bytes.len, out, NULL, sha256, NULL) == 1);
}

/* A copy of one that knows its digest is made ten times as fast as one that looks it up. */
void digest_hmac_sha256(Str key, Str bytes, uint8_t out[SHA256_BYTES])
{
    EVP_MAC_CTX *context;
    size_t       len = 0;

    pthread_once(&looked_up, look_up);
    context = EVP_MAC_CTX_dup(hmac);
    ENSURE(context && EVP_MAC_init(context, (const unsigned char *)key.at, key.len, NULL) == 1
           && EVP_MAC_update(context, (const unsigned char *)bytes.at, bytes.len) == 1
           && EVP_MAC_final(context, out, &len, SHA256_BYTES) == 1 && len == SHA256_BYTES);
    EVP_MAC_CTX_free(context);
}

void digest_hmac_sha1(Str key, Str bytes, uint8_t out[SHA1_BYTES])
{
    size_t len = 0;

    ENSURE(EVP_Q_mac(NULL, "HMAC", NULL, "SHA1", NULL, key.at, key.len,
                     (const unsigned char *)bytes.at, bytes.len, out, SHA1_BYTES, &len));
    ENSURE(len == SHA1_BYTES);
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
    pthread_once(&looked_up, look_up);
    ENSURE(EVP_DigestInit_ex(d->context, sha256, NULL) == 1);
    return d;
}

void digest_again(Digest *d)
{
    ENSURE(EVP_DigestInit_ex(d->context, NULL, NULL) == 1);
}

void digest_add(Digest *d, Str bytes)
{
    ENSURE(EVP_DigestUpdate(d->context, bytes.at, bytes.len) == 1);
}

void digest_end(Digest *d, uint8_t out[SHA256_BYTES])
{
    ENSURE(EVP_DigestFinal_ex(d->context, out, NULL) == 1);
}

/* ---- signatures ---- */

void ed25519_public(const uint8_t seed[ED25519_SEED_BYTES], uint8_t out[ED25519_PUBLIC_BYTES])
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_SEED_BYTES);
    size_t len = ED25519_PUBLIC_BYTES;

    ENSURE(key && EVP_PKEY_get_raw_public_key(key, out, &len) == 1
           && len == ED25519_PUBLIC_BYTES);
    EVP_PKEY_free(key);
}

void ed25519_sign(const uint8_t seed[ED25519_SEED_BYTES], Str text,
                  uint8_t out[ED25519_SIGNATURE_BYTES])
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_SEED_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t      len = ED25519_SIGNATURE_BYTES;

    ENSURE(key && context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1
           && EVP_DigestSign(context, out, &len, (const uint8_t *)text.at, text.len) == 1
           && len == ED25519_SIGNATURE_BYTES);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

bool ed25519_check(const uint8_t public[ED25519_PUBLIC_BYTES], Str text,
                   const uint8_t signature[ED25519_SIGNATURE_BYTES])
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, ED25519_PUBLIC_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool        right;

    ENSURE(key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1);
    right = EVP_DigestVerify(context, signature, ED25519_SIGNATURE_BYTES,
                             (const uint8_t *)text.at, text.len)
            == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return right;
}
