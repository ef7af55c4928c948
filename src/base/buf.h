/* A growing text on an arena. Write freely; the whole is taken with buf_str(). */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/arena.h"

typedef struct Buf {
    Arena *arena;
    char  *at;
    size_t len;
    size_t room;
} Buf;

/* An empty text that can take `expected` bytes before it first grows. */
Buf buf_new(Arena *a, size_t expected);

/* Room for `more` bytes behind the end: write there, then add to len. */
char *buf_reserve(Buf *b, size_t more);

void buf_put(Buf *b, Str s);
void buf_put_char(Buf *b, char c);
void buf_put_u64(Buf *b, uint64_t value);
void buf_printf(Buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text as a JSON string, quotes included; bytes that are not UTF-8 must not be given. */
void buf_put_json_string(Buf *b, Str s);

static inline Str buf_str(const Buf *b)
{
    return (Str){ b->at, b->len };
}

#endif
