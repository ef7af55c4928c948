/* Roles and what they come to: see role.h. */
#include "access/role.h"

#include "access/consent.h"
#include "access/policy.h"
#include "base/buf.h"

static const Role roles[] = {
    { .word = STR_INIT("practitioner"),
      .purposes = PURPOSE_TREAT,
      .breaks_glass = true,
      .staff = true,
      .linked = STR_INIT("Practitioner"),
      .idle_minutes = 15,
      .hours = 12 },
    { .word = STR_INIT("front-desk"),
      .purposes = PURPOSE_TREAT | PURPOSE_HOPERAT,
      .staff = true,
      .linked = STR_INIT("Practitioner"),
      .idle_minutes = 15,
      .hours = 12 },
    { .word = STR_INIT("biller"),
      .purposes = PURPOSE_HPAYMT,
      .staff = true,
      .linked = STR_INIT("Practitioner"),
      .idle_minutes = 15,
      .hours = 12 },
    { .word = STR_INIT("privacy-officer"),
      .purposes = PURPOSE_HOPERAT,
      .reviews = true,
      .staff = true,
      .linked = STR_INIT("Practitioner"),
      .idle_minutes = 15,
      .hours = 12 },
    { .word = STR_INIT("administrator"),
      .purposes = PURPOSE_HSYSADMIN | PURPOSE_HOPERAT,
      .administers = true,
      .staff = true,
      .linked = STR_INIT("Practitioner"),
      .idle_minutes = 15,
      .hours = 12 },
    { .word = STR_INIT("patient"),
      .purposes = PURPOSE_PATRQT,
      .own_chart = true,
      .linked = STR_INIT("Patient"),
      .idle_minutes = 30,
      .hours = 12 },
    { .word = STR_INIT("proxy"),
      .purposes = PURPOSE_FAMRQT | PURPOSE_PATRQT,
      .proxy = true,
      .own_chart = true,
      .linked = STR_INIT("RelatedPerson"),
      .idle_minutes = 30,
      .hours = 12 },
};

const Role *role_find(Str word)
{
    for (size_t i = 0; i < COUNT(roles); i++)
        if (str_equal(roles[i].word, word))
            return &roles[i];
    return NULL;
}

Str role_words(Arena *a)
{
    Buf out = buf_new(a, 128);

    for (size_t i = 0; i < COUNT(roles); i++) {
        buf_put(&out, i ? STR(", ") : STR(""));
        buf_put(&out, roles[i].word);
    }
    return buf_str(&out);
}

/* In one patient's record the same as in the practice, with the same limits. */
static Fail as_in_practice(Call *c, Principal *p)
{
    const uint32_t count = p->limit_count;

    memcpy(p->patient_types, p->practice_types, sizeof p->patient_types);
    for (uint32_t i = 0; i < count; i++) {
        if (p->limit_count == SCOPE_LIMITS)
            return fail(c, FAIL_TOO_COSTLY, STR("scope"), "There are too many limits");
        p->limits[p->limit_count] = p->limits[i];
        p->limits[p->limit_count++].chart = true;
    }
    return OK;
}

static Fail rights_of(Call *c, Str text, const Role *role, Str patient, Principal *out)
{
    uint32_t issues = c->issue_count;

    if (policy_rights(c, text, role, patient, out) == OK)
        return !role->own_chart && patient.len ? as_in_practice(c, out) : OK;
    call_forget_issues(c, issues); /* of another Hale: who cannot read it lets nobody in */
    *out = (Principal){ .kind = PRINCIPAL_TOKEN, .practice = 1 };
    return OK;
}

Fail role_rights(Call *c, Session *s, const Role *role, Str patient, Principal *out)
{
    uint64_t number;
    Str      text;

    TRY(policy_in_force(c, s, &text, &number));
    TRY(rights_of(c, text, role, patient, out));
    reader_of_role(session_store(s), role, &out->reader);
    return OK;
}

Fail system_rights(Call *c, Str scopes, Principal *out)
{
    Buf      own = buf_new(c->arena, scopes.len + 1);
    Str      rest = scopes, scope;
    uint32_t issues = c->issue_count;

    while (str_next(&rest, ' ', &scope)) {
        Principal one;

        if (!str_starts(scope, STR("system/")))
            continue;
        if (scopes_read(c, scope, (Str){ 0 }, &one) != OK) {
            call_forget_issues(c, issues);
            continue;
        }
        buf_put(&own, own.len ? STR(" ") : STR(""));
        buf_put(&own, scope);
    }
    if (own.len)
        return scopes_read(c, buf_str(&own), (Str){ 0 }, out);
    *out = (Principal){ .kind = PRINCIPAL_TOKEN, .practice = 1 };
    return OK;
}
