/*
 * From an Authorization header to a Principal. A token that was found is remembered by its
 * digest for at most a second, by each thread for itself: so a revoked token is dead within
 * that second, and nothing is locked on the way of a read.
 */
#include "base/clock.h"

#include "access/proxy.h"
#include "access/token.h"

enum {
    REMEMBERED = 16, /* of 12 KB, for each thread, and the system fills them with zeroes */
    REMEMBERED_MS = 1000,
};

typedef struct Remembered {
    const Store *store; /* NULL: nothing here */
    uint8_t      hash[SHA256_BYTES];
    uint64_t     until_ms;
    int64_t      ends_us;
    Principal    principal;
} Remembered;

static _Thread_local Remembered remembered[REMEMBERED];

static Fail refuse(Call *c)
{
    return fail(c, FAIL_LOGIN, STR("Authorization"), "The bearer token is not valid");
}

static Fail check_end(Call *c, int64_t ends_us)
{
    if (c->now_us >= ends_us)
        return fail(c, FAIL_EXPIRED, STR("Authorization"), "The bearer token has expired");
    return OK;
}

/* What a login gave an app is cut down to what the login may do today: its role may have
 * changed, its right to a record may have ended. */
static Fail narrow_to_login(Call *c, Session *s, const Grant *grant, Principal *p)
{
    const Role *role = role_find(grant->role);
    Principal   rights;

    if (!role)
        return refuse(c);
    if ((grant->until_us && c->now_us >= grant->until_us) || c->now_us < grant->from_us)
        return refuse(c);
    TRY(role_rights(c, s, role, role->own_chart ? grant->login_patient : grant->patient,
                    &rights));
    principal_narrow(p, &rights);
    if (!role->proxy)
        return OK;
    TRY(proxy_rights(c, grant->switches, grant->login_patient, &rights));
    principal_narrow(p, &rights);
    return OK;
}

/* What a client has in its own name is cut down to what it is registered for today. */
static Fail narrow_to_client(Call *c, const Grant *grant, Principal *p)
{
    Principal rights;

    TRY(system_rights(c, grant->own_scopes, &rights));
    principal_narrow(p, &rights);
    return OK;
}

/* What no emergency opens (security rule A9): notes of psychotherapy are their author's. This is no row
 * of the policy, so that no practice can lose it. */
static Fail keep_sealed(Call *c, Principal *p)
{
    TypeSet types = { 0 };

    for (TypeId each = 1; each <= RESOURCE_TYPES; each++)
        type_set_add(&types, each);
    return rights_withhold(
        c, p, &types, STR("_security=http://terminology.hl7.org/CodeSystem/v3-ActCode|PSYTHPN"),
        STR("sealed: not opened in an emergency"));
}

static Fail look_up(Call *c, Session *s, const uint8_t hash[SHA256_BYTES], Principal *out,
                    int64_t *ends_us)
{
    uint32_t issues = c->issue_count;
    Grant    grant;
    Fail     result = store_grant_find(c, s, hash, &grant);

    if (result == FAIL_NOT_FOUND) {
        call_forget_issues(c, issues);
        return refuse(c);
    }
    TRY(result);
    if (grant.revoked)
        return refuse(c);
    TRY(check_end(c, grant.ends_us));
    if (grant.scopes.len)
        TRY(scopes_read(c, grant.scopes, grant.patient, out));
    else /* an app that only asked who somebody is */
        *out = (Principal){ .kind = PRINCIPAL_TOKEN, .practice = 1, .patient_bound = true };
    if (grant.own_scopes.len)
        TRY(narrow_to_client(c, &grant, out));
    else if (grant.app)
        TRY(narrow_to_login(c, s, &grant, out));
    else if (grant.glass) /* all else of the record is open, whatever is kept from the role */
        TRY(keep_sealed(c, out));
    out->grant = grant.number;
    out->login = grant.login;
    out->emergency = grant.glass != 0;
    *ends_us = grant.ends_us;
    return OK;
}

Fail principal_from_authorization(Call *c, Session *s, Str header, Principal *out)
{
    Str         scheme, token;
    uint8_t     hash[SHA256_BYTES];
    Remembered *place;
    int64_t     ends_us = 0;
    Principal   found;

    if (header.len == 0)
        return fail(c, FAIL_LOGIN, (Str){ 0 }, "This needs a bearer token");
    if (!str_cut(str_trim(header), ' ', &scheme, &token)
        || !str_equal_ascii_nocase(scheme, STR("Bearer")))
        return fail(c, FAIL_LOGIN, STR("Authorization"),
                    "Only bearer tokens are understood: \"Bearer …\"");
    token = str_trim(token);
    digest_sha256(token, hash);
    place = &remembered[hash[0] % REMEMBERED];
    if (place->store == session_store(s) && memcmp(place->hash, hash, sizeof hash) == 0
        && clock_monotonic_ms() < place->until_ms) {
        TRY(check_end(c, place->ends_us));
        *out = place->principal;
        return OK;
    }
    TRY(look_up(c, s, hash, &found, &ends_us));
    *place = (Remembered){ .store = session_store(s),
                           .until_ms = clock_monotonic_ms() + REMEMBERED_MS,
                           .ends_us = ends_us,
                           .principal = found };
    memcpy(place->hash, hash, sizeof hash);
    *out = found;
    return OK;
}
