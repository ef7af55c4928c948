/* A hash table that is at most half full: see met.h. */
#include "interaction/met.h"

#include "base/random.h"

enum { ROOM_AT_FIRST = 256 };

MetSet met_none(void)
{
    MetSet set = { 0 };

    random_bytes(&set.seed, sizeof set.seed);
    return set;
}

static size_t slot_of(const MetSet *set, TypeId type, Str id)
{
    size_t slot = (str_hash_seeded(id, set->seed) + type) & (set->room - 1);

    while (set->slots[slot].type
           && !(set->slots[slot].type == type && str_equal(set->slots[slot].id, id)))
        slot = (slot + 1) & (set->room - 1);
    return slot;
}

static void grow(Call *c, MetSet *set)
{
    Met   *old = set->slots;
    size_t room = set->room;

    set->room = room ? room * 2 : ROOM_AT_FIRST;
    set->slots = NEW_ARRAY(c->arena, Met, set->room);
    for (size_t i = 0; i < room; i++)
        if (old[i].type)
            set->slots[slot_of(set, old[i].type, old[i].id)] = old[i];
}

bool met_first(Call *c, MetSet *set, TypeId type, Str id)
{
    size_t slot;

    if (set->count * 2 >= set->room)
        grow(c, set);
    slot = slot_of(set, type, id);
    if (set->slots[slot].type)
        return false;
    set->slots[slot] = (Met){ type, arena_str(c->arena, id) };
    set->count++;
    return true;
}
