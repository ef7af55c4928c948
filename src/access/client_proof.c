/* How clients prove who they are: see client_proof.h. */
#include "access/client_proof.h"

#include "access/throttle.h"
#include "codec/jose.h"
#include "codec/secret.h"

enum { JTI_BYTES_MAX = 512 };

static const Str assertion_type =
    STR_INIT("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");

bool client_has_keys(const Client *client)
{
    return client->keys.len || client->keys_uri.len;
}

/* ---- what a token says ---- */

/* "aud" as one text: a list could name us among others that then use it with us. */
static bool is_for_us(const ClientProof *p, const Jws *jws)
{
    Str audience = jws_claim(jws, "aud");

    for (size_t i = 0; i < COUNT(p->audiences); i++)
        if (audience.len && str_equal(audience, p->audiences[i]))
            return true;
    return false;
}

/* Whether it is in time; `ends_s` is when it is not any more. */
static bool is_in_time(const Call *c, const Jws *jws, int64_t *ends_s)
{
    const int64_t now_s = c->now_us / (1000 * 1000), late_s = now_s + ASSERTION_SKEW_SECONDS;
    const bool    has_begin = json_member(&jws->claims, 0, STR("nbf")) != 0;
    const bool    has_made = json_member(&jws->claims, 0, STR("iat")) != 0;
    int64_t       begins_s, made_s;

    if (!jws_claim_time(jws, "exp", ends_s) || *ends_s <= now_s
        || *ends_s > late_s + ASSERTION_SECONDS_MAX)
        return false;
    if (has_begin && (!jws_claim_time(jws, "nbf", &begins_s) || begins_s > late_s))
        return false;
    return !has_made || (jws_claim_time(jws, "iat", &made_s) && made_s <= late_s);
}

static const char *fault_of(const Call *c, const ClientProof *p, const Jws *jws,
                            int64_t *ends_s)
{
    const Str id = p->client.id, jti = jws_claim(jws, "jti");
    const struct {
        bool        wrong;
        const char *fault;
    } rows[] = {
        { !str_equal_ascii_nocase(jws->typ, STR("JWT")), "typ is not JWT" },
        { jws->kid.len == 0, "kid is missing" },
        { jws->jku.at && !(p->client.keys_uri.len && str_equal(jws->jku, p->client.keys_uri)),
          "jku is not the address it is registered with" },
        { !str_equal(jws_claim(jws, "iss"), id), "iss is not the client" },
        { !str_equal(jws_claim(jws, "sub"), id), "sub is not the client" },
        { !is_for_us(p, jws), "aud is not us" },
        { jti.len == 0 || jti.len > JTI_BYTES_MAX, "jti is missing or too long" },
        { !is_in_time(c, jws, ends_s), "exp, nbf or iat is not in time" },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].wrong)
            return rows[i].fault;
    return NULL;
}

/* ---- its keys ---- */

static Fail keys_of(Call *c, const ClientProof *p, bool anew, JwkSet *out)
{
    Str keys = p->client.keys;

    if (p->client.keys_uri.len) {
        if (!p->source)
            return FAIL_NOT_FOUND;
        TRY(p->source(p->source_context, c, p->client.keys_uri, anew, &keys));
    }
    return jwk_set_read(c, keys, out);
}

/* A key that is not known may be a new one: then they are fetched once more. FAIL_BUSY where the
 * keys are on their way. */
static Fail check_signature(Call *c, ClientProof *p, const Jws *jws)
{
    JwkSet set = { 0 }, newer;
    Fail   result = keys_of(c, p, false, &set);

    if (result == FAIL_BUSY)
        return result;
    if (result == OK && !jwk_set_has(&set, jws) && p->client.keys_uri.len
        && keys_of(c, p, true, &newer) == OK)
        set = newer;
    p->fault = result != OK              ? "its keys cannot be had"
               : !jwk_set_has(&set, jws) ? "no key of its has that kid"
               : !jws_verify(&set, jws)  ? "the signature is not right"
                                         : NULL;
    return OK;
}

/* The client's jti, for as long as the token could be brought again. */
static Fail use_up(Call *c, Session *s, ClientProof *p, const Jws *jws, int64_t ends_s)
{
    SecretHash hash;
    bool       fresh;

    token_hash(arena_printf(c->arena, "%.*s %.*s", STR_ARG(p->client.id),
                            STR_ARG(jws_claim(jws, "jti"))),
               hash);
    TRY(store_assertion_use(c, session_store(s), hash, (ends_s + 1) * 1000 * 1000, &fresh));
    if (!fresh)
        p->fault = "jti was used before";
    p->known = fresh;
    return OK;
}

static Fail prove_by_key(Call *c, Session *s, ClientProof *p, const Jws *jws)
{
    uint32_t issues = c->issue_count;
    int64_t  ends_s = 0;

    p->fault = fault_of(c, p, jws, &ends_s);
    if (!p->fault)
        TRY(check_signature(c, p, jws));
    call_forget_issues(c, issues);
    return p->fault ? OK : use_up(c, s, p, jws, ends_s);
}

/* ---- all of it ---- */

/* Which client it says it is. False: it says nothing that could be one. */
static bool claimed_id(Call *c, ClientProof *p, Jws *jws)
{
    uint32_t issues = c->issue_count;
    Str      issuer;

    if (p->assertion.len == 0)
        return p->id.len > 0;
    p->fault = "the assertion is of another type";
    if (!str_equal(p->assertion_type, assertion_type))
        return false;
    p->fault = "the assertion cannot be read, or is of a kind that is refused";
    if (jws_read(c, p->assertion, jws) != OK) {
        call_forget_issues(c, issues);
        return false;
    }
    issuer = jws_claim(jws, "iss");
    p->fault = "the assertion and client_id name different clients";
    if (issuer.len == 0 || (p->id.len && !str_equal(p->id, issuer)))
        return false;
    p->id = issuer;
    return true;
}

static void prove_by_secret(ClientProof *p)
{
    SecretHash hash;

    token_hash(p->secret, hash);
    p->known = p->client.secret.len
                   ? secret_equal(p->client.secret, (Str){ (const char *)hash, sizeof hash })
                   : p->secret.len == 0;
    p->fault = p->known ? NULL : "the secret is not right";
}

static Fail prove(Call *c, Session *s, ClientProof *p, const Jws *jws)
{
    p->fault = "it is disabled";
    if (p->client.disabled)
        return OK;
    p->fault = "it proves itself in another way than it is registered for";
    if (client_has_keys(&p->client) != (p->assertion.len > 0)
        || (p->assertion.len && p->secret.len))
        return OK;
    if (p->assertion.len)
        return prove_by_key(c, s, p, jws);
    prove_by_secret(p);
    return OK;
}

static Fail not_too_often(Call *c, ClientProof *p, ThrottleKey key)
{
    p->wait_s = throttle_take_of(key, CLIENT_TRIES_MINUTE);
    if (p->wait_s)
        return fail(c, FAIL_THROTTLED, STR("client_id"), "The client asks too often");
    return OK;
}

/* Tries are counted for each network, so that strangers cannot use up what is the client's. */
Fail client_prove(Call *c, Session *s, ClientProof *p)
{
    uint32_t issues = c->issue_count;
    Jws      jws = { 0 };
    Fail     result;

    p->known = false;
    if (!claimed_id(c, p, &jws))
        return OK;
    result = store_client_find(c, s, p->id, &p->client);
    if (result == FAIL_NOT_FOUND) {
        call_forget_issues(c, issues);
        p->client = (Client){ 0 };
        p->fault = "there is no such client";
        return OK;
    }
    TRY(result);
    TRY(not_too_often(c, p, throttle_key("client try", p->client.id, p->network)));
    TRY(prove(c, s, p, &jws));
    return p->known ? not_too_often(c, p, throttle_key("client", p->client.id, (Str){ 0 }))
                    : OK;
}
