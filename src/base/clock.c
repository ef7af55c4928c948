/* The two clocks: see clock.h. */
#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

#include "base/ensure.h"

static _Atomic int64_t wall_set_us;

int64_t clock_wall_us(void)
{
    int64_t         set = atomic_load_explicit(&wall_set_us, memory_order_relaxed);
    struct timespec t;

    if (set)
        return set;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

uint64_t clock_monotonic_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t clock_monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

uint64_t clock_thread_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t clock_coarse_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void clock_set_wall_us(int64_t us)
{
    atomic_store_explicit(&wall_set_us, us, memory_order_relaxed);
}

void clock_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attr;

    ENSURE(pthread_condattr_init(&attr) == 0
           && pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0
           && pthread_cond_init(condition, &attr) == 0);
    pthread_condattr_destroy(&attr);
}
