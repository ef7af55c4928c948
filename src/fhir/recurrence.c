/* Recurrence rules, walked by libical: see recurrence.h. Times are given to it as clocks show them, without a
 * zone, so that only zone.h knows of zones. */
#include "fhir/recurrence.h"

#include <libical/ical.h>
#include <pthread.h>

#include "base/limits.h"
#include "base/moment.h"

enum { DAY_SECONDS = 86400, RULE_CHARS = 500 };

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* What is wrong with a text is ours to say, not a reason to end. */
static void set_up(void)
{
    icalerror_set_errors_are_fatal(0);
}

static struct icaltimetype shown(const Zone *zone, int64_t at_us)
{
    struct icaltimetype time = icaltime_null_time();
    int32_t             second;

    moment_date(zone_day(zone, at_us, &second), &time.year, &time.month, &time.day);
    time.hour = second / 3600;
    time.minute = second / 60 % 60;
    time.second = second % 60;
    return time;
}

static int64_t moment_shown(const Zone *zone, struct icaltimetype t)
{
    return zone_moment(zone, moment_day(t.year, t.month, t.day),
                       (t.hour * 60 + t.minute) * 60 + t.second);
}

/* The end as the zone's clocks show it; a date is the whole of that day. */
static void bring_until(struct icalrecurrencetype *rule, const Zone *zone)
{
    if (icaltime_is_null_time(rule->until))
        return;
    if (rule->until.is_date) {
        rule->until.is_date = 0;
        rule->until.hour = 23;
        rule->until.minute = rule->until.second = 59;
    } else if (icaltime_is_utc(rule->until)) {
        rule->until = shown(zone, moment_shown(zone_utc(), rule->until));
    }
    rule->until.zone = NULL;
}

static Fail check(Call *c, const struct icalrecurrencetype *rule, Str where)
{
    if (rule->freq == ICAL_NO_RECURRENCE)
        return fail(c, FAIL_VALUE, where,
                    "This is no recurrence rule such as FREQ=WEEKLY;COUNT=10");
    if (rule->rscale)
        return fail(c, FAIL_NOT_SUPPORTED, where, "Other calendars (RSCALE) are not offered");
    if (rule->freq == ICAL_SECONDLY_RECURRENCE || rule->freq == ICAL_MINUTELY_RECURRENCE
        || rule->freq == ICAL_HOURLY_RECURRENCE || rule->by_hour[0] != ICAL_RECURRENCE_ARRAY_MAX
        || rule->by_minute[0] != ICAL_RECURRENCE_ARRAY_MAX
        || rule->by_second[0] != ICAL_RECURRENCE_ARRAY_MAX)
        return fail(c, FAIL_UNPROCESSABLE, where,
                    "Appointments recur by days, weeks, months or years");
    if (rule->count <= 0 && icaltime_is_null_time(rule->until))
        return fail(c, FAIL_UNPROCESSABLE, where,
                    "A series has an end: add COUNT or UNTIL to the rule");
    if (rule->count > LIMIT_SERIES)
        return fail(c, FAIL_TOO_COSTLY, where, "A series has at most %d appointments",
                    LIMIT_SERIES);
    return OK;
}

static Fail walk(Call *c, icalrecur_iterator *walker, const Zone *zone, Str where,
                 Recurrence *out)
{
    struct icaltimetype time = icalrecur_iterator_next(walker);

    out->at = NEW_ARRAY(c->arena, int64_t, LIMIT_SERIES);
    out->count = 0;
    for (; !icaltime_is_null_time(time); time = icalrecur_iterator_next(walker)) {
        if (out->count == LIMIT_SERIES)
            return fail(c, FAIL_TOO_COSTLY, where, "A series has at most %d appointments",
                        LIMIT_SERIES);
        out->at[out->count++] = moment_shown(zone, time);
    }
    return OK;
}

Fail recurrence_expand(Call *c, Str rule, const Zone *zone, int64_t first, Str where,
                       Recurrence *out)
{
    struct icalrecurrencetype parsed;
    icalrecur_iterator       *walker;
    Fail                      result;

    pthread_once(&once, set_up);
    if (rule.len > RULE_CHARS || memchr(rule.at ? rule.at : "", 0, rule.len))
        return fail(c, FAIL_VALUE, where, "The rule has at most %d characters", RULE_CHARS);
    parsed = icalrecurrencetype_from_string(arena_c_string(c->arena, rule));
    result = check(c, &parsed, where);
    if (result == OK) {
        bring_until(&parsed, zone);
        walker = icalrecur_iterator_new(parsed, shown(zone, first));
        if (walker) {
            result = walk(c, walker, zone, where, out);
            icalrecur_iterator_free(walker);
        } else {
            *out = (Recurrence){ 0 };
        }
    }
    TRY(result);
    if (out->count == 0)
        return fail(c, FAIL_UNPROCESSABLE, where, "Such a day never comes");
    if (out->at[0] != first)
        return fail(c, FAIL_UNPROCESSABLE, where,
                    "The first appointment is not on a day of the rule");
    return OK;
}
