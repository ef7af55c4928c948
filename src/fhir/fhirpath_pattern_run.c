/* Running a regular expression: all its states side by side, one character at a time. */
#include "fhir/fhirpath_pattern.h"

enum { PLACES = 2 * PATTERN_GROUPS };

typedef struct Thread {
    uint32_t state;
    int32_t  places[PLACES];
} Thread;

typedef struct Runner {
    const PathPattern *pattern;
    Str                text;
    Thread            *now, *next, *stack;
    uint32_t           now_count, next_count;
    uint32_t          *seen; /* by state: the position it was last added at, + 1 */
} Runner;

static bool is_word_byte(Str s, size_t at)
{
    char c = at < s.len ? s.at[at] : 0;

    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
}

static bool stands(const Runner *r, const State *s, size_t at)
{
    if (s->op == PATTERN_BEGIN)
        return at == 0;
    if (s->op == PATTERN_END)
        return at == r->text.len;
    return is_word_byte(r->text, at) != (at > 0 && is_word_byte(r->text, at - 1));
}

/* Adds a state and all that can be reached from it without a character, the preferred first. */
static void add_thread(Runner *r, Thread first, size_t at, Thread *list, uint32_t *count)
{
    uint32_t depth = 1;

    r->stack[0] = first;
    while (depth) {
        Thread       t = r->stack[--depth];
        const State *s = &r->pattern->states[t.state];

        if (r->seen[t.state] == at + 1)
            continue;
        r->seen[t.state] = (uint32_t)at + 1;
        switch (s->op) {
        case PATTERN_GO:
            t.state += (uint32_t)s->x;
            r->stack[depth++] = t;
            break;
        case PATTERN_SPLIT:
            t.state += (uint32_t)s->y;
            r->stack[depth++] = t;
            t.state += (uint32_t)(s->x - s->y);
            r->stack[depth++] = t;
            break;
        case PATTERN_SAVE:
            t.places[s->x] = (int32_t)at;
            t.state++;
            r->stack[depth++] = t;
            break;
        case PATTERN_BEGIN:
        case PATTERN_END:
        case PATTERN_WORD_EDGE:
            t.state++;
            if (stands(r, s, at))
                r->stack[depth++] = t;
            break;
        default: list[(*count)++] = t;
        }
    }
}

static bool class_has(const State *s, uint32_t c)
{
    bool in = false;

    for (uint32_t i = 0; !in && i < s->class->count; i++)
        in = c >= s->class->ranges[i].from && c <= s->class->ranges[i].to;
    return in != s->negated;
}

static bool takes(const State *s, uint32_t c)
{
    return s->op == PATTERN_CHARACTER ? s->character == c
           : s->op == PATTERN_CLASS   ? class_has(s, c)
                                      : s->op == PATTERN_ANY;
}

/* Moves all threads over one character; a match ends those less preferred. */
static bool advance(Runner *r, uint32_t c, size_t at, size_t next_at, int32_t *places)
{
    r->next_count = 0;
    for (uint32_t i = 0; i < r->now_count; i++) {
        Thread       t = r->now[i];
        const State *s = &r->pattern->states[t.state];

        if (s->op == PATTERN_MATCH) {
            if (r->pattern->whole && at != r->text.len)
                continue;
            memcpy(places, t.places, sizeof t.places);
            return true;
        }
        if (next_at > at && takes(s, c)) {
            t.state++;
            add_thread(r, t, next_at, r->next, &r->next_count);
        }
    }
    return false;
}

Fail path_pattern_find(PathMachine *m, const PathPattern *p, Str text, size_t from,
                       int32_t places[PLACES], bool *found)
{
    Arena *a = m->call->arena;
    Runner r = { .pattern = p, .text = text };
    Thread start = { 0 };

    r.now = NEW_ARRAY(a, Thread, p->count);
    r.next = NEW_ARRAY(a, Thread, p->count);
    r.stack = NEW_ARRAY(a, Thread, 2 * p->count + 2);
    r.seen = NEW_ARRAY(a, uint32_t, p->count);
    memset(start.places, -1, sizeof start.places);
    *found = false;
    for (size_t at = from;;) {
        Str      rest = str_skip(text, at);
        uint32_t c = rest.len ? path_pattern_character(&rest) : 0;
        size_t   next_at = text.len - rest.len;
        Thread  *swap;

        if (!*found && (!p->whole || at == from))
            add_thread(&r, start, at, r.now, &r.now_count);
        if (r.now_count == 0 && (*found || p->whole))
            return OK;
        TRY(path_work(m, 1 + r.now_count / 4));
        *found |= advance(&r, c, at, next_at, places);
        if (at == text.len)
            return OK;
        swap = r.now;
        r.now = r.next;
        r.now_count = r.next_count;
        r.next = swap;
        at = next_at;
    }
}
