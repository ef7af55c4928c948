/* Which resources were met already: a set that grows on the call's arena. */
#ifndef INTERACTION_MET_H
#define INTERACTION_MET_H

#include "base/call.h"
#include "fhir/definitions.h"

typedef struct Met {
    TypeId type;
    Str    id;
} Met;

typedef struct MetSet {
    uint64_t seed;  /* ids are chosen by others */
    Met     *slots; /* a hash table, open addressing */
    size_t   room, count;
} MetSet;

/* An empty set. */
MetSet met_none(void);

/* True the first time; then it keeps a copy of the id. */
bool met_first(Call *c, MetSet *set, TypeId type, Str id);

#endif
