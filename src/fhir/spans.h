/* Sets of times: half-open stretches, for hours that are open and what is taken out of them. */
#ifndef FHIR_SPANS_H
#define FHIR_SPANS_H

#include "base/arena.h"
#include "base/moment.h"

typedef struct Spans {
    Arena  *arena;
    Moment *at; /* after spans_order(): sorted, apart from each other */
    size_t  count, room;
} Spans;

Spans spans_new(Arena *a);

/* Adds a stretch, in any order; one without length is passed over. */
void spans_add(Spans *s, Moment time);

/* Sorts, and joins what touches. */
void spans_order(Spans *s);

/* What is in the first and not in the second; in both. Both must be in order, and so is the result. */
Spans spans_without(const Spans *from, const Spans *what);
Spans spans_both(const Spans *one, const Spans *other);

/* Whether some of that time is in the set, which is in order: then `until` is where that stretch ends. */
bool spans_touch(const Spans *s, Moment time, int64_t *until);

#endif
