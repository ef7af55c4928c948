/* Base64 and base 16 both ways: see base64.h. */
#include "codec/base64.h"

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put(Buf *out, Str bytes, const char *alphabet, bool padded)
{
    char *at = buf_reserve(out, (bytes.len + 2) / 3 * 4), *begin = at;

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t   left = bytes.len - i;
        uint32_t word = (uint32_t)(uint8_t)bytes.at[i] << 16;

        if (left > 1)
            word |= (uint32_t)(uint8_t)bytes.at[i + 1] << 8;
        if (left > 2)
            word |= (uint8_t)bytes.at[i + 2];
        *at++ = alphabet[word >> 18];
        *at++ = alphabet[word >> 12 & 63];
        if (left > 1 || padded)
            *at++ = left > 1 ? alphabet[word >> 6 & 63] : '=';
        if (left > 2 || padded)
            *at++ = left > 2 ? alphabet[word & 63] : '=';
    }
    out->len += (size_t)(at - begin);
}

void base64_put(Buf *out, Str bytes)
{
    put(out, bytes, plain, true);
}

void base64_put_url(Buf *out, Str bytes)
{
    put(out, bytes, safe, false);
}

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool base64_read(Arena *a, Str text, Str *out)
{
    char    *bytes = arena_alloc_raw(a, text.len / 4 * 3 + 3);
    size_t   len = 0, digits = 0, pads = 0;
    uint32_t word = 0;

    for (size_t i = 0; i < text.len; i++) {
        int value = digit(text.at[i]);

        if (is_space(text.at[i]))
            continue;
        if (text.at[i] == '=' && digits % 4 + pads >= 2 && pads < 2) {
            pads++;
            continue;
        }
        if (value < 0 || pads > 0)
            return false;
        word = word << 6 | (uint32_t)value;
        if (++digits % 4 == 0) {
            bytes[len++] = (char)(word >> 16);
            bytes[len++] = (char)(word >> 8);
            bytes[len++] = (char)word;
        }
    }
    if ((digits + pads) % 4 != 0 || digits % 4 == 1)
        return false;
    if (digits % 4 >= 2)
        bytes[len++] = (char)(word >> (digits % 4 == 2 ? 4 : 10));
    if (digits % 4 == 3)
        bytes[len++] = (char)(word >> 2);
    *out = (Str){ bytes, len };
    return true;
}

static int digit_url(char c)
{
    return c == '-' ? 62 : c == '_' ? 63 : c == '+' || c == '/' ? -1 : digit(c);
}

bool base64_read_url(Arena *a, Str text, Str *out)
{
    char    *bytes = arena_alloc_raw(a, text.len / 4 * 3 + 3);
    size_t   len = 0, bits = 0;
    uint32_t word = 0;

    for (size_t i = 0; i < text.len; i++) {
        int value = digit_url(text.at[i]);

        if (value < 0)
            return false;
        word = (word << 6 | (uint32_t)value) & 0xffffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[len++] = (char)(word >> bits);
        }
    }
    if (text.len % 4 == 1 || (word & ((1u << bits) - 1)) != 0)
        return false;
    *out = (Str){ bytes, len };
    return true;
}

/* ---- base 16 ---- */

static const char digits16[] = "0123456789abcdef";

void base16_put(Buf *out, Str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = (uint8_t)bytes.at[i];

        buf_put_char(out, digits16[byte >> 4]);
        buf_put_char(out, digits16[byte & 15]);
    }
}

static int digit16(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool base16_read(Str text, uint8_t *out, size_t count)
{
    if (text.len != 2 * count)
        return false;
    for (size_t i = 0; i < count; i++) {
        int high = digit16(text.at[2 * i]), low = digit16(text.at[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
