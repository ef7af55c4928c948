/* Slices of text: see str.h. */
#include "base/str.h"

Str str_slice(Str s, size_t from, size_t to)
{
    if (to > s.len)
        to = s.len;
    if (from > to)
        from = to;
    return (Str){ s.at + from, to - from };
}

bool str_cut(Str s, char mark, Str *before, Str *after)
{
    const char *hit = s.len ? memchr(s.at, mark, s.len) : NULL;
    size_t      at;

    if (!hit)
        return false;
    at = (size_t)(hit - s.at);
    *before = str_slice(s, 0, at);
    *after = str_slice(s, at + 1, s.len);
    return true;
}

bool str_cut_last(Str s, char mark, Str *before, Str *after)
{
    const char *hit = s.len ? memrchr(s.at, mark, s.len) : NULL;
    size_t      at;

    if (!hit)
        return false;
    at = (size_t)(hit - s.at);
    *before = str_slice(s, 0, at);
    *after = str_slice(s, at + 1, s.len);
    return true;
}

bool str_next(Str *rest, char mark, Str *part)
{
    Str whole = *rest;

    if (!whole.at)
        return false;
    if (!str_cut(whole, mark, part, rest)) {
        *part = whole;
        *rest = (Str){ 0 };
    }
    return true;
}

ptrdiff_t str_find(Str s, Str needle)
{
    const char *hit;

    if (needle.len == 0)
        return 0;
    hit = s.len ? memmem(s.at, s.len, needle.at, needle.len) : NULL;
    return hit ? hit - s.at : -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

Str str_trim(Str s)
{
    while (s.len && is_blank(s.at[0]))
        s = str_skip(s, 1);
    while (s.len && is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

int str_compare(Str a, Str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int    order = shorter ? memcmp(a.at, b.at, shorter) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_equal_ascii_nocase(Str a, Str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.at[i]) != ascii_lower(b.at[i]))
            return false;
    return true;
}

bool str_to_u64(Str s, uint64_t *out)
{
    uint64_t value = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10U, &value)
            || __builtin_add_overflow(value, (uint64_t)(s.at[i] - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

uint64_t str_hash(Str s)
{
    uint64_t hash = 0xcbf29ce484222325U;

    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.at[i]) * 0x100000001b3U;
    return hash ^ (hash >> 29);
}

uint64_t str_hash_seeded(Str s, uint64_t seed)
{
    uint64_t hash = seed ^ s.len * 0x9e3779b97f4a7c15U;

    for (size_t i = 0; i < s.len; i += sizeof(uint64_t)) {
        uint64_t word = 0;

        memcpy(&word, s.at + i, s.len - i < sizeof word ? s.len - i : sizeof word);
        hash = (hash ^ word) * 0xff51afd7ed558ccdU;
        hash = (hash ^ hash >> 32 ^ seed) * 0xc4ceb9fe1a85ec53U;
        hash ^= hash >> 29;
    }
    return hash;
}
