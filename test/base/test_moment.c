/* FHIR dates as intervals: what is a date, how long it lasts, how moments are written. */
#include "base/moment.h"
#include "test/unit.h"

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

static Moment parsed(Str text, MomentForm form)
{
    Moment m = { 1, 0 };

    CHECK(moment_parse(text, form, &m));
    return m;
}

static bool is_moment(Str text, MomentForm form)
{
    Moment m;

    return moment_parse(text, form, &m);
}

/* The instant at which the interval begins or ends, as text. */
static Str written(int64_t us)
{
    static char text[4][INSTANT_CHARS + 1];
    static int  turn;
    char       *out = text[turn++ % 4];

    moment_format_instant(us, out);
    return str_from(out);
}

TEST(a_year_is_all_of_it)
{
    Moment m = parsed(STR("2020"), MOMENT_DATE);

    CHECK_STR(written(m.low), STR("2020-01-01T00:00:00.000000Z"));
    CHECK_STR(written(m.high), STR("2021-01-01T00:00:00.000000Z"));
}

TEST(a_month_ends_where_the_next_begins)
{
    CHECK_STR(written(parsed(STR("2020-02"), MOMENT_DATE).high),
              STR("2020-03-01T00:00:00.000000Z"));
    CHECK_STR(written(parsed(STR("2020-12"), MOMENT_DATE).high),
              STR("2021-01-01T00:00:00.000000Z"));
}

TEST(a_day_lasts_a_day)
{
    Moment m = parsed(STR("1970-01-01"), MOMENT_DATE);

    CHECK_INT(m.low, 0);
    CHECK_INT(m.high, DAY);
}

TEST(a_fraction_of_a_second_is_as_long_as_its_last_digit)
{
    Moment m = parsed(STR("1970-01-01T00:00:01.5Z"), MOMENT_DATE_TIME);

    CHECK_INT(m.low, SECOND + 500000);
    CHECK_INT(m.high, SECOND + 600000);
    m = parsed(STR("1970-01-01T00:00:00.1234567890Z"), MOMENT_INSTANT);
    CHECK_INT(m.low, 123456);
    CHECK_INT(m.high, 123457);
}

TEST(a_zone_moves_the_moment)
{
    CHECK_INT(parsed(STR("1970-01-01T01:30:00+01:30"), MOMENT_DATE_TIME).low, 0);
    CHECK_INT(parsed(STR("1969-12-31T20:00:00-04:00"), MOMENT_DATE_TIME).low, 0);
    CHECK_INT(parsed(STR("1970-01-01T14:00:00+14:00"), MOMENT_INSTANT).low, 0);
}

TEST(a_leap_second_is_the_last_of_its_minute)
{
    CHECK_STR(written(parsed(STR("2016-12-31T23:59:60Z"), MOMENT_INSTANT).low),
              STR("2016-12-31T23:59:59.000000Z"));
}

TEST(only_days_of_the_calendar_are_dates)
{
    static const char *const bad[] = {
        "2019-02-29",
        "1900-02-29",
        "2020-04-31",
        "2020-13",
        "2020-00",
        "2020-01-00",
        "0000",
        "2020-1",
        "20",
        "2020-",
        "2020-01-",
        "2020-01-01T",
        "12020",
        "2020/01/01",
        " 2020",
        "2020 ",
        "abcd",
        "-2020",
        "2020-01-01T10:00:00Z",
    };

    for (size_t i = 0; i < COUNT(bad); i++)
        if (is_moment(str_from(bad[i]), MOMENT_DATE))
            unit_fail(__FILE__, __LINE__, "%s was taken for a date", bad[i]);
    CHECK(is_moment(STR("2000-02-29"), MOMENT_DATE));
    CHECK(is_moment(STR("0001-01-01"), MOMENT_DATE));
    CHECK(is_moment(STR("9999-12-31"), MOMENT_DATE));
    CHECK(!is_moment((Str){ 0 }, MOMENT_DATE));
}

TEST(a_date_time_with_a_clock_needs_seconds_and_zone)
{
    static const char *const bad[] = {
        "2020-01-01T10:00Z",         "2020-01-01T10:00:00",       "2020-01T10:00:00Z",
        "2020-01-01 10:00:00Z",      "2020-01-01T24:00:00Z",      "2020-01-01T10:60:00Z",
        "2020-01-01T10:00:61Z",      "2020-01-01T10:00:00.Z",     "2020-01-01T10:00:00+1:00",
        "2020-01-01T10:00:00+14:01", "2020-01-01T10:00:00+15:00", "2020-01-01T10:00:00z",
        "2020-01-01T10:00:00Z ",     "2020-01-01T10:00:00 01:00", "2020-01-01t10:00:00Z",
    };

    for (size_t i = 0; i < COUNT(bad); i++)
        if (is_moment(str_from(bad[i]), MOMENT_DATE_TIME))
            unit_fail(__FILE__, __LINE__, "%s was taken for a dateTime", bad[i]);
    CHECK(is_moment(STR("2020-01"), MOMENT_DATE_TIME));
    CHECK(!is_moment(STR("2020-01-01"), MOMENT_INSTANT));
    CHECK(is_moment(STR("2020-01-01T10:00:00-13:59"), MOMENT_INSTANT));
}

TEST(a_time_has_no_zone)
{
    Moment m = parsed(STR("00:00:01"), MOMENT_TIME);

    CHECK_INT(m.low, SECOND);
    CHECK_INT(m.high, 2 * SECOND);
    CHECK(!is_moment(STR("10:00"), MOMENT_TIME));
    CHECK(!is_moment(STR("10:00:00Z"), MOMENT_TIME));
    CHECK(!is_moment(STR("24:00:00"), MOMENT_TIME));
}

TEST(a_search_may_leave_out_seconds_and_zone)
{
    Moment m = parsed(STR("1970-01-01T00:01"), MOMENT_SEARCH);

    CHECK_INT(m.low, 60 * SECOND);
    CHECK_INT(m.high, 120 * SECOND);
    CHECK_INT(parsed(STR("1970-01-01T00:00:05"), MOMENT_SEARCH).low, 5 * SECOND);
    CHECK_INT(parsed(STR("1970-01-01T01:00 01:00"), MOMENT_SEARCH).low, 0);
    CHECK(!is_moment(STR("1970-01-01T01"), MOMENT_SEARCH));
    CHECK(!is_moment(STR("1970-01-01T01:00 "), MOMENT_SEARCH));
}

TEST(every_day_of_four_centuries_is_written_as_it_was_read)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t          expected = parsed(STR("1799-12-31"), MOMENT_DATE).low;

    for (int year = 1800; year < 2200; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= days[month - 1] + (month == 2 && leap); day++) {
                char   text[40];
                Moment m;

                snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00.000000Z", year, month,
                         day);
                expected += DAY;
                REQUIRE(moment_parse(str_from(text), MOMENT_INSTANT, &m));
                REQUIRE(m.low == expected);
                REQUIRE(str_equal(written(m.low), str_from(text)));
            }
        }
    }
}

TEST(moments_before_1970_are_written_right)
{
    CHECK_STR(written(-1), STR("1969-12-31T23:59:59.999999Z"));
}

TEST(moments_that_no_year_can_name_are_written_as_the_nearest)
{
    CHECK_STR(written(MOMENT_MAX), STR("9999-12-31T23:59:59.999999Z"));
    CHECK_STR(written(MOMENT_MIN), STR("0001-01-01T00:00:00.000000Z"));
}

TEST(http_dates_are_written_and_read)
{
    char    text[HTTP_DATE_CHARS + 1];
    int64_t us;

    moment_format_http(INT64_C(784111777) * SECOND, text);
    CHECK_STR(str_from(text), STR("Sun, 06 Nov 1994 08:49:37 GMT"));
    CHECK(moment_parse_http(STR("Sun, 06 Nov 1994 08:49:37 GMT"), &us));
    CHECK_INT(us, INT64_C(784111777) * SECOND);
    moment_format_http(-DAY, text);
    CHECK_STR(str_from(text), STR("Wed, 31 Dec 1969 00:00:00 GMT"));
}

TEST(what_is_no_http_date_is_refused)
{
    static const char *const bad[] = {
        "",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 08:49:37.5 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "sun, 06 Nov 1994 08:49:37 GMT",
    };
    int64_t us;

    for (size_t i = 0; i < COUNT(bad); i++)
        if (moment_parse_http(str_from(bad[i]), &us))
            unit_fail(__FILE__, __LINE__, "%s was taken for an HTTP date", bad[i]);
}
