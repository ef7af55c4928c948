/*
 * Text as a slice: a pointer and a length, unterminated, never changed in place.
 * A Str does not own its bytes; it lives as long as the arena or literal it points into.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Str {
    const char *at;
    size_t      len;
} Str;

#define STR(literal) ((Str){ "" literal "", sizeof(literal) - 1 })
/* The same in a static initialiser, where a compound literal is not constant. */
#define STR_INIT(literal)                                                                      \
    {                                                                                          \
        "" literal "", sizeof(literal) - 1                                                     \
    }
/* For "%.*s". */
#define STR_ARG(s) (int)(s).len, (s).at
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline Str str_from(const char *c_string)
{
    return c_string ? (Str){ c_string, strlen(c_string) } : (Str){ 0 };
}

static inline bool str_equal(Str a, Str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool str_starts(Str s, Str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.at, prefix.at, prefix.len) == 0);
}

static inline bool str_ends(Str s, Str suffix)
{
    return s.len >= suffix.len
           && (suffix.len == 0
               || memcmp(s.at + s.len - suffix.len, suffix.at, suffix.len) == 0);
}

/* The part from `from` (included) to `to` (not), both clamped to the text. */
Str str_slice(Str s, size_t from, size_t to);

/* What follows the first n bytes. */
static inline Str str_skip(Str s, size_t n)
{
    return str_slice(s, n, s.len);
}

/* Splits at the first `mark`. False, with nothing written, if there is none. */
bool str_cut(Str s, char mark, Str *before, Str *after);

/* The same at the last `mark`. */
bool str_cut_last(Str s, char mark, Str *before, Str *after);

/* Takes the next part of *rest up to `mark` or the end; false when *rest is used up.
 * "a,,b" gives "a", "", "b"; start with rest = the whole text, a NULL pointer ends. */
bool str_next(Str *rest, char mark, Str *part);

/* Where `needle` first stands, or -1. */
ptrdiff_t str_find(Str s, Str needle);

/* Without spaces, tabs, CR and LF at both ends. */
Str str_trim(Str s);

/* Like memcmp over the shorter, then by length: for sorting. */
int str_compare(Str a, Str b);

/* Equal but for ASCII case: header names and other protocol words, never names of people. */
bool str_equal_ascii_nocase(Str a, Str b);

/* A whole decimal number without sign; false if anything else stands there or it overflows. */
bool str_to_u64(Str s, uint64_t *out);

/* FNV-1a: for hash tables in memory, never stored. */
uint64_t str_hash(Str s);

/* A faster one that nobody can prepare collisions for who does not know the seed: for tables of
 * what comes from outside. The seed is drawn at random for each table. */
uint64_t str_hash_seeded(Str s, uint64_t seed);

#endif
