/* Signatures with RSA and ECDSA, by OpenSSL: see digest_key.h. */
#include "codec/digest_key.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/ensure.h"

enum {
    RSA_BITS_MIN = 2048,
    RSA_BITS_MAX = 8192,
    RSA_BITS_OWN = 2048,
    EXPONENT_BYTES_MAX = 8,
    NUMBER_BYTES = 48, /* of P-384 */
};

static const unsigned char *bytes_of(Str s)
{
    return (const unsigned char *)s.at;
}

/* ---- making OpenSSL's key of the numbers ---- */

static EVP_PKEY *key_from(const char *kind, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    EVP_PKEY     *key = NULL;

    ENSURE(context && params);
    if (EVP_PKEY_fromdata_init(context) != 1
        || EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *rsa_key(const PublicKey *k)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM         *n = BN_bin2bn(bytes_of(k->n), (int)k->n.len, NULL);
    BIGNUM         *e = BN_bin2bn(bytes_of(k->e), (int)k->e.len, NULL);
    EVP_PKEY       *key = NULL;

    ENSURE(build && n && e);
    if (BN_num_bits(n) >= RSA_BITS_MIN && BN_num_bits(n) <= RSA_BITS_MAX && BN_is_odd(n)
        && BN_is_odd(e) && BN_num_bits(e) > 1) {
        ENSURE(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1);
        ENSURE(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1);
        key = key_from("RSA", OSSL_PARAM_BLD_to_param(build));
    }
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return key;
}

static EVP_PKEY *ec_key(const PublicKey *k)
{
    unsigned char   point[1 + 2 * NUMBER_BYTES] = { 4 }; /* not compressed */
    OSSL_PARAM_BLD *build;
    EVP_PKEY       *key;

    if (k->x.len != NUMBER_BYTES || k->y.len != NUMBER_BYTES)
        return NULL;
    memcpy(point + 1, k->x.at, NUMBER_BYTES);
    memcpy(point + 1 + NUMBER_BYTES, k->y.at, NUMBER_BYTES);
    build = OSSL_PARAM_BLD_new();
    ENSURE(build);
    ENSURE(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-384", 0) == 1);
    ENSURE(OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point)
           == 1);
    key = key_from("EC", OSSL_PARAM_BLD_to_param(build));
    OSSL_PARAM_BLD_free(build);
    return key;
}

static EVP_PKEY *key_of(const PublicKey *k)
{
    if (!k->rsa)
        return ec_key(k);
    if (k->n.len > RSA_BITS_MAX / 8 + 1 || k->e.len > EXPONENT_BYTES_MAX)
        return NULL;
    return rsa_key(k);
}

bool public_key_good(const PublicKey *k)
{
    EVP_PKEY     *key = key_of(k);
    EVP_PKEY_CTX *context;
    bool          good;

    if (!key)
        return false;
    context = EVP_PKEY_CTX_new(key, NULL);
    ENSURE(context);
    good = EVP_PKEY_public_check_quick(context) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

/* ---- checking ---- */

static const struct Algorithm {
    bool rsa;
    const EVP_MD *(*digest)(void);
} algorithms[] = {
    [SIGN_RS256] = { true, EVP_sha256 },
    [SIGN_RS384] = { true, EVP_sha384 },
    [SIGN_ES384] = { false, EVP_sha384 },
};

/* The two numbers as OpenSSL wants them; to be freed. 0: they are not two. */
static int as_der(Str signature, unsigned char **out)
{
    ECDSA_SIG *both;
    BIGNUM    *r, *s;
    int        len;

    if (signature.len != 2 * NUMBER_BYTES)
        return 0;
    both = ECDSA_SIG_new();
    r = BN_bin2bn(bytes_of(signature), NUMBER_BYTES, NULL);
    s = BN_bin2bn(bytes_of(signature) + NUMBER_BYTES, NUMBER_BYTES, NULL);
    ENSURE(both && r && s && ECDSA_SIG_set0(both, r, s) == 1);
    *out = NULL;
    len = i2d_ECDSA_SIG(both, out);
    ECDSA_SIG_free(both);
    return len > 0 ? len : 0;
}

static bool fits(EVP_PKEY *key, const EVP_MD *digest, Str text, const unsigned char *signature,
                 size_t len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool        right;

    ENSURE(context);
    right = EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1
            && EVP_DigestVerify(context, signature, len, bytes_of(text), text.len) == 1;
    EVP_MD_CTX_free(context);
    return right;
}

bool public_key_verify(const PublicKey *k, SignAlgorithm algorithm, Str text, Str signature)
{
    const struct Algorithm *how = &algorithms[algorithm];
    EVP_PKEY               *key;
    unsigned char          *der = NULL;
    int                     len;
    bool                    right;

    if (algorithm == SIGN_NONE || how->rsa != k->rsa || !(key = key_of(k)))
        return false;
    if (k->rsa) {
        right = fits(key, how->digest(), text, bytes_of(signature), signature.len);
    } else {
        len = as_der(signature, &der);
        right = len && fits(key, how->digest(), text, der, (size_t)len);
        OPENSSL_free(der);
    }
    EVP_PKEY_free(key);
    return right;
}

/* ---- a key of our own ---- */

static void release_key(void *key)
{
    EVP_PKEY_free(key);
}

Str private_key_make(Arena *a)
{
    EVP_PKEY            *key = EVP_RSA_gen(RSA_BITS_OWN);
    PKCS8_PRIV_KEY_INFO *info = key ? EVP_PKEY2PKCS8(key) : NULL;
    unsigned char       *der = NULL;
    int                  len;
    Str                  out;

    ENSURE(info);
    len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    ENSURE(len > 0);
    out = arena_str(a, (Str){ (const char *)der, (size_t)len });
    OPENSSL_clear_free(der, (size_t)len);
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(key);
    return out;
}

static EVP_PKEY *private_key_open(Arena *a, Str der)
{
    const unsigned char *at = bytes_of(der);
    EVP_PKEY            *key = d2i_AutoPrivateKey(NULL, &at, (long)der.len);

    if (key)
        arena_defer(a, release_key, key);
    return key && EVP_PKEY_is_a(key, "RSA") ? key : NULL;
}

bool private_key_sign(Arena *a, Str der, Str text, Str *signature)
{
    EVP_PKEY      *key = private_key_open(a, der);
    EVP_MD_CTX    *context;
    size_t         len;
    unsigned char *out;

    if (!key)
        return false;
    context = EVP_MD_CTX_new();
    len = (size_t)EVP_PKEY_get_size(key);
    out = arena_alloc(a, 1, len);
    ENSURE(context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1
           && EVP_DigestSign(context, out, &len, bytes_of(text), text.len) == 1);
    EVP_MD_CTX_free(context);
    *signature = (Str){ (const char *)out, len };
    return true;
}

static Str number_of(Arena *a, EVP_PKEY *key, const char *name)
{
    BIGNUM        *number = NULL;
    unsigned char *out;
    int            len;

    ENSURE(EVP_PKEY_get_bn_param(key, name, &number) == 1);
    out = arena_alloc(a, 1, (size_t)BN_num_bytes(number) + 1);
    len = BN_bn2bin(number, out);
    BN_free(number);
    return (Str){ (const char *)out, (size_t)len };
}

bool private_key_public(Arena *a, Str der, PublicKey *out)
{
    EVP_PKEY *key = private_key_open(a, der);

    if (!key)
        return false;
    *out = (PublicKey){ .rsa = true,
                        .n = number_of(a, key, OSSL_PKEY_PARAM_RSA_N),
                        .e = number_of(a, key, OSSL_PKEY_PARAM_RSA_E) };
    return true;
}
