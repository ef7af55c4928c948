#include "store/body.h"
#include "test/unit.h"

static Str sample(int i)
{
    return arena_printf(
        unit_call()->arena,
        "},\"status\":\"final\",\"code\":{\"coding\":[{\"system\":\"http://loinc.org\","
        "\"code\":\"%d-4\",\"display\":\"Heart rate\"}]},\"subject\":{\"reference\":"
        "\"Patient/%08d\"},\"valueQuantity\":{\"value\":%d.%d,\"unit\":\"/min\"}}",
        8000 + i % 40, i * 7919 % 100000, 50 + i % 70, i % 10);
}

TEST(a_body_comes_back_as_it_was)
{
    Bodies  *b = bodies_create();
    Arena   *a = unit_call()->arena;
    uint32_t dictionary;
    Str      text = sample(1), body = body_compress(b, a, text, &dictionary);
    Buf      out = buf_new(a, 8);

    CHECK_INT(dictionary, 0);
    CHECK(body_expand(b, dictionary, body, &out));
    CHECK_STR(buf_str(&out), text);
    bodies_destroy(b);
}

TEST(a_dictionary_makes_bodies_small_and_older_bodies_stay_readable)
{
    Bodies  *b = bodies_create();
    Arena   *a = unit_call()->arena;
    Str      texts[1000], before, after, words;
    uint32_t none, one;
    Buf      out = buf_new(a, 8);

    for (int i = 0; i < 1000; i++)
        texts[i] = sample(i);
    before = body_compress(b, a, texts[7], &none);
    words = body_train(a, texts, 1000);
    REQUIRE(words.len > 0);
    REQUIRE(bodies_add(b, 1, words));
    after = body_compress(b, a, texts[7], &one);
    CHECK_INT(one, 1);
    CHECK(after.len * 2 < before.len);
    CHECK(body_expand(b, none, before, &out));
    CHECK(body_expand(b, one, after, &out));
    CHECK_STR(buf_str(&out), arena_printf(a, "%.*s%.*s", STR_ARG(texts[7]), STR_ARG(texts[7])));
    bodies_destroy(b);
}

TEST(bodies_kept_with_what_every_frame_begins_with_are_read_too)
{
    Bodies  *b = bodies_create();
    Arena   *a = unit_call()->arena;
    uint32_t dictionary;
    Str      body = body_compress(b, a, sample(5), &dictionary);
    Buf      older = buf_new(a, 64), out = buf_new(a, 8);

    buf_put(&older, STR("\x28\xb5\x2f\xfd"));
    CHECK(!str_starts(body, buf_str(&older)));
    buf_put(&older, body);
    CHECK(body_expand(b, 0, buf_str(&older), &out));
    CHECK_STR(buf_str(&out), sample(5));
    bodies_destroy(b);
}

TEST(damaged_bodies_and_missing_dictionaries_are_refused)
{
    Bodies  *b = bodies_create();
    Arena   *a = unit_call()->arena;
    uint32_t dictionary;
    Str      body = body_compress(b, a, sample(3), &dictionary);
    Buf      out = buf_new(a, 8);

    CHECK(!body_expand(b, 5, body, &out));
    CHECK(!body_expand(b, 99999, body, &out));
    CHECK(!body_expand(b, 0, str_slice(body, 0, body.len - 1), &out));
    CHECK(!body_expand(b, 0, STR("not a frame"), &out));
    CHECK(!body_expand(b, 0, (Str){ 0 }, &out));
    CHECK(!bodies_add(b, 0, STR("words")));
    bodies_destroy(b);
}
