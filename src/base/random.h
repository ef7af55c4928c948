/* Randomness from the kernel. Ends the process if there is none: no weak fallback. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *out, size_t count);

enum { UUID_CHARS = 36 };

/* A version 7 UUID (RFC 9562: time-ordered, so that new rows land side by side) as 36 lower
 * case characters and a NUL. Ids made by one thread in one microsecond still increase. */
void random_uuid(int64_t now_us, char out[UUID_CHARS + 1]);

#endif
