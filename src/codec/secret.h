/* Passwords as digests that are dear to try (argon2id, RFC 9106), and comparing secrets. */
#ifndef CODEC_SECRET_H
#define CODEC_SECRET_H

#include "base/arena.h"

enum { PASSWORD_HASH_CHARS = 128 };

/* About 50 ms and 64 MiB. False if the machine has not that much memory. `out` is text that
 * names its parameters, ended by NUL. */
bool password_hash(Str password, char out[PASSWORD_HASH_CHARS]);

/* Whether the password is the one; costs what making the digest did. */
bool password_verify(Arena *a, Str hash, Str password);

/* Equal, in a time that depends on the lengths alone. */
bool secret_equal(Str a, Str b);

#endif
