/* Counting tries: see throttle.h. ASVS 6.1.1, 6.3.1. */
#include "access/throttle.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/random.h"

enum {
    SLOTS = 1 << 16,
    WAYS = 8,
    FORGET_MS = 24 * 3600 * 1000,
};

typedef struct Slot {
    ThrottleKey key;
    uint64_t    seen_ms, until_ms;
    uint32_t    count; /* failures; of a bucket: thousandths of a try that were taken */
} Slot;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Slot            slots[SLOTS];
static pthread_once_t  seeded = PTHREAD_ONCE_INIT;
static uint64_t        seed;

static void draw_seed(void)
{
    random_bytes(&seed, sizeof seed);
}

ThrottleKey throttle_key(const char *kind, Str first, Str second)
{
    uint64_t key;

    pthread_once(&seeded, draw_seed);
    key = str_hash_seeded(str_from(kind), seed);
    key = str_hash_seeded(first, key);
    key = str_hash_seeded(second, key);
    return key ? key : 1;
}

/* The slot of a key, or the one of its row that was seen longest ago, emptied. */
static Slot *slot_of(ThrottleKey key, uint64_t now_ms)
{
    Slot *row = &slots[key % (SLOTS / WAYS) * WAYS], *oldest = row;

    for (size_t i = 0; i < WAYS; i++) {
        if (row[i].key == key) {
            if (now_ms - row[i].seen_ms > FORGET_MS)
                row[i].count = 0;
            return &row[i];
        }
        if (row[i].seen_ms < oldest->seen_ms)
            oldest = &row[i];
    }
    *oldest = (Slot){ .key = key, .seen_ms = now_ms };
    return oldest;
}

static unsigned seconds(uint64_t ms)
{
    return (unsigned)((ms + 999) / 1000);
}

/* Who is told to wait is not counted: waiting and trying again is all it takes. */
unsigned throttle_try(ThrottleKey key)
{
    uint64_t now_ms = clock_monotonic_ms(), wait_s;
    unsigned wait = 0;
    Slot    *slot;

    pthread_mutex_lock(&lock);
    slot = slot_of(key, now_ms);
    if (now_ms < slot->until_ms) {
        wait = seconds(slot->until_ms - now_ms);
    } else {
        slot->count++;
        slot->seen_ms = now_ms;
        if (slot->count >= THROTTLE_FREE) {
            wait_s = slot->count - THROTTLE_FREE < 16
                         ? (uint64_t)1 << (slot->count - THROTTLE_FREE)
                         : THROTTLE_WAIT_S_MAX;
            if (wait_s > THROTTLE_WAIT_S_MAX)
                wait_s = THROTTLE_WAIT_S_MAX;
            slot->until_ms = now_ms + wait_s * 1000;
        }
    }
    pthread_mutex_unlock(&lock);
    return wait;
}

void throttle_forgive(ThrottleKey key)
{
    Slot *slot;

    pthread_mutex_lock(&lock);
    slot = slot_of(key, clock_monotonic_ms());
    slot->count = 0;
    slot->until_ms = 0;
    pthread_mutex_unlock(&lock);
}

unsigned throttle_take_of(ThrottleKey key, uint32_t tries)
{
    uint64_t now_ms = clock_monotonic_ms(), back;
    unsigned wait = 0;
    Slot    *slot;

    pthread_mutex_lock(&lock);
    slot = slot_of(key, now_ms);
    back = (now_ms - slot->seen_ms) * tries / 60;
    slot->count = back >= slot->count ? 0 : slot->count - (uint32_t)back;
    slot->seen_ms = now_ms;
    if (slot->count + 1000 > tries * 1000)
        wait = seconds(slot->count + 1000 - tries * 1000);
    else
        slot->count += 1000;
    pthread_mutex_unlock(&lock);
    return wait;
}

unsigned throttle_take(ThrottleKey key)
{
    return throttle_take_of(key, BUCKET_TRIES);
}

Str throttle_network(Str address, char out[64])
{
    uint8_t bytes[16];
    char    text[64];

    if (address.len >= sizeof text)
        return (Str){ 0 };
    memcpy(text, address.at ? address.at : "", address.len);
    text[address.len] = '\0';
    if (inet_pton(AF_INET, text, bytes) == 1)
        snprintf(out, 64, "%u.%u.%u", bytes[0], bytes[1], bytes[2]);
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        snprintf(out, 64, "%02x%02x:%02x%02x:%02x%02x:%02x", bytes[0], bytes[1], bytes[2],
                 bytes[3], bytes[4], bytes[5], bytes[6]);
    else
        snprintf(out, 64, "%s", text);
    return str_from(out);
}
