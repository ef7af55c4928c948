/* One-time codes from a clock (TOTP, RFC 6238: SHA-1, 30 seconds, 6 digits), base32 for their
 * keys (RFC 4648 6), and recovery codes for when the clock is lost. */
#ifndef ACCESS_TOTP_H
#define ACCESS_TOTP_H

#include "base/buf.h"

enum { TOTP_KEY_BYTES = 20, TOTP_DIGITS = 6, TOTP_STEP_S = 30, RECOVERY_CHARS = 19 };

/* The code of one step. */
uint32_t totp_code(Str key, int64_t step);

/* The step whose code that is, now or one to either side; 0 if it is none. Spaces are passed
 * over. The codes are compared in constant time. */
int64_t totp_step_of(Str key, Str code, int64_t now_us);

void base32_put(Buf *out, Str bytes);

/* "xxxx-xxxx-xxxx-xxxx": 80 random bits in letters that are not mistaken for each other. */
typedef struct RecoveryCode {
    char text[RECOVERY_CHARS + 1];
} RecoveryCode;

RecoveryCode recovery_draw(void);

/* As it is kept: small letters, without what people put between. */
Str recovery_fold(Arena *a, Str typed);

#endif
