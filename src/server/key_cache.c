/* Keys that were fetched: see key_cache.h. */
#include "server/key_cache.h"

#include <pthread.h>

#include "base/clock.h"
#include "codec/digest.h"
#include "codec/jose.h"
#include "exchange/fetch.h"
#include "server/reply.h"

enum {
    ENTRIES = 64,
    FRESH_S_DEFAULT = 3600,
    AGAIN_MS =
        10 * 1000, /* between two fetches of one address because a key lacks or it failed */
};

typedef struct Entry {
    uint8_t  of[SHA256_BYTES]; /* the address */
    uint64_t fetched_ms;       /* 0: never */
    uint64_t fresh_until_ms;
    size_t   len; /* 0: it could not be had */
    bool     fetching;
} Entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Entry           entries[ENTRIES];
static char            room[ENTRIES][JWK_SET_BYTES_MAX];

/* The place of an address; what fell on the same place before is forgotten. */
static Entry *place_of(const uint8_t of[SHA256_BYTES])
{
    Entry *e = &entries[of[0] % ENTRIES];

    if (memcmp(e->of, of, SHA256_BYTES) != 0) {
        *e = (Entry){ 0 };
        memcpy(e->of, of, SHA256_BYTES);
    }
    return e;
}

typedef enum Found { FOUND, FETCH_IT, UNDER_WAY, NOT_AGAIN } Found;

/* Who is told to fetch it is the one who does. `keys` has room for the longest. */
static Found look(const uint8_t of[SHA256_BYTES], bool anew, char *keys, size_t *len)
{
    uint64_t now_ms = clock_monotonic_ms();
    Found    found = FETCH_IT;
    Entry   *e;

    pthread_mutex_lock(&lock);
    e = place_of(of);
    if (e->len && !anew && now_ms < e->fresh_until_ms) {
        memcpy(keys, room[e - entries], e->len);
        *len = e->len;
        found = FOUND;
    } else if (e->fetching) {
        found = UNDER_WAY;
    } else if (e->fetched_ms && now_ms - e->fetched_ms < AGAIN_MS && (anew || !e->len)) {
        found = NOT_AGAIN;
    } else {
        e->fetching = true;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

/* What could not be had takes nothing away that is still good. */
static void keep(const uint8_t of[SHA256_BYTES], const Fetched *fetched)
{
    unsigned fresh_s = fetched->fresh_said ? fetched->fresh_s : FRESH_S_DEFAULT;
    uint64_t now_ms = clock_monotonic_ms();
    Entry   *e;

    pthread_mutex_lock(&lock);
    e = place_of(of);
    e->fetching = false;
    e->fetched_ms = now_ms;
    if (fetched->body.len) {
        memcpy(room[e - entries], fetched->body.at, fetched->body.len);
        e->len = fetched->body.len;
        e->fresh_until_ms = now_ms + (uint64_t)fresh_s * 1000;
    } else if (now_ms >= e->fresh_until_ms) {
        e->len = 0;
    }
    pthread_mutex_unlock(&lock);
}

Fail key_cache_get(void *context, Call *c, Str uri, bool anew, Str *keys)
{
    const ReplyContext *reply = context;
    const FetchAsked    asked = { .url = uri,
                                  .accept = STR("application/json"),
                                  .allowed = reply->fetch_from,
                                  .bytes_max = JWK_SET_BYTES_MAX };
    uint8_t             of[SHA256_BYTES];
    char               *kept = arena_alloc_raw(c->arena, JWK_SET_BYTES_MAX);
    Fetched             fetched = { .body = { kept, 0 } };
    Fail                result = OK;

    digest_sha256(uri, of);
    switch (look(of, anew, kept, &fetched.body.len)) {
    case FOUND: break;
    case UNDER_WAY: return fail(c, FAIL_BUSY, STR("jwks_uri"), "The keys are being fetched");
    case NOT_AGAIN:
        return fail(c, FAIL_NOT_FOUND, STR("jwks_uri"), "The keys were fetched just now");
    case FETCH_IT:
        result = fetch_get(c, &asked, &fetched);
        keep(of, &fetched);
        break;
    }
    TRY(result);
    *keys = fetched.body;
    return OK;
}
