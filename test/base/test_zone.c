/* Time zones: what clocks show, before and after they are changed, and for ever after. */
#include "base/zone.h"

#include "base/moment.h"
#include "test/unit.h"

static int64_t at(const char *text)
{
    Moment m = { 0 };

    CHECK(moment_parse(str_from(text), MOMENT_INSTANT, &m));
    return m.low;
}

/* The hour of that day in that zone, as people there write it. */
static Str shown(const char *zone, int year, int month, int day, int hour, int minute)
{
    static char   text[ZONED_CHARS + 1];
    const Zone   *z = zone_find(str_from(zone));
    const int32_t second = (hour * 60 + minute) * 60;

    CHECK(z != NULL);
    if (z)
        zone_format(z, zone_moment(z, moment_day(year, month, day), second), text);
    return str_from(text);
}

TEST(a_zone_that_is_not_there_is_none)
{
    CHECK(!zone_find(STR("America/Nowhere")));
    CHECK(!zone_find(STR("../passwd")));
    CHECK(!zone_find(STR("/etc/passwd")));
    CHECK(!zone_find(STR("zone.tab/")));
    CHECK(!zone_find(STR("tzdata.zi")));
    CHECK(!zone_find(STR("")));
    CHECK(!zone_find(STR("America")));
}

TEST(nine_o_clock_is_nine_o_clock_on_both_sides_of_a_change)
{
    CHECK_STR(shown("America/Toronto", 2026, 10, 31, 9, 0), STR("2026-10-31T09:00:00-04:00"));
    CHECK_STR(shown("America/Toronto", 2026, 11, 1, 9, 0), STR("2026-11-01T09:00:00-05:00"));
    CHECK_STR(shown("Europe/Paris", 2026, 3, 28, 9, 0), STR("2026-03-28T09:00:00+01:00"));
    CHECK_STR(shown("Europe/Paris", 2026, 3, 29, 9, 0), STR("2026-03-29T09:00:00+02:00"));
    CHECK_STR(shown("America/St_Johns", 2026, 7, 1, 9, 0), STR("2026-07-01T09:00:00-02:30"));
    CHECK_STR(shown("America/Regina", 2026, 7, 1, 9, 0), STR("2026-07-01T09:00:00-06:00"));
}

TEST(a_time_that_clocks_leap_over_comes_later_and_one_shown_twice_is_the_first)
{
    CHECK_STR(shown("America/Toronto", 2026, 3, 8, 2, 30), STR("2026-03-08T03:30:00-04:00"));
    CHECK_STR(shown("America/Toronto", 2026, 11, 1, 1, 30), STR("2026-11-01T01:30:00-04:00"));
}

TEST(rules_hold_beyond_the_end_of_the_table_and_south_of_the_equator)
{
    CHECK_STR(shown("America/Toronto", 2060, 7, 1, 9, 0), STR("2060-07-01T09:00:00-04:00"));
    CHECK_STR(shown("America/Toronto", 2060, 12, 1, 9, 0), STR("2060-12-01T09:00:00-05:00"));
    CHECK_STR(shown("Australia/Sydney", 2060, 1, 1, 9, 0), STR("2060-01-01T09:00:00+11:00"));
    CHECK_STR(shown("Australia/Sydney", 2060, 7, 1, 9, 0), STR("2060-07-01T09:00:00+10:00"));
    CHECK_STR(shown("Asia/Kathmandu", 2060, 7, 1, 9, 0), STR("2060-07-01T09:00:00+05:45"));
    CHECK_STR(shown("Europe/Dublin", 2060, 1, 1, 9, 0), STR("2060-01-01T09:00:00+00:00"));
    CHECK_STR(shown("Europe/Dublin", 2060, 7, 1, 9, 0), STR("2060-07-01T09:00:00+01:00"));
}

TEST(a_leap_day_has_its_place)
{
    CHECK_STR(shown("America/Toronto", 2028, 2, 29, 9, 0), STR("2028-02-29T09:00:00-05:00"));
    CHECK_INT(moment_day(2028, 3, 1) - moment_day(2028, 2, 28), 2);
    CHECK_INT(moment_day(2100, 3, 1) - moment_day(2100, 2, 28), 1);
}

TEST(every_hour_of_forty_years_is_found_again_from_the_day_and_second_it_shows)
{
    static const char *const names[] = { "America/Toronto", "America/St_Johns", "Europe/Dublin",
                                         "Australia/Lord_Howe", "Africa/Casablanca" };

    for (size_t i = 0; i < COUNT(names); i++) {
        const Zone *z = zone_find(str_from(names[i]));

        REQUIRE(z);
        for (int64_t us = at("2020-01-01T00:00:00Z"); us < at("2060-01-01T00:00:00Z");
             us += INT64_C(3600) * 1000000) {
            int32_t second, found_second;
            int64_t day = zone_day(z, us, &second);
            int64_t found = zone_moment(z, day, second);

            REQUIRE(zone_day(z, found, &found_second) == day && found_second == second);
            REQUIRE(found == us || (found < us && zone_offset(z, found) > zone_offset(z, us)));
        }
    }
}
