/*
 * Roles: who people are to the practice. What each may be given at most, whatever an app asks for, says
 * the policy (policy.h).
 */
#ifndef ACCESS_ROLE_H
#define ACCESS_ROLE_H

#include "access/rights.h"

typedef struct Role {
    Str  word;
    bool staff;     /* must prove a second factor */
    bool own_chart; /* sees one patient's record at a time … */
    bool proxy; /* … of those that login_patient names; else the one the login is linked to */
    bool breaks_glass; /* may open a record in an emergency … */
    bool reviews;      /* … and this is who looks at that afterwards (break_glass.h) */
    bool administers;  /* makes and ends logins and clients */
    uint16_t purposes; /* what it reads for (fhir/directive.h) */
    Str      linked;   /* type of resource a login of this role may be linked to; or empty */
    int      idle_minutes;
    int      hours; /* the longest session */
} Role;

/* NULL if there is no such role. */
const Role *role_find(Str word);

/* "practitioner, front-desk, …" */
Str role_words(Arena *a);

/* What the policy in force gives the role. Where it is for one record, in that patient's, and nothing where the patient
 * is missing; else what it gives in the practice it gives in that patient's record, too. */
Fail role_rights(Call *c, Session *s, const Role *role, Str patient, Principal *out) MUST_USE;

/* What the "system/" scopes among these give; others, and those not understood, give nothing. */
Fail system_rights(Call *c, Str scopes, Principal *out) MUST_USE;

#endif
