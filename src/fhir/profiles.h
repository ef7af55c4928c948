/*
 * Where profiles are found: among the StructureDefinitions that a call may use (Terms.candidates). One
 * without a snapshot gets one, for this call.
 */
#ifndef FHIR_PROFILES_H
#define FHIR_PROFILES_H

#include "fhir/profile.h"
#include "fhir/terminology.h"

/* The profile of that url ("url|version"), or NULL if there is none. FAIL_UNPROCESSABLE if it, or what
 * it is based on, cannot be used, also because it is based on itself. */
Fail profiles_find(Terms *t, Str url, const Profile **out) MUST_USE;

/* The StructureDefinition with its snapshot made anew, whether it has one or not. */
Fail profiles_snapshot(Terms *t, Str definition, Str *out) MUST_USE;

#endif
