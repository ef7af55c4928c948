/* The keyring: a file beside the database with the key that opens it, readable by its owner
 * alone. Made with the first database, never changed by Hale afterwards. */
#ifndef STORE_KEYRING_H
#define STORE_KEYRING_H

#include "base/call.h"

enum { KEYRING_KEY_BYTES = 32 };

typedef struct Keyring {
    char    cipher[16];
    uint8_t key[KEYRING_KEY_BYTES];
} Keyring;

/* Reads FOLDER/keyring. With `cipher` given and no such file, makes one with a new key; it is
 * on the disk, with its name, when this returns. Wipe the keyring after use. FAIL_LOGIN: missing
 * or not a keyring; FAIL_FORBIDDEN: others may read it; FAIL_NOT_SUPPORTED: a later form. */
Fail keyring_open(Call *c, Str folder, const char *cipher, Keyring *out) MUST_USE;

#endif
