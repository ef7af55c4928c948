/*
 * Texts an import keeps aside to train dictionaries from: some of every type, so that a file of
 * one type after the other is served as well as a mixture.
 */
#ifndef STORE_BULK_SAMPLES_H
#define STORE_BULK_SAMPLES_H

#include "fhir/definitions.h"
#include "store/body.h"

/* A text kept; another may come in its place. */
typedef struct Sample {
    char    *at;
    uint32_t len, room;
} Sample;

typedef struct Samples {
    Arena    *arena;
    Sample   *texts;
    uint16_t *shared; /* which of them may be replaced */
    size_t    count, shared_count;
    uint64_t  random;
    uint64_t  offered;                 /* texts that came when they could be replaced */
    uint64_t  all, all_trained;        /* texts, and how many they were at the last training */
    uint32_t  met[RESOURCE_TYPES + 1]; /* texts of each type, … */
    uint32_t  trained[RESOURCE_TYPES + 1]; /* … when the newest dictionary was made */
    uint64_t  bytes, compressed;           /* since the last training */
    uint64_t  unknown; /* bytes of types the newest dictionary hardly knows */
    uint64_t  all_bytes;
} Samples;

Samples samples_new(void);
void    samples_release(Samples *s);

/* Looks at a text, and keeps it if it is worth it. `compressed`: the size it has become, 0 where
 * there is no dictionary yet. */
void samples_add(Samples *s, TypeId type, Str text, size_t compressed);

/* Whether a dictionary (another, if there is one) would pay. `ending`: there will be no more. */
bool samples_ready(const Samples *s, uint32_t dictionaries, bool ending);

/* Copies of the texts in an order without pattern, on the arena; they count as trained from now on.
 * With the lock held that samples_add() is called with. */
Str *samples_take(Samples *s, Arena *a, size_t *count);

#endif
