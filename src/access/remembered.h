/*
 * Principals of tokens that were found lately. They are never changed, all threads share them, and a
 * call holds one as long as it runs: so a call does not copy what may be long. One is handed out for
 * at most a second after it was found, so that a revoked token is dead by then.
 */
#ifndef ACCESS_REMEMBERED_H
#define ACCESS_REMEMBERED_H

#include "access/principal.h"
#include "codec/digest.h"

typedef struct Remembered {
    const Store *store;
    uint8_t      hash[SHA256_BYTES];
    int64_t      ends_us; /* of the token */
    uint64_t  since_ms;   /* when it was looked up, by clock_monotonic_ms(); 0: as it is kept */
    Principal principal;
} Remembered;

/* The one that was found for the digest within the last second, held until the call's arena is reset.
 * NULL: there is none. Takes no lock. */
const Remembered *remembered_find(Call *c, const Store *store,
                                  const uint8_t hash[SHA256_BYTES]);

/* Remembers a copy, held as above; the call's own where all places are held by others. */
const Remembered *remembered_keep(Call *c, const Remembered *found);

#endif
