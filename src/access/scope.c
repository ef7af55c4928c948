/*
 * SMART scopes: what a token's text allows, as sets of types for each deed.
 * SMART App Launch 2.2 "Scopes and Launch Context"; version 1 forms are still understood.
 */
#include "access/rights.h"

#include "fhir/criteria.h"

/* The letters of version 2 in the order the standard demands (SC-1), with their deeds. */
static const struct Letter {
    char letter;
    Deed deed;
} letters[] = {
    { 'c', DEED_CREATE }, { 'r', DEED_READ },   { 'u', DEED_UPDATE },
    { 'd', DEED_DELETE }, { 's', DEED_SEARCH },
};

static const struct OldForm {
    Str old;
    Str letters;
} old_forms[] = {
    { STR_INIT("read"), STR_INIT("rs") },
    { STR_INIT("write"), STR_INIT("cud") },
    { STR_INIT("*"), STR_INIT("cruds") },
};

static bool deeds_read(Str text, bool deeds[DEEDS])
{
    size_t next = 0;

    for (size_t i = 0; i < COUNT(old_forms); i++)
        if (str_equal(text, old_forms[i].old))
            text = old_forms[i].letters;
    for (size_t i = 0; i < text.len; i++) {
        while (next < COUNT(letters) && letters[next].letter != text.at[i])
            next++;
        if (next == COUNT(letters))
            return false;
        deeds[letters[next++].deed] = true;
    }
    return text.len > 0;
}

/* "*" is the record. Who has looked at it, AuditEvent, must be asked for by name. */
static bool types_read(Str text, TypeSet *types)
{
    TypeId type = type_find(text);

    if (str_equal(text, STR("*"))) {
        for (TypeId each = 1; each <= RESOURCE_TYPES; each++)
            if (type_is_record(each))
                type_set_add(types, each);
        return true;
    }
    if (!type_is_resource(type))
        return false;
    type_set_add(types, type);
    return true;
}

static void add_deeds(TypeSet of_deed[DEEDS], const bool deeds[DEEDS], const TypeSet *types)
{
    for (size_t deed = 0; deed < DEEDS; deed++)
        for (size_t i = 0; deeds[deed] && i < TYPE_SET_WORDS; i++)
            of_deed[deed].words[i] |= types->words[i];
}

static Fail not_understood(Call *c, Str scope)
{
    return fail(c, FAIL_VALUE, STR("scope"),
                "The scope %.*s is not understood: expected for example system/*.cruds, "
                "user/Patient.rs, patient/Observation.read or "
                "patient/Observation.rs?category=laboratory",
                STR_ARG(scope));
}

static uint8_t deed_bits(const bool deeds[DEEDS])
{
    uint8_t bits = 0;

    for (size_t deed = 0; deed < DEEDS; deed++)
        bits |= (uint8_t)(deeds[deed] << deed);
    return bits;
}

/* "?category=…", of one named type. */
static Fail limit_read(Call *c, Str scope, Str type, Str criteria, const bool deeds[DEEDS],
                       bool chart, Principal *p)
{
    uint32_t issues = c->issue_count;
    Query    query;
    Str      why;

    if (str_equal(type, STR("*")))
        return fail(c, FAIL_VALUE, STR("scope"),
                    "The scope %.*s has a search constraint for all types; name one",
                    STR_ARG(scope));
    if (criteria.len == 0)
        return not_understood(c, scope);
    if (criteria_read(c, type_find(type), criteria, &query) != OK) {
        why = c->issue_count > issues ? arena_str(c->arena, c->issues[c->issue_count - 1].text)
                                      : (Str){ 0 };
        call_forget_issues(c, issues);
        return fail(c, FAIL_VALUE, STR("scope"),
                    "The search constraint of the scope %.*s is not understood: %.*s",
                    STR_ARG(scope), STR_ARG(why));
    }
    return rights_add_limit(c, p, chart, type_find(type), deed_bits(deeds), criteria);
}

static Fail chart_read(Call *c, Str scope, Str context, Str patient, bool *chart)
{
    *chart = str_equal(context, STR("patient"));
    if (*chart && patient.len == 0)
        return fail(c, FAIL_VALUE, STR("scope"),
                    "The scope %.*s is for one patient's record, and no patient is named",
                    STR_ARG(scope));
    if (!*chart && !str_equal(context, STR("user")) && !str_equal(context, STR("system")))
        return fail(c, FAIL_VALUE, STR("scope"),
                    "The scope %.*s begins with neither patient/, user/ nor system/",
                    STR_ARG(scope));
    return OK;
}

static Fail scope_read(Call *c, Str scope, Str patient, Principal *p)
{
    Str       plain = scope, criteria = { 0 }, context, rest, type, deed_text;
    bool      deeds[DEEDS] = { false }, chart, limited = str_cut(scope, '?', &plain, &criteria);
    TypeSet   types = { 0 };
    Principal one = { 0 };

    if (!limited)
        plain = scope;
    if (!str_cut(plain, '/', &context, &rest) || !str_cut(rest, '.', &type, &deed_text)
        || !types_read(type, &types) || !deeds_read(deed_text, deeds))
        return not_understood(c, scope);
    TRY(chart_read(c, scope, context, patient, &chart));
    if (limited)
        TRY(limit_read(c, scope, type, criteria, deeds, chart, &one));
    else
        add_deeds(chart ? one.patient_types : one.practice_types, deeds, &types);
    p->patient_bound = p->patient_bound && chart;
    return principal_add(c, p, &one);
}

Fail scopes_read(Call *c, Str scopes, Str patient, Principal *out)
{
    Principal p = { .kind = PRINCIPAL_TOKEN, .practice = 1, .patient_bound = true };
    size_t    count = 0;
    Str       rest = scopes, scope;

    if (patient.len > 0 && !resource_id_valid(patient))
        return fail(c, FAIL_VALUE, STR("patient"), "The patient's id cannot be one");
    memcpy(p.patient, patient.at ? patient.at : "", patient.len);
    while (str_next(&rest, ' ', &scope)) {
        if (scope.len == 0)
            continue;
        TRY(scope_read(c, scope, patient, &p));
        count++;
    }
    if (count == 0)
        return fail(c, FAIL_VALUE, STR("scope"), "No scope is named");
    *out = p;
    return OK;
}
