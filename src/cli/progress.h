/* One line on a terminal that says how far a command is; nothing where standard error is not a
 * terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "base/str.h"

typedef struct Progress {
    bool     shown; /* a line is on the terminal now */
    bool     terminal;
    uint64_t started_ms;
} Progress;

Progress progress_begin(void);

/* "12,345 resources, 20,123 a second, 40 % done, 1 min 5 s left": the part of the work that is
 * done decides percent and time left, where the whole is known (not 0). */
void progress_show(Progress *p, uint64_t count, const char *things, uint64_t done,
                   uint64_t whole);

/* Takes the line away, so that something else can be said. */
void progress_clear(Progress *p);

double progress_seconds(const Progress *p);

#endif
