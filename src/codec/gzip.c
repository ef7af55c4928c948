/*
 * gzip on zlib: see gzip.h. The only file that knows zlib, whose memory is the call's arena.
 */
#include "codec/gzip.h"

#include <zlib.h>

#include "base/ensure.h"
#include "base/limits.h"

enum {
    GZIP_FORMAT = 16, /* added to the window bits: gzip header and trailer, nothing else */
    WINDOW_MIN = 9,
    WINDOW_MAX = 15,
    ROOM_FIRST = 64 * 1024,
    STREAM_BYTES_MAX = 1 << 30, /* zlib counts in unsigned int */
    LEVEL_FAST = 1,
};

static void *take_memory(void *arena, unsigned count, unsigned size)
{
    return arena_alloc(arena, count, size);
}

static void leave_memory(void *arena, void *block)
{
    (void)arena, (void)block;
}

/* How much may come out at most: the smaller of what the caller takes and what the ratio
 * allows; one byte more is room to notice that it was too much. */
static size_t room_allowed(size_t packed_bytes, size_t bytes_max)
{
    size_t most = packed_bytes * LIMIT_INFLATE_RATIO;

    return (most < bytes_max ? most : bytes_max) + 1;
}

/* Doubles, but goes to the most at once when half of it is passed, so that what is left behind
 * is never more than that again. */
static void grow(Buf *text, size_t room_max)
{
    size_t room = text->room ? text->room * 2 : ROOM_FIRST;

    if (room > room_max / 2)
        room = room_max;
    text->at = arena_grow(text->arena, text->at, text->room, room);
    text->room = room;
}

static uInt room_left(const Buf *text)
{
    size_t left = text->room - text->len;

    return (uInt)(left < STREAM_BYTES_MAX ? left : STREAM_BYTES_MAX);
}

static void offer_input(z_stream *z, Str packed)
{
    size_t taken = (size_t)(z->next_in - (const Bytef *)packed.at);
    size_t left = packed.len - taken;

    z->avail_in = (uInt)(left < STREAM_BYTES_MAX ? left : STREAM_BYTES_MAX);
}

static Fail damaged(Call *c)
{
    return fail(c, FAIL_SYNTAX, (Str){ 0 }, "the gzip text is damaged or cut off");
}

/* All members, one behind the other, into `text`. */
static Fail unpack(Call *c, z_stream *z, Str packed, size_t room_max, Buf *text)
{
    for (;;) {
        int result;

        offer_input(z, packed);
        if (text->len == text->room)
            grow(text, room_max);
        z->next_out = (Bytef *)text->at + text->len;
        z->avail_out = room_left(text);
        result = inflate(z, Z_NO_FLUSH);
        text->len = (size_t)((char *)z->next_out - text->at);
        if (text->len == room_max)
            return fail(c, FAIL_TOO_LARGE, (Str){ 0 },
                        "the gzip text unpacks to more than is allowed");
        if (result == Z_STREAM_END) {
            offer_input(z, packed);
            if (z->avail_in == 0)
                return OK;
            result = inflateReset(z);
        }
        if (result != Z_OK)
            return damaged(c);
    }
}

Fail gzip_unpack(Call *c, Str packed, size_t bytes_max, Str *out)
{
    z_stream z = { .zalloc = take_memory, .zfree = leave_memory, .opaque = c->arena };
    Buf      text = { .arena = c->arena };

    if (packed.len == 0)
        return damaged(c);
    z.next_in = (Bytef *)packed.at;
    ENSURE(inflateInit2(&z, WINDOW_MAX + GZIP_FORMAT) == Z_OK);
    TRY(unpack(c, &z, packed, room_allowed(packed.len, bytes_max), &text));
    *out = buf_str(&text);
    return OK;
}

struct GzipStream {
    z_stream z;
    bool     between; /* members: the one before is whole, the next has not begun */
};

GzipStream *gzip_stream_new(Arena *a)
{
    GzipStream *g = NEW(a, GzipStream);

    g->z = (z_stream){ .zalloc = take_memory, .zfree = leave_memory, .opaque = a };
    ENSURE(inflateInit2(&g->z, WINDOW_MAX + GZIP_FORMAT) == Z_OK);
    return g;
}

Fail gzip_stream_next(Call *c, GzipStream *g, Str *packed, char *out, size_t room, size_t *len)
{
    size_t in = packed->len < STREAM_BYTES_MAX ? packed->len : STREAM_BYTES_MAX;
    int    result = Z_OK;

    g->z.next_in = (Bytef *)packed->at;
    g->z.avail_in = (uInt)in;
    g->z.next_out = (Bytef *)out;
    g->z.avail_out = (uInt)(room < STREAM_BYTES_MAX ? room : STREAM_BYTES_MAX);
    if (g->between && in > 0)
        result = inflateReset(&g->z);
    if (result == Z_OK && (in > 0 || !g->between)) {
        result = inflate(&g->z, Z_NO_FLUSH);
        g->between = result == Z_STREAM_END;
    }
    *packed = str_skip(*packed, in - g->z.avail_in);
    *len = (size_t)((char *)g->z.next_out - out);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return damaged(c);
    return OK;
}

bool gzip_stream_complete(const GzipStream *g)
{
    return g->between;
}

/* A window no larger than the text: zlib's memory goes with it. */
static int window_bits(size_t bytes)
{
    int bits = WINDOW_MIN;

    while (bits < WINDOW_MAX && ((size_t)1 << bits) < bytes)
        bits++;
    return bits;
}

Str gzip_pack(Arena *a, Str bytes)
{
    z_stream z = { .zalloc = take_memory, .zfree = leave_memory, .opaque = a };
    int      bits = window_bits(bytes.len);
    size_t   room;
    char    *packed;

    ENSURE(bytes.len < STREAM_BYTES_MAX);
    ENSURE(deflateInit2(&z, LEVEL_FAST, Z_DEFLATED, bits + GZIP_FORMAT, bits - 6,
                        Z_DEFAULT_STRATEGY)
           == Z_OK);
    room = deflateBound(&z, (uLong)bytes.len);
    packed = arena_alloc_raw(a, room);
    z.next_in = (Bytef *)bytes.at;
    z.avail_in = (uInt)bytes.len;
    z.next_out = (Bytef *)packed;
    z.avail_out = (uInt)room;
    ENSURE(deflate(&z, Z_FINISH) == Z_STREAM_END);
    return (Str){ packed, room - z.avail_out };
}
