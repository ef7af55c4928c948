/*
 * Regular expressions for matches() and its kin: characters, classes, groups, alternatives,
 * repetitions greedy or not, anchors. They are run as a set of states side by side, so the time is
 * bounded by text times pattern whatever stands in them; what cannot be done so (references back,
 * looking around) is refused. '.' stands for line ends too, as FHIRPath has it.
 */
#include "fhir/fhirpath_pattern.h"

enum { PATTERN_NESTING = 32, CHARACTER_LAST = 0x10FFFF, REPEATS_MAX = 1000 };

typedef struct Group {
    uint32_t from, branch; /* states: of the group, of its last alternative */
    int32_t  number;       /* or -1 */
} Group;

typedef struct Maker {
    PathMachine *machine;
    Str          rest;
    State        states[LIMIT_PATH_PATTERN];
    uint32_t     count;
    Group        groups[PATTERN_NESTING];
    uint32_t     depth;
    int32_t      captures;
    int64_t      atom; /* where the last atom begins, or -1 */
} Maker;

static bool add(Maker *k, State state)
{
    if (k->count == LIMIT_PATH_PATTERN)
        return false;
    k->states[k->count++] = state;
    return true;
}

static bool insert(Maker *k, uint32_t at, State state)
{
    if (!add(k, state))
        return false;
    memmove(&k->states[at + 1], &k->states[at], (k->count - 1 - at) * sizeof *k->states);
    k->states[at] = state;
    return true;
}

uint32_t path_pattern_character(Str *s)
{
    unsigned char c = (unsigned char)s->at[0];
    size_t        len = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    uint32_t      code = c < 0x80 ? c : c < 0xE0 ? c & 0x1F : c < 0xF0 ? c & 0x0F : c & 0x07;

    if (len > s->len)
        len = s->len;
    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)s->at[i] & 0x3F);
    *s = str_skip(*s, len);
    return code;
}

/* --- classes ----------------------------------------------------------------------------- */

static void class_add(Maker *k, Class *c, uint32_t from, uint32_t to)
{
    if (c->count == c->room) {
        uint32_t room = c->room ? c->room * 2 : 8;

        c->ranges = arena_grow(k->machine->call->arena, c->ranges, c->room * sizeof *c->ranges,
                               room * sizeof *c->ranges);
        c->room = room;
    }
    c->ranges[c->count++] = (Range){ from, to };
}

static const Range digits[] = { { '0', '9' } };
static const Range words[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } };
static const Range blanks[] = { { '\t', '\r' },     { ' ', ' ' },       { 0xA0, 0xA0 },
                                { 0x2000, 0x200A }, { 0x2028, 0x2029 }, { 0x202F, 0x202F },
                                { 0x3000, 0x3000 } };

/* What \d, \w, \s and their opposites stand for. False if `c` is none of them. */
static bool class_add_named(Maker *k, Class *class, char c)
{
    const Range *ranges;
    size_t       count;
    uint32_t     from = 0;

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
            class_add(k, class, ranges[i].from, ranges[i].to);
        else if (ranges[i].from > from)
            class_add(k, class, from, ranges[i].from - 1);
        from = ranges[i].to + 1;
    }
    if (c < 'a')
        class_add(k, class, from, CHARACTER_LAST);
    return true;
}

/* A character behind a backslash. False for what is not offered. */
static bool read_escaped(Str *s, uint32_t *out)
{
    static const char from[] = "nrtfv0", to[] = "\n\r\t\f\v";
    char              c;
    const char       *found;

    if (s->len == 0)
        return false;
    c = s->at[0];
    if (c == 'u' && s->len >= 5) {
        uint32_t code = 0;

        for (size_t i = 1; i < 5; i++) {
            char d = s->at[i];
            int  value = d >= '0' && d <= '9'                 ? d - '0'
                         : (d | 32) >= 'a' && (d | 32) <= 'f' ? (d | 32) - 'a' + 10
                                                              : -1;
            if (value < 0)
                return false;
            code = code * 16 + (uint32_t)value;
        }
        *s = str_skip(*s, 5);
        *out = code;
        return true;
    }
    found = memchr(from, c, sizeof from - 1); /* strchr would find its own end for U+0000 */
    if (found)
        *out = (unsigned char)to[found - from];
    else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return false;
    else {
        *out = path_pattern_character(s);
        return true;
    }
    *s = str_skip(*s, 1);
    return true;
}

static bool read_class_end(Maker *k, uint32_t *out)
{
    if (k->rest.len == 0)
        return false;
    if (k->rest.at[0] != '\\') {
        *out = path_pattern_character(&k->rest);
        return true;
    }
    k->rest = str_skip(k->rest, 1);
    return read_escaped(&k->rest, out);
}

static bool read_class(Maker *k)
{
    Class *class = NEW(k->machine->call->arena, Class);
    bool first = true;

    class->negated = str_starts(k->rest, STR("^"));
    k->rest = str_skip(k->rest, class->negated);
    for (; k->rest.len && (first || k->rest.at[0] != ']'); first = false) {
        uint32_t from, to;

        if (k->rest.len > 1 && k->rest.at[0] == '\\'
            && class_add_named(k, class, k->rest.at[1])) {
            k->rest = str_skip(k->rest, 2);
            continue;
        }
        if (!read_class_end(k, &from))
            return false;
        to = from;
        if (k->rest.len > 1 && k->rest.at[0] == '-' && k->rest.at[1] != ']') {
            k->rest = str_skip(k->rest, 1);
            if (!read_class_end(k, &to) || to < from)
                return false;
        }
        class_add(k, class, from, to);
    }
    if (k->rest.len == 0)
        return false;
    k->rest = str_skip(k->rest, 1);
    return add(k, (State){ .op = PATTERN_CLASS, .class = class, .negated = class->negated });
}

static bool read_escape_atom(Maker *k)
{
    Class *class;
    uint32_t character;
    char     c = k->rest.len ? k->rest.at[0] : 0;

    if (c == 'b') {
        k->rest = str_skip(k->rest, 1);
        return add(k, (State){ .op = PATTERN_WORD_EDGE });
    }
    class = NEW(k->machine->call->arena, Class);
    if (class_add_named(k, class, c)) {
        k->rest = str_skip(k->rest, 1);
        return add(k, (State){ .op = PATTERN_CLASS, .class = class });
    }
    return read_escaped(&k->rest, &character)
           && add(k, (State){ .op = PATTERN_CHARACTER, .character = character });
}

/* --- groups and repetitions -------------------------------------------------------------- */

static bool open_group(Maker *k, bool outermost)
{
    bool counted = true;

    if (k->depth == PATTERN_NESTING)
        return false;
    if (!outermost && str_starts(k->rest, STR("?"))) {
        if (!str_starts(k->rest, STR("?:")))
            return false;
        counted = false;
        k->rest = str_skip(k->rest, 2);
    }
    k->groups[k->depth] = (Group){ .from = k->count, .branch = k->count, .number = -1 };
    if (counted && k->captures < PATTERN_GROUPS)
        k->groups[k->depth].number = k->captures++;
    if (k->groups[k->depth].number >= 0) {
        if (!add(k, (State){ .op = PATTERN_SAVE, .x = 2 * k->groups[k->depth].number }))
            return false;
        k->groups[k->depth].branch++;
    }
    k->depth++;
    k->atom = -1;
    return true;
}

static bool add_alternative(Maker *k)
{
    Group *g = &k->groups[k->depth - 1];

    if (!insert(k, g->branch, (State){ .op = PATTERN_SPLIT, .x = 1 })
        || !add(k, (State){ .op = PATTERN_GO, .open = true }))
        return false;
    k->states[g->branch].y = (int32_t)(k->count - g->branch);
    g->branch = k->count;
    k->atom = -1;
    return true;
}

static bool close_group(Maker *k)
{
    Group g = k->groups[--k->depth];

    for (uint32_t i = g.from; i < k->count; i++)
        if (k->states[i].op == PATTERN_GO && k->states[i].open) {
            k->states[i].open = false;
            k->states[i].x = (int32_t)(k->count - i);
        }
    if (g.number >= 0 && !add(k, (State){ .op = PATTERN_SAVE, .x = 2 * g.number + 1 }))
        return false;
    k->atom = g.from;
    return true;
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

/* "{2}", "{2,}", "{2,5}", '*', '+', '?'; most -1 is without end. False if none stands there. */
static bool read_repeats(Maker *k, int *least, int *most)
{
    Str  s = k->rest;
    char c = s.len ? s.at[0] : 0;

    *least = c == '+';
    *most = c == '?' ? 1 : -1;
    if (c == '*' || c == '+' || c == '?') {
        k->rest = str_skip(s, 1);
        return true;
    }
    if (c != '{')
        return false;
    s = str_skip(s, 1);
    if (!read_count(&s, least))
        return false;
    *most = *least;
    if (str_starts(s, STR(","))) {
        s = str_skip(s, 1);
        *most = -1;
        if (s.len && s.at[0] != '}' && !read_count(&s, most))
            return false;
    }
    if (!str_starts(s, STR("}")))
        return false;
    k->rest = str_skip(s, 1);
    return true;
}

static bool add_copy(Maker *k, const State *atom, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        if (!add(k, atom[i]))
            return false;
    return true;
}

/* A split that prefers going on unless `lazy`. */
static State split(int32_t on, int32_t out, bool lazy)
{
    return (State){ .op = PATTERN_SPLIT, .x = lazy ? out : on, .y = lazy ? on : out };
}

static bool repeat_atom(Maker *k, int least, int most, bool lazy)
{
    uint32_t from = (uint32_t)k->atom, len = k->count - from;
    State   *atom = NEW_ARRAY(k->machine->call->arena, State, len);

    memcpy(atom, &k->states[from], len * sizeof *atom);
    k->count = from;
    for (int i = 0; i < least; i++)
        if (!add_copy(k, atom, len))
            return false;
    for (int i = least; i < most; i++)
        if (!add(k, split(1, (int32_t)len + 1, lazy)) || !add_copy(k, atom, len))
            return false;
    if (most < 0)
        return add(k, split(1, (int32_t)len + 2, lazy)) && add_copy(k, atom, len)
               && add(k, (State){ .op = PATTERN_GO, .x = -(int32_t)len - 1 });
    return true;
}

static bool read_atom(Maker *k)
{
    char     c = k->rest.at[0];
    int64_t  from = k->count;
    uint32_t character;
    bool     good;

    if (c == '[' || c == '\\' || c == '.' || c == '^' || c == '$')
        k->rest = str_skip(k->rest, 1);
    switch (c) {
    case '[': good = read_class(k); break;
    case '\\': good = read_escape_atom(k); break;
    case '.': good = add(k, (State){ .op = PATTERN_ANY }); break;
    case '^': good = add(k, (State){ .op = PATTERN_BEGIN }); break;
    case '$': good = add(k, (State){ .op = PATTERN_END }); break;
    default:
        character = path_pattern_character(&k->rest);
        good = add(k, (State){ .op = PATTERN_CHARACTER, .character = character });
    }
    k->atom = from;
    return good;
}

static bool make(Maker *k)
{
    k->atom = -1;
    if (!open_group(k, true))
        return false;
    while (k->rest.len) {
        char c = k->rest.at[0];
        int  least, most;

        if (k->atom >= 0 && read_repeats(k, &least, &most)) {
            bool lazy = str_starts(k->rest, STR("?"));

            k->rest = str_skip(k->rest, lazy);
            if ((most >= 0 && most < least) || !repeat_atom(k, least, most, lazy))
                return false;
            k->atom = -1;
            continue;
        }
        if (c == '*' || c == '+' || c == '?')
            return false;
        if (c != '(' && c != ')' && c != '|') {
            if (!read_atom(k))
                return false;
            continue;
        }
        k->rest = str_skip(k->rest, 1);
        if (c == '('   ? !open_group(k, false)
            : c == '|' ? !add_alternative(k)
                       : (k->depth < 2 || !close_group(k)))
            return false;
    }
    return k->depth == 1 && close_group(k) && add(k, (State){ .op = PATTERN_MATCH });
}

Fail path_pattern_compile(PathMachine *m, Str pattern, bool whole, const PathPattern **out)
{
    Maker       *k = NEW(m->call->arena, Maker);
    PathPattern *made = NEW(m->call->arena, PathPattern);

    k->machine = m;
    k->rest = pattern;
    TRY(path_work(m, 1000));
    if (!make(k))
        return path_fail(m,
                         "the regular expression is wrong, too large or of a kind not offered");
    *made = (PathPattern){ .states = k->states, .count = k->count, .whole = whole };
    *out = made;
    return OK;
}
