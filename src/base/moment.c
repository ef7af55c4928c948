/* Dates as text to intervals and back, in the proleptic Gregorian calendar. */
#include "base/moment.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define DAY (86400 * SECOND)

/* What has been read of a text so far. */
typedef struct Reader {
    const char *at;
    const char *end;
} Reader;

typedef struct Calendar {
    int year, month, day;
} Calendar;

/* Days since 1970-01-01: years are counted from March, so that the leap day comes last. */
static int64_t days_of(Calendar date)
{
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year =
        (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year
           - 719468;
}

static Calendar calendar_of(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t  month = (5 * day_of_year + 2) / 153;
    Calendar date;

    date.day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    date.month = (int)(month < 10 ? month + 3 : month - 9);
    date.year = (int)(year_of_era + era * 400 + (date.month <= 2));
    return date;
}

int64_t moment_day(int year, int month, int day)
{
    return days_of((Calendar){ year, month, day });
}

void moment_date(int64_t days, int *year, int *month, int *day)
{
    Calendar date = calendar_of(days);

    *year = date.year;
    *month = date.month;
    *day = date.day;
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool             leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Exactly `digits` digits, from `least` to `most`. */
static bool read_number(Reader *r, int digits, int least, int most, int *out)
{
    int value = 0;

    if (r->end - r->at < digits)
        return false;
    for (int i = 0; i < digits; i++) {
        if (r->at[i] < '0' || r->at[i] > '9')
            return false;
        value = value * 10 + (r->at[i] - '0');
    }
    r->at += digits;
    *out = value;
    return value >= least && value <= most;
}

static bool read_char(Reader *r, char wanted)
{
    if (r->at == r->end || *r->at != wanted)
        return false;
    r->at++;
    return true;
}

/* ".5" to a microsecond and its own width; digits beyond microseconds are checked and dropped. */
static bool read_fraction(Reader *r, int64_t *us, int64_t *width)
{
    int64_t unit = SECOND;

    *us = 0;
    *width = SECOND;
    if (!read_char(r, '.'))
        return true;
    if (r->at == r->end || *r->at < '0' || *r->at > '9')
        return false;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        if (unit > 1) {
            unit /= 10;
            *us += (*r->at - '0') * unit;
            *width = unit;
        }
    }
    return true;
}

/* hh:mm[:ss[.fff]] -> microseconds of the day. A leap second is the last of its minute. */
static bool read_clock(Reader *r, bool seconds_needed, int64_t *us, int64_t *width)
{
    int     hour, minute, second;
    int64_t fraction;

    if (!read_number(r, 2, 0, 23, &hour) || !read_char(r, ':')
        || !read_number(r, 2, 0, 59, &minute))
        return false;
    *us = (hour * INT64_C(60) + minute) * MINUTE;
    *width = MINUTE;
    if (!seconds_needed && (r->at == r->end || *r->at != ':'))
        return true;
    if (!read_char(r, ':') || !read_number(r, 2, 0, 60, &second)
        || !read_fraction(r, &fraction, width))
        return false;
    *us += (second == 60 ? 59 : second) * SECOND + fraction;
    return true;
}

/* "Z", "+hh:mm" or "-hh:mm" -> minutes east of UTC. */
static bool read_zone(Reader *r, MomentForm form, int *minutes)
{
    int  hour, minute;
    bool west;

    *minutes = 0;
    if (r->at == r->end)
        return form == MOMENT_SEARCH;
    if (read_char(r, 'Z'))
        return true;
    west = *r->at == '-';
    if (!west && *r->at != '+' && !(form == MOMENT_SEARCH && *r->at == ' '))
        return false;
    r->at++;
    if (!read_number(r, 2, 0, 14, &hour) || !read_char(r, ':')
        || !read_number(r, 2, 0, hour == 14 ? 0 : 59, &minute))
        return false;
    *minutes = (west ? -1 : 1) * (hour * 60 + minute);
    return true;
}

/* What is left out of a date makes it longer. */
static bool read_date(Reader *r, Moment *out, bool *whole_day)
{
    Calendar first = { .month = 1, .day = 1 }, after;

    *whole_day = false;
    if (!read_number(r, 4, 1, 9999, &first.year))
        return false;
    after = (Calendar){ first.year + 1, 1, 1 };
    if (read_char(r, '-')) {
        if (!read_number(r, 2, 1, 12, &first.month))
            return false;
        after = first.month == 12 ? (Calendar){ first.year + 1, 1, 1 }
                                  : (Calendar){ first.year, first.month + 1, 1 };
        if (read_char(r, '-')) {
            if (!read_number(r, 2, 1, days_in_month(first.year, first.month), &first.day))
                return false;
            *whole_day = true;
        }
    }
    out->low = days_of(first) * DAY;
    out->high = *whole_day ? out->low + DAY : days_of(after) * DAY;
    return true;
}

bool moment_parse(Str text, MomentForm form, Moment *out)
{
    Reader  r = { text.at, text.at + text.len };
    Moment  moment;
    int64_t clock, width;
    int     zone;
    bool    whole_day;

    if (text.len == 0)
        return false;
    if (form == MOMENT_TIME) {
        if (!read_clock(&r, true, &clock, &width) || r.at != r.end)
            return false;
        *out = (Moment){ clock, clock + width };
        return true;
    }
    if (!read_date(&r, &moment, &whole_day))
        return false;
    if (r.at == r.end && form != MOMENT_INSTANT) {
        *out = moment;
        return true;
    }
    if (form == MOMENT_DATE || !whole_day || !read_char(&r, 'T')
        || !read_clock(&r, form != MOMENT_SEARCH, &clock, &width) || !read_zone(&r, form, &zone)
        || r.at != r.end)
        return false;
    out->low = moment.low + clock - zone * MINUTE;
    out->high = out->low + width;
    return true;
}

/* Floor division: moments before 1970 belong to the second before. */
static int64_t split(int64_t value, int64_t unit, int64_t *rest)
{
    int64_t whole = value / unit;

    if (value % unit < 0)
        whole--;
    *rest = value - whole * unit;
    return whole;
}

/* Microseconds of the day and the date, within the years that can be written. */
static Calendar calendar_at(int64_t us, int64_t *days, int64_t *of_day)
{
    int64_t first = days_of((Calendar){ 1, 1, 1 }), end = days_of((Calendar){ 10000, 1, 1 });

    if (us < first * DAY)
        us = first * DAY;
    if (us >= end * DAY)
        us = end * DAY - 1;
    *days = split(us, DAY, of_day);
    return calendar_of(*days);
}

static char *put_digits(char *at, int64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + digits;
}

static char *put_char(char *at, char c)
{
    *at = c;
    return at + 1;
}

/* "06:30:00" */
static char *put_clock(char *at, int64_t of_day)
{
    at = put_char(put_digits(at, of_day / (60 * MINUTE), 2), ':');
    at = put_char(put_digits(at, of_day / MINUTE % 60, 2), ':');
    return put_digits(at, of_day / SECOND % 60, 2);
}

void moment_format_instant(int64_t us, char out[INSTANT_CHARS + 1])
{
    int64_t  days, of_day;
    Calendar date = calendar_at(us, &days, &of_day);
    char    *at = out;

    at = put_char(put_digits(at, date.year, 4), '-');
    at = put_char(put_digits(at, date.month, 2), '-');
    at = put_char(put_digits(at, date.day, 2), 'T');
    at = put_char(put_clock(at, of_day), '.');
    at = put_char(put_digits(at, of_day % SECOND, 6), 'Z');
    *at = '\0';
}

static const char day_names[][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
static const char month_names[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static char *put_name(char *at, const char name[4], char behind)
{
    memcpy(at, name, 3);
    return put_char(at + 3, behind);
}

void moment_format_http(int64_t us, char out[HTTP_DATE_CHARS + 1])
{
    int64_t  days, of_day, weekday;
    Calendar date = calendar_at(us, &days, &of_day);
    char    *at = out;

    split(days, 7, &weekday);
    at = put_char(put_name(at, day_names[weekday], ','), ' ');
    at = put_char(put_digits(at, date.day, 2), ' ');
    at = put_name(at, month_names[date.month - 1], ' ');
    at = put_char(put_digits(at, date.year, 4), ' ');
    at = put_clock(at, of_day);
    memcpy(at, " GMT", 5);
}

/* One of the three-letter names. */
static bool read_name(Reader *r, const char (*names)[4], int count, int *out)
{
    for (int i = 0; i < count; i++) {
        if (r->end - r->at >= 3 && memcmp(r->at, names[i], 3) == 0) {
            r->at += 3;
            *out = i;
            return true;
        }
    }
    return false;
}

bool moment_parse_http(Str text, int64_t *us)
{
    Reader   r = { text.at, text.at + text.len };
    Calendar date;
    int      weekday, month;
    int64_t  clock, width, days, expected;

    if (!read_name(&r, day_names, COUNT(day_names), &weekday) || !read_char(&r, ',')
        || !read_char(&r, ' ') || !read_number(&r, 2, 1, 31, &date.day) || !read_char(&r, ' ')
        || !read_name(&r, month_names, COUNT(month_names), &month) || !read_char(&r, ' ')
        || !read_number(&r, 4, 1, 9999, &date.year) || !read_char(&r, ' ')
        || !read_clock(&r, true, &clock, &width) || width != SECOND || !read_char(&r, ' ')
        || !str_equal((Str){ r.at, (size_t)(r.end - r.at) }, STR("GMT")))
        return false;
    date.month = month + 1;
    if (date.day > days_in_month(date.year, date.month))
        return false;
    days = days_of(date);
    split(days, 7, &expected);
    if (weekday != expected)
        return false;
    *us = days * DAY + clock;
    return true;
}
