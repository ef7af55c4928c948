/* Definitions kept ready: see term_cache.h. */
#include "interaction/term_cache.h"

#include <pthread.h>

#include "base/limits.h"

enum { SLOTS = 4096 };

typedef struct Kept Kept;
struct Kept {
    TermKey        key;
    Arena         *arena; /* its own: the definition and this */
    const TermDef *def;
    unsigned       users; /* calls that hold it, and 1 while it is in the table */
    uint64_t       used;  /* when it was taken last, in takings */
    Kept          *next;
};

static struct {
    pthread_mutex_t lock;
    Kept           *slots[SLOTS];
    size_t          bytes;
    uint64_t        takings;
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

static size_t slot_of(TermKey key)
{
    return (size_t)((key.number * 0x9E3779B97F4A7C15U ^ key.owner) >> 20) % SLOTS;
}

/* With the lock held. */
static void leave(Kept *k)
{
    if (--k->users == 0)
        arena_destroy(k->arena);
}

static void call_ended(void *kept)
{
    pthread_mutex_lock(&cache.lock);
    leave(kept);
    pthread_mutex_unlock(&cache.lock);
}

static Kept *find(TermKey key)
{
    Kept *k = cache.slots[slot_of(key)];

    while (k && (k->key.owner != key.owner || k->key.number != key.number))
        k = k->next;
    return k;
}

static void take_out(Kept **at)
{
    Kept *k = *at;

    *at = k->next;
    cache.bytes -= k->def->bytes;
    leave(k);
}

/* Leaves out what was not used for longest, half of it at a time. */
static void make_room(void)
{
    uint64_t before = cache.takings;

    while (cache.bytes > LIMIT_TERM_CACHE_BYTES && before) {
        before /= 2;
        for (size_t i = 0; i < SLOTS; i++)
            for (Kept **at = &cache.slots[i]; *at;) {
                if ((*at)->users == 1 && cache.takings - (*at)->used >= before)
                    take_out(at);
                else
                    at = &(*at)->next;
            }
    }
}

static bool take_kept(Call *c, TermKey key, const TermDef **out)
{
    Kept *k;

    pthread_mutex_lock(&cache.lock);
    k = find(key);
    if (k) {
        k->users++;
        k->used = ++cache.takings;
    }
    pthread_mutex_unlock(&cache.lock);
    if (!k)
        return false;
    arena_defer(c->arena, call_ended, k);
    *out = k->def;
    return true;
}

/* Past the arena's cap the making ends here and not with the process. */
static Fail make(Call *c, Arena *a, TypeId type, Str json, const TermDef **out)
{
    Fail result;

    if (setjmp(*arena_boundary(a)))
        return fail(c, FAIL_TOO_COSTLY, (Str){ 0 }, "The %.*s is too large to be worked with",
                    STR_ARG(type_name(type)));
    result = term_define(c, a, type, json, out);
    arena_forget_boundary(a);
    return result;
}

static void keep(Call *c, TermKey key, Arena *a, const TermDef *def, const TermDef **out)
{
    Kept *k = NEW(a, Kept), *found;

    *k = (Kept){ .key = key, .arena = a, .def = def, .users = 2 };
    pthread_mutex_lock(&cache.lock);
    found = find(key);
    if (found) { /* another call was quicker */
        found->users++;
        arena_destroy(a);
        k = found;
    } else {
        k->next = cache.slots[slot_of(key)];
        cache.slots[slot_of(key)] = k;
        cache.bytes += def->bytes;
        k->used = ++cache.takings;
        make_room();
    }
    pthread_mutex_unlock(&cache.lock);
    arena_defer(c->arena, call_ended, k);
    *out = k->def;
}

Fail term_cache_take(Call *c, TermKey key, TypeId type,
                     Fail (*load)(Call *c, void *context, Str *json), void *context,
                     const TermDef **out)
{
    const TermDef *def;
    Arena         *a;
    Str            json;
    Fail           result;

    if (take_kept(c, key, out))
        return OK;
    TRY(load(c, context, &json));
    a = arena_create(LIMIT_TERM_CACHE_BYTES);
    result = make(c, a, type, json, &def);
    if (result != OK) {
        arena_destroy(a);
        return result;
    }
    keep(c, key, a, def, out);
    return OK;
}
