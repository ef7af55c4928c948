/* A table that forgets: see search_counts.h. */
#include "store/search_counts.h"

#include "base/ensure.h"

enum { SLOTS = 2048, TOLERATED = 8 };

typedef struct Counted {
    uint64_t key; /* 0: nothing is kept here */
    uint64_t newest, most, count;
} Counted;

struct SearchCounts {
    pthread_mutex_t lock;
    Counted         slots[SLOTS];
};

SearchCounts *counts_create(Arena *arena)
{
    SearchCounts *counts = NEW(arena, SearchCounts);

    ENSURE(pthread_mutex_init(&counts->lock, NULL) == 0);
    return counts;
}

static Str bytes_of(const void *at, size_t len)
{
    return (Str){ at, len };
}

uint64_t counts_key(const SqlText *sql)
{
    uint64_t key = str_hash((Str){ sql->text.at, sql->text.len });

    for (size_t i = 0; i < sql->count; i++) {
        const SqlValue *v = &sql->values[i];

        if (v->kind == VALUE_INT)
            key = str_hash_seeded(bytes_of(&v->number, sizeof v->number), key);
        else if (v->kind == VALUE_REAL)
            key = str_hash_seeded(bytes_of(&v->real, sizeof v->real), key);
        else
            key = str_hash_seeded(v->text, key);
    }
    return key | 1;
}

static Counted *slot_of(SearchCounts *counts, uint64_t key)
{
    return &counts->slots[(key >> 1) % SLOTS];
}

bool counts_find(SearchCounts *counts, uint64_t key, uint64_t newest, uint64_t most,
                 uint64_t *count)
{
    Counted found;
    bool    whole;

    pthread_mutex_lock(&counts->lock);
    found = *slot_of(counts, key);
    pthread_mutex_unlock(&counts->lock);
    whole = found.count < found.most;
    if (found.key != key || newest < found.newest
        || newest - found.newest > found.count / TOLERATED || (!whole && found.most < most))
        return false;
    *count = found.count < most ? found.count : most;
    return true;
}

void counts_keep(SearchCounts *counts, uint64_t key, uint64_t newest, uint64_t most,
                 uint64_t count)
{
    pthread_mutex_lock(&counts->lock);
    *slot_of(counts, key) = (Counted){ key, newest, most, count };
    pthread_mutex_unlock(&counts->lock);
}
