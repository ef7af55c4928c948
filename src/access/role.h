/*
 * Roles: what a person may be given at most, whatever an app asks for. The table in role.c is
 * narrow on purpose until the policy, with criteria and hidden elements, takes its place:
 * docs/security.md says what each role reaches.
 */
#ifndef ACCESS_ROLE_H
#define ACCESS_ROLE_H

#include "access/principal.h"

typedef struct Role {
    Str  word;
    bool staff;     /* must prove a second factor */
    bool own_chart; /* sees one patient's record, named with the login */
    Str  linked;    /* type of resource a login of this role may be linked to; or empty */
    Str  scopes;    /* the most an app may do in its name */
    int  idle_minutes;
    int  hours; /* the longest session */
} Role;

/* NULL if there is no such role. */
const Role *role_find(Str word);

/* "practitioner, front-desk, …" */
Str role_words(Arena *a);

/* What the role gives, for that patient where it is for one; nothing where the patient is
 * missing. */
Fail role_rights(Call *c, const Role *role, Str patient, Principal *out) MUST_USE;

/* Takes from `p` what `by` does not have. Patient scopes hold for one patient only: another's
 * are taken. */
void principal_narrow(Principal *p, const Principal *by);

/* What the "system/" scopes among these give; others, and those not understood, give nothing. */
Fail system_rights(Call *c, Str scopes, Principal *out) MUST_USE;

/* The scopes that say what it may do, version 2, in the order of the types' names: "*" where
 * all types are alike. Empty if it may do nothing. */
Str scopes_write(Arena *a, const Principal *p);

/* The same for a client in its own name: "system/". */
Str scopes_write_system(Arena *a, const Principal *p);

#endif
