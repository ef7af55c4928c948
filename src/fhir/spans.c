/* Sets of times: see spans.h. */
#include "fhir/spans.h"

#include <stdlib.h>

Spans spans_new(Arena *a)
{
    return (Spans){ .arena = a };
}

void spans_add(Spans *s, Moment time)
{
    if (time.low >= time.high)
        return;
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 32;

        s->at = arena_grow(s->arena, s->at, s->room * sizeof *s->at, room * sizeof *s->at);
        s->room = room;
    }
    s->at[s->count++] = time;
}

static int by_begin(const void *a, const void *b)
{
    const Moment *x = a, *y = b;

    return x->low < y->low ? -1 : x->low > y->low;
}

void spans_order(Spans *s)
{
    size_t kept = 0;

    if (s->count == 0)
        return;
    qsort(s->at, s->count, sizeof *s->at, by_begin);
    for (size_t i = 1; i < s->count; i++) {
        if (s->at[i].low > s->at[kept].high)
            s->at[++kept] = s->at[i];
        else if (s->at[i].high > s->at[kept].high)
            s->at[kept].high = s->at[i].high;
    }
    s->count = kept + 1;
}

Spans spans_without(const Spans *from, const Spans *what)
{
    Spans  left = spans_new(from->arena);
    size_t next = 0;

    for (size_t i = 0; i < from->count; i++) {
        Moment rest = from->at[i];

        while (next < what->count && what->at[next].high <= rest.low)
            next++;
        for (size_t k = next; k < what->count && what->at[k].low < rest.high; k++) {
            spans_add(&left, (Moment){ rest.low, what->at[k].low });
            if (what->at[k].high > rest.low)
                rest.low = what->at[k].high;
        }
        spans_add(&left, rest);
    }
    return left;
}

Spans spans_both(const Spans *one, const Spans *other)
{
    Spans  both = spans_new(one->arena);
    size_t i = 0, k = 0;

    while (i < one->count && k < other->count) {
        Moment a = one->at[i], b = other->at[k];

        spans_add(&both,
                  (Moment){ a.low > b.low ? a.low : b.low, a.high < b.high ? a.high : b.high });
        if (a.high < b.high)
            i++;
        else
            k++;
    }
    return both;
}

bool spans_touch(const Spans *s, Moment time, int64_t *until)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (s->at[middle].high <= time.low)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == s->count || s->at[low].low >= time.high)
        return false;
    *until = s->at[low].high;
    return true;
}
