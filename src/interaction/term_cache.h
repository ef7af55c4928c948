/*
 * Definitions kept ready between calls. What is kept was made from something that never changes (a
 * version in the log of one store, a published resource), so it is never out of date; what nobody
 * uses goes when there is too much. Shared by all threads.
 */
#ifndef INTERACTION_TERM_CACHE_H
#define INTERACTION_TERM_CACHE_H

#include "fhir/terminology.h"

typedef struct TermKey {
    uint64_t owner; /* store_serial(), or 0 for what is published */
    uint64_t number;
} TermKey;

/* The definition of that key, good until the call ends. If it is not kept, load() gives its JSON; it
 * is made outside any lock. Failures are those of load() and term_define(). */
Fail term_cache_take(Call *c, TermKey key, TypeId type,
                     Fail (*load)(Call *c, void *context, Str *json), void *context,
                     const TermDef **out) MUST_USE;

#endif
