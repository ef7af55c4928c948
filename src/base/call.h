/*
 * Call: one thing somebody asked Hale to do, from whatever door it came in (HTTP, command
 * line, job). It carries what every layer needs and nothing that belongs to one of them.
 * It belongs to one worker from beginning to end.
 */
#ifndef BASE_CALL_H
#define BASE_CALL_H

#include "base/arena.h"
#include "base/failure.h"

/* What a thread gives one call of its processor time. */
typedef struct CallShare {
    uint64_t until_us; /* on clock_thread_us() */
    bool     over;     /* it was not enough, and the call was told that it is late */
} CallShare;

struct Call {
    Arena     *arena;
    int64_t    now_us;      /* wall clock when the call came in, microseconds since 1970 UTC */
    uint64_t   deadline_ms; /* on clock_monotonic_ms(); 0 for none */
    CallShare *share;       /* NULL: as much as it wants */
    char       request_id[64 + 1];
    Issue     *issues;
    uint32_t   issue_count;
    uint32_t   issues_left_out;
    Str offers; /* what a refusal offers instead: resources, as JSON with commas between */
};

/* Makes a call on an arena that has been reset. A request id is drawn; set another if the
 * caller brought one. */
void call_begin(Call *c, Arena *arena);

/* Whether the deadline has passed, or the share is used up. */
bool call_late(const Call *c);

/* Forgets the issues noted since there were `count`: for an attempt that is made again. */
void call_forget_issues(Call *c, uint32_t count);

#endif
