/* One pass over the tokens, with a stack for parentheses: see search_parameter_path.h. */
#include "fhir/search_parameter_path.h"

typedef enum TokenKind { TOKEN_END, TOKEN_NAME, TOKEN_TEXT, TOKEN_MARK } TokenKind;

typedef struct Token {
    TokenKind kind;
    Str       text; /* of a text without its quotes */
    uint32_t  place;
} Token;

typedef struct Reading {
    Call        *call;
    Str          where, whole;
    size_t       next; /* behind the present token */
    Token        token;
    PathBranches out;
    uint32_t     room;
    uint32_t     term;                           /* the branches from here on go on together */
    uint32_t     groups[LIMIT_EXPRESSION_DEPTH]; /* where the open parentheses' unions begin */
    uint32_t     depth;
    bool         both; /* behind "and": the branch before the last waits for "!= false" */
} Reading;

#define REFUSE(r, at, ...) refuse((r), (at), arena_printf((r)->call->arena, __VA_ARGS__))

static Fail refuse(Reading *r, uint32_t place, Str why)
{
    return fail(r->call, FAIL_UNPROCESSABLE, r->where,
                "At character %u of the expression: %.*s", place, STR_ARG(why));
}

/* ---- tokens ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name_char(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
           || (!first && c >= '0' && c <= '9');
}

static Fail take_text(Reading *r, size_t from)
{
    size_t at = from + 1;

    while (at < r->whole.len && r->whole.at[at] != '\'' && r->whole.at[at] != '\\')
        at++;
    if (at == r->whole.len)
        return REFUSE(r, (uint32_t)from + 1, "the text has no end");
    if (r->whole.at[at] == '\\')
        return REFUSE(r, (uint32_t)at + 1, "escaped characters are not offered in a text");
    r->token = (Token){ TOKEN_TEXT, str_slice(r->whole, from + 1, at), (uint32_t)from + 1 };
    r->next = at + 1;
    return OK;
}

static Fail advance(Reading *r)
{
    size_t at = r->next, end;

    while (at < r->whole.len && is_space(r->whole.at[at]))
        at++;
    r->token = (Token){ .place = (uint32_t)at + 1 };
    r->next = at;
    if (at == r->whole.len)
        return OK;
    if (r->whole.at[at] == '\'')
        return take_text(r, at);
    end = at;
    while (end < r->whole.len && is_name_char(r->whole.at[end], end == at))
        end++;
    r->token.kind = end > at ? TOKEN_NAME : TOKEN_MARK;
    if (end == at)
        end += str_starts(str_skip(r->whole, at), STR("!=")) ? 2 : 1;
    r->token.text = str_slice(r->whole, at, end);
    r->next = end;
    if (r->token.kind == TOKEN_MARK && r->token.text.len == 1
        && !memchr("|().=[", r->token.text.at[0], strlen("|().=[")))
        return REFUSE(r, r->token.place, "this character is not offered in an expression");
    return OK;
}

static bool at_mark(const Reading *r, const char *mark)
{
    return r->token.kind == TOKEN_MARK && str_equal(r->token.text, str_from(mark));
}

static bool at_name(const Reading *r, const char *name)
{
    return r->token.kind == TOKEN_NAME && str_equal(r->token.text, str_from(name));
}

static Fail expect_mark(Reading *r, const char *mark)
{
    if (!at_mark(r, mark))
        return REFUSE(r, r->token.place, "'%s' is expected here", mark);
    return advance(r);
}

static Fail expect(Reading *r, TokenKind kind, const char *what, Str *out)
{
    if (r->token.kind != kind)
        return REFUSE(r, r->token.place, "%s is expected here", what);
    *out = r->token.text;
    return advance(r);
}

/* ---- steps ---- */

/* What follows a union in parentheses goes on from each of its branches. */
static Fail add_step(Reading *r, PathStep step)
{
    for (uint32_t i = r->term; i < r->out.count; i++) {
        PathBranch *branch = &r->out.branches[i];

        if (branch->count == LIMIT_EXPRESSION_STEPS)
            return fail(r->call, FAIL_TOO_COSTLY, r->where,
                        "At character %u of the expression: more than %d steps"
                        " (LIMIT_EXPRESSION_STEPS)",
                        step.place, LIMIT_EXPRESSION_STEPS);
        branch->steps[branch->count++] = step;
    }
    return OK;
}

static Fail add_branch(Reading *r, PathStep step)
{
    if (r->out.count == LIMIT_EXPRESSION_BRANCHES)
        return fail(r->call, FAIL_TOO_COSTLY, r->where,
                    "The expression has more than %d branches (LIMIT_EXPRESSION_BRANCHES)",
                    LIMIT_EXPRESSION_BRANCHES);
    if (r->out.count == r->room) {
        uint32_t room = r->room ? 2 * r->room : 4;

        r->out.branches = arena_grow(r->call->arena, r->out.branches,
                                     r->room * sizeof(PathBranch), room * sizeof(PathBranch));
        r->room = room;
    }
    r->term = r->out.count;
    r->out.branches[r->out.count++] = (PathBranch){ .count = 0 };
    return add_step(r, step);
}

/* A type's name; "FHIR." may stand in front of it. */
static Fail take_type(Reading *r, Str *out)
{
    TRY(expect(r, TOKEN_NAME, "the name of a type", out));
    if (!str_equal(*out, STR("FHIR")) || !at_mark(r, "."))
        return OK;
    TRY(advance(r));
    return expect(r, TOKEN_NAME, "the name of a type", out);
}

static Fail read_type(Reading *r, PathStep *step)
{
    step->verb = PATH_TYPE;
    return take_type(r, &step->name);
}

static Fail read_exists(Reading *r, PathStep *step)
{
    (void)r;
    step->verb = PATH_EXISTS;
    return OK;
}

static Fail read_extension(Reading *r, PathStep *step)
{
    step->verb = PATH_EXTENSION;
    return expect(r, TOKEN_TEXT, "the url of an extension in quotes", &step->value);
}

/* where(resolve() is Patient) */
static Fail read_resolves(Reading *r, PathStep *step)
{
    step->verb = PATH_RESOLVES;
    TRY(expect_mark(r, "("));
    TRY(expect_mark(r, ")"));
    if (!at_name(r, "is"))
        return REFUSE(r, r->token.place, "'is' and a type are expected behind resolve()");
    TRY(advance(r));
    return take_type(r, &step->name);
}

/* where(hasExtension('…')), where(resolve() is X), where(name = 'value') */
static Fail read_where(Reading *r, PathStep *step)
{
    TRY(expect(r, TOKEN_NAME, "the name of an element", &step->name));
    if (str_equal(step->name, STR("resolve")))
        return read_resolves(r, step);
    if (str_equal(step->name, STR("hasExtension"))) {
        TRY(expect_mark(r, "("));
        TRY(read_extension(r, step));
        step->verb = PATH_HAS_EXTENSION;
        return expect_mark(r, ")");
    }
    step->verb = PATH_EQUALS;
    TRY(expect_mark(r, "="));
    if (at_name(r, "true") || at_name(r, "false"))
        return expect(r, TOKEN_NAME, "a value", &step->value);
    return expect(r, TOKEN_TEXT, "a text in quotes", &step->value);
}

typedef struct Function {
    Str name;
    Fail (*read)(Reading *r, PathStep *step);
} Function;

static const Function functions[] = {
    { STR_INIT("as"), read_type },       { STR_INIT("ofType"), read_type },
    { STR_INIT("exists"), read_exists }, { STR_INIT("extension"), read_extension },
    { STR_INIT("where"), read_where },
};

/* What stands behind a '.': an element, or a function. */
static Fail read_invocation(Reading *r)
{
    PathStep step = { .verb = PATH_CHILD, .place = r->token.place };

    TRY(expect(r, TOKEN_NAME, "the name of an element", &step.name));
    if (!at_mark(r, "("))
        return add_step(r, step);
    for (size_t i = 0; i < COUNT(functions); i++) {
        if (!str_equal(functions[i].name, step.name))
            continue;
        TRY(advance(r));
        TRY(functions[i].read(r, &step));
        TRY(expect_mark(r, ")"));
        return add_step(r, step);
    }
    return REFUSE(r, step.place, "the function %.*s() is not offered", STR_ARG(step.name));
}

/* ---- the whole ---- */

static bool same_step(const PathStep *a, const PathStep *b)
{
    return a->verb == b->verb && str_equal(a->name, b->name) && str_equal(a->value, b->value);
}

/* Of "and" only `X.exists() and X != false` can be answered by rows. */
static Fail end_both(Reading *r)
{
    uint32_t    place = r->token.place;
    PathBranch *one, *other;
    bool        same;

    TRY(advance(r));
    if (!at_name(r, "false"))
        return REFUSE(r, r->token.place, "'false' is expected here");
    TRY(advance(r));
    if (!r->both || r->term + 1 != r->out.count)
        return REFUSE(r, place, "'!=' is offered only in `X.exists() and X != false`");
    one = &r->out.branches[r->term - 1];
    other = &r->out.branches[r->term];
    same = one->count == other->count + 1 && one->steps[other->count].verb == PATH_EXISTS;
    for (uint32_t i = 0; same && i < other->count; i++)
        same = same_step(&one->steps[i], &other->steps[i]);
    if (!same)
        return REFUSE(r, place, "'and' is offered only in `X.exists() and X != false`");
    r->both = false;
    r->out.count--;
    r->term--;
    one->count--;
    TRY(add_step(r, (PathStep){ .verb = PATH_NOT_FALSE, .place = place }));
    return add_step(r, (PathStep){ .verb = PATH_EXISTS, .place = place });
}

/* Where an operand must stand. */
static Fail read_operand(Reading *r, bool *behind)
{
    PathStep step = { .verb = PATH_CHILD, .place = r->token.place };

    if (!at_mark(r, "(")) {
        TRY(expect(r, TOKEN_NAME, "the name of a type or an element", &step.name));
        if (at_mark(r, "("))
            return REFUSE(r, step.place, "a function cannot stand there");
        *behind = true;
        return add_branch(r, step);
    }
    if (r->depth == LIMIT_EXPRESSION_DEPTH)
        return fail(r->call, FAIL_TOO_COSTLY, r->where,
                    "At character %u of the expression: more than %d parentheses in each other"
                    " (LIMIT_EXPRESSION_DEPTH)",
                    step.place, LIMIT_EXPRESSION_DEPTH);
    r->groups[r->depth++] = r->out.count;
    return advance(r);
}

static Fail read_union_or_and(Reading *r, bool *behind)
{
    bool is_and = at_name(r, "and");

    if (is_and && (r->both || r->term + 1 != r->out.count))
        return REFUSE(r, r->token.place,
                      "'and' is offered only in `X.exists() and X != false`");
    if (!is_and && r->both)
        return REFUSE(r, r->token.place, "'!= false' is expected here");
    r->both = is_and;
    *behind = false;
    return advance(r);
}

/* What may stand behind an operand. */
static Fail read_behind(Reading *r, bool *behind)
{
    PathStep step = { .place = r->token.place };

    if (at_mark(r, ".")) {
        TRY(advance(r));
        return read_invocation(r);
    }
    if (at_name(r, "as")) {
        TRY(advance(r));
        TRY(read_type(r, &step));
        return add_step(r, step);
    }
    if (at_mark(r, "|") || at_name(r, "and"))
        return read_union_or_and(r, behind);
    if (at_mark(r, "!="))
        return end_both(r);
    if (at_mark(r, ")") && r->depth && !r->both) {
        r->term = r->groups[--r->depth];
        return advance(r);
    }
    if (at_mark(r, "["))
        return REFUSE(r, step.place, "an item by its number is not offered");
    return REFUSE(r, step.place, "'%.*s' is not expected here", STR_ARG(r->token.text));
}

Fail search_parameter_path_read(Call *c, Str where, Str expression, PathBranches *out)
{
    Reading r = { .call = c, .where = where, .whole = expression };
    bool    behind = false;

    if (expression.len > LIMIT_EXPRESSION_BYTES)
        return fail(c, FAIL_TOO_COSTLY, where,
                    "The expression is longer than %d bytes (LIMIT_EXPRESSION_BYTES)",
                    LIMIT_EXPRESSION_BYTES);
    TRY(advance(&r));
    while (r.token.kind != TOKEN_END || !behind)
        TRY(behind ? read_behind(&r, &behind) : read_operand(&r, &behind));
    if (r.depth || r.both)
        return REFUSE(&r, r.token.place, "the expression ends too early");
    *out = r.out;
    return OK;
}
