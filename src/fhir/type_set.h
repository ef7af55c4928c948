/* A set of types of resources. */
#ifndef FHIR_TYPE_SET_H
#define FHIR_TYPE_SET_H

#include "fhir/definitions.h"

enum { TYPE_SET_WORDS = (RESOURCE_TYPES + 64) / 64 };

typedef struct TypeSet {
    uint64_t words[TYPE_SET_WORDS];
} TypeSet;

static inline bool type_set_has(const TypeSet *set, TypeId type)
{
    return type < TYPE_SET_WORDS * 64 && (set->words[type / 64] >> (type % 64) & 1);
}

static inline void type_set_add(TypeSet *set, TypeId type)
{
    if (type < TYPE_SET_WORDS * 64)
        set->words[type / 64] |= (uint64_t)1 << (type % 64);
}

#endif
