/*
 * FHIR dates as intervals: a date or dateTime is the whole time it may mean, from `low` up to
 * but not including `high`, in microseconds since 1970-01-01T00:00:00Z. "2020-02" is all of
 * February 2020; "2020-02-03T10:20:30.5Z" is a tenth of a second.
 * https://hl7.org/fhir/R4/datatypes.html#dateTime
 */
#ifndef BASE_MOMENT_H
#define BASE_MOMENT_H

#include "base/str.h"

typedef enum MomentForm {
    MOMENT_DATE,      /* YYYY, YYYY-MM or YYYY-MM-DD */
    MOMENT_DATE_TIME, /* the same, or with seconds and zone */
    MOMENT_INSTANT,   /* to the second at least, zone required */
    MOMENT_TIME,      /* hh:mm:ss without zone: only the form is checked, low and high are
                         microseconds of the day */
    MOMENT_SEARCH,    /* what a search parameter may say: minutes enough, zone may be missing,
                         a space where a '+' lost its encoding is read as '+' */
} MomentForm;

typedef struct Moment {
    int64_t low;
    int64_t high;
} Moment;

#define MOMENT_MIN INT64_MIN /* open to the past */
#define MOMENT_MAX INT64_MAX /* open to the future */

/* False if the text is not of that form or not in the calendar (leap seconds ":60" are
 * allowed). A missing zone means UTC. Years 0001 to 9999. */
bool moment_parse(Str text, MomentForm form, Moment *out);

enum { INSTANT_CHARS = 27 };

/* "2026-11-22T06:30:00.123456Z" and a NUL: what meta.lastUpdated says. */
void moment_format_instant(int64_t us, char out[INSTANT_CHARS + 1]);

/* Days since 1970-01-01, and back. */
int64_t moment_day(int year, int month, int day);
void    moment_date(int64_t days, int *year, int *month, int *day);

enum { HTTP_DATE_CHARS = 29 };

/* "Sun, 22 Nov 2026 06:30:00 GMT" (RFC 9110 5.6.7) and a NUL. */
void moment_format_http(int64_t us, char out[HTTP_DATE_CHARS + 1]);
bool moment_parse_http(Str text, int64_t *us);

#endif
