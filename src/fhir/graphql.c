/* Reading GraphQL documents: see graphql.h. https://spec.graphql.org/October2021/#sec-Document-Syntax */
#include "fhir/graphql.h"

#include "base/buf.h"
#include "base/limits.h"
#include "codec/json.h"

enum { AT_FIRST = 16, LISTS_OPEN = 8 };

typedef enum LexKind { LEX_END, LEX_NAME, LEX_STRING, LEX_NUMBER, LEX_MARK } LexKind;

typedef struct Reader {
    Call          *c;
    GraphDocument *d;
    uint32_t       at; /* behind the token at hand */
    uint8_t        kind;
    Str            now;   /* its text; of a string the content */
    uint32_t       place; /* where it begins */
    uint32_t       rooms[6];
} Reader;

Fail graphql_fail(Call *c, const GraphDocument *d, uint32_t place, Fail kind,
                  const char *format, ...)
{
    uint32_t line, column;
    va_list  args;
    Str      text;

    va_start(args, format);
    text = arena_vprintf(c->arena, format, args);
    va_end(args);
    json_place(d->text, place, &line, &column);
    return fail_at(c, kind, (Str){ 0 }, line, column, "GraphQL: %.*s", STR_ARG(text));
}

static Fail syntax(Reader *r, const char *what)
{
    return graphql_fail(r->c, r->d, r->place, FAIL_SYNTAX, "%s", what);
}

/* ---- growing arrays ---- */

typedef enum Row {
    ROW_NODE,
    ROW_VALUE,
    ROW_ARGUMENT,
    ROW_DIRECTIVE,
    ROW_VARIABLE,
    ROW_PART
} Row;

static void *grown(Reader *r, Row row, void *array, uint32_t count, size_t size)
{
    uint32_t *room = &r->rooms[row];

    if (count < *room)
        return array;
    array = arena_grow(r->c->arena, array, *room * size, (*room ? *room * 2 : AT_FIRST) * size);
    *room = *room ? *room * 2 : AT_FIRST;
    return array;
}

#define ADD(r, row, array, count, ...)                                                         \
    ((r)->d->array = grown(r, row, (r)->d->array, (r)->d->count, sizeof *(r)->d->array),       \
     (r)->d->array[(r)->d->count] = __VA_ARGS__, (r)->d->count++)

/* ---- tokens ---- */

static bool is_letter(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_';
}

static bool is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

/* White space, commas, a byte order mark and comments mean nothing. */
static void skip_ignored(Reader *r)
{
    Str s = r->d->text;

    while (r->at < s.len) {
        char ch = s.at[r->at];

        if (ch == '#') {
            while (r->at < s.len && s.at[r->at] != '\n' && s.at[r->at] != '\r')
                r->at++;
        } else if (ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r' || ch == ',') {
            r->at++;
        } else if (str_starts(str_skip(s, r->at), STR("\xEF\xBB\xBF"))) {
            r->at += 3;
        } else {
            break;
        }
    }
}

/* A string's escapes are those of JSON: its reader takes them apart. */
static Fail take_string(Reader *r)
{
    Str      s = r->d->text;
    uint32_t from = r->at++, issues = r->c->issue_count;
    Json     json;

    if (str_starts(str_skip(s, from), STR("\"\"\"")))
        return syntax(r, "texts in three quotes are not understood");
    while (r->at < s.len && s.at[r->at] != '"' && s.at[r->at] != '\n')
        r->at += s.at[r->at] == '\\' ? 2 : 1;
    if (r->at >= s.len || s.at[r->at] != '"')
        return syntax(r, "this text is not closed");
    r->at++;
    if (json_parse(r->c, str_slice(s, from, r->at), 4, &json) != OK) {
        call_forget_issues(r->c, issues);
        return syntax(r, "this text holds what is no character or escape");
    }
    r->kind = LEX_STRING;
    r->now = json.values[0].text;
    return OK;
}

static void take_while(Reader *r, bool number)
{
    Str      s = r->d->text;
    uint32_t from = r->at++;

    while (r->at < s.len
           && (is_letter(s.at[r->at]) || is_digit(s.at[r->at])
               || (number && memchr("+-.", s.at[r->at], 3))))
        r->at++;
    r->kind = number ? LEX_NUMBER : LEX_NAME;
    r->now = str_slice(s, from, r->at);
}

static Fail next(Reader *r)
{
    Str  s = r->d->text;
    char ch;

    skip_ignored(r);
    r->place = r->at;
    r->now = (Str){ 0 };
    r->kind = LEX_END;
    if (r->at >= s.len)
        return OK;
    ch = s.at[r->at];
    if (ch == '"')
        return take_string(r);
    if (is_letter(ch) || is_digit(ch) || ch == '-') {
        take_while(r, !is_letter(ch));
        return OK;
    }
    r->kind = LEX_MARK;
    r->now = str_slice(s, r->at, r->at + (str_starts(str_skip(s, r->at), STR("...")) ? 3 : 1));
    if (r->now.len == 1 && !memchr("{}()[]:!$@=", ch, 11))
        return syntax(r, "this character means nothing here");
    r->at += (uint32_t)r->now.len;
    return OK;
}

static bool at_mark(const Reader *r, const char *mark)
{
    return r->kind == LEX_MARK && str_equal(r->now, str_from(mark));
}

static bool at_word(const Reader *r, const char *word)
{
    return r->kind == LEX_NAME && str_equal(r->now, str_from(word));
}

static Fail expect(Reader *r, const char *mark, const char *complaint)
{
    return at_mark(r, mark) ? next(r) : syntax(r, complaint);
}

static Fail take_name(Reader *r, Str *out)
{
    if (r->kind != LEX_NAME)
        return syntax(r, "a name must stand here");
    *out = r->now;
    return next(r);
}

/* ---- values ---- */

static Fail take_plain(Reader *r)
{
    GraphValue v = { .kind = GRAPH_TEXT, .text = r->now };

    if (at_mark(r, "$")) {
        TRY(next(r));
        v.kind = GRAPH_VARIABLE;
        TRY(take_name(r, &v.text));
        ADD(r, ROW_VALUE, values, value_count, v);
        return OK;
    }
    switch (r->kind) {
    case LEX_STRING: break;
    case LEX_NUMBER: v.kind = GRAPH_NUMBER; break;
    case LEX_NAME:
        if (at_word(r, "true") || at_word(r, "false"))
            v.kind = GRAPH_TRUTH;
        else if (at_word(r, "null"))
            v.kind = GRAPH_NOTHING;
        break;
    default: return syntax(r, "a value must stand here (objects are not understood)");
    }
    ADD(r, ROW_VALUE, values, value_count, v);
    return next(r);
}

/* A value, or a list of plain ones. */
static Fail take_value(Reader *r, uint32_t *out)
{
    uint32_t count = 0;

    *out = r->d->value_count;
    if (!at_mark(r, "["))
        return take_plain(r);
    TRY(next(r));
    ADD(r, ROW_VALUE, values, value_count, (GraphValue){ .kind = GRAPH_LIST });
    for (; !at_mark(r, "]"); count++)
        TRY(take_plain(r));
    r->d->values[*out].count = count;
    return next(r);
}

static Fail take_arguments(Reader *r, uint32_t *from, uint32_t *count)
{
    *from = r->d->argument_count;
    *count = 0;
    if (!at_mark(r, "("))
        return OK;
    TRY(next(r));
    while (!at_mark(r, ")")) {
        GraphArgument a = { 0 };

        TRY(take_name(r, &a.name));
        TRY(expect(r, ":", "a ':' must stand behind the name of an argument"));
        TRY(take_value(r, &a.value));
        ADD(r, ROW_ARGUMENT, arguments, argument_count, a);
        ++*count;
    }
    return next(r);
}

static Fail take_directives(Reader *r, uint32_t *from, uint32_t *count)
{
    *from = r->d->directive_count;
    *count = 0;
    while (at_mark(r, "@")) {
        GraphDirective v = { 0 };

        TRY(next(r));
        TRY(take_name(r, &v.name));
        TRY(take_arguments(r, &v.argument, &v.argument_count));
        ADD(r, ROW_DIRECTIVE, directives, directive_count, v);
        ++*count;
    }
    return OK;
}

/* ---- selections ---- */

static Fail take_fragment_use(Reader *r, GraphNode *n)
{
    TRY(next(r));
    n->kind = GRAPH_INLINE;
    if (at_word(r, "on")) {
        TRY(next(r));
        TRY(take_name(r, &n->name));
    } else if (r->kind == LEX_NAME) {
        n->kind = GRAPH_SPREAD;
        TRY(take_name(r, &n->name));
    }
    return take_directives(r, &n->directive, &n->directive_count);
}

static Fail take_field(Reader *r, GraphNode *n)
{
    TRY(take_name(r, &n->name));
    n->alias = n->name;
    if (at_mark(r, ":")) {
        TRY(next(r));
        TRY(take_name(r, &n->name));
    }
    TRY(take_arguments(r, &n->argument, &n->argument_count));
    return take_directives(r, &n->directive, &n->directive_count);
}

/* From '{' to its '}'. */
static Fail take_selections(Reader *r, uint32_t *from, uint32_t *to)
{
    uint32_t open[LIMIT_JSON_DEPTH];
    uint32_t depth = 0;

    *from = r->d->node_count;
    TRY(expect(r, "{", "a '{' must stand here"));
    for (;;) {
        GraphNode n = { .place = r->place };
        uint32_t  at = r->d->node_count;

        if (at_mark(r, "}")) {
            TRY(next(r));
            if (!depth)
                break;
            r->d->nodes[open[--depth]].after = at;
            continue;
        }
        TRY(at_mark(r, "...") ? take_fragment_use(r, &n) : take_field(r, &n));
        n.after = at + 1;
        ADD(r, ROW_NODE, nodes, node_count, n);
        if (at_mark(r, "{")) {
            if (depth == LIMIT_JSON_DEPTH || n.kind == GRAPH_SPREAD)
                return syntax(r, "no more can be opened here");
            open[depth++] = at;
            TRY(next(r));
        } else if (n.kind == GRAPH_INLINE) {
            return syntax(r, "an inline fragment needs selections");
        }
    }
    *to = r->d->node_count;
    return *to > *from ? OK : syntax(r, "a query selects something");
}

/* ---- definitions ---- */

/* "[String!]!": only whether it must be given is looked at. */
static Fail take_type(Reader *r, bool *required)
{
    uint32_t lists = 0;
    Str      name;

    for (; at_mark(r, "["); lists++) {
        if (lists == LISTS_OPEN)
            return syntax(r, "too many lists in each other");
        TRY(next(r));
    }
    TRY(take_name(r, &name));
    for (;;) {
        *required = at_mark(r, "!");
        if (*required)
            TRY(next(r));
        if (!lists--)
            return OK;
        TRY(expect(r, "]", "a ']' is missing"));
    }
}

static Fail take_variables(Reader *r, GraphPart *part)
{
    part->variable = r->d->variable_count;
    if (!at_mark(r, "("))
        return OK;
    TRY(next(r));
    while (!at_mark(r, ")")) {
        GraphVariable v = { 0 };

        TRY(expect(r, "$", "a variable begins with '$'"));
        TRY(take_name(r, &v.name));
        TRY(expect(r, ":", "a ':' and a type must stand behind a variable"));
        TRY(take_type(r, &v.required));
        if (at_mark(r, "=")) {
            TRY(next(r));
            TRY(take_value(r, &v.value));
            v.required = false;
        }
        ADD(r, ROW_VARIABLE, variables, variable_count, v);
        part->variable_count++;
    }
    return next(r);
}

static Fail take_part(Reader *r)
{
    GraphPart part = { 0 };
    uint32_t  from, count;

    if (at_word(r, "mutation") || at_word(r, "subscription"))
        return graphql_fail(r->c, r->d, r->place, FAIL_NOT_SUPPORTED,
                            "only queries are carried out");
    if (at_word(r, "fragment")) {
        TRY(next(r));
        TRY(take_name(r, &part.name));
        if (!at_word(r, "on"))
            return syntax(r, "'on' and a type must stand here");
        TRY(next(r));
        TRY(take_name(r, &part.on));
    } else if (!at_mark(r, "{")) {
        if (!at_word(r, "query"))
            return syntax(r, "a query or a fragment must stand here");
        TRY(next(r));
        if (r->kind == LEX_NAME)
            TRY(take_name(r, &part.name));
        TRY(take_variables(r, &part));
    }
    TRY(take_directives(r, &from, &count));
    if (count)
        return syntax(r, "directives stand at fields");
    TRY(take_selections(r, &part.from, &part.to));
    ADD(r, ROW_PART, parts, part_count, part);
    return OK;
}

Fail graphql_parse(Call *c, Str text, GraphDocument *out)
{
    GraphDocument d = { .text = text };
    Reader        r = { .c = c, .d = &d };

    if (text.len > LIMIT_QUERY_BYTES)
        return fail(c, FAIL_TOO_COSTLY, STR("query"), "a query may have %d bytes at most",
                    LIMIT_QUERY_BYTES);
    ADD(&r, ROW_VALUE, values, value_count, (GraphValue){ 0 });
    TRY(next(&r));
    do
        TRY(take_part(&r));
    while (r.kind != LEX_END);
    *out = d;
    return OK;
}

Fail graphql_query(Call *c, const GraphDocument *d, Str name, const GraphPart **out)
{
    *out = NULL;
    for (uint32_t i = 0; i < d->part_count; i++) {
        const GraphPart *part = &d->parts[i];

        if (part->on.len || (name.len && !str_equal(part->name, name)))
            continue;
        if (*out)
            return fail(c, FAIL_VALUE, STR("operationName"),
                        "which of several queries is meant must be said");
        *out = part;
    }
    return *out ? OK : fail(c, FAIL_VALUE, STR("operationName"), "there is no such query");
}

const GraphPart *graphql_fragment(const GraphDocument *d, Str name)
{
    for (uint32_t i = 0; i < d->part_count; i++)
        if (d->parts[i].on.len && str_equal(d->parts[i].name, name))
            return &d->parts[i];
    return NULL;
}
