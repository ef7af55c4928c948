/* A growing text on an arena: see buf.h. */
#include "base/buf.h"

#include <stdio.h>

#include "base/ensure.h"

Buf buf_new(Arena *a, size_t expected)
{
    size_t room = expected ? expected : 64;

    return (Buf){ .arena = a, .at = arena_alloc_raw(a, room), .room = room };
}

char *buf_reserve(Buf *b, size_t more)
{
    if (more > b->room - b->len) {
        size_t room = b->room * 2;

        if (room < b->len + more)
            room = b->len + more;
        b->at = arena_grow(b->arena, b->at, b->room, room);
        b->room = room;
    }
    return b->at + b->len;
}

void buf_put(Buf *b, Str s)
{
    if (s.len == 0)
        return;
    memcpy(buf_reserve(b, s.len), s.at, s.len);
    b->len += s.len;
}

void buf_put_char(Buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->len++;
}

void buf_put_u64(Buf *b, uint64_t value)
{
    char   digits[20];
    size_t n = sizeof digits;

    do {
        digits[--n] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_put(b, (Str){ digits + n, sizeof digits - n });
}

void buf_printf(Buf *b, const char *format, ...)
{
    va_list args;
    int     len;

    ENSURE(format);
    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ENSURE(len >= 0);
    va_start(args, format);
    vsnprintf(buf_reserve(b, (size_t)len + 1), (size_t)len + 1, format, args);
    va_end(args);
    b->len += (size_t)len;
}

void buf_put_json_string(Buf *b, Str s)
{
    static const char hex[] = "0123456789abcdef";
    size_t            clean = 0;

    buf_put_char(b, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_put(b, str_slice(s, clean, i));
        clean = i + 1;
        buf_put_char(b, '\\');
        switch (c) {
        case '\n': buf_put_char(b, 'n'); break;
        case '\r': buf_put_char(b, 'r'); break;
        case '\t': buf_put_char(b, 't'); break;
        case '"':
        case '\\': buf_put_char(b, (char)c); break;
        default: buf_put(b, (Str){ (char[]){ 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 5 });
        }
    }
    buf_put(b, str_slice(s, clean, s.len));
    buf_put_char(b, '"');
}
