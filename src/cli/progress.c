/* How far a command is: see progress.h. */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

Progress progress_begin(void)
{
    return (Progress){ .terminal = isatty(STDERR_FILENO) == 1,
                       .started_ms = clock_monotonic_ms() };
}

double progress_seconds(const Progress *p)
{
    return (double)(clock_monotonic_ms() - p->started_ms) / 1000;
}

static void show_time_left(double seconds)
{
    unsigned whole = (unsigned)seconds;

    if (whole >= 3600)
        fprintf(stderr, ", %u h %u min left", whole / 3600, whole / 60 % 60);
    else if (whole >= 60)
        fprintf(stderr, ", %u min %u s left", whole / 60, whole % 60);
    else
        fprintf(stderr, ", %u s left", whole);
}

void progress_show(Progress *p, uint64_t count, const char *things, uint64_t done,
                   uint64_t whole)
{
    double seconds = progress_seconds(p);

    if (!p->terminal || seconds <= 0)
        return;
    fprintf(stderr, "\r\033[K%llu %s, %.0f a second", (unsigned long long)count, things,
            (double)count / seconds);
    if (whole > 0 && done > 0 && done <= whole) {
        double part = (double)done / (double)whole;

        fprintf(stderr, ", %.0f %% done", part * 100);
        show_time_left(seconds / part - seconds);
    }
    fflush(stderr);
    p->shown = true;
}

void progress_clear(Progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
