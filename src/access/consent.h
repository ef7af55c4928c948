/*
 * What Consents withhold from a reader, as rows of permits (security rule A11). A fact about the reader
 * that is missing counts against them: whoever is not known to be somebody else is bound, and nobody is
 * exempt who is not known to be.
 */
#ifndef ACCESS_CONSENT_H
#define ACCESS_CONSENT_H

#include "access/role.h"

/* What is known of somebody by their role; linked to nobody. */
void reader_of_role(Store *s, const Role *role, Reader *out);

/* What is known by their login: the resource it is linked to, a patient's own id; and the organisations
 * that their PractitionerRoles are of. Of texts that are too long nothing is known. */
Fail reader_know(Call *c, Session *s, Str linked, Str own, Reader *out) MUST_USE;

/* The rows in front of `further`: few, alike ones together; or (`apart`) one for each that a Consent
 * makes. Past CONSENT_ROWS different ones, the types of the further ones are withheld whole, in the
 * records that they are about. */
const PermitRows *consent_rows(Call *c, const Principal *p, bool apart,
                               const PermitRows *further);

/* Whether they withhold something of that type. */
bool consent_narrows(Call *c, const Principal *p, TypeId type);

/* FAIL_UNPROCESSABLE: a Consent names a role that there is not. */
Fail consent_check(Call *c, const Directives *made) MUST_USE;

enum { CONSENT_ROWS = 20 };

#endif
