/* Randomness from the kernel, fetched in blocks by each thread: see random.h. */
#include "base/random.h"

#include <string.h>
#include <sys/random.h>

#include "base/ensure.h"

enum { POOL_BYTES = 512 };

static _Thread_local unsigned char pool[POOL_BYTES];
static _Thread_local size_t        pool_left;

static void kernel_bytes(unsigned char *out, size_t count)
{
    while (count) {
        ssize_t got = getrandom(out, count, 0);

        if (got < 0)
            continue; /* interrupted; getrandom fails in no other way with these arguments */
        out += got;
        count -= (size_t)got;
    }
}

void random_bytes(void *out, size_t count)
{
    if (count > POOL_BYTES) {
        kernel_bytes(out, count);
        return;
    }
    if (pool_left < count) {
        kernel_bytes(pool, POOL_BYTES);
        pool_left = POOL_BYTES;
    }
    pool_left -= count;
    memcpy(out, pool + pool_left, count);
    explicit_bzero(pool + pool_left, count);
}

void random_uuid(int64_t now_us, char out[UUID_CHARS + 1])
{
    static const char             hex[] = "0123456789abcdef";
    static _Thread_local uint64_t last;
    unsigned char                 b[16];
    uint64_t tick = (uint64_t)now_us; /* ms and, below it, the microseconds */
    uint64_t ms, us;
    char    *o = out;

    if (tick <= last)
        tick = last + 1;
    last = tick;
    ms = tick / 1000;
    us = tick % 1000;
    random_bytes(b + 8, 8);
    for (int i = 0; i < 6; i++)
        b[i] = (unsigned char)(ms >> (40 - 8 * i));
    us = us * 4096 / 1000; /* RFC 9562 6.2 method 3: the fraction in the next twelve bits */
    b[6] = (unsigned char)(0x70 | (us >> 8));
    b[7] = (unsigned char)us;
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *o++ = '-';
        *o++ = hex[b[i] >> 4];
        *o++ = hex[b[i] & 15];
    }
    *o = '\0';
}
