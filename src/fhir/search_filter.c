/*
 * _filter: "given eq \"peter\" and (birthdate ge 1980 or not (active eq false))". Read from left to
 * right into steps; what is open is counted, not recursed into. "and" binds closer than "or", so
 * each parenthesis holds alternatives, each of which holds what must be true together. So does each
 * bracket, "general-practitioner[active eq true].name co \"x\"", about what the name leads to.
 * https://hl7.org/fhir/R4/search_filter.html
 */
#include "base/buf.h"
#include "fhir/index.h"
#include "fhir/mask.h"
#include "fhir/search_criterion.h"

typedef struct Filter {
    Call               *c;
    TypeId              type;
    const QueryOptions *options;
    Str                 rest;
    ClauseSteps        *out;
    uint32_t            open;    /* parentheses and brackets */
    bool                on_path; /* behind "]." a name must come */
    struct Opened {
        bool   negated; /* a parenthesis with a "not" before it */
        bool   bracket; /* "name[…]." … */
        bool   closed;  /* … of which the bracket is read, and not yet what comes behind */
        TypeId outside; /* … and the type that is looked at outside of it */
    } opened[LIMIT_FILTER_DEPTH];
} Filter;

static const Str where = STR_INIT("_filter");

static Fail wrong(Filter *f, const char *expected)
{
    return fail(f->c, FAIL_VALUE, where, "expected %s at \"%.*s\"", expected,
                STR_ARG(str_slice(f->rest, 0, f->rest.len < 20 ? f->rest.len : 20)));
}

static Fail add(Filter *f, ClauseStepKind kind)
{
    return clause_steps_add(f->c, f->out, (ClauseStep){ .kind = kind });
}

static void skip_spaces(Filter *f)
{
    while (f->rest.len && f->rest.at[0] == ' ')
        f->rest = str_skip(f->rest, 1);
}

/* The next word, up to a space, a parenthesis or a bracket. */
static Str take_word(Filter *f)
{
    size_t end = 0;
    Str    word;

    skip_spaces(f);
    while (end < f->rest.len && !memchr(" ()[]", f->rest.at[end], 5))
        end++;
    word = str_slice(f->rest, 0, end);
    f->rest = str_skip(f->rest, end);
    return word;
}

static bool take_mark(Filter *f, char mark)
{
    skip_spaces(f);
    if (!f->rest.len || f->rest.at[0] != mark)
        return false;
    f->rest = str_skip(f->rest, 1);
    return true;
}

/* ---- one comparison ---- */

/* A word as a search value: its '|' stands between system and code. */
static void put_word(Buf *out, Str word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (memchr(",$\\", word.at[i], 3))
            buf_put_char(out, '\\');
        buf_put_char(out, word.at[i]);
    }
}

/* A quoted text as a search value; everything in it is meant. */
static Fail put_quoted(Filter *f, Buf *out)
{
    size_t at = 1;

    for (; at < f->rest.len && f->rest.at[at] != '"'; at++) {
        if (f->rest.at[at] == '\\')
            at++;
        if (at == f->rest.len)
            break;
        if (memchr(",|$\\", f->rest.at[at], 4))
            buf_put_char(out, '\\');
        buf_put_char(out, f->rest.at[at]);
    }
    if (at >= f->rest.len)
        return wrong(f, "a closing '\"'");
    f->rest = str_skip(f->rest, at + 1);
    return OK;
}

/* A value without quotes: its own brackets, as in mm[Hg], belong to it. */
static Str take_bare(Filter *f)
{
    size_t   end = 0;
    uint32_t depth = 0;
    Str      word;

    for (; end < f->rest.len && !memchr(" ()", f->rest.at[end], 3); end++) {
        if (f->rest.at[end] == ']' && depth-- == 0)
            break;
        depth += f->rest.at[end] == '[';
    }
    word = str_slice(f->rest, 0, end);
    f->rest = str_skip(f->rest, end);
    return word;
}

static Fail take_value(Filter *f, Buf *out)
{
    Str word;

    skip_spaces(f);
    if (str_starts(f->rest, STR("\"")))
        return put_quoted(f, out);
    word = take_bare(f);
    if (!word.len)
        return wrong(f, "a value");
    put_word(out, word);
    return OK;
}

#define FOR(type) (1U << (type))

enum {
    FOR_TEXT = FOR(SEARCH_STRING),
    FOR_ORDER = FOR(SEARCH_NUMBER) | FOR(SEARCH_DATE) | FOR(SEARCH_QUANTITY),
    FOR_EQUAL = FOR(SEARCH_TOKEN) | FOR(SEARCH_REFERENCE) | FOR(SEARCH_URI),
    FOR_ANY = FOR_TEXT | FOR_ORDER | FOR_EQUAL,
};

/* How each comparison is said in a plain search, by the type of parameter. */
static const struct Comparison {
    char     word[3];
    uint32_t types;
    Modifier modifier;
    bool     prefix;  /* the word goes in front of the value */
    bool     negated; /* what is found is what is not meant */
} comparisons[] = {
    { "eq", FOR_TEXT, MODIFIER_EQUAL, false, false },
    { "eq", FOR_ORDER, MODIFIER_NONE, true, false },
    { "eq", FOR_EQUAL, MODIFIER_NONE, false, false },
    { "ne", FOR_TEXT, MODIFIER_EQUAL, false, true },
    { "ne", FOR_ORDER, MODIFIER_NONE, true, false },
    { "ne", FOR_EQUAL, MODIFIER_NONE, false, true },
    { "co", FOR_TEXT, MODIFIER_CONTAINS, false, false },
    { "sw", FOR_TEXT, MODIFIER_NONE, false, false },
    { "ew", FOR_TEXT, MODIFIER_ENDS, false, false },
    { "gt", FOR_ORDER, MODIFIER_NONE, true, false },
    { "lt", FOR_ORDER, MODIFIER_NONE, true, false },
    { "ge", FOR_ORDER, MODIFIER_NONE, true, false },
    { "le", FOR_ORDER, MODIFIER_NONE, true, false },
    { "ap", FOR_ORDER, MODIFIER_NONE, true, false },
    { "sa", FOR_ORDER, MODIFIER_NONE, true, false },
    { "eb", FOR_ORDER, MODIFIER_NONE, true, false },
    { "in", FOR(SEARCH_TOKEN), MODIFIER_IN, false, false },
    { "ni", FOR(SEARCH_TOKEN), MODIFIER_IN, false, true },
    { "ss", FOR(SEARCH_TOKEN), MODIFIER_ABOVE, false, false },
    { "sb", FOR(SEARCH_TOKEN), MODIFIER_BELOW, false, false },
    { "pr", FOR_ANY | FOR(SEARCH_SPECIAL), MODIFIER_MISSING, false, true },
    { "re", FOR(SEARCH_REFERENCE), MODIFIER_NONE, false, false },
    { "po", FOR(SEARCH_DATE), MODIFIER_OVERLAP, false, false },
};

static Fail find_comparison(Filter *f, Str word, const SearchParam *param,
                            const struct Comparison **out)
{
    bool known = false;

    for (size_t i = 0; i < COUNT(comparisons); i++) {
        if (!str_equal(word, str_from(comparisons[i].word)))
            continue;
        known = true;
        if (comparisons[i].types & FOR(param->type)
            && (!modifier_of_codes(param, comparisons[i].modifier)
                || param->kinds & 1 << ROW_TOKEN)) {
            *out = &comparisons[i];
            return OK;
        }
    }
    if (known)
        return fail(f->c, FAIL_NOT_SUPPORTED, where, "%.*s does not go with %.*s",
                    STR_ARG(word), STR_ARG(param->code));
    return fail(
        f->c, FAIL_NOT_SUPPORTED, where,
        "\"%.*s\" is no comparison that is offered; there are eq ne co sw ew gt lt ge le "
        "ap sa eb pr po re in ni ss sb",
        STR_ARG(str_slice(word, 0, word.len < 10 ? word.len : 10)));
}

static Fail take_comparison(Filter *f, Str name)
{
    const struct Comparison *comparison = NULL;
    Buf                      value = buf_new(f->c->arena, 64);
    Criterion                criterion;
    const char              *unknown;
    Str                      word;

    if (!name.len)
        return wrong(f, "a parameter");
    TRY(criterion_find(f->c, f->type, name, f->options->hidden, &criterion, &unknown));
    if (search_param_is_words(criterion.paths[0].param))
        return fail(f->c, FAIL_NOT_SUPPORTED, where,
                    "_text and _content are asked by themselves, beside _filter");
    word = take_word(f);
    TRY(find_comparison(f, word, criterion.paths[0].param, &comparison));
    if (comparison->prefix)
        buf_put(&value, word);
    TRY(take_value(f, &value));
    for (uint32_t i = 0; comparison->modifier && i < criterion.count; i++)
        criterion.paths[i].modifier = comparison->modifier;
    if (comparison->negated)
        TRY(add(f, CLAUSE_NOT));
    TRY(criterion_put(f->c, &criterion, f->options, buf_str(&value), f->out));
    return comparison->negated ? add(f, CLAUSE_END) : OK;
}

/* ---- what stands between them ---- */

static Fail push(Filter *f, struct Opened opened)
{
    if (f->open == LIMIT_FILTER_DEPTH)
        return fail(f->c, FAIL_TOO_COSTLY, where,
                    "more than %d parentheses and brackets in each other (LIMIT_FILTER_DEPTH)",
                    LIMIT_FILTER_DEPTH);
    f->opened[f->open++] = opened;
    return OK;
}

static Fail open_group(Filter *f, bool negated)
{
    TRY(push(f, (struct Opened){ .negated = negated }));
    if (negated)
        TRY(add(f, CLAUSE_NOT));
    TRY(add(f, CLAUSE_ANY));
    return add(f, CLAUSE_ALL);
}

static Fail close_group(Filter *f)
{
    TRY(add(f, CLAUSE_END));
    TRY(add(f, CLAUSE_END));
    return f->opened[--f->open].negated ? add(f, CLAUSE_END) : OK;
}

/* The one type that "subject:Patient", or a reference that leads to one type only, leads to. */
static Fail find_target(Filter *f, Str part, const SearchParam **param, TypeId *type)
{
    Str code = part, word = { 0 };

    *type = 0;
    if (str_cut(part, ':', &code, &word) && !(*type = type_find(word)))
        return wrong(f, "a resource type behind the ':'");
    *param = mask_param_find(f->options->hidden, f->type, code);
    if (!*param || !(*param)->indexed || (*param)->type != SEARCH_REFERENCE)
        return fail(f->c, FAIL_VALUE, where, "%.*s is no reference that %.*s has",
                    STR_ARG(str_slice(code, 0, code.len < 40 ? code.len : 40)),
                    STR_ARG(type_name(f->type)));
    for (TypeId one = 1; one <= RESOURCE_TYPES && !word.len; one++) {
        if (!targets_contain((*param)->targets, one)
            || ((*param)->only_type && (*param)->only_type != one))
            continue;
        if (*type)
            return fail(f->c, FAIL_VALUE, where,
                        "%.*s leads to several types; name one, as in subject:Patient[…]",
                        STR_ARG(code));
        *type = one;
    }
    return OK;
}

/* "a.b[": each name leads to another resource, and what stands in the bracket is said of the last. */
static Fail open_bracket(Filter *f, Str name)
{
    const SearchParam *param = NULL;
    Str                part;
    TypeId             type = 0;

    while (str_next(&name, '.', &part)) {
        TRY(find_target(f, part, &param, &type));
        TRY(push(f, (struct Opened){ .bracket = true, .closed = true, .outside = f->type }));
        TRY(clause_steps_add(
            f->c, f->out, (ClauseStep){ .kind = CLAUSE_TARGET, .type = type, .param = param }));
        f->type = type;
    }
    f->opened[f->open - 1].closed = false;
    TRY(add(f, CLAUSE_ANY));
    return add(f, CLAUSE_ALL);
}

static Fail close_bracket(Filter *f)
{
    f->opened[f->open - 1].closed = true;
    TRY(add(f, CLAUSE_END));
    TRY(add(f, CLAUSE_END));
    if (!take_mark(f, '.'))
        return wrong(f, "a '.' and a parameter behind the ']',");
    f->on_path = true;
    return OK;
}

/* What was opened for names in front of a comparison ends with it. */
static Fail end_paths(Filter *f)
{
    while (f->opened[f->open - 1].closed) {
        f->type = f->opened[--f->open].outside;
        TRY(add(f, CLAUSE_END));
    }
    return OK;
}

/* Parentheses and brackets that open, then a comparison. */
static Fail take_term(Filter *f)
{
    for (;;) {
        Str word;

        if (!f->on_path && take_mark(f, '(')) {
            TRY(open_group(f, false));
            continue;
        }
        word = take_word(f);
        if (word.len && str_starts(f->rest, STR("["))) {
            f->rest = str_skip(f->rest, 1);
            f->on_path = false;
            TRY(open_bracket(f, word));
            continue;
        }
        if (f->on_path || !str_equal(word, STR("not")) || !take_mark(f, '(')) {
            f->on_path = false;
            TRY(take_comparison(f, word));
            return end_paths(f);
        }
        TRY(open_group(f, true));
    }
}

/* What closes, then "and", "or", the rest of a path, or the end. */
static Fail take_joint(Filter *f, bool *ended)
{
    Str word;

    while (f->open > 1) {
        bool bracket = f->opened[f->open - 1].bracket;

        if (!take_mark(f, bracket ? ']' : ')'))
            break;
        if (bracket)
            return close_bracket(f);
        TRY(close_group(f));
    }
    skip_spaces(f);
    *ended = f->rest.len == 0;
    if (*ended && f->open > 1)
        return wrong(f, f->opened[f->open - 1].bracket ? "a closing ']'" : "a closing ')'");
    if (*ended)
        return OK;
    word = take_word(f);
    if (str_equal(word, STR("and")))
        return OK;
    if (!str_equal(word, STR("or")))
        return wrong(f, "\"and\" or \"or\"");
    TRY(add(f, CLAUSE_END));
    return add(f, CLAUSE_ALL);
}

Fail filter_read(Call *c, TypeId type, const QueryOptions *options, Str text, ClauseSteps *out)
{
    Filter f = { .c = c, .type = type, .options = options, .rest = text, .out = out };
    bool   ended = false;

    TRY(open_group(&f, false));
    while (!ended) {
        TRY(take_term(&f));
        TRY(take_joint(&f, &ended));
    }
    return close_group(&f);
}
