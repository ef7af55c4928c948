/*
 * Regular expressions as automata (Thompson's construction), run over all states at once: see
 * pattern.h. The expression is read with a stack of open groups; pieces already made are runs of
 * states that can be copied, for "{n,m}".
 */
#include "base/pattern.h"

#include "base/limits.h"

typedef enum StateKind {
    STATE_CHARACTER, /* of the ranges */
    STATE_SPLIT,     /* two ways on */
    STATE_PASS,      /* one way on */
    STATE_BEGIN,
    STATE_END,
} StateKind;

/* `to` and `other` are steps from the state's own place, so that a run can be copied. */
typedef struct State {
    uint8_t  kind;
    bool     negated;
    uint16_t range_count;
    uint32_t range_first;
    int32_t  to, other;
} State;

typedef struct Range {
    uint32_t from, to;
} Range;

struct Pattern {
    State   *states; /* from the first to behind the last: there it has matched */
    uint32_t count;
    Range   *ranges;
};

enum { GROUPS_MAX = 64, RANGES_MAX = 4096, REPEAT_MAX = 1000 };

typedef struct Group {
    uint32_t begin;     /* where its states begin */
    uint32_t branch;    /* … and those of the branch being read */
    uint32_t jumps[64]; /* ends of branches before */
    uint32_t jump_count;
} Group;

typedef struct Maker {
    Call    *call;
    Str      where, text;
    size_t   at;
    State   *states;
    Range   *ranges;
    uint32_t count, range_count;
    Group    groups[GROUPS_MAX];
    uint32_t depth;
    uint32_t
        piece; /* where the piece read last begins, for what repeats it; UINT32_MAX: none */
} Maker;

static Fail wrong(Maker *m, const char *what)
{
    return fail(m->call, FAIL_VALUE, m->where,
                "The regular expression has %s at its character %zu", what, m->at);
}

/* One character of UTF-8; what is none counts as a byte. */
static uint32_t next_character(Str s, size_t *at)
{
    static const struct {
        uint8_t mask, lead, more;
    } forms[] = { { 0xE0, 0xC0, 1 }, { 0xF0, 0xE0, 2 }, { 0xF8, 0xF0, 3 } };
    uint8_t first = (uint8_t)s.at[(*at)++];

    for (size_t i = 0; first >= 0x80 && i < COUNT(forms); i++) {
        uint32_t value = first & (uint8_t)~forms[i].mask;

        if ((first & forms[i].mask) != forms[i].lead || s.len - *at < forms[i].more)
            continue;
        for (uint8_t k = 0; k < forms[i].more; k++)
            value = value << 6 | ((uint8_t)s.at[(*at)++] & 0x3F);
        return value;
    }
    return first;
}

/* ---- states ---- */

static Fail add_state(Maker *m, StateKind kind, State **out)
{
    if (m->count == LIMIT_PATTERN_STATES)
        return fail(m->call, FAIL_TOO_COSTLY, m->where,
                    "The regular expression is too large (LIMIT_PATTERN_STATES)");
    *out = &m->states[m->count++];
    **out = (State){ .kind = (uint8_t)kind, .to = 1 };
    return OK;
}

static Fail add_range(Maker *m, State *s, uint32_t from, uint32_t to)
{
    if (m->range_count == RANGES_MAX)
        return fail(m->call, FAIL_TOO_COSTLY, m->where,
                    "The regular expression has too many classes");
    if (from > to)
        return wrong(m, "a class that ends before it begins");
    m->ranges[m->range_count++] = (Range){ from, to };
    s->range_count++;
    return OK;
}

/* Room for `more` states before those from `at` on. Steps inside the run stay good. */
static Fail open_gap(Maker *m, uint32_t at, uint32_t more)
{
    if (m->count + more > LIMIT_PATTERN_STATES)
        return fail(m->call, FAIL_TOO_COSTLY, m->where,
                    "The regular expression is too large (LIMIT_PATTERN_STATES)");
    memmove(m->states + at + more, m->states + at, (m->count - at) * sizeof(State));
    m->count += more;
    return OK;
}

/* ---- characters ---- */

static const struct Escape {
    char    letter;
    bool    negated;
    uint8_t count;
    Range   ranges[4];
} escapes[] = {
    { 'd', false, 1, { { '0', '9' } } },
    { 'D', true, 1, { { '0', '9' } } },
    { 'w', false, 4, { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } } },
    { 'W', true, 4, { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } } },
    { 's', false, 3, { { '\t', '\r' }, { ' ', ' ' }, { 0xA0, 0xA0 } } },
    { 'S', true, 3, { { '\t', '\r' }, { ' ', ' ' }, { 0xA0, 0xA0 } } },
    { 't', false, 1, { { '\t', '\t' } } },
    { 'f', false, 1, { { '\f', '\f' } } },
    { 'n', false, 1, { { '\n', '\n' } } },
    { 'r', false, 1, { { '\r', '\r' } } },
};

/* Behind a backslash. */
static Fail take_escape(Maker *m, State *s, bool in_class)
{
    char     letter;
    uint32_t value;

    if (m->at == m->text.len)
        return wrong(m, "a backslash and nothing behind it");
    letter = m->text.at[m->at];
    for (size_t i = 0; i < COUNT(escapes); i++) {
        if (escapes[i].letter != letter)
            continue;
        m->at++;
        if (in_class && escapes[i].negated)
            return wrong(m, "a negated escape in a class, which is not offered,");
        s->negated = s->negated || escapes[i].negated;
        for (uint8_t k = 0; k < escapes[i].count; k++)
            TRY(add_range(m, s, escapes[i].ranges[k].from, escapes[i].ranges[k].to));
        return OK;
    }
    if ((letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z')
        || (letter >= 'A' && letter <= 'Z'))
        return wrong(m, "an escape that is not offered");
    value = next_character(m->text, &m->at);
    return add_range(m, s, value, value);
}

static Fail take_class_member(Maker *m, State *s)
{
    uint32_t from, to;

    if (m->text.at[m->at] == '\\') {
        m->at++;
        return take_escape(m, s, true);
    }
    from = to = next_character(m->text, &m->at);
    if (m->at + 1 < m->text.len && m->text.at[m->at] == '-' && m->text.at[m->at + 1] != ']') {
        m->at++;
        if (m->text.at[m->at] == '\\')
            m->at++;
        if (m->at == m->text.len)
            return wrong(m, "a class without end");
        to = next_character(m->text, &m->at);
    }
    return add_range(m, s, from, to);
}

static Fail take_class(Maker *m, State *s)
{
    bool first = true;

    if (m->at < m->text.len && m->text.at[m->at] == '^') {
        s->negated = true;
        m->at++;
    }
    for (; m->at < m->text.len; first = false) {
        if (m->text.at[m->at] == ']' && !first) {
            m->at++;
            return OK;
        }
        TRY(take_class_member(m, s));
    }
    return wrong(m, "a class without end");
}

/* ---- repeating ---- */

/* Makes of the last piece "once or not at all" (`again`: and as often as one likes). */
static Fail make_optional(Maker *m, uint32_t piece, bool again)
{
    State *split;

    TRY(open_gap(m, piece, 1));
    m->states[piece] = (State){ .kind = STATE_SPLIT,
                                .to = 1,
                                .other = (int32_t)(m->count - piece) + (again ? 1 : 0) };
    if (!again)
        return OK;
    TRY(add_state(m, STATE_PASS, &split));
    split->to = (int32_t)piece - (int32_t)(m->count - 1);
    return OK;
}

static Fail copy_piece(Maker *m, uint32_t from, uint32_t count)
{
    if (m->count + count > LIMIT_PATTERN_STATES)
        return fail(m->call, FAIL_TOO_COSTLY, m->where,
                    "The regular expression is too large (LIMIT_PATTERN_STATES)");
    memcpy(m->states + m->count, m->states + from, count * sizeof(State));
    m->count += count;
    return OK;
}

/* The piece `least` times, then up to `most` times (UINT32_MAX: without end). */
static Fail repeat(Maker *m, uint32_t least, uint32_t most)
{
    uint32_t piece = m->piece, size = m->count - piece, master = piece;

    /* the piece itself is what the others are copied from, and is taken away at the end */
    for (uint32_t i = 0; i < least; i++)
        TRY(copy_piece(m, master, size));
    if (most == UINT32_MAX) {
        uint32_t begin = m->count;

        TRY(copy_piece(m, master, size));
        TRY(make_optional(m, begin, true));
    }
    for (uint32_t i = least; most != UINT32_MAX && i < most; i++) {
        uint32_t begin = m->count;

        TRY(copy_piece(m, master, size));
        TRY(make_optional(m, begin, false));
    }
    memmove(m->states + piece, m->states + piece + size,
            (m->count - piece - size) * sizeof(State));
    m->count -= size;
    return OK;
}

static bool take_number(Maker *m, uint32_t *out)
{
    size_t from = m->at;

    *out = 0;
    while (m->at < m->text.len && m->text.at[m->at] >= '0' && m->text.at[m->at] <= '9') {
        *out = *out * 10 + (uint32_t)(m->text.at[m->at++] - '0');
        if (*out > REPEAT_MAX)
            return false;
    }
    return m->at > from;
}

/* Behind "{". */
static Fail take_bounds(Maker *m)
{
    uint32_t least, most;

    if (!take_number(m, &least))
        return wrong(m, "a bad number of times");
    most = least;
    if (m->at < m->text.len && m->text.at[m->at] == ',') {
        m->at++;
        most = UINT32_MAX;
        if (m->at < m->text.len && m->text.at[m->at] != '}' && !take_number(m, &most))
            return wrong(m, "a bad number of times");
    }
    if (m->at == m->text.len || m->text.at[m->at++] != '}' || most < least)
        return wrong(m, "a bad number of times");
    return repeat(m, least, most);
}

static Fail take_times(Maker *m, char mark)
{
    if (m->piece == UINT32_MAX)
        return wrong(m, "nothing to repeat");
    if (mark == '{')
        TRY(take_bounds(m));
    else
        TRY(repeat(m, mark == '+', mark == '?' ? 1 : UINT32_MAX));
    if (m->at < m->text.len && m->text.at[m->at] == '?')
        m->at++; /* lazy: the same texts match */
    return OK;
}

/* ---- groups ---- */

static Fail open_group(Maker *m)
{
    if (m->depth == GROUPS_MAX)
        return fail(m->call, FAIL_TOO_COSTLY, m->where,
                    "The regular expression has too many groups in each other");
    if (m->at < m->text.len && m->text.at[m->at] == '?') {
        if (m->text.len - m->at < 2 || m->text.at[m->at + 1] != ':')
            return wrong(m, "a kind of group that is not offered");
        m->at += 2;
    }
    m->groups[m->depth++] = (Group){ .begin = m->count, .branch = m->count };
    m->piece = UINT32_MAX;
    return OK;
}

/* "|": a split before the branch, a jump behind it. */
static Fail next_branch(Maker *m)
{
    Group *g = &m->groups[m->depth - 1];
    State *jump;

    if (g->jump_count == COUNT(g->jumps))
        return fail(m->call, FAIL_TOO_COSTLY, m->where,
                    "The regular expression has too many branches in one group");
    TRY(open_gap(m, g->branch, 1));
    TRY(add_state(m, STATE_PASS, &jump));
    m->states[g->branch] =
        (State){ .kind = STATE_SPLIT, .to = 1, .other = (int32_t)(m->count - g->branch) };
    g->jumps[g->jump_count++] = m->count - 1;
    g->branch = m->count;
    m->piece = UINT32_MAX;
    return OK;
}

static void close_group(Maker *m)
{
    Group *g = &m->groups[--m->depth];

    for (uint32_t i = 0; i < g->jump_count; i++)
        m->states[g->jumps[i]].to = (int32_t)(m->count - g->jumps[i]);
    m->piece = g->begin;
}

/* ---- reading ---- */

static Fail take_character(Maker *m, char mark)
{
    State   *s;
    uint32_t value;

    m->piece = m->count;
    TRY(add_state(m, STATE_CHARACTER, &s));
    s->range_first = m->range_count;
    if (mark == '.') {
        s->negated = true;
        TRY(add_range(m, s, '\n', '\n'));
        return add_range(m, s, '\r', '\r');
    }
    if (mark == '[')
        return take_class(m, s);
    if (mark == '\\')
        return take_escape(m, s, false);
    m->at--;
    value = next_character(m->text, &m->at);
    return add_range(m, s, value, value);
}

static Fail take_next(Maker *m)
{
    char   mark = m->text.at[m->at++];
    State *s;

    switch (mark) {
    case '(': return open_group(m);
    case '|': return next_branch(m);
    case '*':
    case '+':
    case '?':
    case '{': return take_times(m, mark);
    case '^':
    case '$':
        m->piece = UINT32_MAX;
        return add_state(m, mark == '^' ? STATE_BEGIN : STATE_END, &s);
    case ')':
        if (m->depth == 1)
            return wrong(m, "a parenthesis that closes nothing");
        close_group(m);
        return OK;
    default: return take_character(m, mark);
    }
}

Fail pattern_compile(Call *c, Arena *a, Str where, Str expression, const Pattern **out)
{
    Maker   *m = NEW(c->arena, Maker);
    Pattern *p = NEW(a, Pattern);

    *m = (Maker){ .call = c, .where = where, .text = expression, .piece = UINT32_MAX };
    m->states = NEW_ARRAY(c->arena, State, LIMIT_PATTERN_STATES);
    m->ranges = NEW_ARRAY(c->arena, Range, RANGES_MAX);
    m->groups[m->depth++] = (Group){ 0 };
    while (m->at < expression.len)
        TRY(take_next(m));
    if (m->depth != 1)
        return wrong(m, "a parenthesis that is not closed");
    close_group(m);
    p->count = m->count;
    p->states = NEW_ARRAY(a, State, m->count + 1);
    p->ranges = NEW_ARRAY(a, Range, m->range_count + 1);
    memcpy(p->states, m->states, m->count * sizeof(State));
    memcpy(p->ranges, m->ranges, m->range_count * sizeof(Range));
    *out = p;
    return OK;
}

/* ---- matching ---- */

typedef struct Run {
    const Pattern *pattern;
    uint32_t      *now, *next, *waiting; /* states */
    uint32_t       now_count, next_count;
    uint64_t      *met; /* bits: in `next` already */
    bool           matched;
} Run;

/* Adds a state and all that is reached from it without a character. */
static void reach(Run *r, uint32_t state, bool begin, bool end)
{
    const Pattern *p = r->pattern;
    uint32_t       waiting = 0;

    r->waiting[waiting++] = state;
    while (waiting) {
        uint32_t     at = r->waiting[--waiting];
        const State *s = &p->states[at];

        if (r->met[at / 64] >> (at % 64) & 1)
            continue;
        r->met[at / 64] |= (uint64_t)1 << (at % 64);
        if (at == p->count) {
            r->matched = true;
            continue;
        }
        if (s->kind == STATE_CHARACTER)
            r->next[r->next_count++] = at;
        else if ((s->kind != STATE_BEGIN || begin) && (s->kind != STATE_END || end))
            r->waiting[waiting++] = at + (uint32_t)s->to;
        if (s->kind == STATE_SPLIT)
            r->waiting[waiting++] = at + (uint32_t)s->other;
    }
}

static bool takes(const Pattern *p, const State *s, uint32_t character)
{
    for (uint32_t i = 0; i < s->range_count; i++) {
        const Range *range = &p->ranges[s->range_first + i];

        if (character >= range->from && character <= range->to)
            return !s->negated;
    }
    return s->negated;
}

static void swap(Run *r)
{
    uint32_t *now = r->now;

    r->now = r->next;
    r->now_count = r->next_count;
    r->next = now;
    r->next_count = 0;
    memset(r->met, 0, (r->pattern->count / 64 + 1) * sizeof *r->met);
}

static bool run(Run *r, Str text, bool anywhere)
{
    reach(r, 0, true, text.len == 0);
    for (size_t at = 0; at < text.len;) {
        uint32_t character;

        if (anywhere && r->matched)
            return true;
        swap(r);
        r->matched = false;
        character = next_character(text, &at);
        for (uint32_t i = 0; i < r->now_count; i++)
            if (takes(r->pattern, &r->pattern->states[r->now[i]], character))
                reach(r, r->now[i] + 1, false, at == text.len);
        if (anywhere)
            reach(r, 0, false, at == text.len);
    }
    return r->matched;
}

bool pattern_matches(Call *c, const Pattern *pattern, Str text, bool anywhere)
{
    ArenaMark mark = arena_mark(c->arena);
    size_t    room = pattern->count + 1;
    Run       r = { .pattern = pattern };
    bool      result;

    r.now = NEW_ARRAY(c->arena, uint32_t, room);
    r.next = NEW_ARRAY(c->arena, uint32_t, room);
    r.waiting = NEW_ARRAY(c->arena, uint32_t, 2 * room + 2);
    r.met = NEW_ARRAY(c->arena, uint64_t, room / 64 + 1);
    result = run(&r, text, anywhere);
    arena_rewind(c->arena, mark);
    return result;
}
