/*
 * Definitions that a command is given as files: resources as JSON or XML, Bundles of them, one to a
 * line (.ndjson), FHIR packages (.tgz), or a folder of all that. What is not among them is looked up
 * among what HL7 publishes with R4.
 */
#ifndef CLI_DEFINITIONS_H
#define CLI_DEFINITIONS_H

#include "fhir/terminology.h"

typedef struct Definitions Definitions;

/* Reads them; an empty path reads none. They stay until the process ends. FAIL_SYNTAX …, naming the
 * file. */
Fail definitions_read(Call *c, Str path, Definitions **out) MUST_USE;

/* What one call looks definitions up in. */
Terms *definitions_terms(Call *c, Definitions *d);

#endif
