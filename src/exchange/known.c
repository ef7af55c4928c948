/* Conditions and what they mean: see known.h. A hash table with chains, on an arena. */
#include "exchange/known.h"

#include <pthread.h>

enum { SLOTS = 1 << 16, KNOWN_BYTES = 16 << 20 };

typedef struct Entry Entry;
struct Entry {
    Str    condition, reference;
    Entry *next;
};

struct Known {
    pthread_mutex_t lock;
    Arena          *home;  /* of this struct */
    Arena          *arena; /* of the entries */
    Entry         **slots;
};

static void begin(Known *k)
{
    arena_reset(k->arena);
    k->slots = NEW_ARRAY(k->arena, Entry *, SLOTS);
}

Known *known_create(void)
{
    Arena *home = arena_create(4096);
    Known *k = NEW(home, Known);

    k->home = home;
    k->arena = arena_create(KNOWN_BYTES);
    pthread_mutex_init(&k->lock, NULL);
    begin(k);
    return k;
}

void known_destroy(Known *k)
{
    pthread_mutex_destroy(&k->lock);
    arena_destroy(k->arena);
    arena_destroy(k->home);
}

static Entry **find(Known *k, Str condition)
{
    Entry **at = &k->slots[str_hash(condition) % SLOTS];

    while (*at && !str_equal((*at)->condition, condition))
        at = &(*at)->next;
    return at;
}

Str known_find(Known *k, Arena *a, Str condition)
{
    char   copy[256];
    Str    found = { 0 };
    Entry *entry;

    pthread_mutex_lock(&k->lock);
    entry = *find(k, condition);
    if (entry) {
        memcpy(copy, entry->reference.at, entry->reference.len);
        found = (Str){ copy, entry->reference.len };
    }
    pthread_mutex_unlock(&k->lock);
    return found.len ? arena_str(a, found) : found; /* the arena may jump: not under the lock */
}

void known_put(Known *k, Str condition, Str reference)
{
    Entry **at;

    if (condition.len > 1024 || reference.len > 255)
        return;
    pthread_mutex_lock(&k->lock);
    if (arena_used(k->arena) > KNOWN_BYTES / 2)
        begin(k);
    at = find(k, condition);
    if (!*at) {
        *at = NEW(k->arena, Entry);
        (*at)->condition = arena_str(k->arena, condition);
    }
    (*at)->reference = arena_str(k->arena, reference);
    pthread_mutex_unlock(&k->lock);
}

void known_forget(Known *k)
{
    pthread_mutex_lock(&k->lock);
    begin(k);
    pthread_mutex_unlock(&k->lock);
}
