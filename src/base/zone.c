/* Time zones: see zone.h. The files are those of zic(8); their format is RFC 9636. */
#include "base/zone.h"

#include <pthread.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/ensure.h"
#include "base/moment.h"

#define FOLDER "/usr/share/zoneinfo/"

enum {
    NAME_CHARS = 64,
    FILE_BYTES = 64 * 1024,
    HEADER_BYTES = 44,
    DAY_SECONDS = 86400,
    KEPT_BYTES = 32 * 1024 * 1024,
};

static const int64_t SECOND_US = 1000000;

typedef enum RuleForm { RULE_MONTH, RULE_JULIAN, RULE_DAY } RuleForm;

/* When clocks are changed, year after year (POSIX TZ). */
typedef struct Rule {
    RuleForm form;
    int      month, week, day;
    int32_t  second; /* of that day, as clocks show it before */
} Rule;

typedef struct Footer {
    bool    there, saving;
    int32_t offset, saving_offset;
    Rule    begin, end;
} Footer;

struct Zone {
    Zone    *next;
    char     name[NAME_CHARS + 1];
    int64_t *changes; /* seconds since 1970 … */
    int32_t *offsets; /* … from which on this holds; offsets[0] holds before the first */
    uint32_t count;
    Footer   footer;
};

static struct {
    pthread_mutex_t lock;
    Arena          *arena;
    Zone           *first;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- reading the rule at the end of a file ---- */

static bool take_char(Str *rest, char wanted)
{
    if (rest->len == 0 || rest->at[0] != wanted)
        return false;
    *rest = str_skip(*rest, 1);
    return true;
}

static bool take_number(Str *rest, int *out)
{
    size_t digits = 0;

    *out = 0;
    while (digits < rest->len && digits < 4 && rest->at[digits] >= '0'
           && rest->at[digits] <= '9')
        *out = *out * 10 + (rest->at[digits++] - '0');
    *rest = str_skip(*rest, digits);
    return digits > 0;
}

static bool take_name(Str *rest)
{
    size_t len = 0;

    if (take_char(rest, '<')) {
        Str name;

        return str_cut(*rest, '>', &name, rest);
    }
    while (len < rest->len
           && ((rest->at[len] >= 'A' && rest->at[len] <= 'Z')
               || (rest->at[len] >= 'a' && rest->at[len] <= 'z')))
        len++;
    *rest = str_skip(*rest, len);
    return len >= 3;
}

/* "5", "-3:30", "+2:00:00" in seconds. */
static bool take_clock(Str *rest, int32_t *out)
{
    bool negative = take_char(rest, '-');
    int  hours, minutes = 0, seconds = 0;

    if (!negative)
        take_char(rest, '+');
    if (!take_number(rest, &hours) || hours > 167)
        return false;
    if (take_char(rest, ':') && !take_number(rest, &minutes))
        return false;
    if (take_char(rest, ':') && !take_number(rest, &seconds))
        return false;
    *out = (hours * 60 + minutes) * 60 + seconds;
    if (negative)
        *out = -*out;
    return true;
}

static bool take_rule(Str *rest, Rule *out)
{
    *out = (Rule){ .form = RULE_DAY, .second = 2 * 3600 };
    if (!take_char(rest, ','))
        return false;
    if (take_char(rest, 'M')) {
        out->form = RULE_MONTH;
        if (!take_number(rest, &out->month) || !take_char(rest, '.')
            || !take_number(rest, &out->week) || !take_char(rest, '.'))
            return false;
    } else if (take_char(rest, 'J')) {
        out->form = RULE_JULIAN;
    }
    if (!take_number(rest, &out->day)
        || (out->form == RULE_MONTH
            && (out->month < 1 || out->month > 12 || out->week < 1 || out->week > 5
                || out->day > 6)))
        return false;
    return !take_char(rest, '/') || take_clock(rest, &out->second);
}

/* POSIX says how far clocks are behind; we say how far ahead. */
static bool read_footer(Str text, Footer *out)
{
    *out = (Footer){ 0 };
    if (!take_name(&text) || !take_clock(&text, &out->offset))
        return false;
    out->offset = -out->offset;
    out->there = true;
    if (text.len == 0)
        return true;
    out->saving = true;
    out->saving_offset = out->offset + 3600;
    if (!take_name(&text))
        return false;
    if (text.len > 0 && text.at[0] != ',') {
        if (!take_clock(&text, &out->saving_offset))
            return false;
        out->saving_offset = -out->saving_offset;
    }
    return take_rule(&text, &out->begin) && take_rule(&text, &out->end) && text.len == 0;
}

/* ---- reading a file ---- */

static int64_t big_endian(const unsigned char *at, int bytes)
{
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;

    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

/* The counts in a header, in the order of the file. */
typedef struct Counts {
    int64_t universal, standard, leaps, changes, types, chars;
} Counts;

static bool read_counts(const unsigned char *at, size_t len, Counts *out)
{
    int64_t *const fields[] = { &out->universal, &out->standard, &out->leaps,
                                &out->changes,   &out->types,    &out->chars };

    if (len < HEADER_BYTES || memcmp(at, "TZif", 4) != 0)
        return false;
    for (size_t i = 0; i < COUNT(fields); i++) {
        *fields[i] = big_endian(at + 20 + 4 * i, 4);
        if (*fields[i] < 0 || *fields[i] > FILE_BYTES)
            return false;
    }
    return out->types > 0;
}

static size_t data_bytes(const Counts *n, size_t time_bytes)
{
    return (size_t)n->changes * (time_bytes + 1) + (size_t)n->types * 6 + (size_t)n->chars
           + (size_t)n->leaps * (time_bytes + 4) + (size_t)n->standard + (size_t)n->universal;
}

static bool read_changes(Arena *a, const unsigned char *at, const Counts *n, Zone *out)
{
    const unsigned char *kinds = at + 8 * n->changes, *types = kinds + n->changes;

    out->count = (uint32_t)n->changes;
    out->changes = NEW_ARRAY(a, int64_t, n->changes + 1);
    out->offsets = NEW_ARRAY(a, int32_t, n->changes + 1);
    out->offsets[0] = (int32_t)big_endian(types, 4);
    for (int64_t i = 0; i < n->changes; i++) {
        if (kinds[i] >= n->types)
            return false;
        out->changes[i] = big_endian(at + 8 * i, 8);
        out->offsets[i + 1] = (int32_t)big_endian(types + 6 * kinds[i], 4);
        if (i > 0 && out->changes[i] <= out->changes[i - 1])
            return false;
    }
    return true;
}

/* Of version 2 and later: the first part, with times of 32 bits, is passed over. */
static bool read_zone(Arena *a, const unsigned char *at, size_t len, Zone *out)
{
    Counts n;
    size_t skip, rest;

    if (!read_counts(at, len, &n) || at[4] < '2')
        return false;
    skip = HEADER_BYTES + data_bytes(&n, 4);
    if (skip > len || !read_counts(at + skip, len - skip, &n))
        return false;
    rest = skip + HEADER_BYTES + data_bytes(&n, 8);
    if (rest + 2 > len || at[rest] != '\n' || at[len - 1] != '\n')
        return false;
    if (!read_changes(a, at + skip + HEADER_BYTES, &n, out))
        return false;
    return rest + 2 == len
           || read_footer((Str){ (const char *)at + rest + 1, len - rest - 2 }, &out->footer);
}

static bool is_name(Str name)
{
    if (name.len == 0 || name.len > NAME_CHARS || name.at[0] == '/'
        || str_find(name, STR("..")) >= 0 || str_find(name, STR("//")) >= 0)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
              || c == '/' || c == '_' || c == '-' || c == '+'))
            return false;
    }
    return true;
}

static Zone *load(Arena *a, Str name)
{
    static unsigned char bytes[FILE_BYTES];
    char                 path[sizeof FOLDER + NAME_CHARS];
    Zone                *zone;
    FILE                *file;
    size_t               len;
    ArenaMark            mark = arena_mark(a);

    snprintf(path, sizeof path, FOLDER "%.*s", STR_ARG(name));
    file = fopen(path, "rbe");
    if (!file)
        return NULL;
    len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    zone = NEW(a, Zone);
    if (len == sizeof bytes || !read_zone(a, bytes, len, zone)) {
        arena_rewind(a, mark);
        return NULL;
    }
    memcpy(zone->name, name.at, name.len);
    return zone;
}

const Zone *zone_find(Str name)
{
    Zone *zone;

    if (!is_name(name))
        return NULL;
    pthread_mutex_lock(&kept.lock);
    if (!kept.arena)
        kept.arena = arena_create(KEPT_BYTES);
    for (zone = kept.first; zone && !str_equal(str_from(zone->name), name);)
        zone = zone->next;
    if (!zone && (zone = load(kept.arena, name))) {
        zone->next = kept.first;
        kept.first = zone;
    }
    pthread_mutex_unlock(&kept.lock);
    return zone;
}

const Zone *zone_utc(void)
{
    static int32_t    offset;
    static const Zone zone = { .name = "UTC", .offsets = &offset };

    return &zone;
}

Str zone_name(const Zone *z)
{
    return str_from(z->name);
}

/* ---- what clocks show ---- */

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Seconds since 1970 as clocks show them, at which the rule comes true that year. */
static int64_t rule_second(const Rule *rule, int year)
{
    int64_t day = moment_day(year, 1, 1) + rule->day;

    if (rule->form == RULE_JULIAN) {
        day += rule->day >= 60 && is_leap(year) ? 0 : -1;
    } else if (rule->form == RULE_MONTH) {
        int64_t first = moment_day(year, rule->month, 1);
        int64_t after = rule->month == 12 ? moment_day(year + 1, 1, 1)
                                          : moment_day(year, rule->month + 1, 1);
        int     weekday = (int)((first + 4) % 7 + 7) % 7; /* 1970 began on a Thursday */

        day = first + (rule->day - weekday + 7) % 7 + 7 * (rule->week - 1);
        if (day >= after)
            day -= 7;
    }
    return day * DAY_SECONDS + rule->second;
}

static int32_t footer_offset(const Footer *f, int64_t at)
{
    int     year, month, day;
    int64_t begin, end;

    if (!f->saving)
        return f->offset;
    moment_date(floor_divide(at + f->offset, DAY_SECONDS), &year, &month, &day);
    begin = rule_second(&f->begin, year) - f->offset;
    end = rule_second(&f->end, year) - f->saving_offset;
    if (begin < end)
        return at >= begin && at < end ? f->saving_offset : f->offset;
    return at >= end && at < begin ? f->offset : f->saving_offset;
}

static int32_t offset_at(const Zone *z, int64_t at)
{
    uint32_t low = 0, high = z->count;

    if (z->footer.there && (z->count == 0 || at >= z->changes[z->count - 1]))
        return footer_offset(&z->footer, at);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (z->changes[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return z->offsets[low];
}

int32_t zone_offset(const Zone *z, int64_t at_us)
{
    return offset_at(z, floor_divide(at_us, SECOND_US));
}

int64_t zone_moment(const Zone *z, int64_t day, int32_t second)
{
    int64_t shown = day * DAY_SECONDS + second;
    int32_t before = offset_at(z, shown - DAY_SECONDS);
    int32_t after = offset_at(z, shown + DAY_SECONDS);

    if (before != after && offset_at(z, shown - before) != before
        && offset_at(z, shown - after) == after)
        return (shown - after) * SECOND_US;
    return (shown - before) * SECOND_US;
}

int64_t zone_day(const Zone *z, int64_t at_us, int32_t *second)
{
    int64_t shown = floor_divide(at_us, SECOND_US) + zone_offset(z, at_us);
    int64_t day = floor_divide(shown, DAY_SECONDS);

    *second = (int32_t)(shown - day * DAY_SECONDS);
    return day;
}

void zone_format(const Zone *z, int64_t at_us, char out[ZONED_CHARS + 1])
{
    int32_t  second, offset = zone_offset(z, at_us) / 60;
    int      year, month, day;
    unsigned ahead = (unsigned)(offset < 0 ? -offset : offset);

    moment_date(zone_day(z, at_us, &second), &year, &month, &day);
    snprintf(out, ZONED_CHARS + 1, "%04u-%02u-%02uT%02u:%02u:%02u%c%02u:%02u",
             (unsigned)year % 10000, (unsigned)month % 100, (unsigned)day % 100,
             (unsigned)second / 3600 % 100, (unsigned)second / 60 % 60, (unsigned)second % 60,
             offset < 0 ? '-' : '+', ahead / 60 % 100, ahead % 60);
}
