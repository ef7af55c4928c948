/* Running a regular expression: all its states side by side, one character at a time. */
#include "base/pattern_state.h"

enum { PLACES = 2 * PATTERN_GROUPS };

/* Threads lie one behind the other: the number of a state, then the places it came by. */
typedef struct Runner {
    const Pattern *pattern;
    Str            text;
    bool           whole;
    uint32_t       places; /* that are kept, in each thread */
    uint32_t       now_count, next_count;
    uint32_t       steps; /* states gone through since this was last counted */
    int32_t       *now, *next, *stack;
    uint32_t      *seen; /* by state: the position it was last added at, + 1 */
} Runner;

static size_t thread_size(const Runner *r)
{
    return 1 + (size_t)r->places;
}

static int32_t *thread_at(const Runner *r, int32_t *threads, uint32_t i)
{
    return threads + i * thread_size(r);
}

static void thread_copy(const Runner *r, int32_t *to, const int32_t *from, uint32_t state)
{
    if (to != from)
        memcpy(to, from, thread_size(r) * sizeof *to);
    to[0] = (int32_t)state;
}

static bool is_word_byte(Str s, size_t at)
{
    char c = at < s.len ? s.at[at] : 0;

    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
}

static bool stands(const Runner *r, const PatternState *s, size_t at)
{
    if (s->op == PATTERN_BEGIN)
        return at == 0;
    if (s->op == PATTERN_END)
        return at == r->text.len;
    return is_word_byte(r->text, at) != (at > 0 && is_word_byte(r->text, at - 1));
}

/* Adds a state and all that can be reached from it without a character, the preferred first: the
 * thread is in stack[0]. */
static void add_thread(Runner *r, size_t at, int32_t *list, uint32_t *count)
{
    uint32_t depth = 1;

    while (depth) {
        int32_t            *t = thread_at(r, r->stack, --depth);
        uint32_t            state = (uint32_t)t[0];
        const PatternState *s = &r->pattern->states[state];

        if (r->seen[state] == at + 1)
            continue;
        r->seen[state] = (uint32_t)at + 1;
        r->steps++;
        switch (s->op) {
        case PATTERN_SPLIT:
            thread_copy(r, thread_at(r, r->stack, depth + 1), t, state + (uint32_t)s->x);
            thread_copy(r, t, t, state + (uint32_t)s->y);
            depth += 2;
            break;
        case PATTERN_GO:
            thread_copy(r, t, t, state + (uint32_t)s->x);
            depth++;
            break;
        case PATTERN_SAVE:
            if ((uint32_t)s->x < r->places)
                t[1 + s->x] = (int32_t)at;
            thread_copy(r, t, t, state + 1);
            depth++;
            break;
        case PATTERN_BEGIN:
        case PATTERN_END:
        case PATTERN_WORD_EDGE:
            thread_copy(r, t, t, state + 1);
            depth += stands(r, s, at);
            break;
        default: thread_copy(r, thread_at(r, list, (*count)++), t, state);
        }
    }
}

static void add_start(Runner *r, size_t at)
{
    r->stack[0] = 0;
    for (uint32_t i = 0; i < r->places; i++)
        r->stack[1 + i] = -1;
    add_thread(r, at, r->now, &r->now_count);
}

static bool class_has(const PatternState *s, uint32_t c)
{
    bool in = false;

    for (uint32_t i = 0; !in && i < s->class->count; i++)
        in = c >= s->class->ranges[i].from && c <= s->class->ranges[i].to;
    return in != s->negated;
}

static bool takes(const PatternState *s, uint32_t c)
{
    return s->op == PATTERN_CHARACTER ? s->character == c
           : s->op == PATTERN_CLASS   ? class_has(s, c)
                                      : s->op == PATTERN_ANY;
}

/* Moves all threads over the character at `at`, if there is one; a match ends those less preferred. */
static bool advance(Runner *r, size_t at, size_t next_at, uint32_t character, int32_t *places)
{
    r->next_count = 0;
    for (uint32_t i = 0; i < r->now_count; i++) {
        const int32_t      *t = thread_at(r, r->now, i);
        const PatternState *s = &r->pattern->states[t[0]];

        if (s->op == PATTERN_MATCH) {
            if (r->whole && at != r->text.len)
                continue;
            memcpy(places, t + 1, r->places * sizeof *places);
            return true;
        }
        if (next_at > at && takes(s, character)) {
            thread_copy(r, r->stack, t, (uint32_t)t[0] + 1);
            add_thread(r, next_at, r->next, &r->next_count);
        }
    }
    return false;
}

static void runner_open(Runner *r, Arena *a)
{
    size_t states = r->pattern->count, size = thread_size(r);

    r->now = NEW_ARRAY(a, int32_t, states * size);
    r->next = NEW_ARRAY(a, int32_t, states * size);
    r->stack = NEW_ARRAY(a, int32_t, (2 * states + 2) * size);
    r->seen = NEW_ARRAY(a, uint32_t, states);
}

static Fail run(Runner *r, const PatternSearch *search, int32_t *places, bool *found)
{
    *found = false;
    for (size_t at = search->from;;) {
        Str      rest = str_skip(r->text, at);
        uint32_t character = rest.len ? pattern_character(&rest) : 0;
        size_t   next_at = r->text.len - rest.len;
        int32_t *swap = r->now;

        if (!*found && (!r->whole || at == search->from))
            add_start(r, at);
        if (r->now_count == 0 && (*found || r->whole))
            return OK;
        TRY(search->spend(search->context, 1 + r->steps / 4));
        r->steps = 0;
        *found |= advance(r, at, next_at, character, places);
        if (at == r->text.len || (*found && !r->places))
            return OK;
        r->now = r->next;
        r->now_count = r->next_count;
        r->next = swap;
        at = next_at;
    }
}

Fail pattern_find(Call *c, const Pattern *pattern, const PatternSearch *search,
                  int32_t places[PLACES], bool *found)
{
    Runner r = {
        .pattern = pattern, .text = search->text, .whole = search->whole, .places = PLACES
    };
    ArenaMark mark = arena_mark(c->arena);

    runner_open(&r, c->arena);
    TRY(run(&r, search, places, found));
    arena_rewind(c->arena, mark);
    return OK;
}

typedef struct Watch {
    Call    *call;
    uint64_t steps;
} Watch;

enum { STEPS_A_LOOK = 16 * 1024 }; /* at the clock */

static Fail watch(void *context, uint64_t steps)
{
    Watch *w = context;

    w->steps += steps;
    if (w->steps < STEPS_A_LOOK)
        return OK;
    w->steps = 0;
    return call_late(w->call) ? fail(w->call, FAIL_TIMEOUT, (Str){ 0 },
                                     "The regular expression takes too long")
                              : OK;
}

Fail pattern_matches(Call *c, const Pattern *pattern, Str text, bool anywhere, bool *found)
{
    Watch               w = { .call = c };
    const PatternSearch search = {
        .text = text, .whole = !anywhere, .spend = watch, .context = &w
    };
    Runner    r = { .pattern = pattern, .text = text, .whole = !anywhere };
    ArenaMark mark = arena_mark(c->arena);
    int32_t   none[1];

    runner_open(&r, c->arena);
    TRY(run(&r, &search, none, found));
    arena_rewind(c->arena, mark);
    return OK;
}
