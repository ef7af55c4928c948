/*
 * The only place where permits are made (security rules A1, A6): a deed that is not granted is
 * refused, a fact that is missing denies.
 */
#include "access/principal.h"

static bool any(const TypeSet *set)
{
    for (size_t i = 0; i < TYPE_SET_WORDS; i++)
        if (set->words[i])
            return true;
    return false;
}

static bool holds(const TypeSet *set, TypeId type)
{
    return type == 0 ? any(set) : type_set_has(set, type);
}

Fail access_permit(Call *c, const Principal *p, Deed deed, TypeId type, Permit *out)
{
    static const char *const names[DEEDS] = {
        [DEED_NONE] = "do",       [DEED_CREATE] = "create", [DEED_READ] = "read",
        [DEED_UPDATE] = "update", [DEED_DELETE] = "delete", [DEED_SEARCH] = "search for",
    };
    Permit permit = { .practice = p->practice, .deed = (uint8_t)deed, .author = p->grant };

    if (p->kind == PRINCIPAL_NOBODY)
        return fail(c, FAIL_LOGIN, (Str){ 0 }, "This needs a bearer token");
    if (deed != DEED_NONE && p->practice != 0 && holds(&p->practice_types[deed], type)) {
        permit.reach = REACH_PRACTICE;
        permit.types = p->practice_types[deed];
    } else if (deed != DEED_NONE && p->practice != 0 && p->patient[0]
               && holds(&p->patient_types[deed], type)) {
        permit.reach = REACH_PATIENT;
        permit.types = p->patient_types[deed];
        memcpy(permit.patient, p->patient, sizeof permit.patient);
    } else {
        Str what = type ? type_name(type) : STR("that");

        return fail(c, FAIL_FORBIDDEN, (Str){ 0 },
                    "The token does not allow its bearer to %s %.*s", names[deed],
                    STR_ARG(what));
    }
    *out = permit;
    return OK;
}

Permit access_both(const Permit *first, const Permit *second)
{
    Permit both = *first;

    if (first->practice != second->practice
        || (first->reach == REACH_PATIENT && second->reach == REACH_PATIENT
            && strcmp(first->patient, second->patient) != 0))
        return (Permit){ 0 };
    if (second->reach != REACH_PRACTICE)
        both.reach = second->reach == REACH_NOTHING ? REACH_NOTHING : first->reach;
    if (second->reach == REACH_PATIENT && first->reach == REACH_PRACTICE) {
        both.reach = REACH_PATIENT;
        memcpy(both.patient, second->patient, sizeof both.patient);
    }
    for (size_t i = 0; i < TYPE_SET_WORDS; i++)
        both.types.words[i] &= second->types.words[i];
    return both;
}

Principal principal_owner(void)
{
    Principal p = { .kind = PRINCIPAL_OWNER, .practice = 1 };

    for (size_t deed = DEED_NONE + 1; deed < DEEDS; deed++)
        for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
            type_set_add(&p.practice_types[deed], type);
    return p;
}
