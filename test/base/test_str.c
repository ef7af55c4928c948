/* Slices of text. */
#include "test/unit.h"

TEST(cutting_splits_at_the_first_mark)
{
    Str before, after;

    REQUIRE(str_cut(STR("http://loinc.org|8867-4|x"), '|', &before, &after));
    CHECK_STR(before, STR("http://loinc.org"));
    CHECK_STR(after, STR("8867-4|x"));
    REQUIRE(str_cut_last(STR("a|b|c"), '|', &before, &after));
    CHECK_STR(before, STR("a|b"));
    CHECK_STR(after, STR("c"));
    CHECK(!str_cut(STR("none"), '|', &before, &after));
    CHECK(!str_cut((Str){ 0 }, '|', &before, &after));
}

TEST(parts_between_marks_include_empty_ones)
{
    Str    rest = STR("a,,b,"), part;
    Str    expected[] = { STR("a"), STR(""), STR("b"), STR("") };
    size_t n = 0;

    while (str_next(&rest, ',', &part)) {
        REQUIRE(n < COUNT(expected));
        CHECK_STR(part, expected[n++]);
    }
    CHECK_INT(n, COUNT(expected));
}

TEST(slices_are_clamped_to_the_text)
{
    CHECK_STR(str_slice(STR("abc"), 1, 99), STR("bc"));
    CHECK_STR(str_slice(STR("abc"), 7, 2), STR(""));
    CHECK_STR(str_skip(STR("abc"), 9), STR(""));
}

TEST(a_number_too_large_for_64_bits_is_refused)
{
    uint64_t n = 7;

    CHECK(str_to_u64(STR("18446744073709551615"), &n) && n == UINT64_MAX);
    CHECK(!str_to_u64(STR("18446744073709551616"), &n));
    CHECK(!str_to_u64(STR("-1"), &n));
    CHECK(!str_to_u64(STR(""), &n));
    CHECK(!str_to_u64(STR("1 "), &n));
}

TEST(comparing_ignores_case_of_ascii_letters_only)
{
    CHECK(str_equal_ascii_nocase(STR("Content-TYPE"), STR("content-type")));
    CHECK(!str_equal_ascii_nocase(STR("\xc3\x89"), STR("\xc3\xa9")));
    CHECK(!str_equal_ascii_nocase(STR("[@"), STR("{`")));
}

TEST(sorting_puts_a_prefix_before_the_longer_text)
{
    CHECK(str_compare(STR("a"), STR("ab")) < 0);
    CHECK(str_compare(STR("b"), STR("ab")) > 0);
    CHECK_INT(str_compare(STR("ab"), STR("ab")), 0);
    CHECK(str_compare(STR("a\xc3"), STR("ab")) > 0);
}
