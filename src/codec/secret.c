/* Passwords and secrets, by libsodium: see secret.h. */
#include "codec/secret.h"

#include <sodium.h>

#include "base/ensure.h"

_Static_assert(PASSWORD_HASH_CHARS == crypto_pwhash_argon2id_STRBYTES, "room for the digest");

bool password_hash(Str password, char out[PASSWORD_HASH_CHARS])
{
    ENSURE(sodium_init() >= 0);
    return crypto_pwhash_argon2id_str(out, password.at, password.len,
                                      crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
                                      crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE)
           == 0;
}

bool password_verify(Arena *a, Str hash, Str password)
{
    ENSURE(sodium_init() >= 0);
    return hash.len < PASSWORD_HASH_CHARS
           && crypto_pwhash_argon2id_str_verify(arena_c_string(a, hash), password.at,
                                                password.len)
                  == 0;
}

bool secret_equal(Str a, Str b)
{
    return a.len == b.len && (a.len == 0 || sodium_memcmp(a.at, b.at, a.len) == 0);
}
