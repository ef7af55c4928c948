/*
 * Chance that can be had again: every random choice of a crash test comes from one number, which
 * a failure prints. SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
 * Generators, 2014).
 */
#ifndef TEST_CRASH_DICE_H
#define TEST_CRASH_DICE_H

#include <stdint.h>
#include <stdlib.h>

#include "base/random.h"

typedef struct Dice {
    uint64_t state;
} Dice;

static inline uint64_t dice_next(Dice *d)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 … below - 1 */
static inline uint64_t dice_below(Dice *d, uint64_t below)
{
    return below ? dice_next(d) % below : 0;
}

static inline void dice_fill(Dice *d, char *out, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (char)(dice_next(d) >> 24);
}

/* What CRASH_SEED says, else a number nobody has seen before. */
static inline uint64_t dice_seed(void)
{
    const char *wanted = getenv("CRASH_SEED");
    uint64_t    seed;

    if (wanted)
        return strtoull(wanted, NULL, 0);
    random_bytes(&seed, sizeof seed);
    return seed >> 16;
}

/* A count or a number of seconds from the environment, so that a long run needs no rebuild. */
static inline uint64_t dice_setting(const char *name, uint64_t otherwise)
{
    const char *wanted = getenv(name);

    return wanted ? strtoull(wanted, NULL, 0) : otherwise;
}

#endif
