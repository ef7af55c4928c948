/* Regular expressions that cannot run away. */
#include "base/clock.h"
#include "base/pattern.h"
#include "test/unit.h"

static bool matches(const char *expression, const char *text, bool anywhere)
{
    const Pattern *pattern;
    bool           found;

    call_forget_issues(unit_call(), 0);
    if (pattern_compile(unit_call(), unit_call()->arena, STR("here"), str_from(expression),
                        &pattern)
        != OK) {
        unit_fail(__FILE__, __LINE__, "%s cannot be compiled", expression);
        return false;
    }
    return pattern_matches(unit_call(), pattern, str_from(text), anywhere, &found) == OK
           && found;
}

#define YES(expression, text) CHECK(matches(expression, text, false))
#define NO(expression, text) CHECK(!matches(expression, text, false))

TEST(a_pattern_says_what_the_whole_text_is)
{
    YES("abc", "abc");
    NO("abc", "abcd");
    NO("abc", "ab");
    YES("", "");
    YES("a.c", "axc");
    YES("a|bc|", "bc");
    YES("a|bc|", "");
    NO("a|bc|", "abc");
    YES("(a|b)*c", "ababc");
    YES("x(?:1|2)+", "x12");
    NO("x(?:1|2)+", "x");
    YES("[A-Z]\\d{2}(\\.\\d{1,3})?", "E11.65");
    YES("[A-Z]\\d{2}(\\.\\d{1,3})?", "E11");
    NO("[A-Z]\\d{2}(\\.\\d{1,3})?", "E11.");
    YES("[^,;]+", "abc");
    NO("[^,;]+", "a,c");
    YES("[]x]-", "]-");
    YES("a{0}b", "b");
    YES("(ab){2,}", "ababab");
    NO("(ab){2,}", "ab");
    YES("^a+?$", "aaa");
    YES("\\S+\\s\\w*\\.", "abc d_1.");
    YES("((a?)*)*", "aaa");
}

TEST(a_pattern_is_found_anywhere_if_asked)
{
    CHECK(matches("b+", "abbc", true));
    CHECK(!matches("^b", "abbc", true));
    CHECK(matches("c$", "abbc", true));
    CHECK(!matches("x", "abbc", true));
    CHECK(matches("", "abbc", true));
}

TEST(a_character_is_one_of_unicode)
{
    YES(".", "\xC3\xA9");
    YES("[\xC3\xA0-\xC3\xBF]+", "\xC3\xA9\xC3\xA8");
    NO("..", "\xE2\x82\xAC");
}

TEST(what_runs_away_elsewhere_ends_here)
{
    char     text[3001];
    uint64_t begun = clock_monotonic_ms();

    memset(text, 'a', sizeof text - 2);
    text[sizeof text - 2] = 'X';
    text[sizeof text - 1] = 0;
    NO("(a+)+", text);
    NO("(a|aa)+b", text);
    NO("(.*a){12}b", text);
    CHECK(clock_monotonic_ms() - begun < 5000);
}

TEST(a_late_call_ends_in_the_middle_of_a_long_match)
{
    static char    text[100 * 1000];
    const Pattern *pattern;
    bool           found;

    memset(text, 'a', sizeof text);
    REQUIRE(pattern_compile(unit_call(), unit_call()->arena, STR("here"),
                            STR("(?:(?:a*){57}){57}b"), &pattern)
            == OK);
    unit_call()->deadline_ms = 1;
    CHECK_INT(pattern_matches(unit_call(), pattern, (Str){ text, sizeof text }, false, &found),
              FAIL_TIMEOUT);
}

static bool refused(const char *expression, Fail why)
{
    const Pattern *pattern;

    call_forget_issues(unit_call(), 0);
    return pattern_compile(unit_call(), unit_call()->arena, STR("here"), str_from(expression),
                           &pattern)
           == why;
}

TEST(what_is_no_pattern_is_refused_with_its_place)
{
    CHECK(refused("a(b", FAIL_VALUE));
    CHECK(refused("a)b", FAIL_VALUE));
    CHECK(refused("[ab", FAIL_VALUE));
    CHECK(refused("*a", FAIL_VALUE));
    CHECK(refused("a{3,2}", FAIL_VALUE));
    CHECK(refused("(?=a)", FAIL_VALUE));
    CHECK(refused("a\\", FAIL_VALUE));
    CHECK(refused("\\1", FAIL_VALUE));
    CHECK(refused("[b-a]", FAIL_VALUE));
    CHECK(unit_call()->issue_count == 1);
    CHECK(refused("((((a{100}){100}){100}){100})", FAIL_TOO_COSTLY));
}
