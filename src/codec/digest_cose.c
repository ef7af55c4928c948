/* Authenticators' keys and signatures, by OpenSSL: see digest_cose.h. */
#include "codec/digest_cose.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

#include "codec/cbor_read.h"

enum {
    LABEL_KIND = 1,
    LABEL_ALGORITHM = 3,
    KIND_OKP = 1,
    KIND_EC2 = 2,
    KIND_RSA = 3,
    CURVE_P256 = 1,
    CURVE_ED25519 = 6,
    P256_BYTES = 32,
    ED25519_BYTES = 32,
    RSA_BYTES_MIN = 256,
    RSA_BYTES_MAX = 1024,
    EXPONENT_BYTES_MAX = 8,
    PAIRS_MAX = 16,
};

/* ---- reading ---- */

/* -1, -2 and -3 mean one thing to a curve and another to RSA (RFC 9053 7.1, RFC 8230 4). */
typedef struct Parts {
    bool    seen[6];
    int64_t kind, algorithm, curve;
    Str     first, second, third; /* -1 of RSA, -2, -3 */
} Parts;

static bool take_number(CborItem item, bool *seen, int64_t *out)
{
    if (item.kind != CBOR_READ_NUMBER || *seen)
        return false;
    *seen = true;
    *out = item.number;
    return true;
}

static bool take_bytes(CborItem item, bool *seen, Str *out)
{
    if (item.kind != CBOR_READ_BYTES || *seen)
        return false;
    *seen = true;
    *out = item.text;
    return true;
}

static bool take_pair(Str *rest, Parts *p)
{
    CborItem label, value;
    Str      whole;

    if (!cbor_read_item(rest, &label) || label.kind != CBOR_READ_NUMBER)
        return false;
    whole = *rest;
    if (!cbor_read_item(rest, &value))
        return false;
    switch (label.number) {
    case LABEL_KIND: return take_number(value, &p->seen[0], &p->kind);
    case LABEL_ALGORITHM: return take_number(value, &p->seen[1], &p->algorithm);
    case -1:
        if (value.kind == CBOR_READ_NUMBER)
            return take_number(value, &p->seen[2], &p->curve);
        return take_bytes(value, &p->seen[3], &p->first);
    case -2: return take_bytes(value, &p->seen[4], &p->second);
    case -3: return take_bytes(value, &p->seen[5], &p->third);
    default: *rest = whole; return cbor_read_skip(rest);
    }
}

bool cose_key_read(Str *rest, CoseKey *out)
{
    Parts    p = { 0 };
    CborItem map;

    if (!cbor_read_item(rest, &map) || map.kind != CBOR_READ_MAP || map.count > PAIRS_MAX)
        return false;
    for (size_t i = 0; i < map.count; i++)
        if (!take_pair(rest, &p))
            return false;
    *out = (CoseKey){ .algorithm = p.algorithm };
    if (p.kind == KIND_EC2 && p.algorithm == COSE_ES256 && p.curve == CURVE_P256) {
        out->x = p.second;
        out->y = p.third;
        return out->x.len == P256_BYTES && out->y.len == P256_BYTES;
    }
    if (p.kind == KIND_OKP && p.algorithm == COSE_EDDSA && p.curve == CURVE_ED25519) {
        out->x = p.second;
        return out->x.len == ED25519_BYTES;
    }
    out->n = p.first;
    out->e = p.second;
    return p.kind == KIND_RSA && p.algorithm == COSE_RS256 && out->n.len >= RSA_BYTES_MIN
           && out->n.len <= RSA_BYTES_MAX && out->e.len && out->e.len <= EXPONENT_BYTES_MAX;
}

/* ---- as OpenSSL has it ---- */

static EVP_PKEY *from_params(const char *kind, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    EVP_PKEY     *key = NULL;

    if (!context || !params || EVP_PKEY_fromdata_init(context) != 1
        || EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *p256_key(const CoseKey *key)
{
    char       group[] = "P-256";
    uint8_t    point[1 + 2 * P256_BYTES] = { 4 };
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end(),
    };

    memcpy(point + 1, key->x.at, P256_BYTES);
    memcpy(point + 1 + P256_BYTES, key->y.at, P256_BYTES);
    return from_params("EC", params);
}

static EVP_PKEY *rsa_key(const CoseKey *key)
{
    BIGNUM         *n = BN_bin2bn((const uint8_t *)key->n.at, (int)key->n.len, NULL);
    BIGNUM         *e = BN_bin2bn((const uint8_t *)key->e.at, (int)key->e.len, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM     *params = NULL;
    EVP_PKEY       *made = NULL;

    if (n && e && build && BN_num_bits(n) >= RSA_BYTES_MIN * 8 && BN_is_odd(n) && BN_is_odd(e)
        && !BN_is_one(e) && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1
        && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        params = OSSL_PARAM_BLD_to_param(build);
    if (params)
        made = from_params("RSA", params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return made;
}

static EVP_PKEY *key_of(const CoseKey *key)
{
    switch (key->algorithm) {
    case COSE_ES256: return p256_key(key);
    case COSE_RS256: return rsa_key(key);
    default:
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const uint8_t *)key->x.at,
                                           key->x.len);
    }
}

/* A point off the curve would be a key that gives secrets away elsewhere; here it is no key. */
bool cose_key_good(const CoseKey *key)
{
    EVP_PKEY     *made = key_of(key);
    EVP_PKEY_CTX *context = made ? EVP_PKEY_CTX_new(made, NULL) : NULL;
    bool          good =
        context && (key->algorithm == COSE_EDDSA || EVP_PKEY_public_check(context) == 1);

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(made);
    return good;
}

bool cose_verify(const CoseKey *key, Str text, Str signature)
{
    EVP_PKEY     *made = key_of(key);
    EVP_MD_CTX   *context = EVP_MD_CTX_new();
    const EVP_MD *digest = key->algorithm == COSE_EDDSA ? NULL : EVP_sha256();
    bool right = made && context && EVP_DigestVerifyInit(context, NULL, digest, NULL, made) == 1
                 && EVP_DigestVerify(context, (const uint8_t *)signature.at, signature.len,
                                     (const uint8_t *)text.at, text.len)
                        == 1;

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(made);
    return right;
}
