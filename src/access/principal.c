/*
 * From an Authorization header to a Principal. One that was found is remembered by the token's digest
 * for at most a second (remembered.h).
 */
#include "access/consent.h"
#include "access/proxy.h"
#include "access/remembered.h"
#include "access/token.h"
#include "base/clock.h"

const Principal principal_nobody;

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
    TRY(reader_know(c, s, grant->linked, grant->login_patient, &rights.reader));
    principal_narrow(p, &rights);
    if (!role->proxy)
        return OK;
    TRY(proxy_rights(c, grant->switches, grant->login_patient, &rights));
    principal_narrow(p, &rights);
    return OK;
}

/* What a client has in its own name is cut down to what it is registered for today. */
static Fail narrow_to_client(Call *c, Session *s, const Grant *grant, Principal *p)
{
    Principal rights;

    TRY(system_rights(c, grant->own_scopes, &rights));
    principal_narrow(p, &rights);
    p->reader = (Reader){ .store = session_store(s), .assigns = true };
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
        TRY(narrow_to_client(c, s, &grant, out));
    else if (grant.app)
        TRY(narrow_to_login(c, s, &grant, out));
    else if (grant.glass) /* all else of the record is open, whatever is kept from the role */
        TRY(keep_sealed(c, out));
    else /* made by the owner, who says by its scopes what it is for */
        out->reader.directs = out->reader.confides = out->reader.assigns = true;
    out->grant = grant.number;
    out->login = grant.login;
    out->emergency = grant.glass != 0;
    *ends_us = grant.ends_us;
    return OK;
}

/* Apart from the function below, whose frame would be long for all else. */
static Fail find(Call *c, Session *s, const uint8_t hash[SHA256_BYTES], const Remembered **out)
{
    Remembered found = { .store = session_store(s), .since_ms = clock_monotonic_ms() };

    memcpy(found.hash, hash, sizeof found.hash);
    TRY(look_up(c, s, hash, &found.principal, &found.ends_us));
    *out = remembered_keep(c, &found);
    return OK;
}

Fail principal_from_authorization(Call *c, Session *s, Str header, const Principal **out)
{
    Str               scheme, token;
    uint8_t           hash[SHA256_BYTES];
    const Remembered *known;

    if (header.len == 0)
        return fail(c, FAIL_LOGIN, (Str){ 0 }, "This needs a bearer token");
    if (!str_cut(str_trim(header), ' ', &scheme, &token)
        || !str_equal_ascii_nocase(scheme, STR("Bearer")))
        return fail(c, FAIL_LOGIN, STR("Authorization"),
                    "Only bearer tokens are understood: \"Bearer …\"");
    digest_sha256(str_trim(token), hash);
    known = remembered_find(c, session_store(s), hash);
    if (known)
        TRY(check_end(c, known->ends_us));
    else
        TRY(find(c, s, hash, &known));
    *out = &known->principal;
    return OK;
}
