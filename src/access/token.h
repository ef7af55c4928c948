/* What token.c and principal.c must agree on about a bearer token. */
#ifndef ACCESS_TOKEN_H
#define ACCESS_TOKEN_H

#include "access/principal.h"
#include "codec/digest.h"

enum {
    TOKEN_CHARS = 43, /* 32 bytes in base64url, without padding */
    TOKEN_MINUTES_MAX = 10 * 366 * 24 * 60,
};

#endif
