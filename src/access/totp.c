/* One-time codes: see totp.h. */
#include "access/totp.h"

#include "base/random.h"
#include "codec/digest.h"
#include "codec/secret.h"

enum { STEPS_ASIDE = 1, RECOVERY_LETTERS = 16 };

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

uint32_t totp_code(Str key, int64_t step)
{
    uint8_t  counter[8], mac[SHA1_BYTES];
    uint32_t number, at;

    for (size_t i = 0; i < sizeof counter; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    digest_hmac_sha1(key, (Str){ (const char *)counter, sizeof counter }, mac);
    at = mac[SHA1_BYTES - 1] & 15u;
    number = (uint32_t)(mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16
             | (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    return number % 1000000u;
}

static bool digits_read(Str typed, char out[TOTP_DIGITS])
{
    size_t count = 0;

    for (size_t i = 0; i < typed.len; i++) {
        if (typed.at[i] == ' ')
            continue;
        if (typed.at[i] < '0' || typed.at[i] > '9' || count == TOTP_DIGITS)
            return false;
        out[count++] = typed.at[i];
    }
    return count == TOTP_DIGITS;
}

static void digits_write(uint32_t code, char out[TOTP_DIGITS])
{
    for (size_t i = TOTP_DIGITS; i-- > 0; code /= 10)
        out[i] = (char)('0' + code % 10);
}

int64_t totp_step_of(Str key, Str code, int64_t now_us)
{
    int64_t now = now_us / 1000000 / TOTP_STEP_S, found = 0;
    char    typed[TOTP_DIGITS], right[TOTP_DIGITS];

    if (key.len == 0 || !digits_read(code, typed))
        return 0;
    for (int64_t step = now - STEPS_ASIDE; step <= now + STEPS_ASIDE; step++) {
        digits_write(totp_code(key, step), right);
        if (secret_equal((Str){ typed, sizeof typed }, (Str){ right, sizeof right }))
            found = step;
    }
    return found;
}

void base32_put(Buf *out, Str bytes)
{
    uint32_t word = 0, bits = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        word = word << 8 | (uint8_t)bytes.at[i];
        for (bits += 8; bits >= 5; bits -= 5)
            buf_put_char(out, base32[word >> (bits - 5) & 31]);
    }
    if (bits)
        buf_put_char(out, base32[word << (5 - bits) & 31]);
}

RecoveryCode recovery_draw(void)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    uint8_t           bytes[RECOVERY_LETTERS];
    RecoveryCode      code;
    size_t            len = 0;

    _Static_assert(sizeof letters == 32 + 1, "five bits for each letter");
    random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i > 0 && i % 4 == 0)
            code.text[len++] = '-';
        code.text[len++] = letters[bytes[i] & 31];
    }
    code.text[len] = '\0';
    explicit_bzero(bytes, sizeof bytes);
    return code;
}

Str recovery_fold(Arena *a, Str typed)
{
    Buf out = buf_new(a, typed.len + 1);

    for (size_t i = 0; i < typed.len; i++) {
        char c = typed.at[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if (c != '-' && c != ' ')
            buf_put_char(&out, c);
    }
    return buf_str(&out);
}
