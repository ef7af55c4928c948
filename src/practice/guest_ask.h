/* What the files about the practice's page for booking share: asking as the visitor. */
#ifndef PRACTICE_GUEST_ASK_H
#define PRACTICE_GUEST_ASK_H

#include "practice/guest.h"

/* Whose holds are told apart by the hash of what their forms carry. */
Principal guest_principal(Call *c, const SecretHash hash);

/* Carried out, and in the audit, when it returns; base and address are filled in. */
Fail guest_ask(GuestAsked *a, const Principal *p, Str path, Asked asked,
               Answer *answer) MUST_USE;

/* FHIR that is posted. */
Asked guest_post(Str body);

/* The id of the resource in the answer, or of the first entry's. */
Fail guest_answered_id(Call *c, const Answer *answer, Str *out) MUST_USE;

#endif
