/* Calendar arithmetic with precision: see fhirpath_time.h. */
#include "fhir/fhirpath_time.h"

#include "base/buf.h"

static const int64_t second_us = 1000000;
static const int64_t minute_us = 60 * 1000000LL;
static const int64_t hour_us = 3600 * 1000000LL;
static const int64_t day_us = 86400 * 1000000LL;

typedef struct Civil {
    int64_t year, month, day, of_day; /* of_day in microseconds */
} Civil;

static int64_t divide_down(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days from 1970-01-01, counting years from March so that the leap day is the last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t from_march = (month + 9) % 12, era, of_era;

    year -= month <= 2;
    era = divide_down(year, 400);
    of_era = year - era * 400;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * from_march + 2) / 5
           + day - 1 - 719468;
}

static Civil civil_of(int64_t us)
{
    int64_t days = divide_down(us, day_us);
    int64_t shifted = days + 719468, era = divide_down(shifted, 146097);
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    Civil   c = { .day = of_year - (153 * from_march + 2) / 5 + 1,
                  .month = from_march < 10 ? from_march + 3 : from_march - 9,
                  .of_day = us - days * day_us };

    c.year = year + era * 400 + (c.month <= 2);
    return c;
}

static int64_t month_days(int64_t year, int64_t month)
{
    return month == 12 ? 31 : days_of(year, month + 1, 1) - days_of(year, month, 1);
}

static int64_t us_of(Civil c)
{
    return days_of(c.year, c.month, c.day) * day_us + c.of_day;
}

/* --- reading ----------------------------------------------------------------------------- */

static bool take_digits(Str *s, size_t count, int64_t max, int64_t *out)
{
    int64_t value = 0;

    if (s->len < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (s->at[i] < '0' || s->at[i] > '9')
            return false;
        value = value * 10 + s->at[i] - '0';
    }
    *s = str_skip(*s, count);
    *out = value;
    return value <= max;
}

static bool take_mark(Str *s, char mark)
{
    if (s->len == 0 || s->at[0] != mark)
        return false;
    *s = str_skip(*s, 1);
    return true;
}

static bool read_fraction(Str *s, PathTime *t)
{
    int64_t worth = second_us;

    if (!take_mark(s, '.'))
        return true;
    for (; s->len && s->at[0] >= '0' && s->at[0] <= '9'; *s = str_skip(*s, 1)) {
        if (++t->fraction > 12)
            return false;
        worth /= 10;
        t->local_us += worth * (s->at[0] - '0');
    }
    return t->fraction > 0;
}

static bool read_clock(Str *s, PathTime *t)
{
    static const int64_t worth[] = { 3600 * 1000000LL, 60 * 1000000LL, 1000000LL };
    static const int64_t most[] = { 23, 59, 60 };

    for (unsigned i = 0; i < COUNT(worth); i++) {
        int64_t value;

        if (i && !take_mark(s, ':'))
            return true;
        if (!take_digits(s, 2, most[i], &value))
            return false;
        t->local_us += value * worth[i];
        t->precision = (uint8_t)(TIME_HOUR + i);
    }
    return read_fraction(s, t);
}

static bool read_zone(Str *s, PathTime *t)
{
    int64_t hours, minutes;
    bool    minus;

    if (s->len == 0)
        return true;
    t->zoned = true;
    if (take_mark(s, 'Z'))
        return true;
    minus = take_mark(s, '-');
    if (!minus && !take_mark(s, '+'))
        return false;
    if (!take_digits(s, 2, 14, &hours) || !take_mark(s, ':')
        || !take_digits(s, 2, 59, &minutes))
        return false;
    t->zone = (int16_t)(minus ? -(hours * 60 + minutes) : hours * 60 + minutes);
    return true;
}

static bool read_date(Str *s, PathTime *t)
{
    Civil c = { .month = 1, .day = 1 };

    if (!take_digits(s, 4, 9999, &c.year) || c.year < 1)
        return false;
    t->precision = TIME_YEAR;
    if (take_mark(s, '-')) {
        if (!take_digits(s, 2, 12, &c.month) || c.month < 1)
            return false;
        t->precision = TIME_MONTH;
        if (take_mark(s, '-')) {
            if (!take_digits(s, 2, month_days(c.year, c.month), &c.day) || c.day < 1)
                return false;
            t->precision = TIME_DAY;
        }
    }
    t->local_us = us_of(c);
    return true;
}

bool path_time_read(Str text, TimeForm form, PathTime *out)
{
    PathTime t = { 0 };

    if (form == TIME_CLOCK) {
        if (!read_clock(&text, &t))
            return false;
    } else {
        if (!read_date(&text, &t))
            return false;
        if (form == TIME_DATE_TIME && take_mark(&text, 'T') && text.len) {
            if (t.precision != TIME_DAY || !read_clock(&text, &t) || !read_zone(&text, &t))
                return false;
        }
    }
    *out = t;
    return text.len == 0;
}

/* --- writing ----------------------------------------------------------------------------- */

static void put_clock(Buf *out, PathTime t, int64_t of_day)
{
    int64_t fraction = of_day % second_us;

    buf_printf(out, "%02d", (int)(of_day / hour_us));
    if (t.precision >= TIME_MINUTE)
        buf_printf(out, ":%02d", (int)(of_day / minute_us % 60));
    if (t.precision >= TIME_SECOND)
        buf_printf(out, ":%02d", (int)(of_day / second_us % 60));
    if (t.precision >= TIME_SECOND && t.fraction) {
        char digits[8];

        for (int i = 5; i >= 0; i--, fraction /= 10)
            digits[i] = (char)('0' + fraction % 10);
        buf_put_char(out, '.');
        for (int i = 0; i < t.fraction; i++)
            buf_put_char(out, i < 6 ? digits[i] : '0');
    }
}

Str path_time_text(Arena *a, PathTime t, TimeForm form)
{
    Buf   out = buf_new(a, 40);
    Civil c = civil_of(t.local_us);

    if (form == TIME_CLOCK) {
        put_clock(&out, t, t.local_us);
        return buf_str(&out);
    }
    buf_printf(&out, "%04d", (int)c.year);
    if (t.precision >= TIME_MONTH)
        buf_printf(&out, "-%02d", (int)c.month);
    if (t.precision >= TIME_DAY)
        buf_printf(&out, "-%02d", (int)c.day);
    if (t.precision >= TIME_HOUR) {
        buf_put_char(&out, 'T');
        put_clock(&out, t, c.of_day);
    }
    if (t.zoned && t.zone == 0)
        buf_put_char(&out, 'Z');
    else if (t.zoned)
        buf_printf(&out, "%c%02d:%02d", t.zone < 0 ? '-' : '+',
                   (t.zone < 0 ? -t.zone : t.zone) / 60, (t.zone < 0 ? -t.zone : t.zone) % 60);
    return buf_str(&out);
}

/* --- comparing --------------------------------------------------------------------------- */

/* The parts down to `precision`, as one number that keeps their order. */
static int64_t cut(int64_t us, uint8_t precision)
{
    Civil c = civil_of(us);

    switch (precision) {
    case TIME_YEAR: return c.year;
    case TIME_MONTH: return c.year * 12 + c.month;
    case TIME_DAY: return divide_down(us, day_us);
    case TIME_HOUR: return divide_down(us, hour_us);
    case TIME_MINUTE: return divide_down(us, minute_us);
    default: return us;
    }
}

static Order order_of(int64_t a, int64_t b)
{
    return a < b ? ORDER_LESS : a > b ? ORDER_MORE : ORDER_EQUAL;
}

Order path_time_compare(PathTime a, PathTime b)
{
    uint8_t shared = a.precision < b.precision ? a.precision : b.precision;
    bool    clocks = shared >= TIME_HOUR;
    int64_t x = a.local_us - (clocks && b.zoned ? a.zone * minute_us : 0);
    int64_t y = b.local_us - (clocks && a.zoned ? b.zone * minute_us : 0);
    Order   order;

    if (clocks && a.zoned != b.zoned) {
        /* the one without a zone lies somewhere between +14 and -12 hours */
        int64_t known =
            a.zoned ? a.local_us - a.zone * minute_us : b.local_us - b.zone * minute_us;
        int64_t open = a.zoned ? b.local_us : a.local_us;

        if (open - 14 * hour_us > known)
            return a.zoned ? ORDER_LESS : ORDER_MORE;
        if (open + 12 * hour_us < known)
            return a.zoned ? ORDER_MORE : ORDER_LESS;
        return ORDER_UNKNOWN;
    }
    order = order_of(cut(x, shared), cut(y, shared));
    if (order != ORDER_EQUAL || a.precision == b.precision)
        return order;
    return ORDER_UNKNOWN;
}

/* --- arithmetic -------------------------------------------------------------------------- */

static const int64_t unit_us[TIME_UNITS] = {
    [UNIT_WEEK] = 7 * 86400 * 1000000LL, [UNIT_DAY] = 86400 * 1000000LL,
    [UNIT_HOUR] = 3600 * 1000000LL,      [UNIT_MINUTE] = 60 * 1000000LL,
    [UNIT_SECOND] = 1000000LL,           [UNIT_MILLISECOND] = 1000LL,
};

static bool add_months(PathTime *t, int64_t months)
{
    Civil   c = civil_of(t->local_us);
    int64_t all = c.year * 12 + c.month - 1 + months, last;

    c.year = divide_down(all, 12);
    c.month = all - c.year * 12 + 1;
    if (c.year < 1 || c.year > 9999)
        return false;
    last = month_days(c.year, c.month);
    if (c.day > last)
        c.day = last;
    t->local_us = us_of(c);
    return true;
}

/* A finer unit than a year or month, on what is known no further: 24 months are two years, 59 days
 * one month of thirty. */
static bool add_coarse(PathTime *t, int64_t us)
{
    int64_t days = us / day_us;

    return t->precision == TIME_YEAR ? add_months(t, days / 365 * 12)
                                     : add_months(t, days / 30);
}

bool path_time_add(PathTime *t, TimeForm form, int64_t amount, TimeUnit unit)
{
    int64_t change, year;

    if (amount > 400000000000LL || amount < -400000000000LL)
        return false;
    if (form != TIME_CLOCK && unit <= UNIT_MONTH) {
        int64_t months = unit == UNIT_YEAR ? amount * 12 : amount;

        return add_months(t, t->precision == TIME_YEAR ? months / 12 * 12 : months);
    }
    if (unit <= UNIT_MONTH || __builtin_mul_overflow(amount, unit_us[unit], &change))
        return false;
    if (form == TIME_CLOCK) {
        t->local_us = ((t->local_us + change) % day_us + day_us) % day_us;
        return true;
    }
    if (t->precision < TIME_DAY)
        return add_coarse(t, change);
    if (t->precision == TIME_DAY)
        change = change / day_us * day_us;
    if (__builtin_add_overflow(t->local_us, change, &t->local_us))
        return false;
    if (unit == UNIT_MILLISECOND && t->precision == TIME_SECOND && t->fraction < 3)
        t->fraction = 3;
    year = civil_of(t->local_us).year;
    return year >= 1 && year <= 9999;
}

/* --- boundaries -------------------------------------------------------------------------- */

static const uint8_t digits_of[] = { 0, 4, 6, 8, 10, 12, 14 };

int path_time_digits(PathTime t, TimeForm form)
{
    int digits = digits_of[t.precision];

    if (t.precision == TIME_SECOND && t.fraction)
        digits += t.fraction < 3 ? 3 : t.fraction;
    return form == TIME_CLOCK ? digits - 8 : digits;
}

bool path_time_boundary(PathTime *t, TimeForm form, bool high, int digits)
{
    int     wanted = form == TIME_CLOCK ? digits + 8 : digits;
    uint8_t precision = TIME_SECOND;
    Civil   c = civil_of(t->local_us);
    uint8_t known = t->precision;

    while (precision > TIME_YEAR && digits_of[precision] > wanted)
        precision--;
    if ((digits_of[precision] != wanted && wanted != 17)
        || (form == TIME_DATE && precision > TIME_DAY) || digits < 2)
        return false;
    if (high && form != TIME_CLOCK) {
        if (known < TIME_MONTH)
            c.month = 12;
        if (known < TIME_DAY)
            c.day = month_days(c.year, c.month);
        t->local_us = us_of(c);
    }
    /* FHIR knows no hour without its minutes: a literal of the hour is its first minute */
    if (high)
        t->local_us += known < TIME_HOUR     ? day_us - 1000
                       : known < TIME_SECOND ? minute_us - 1000
                       : t->fraction == 0    ? second_us - 1000
                                             : 0;
    t->precision = precision;
    t->fraction = wanted == 17 ? 3 : 0;
    if (form == TIME_DATE_TIME && precision >= TIME_HOUR && !t->zoned) {
        t->zoned = true;
        t->zone = high ? -12 * 60 : 14 * 60;
    }
    return true;
}

PathTime path_time_of(int64_t utc_us, TimeForm form)
{
    PathTime t = { .local_us = utc_us / 1000 * 1000 };

    if (form == TIME_DATE) {
        t.local_us = divide_down(utc_us, day_us) * day_us;
        t.precision = TIME_DAY;
        return t;
    }
    if (form == TIME_CLOCK)
        t.local_us -= divide_down(utc_us, day_us) * day_us;
    t.zoned = form == TIME_DATE_TIME;
    t.precision = TIME_SECOND;
    t.fraction = 3;
    return t;
}
