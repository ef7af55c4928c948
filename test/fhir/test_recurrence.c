/* Recurrence rules: what takes place when, and what can be no series. */
#include "fhir/recurrence.h"

#include "base/limits.h"
#include "base/moment.h"
#include "test/unit.h"

static int64_t at(const char *text)
{
    Moment m = { 0 };

    CHECK(moment_parse(str_from(text), MOMENT_INSTANT, &m));
    return m.low;
}

static Fail expand(const char *rule, const char *first, Recurrence *out)
{
    return recurrence_expand(unit_call(), str_from(rule), zone_find(STR("America/Toronto")),
                             at(first), STR("rrule"), out);
}

TEST(a_weekly_series_keeps_its_hour_when_clocks_are_changed)
{
    Recurrence r;

    REQUIRE(expand("FREQ=WEEKLY;COUNT=4", "2026-10-20T09:00:00-04:00", &r) == OK);
    REQUIRE(r.count == 4);
    CHECK(r.at[1] == at("2026-10-27T09:00:00-04:00"));
    CHECK(r.at[2] == at("2026-11-03T09:00:00-05:00"));
    CHECK(r.at[3] == at("2026-11-10T09:00:00-05:00"));
}

TEST(until_is_meant_in_the_zone_and_includes_its_moment)
{
    Recurrence r;

    REQUIRE(expand("FREQ=DAILY;UNTIL=20261104T140000Z", "2026-10-31T09:00:00-04:00", &r) == OK);
    CHECK_INT(r.count, 5);
    REQUIRE(expand("FREQ=DAILY;UNTIL=20261104", "2026-10-31T21:00:00-04:00", &r) == OK);
    CHECK_INT(r.count, 5);
}

TEST(leap_days_and_last_weekdays_are_found)
{
    Recurrence r;

    REQUIRE(expand("FREQ=YEARLY;COUNT=3", "2028-02-29T09:00:00-05:00", &r) == OK);
    CHECK(r.count == 3 && r.at[1] == at("2032-02-29T09:00:00-05:00"));
    REQUIRE(expand("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "2026-11-27T09:00:00-05:00", &r) == OK);
    CHECK(r.count == 3 && r.at[1] == at("2026-12-25T09:00:00-05:00")
          && r.at[2] == at("2027-01-29T09:00:00-05:00"));
}

TEST(what_cannot_be_a_series_is_refused)
{
    static const struct {
        const char *rule;
        Fail        expected;
    } rules[] = {
        { "", FAIL_VALUE },
        { "every week", FAIL_VALUE },
        { "FREQ=HOURLY;COUNT=3", FAIL_UNPROCESSABLE },
        { "FREQ=DAILY;BYHOUR=9,10;COUNT=3", FAIL_UNPROCESSABLE },
        { "FREQ=WEEKLY", FAIL_UNPROCESSABLE },
        { "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3", FAIL_UNPROCESSABLE },
        { "FREQ=WEEKLY;BYDAY=MO;COUNT=3", FAIL_UNPROCESSABLE },
        { "FREQ=DAILY;UNTIL=20200101T000000Z", FAIL_UNPROCESSABLE },
        { "FREQ=DAILY;COUNT=100000", FAIL_TOO_COSTLY },
        { "FREQ=DAILY;UNTIL=20991231T000000Z", FAIL_TOO_COSTLY },
    };

    for (size_t i = 0; i < COUNT(rules); i++) {
        Recurrence r;
        Fail       found = expand(rules[i].rule, "2026-10-20T09:00:00-04:00", &r);

        if (found != rules[i].expected)
            unit_fail(__FILE__, __LINE__, "%s gives %d", rules[i].rule, (int)found);
    }
}
