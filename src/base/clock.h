/* The two clocks. Intervals and deadlines are taken from the monotonic one, stamps from the
 * wall clock; neither is ever used for the other. Tests may set both. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pthread.h>
#include <stdint.h>

int64_t  clock_wall_us(void);      /* microseconds since 1970-01-01T00:00:00Z */
uint64_t clock_monotonic_ms(void); /* milliseconds since some moment in the past */
uint64_t clock_monotonic_us(void);

/* Processor time the calling thread has used. A call of the system. */
uint64_t clock_thread_us(void);

/* The same as clock_monotonic_ms() but some milliseconds late, for a tenth of the cost. */
uint64_t clock_coarse_ms(void);

/* A condition whose timed waits go by the monotonic clock. */
void clock_condition_init(pthread_cond_t *condition);

/* For tests: the wall clock stands at this moment until set to 0 again. */
void clock_set_wall_us(int64_t us);

#endif
