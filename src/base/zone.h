/*
 * Time zones by their IANA names, from the system's database (TZif files, RFC 9636). What was read once is
 * constant and shared by all threads; the zones of the C library are one for the whole process, so they
 * are not used.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/str.h"

typedef struct Zone Zone;

/* The zone of that name ("America/Toronto"), or NULL if the system knows none. */
const Zone *zone_find(Str name);

/* Universal time: for where nothing is known. */
const Zone *zone_utc(void);

/* "America/Toronto" */
Str zone_name(const Zone *z);

/* How many seconds the zone's clocks are ahead of universal time at that moment. */
int32_t zone_offset(const Zone *z, int64_t at_us);

/* The moment at which clocks show that second of that day (moment_day()). What clocks show twice is its
 * first time; what they leap over comes as much later as they leap (RFC 5545 3.3.5). */
int64_t zone_moment(const Zone *z, int64_t day, int32_t second);

/* The day, and the second of it, that clocks show at that moment. */
int64_t zone_day(const Zone *z, int64_t at_us, int32_t *second);

enum { ZONED_CHARS = 25 };

/* "2026-11-22T06:30:00-05:00" and a NUL: a dateTime as people there say it. */
void zone_format(const Zone *z, int64_t at_us, char out[ZONED_CHARS + 1]);

#endif
