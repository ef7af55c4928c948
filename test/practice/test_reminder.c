/* When reminders go out, and their links. */
#include "practice/reminder.h"
#include "test/unit.h"

enum { NINE_PM = 21 * 3600, EIGHT_AM = 8 * 3600 };

#define HOUR ((int64_t)3600 * 1000 * 1000)

static int64_t at(const char *instant)
{
    Moment moment = { 0 };

    if (!moment_parse(str_from(instant), MOMENT_INSTANT, &moment))
        abort();
    return moment.low;
}

static const Zone *toronto(void)
{
    return zone_find(STR("America/Toronto"));
}

TEST(a_reminder_comes_as_long_before_as_it_is_to)
{
    CHECK_INT(reminder_due(toronto(), at("2031-03-04T19:00:00Z"), 24 * HOUR, NINE_PM, EIGHT_AM),
              at("2031-03-03T19:00:00Z"));
}

TEST(one_in_the_night_waits_for_the_morning_or_comes_the_evening_before)
{
    /* two hours before half past nine is half past seven: it waits until eight */
    CHECK_INT(reminder_due(toronto(), at("2031-03-04T14:30:00Z"), 2 * HOUR, NINE_PM, EIGHT_AM),
              at("2031-03-04T13:00:00Z"));
    /* before half past eight eight is too late: one minute to nine in the evening before */
    CHECK_INT(reminder_due(toronto(), at("2031-03-04T13:30:00Z"), 2 * HOUR, NINE_PM, EIGHT_AM),
              at("2031-03-04T01:59:00Z"));
}

TEST(quiet_hours_are_those_of_the_clocks_when_these_are_changed)
{
    /* 9 March 2031, clocks go forward: eight in the morning is 12:00Z, no longer 13:00Z */
    CHECK_INT(reminder_due(toronto(), at("2031-03-09T15:00:00Z"), 5 * HOUR, NINE_PM, EIGHT_AM),
              at("2031-03-09T12:00:00Z"));
}

TEST(hours_that_are_nothing_or_within_a_day_are_understood)
{
    CHECK_INT(reminder_due(toronto(), at("2031-03-04T08:00:00Z"), HOUR, 0, 0),
              at("2031-03-04T07:00:00Z"));
    CHECK_INT(reminder_due(toronto(), at("2031-03-04T18:30:00Z"), HOUR, 12 * 3600, 13 * 3600),
              at("2031-03-04T17:30:00Z") - HOUR / 2 - HOUR / 60);
}

TEST(one_that_was_missed_does_not_come_in_the_night_either)
{
    int64_t due = at("2031-03-04T00:00:00Z"); /* seven in the evening */

    CHECK_INT(reminder_late(toronto(), due, at("2031-03-04T00:00:05Z"), NINE_PM, EIGHT_AM),
              due);
    CHECK_INT(reminder_late(toronto(), due, at("2031-03-04T01:30:00Z"), NINE_PM, EIGHT_AM),
              due);
    CHECK_INT(reminder_late(toronto(), due, at("2031-03-04T03:00:00Z"), NINE_PM, EIGHT_AM),
              at("2031-03-04T13:00:00Z"));
    CHECK_INT(reminder_late(toronto(), due, at("2031-03-04T09:00:00Z"), NINE_PM, EIGHT_AM),
              at("2031-03-04T13:00:00Z"));
}
