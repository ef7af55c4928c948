/*
 * Making regular expressions into states (Thompson's construction): see pattern.h. The expression is
 * read with a stack of open groups; states lead on by relative steps, so that a run of them can be
 * copied, for "{n,m}".
 */
#include "base/limits.h"
#include "base/pattern_state.h"

enum { PATTERN_NESTING = 64, CHARACTER_LAST = 0x10FFFF, REPEATS_MAX = 1000 };

typedef struct Group {
    uint32_t from, branch; /* states: of the group, of its last alternative */
    int32_t  number;       /* or -1 */
} Group;

typedef struct Maker {
    Call         *call;
    Arena        *arena; /* the pattern's */
    Str           where, whole, rest;
    PatternState *states;
    uint32_t      count, room;
    Group         groups[PATTERN_NESTING];
    uint32_t      depth;
    int32_t       captures;
    int64_t       atom; /* where the last atom begins, or -1 */
} Maker;

static Fail wrong(const Maker *m, const char *what)
{
    return fail(m->call, FAIL_VALUE, m->where,
                "The regular expression has %s at its character %zu", what,
                m->whole.len - m->rest.len);
}

static Fail add(Maker *m, PatternState state)
{
    if (m->count == LIMIT_PATTERN_STATES)
        return fail(m->call, FAIL_TOO_COSTLY, m->where,
                    "The regular expression is too large (LIMIT_PATTERN_STATES)");
    if (m->count == m->room) {
        uint32_t room = m->room ? m->room * 2 : 32;

        m->states = arena_grow(m->call->arena, m->states, m->room * sizeof *m->states,
                               room * sizeof *m->states);
        m->room = room;
    }
    m->states[m->count++] = state;
    return OK;
}

static Fail insert(Maker *m, uint32_t at, PatternState state)
{
    TRY(add(m, state));
    memmove(&m->states[at + 1], &m->states[at], (m->count - 1 - at) * sizeof *m->states);
    m->states[at] = state;
    return OK;
}

uint32_t pattern_character(Str *s)
{
    static const struct {
        uint8_t mask, lead, more;
    } forms[] = { { 0xE0, 0xC0, 1 }, { 0xF0, 0xE0, 2 }, { 0xF8, 0xF0, 3 } };
    uint8_t first = (uint8_t)s->at[0];

    for (size_t i = 0; first >= 0x80 && i < COUNT(forms); i++) {
        uint32_t value = first & (uint8_t)~forms[i].mask;

        if ((first & forms[i].mask) != forms[i].lead || s->len <= forms[i].more)
            continue;
        for (uint8_t k = 1; k <= forms[i].more; k++)
            value = value << 6 | ((uint8_t)s->at[k] & 0x3F);
        *s = str_skip(*s, 1 + (size_t)forms[i].more);
        return value;
    }
    *s = str_skip(*s, 1);
    return first;
}

/* --- classes ----------------------------------------------------------------------------- */

static void class_add(Maker *m, PatternClass *c, uint32_t from, uint32_t to)
{
    if (c->count == c->room) {
        uint32_t room = c->room ? c->room * 2 : 8;

        c->ranges = arena_grow(m->arena, c->ranges, c->room * sizeof *c->ranges,
                               room * sizeof *c->ranges);
        c->room = room;
    }
    c->ranges[c->count++] = (PatternRange){ from, to };
}

static const PatternRange digits[] = { { '0', '9' } };
static const PatternRange words[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } };
static const PatternRange blanks[] = { { '\t', '\r' },     { ' ', ' ' },
                                       { 0xA0, 0xA0 },     { 0x2000, 0x200A },
                                       { 0x2028, 0x2029 }, { 0x202F, 0x202F },
                                       { 0x3000, 0x3000 } };

/* What \d, \w, \s and their opposites stand for. False if `c` is none of them. */
static bool class_add_named(Maker *m, PatternClass *class, char c)
{
    const PatternRange *ranges;
    size_t              count;
    uint32_t            from = 0;

    switch (c | 0x20) {
    case 'd':
        ranges = digits;
        count = COUNT(digits);
        break;
    case 'w':
        ranges = words;
        count = COUNT(words);
        break;
    case 's':
        ranges = blanks;
        count = COUNT(blanks);
        break;
    default: return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (c >= 'a')
            class_add(m, class, ranges[i].from, ranges[i].to);
        else if (ranges[i].from > from)
            class_add(m, class, from, ranges[i].from - 1);
        from = ranges[i].to + 1;
    }
    if (c < 'a')
        class_add(m, class, from, CHARACTER_LAST);
    return true;
}

static int hex_digit(char d)
{
    return d >= '0' && d <= '9'                 ? d - '0'
           : (d | 32) >= 'a' && (d | 32) <= 'f' ? (d | 32) - 'a' + 10
                                                : -1;
}

/* The four digits behind "\u". */
static Fail read_code(Maker *m, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i < m->rest.len ? hex_digit(m->rest.at[i]) : -1;

        if (digit < 0)
            return wrong(m, "\\u without four digits");
        *out = *out * 16 + (uint32_t)digit;
    }
    m->rest = str_skip(m->rest, 4);
    return OK;
}

/* One character, behind its backslash. */
static Fail read_escaped(Maker *m, uint32_t *out)
{
    static const struct {
        char letter, stands_for;
    } known[] = { { 'n', '\n' }, { 'r', '\r' }, { 't', '\t' },
                  { 'f', '\f' }, { 'v', '\v' }, { '0', 0 } };
    char c = m->rest.len ? m->rest.at[0] : 0;

    if (m->rest.len == 0)
        return wrong(m, "a backslash and nothing behind it");
    if (c == 'u') {
        m->rest = str_skip(m->rest, 1);
        return read_code(m, out);
    }
    for (size_t i = 0; i < COUNT(known); i++)
        if (known[i].letter == c) {
            *out = (unsigned char)known[i].stands_for;
            m->rest = str_skip(m->rest, 1);
            return OK;
        }
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return wrong(m, "an escape that is not offered");
    *out = pattern_character(&m->rest);
    return OK;
}

static Fail read_class_end(Maker *m, uint32_t *out)
{
    if (m->rest.len == 0)
        return wrong(m, "a class without end");
    if (m->rest.at[0] != '\\') {
        *out = pattern_character(&m->rest);
        return OK;
    }
    m->rest = str_skip(m->rest, 1);
    return read_escaped(m, out);
}

static Fail read_class_member(Maker *m, PatternClass *class)
{
    uint32_t from, to;

    if (m->rest.len > 1 && m->rest.at[0] == '\\' && class_add_named(m, class, m->rest.at[1])) {
        m->rest = str_skip(m->rest, 2);
        return OK;
    }
    TRY(read_class_end(m, &from));
    to = from;
    if (m->rest.len > 1 && m->rest.at[0] == '-' && m->rest.at[1] != ']') {
        m->rest = str_skip(m->rest, 1);
        TRY(read_class_end(m, &to));
        if (to < from)
            return wrong(m, "a class that ends before it begins");
    }
    class_add(m, class, from, to);
    return OK;
}

static Fail read_class(Maker *m)
{
    PatternClass *class = NEW(m->arena, PatternClass);
    bool negated = str_starts(m->rest, STR("^")), first = true;

    m->rest = str_skip(m->rest, negated);
    for (; m->rest.len && (first || m->rest.at[0] != ']'); first = false)
        TRY(read_class_member(m, class));
    if (m->rest.len == 0)
        return wrong(m, "a class without end");
    m->rest = str_skip(m->rest, 1);
    return add(m, (PatternState){ .op = PATTERN_CLASS, .class = class, .negated = negated });
}

static Fail read_escape_atom(Maker *m)
{
    PatternClass *class;
    uint32_t character;
    char     c = m->rest.len ? m->rest.at[0] : 0;

    if (c == 'b') {
        m->rest = str_skip(m->rest, 1);
        return add(m, (PatternState){ .op = PATTERN_WORD_EDGE });
    }
    class = NEW(m->arena, PatternClass);
    if (class_add_named(m, class, c)) {
        m->rest = str_skip(m->rest, 1);
        return add(m, (PatternState){ .op = PATTERN_CLASS, .class = class });
    }
    TRY(read_escaped(m, &character));
    return add(m, (PatternState){ .op = PATTERN_CHARACTER, .character = character });
}

/* --- groups and repetitions -------------------------------------------------------------- */

static Fail open_group(Maker *m, bool outermost)
{
    bool   counted = true;
    Group *g;

    if (m->depth == PATTERN_NESTING)
        return fail(m->call, FAIL_TOO_COSTLY, m->where,
                    "The regular expression has more than %d groups in each other",
                    PATTERN_NESTING);
    if (!outermost && str_starts(m->rest, STR("?"))) {
        if (!str_starts(m->rest, STR("?:")))
            return wrong(m, "a kind of group that is not offered");
        counted = false;
        m->rest = str_skip(m->rest, 2);
    }
    g = &m->groups[m->depth++];
    *g = (Group){ .from = m->count, .branch = m->count, .number = -1 };
    m->atom = -1;
    if (counted && m->captures < PATTERN_GROUPS) {
        g->number = m->captures++;
        g->branch++;
        return add(m, (PatternState){ .op = PATTERN_SAVE, .x = 2 * g->number });
    }
    return OK;
}

static Fail add_alternative(Maker *m)
{
    Group *g = &m->groups[m->depth - 1];

    TRY(insert(m, g->branch, (PatternState){ .op = PATTERN_SPLIT, .x = 1 }));
    TRY(add(m, (PatternState){ .op = PATTERN_GO, .open = true }));
    m->states[g->branch].y = (int32_t)(m->count - g->branch);
    g->branch = m->count;
    m->atom = -1;
    return OK;
}

static Fail close_group(Maker *m)
{
    Group g = m->groups[--m->depth];

    for (uint32_t i = g.from; i < m->count; i++)
        if (m->states[i].op == PATTERN_GO && m->states[i].open) {
            m->states[i].open = false;
            m->states[i].x = (int32_t)(m->count - i);
        }
    m->atom = g.from;
    return g.number < 0 ? OK
                        : add(m, (PatternState){ .op = PATTERN_SAVE, .x = 2 * g.number + 1 });
}

static bool read_count(Str *s, int *out)
{
    int value = 0, seen = 0;

    for (; s->len && s->at[0] >= '0' && s->at[0] <= '9'; *s = str_skip(*s, 1)) {
        value = value * 10 + s->at[0] - '0';
        seen++;
        if (value > REPEATS_MAX)
            return false;
    }
    *out = value;
    return seen > 0;
}

/* "2}", "2,}", "2,5}", behind the bracket; most -1 is without end. */
static Fail read_bounds(Maker *m, int *least, int *most)
{
    Str s = m->rest;

    if (!read_count(&s, least))
        return wrong(m, "a bad number of times");
    *most = *least;
    if (str_starts(s, STR(","))) {
        s = str_skip(s, 1);
        *most = -1;
        if (s.len && s.at[0] != '}' && !read_count(&s, most))
            return wrong(m, "a bad number of times");
    }
    if (!str_starts(s, STR("}")) || (*most >= 0 && *most < *least))
        return wrong(m, "a bad number of times");
    m->rest = str_skip(s, 1);
    return OK;
}

/* A split that prefers going on unless `lazy`. */
static PatternState split(uint32_t on, uint32_t out, bool lazy)
{
    return (PatternState){ .op = PATTERN_SPLIT,
                           .x = (int32_t)(lazy ? out : on),
                           .y = (int32_t)(lazy ? on : out) };
}

static Fail add_copy(Maker *m, const PatternState *atom, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        TRY(add(m, atom[i]));
    return OK;
}

static Fail repeat_atom(Maker *m, int least, int most, bool lazy)
{
    uint32_t      from = (uint32_t)m->atom, len = m->count - from;
    PatternState *atom = NEW_ARRAY(m->call->arena, PatternState, len);

    memcpy(atom, &m->states[from], len * sizeof *atom);
    m->count = from;
    for (int i = 0; i < least; i++)
        TRY(add_copy(m, atom, len));
    for (int i = least; i < most; i++) {
        TRY(add(m, split(1, len + 1, lazy)));
        TRY(add_copy(m, atom, len));
    }
    if (most >= 0)
        return OK;
    TRY(add(m, split(1, len + 2, lazy)));
    TRY(add_copy(m, atom, len));
    return add(m, (PatternState){ .op = PATTERN_GO, .x = -(int32_t)len - 1 });
}

/* What stands behind an atom and says how often: `mark` is its first character. */
static Fail read_repeats(Maker *m, char mark)
{
    int  least = mark == '+', most = mark == '?' ? 1 : -1;
    bool lazy;

    if (m->atom < 0)
        return wrong(m, "nothing to repeat");
    m->rest = str_skip(m->rest, 1);
    if (mark == '{')
        TRY(read_bounds(m, &least, &most));
    lazy = str_starts(m->rest, STR("?"));
    m->rest = str_skip(m->rest, lazy);
    TRY(repeat_atom(m, least, most, lazy));
    m->atom = -1;
    return OK;
}

/* --- the whole --------------------------------------------------------------------------- */

static Fail read_atom(Maker *m, char mark)
{
    m->atom = m->count;
    if (mark == '[' || mark == '\\' || mark == '.' || mark == '^' || mark == '$')
        m->rest = str_skip(m->rest, 1);
    switch (mark) {
    case '[': return read_class(m);
    case '\\': return read_escape_atom(m);
    case '.': return add(m, (PatternState){ .op = PATTERN_ANY });
    case '^': return add(m, (PatternState){ .op = PATTERN_BEGIN });
    case '$': return add(m, (PatternState){ .op = PATTERN_END });
    default:
        return add(m, (PatternState){ .op = PATTERN_CHARACTER,
                                      .character = pattern_character(&m->rest) });
    }
}

/* "{" repeats where a number follows; elsewhere it is a character like others. */
static bool repeats(Str rest)
{
    char c = rest.at[0];

    return c == '*' || c == '+' || c == '?'
           || (c == '{' && rest.len > 1 && rest.at[1] >= '0' && rest.at[1] <= '9');
}

static Fail read_next(Maker *m)
{
    char mark = m->rest.at[0];

    if (repeats(m->rest))
        return read_repeats(m, mark);
    if (mark != '(' && mark != ')' && mark != '|')
        return read_atom(m, mark);
    if (mark == ')' && m->depth < 2)
        return wrong(m, "a parenthesis that closes nothing");
    m->rest = str_skip(m->rest, 1);
    return mark == '('   ? open_group(m, false)
           : mark == '|' ? add_alternative(m)
                         : close_group(m);
}

static Fail make(Maker *m)
{
    TRY(open_group(m, true));
    while (m->rest.len)
        TRY(read_next(m));
    if (m->depth > 1)
        return wrong(m, "a parenthesis that is not closed");
    TRY(close_group(m));
    return add(m, (PatternState){ .op = PATTERN_MATCH });
}

Fail pattern_compile(Call *c, Arena *a, Str where, Str expression, const Pattern **out)
{
    Maker         m = { .call = c, .arena = a, .where = where };
    PatternState *states;
    Pattern      *made = NEW(a, Pattern);

    m.whole = m.rest = expression;
    TRY(make(&m));
    states = NEW_ARRAY(a, PatternState, m.count);
    memcpy(states, m.states, m.count * sizeof *states);
    *made = (Pattern){ .states = states, .count = m.count };
    *out = made;
    return OK;
}
