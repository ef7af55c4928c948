/*
 * How often somebody may try. Kept in memory, bounded, under a lock of its own; a restart
 * forgets it. Two kinds of count: tries that failed, after which the next must wait, twice as
 * long each time; and a bucket that fills again with time.
 */
#ifndef ACCESS_THROTTLE_H
#define ACCESS_THROTTLE_H

#include "base/str.h"

enum {
    THROTTLE_FREE = 5,             /* tries that cost nothing */
    THROTTLE_WAIT_S_MAX = 15 * 60, /* 5 + 10 + a day of these: about 110 guesses a day */
    BUCKET_TRIES = 60,             /* from one network at once, and in a minute */
};

typedef uint64_t ThrottleKey;

/* Of words that say together what is counted. */
ThrottleKey throttle_key(const char *kind, Str first, Str second);

/* 0: go on; the try is counted as failed until throttle_forgive(). Else the seconds to wait. */
unsigned throttle_try(ThrottleKey key);
void     throttle_forgive(ThrottleKey key);

/* Takes one from the bucket: 0, or the seconds to wait. The second: from one that holds that
 * many, and fills with as many in a minute. */
unsigned throttle_take(ThrottleKey key);
unsigned throttle_take_of(ThrottleKey key, uint32_t tries);

/* "192.0.2.7" -> "192.0.2", "2001:db8:1:2::1" -> its first 56 bits: one holder's addresses. */
Str throttle_network(Str address, char out[64]);

#endif
