/* The memory of a call. */
#include "base/buf.h"
#include "test/unit.h"

enum { SMALL_CAP = 256 * 1024 };

static Fail fill(Arena *a, size_t piece)
{
    if (setjmp(*arena_boundary(a)))
        return FAIL_TOO_COSTLY;
    for (;;)
        arena_alloc(a, 1, piece);
}

TEST(past_its_cap_an_arena_ends_the_call_as_too_costly)
{
    Arena *a = arena_create(SMALL_CAP);

    CHECK_INT(fill(a, 1000), FAIL_TOO_COSTLY);
    arena_reset(a);
    CHECK_INT(fill(a, SIZE_MAX / 2), FAIL_TOO_COSTLY);
    arena_reset(a);
    CHECK_INT(arena_used(a), 0);
    arena_destroy(a);
}

static void note_release(void *thing)
{
    char **end = thing;

    *(*end)++ = 'x';
}

static void note_first(void *thing)
{
    char **end = thing;

    *(*end)++ = 'a';
}

TEST(what_was_deferred_is_closed_last_first)
{
    Arena *a = arena_create(SMALL_CAP);
    char   notes[4] = "", *end = notes;

    arena_defer(a, note_first, &end);
    arena_defer(a, note_release, &end);
    arena_reset(a);
    CHECK_STR(str_from(notes), STR("xa"));
    arena_destroy(a);
}

TEST(memory_is_zeroed_and_aligned_again_after_a_reset)
{
    Arena *a = arena_create(SMALL_CAP);

    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < 5000; size = size * 2 + 1) {
            unsigned char *p = arena_alloc(a, 1, size);

            CHECK_INT((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < size; i++)
                REQUIRE(p[i] == 0);
            memset(p, 0xaa, size);
        }
        arena_reset(a);
    }
    arena_destroy(a);
}

TEST(rewinding_gives_back_what_came_after_the_mark)
{
    Arena    *a = arena_create(SMALL_CAP);
    Str       kept = arena_str(a, STR("kept"));
    ArenaMark mark = arena_mark(a);
    size_t    used = arena_used(a);

    for (int i = 0; i < 1000; i++) {
        arena_alloc(a, 1, 10000);
        arena_rewind(a, mark);
    }
    CHECK_INT(arena_used(a), used);
    CHECK_STR(kept, STR("kept"));
    arena_destroy(a);
}

TEST(a_text_grows_without_losing_a_byte)
{
    Buf b = buf_new(unit_call()->arena, 1);

    for (unsigned i = 0; i < 20000; i++)
        buf_put_u64(&b, i % 10);
    REQUIRE(b.len == 20000);
    for (unsigned i = 0; i < 20000; i++)
        REQUIRE(b.at[i] == (char)('0' + i % 10));
}

TEST(numbers_are_written_in_full)
{
    Buf b = buf_new(unit_call()->arena, 1);

    buf_put_u64(&b, 0);
    buf_put_char(&b, ' ');
    buf_put_u64(&b, UINT64_MAX);
    CHECK_STR(buf_str(&b), STR("0 18446744073709551615"));
}

TEST(a_json_string_escapes_only_what_it_must)
{
    Buf b = buf_new(unit_call()->arena, 1);

    buf_put_json_string(&b, STR("\"Zo\xc3\xab\"\\\n\x01/"));
    CHECK_STR(buf_str(&b), STR("\"\\\"Zo\xc3\xab\\\"\\\\\\n\\u0001/\""));
}
