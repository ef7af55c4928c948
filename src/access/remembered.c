/*
 * See remembered.h. There are fixed places, each with a count of who holds it: the table below and the
 * calls. What is held is constant; a place that nobody holds may be filled anew. Whoever takes hold
 * looks afterwards whether it is what was looked for, because it may just have become another's.
 */
#include "access/remembered.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/ensure.h"

enum {
    TABLE = 256, /* a token has two places in it, by its digest */
    SPARE = 64,  /* held by calls while the table has newer ones */
    REMEMBERED_MS = 1000,
    FILLING = 1 << 30,
};

typedef struct Place {
    _Atomic uint32_t holders; /* FILLING: it is written at the moment */
    uint64_t         until_ms;
    Remembered       kept;
} Place;

static Place            places[TABLE + SPARE]; /* pages that were never used take no memory */
static _Atomic(Place *) table[TABLE];

static void release(Place *p)
{
    uint32_t before = atomic_fetch_sub_explicit(&p->holders, 1, memory_order_release);

    ENSURE(before > 0 && before < FILLING);
}

static bool hold(Place *p)
{
    uint32_t holders = atomic_load_explicit(&p->holders, memory_order_relaxed);

    while (holders > 0 && holders < FILLING)
        if (atomic_compare_exchange_weak_explicit(&p->holders, &holders, holders + 1,
                                                  memory_order_acquire, memory_order_relaxed))
            return true;
    return false;
}

/* What a call holds, given back with its arena. */
static void release_hold(void *hold)
{
    Place **held = hold;

    if (*held)
        release(*held);
}

/* Room for a hold is made first: should there be none, nothing is held for ever. */
static Place **new_hold(Call *c)
{
    Place **held = NEW(c->arena, Place *);

    arena_defer(c->arena, release_hold, held);
    return held;
}

static _Atomic(Place *) *entry_of(const uint8_t hash[SHA256_BYTES], unsigned way)
{
    return &table[hash[way] % TABLE];
}

const Remembered *remembered_find(Call *c, const Store *store, const uint8_t hash[SHA256_BYTES])
{
    Place  **held = new_hold(c);
    uint64_t now_ms = clock_monotonic_ms();

    for (unsigned way = 0; way < 2; way++) {
        Place *p = atomic_load_explicit(entry_of(hash, way), memory_order_acquire);

        if (!p || !hold(p))
            continue;
        *held = p;
        if (p->kept.store == store && memcmp(p->kept.hash, hash, SHA256_BYTES) == 0
            && now_ms < p->until_ms)
            return &p->kept;
        *held = NULL;
        release(p);
    }
    return NULL;
}

/* A place nobody holds, to be filled. */
static Place *claim(const uint8_t hash[SHA256_BYTES])
{
    for (size_t i = 0; i < COUNT(places); i++) {
        Place   *p = &places[(i + hash[2]) % COUNT(places)];
        uint32_t nobody = 0;

        if (atomic_load_explicit(&p->holders, memory_order_relaxed) == 0
            && atomic_compare_exchange_strong_explicit(
                &p->holders, &nobody, FILLING, memory_order_acquire, memory_order_relaxed))
            return p;
    }
    return NULL;
}

/* 0: the entry may be taken without loss, be it that it is empty, old, or of the same token. */
static uint64_t worth(_Atomic(Place *) *entry, const Remembered *found, uint64_t now_ms)
{
    Place   *p = atomic_load_explicit(entry, memory_order_acquire);
    uint64_t until_ms;
    bool     same;

    if (!p || !hold(p))
        return 0;
    same =
        p->kept.store == found->store && memcmp(p->kept.hash, found->hash, SHA256_BYTES) == 0;
    until_ms = p->until_ms;
    release(p);
    return same || until_ms <= now_ms ? 0 : until_ms;
}

const Remembered *remembered_keep(Call *c, const Remembered *found)
{
    Place                 **held = new_hold(c);
    uint64_t                now_ms = clock_monotonic_ms();
    _Atomic(Place *) *const first = entry_of(found->hash, 0);
    _Atomic(Place *) *const second = entry_of(found->hash, 1);
    bool                    other = worth(second, found, now_ms) < worth(first, found, now_ms);
    Place                  *p = claim(found->hash), *before;

    if (!p) {
        Remembered *own = NEW(c->arena, Remembered);

        *own = *found;
        return own;
    }
    p->kept = *found;
    p->until_ms = (found->since_ms ? found->since_ms : now_ms) + REMEMBERED_MS;
    atomic_store_explicit(&p->holders, 2, memory_order_release); /* the table and the call */
    *held = p;
    before = atomic_exchange(other ? second : first, p);
    if (before)
        release(before);
    return &p->kept;
}
