/* Noting what went wrong, and the ids of calls and resources. */
#include "base/limits.h"
#include "base/random.h"
#include "test/unit.h"

TEST(a_failure_is_noted_once_with_its_place)
{
    Call *c = unit_call();

    CHECK_INT(fail_at(c, FAIL_VALUE, STR("Patient.birthDate"), 3, 17, "\"%s\" is no date", "x"),
              FAIL_VALUE);
    REQUIRE(c->issue_count == 1);
    CHECK_STR(c->issues[0].expression, STR("Patient.birthDate"));
    CHECK_STR(c->issues[0].text, STR("\"x\" is no date"));
    CHECK_INT(c->issues[0].line, 3);
    CHECK(!c->issues[0].warning);
}

TEST(past_the_limit_issues_are_counted_not_kept)
{
    Call *c = unit_call();

    for (int i = 0; i < LIMIT_ISSUES + 5; i++)
        warn(c, FAIL_VALUE, STR(""), "%d", i);
    CHECK_INT(c->issue_count, LIMIT_ISSUES);
    CHECK_INT(c->issues_left_out, 5);
}

TEST(new_ids_increase_even_when_the_clock_stands_or_steps_back)
{
    char    last[UUID_CHARS + 1] = "", next[UUID_CHARS + 1];
    int64_t now = 1790000000000000;

    for (int i = 0; i < 5000; i++) {
        random_uuid(i % 3 ? now : now - 1000000, next);
        CHECK(strcmp(last, next) < 0);
        memcpy(last, next, sizeof last);
    }
    CHECK_INT(next[14], '7');
    CHECK(strchr("89ab", next[19]) != NULL);
}
