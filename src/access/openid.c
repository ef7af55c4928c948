/* Who has signed in, said to an app: see openid.h. */
#include "access/openid.h"

#include "base/random.h"
#include "codec/base64.h"
#include "codec/jose.h"

static const int64_t second_us = INT64_C(1000) * 1000;

enum { KID_BYTES = 8 };

/* ---- keys ---- */

static OauthKey draw_key(Call *c, int64_t signs_us)
{
    uint8_t name[KID_BYTES];
    Buf     kid = buf_new(c->arena, 2 * sizeof name);

    random_bytes(name, sizeof name);
    base16_put(&kid, (Str){ (const char *)name, sizeof name });
    return (OauthKey){ .kid = buf_str(&kid),
                       .secret = private_key_make(c->arena),
                       .made_us = c->now_us,
                       .signs_us = signs_us };
}

static Fail keys_of(Call *c, Session *s, OauthKey keys[OAUTH_KEYS_MAX], size_t *count)
{
    OauthKey first;

    TRY(store_oauth_keys(c, s, keys, count));
    if (*count)
        return OK;
    first = draw_key(c, c->now_us);
    TRY(store_oauth_key_add(c, session_store(s), &first, true, 0));
    TRY(store_oauth_keys(c, s, keys, count));
    if (*count == 0)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "There is no key to sign with");
    return OK;
}

/* The newest that may sign already; the list begins with the newest. */
static const OauthKey *signing_key(const Call *c, const OauthKey *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].signs_us <= c->now_us)
            return &keys[i];
    return &keys[count - 1];
}

Fail openid_keys(Call *c, Session *s, Str *out)
{
    OauthKey keys[OAUTH_KEYS_MAX];
    size_t   count;
    Buf      b = buf_new(c->arena, 1024);

    TRY(keys_of(c, s, keys, &count));
    buf_put(&b, STR("{\"keys\":["));
    for (size_t i = 0; i < count; i++) {
        if (keys[i].ends_us && keys[i].ends_us <= c->now_us)
            continue;
        buf_put(&b, str_ends(buf_str(&b), STR("[")) ? STR("") : STR(","));
        if (!jwk_put(&b, keys[i].secret, keys[i].kid))
            return fail(c, FAIL_SYSTEM, (Str){ 0 }, "A key to sign with is damaged");
    }
    buf_put(&b, STR("]}"));
    *out = buf_str(&b);
    return OK;
}

Fail openid_rotate(Call *c, Session *s, bool at_once, Str *kid)
{
    const int64_t signs_us = c->now_us + (at_once ? 0 : KEY_AHEAD_SECONDS * second_us);
    OauthKey      key = draw_key(c, signs_us);

    TRY(store_oauth_key_add(c, session_store(s), &key, false,
                            at_once ? c->now_us - 1 : signs_us + ID_TOKEN_SECONDS * second_us));
    *kid = key.kid;
    return OK;
}

/* ---- the token ---- */

Str openid_subject(Arena *a, uint32_t login)
{
    return arena_printf(a, "%u", login);
}

static void put_claim(Buf *b, const char *name, Str value)
{
    if (value.len == 0)
        return;
    buf_printf(b, ",\"%s\":", name);
    buf_put_json_string(b, value);
}

static Str claims_of(Call *c, const OpenidFacts *f)
{
    const int64_t now_s = c->now_us / second_us;
    Buf           b = buf_new(c->arena, 512);

    buf_printf(&b, "{\"iat\":%lld,\"exp\":%lld,\"auth_time\":%lld", (long long)now_s,
               (long long)(now_s + ID_TOKEN_SECONDS), (long long)(f->proved_us / second_us));
    put_claim(&b, "iss", f->issuer);
    put_claim(&b, "sub", openid_subject(c->arena, f->login));
    put_claim(&b, "aud", f->client);
    put_claim(&b, "nonce", f->nonce);
    put_claim(&b, "fhirUser", f->fhir_user);
    buf_put_char(&b, '}');
    return buf_str(&b);
}

Fail openid_token(Call *c, Session *s, const OpenidFacts *facts, Str *out)
{
    OauthKey        keys[OAUTH_KEYS_MAX];
    const OauthKey *key;
    size_t          count;

    TRY(keys_of(c, s, keys, &count));
    key = signing_key(c, keys, count);
    if (!jws_sign(c->arena, key->secret, key->kid, claims_of(c, facts), out))
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "A key to sign with is damaged");
    return OK;
}
