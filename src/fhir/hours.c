/* Hours of opening: see hours.h. */
#include "fhir/hours.h"

enum { DAY_SECONDS = 86400, WEEK_DAYS = 7 };

static const int64_t DAY_US = INT64_C(86400) * 1000000;

/* One availableTime. */
typedef struct Pattern {
    uint8_t days;       /* bits, 1 for Thursday: the day 1970 began with */
    int32_t begin, end; /* seconds of the day */
    Moment  effective;
} Pattern;

static bool is_date(Str text)
{
    return text.len <= sizeof "2026-11-22" - 1;
}

Moment hours_period(const Resource *r, uint32_t period, const Zone *zone)
{
    Str    start = node_child_text(r, period, STR("start"));
    Str    end = node_child_text(r, period, STR("end"));
    Moment whole = { MOMENT_MIN, MOMENT_MAX }, said;

    if (start.len && moment_parse(start, MOMENT_DATE_TIME, &said))
        whole.low = is_date(start) ? zone_moment(zone, said.low / DAY_US, 0) : said.low;
    if (end.len && moment_parse(end, MOMENT_DATE_TIME, &said))
        whole.high = is_date(end) ? zone_moment(zone, said.high / DAY_US, 0) : said.low;
    return whole;
}

static int32_t second_of(Str time)
{
    Moment of_day;

    return moment_parse(time, MOMENT_TIME, &of_day) ? (int32_t)(of_day.low / 1000000) : -1;
}

static uint8_t day_bit(Str code)
{
    static const char *const codes[WEEK_DAYS] = { "thu", "fri", "sat", "sun",
                                                  "mon", "tue", "wed" };

    for (int i = 0; i < WEEK_DAYS; i++)
        if (str_equal(code, str_from(codes[i])))
            return (uint8_t)(1 << i);
    return 0;
}

/* False if it says no hours at all. No day named: every day. */
static bool read_pattern(const Resource *r, uint32_t node, const Zone *zone, Pattern *out)
{
    uint32_t effective = node_extension(r, node, HOURS_EFFECTIVE);
    uint32_t period = effective ? node_child(r, effective, STR("value")) : 0;

    *out = (Pattern){ .end = DAY_SECONDS, .effective = { MOMENT_MIN, MOMENT_MAX } };
    if (period)
        out->effective = hours_period(r, period, zone);
    for (uint32_t day = node_child(r, node, STR("daysOfWeek")); day;
         day = node_next_same(r, day))
        out->days |= day_bit(node_text(node_at(r, day)));
    if (!node_child(r, node, STR("daysOfWeek")))
        out->days = (1 << WEEK_DAYS) - 1;
    if (str_equal(node_child_text(r, node, STR("allDay")), STR("true")))
        return true;
    out->begin = second_of(node_child_text(r, node, STR("availableStartTime")));
    out->end = second_of(node_child_text(r, node, STR("availableEndTime")));
    if (out->begin < 0 || out->end < 0)
        return false;
    if (out->end <= out->begin)
        out->end += DAY_SECONDS;
    return true;
}

static Moment cut(Moment time, Moment by)
{
    return (Moment){ time.low > by.low ? time.low : by.low,
                     time.high < by.high ? time.high : by.high };
}

static int64_t moment_of(const Zone *zone, int64_t day, int32_t second)
{
    return second < DAY_SECONDS ? zone_moment(zone, day, second)
                                : zone_moment(zone, day + 1, second - DAY_SECONDS);
}

static void add_pattern(const Pattern *p, const Zone *zone, Moment within, Spans *out)
{
    int32_t second;
    int64_t day = zone_day(zone, within.low, &second) - 1;
    int64_t last = zone_day(zone, within.high, &second);

    for (; day <= last; day++)
        if (p->days >> ((day % WEEK_DAYS + WEEK_DAYS) % WEEK_DAYS) & 1)
            spans_add(out, cut((Moment){ moment_of(zone, day, p->begin),
                                         moment_of(zone, day, p->end) },
                               p->effective));
}

bool hours_open(const Resource *r, const Zone *zone, Moment within, Spans *out)
{
    uint32_t node = node_child(r, r->root, STR("availableTime"));
    bool     any = node != 0;
    Pattern  pattern;

    for (; node; node = node_next_same(r, node))
        if (read_pattern(r, node, zone, &pattern))
            add_pattern(&pattern, zone, within, out);
    return any;
}

void hours_closed(const Resource *r, const Zone *zone, Spans *out)
{
    uint32_t node = node_child(r, r->root, STR("notAvailable"));
    uint32_t period = node_child(r, r->root, STR("period"));

    for (; node; node = node_next_same(r, node)) {
        uint32_t during = node_child(r, node, STR("during"));

        if (during)
            spans_add(out, hours_period(r, during, zone));
    }
    if (period) {
        Moment own = hours_period(r, period, zone);

        spans_add(out, (Moment){ MOMENT_MIN, own.low });
        spans_add(out, (Moment){ own.high, MOMENT_MAX });
    }
}
