/* A hash table that only grows: see names.h. */
#include "store/names.h"

#include "base/random.h"

enum { ROOM_AT_FIRST = 4096 };

Names names_new(Arena *a)
{
    Names n = {
        .arena = a, .count = 1, .room = ROOM_AT_FIRST, .slot_count = 2 * ROOM_AT_FIRST
    };

    random_bytes(&n.seed, sizeof n.seed);
    n.names = NEW_ARRAY(a, Name, n.room);
    n.slots = NEW_ARRAY(a, uint32_t, n.slot_count);
    return n;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t hash(const Names *n, uint32_t owner, Str text)
{
    static const uint64_t odd = 0x9e3779b97f4a7c15u;
    uint64_t              h = mix(n->seed ^ owner, odd) ^ text.len, word;

    for (; text.len >= sizeof word; text = str_skip(text, sizeof word)) {
        memcpy(&word, text.at, sizeof word);
        h = mix(h ^ word, odd ^ n->seed);
    }
    word = 0;
    if (text.len)
        memcpy(&word, text.at, text.len);
    h = mix(h ^ word, odd ^ n->seed);
    return (uint32_t)(h >> 32);
}

/* The slot that holds the name, or the empty one where it would go. */
static uint32_t slot_of(const Names *n, uint32_t owner, Str text)
{
    uint32_t slot = hash(n, owner, text) & (n->slot_count - 1);

    while (n->slots[slot]) {
        const Name *name = &n->names[n->slots[slot]];

        if (name->owner == owner && str_equal(name->text, text))
            break;
        slot = (slot + 1) & (n->slot_count - 1);
    }
    return slot;
}

static void grow(Names *n)
{
    n->names = arena_grow(n->arena, n->names, n->room * sizeof *n->names,
                          2 * (size_t)n->room * sizeof *n->names);
    n->room *= 2;
    n->slot_count *= 2;
    n->slots = NEW_ARRAY(n->arena, uint32_t, n->slot_count);
    for (uint32_t i = 1; i < n->count; i++)
        n->slots[slot_of(n, n->names[i].owner, n->names[i].text)] = i;
}

uint32_t names_find(const Names *n, uint32_t owner, Str text)
{
    return n->slots[slot_of(n, owner, text)];
}

uint32_t names_put(Names *n, uint32_t owner, Str text)
{
    uint32_t slot = slot_of(n, owner, text);

    if (n->slots[slot])
        return n->slots[slot];
    if (n->count == n->room) {
        grow(n);
        slot = slot_of(n, owner, text);
    }
    n->slots[slot] = n->count;
    n->names[n->count] = (Name){ .text = arena_str(n->arena, text), .owner = owner };
    return n->count++;
}
