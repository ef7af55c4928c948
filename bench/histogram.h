/*
 * Latencies counted in buckets that are never wider than one part in 64 of what they hold:
 * percentiles of any number of requests in 30 KB.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 64 * 59 };

typedef struct Histogram {
    uint64_t count, sum, max;
    uint64_t buckets[HISTOGRAM_BUCKETS];
} Histogram;

static inline unsigned histogram_bucket(uint64_t value)
{
    unsigned shift = value < 64 ? 0 : 57 - (unsigned)__builtin_clzll(value);

    return shift * 64 + (unsigned)(value >> shift);
}

static inline void histogram_add(Histogram *h, uint64_t value)
{
    h->buckets[histogram_bucket(value)]++;
    h->count++;
    h->sum += value;
    if (value > h->max)
        h->max = value;
}

/* The smallest value that at least permyriad ten-thousandths of all are not above. */
static inline uint64_t histogram_at(const Histogram *h, unsigned permyriad)
{
    uint64_t wanted = (h->count * permyriad + 9999) / 10000, seen = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen >= wanted && seen > 0)
            return i < 128 ? i : (uint64_t)(64 + i % 64) << (i / 64 - 1);
    }
    return h->max;
}

#endif
