/*
 * SMART scopes: what a token's text allows, as sets of types for each deed.
 * SMART App Launch 2.2 "Scopes and Launch Context"; version 1 forms are still understood.
 */
#include "access/principal.h"

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

static bool types_read(Str text, TypeSet *types)
{
    TypeId type = type_find(text);

    if (str_equal(text, STR("*"))) {
        for (TypeId each = 1; each <= RESOURCE_TYPES; each++)
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

static Fail scope_read(Call *c, Str scope, Str patient, Principal *p)
{
    Str     context, rest, type, deed_text;
    bool    deeds[DEEDS] = { false };
    TypeSet types = { 0 };

    if (str_find(scope, STR("?")) >= 0)
        return fail(c, FAIL_VALUE, STR("scope"),
                    "The scope %.*s has a search constraint; these are not supported",
                    STR_ARG(scope));
    if (!str_cut(scope, '/', &context, &rest) || !str_cut(rest, '.', &type, &deed_text)
        || !types_read(type, &types) || !deeds_read(deed_text, deeds))
        return fail(c, FAIL_VALUE, STR("scope"),
                    "The scope %.*s is not understood: expected for example "
                    "system/*.cruds, user/Patient.rs or patient/Observation.read",
                    STR_ARG(scope));
    if (str_equal(context, STR("patient"))) {
        if (patient.len == 0)
            return fail(c, FAIL_VALUE, STR("scope"),
                        "The scope %.*s is for one patient's record, and no patient is named",
                        STR_ARG(scope));
        add_deeds(p->patient_types, deeds, &types);
    } else if (str_equal(context, STR("user")) || str_equal(context, STR("system"))) {
        add_deeds(p->practice_types, deeds, &types);
        p->patient_bound = false;
    } else {
        return fail(c, FAIL_VALUE, STR("scope"),
                    "The scope %.*s begins with neither patient/, user/ nor system/",
                    STR_ARG(scope));
    }
    return OK;
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
