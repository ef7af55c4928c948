/*
 * Who is of which organisation and profession, as PractitionerRoles say it. Consents and private notes go
 * by it, so whoever could change it could open them.
 */
#ifndef FHIR_ASSIGNMENT_H
#define FHIR_ASSIGNMENT_H

#include "fhir/index.h"

/* A change of a PractitionerRole as it was into what it will be; without rows it was not, or will not
 * be, there. FAIL_FORBIDDEN where practitioner, organization, code, active or period would change. What
 * else it says (hours, places, services, how to reach somebody) may change. */
Fail assignment_check(Call *c, const IndexRows *before, const IndexRows *after) MUST_USE;

#endif
