/* gzip both ways, damaged, cut off, too large: codec/gzip.c. */
#include "base/limits.h"
#include "codec/gzip.h"
#include "test/unit.h"

enum { PLENTY = 64 * 1024 * 1024 };

static Str text_of(size_t bytes)
{
    Call *c = unit_call();
    Buf   b = buf_new(c->arena, bytes + 16);

    for (uint64_t i = 1; b.len < bytes; i = i * 6364136223846793005U + 1442695040888963407U)
        buf_put_u64(&b, i >> 40);
    return str_slice(buf_str(&b), 0, bytes);
}

TEST(what_is_packed_unpacks_to_the_same)
{
    static const size_t sizes[] = { 0, 1, 100, 511, 512, 513, 65535, 65536, 65537, 3000000 };

    for (size_t i = 0; i < COUNT(sizes); i++) {
        Call *c = unit_call();
        Str   text = text_of(sizes[i]), packed = gzip_pack(c->arena, text), out;

        REQUIRE(gzip_unpack(c, packed, PLENTY, &out) == OK);
        CHECK_STR(out, text);
    }
}

TEST(members_side_by_side_are_one_text)
{
    Call *c = unit_call();
    Buf   b = buf_new(c->arena, 0);
    Str   out;

    buf_put(&b, gzip_pack(c->arena, STR("one ")));
    buf_put(&b, gzip_pack(c->arena, STR("")));
    buf_put(&b, gzip_pack(c->arena, STR("two")));
    REQUIRE(gzip_unpack(c, buf_str(&b), PLENTY, &out) == OK);
    CHECK_STR(out, STR("one two"));
}

TEST(a_cut_off_text_is_refused_wherever_it_is_cut)
{
    Call *c = unit_call();
    Str   packed = gzip_pack(c->arena, text_of(700)), out;

    for (size_t n = 0; n < packed.len; n++)
        CHECK(gzip_unpack(c, str_slice(packed, 0, n), PLENTY, &out) == FAIL_SYNTAX);
}

TEST(a_changed_byte_never_gives_another_text)
{
    Call *c = unit_call();
    Str   text = text_of(700), packed = gzip_pack(c->arena, text);

    for (size_t n = 0; n < packed.len; n++) {
        Str   copy = arena_str(c->arena, packed), out;
        char *at = (char *)copy.at;

        at[n] ^= 0x10;
        if (gzip_unpack(c, copy, PLENTY, &out) == OK)
            CHECK_STR(out, text); /* header bytes that carry no text: time, system */
    }
}

TEST(bytes_behind_the_last_member_are_refused)
{
    Call *c = unit_call();
    Buf   b = buf_new(c->arena, 0);
    Str   out;

    buf_put(&b, gzip_pack(c->arena, STR("one")));
    buf_put(&b, STR("two"));
    CHECK(gzip_unpack(c, buf_str(&b), PLENTY, &out) == FAIL_SYNTAX);
    CHECK(gzip_unpack(c, STR("plain text"), PLENTY, &out) == FAIL_SYNTAX);
}

TEST(the_cap_on_bytes_is_exact)
{
    Call *c = unit_call();
    Str   packed = gzip_pack(c->arena, text_of(100000)), out;

    CHECK(gzip_unpack(c, packed, 100000, &out) == OK);
    CHECK(gzip_unpack(c, packed, 100001, &out) == OK);
    CHECK(gzip_unpack(c, packed, 99999, &out) == FAIL_TOO_LARGE);
}

TEST(a_bomb_is_refused_in_little_memory)
{
    Call  *c = unit_call();
    size_t bytes = 60 * 1024 * 1024, before;
    char  *zeros = arena_alloc(c->arena, bytes, 1);
    Str    packed = gzip_pack(c->arena, (Str){ zeros, bytes }), out;

    REQUIRE(packed.len * LIMIT_INFLATE_RATIO < bytes);
    before = arena_used(c->arena);
    CHECK(gzip_unpack(c, packed, PLENTY, &out) == FAIL_TOO_LARGE);
    CHECK(arena_used(c->arena) - before < packed.len * LIMIT_INFLATE_RATIO * 2 + 200 * 1024);
}

/* Unpacks in pieces of in_room and out_room bytes. */
static Fail unpack_in_pieces(Str packed, size_t in_room, size_t out_room, Buf *out,
                             bool *complete)
{
    Call       *c = unit_call();
    GzipStream *g = gzip_stream_new(c->arena);

    while (packed.len) {
        Str    piece = str_slice(packed, 0, in_room);
        size_t taken = piece.len, len;

        do {
            TRY(gzip_stream_next(c, g, &piece, buf_reserve(out, out_room), out_room, &len));
            out->len += len;
        } while (piece.len || len);
        packed = str_skip(packed, taken);
    }
    *complete = gzip_stream_complete(g);
    return OK;
}

TEST(a_stream_unpacks_members_in_pieces_of_any_size)
{
    static const size_t rooms[] = { 1, 7, 1000, 100000 };
    Call               *c = unit_call();
    Str                 text = text_of(50000);
    Buf                 packed = buf_new(c->arena, 0), whole = buf_new(c->arena, 0);

    for (int i = 0; i < 3; i++) {
        buf_put(&packed, gzip_pack(c->arena, str_skip(text, (size_t)i * 1000)));
        buf_put(&whole, str_skip(text, (size_t)i * 1000));
    }
    for (size_t i = 0; i < COUNT(rooms); i++) {
        Buf  out = buf_new(c->arena, 0);
        bool complete;

        CHECK(unpack_in_pieces(buf_str(&packed), rooms[i], rooms[COUNT(rooms) - 1 - i], &out,
                               &complete)
              == OK);
        CHECK(complete);
        CHECK_STR(buf_str(&out), buf_str(&whole));
    }
}

TEST(a_stream_that_is_cut_off_is_not_complete_but_gives_what_there_is)
{
    Call *c = unit_call();
    Str   text = text_of(50000), packed = gzip_pack(c->arena, text);
    Buf   out = buf_new(c->arena, 0);
    bool  complete;

    CHECK(unpack_in_pieces(str_slice(packed, 0, packed.len - 9), 1000, 1000, &out, &complete)
          == OK);
    CHECK(!complete);
    CHECK(out.len > 40000);
    CHECK(str_starts(text, buf_str(&out)));
}

TEST(a_damaged_stream_is_refused)
{
    Call *c = unit_call();
    Str   packed = gzip_pack(c->arena, text_of(50000));
    char *copy = arena_alloc_raw(c->arena, packed.len);
    Buf   out = buf_new(c->arena, 0);
    bool  complete;

    memcpy(copy, packed.at, packed.len);
    copy[packed.len - 6] ^= 1; /* the checksum */
    CHECK(unpack_in_pieces((Str){ copy, packed.len }, 1000, 1000, &out, &complete)
          == FAIL_SYNTAX);
}
