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

/* What a call has of the cache until it ends. It is there before anything is taken: a call whose own
 * memory runs out in the middle leaves nothing behind. */
typedef struct Hold {
    Kept  *kept;
    Arena *making;
} Hold;

/* With the lock held. Adds to a list what nobody holds any more: memory is given back, and wiped,
 * when the lock is open again. */
static void leave(Kept *k, Kept **left)
{
    if (--k->users == 0) {
        k->next = *left;
        *left = k;
    }
}

static void give_back(Kept *left)
{
    while (left) {
        Kept *next = left->next;

        arena_destroy(left->arena);
        left = next;
    }
}

static void call_ended(void *context)
{
    Hold *h = context;
    Kept *left = NULL;

    if (h->kept) {
        pthread_mutex_lock(&cache.lock);
        leave(h->kept, &left);
        pthread_mutex_unlock(&cache.lock);
    }
    give_back(left);
    if (h->making)
        arena_destroy(h->making);
}

static Hold *hold_new(Call *c)
{
    Hold *h = NEW(c->arena, Hold);

    arena_defer(c->arena, call_ended, h);
    return h;
}

static Kept *find(TermKey key)
{
    Kept *k = cache.slots[slot_of(key)];

    while (k && (k->key.owner != key.owner || k->key.number != key.number))
        k = k->next;
    return k;
}

static void take_out(Kept **at, Kept **left)
{
    Kept *k = *at;

    *at = k->next;
    cache.bytes -= k->def->bytes;
    leave(k, left);
}

/* Leaves out what was not used for longest, half of it at a time. */
static void make_room(Kept **left)
{
    uint64_t before = cache.takings;

    while (cache.bytes > LIMIT_TERM_CACHE_BYTES && before) {
        before /= 2;
        for (size_t i = 0; i < SLOTS; i++)
            for (Kept **at = &cache.slots[i]; *at;) {
                if ((*at)->users == 1 && cache.takings - (*at)->used >= before)
                    take_out(at, left);
                else
                    at = &(*at)->next;
            }
    }
}

static bool take_kept(Hold *h, TermKey key)
{
    pthread_mutex_lock(&cache.lock);
    h->kept = find(key);
    if (h->kept) {
        h->kept->users++;
        h->kept->used = ++cache.takings;
    }
    pthread_mutex_unlock(&cache.lock);
    return h->kept;
}

/* Past the arena's cap the making ends here and not with the process. */
static Fail make(Call *c, Hold *h, TypeId type, Str json, Kept **out)
{
    Arena *a = h->making = arena_create(LIMIT_TERM_CACHE_BYTES);
    Fail   result;

    if (setjmp(*arena_boundary(a)))
        return fail(c, FAIL_TOO_COSTLY, (Str){ 0 }, "The %.*s is too large to be worked with",
                    STR_ARG(type_name(type)));
    *out = NEW(a, Kept);
    (*out)->arena = a;
    result = term_define(c, a, type, json, &(*out)->def);
    arena_forget_boundary(a);
    return result;
}

/* Puts what was made into the table, unless another call was quicker. */
static void keep(Hold *h, TermKey key, Kept *k)
{
    Kept *found, *left = NULL;

    k->key = key;
    k->users = 2;
    pthread_mutex_lock(&cache.lock);
    found = find(key);
    if (found) {
        found->users++;
        h->kept = found;
    } else {
        k->next = cache.slots[slot_of(key)];
        cache.slots[slot_of(key)] = k;
        cache.bytes += k->def->bytes;
        k->used = ++cache.takings;
        h->kept = k;
        h->making = NULL;
        make_room(&left);
    }
    pthread_mutex_unlock(&cache.lock);
    give_back(left);
}

Fail term_cache_take(Call *c, TermKey key, TypeId type,
                     Fail (*load)(Call *c, void *context, Str *json), void *context,
                     const TermDef **out)
{
    Hold *h = hold_new(c);
    Kept *made;
    Str   json;
    Fail  result;

    if (!take_kept(h, key)) {
        TRY(load(c, context, &json));
        result = make(c, h, type, json, &made);
        if (result != OK) {
            arena_destroy(h->making);
            h->making = NULL;
            return result;
        }
        keep(h, key, made);
    }
    *out = h->kept->def;
    return OK;
}
