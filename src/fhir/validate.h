/*
 * Validating beyond what reading a resource checks: the invariants that the standard's definitions
 * state. Profiles are not known here.
 */
#ifndef FHIR_VALIDATE_H
#define FHIR_VALIDATE_H

#include "fhir/resource.h"

/* Notes each invariant that does not hold, with its key, place, line and column: errors as
 * FAIL_INVARIANT, those the standard calls warnings as warnings. FAIL_INVARIANT if there were errors;
 * FAIL_TOO_COSTLY past the budget. One that cannot be carried out is told as a warning. */
Fail validate_invariants(Call *c, const Resource *resource) MUST_USE;

/* Whether a profile's url names the standard's own definition of the type, or of what it is made
 * from: "http://hl7.org/fhir/StructureDefinition/Patient". */
bool validate_profile_is_base(TypeId type, Str profile);

#endif
