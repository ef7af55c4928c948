/*
 * Validating beyond what reading a resource checks: the invariants and bindings of the standard's
 * definitions, extensions, references, Bundles, and profiles.
 */
#ifndef FHIR_VALIDATE_H
#define FHIR_VALIDATE_H

#include "fhir/resource.h"
#include "fhir/terminology.h"

typedef struct ValidateOptions {
    Terms     *terms;    /* where profiles and value sets are found; NULL: only the standard's
                            invariants are checked */
    const Str *profiles; /* that the resource must conform to, besides those it declares */
    size_t     profile_count;
    bool       undeclared;   /* leaves out the profiles that meta.profile names */
    bool       must_support; /* tells what is to be supported and is not there */
} ValidateOptions;

/* Notes each invariant that does not hold, with its key, place, line and column: errors as
 * FAIL_INVARIANT, those the standard calls warnings as warnings. FAIL_INVARIANT if there were errors;
 * FAIL_TOO_COSTLY past the budget. One that cannot be carried out is told as a warning. */
Fail validate_invariants(Call *c, const Resource *resource) MUST_USE;

/* The same, and bindings, codes, extensions, references, Bundle rules and profiles. The first fault decides
 * the result. What cannot be found (profiles, value sets) is told as a warning. */
Fail validate_resource(Call *c, const Resource *resource,
                       const ValidateOptions *options) MUST_USE;

/* Whether a profile's url names the standard's own definition of the type, or of what it is made
 * from: "http://hl7.org/fhir/StructureDefinition/Patient". */
bool validate_profile_is_base(TypeId type, Str profile);

#endif
