/*
 * Dates, dateTimes and times as FHIRPath sees them: with the precision they were written to, which
 * decides what can be said about them. FHIRPath N1, "Date/Time Equality", "Date/Time Arithmetic".
 */
#ifndef FHIR_FHIRPATH_TIME_H
#define FHIR_FHIRPATH_TIME_H

#include "base/arena.h"

typedef enum TimePrecision {
    TIME_YEAR = 1,
    TIME_MONTH,
    TIME_DAY,
    TIME_HOUR,
    TIME_MINUTE,
    TIME_SECOND, /* and its fraction: one precision */
} TimePrecision;

typedef struct PathTime {
    int64_t local_us; /* as its own clock reads, since 1970 or, of a time, since midnight */
    int16_t zone;     /* minutes east of Greenwich */
    bool    zoned;
    uint8_t precision; /* TimePrecision */
    uint8_t fraction;  /* digits behind the second */
} PathTime;

typedef enum TimeForm {
    TIME_DATE,      /* 2015, 2015-02, 2015-02-04 */
    TIME_DATE_TIME, /* the same, with or without T, and what may stand behind it */
    TIME_CLOCK,     /* 14, 14:30, 14:30:14.559: no zone */
} TimeForm;

bool path_time_read(Str text, TimeForm form, PathTime *out);

/* Without '@' and without the 'T' of a time. */
Str path_time_text(Arena *a, PathTime t, TimeForm form);

typedef enum Order { ORDER_LESS = -1, ORDER_EQUAL, ORDER_MORE, ORDER_UNKNOWN } Order;

/* Unknown where they are alike as far as both are known, but not known equally far; and where only
 * one has a zone and the other's could make the difference. */
Order path_time_compare(PathTime a, PathTime b);

/* `amount` of years, months, … microseconds, to be counted as calendars do: a month later than
 * 31 January is the last of February. A unit finer than the precision counts by whole units of the
 * precision. False if it leaves the years 1 to 9999. */
typedef enum TimeUnit {
    UNIT_YEAR,
    UNIT_MONTH,
    UNIT_WEEK,
    UNIT_DAY,
    UNIT_HOUR,
    UNIT_MINUTE,
    UNIT_SECOND,
    UNIT_MILLISECOND,
    TIME_UNITS
} TimeUnit;

bool path_time_add(PathTime *t, TimeForm form, int64_t amount, TimeUnit unit);

/* The first or last it may mean, to so many digits of YYYYMMDDhhmmssSSS (a time: of hhmmssSSS). Where
 * no zone is given, the one where that comes first or last. False if there is no such precision. */
bool path_time_boundary(PathTime *t, TimeForm form, bool high, int digits);

/* In those digits. */
int path_time_digits(PathTime t, TimeForm form);

PathTime path_time_of(int64_t utc_us, TimeForm form);

#endif
