/* The stock of large chunks. */
#include "base/chunk.h"
#include "test/unit.h"

enum { LARGE = 1024 * 1024 };

static void empty_stock(void)
{
    chunk_trim();
    chunk_trim();
}

TEST(a_large_chunk_that_was_given_back_is_taken_again_and_holds_nothing_of_before)
{
    Chunk *first, *second;

    empty_stock();
    first = chunk_take(LARGE);
    REQUIRE(first && first->size >= LARGE);
    UNPOISON(first->data, first->size);
    memset(first->data, 'x', LARGE);
    first->used = LARGE;
    chunk_give(first);
    second = chunk_take(LARGE - 100);
    CHECK(second == first);
    CHECK_INT(second->used, 0);
    UNPOISON(second->data, second->size);
    CHECK(!memchr(second->data, 'x', LARGE));
    chunk_give(second);
}

TEST(what_nobody_wanted_since_the_last_trim_goes_back)
{
    Chunk *chunks[3];

    empty_stock();
    for (size_t i = 0; i < COUNT(chunks); i++)
        chunks[i] = chunk_take(LARGE);
    for (size_t i = 0; i < COUNT(chunks); i++)
        chunk_give(chunks[i]);
    chunk_trim(); /* none was there at its beginning: all three stay */
    CHECK_INT(chunk_kept_bytes(), 3 * LARGE);
    chunk_give(chunk_take(LARGE)); /* one is wanted */
    chunk_trim();
    CHECK_INT(chunk_kept_bytes(), LARGE);
    chunk_trim();
    CHECK_INT(chunk_kept_bytes(), 0);
}

TEST(small_and_very_large_chunks_are_not_kept)
{
    empty_stock();
    chunk_give(chunk_take(1000));
    chunk_give(chunk_take(CHUNK_BYTES_MAX + 1));
    CHECK_INT(chunk_kept_bytes(), 0);
}

TEST(no_more_than_the_stock_holds_is_kept)
{
    enum { MANY = 40 };
    Chunk *chunks[MANY];

    empty_stock();
    for (size_t i = 0; i < MANY; i++)
        chunks[i] = chunk_take(CHUNK_BYTES_MAX);
    for (size_t i = 0; i < MANY; i++)
        chunk_give(chunks[i]);
    CHECK_INT(chunk_kept_bytes(), 64 * 1024 * 1024);
    empty_stock();
    CHECK_INT(chunk_kept_bytes(), 0);
}
