/*
 * Bearer tokens: 256 random bits, of which only the SHA-256 is kept. A digest without salt is
 * enough, for there is nothing to guess in 256 bits. RFC 6750.
 */
#include "access/token.h"

#include "base/ensure.h"
#include "base/random.h"
#include "codec/base64.h"

enum { TOKEN_BYTES = 32 };

void token_draw(Arena *a, char token[TOKEN_CHARS + 1], uint8_t hash[SHA256_BYTES])
{
    uint8_t secret[TOKEN_BYTES];
    Buf     text = buf_new(a, TOKEN_CHARS + 1);

    random_bytes(secret, sizeof secret);
    base64_put_url(&text, (Str){ (const char *)secret, sizeof secret });
    explicit_bzero(secret, sizeof secret);
    ENSURE(text.len == TOKEN_CHARS);
    memcpy(token, text.at, TOKEN_CHARS);
    token[TOKEN_CHARS] = '\0';
    token_hash(buf_str(&text), hash);
}

void token_hash(Str token, uint8_t hash[SHA256_BYTES])
{
    digest_sha256(token, hash);
}

Fail token_create(Call *c, Store *s, Str scopes, Str patient, Str name, int64_t minutes,
                  char token[TOKEN_CHARS + 1])
{
    Principal check;
    char      drawn[TOKEN_CHARS + 1];
    Grant     grant = { .scopes = scopes, .patient = patient, .name = name };

    TRY(scopes_read(c, scopes, patient, &check));
    if (minutes < 1 || minutes > TOKEN_MINUTES_MAX)
        return fail(c, FAIL_VALUE, STR("minutes"),
                    "A token can be good for 1 to %d minutes, not %lld", TOKEN_MINUTES_MAX,
                    (long long)minutes);
    token_draw(c->arena, drawn, grant.hash);
    grant.made_us = c->now_us;
    grant.ends_us = c->now_us + minutes * 60 * 1000 * 1000;
    TRY(store_grant_put(c, s, &grant));
    memcpy(token, drawn, sizeof drawn);
    explicit_bzero(drawn, sizeof drawn);
    return OK;
}
