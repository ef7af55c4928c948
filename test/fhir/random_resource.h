/*
 * Random resources that R4's definitions allow, made from the definitions themselves, each with
 * the stored text it must become. The same seed gives the same resource.
 */
#ifndef TEST_FHIR_RANDOM_RESOURCE_H
#define TEST_FHIR_RANDOM_RESOURCE_H

#include "base/buf.h"
#include "fhir/definitions.h"

typedef struct RandomResource {
    TypeId type;
    Str    sent;   /* with white space, members in any order, what the server owns among them */
    Str    stored; /* as version 7 of "the-id" at the beginning of 1970 */
} RandomResource;

RandomResource random_resource(Arena *a, uint64_t seed);

#endif
