/*
 * Whose record is it about? A page to find and choose a patient, for people who see many, on the
 * way of an app that asks for one (SMART 2.2 "launch/patient"). It shows nobody whom the person may
 * not see, and what it shows is in the audit.
 */
#ifndef SERVER_PICK_H
#define SERVER_PICK_H

#include "server/browser.h"

typedef struct PickedPatient {
    Str id;
    Str name, birth_date; /* or empty */
} PickedPatient;

/* The patient, if the person may read that record now. FAIL_NOT_FOUND, FAIL_FORBIDDEN. */
Fail pick_find(Browser *b, Str id, PickedPatient *out) MUST_USE;

/* The page: what was typed is looked for. `app` is the app's name, `request` what it asked for. */
Fail pick_page(Browser *b, Str app, Str request) MUST_USE;

/* "Ann Example, 1970-01-01" */
void pick_put_patient(Browser *b, const PickedPatient *patient);

#endif
