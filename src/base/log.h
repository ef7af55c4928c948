/*
 * One JSON object per line on standard error, for machines and people with jq. No patient's
 * data, token, path or query ever goes into one: callers give words of their own and numbers.
 *
 * Lines are gathered and written by a thread of their own, so that a slow reader of standard
 * error never slows an answer; when it is too slow, lines are left out and counted.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

typedef enum LogLevel {
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_ERROR,
    LOG_LEVELS
} LogLevel;

typedef struct LogField {
    const char *name;
    Str         text;   /* written as a JSON string, unless text.at is NULL: then … */
    int64_t     number; /* … this is written */
} LogField;

/* Begins the writing thread. Without it each line is written at once by its caller. */
void log_start(void);

/* Writes what is left and ends the thread. */
void log_stop(void);

/* {"time":"…","level":"info","event":"…",fields…}. Longer than LOG_LINE_BYTES is cut to the
 * fields that fit. */
void log_event(LogLevel level, const char *event, const LogField *fields, size_t count);

enum { LOG_LINE_BYTES = 1024 };

#endif
