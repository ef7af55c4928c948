/*
 * People who use Hale: making, listing, disabling, resetting their logins. A login is linked to
 * a Practitioner, Patient or RelatedPerson here, never in a resource.
 */
#ifndef ACCESS_PERSON_H
#define ACCESS_PERSON_H

#include "access/role.h"
#include "access/token.h"
#include "store/people.h"

enum { LOGIN_NAME_MAX = 64, LINK_HOURS = 72 };

typedef struct PersonAsked {
    Str name, role;
    Str linked; /* "Practitioner/1"; or empty */
    /* of a proxy, all or none: */
    Str patient;     /* whose record */
    Str may;         /* "see,book": switches; empty: all (proxy.h) */
    Str from, until; /* "2027-01-31": first and last day in UTC; or empty */
} PersonAsked;

/* Adds a login without a password, and draws the link by which one is set, good once and for
 * LINK_HOURS. FAIL_VALUE, FAIL_REQUIRED naming what is wrong, FAIL_DUPLICATE. */
Fail person_add(Call *c, Store *s, const PersonAsked *asked,
                char link[TOKEN_CHARS + 1]) MUST_USE;

/* FAIL_NOT_FOUND if there is no such login. */
Fail person_disable(Call *c, Session *s, Str name, bool disabled) MUST_USE;
Fail person_reset(Call *c, Session *s, Str name, bool second_factor,
                  char link[TOKEN_CHARS + 1]) MUST_USE;

/* Opens a record to a proxy, or changes for what and for how long it is open; closes it. Of
 * `asked` name, patient, may, from and until. FAIL_NOT_FOUND, FAIL_VALUE, FAIL_REQUIRED. */
Fail person_allow(Call *c, Session *s, const PersonAsked *asked) MUST_USE;
Fail person_withdraw(Call *c, Session *s, Str name, Str patient) MUST_USE;

/* The login of that name. FAIL_VALUE, FAIL_NOT_FOUND. */
Fail person_find(Call *c, Session *s, Str name, Login *out) MUST_USE;

/* Another role, and whom it is linked to from now on; ends its sessions, apps and emergencies. */
Fail person_role(Call *c, Session *s, const PersonAsked *asked) MUST_USE;

/* A name as it is kept: without space around it, ASCII letters small. False if it cannot be
 * one: letters, digits and ".-_@+" only, at most LOGIN_NAME_MAX. */
bool person_name_read(Arena *a, Str typed, Str *out);

/* ---- the first ---- */

/* Draws the link by which the first login, an administrator, is made; it is kept in memory only
 * and good until a first login exists, or an hour is over. */
void person_first_draw(Arena *a, char link[TOKEN_CHARS + 1]);
bool person_first_is(Str link);

/* Makes that login with its password. FAIL_CONFLICT if there is one already. */
Fail person_first_add(Call *c, Store *s, Str link, Str name, Str password) MUST_USE;

#endif
