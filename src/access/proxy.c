/* Switches and days of proxies: see proxy.h. */
#include "access/proxy.h"

#include "base/buf.h"

enum { SWITCH_SEE = 0 };

/* Types that belong to a switch of their own; all others belong to seeing. */
static const struct {
    Str word, types;
} switches_of[] = {
    [SWITCH_SEE] = { STR_INIT("see"), STR_INIT("") },
    { STR_INIT("book"), STR_INIT("Appointment AppointmentResponse Schedule Slot") },
    { STR_INIT("forms"), STR_INIT("Questionnaire QuestionnaireResponse") },
    { STR_INIT("message"), STR_INIT("Communication CommunicationRequest") },
    { STR_INIT("pay"), STR_INIT("Account ChargeItem Claim ClaimResponse Coverage "
                                "CoverageEligibilityRequest CoverageEligibilityResponse "
                                "ExplanationOfBenefit Invoice PaymentNotice "
                                "PaymentReconciliation") },
    { STR_INIT("consent"), STR_INIT("Consent") },
};
_Static_assert(COUNT(switches_of) == SWITCHES, "a row for each switch");

static const Str of_all =
    STR_INIT("Patient Endpoint HealthcareService Location Organization Practitioner "
             "PractitionerRole");

static bool has_word(Str list, Str word)
{
    Str one;

    while (str_next(&list, ' ', &one))
        if (str_equal(one, word))
            return true;
    return false;
}

static bool switch_find(Str word, uint8_t *bit)
{
    for (size_t i = 0; i < SWITCHES; i++)
        if (str_equal(switches_of[i].word, word)) {
            *bit = (uint8_t)(1u << i);
            return true;
        }
    return false;
}

bool switches_read(Str words, uint8_t *out)
{
    uint8_t bits = 0, bit;
    Str     word;

    while (str_next(&words, ',', &word)) {
        if (!switch_find(str_trim(word), &bit))
            return false;
        bits |= bit;
    }
    *out = bits ? bits : SWITCHES_ALL;
    return true;
}

Str switches_write(Arena *a, uint8_t switches)
{
    Buf out = buf_new(a, 64);

    for (size_t i = 0; i < SWITCHES; i++)
        if (switches >> i & 1) {
            buf_put(&out, out.len ? STR(",") : STR(""));
            buf_put(&out, switches_of[i].word);
        }
    return buf_str(&out);
}

Str switch_words(Arena *a)
{
    return switches_write(a, SWITCHES_ALL);
}

bool proxy_in_force(const Call *c, const LoginPatient *p)
{
    return c->now_us >= p->from_us && (p->until_us == 0 || c->now_us < p->until_us);
}

/* ---- rights ---- */

static uint8_t switches_for(Str type)
{
    if (has_word(of_all, type))
        return SWITCHES_ALL;
    for (size_t i = 1; i < SWITCHES; i++)
        if (has_word(switches_of[i].types, type))
            return (uint8_t)(1u << i);
    return 1u << SWITCH_SEE;
}

Fail proxy_rights(Call *c, uint8_t switches, Str patient, Principal *out)
{
    Buf scopes = buf_new(c->arena, 8 * 1024);

    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        if (switches & switches_for(type_name(type)))
            buf_printf(&scopes, "%spatient/%.*s.cruds", scopes.len ? " " : "",
                       STR_ARG(type_name(type)));
    if (scopes.len)
        return scopes_read(c, buf_str(&scopes), patient, out);
    *out = (Principal){ .kind = PRINCIPAL_TOKEN, .practice = 1, .patient_bound = true };
    return OK;
}
