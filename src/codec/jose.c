/* Signed tokens and their keys: see jose.h. */
#include "codec/jose.h"

#include "codec/base64.h"

enum { JSON_VALUES_MAX = 1000, JWK_SET_VALUES_MAX = 4000, KID_BYTES_MAX = 256 };

static const struct AlgorithmName {
    Str           name;
    SignAlgorithm algorithm;
    bool          rsa;
} algorithm_names[] = {
    { STR_INIT("RS384"), SIGN_RS384, true },
    { STR_INIT("ES384"), SIGN_ES384, false },
};

/* SIGN_NONE: none that is accepted from others. */
static SignAlgorithm algorithm_find(Str name)
{
    for (size_t i = 0; i < COUNT(algorithm_names); i++)
        if (str_equal(algorithm_names[i].name, name))
            return algorithm_names[i].algorithm;
    return SIGN_NONE;
}

static bool algorithm_is_rsa(SignAlgorithm algorithm)
{
    return algorithm != SIGN_ES384;
}

/* ---- tokens ---- */

static Fail read_object(Call *c, Str part, const char *what, Json *out)
{
    Str text;

    if (!base64_read_url(c->arena, part, &text))
        return fail(c, FAIL_SYNTAX, str_from(what), "it is not base64url");
    TRY(json_parse(c, text, JSON_VALUES_MAX, out));
    if (out->values[0].kind != JSON_OBJECT)
        return fail(c, FAIL_SYNTAX, str_from(what), "it is not a JSON object");
    return OK;
}

static Fail check_head(Call *c, const Json *head, Jws *out)
{
    static const char *const refused[] = { "jwk",  "x5c", "x5u", "x5t",
                                           "crit", "b64", "zip", "enc" };

    for (size_t i = 0; i < COUNT(refused); i++)
        if (json_member(head, 0, str_from(refused[i])))
            return fail(c, FAIL_VALUE, str_from(refused[i]),
                        "the header must not have the member %s", refused[i]);
    for (uint32_t at = 1; at < head->values[0].after; at = head->values[at].after)
        if (head->values[at].kind != JSON_STRING)
            return fail(c, FAIL_VALUE, STR("header"), "a member of the header is not a text");
    out->algorithm = algorithm_find(json_member_text(head, 0, STR("alg")));
    if (out->algorithm == SIGN_NONE)
        return fail(c, FAIL_VALUE, STR("alg"), "the algorithm must be RS384 or ES384");
    out->kid = json_member_text(head, 0, STR("kid"));
    out->jku = json_member_text(head, 0, STR("jku"));
    out->typ = json_member_text(head, 0, STR("typ"));
    return OK;
}

Fail jws_read(Call *c, Str text, Jws *out)
{
    Str  head_part, rest, claims_part, signature_part;
    Json head;
    Jws  jws = { 0 };

    if (text.len > JWS_BYTES_MAX)
        return fail(c, FAIL_SYNTAX, STR("JWT"), "it is too long");
    if (!str_cut(text, '.', &head_part, &rest)
        || !str_cut(rest, '.', &claims_part, &signature_part)
        || str_find(signature_part, STR(".")) >= 0)
        return fail(c, FAIL_SYNTAX, STR("JWT"), "it has not three parts");
    TRY(read_object(c, head_part, "header", &head));
    TRY(check_head(c, &head, &jws));
    TRY(read_object(c, claims_part, "claims", &jws.claims));
    if (!base64_read_url(c->arena, signature_part, &jws.signature) || !jws.signature.len)
        return fail(c, FAIL_SYNTAX, STR("signature"), "it is not base64url");
    jws.signed_text = str_slice(text, 0, head_part.len + 1 + claims_part.len);
    *out = jws;
    return OK;
}

Str jws_claim(const Jws *jws, const char *name)
{
    return json_member_text(&jws->claims, 0, str_from(name));
}

/* A fraction is cut off (RFC 7519 2, NumericDate). */
bool jws_claim_time(const Jws *jws, const char *name, int64_t *out)
{
    uint32_t at = json_member(&jws->claims, 0, str_from(name));
    Str      text, whole, fraction;
    uint64_t seconds;

    if (!at || jws->claims.values[at].kind != JSON_NUMBER)
        return false;
    text = jws->claims.values[at].text;
    if (str_cut(text, '.', &whole, &fraction) && str_find(fraction, STR("e")) < 0
        && str_find(fraction, STR("E")) < 0)
        text = whole;
    if (!str_to_u64(text, &seconds) || seconds > INT64_MAX / (1000 * 1000))
        return false;
    *out = (int64_t)seconds;
    return true;
}

/* ---- keys ---- */

static bool read_number(Call *c, const Json *json, uint32_t key, const char *name, Str *out)
{
    return base64_read_url(c->arena, json_member_text(json, key, str_from(name)), out)
           && out->len;
}

/* Whether it says that it is for something else than checking signatures (RFC 7517 4.2, 4.3). */
static bool is_for_else(const Json *json, uint32_t key)
{
    Str      use = json_member_text(json, key, STR("use"));
    uint32_t operations = json_member(json, key, STR("key_ops"));

    if (use.at && !str_equal(use, STR("sig")))
        return true;
    if (!operations)
        return false;
    for (uint32_t i = operations + 1; i < json->values[operations].after;
         i = json->values[i].after)
        if (str_equal(json->values[i].text, STR("verify")))
            return false;
    return true;
}

/* False: a key of another kind, or for something else. */
static bool read_kind(const Json *json, uint32_t at, Jwk *out)
{
    Str  kind = json_member_text(json, at, STR("kty"));
    Str  algorithm = json_member_text(json, at, STR("alg"));
    bool rsa = str_equal(kind, STR("RSA"));

    if (is_for_else(json, at))
        return false;
    if (!rsa
        && !(str_equal(kind, STR("EC"))
             && str_equal(json_member_text(json, at, STR("crv")), STR("P-384"))))
        return false;
    *out = (Jwk){ .key = { .rsa = rsa }, .kid = json_member_text(json, at, STR("kid")) };
    out->only = algorithm_find(algorithm);
    return !algorithm.at || (out->only != SIGN_NONE && algorithm_is_rsa(out->only) == rsa);
}

static Fail check_open(Call *c, const Json *json, uint32_t at)
{
    static const char *const secrets[] = { "d", "p", "q", "dp", "dq", "qi", "oth", "k" };

    for (size_t i = 0; i < COUNT(secrets); i++)
        if (json_member(json, at, str_from(secrets[i])))
            return fail(c, FAIL_VALUE, STR("keys"),
                        "there is a secret key among them; only public keys are given away");
    return OK;
}

static Fail read_key(Call *c, const Json *json, uint32_t at, Jwk *out, bool *useful)
{
    PublicKey *key = &out->key;
    bool       read;

    *useful = false;
    if (json->values[at].kind != JSON_OBJECT)
        return fail(c, FAIL_STRUCTURE, STR("keys"), "a key is not a JSON object");
    TRY(check_open(c, json, at));
    if (!read_kind(json, at, out))
        return OK;
    if (key->rsa)
        read = read_number(c, json, at, "n", &key->n) && read_number(c, json, at, "e", &key->e);
    else
        read = read_number(c, json, at, "x", &key->x) && read_number(c, json, at, "y", &key->y);
    if (!read || !public_key_good(key))
        return fail(c, FAIL_VALUE, STR("keys"),
                    "a key is bad: RSA of 2048 to 8192 bits, or a point of P-384");
    if (out->kid.len == 0 || out->kid.len > KID_BYTES_MAX)
        return fail(c, FAIL_VALUE, STR("keys"), "a key has no kid, or one that is too long");
    *useful = true;
    return OK;
}

/* Two that a token could mean alike would leave it open which of them signed. */
static bool is_double(const JwkSet *set, const Jwk *key)
{
    for (size_t i = 0; i < set->count; i++)
        if (str_equal(set->keys[i].kid, key->kid) && set->keys[i].key.rsa == key->key.rsa)
            return true;
    return false;
}

Fail jwk_set_read(Call *c, Str text, JwkSet *out)
{
    JwkSet   set = { .keys = NEW_ARRAY(c->arena, Jwk, JWK_SET_KEYS_MAX) };
    Json     json;
    uint32_t list;
    bool     useful;

    if (text.len > JWK_SET_BYTES_MAX)
        return fail(c, FAIL_VALUE, STR("keys"), "the set of keys is too long");
    TRY(json_parse(c, text, JWK_SET_VALUES_MAX, &json));
    list = json.values[0].kind == JSON_OBJECT ? json_member(&json, 0, STR("keys")) : 0;
    if (!list || json.values[list].kind != JSON_ARRAY)
        return fail(c, FAIL_STRUCTURE, STR("keys"),
                    "a set of keys (JWKS) is an object with an array \"keys\"");
    if (json.values[list].count > JWK_SET_KEYS_MAX)
        return fail(c, FAIL_VALUE, STR("keys"), "there are more than %d keys",
                    JWK_SET_KEYS_MAX);
    for (uint32_t at = list + 1; at < json.values[list].after; at = json.values[at].after) {
        TRY(read_key(c, &json, at, &set.keys[set.count], &useful));
        if (useful && is_double(&set, &set.keys[set.count]))
            return fail(c, FAIL_VALUE, STR("keys"), "two keys have the same kid");
        set.count += useful;
    }
    if (set.count == 0)
        return fail(c, FAIL_VALUE, STR("keys"),
                    "no key is of use: RS384 or ES384, for signatures");
    *out = set;
    return OK;
}

static const Jwk *find_key(const JwkSet *set, const Jws *jws)
{
    for (size_t i = 0; i < set->count; i++) {
        const Jwk *key = &set->keys[i];

        if (str_equal(key->kid, jws->kid) && key->key.rsa == algorithm_is_rsa(jws->algorithm)
            && (key->only == SIGN_NONE || key->only == jws->algorithm))
            return key;
    }
    return NULL;
}

bool jwk_set_has(const JwkSet *set, const Jws *jws)
{
    return find_key(set, jws) != NULL;
}

bool jws_verify(const JwkSet *set, const Jws *jws)
{
    const Jwk *key = find_key(set, jws);

    return key
           && public_key_verify(&key->key, jws->algorithm, jws->signed_text, jws->signature);
}

/* ---- our own ---- */

bool jws_sign(Arena *a, Str private_key, Str kid, Str claims, Str *out)
{
    Buf head = buf_new(a, 128), text = buf_new(a, 1024);
    Str signature;

    buf_put(&head, STR("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":"));
    buf_put_json_string(&head, kid);
    buf_put_char(&head, '}');
    base64_put_url(&text, buf_str(&head));
    buf_put_char(&text, '.');
    base64_put_url(&text, claims);
    if (!private_key_sign(a, private_key, buf_str(&text), &signature))
        return false;
    buf_put_char(&text, '.');
    base64_put_url(&text, signature);
    *out = buf_str(&text);
    return true;
}

bool jwk_put(Buf *out, Str private_key, Str kid)
{
    PublicKey key;

    if (!private_key_public(out->arena, private_key, &key))
        return false;
    buf_put(out, STR("{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":"));
    buf_put_json_string(out, kid);
    buf_put(out, STR(",\"n\":\""));
    base64_put_url(out, key.n);
    buf_put(out, STR("\",\"e\":\""));
    base64_put_url(out, key.e);
    buf_put(out, STR("\"}"));
    return true;
}
