/*
 * $graphql: queries over one resource or over all that the caller may read and search for. What is under
 * way is a stack of selections, each with what it is asked of and the object that its fields go to.
 * R4 graphql.html; https://spec.graphql.org/October2021/#sec-Execution
 */
#include "interaction/graphql.h"

#include "base/limits.h"

/* A stretch of selections that is being carried out. */
typedef struct Frame {
    uint32_t     at, end;
    GraphSource  source;
    GraphObject *target;
    bool         list;   /* its fields are lists, because a list was flattened */
    Str          suffix; /* of their names: @slice */
    uint32_t     depth;
} Frame;

typedef struct Run {
    Graph   *g;
    Frame   *frames;
    uint32_t count, room;
    uint32_t work;
} Run;

/* ---- arguments ---- */

static bool json_scalar(const JsonValue *v)
{
    return v->kind == JSON_STRING || v->kind == JSON_NUMBER || v->kind == JSON_TRUE
           || v->kind == JSON_FALSE;
}

static void put_part(Buf *out, Str text)
{
    if (out->len)
        buf_put_char(out, ',');
    buf_put(out, text);
}

/* What was sent for a variable. */
static Fail sent_text(const Graph *g, uint32_t at, uint32_t place, Str *out, bool *there)
{
    const JsonValue *v = g->variables.values;
    Buf              all;

    *there = v[at].kind != JSON_NULL;
    *out = v[at].text;
    if (!*there || json_scalar(&v[at]))
        return OK;
    if (v[at].kind != JSON_ARRAY)
        return graphql_fail(g->c, &g->d, place, FAIL_VALUE,
                            "a variable is a plain value or a list of them");
    all = buf_new(g->c->arena, 64);
    for (uint32_t i = at + 1; i < v[at].after; i = v[i].after) {
        if (!json_scalar(&v[i]))
            return graphql_fail(g->c, &g->d, place, FAIL_VALUE,
                                "a variable is a plain value or a list of them");
        put_part(&all, v[i].text);
    }
    *out = buf_str(&all);
    return OK;
}

static Fail plain_text(const Graph *g, uint32_t value, uint32_t place, Str *out, bool *there)
{
    const GraphValue *v = &g->d.values[value];
    uint32_t          at;

    *there = v->kind != GRAPH_NOTHING;
    *out = v->text;
    if (v->kind != GRAPH_VARIABLE)
        return OK;
    for (uint32_t i = 0; i < g->query->variable_count; i++) {
        const GraphVariable *known = &g->d.variables[g->query->variable + i];

        if (!str_equal(known->name, v->text))
            continue;
        at = g->variables.source.len ? json_member(&g->variables, 0, v->text) : 0;
        if (at)
            return sent_text(g, at, place, out, there);
        if (known->required)
            return graphql_fail(g->c, &g->d, place, FAIL_REQUIRED,
                                "the variable %.*s must be given", STR_ARG(v->text));
        v = &g->d.values[known->value];
        *there = v->kind != GRAPH_NOTHING;
        *out = v->text;
        return v->kind == GRAPH_LIST || v->kind == GRAPH_VARIABLE
                   ? graphql_fail(g->c, &g->d, place, FAIL_NOT_SUPPORTED,
                                  "a list cannot stand in for a variable that is not given")
                   : OK;
    }
    return graphql_fail(g->c, &g->d, place, FAIL_VALUE, "there is no variable %.*s",
                        STR_ARG(v->text));
}

Fail graph_text(const Graph *g, uint32_t value, uint32_t place, Str *out, bool *there)
{
    uint32_t count = g->d.values[value].count;
    Buf      all;

    if (g->d.values[value].kind != GRAPH_LIST)
        return plain_text(g, value, place, out, there);
    all = buf_new(g->c->arena, 64);
    for (uint32_t i = 1; i <= count; i++) {
        Str text;

        TRY(plain_text(g, value + i, place, &text, there));
        if (*there)
            put_part(&all, text);
    }
    *there = all.len > 0;
    *out = buf_str(&all);
    return OK;
}

static Fail argument_of(const Graph *g, uint32_t from, uint32_t count, uint32_t place, Str name,
                        Str *out, bool *there)
{
    *there = false;
    *out = (Str){ 0 };
    for (uint32_t i = from; i < from + count; i++)
        if (str_equal(g->d.arguments[i].name, name))
            return graph_text(g, g->d.arguments[i].value, place, out, there);
    return OK;
}

Fail graph_argument(const Graph *g, const GraphNode *n, Str name, Str *out, bool *there)
{
    return argument_of(g, n->argument, n->argument_count, n->place, name, out, there);
}

/* ---- directives ---- */

typedef struct GraphMarks {
    bool leave_out, flatten, first, singleton, slice;
    Str  path; /* of @slice */
} GraphMarks;

static Fail take_condition(const Graph *g, const GraphNode *n, const GraphDirective *d,
                           bool *out)
{
    Str  text;
    bool there;

    TRY(argument_of(g, d->argument, d->argument_count, n->place, STR("if"), &text, &there));
    *out = str_equal(text, STR("true"));
    if (!there || (!*out && !str_equal(text, STR("false"))))
        return graphql_fail(g->c, &g->d, n->place, FAIL_REQUIRED,
                            "@include and @skip need 'if', true or false");
    return OK;
}

static Fail take_directive(const Graph *g, const GraphNode *n, const GraphDirective *d,
                           GraphMarks *out)
{
    bool condition;

    if (str_equal(d->name, STR("include")) || str_equal(d->name, STR("skip"))) {
        TRY(take_condition(g, n, d, &condition));
        out->leave_out |= condition == (d->name.len == 4);
    } else if (str_equal(d->name, STR("flatten"))) {
        out->flatten = true;
    } else if (str_equal(d->name, STR("first"))) {
        out->first = true;
    } else if (str_equal(d->name, STR("singleton"))) {
        out->singleton = true;
    } else if (str_equal(d->name, STR("slice"))) {
        TRY(argument_of(g, d->argument, d->argument_count, n->place, STR("path"), &out->path,
                        &out->slice));
        if (!out->slice)
            return graphql_fail(g->c, &g->d, n->place, FAIL_REQUIRED, "@slice needs a path");
    } else {
        return graphql_fail(g->c, &g->d, n->place, FAIL_NOT_SUPPORTED,
                            "there is no directive @%.*s", STR_ARG(d->name));
    }
    return OK;
}

static Fail take_directives(const Graph *g, const GraphNode *n, GraphMarks *out)
{
    *out = (GraphMarks){ 0 };
    for (uint32_t i = n->directive; i < n->directive + n->directive_count; i++)
        TRY(take_directive(g, n, &g->d.directives[i], out));
    return OK;
}

/* ---- fields ---- */

static Fail push(Run *r, Frame frame)
{
    if (frame.depth > GRAPH_DEPTH || ++r->work > LIMIT_JSON_NODES)
        return fail(r->g->c, FAIL_TOO_COSTLY, (Str){ 0 },
                    "the query goes too deep, or gives too much");
    if (r->count == r->room) {
        uint32_t room = r->room ? r->room * 2 : 32;

        r->frames = arena_grow(r->g->c->arena, r->frames, r->room * sizeof *r->frames,
                               room * sizeof *r->frames);
        r->room = room;
    }
    r->frames[r->count++] = frame;
    return OK;
}

/* What tells one source from another: fields of the same one are not repeated. */
static const void *identity(const GraphSource *s)
{
    return s->kind == GRAPH_NODE || s->kind == GRAPH_EDGE
               ? (const void *)&s->tree->nodes[s->node]
               : (const void *)s->page;
}

static Str field_name(const Run *r, const Frame *f, const GraphNode *n)
{
    return f->suffix.len
               ? arena_printf(r->g->c->arena, "%.*s%.*s", STR_ARG(n->alias), STR_ARG(f->suffix))
               : n->alias;
}

static Fail same_arguments(const Graph *g, const GraphNode *one, const GraphNode *other,
                           bool *out)
{
    *out = one->argument_count == other->argument_count;
    for (uint32_t i = one->argument; *out && i < one->argument + one->argument_count; i++) {
        const GraphArgument *argument = &g->d.arguments[i];
        Str                  here, there;
        bool                 given_here, given_there;

        TRY(graph_text(g, argument->value, one->place, &here, &given_here));
        TRY(graph_argument(g, other, argument->name, &there, &given_there));
        *out = given_here == given_there && str_equal(here, there);
    }
    return OK;
}

static Fail asks_differently(const Graph *g, const GraphNode *n)
{
    return graphql_fail(g->c, &g->d, n->place, FAIL_VALUE,
                        "'%.*s' is asked for twice, and not in the same way: give one of them "
                        "another name",
                        STR_ARG(n->alias));
}

/* Selections of one response name must ask for the same: GraphQL 5.3.2. */
static Fail check_same(const Graph *g, const GraphNode *n, const GraphNode *before)
{
    GraphMarks one, other;
    bool       same;

    if (n == before)
        return OK;
    TRY(take_directives(g, n, &one));
    TRY(take_directives(g, before, &other));
    TRY(same_arguments(g, n, before, &same));
    return same && str_equal(n->name, before->name) && one.first == other.first
                   && one.singleton == other.singleton
               ? OK
               : asks_differently(g, n);
}

/* The field that a selection's values go to; NULL: it has given the same values already. */
static Fail open_field(Run *r, const Frame *f, const GraphNode *n, Str name, bool list,
                       bool objects, GraphField **out)
{
    Graph      *g = r->g;
    GraphField *field = graph_field(f->target, name);
    const void *from = identity(&f->source);

    if (!field) {
        field = graph_field_new(g->c->arena, f->target, name, list);
    } else if (field->from == from && !objects) {
        *out = NULL;
        return field->own ? asks_differently(g, n) : check_same(g, n, field->asked);
    } else if (field->from == from) { /* slices of one name */
        if (field->asked != n)
            return asks_differently(g, n);
        field->list = true;
    } else if (!field->list && field->first) {
        return graphql_fail(g->c, &g->d, n->place, FAIL_UNPROCESSABLE,
                            "the field %.*s, which is to have one value, has several",
                            STR_ARG(name));
    }
    if (field->from != from)
        field->own = NULL;
    field->from = from;
    field->asked = n;
    *out = field;
    return OK;
}

static void add_object(Run *r, GraphField *field, const GraphSource *of, GraphObject *object)
{
    GraphSource *source = NEW(r->g->c->arena, GraphSource);
    GraphItem   *item = graph_item_new(r->g->c->arena, field, (Str){ 0 }, object);

    *source = *of;
    item->source = source;
    if (!field->own)
        field->own = item;
}

static Fail check_clock(const Run *r, uint32_t i)
{
    return i % 64 == 0 && call_late(r->g->c)
               ? fail(r->g->c, FAIL_TIMEOUT, (Str){ 0 }, "the query takes too long")
               : OK;
}

/* Frames are carried out from the last, and so the first of them first. */
static void reverse(Run *r, uint32_t first)
{
    for (uint32_t last = r->count; first + 1 < last; first++, last--) {
        Frame swap = r->frames[first];

        r->frames[first] = r->frames[last - 1];
        r->frames[last - 1] = swap;
    }
}

/* What was found for a selection of the same name before is asked for more: GraphQL 6.4.3. */
static Fail give_more(Run *r, const Frame *f, const GraphNode *n, const GraphField *field)
{
    uint32_t inside = (uint32_t)(n - r->g->d.nodes) + 1, first = r->count, i = 0;

    TRY(check_same(r->g, n, field->asked));
    if (n->after == inside)
        return graphql_fail(r->g->c, &r->g->d, n->place, FAIL_VALUE,
                            "of '%.*s' its fields must be selected", STR_ARG(n->name));
    for (const GraphItem *item = field->own; item; item = item->next) {
        TRY(check_clock(r, i++));
        TRY(push(r, (Frame){ .at = inside,
                             .end = n->after,
                             .source = *item->source,
                             .target = item->object,
                             .depth = f->depth + 1 }));
    }
    reverse(r, first);
    return OK;
}

/* The path of @slice; NULL: there is none, or it is the index. */
static Fail compile_slice(Run *r, const GraphMarks *d, const PathProgram **out)
{
    *out = NULL;
    return d->slice && !str_equal(d->path, STR("$index"))
               ? path_compile(r->g->c, r->g->c->arena, d->path, out)
               : OK;
}

static Fail slice_name(Run *r, const PathProgram *program, const GraphSource *item, uint32_t i,
                       Str before, Str *out)
{
    Graph     *g = r->g;
    PathValues values;
    Resource   of = { .tree = item->tree };

    if (!program) {
        *out = arena_printf(g->c->arena, "%.*s.%u", STR_ARG(before), i);
        return OK;
    }
    TRY(path_run_node(g->c, program, &of, item->node, &values));
    if (values.count != 1)
        return fail(g->c, FAIL_UNPROCESSABLE, (Str){ 0 },
                    "GraphQL: the path of @slice must give one value for each item");
    *out = arena_printf(g->c->arena, "%.*s.%.*s", STR_ARG(before),
                        STR_ARG(path_text(g->c, values.at[0])));
    return OK;
}

static Fail give_objects(Run *r, const Frame *f, const GraphNode *n, const GraphMarks *d,
                         const GraphFound *found, bool list)
{
    Arena             *a = r->g->c->arena;
    uint32_t           inside = (uint32_t)(n - r->g->d.nodes) + 1, first = r->count;
    const PathProgram *slice;
    GraphField        *field = NULL;

    TRY(compile_slice(r, d, &slice));
    for (uint32_t i = 0; i < found->count; i++) {
        Frame inner = { inside,    n->after,    found->at[i], f->target, list && !d->slice,
                        f->suffix, f->depth + 1 };

        TRY(check_clock(r, i));
        if (d->slice)
            TRY(slice_name(r, slice, &found->at[i], i, f->suffix, &inner.suffix));
        if (!d->flatten) {
            if (!field || d->slice || !list)
                TRY(open_field(r, f, n, field_name(r, &inner, n), list && !d->slice, true,
                               &field));
            inner.target = NEW(a, GraphObject);
            add_object(r, field, &found->at[i], inner.target);
            inner.list = false;
            inner.suffix = (Str){ 0 };
        }
        TRY(push(r, inner));
    }
    reverse(r, first);
    return OK;
}

static Fail give_scalars(Run *r, const Frame *f, const GraphNode *n, const GraphFound *found,
                         bool list)
{
    Arena      *a = r->g->c->arena;
    GraphField *field;

    if (found->count == 0)
        return OK;
    if (!list && found->count > 1)
        return graphql_fail(r->g->c, &r->g->d, n->place, FAIL_UNPROCESSABLE,
                            "the field %.*s, which is to have one value, has several",
                            STR_ARG(n->alias));
    TRY(open_field(r, f, n, field_name(r, f, n), list, false, &field));
    for (uint32_t i = 0; field && i < found->count; i++)
        graph_item_new(a, field, found->at[i].json, NULL);
    return OK;
}

static Fail give_field(Run *r, const Frame *f, const GraphNode *n, const GraphMarks *d)
{
    Graph            *g = r->g;
    bool              inside = n->after > (uint32_t)(n - g->d.nodes) + 1, list;
    const GraphField *before =
        d->flatten || d->slice ? NULL : graph_field(f->target, field_name(r, f, n));
    GraphFound found;

    if (before && before->own && before->from == identity(&f->source))
        return give_more(r, f, n, before);
    TRY(graph_find(g, n, &f->source, &found));
    if (found.objects != inside)
        return graphql_fail(g->c, &g->d, n->place, FAIL_VALUE,
                            inside ? "'%.*s' has no fields of its own"
                                   : "of '%.*s' its fields must be selected",
                            STR_ARG(n->name));
    if (d->first && found.count > 1)
        found.count = 1;
    list = (found.many || f->list) && !d->singleton;
    if (!found.objects)
        return give_scalars(r, f, n, &found, list);
    if (!list && !d->flatten && !d->slice && found.count > 1)
        return graphql_fail(g->c, &g->d, n->place, FAIL_UNPROCESSABLE,
                            "the field %.*s, which is to have one value, has several",
                            STR_ARG(n->alias));
    return give_objects(r, f, n, d, &found, list);
}

static bool type_fits(const Frame *f, Str type)
{
    if (type.len == 0)
        return true;
    if (f->source.kind == GRAPH_SYSTEM)
        return str_equal(type, STR("Query"));
    return f->source.kind != GRAPH_PAGE && f->source.kind != GRAPH_EDGE
           && path_type_is(f->source.tree->nodes[f->source.node].type, type);
}

/* The selections of a fragment, asked of the same. */
static Fail give_fragment(Run *r, const Frame *f, const GraphNode *n)
{
    Graph *g = r->g;
    Frame  inner = *f;
    Str    type = n->name;

    inner.at = (uint32_t)(n - g->d.nodes) + 1;
    inner.end = n->after;
    inner.depth = f->depth + 1;
    if (n->kind == GRAPH_SPREAD) {
        const GraphPart *part = graphql_fragment(&g->d, n->name);

        if (!part)
            return graphql_fail(g->c, &g->d, n->place, FAIL_VALUE,
                                "there is no fragment '%.*s'", STR_ARG(n->name));
        type = part->on;
        inner.at = part->from;
        inner.end = part->to;
    }
    return type_fits(f, type) ? push(r, inner) : OK;
}

static Fail carry_out(Run *r)
{
    while (r->count) {
        Frame           *top = &r->frames[r->count - 1];
        const GraphNode *n;
        GraphMarks       d;
        Frame            f;

        if (top->at == top->end) {
            r->count--;
            continue;
        }
        if (call_late(r->g->c))
            return fail(r->g->c, FAIL_TIMEOUT, (Str){ 0 }, "the query takes too long");
        n = &r->g->d.nodes[top->at];
        top->at = n->after;
        f = *top;
        TRY(take_directives(r->g, n, &d));
        if (d.leave_out)
            continue;
        TRY(n->kind == GRAPH_FIELD ? give_field(r, &f, n, &d) : give_fragment(r, &f, n));
    }
    return OK;
}

/* ---- what is asked ---- */

typedef struct Wanted {
    Str query, operation, variables;
} Wanted;

static Fail take_query(Call *c, Str name, Str value, void *into)
{
    (void)c, (void)name;
    ((Wanted *)into)->query = value;
    return OK;
}

static Fail take_operation(Call *c, Str name, Str value, void *into)
{
    (void)c, (void)name;
    ((Wanted *)into)->operation = value;
    return OK;
}

static Fail take_variables(Call *c, Str name, Str value, void *into)
{
    (void)c, (void)name;
    ((Wanted *)into)->variables = value;
    return OK;
}

static const ParamRow param_rows[] = {
    { STR_INIT("query"), take_query },
    { STR_INIT("operationName"), take_operation },
    { STR_INIT("variables"), take_variables },
};

static Fail read_body(Call *c, const Asked *asked, Wanted *w)
{
    Json     json;
    uint32_t variables;

    if (asked->method != HTTP_POST || !asked->body.len)
        return OK;
    if (str_equal_ascii_nocase(asked->body_type, STR("application/graphql"))) {
        w->query = asked->body;
        return OK;
    }
    TRY(json_parse(c, asked->body, LIMIT_JSON_NODES, &json));
    w->query = json_member_text(&json, 0, STR("query"));
    w->operation = json_member_text(&json, 0, STR("operationName"));
    variables = json_member(&json, 0, STR("variables"));
    if (variables && json.values[variables].kind != JSON_NULL)
        w->variables =
            str_slice(asked->body, json.values[variables].from, json.values[variables].to);
    return OK;
}

static Fail read_wanted(Graph *g)
{
    const Asked *asked = g->turn->asked;
    Wanted       w = { 0 };

    TRY(params_take(g->c, asked, param_rows, COUNT(param_rows), &w));
    TRY(read_body(g->c, asked, &w));
    if (!w.query.len)
        return fail(g->c, FAIL_REQUIRED, STR("query"), "There is no query");
    if (w.variables.len) {
        TRY(json_parse(g->c, w.variables, LIMIT_JSON_NODES, &g->variables));
        if (g->variables.values[0].kind != JSON_OBJECT)
            return fail(g->c, FAIL_STRUCTURE, STR("variables"), "The variables are an object");
    }
    TRY(graphql_parse(g->c, w.query, &g->d));
    return graphql_query(g->c, &g->d, w.operation, &g->query);
}

Fail graphql_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    Graph        g = { .c = c, .s = s, .turn = turn, .answer = answer };
    Run          r = { .g = &g };
    GraphObject *root = NEW(c->arena, GraphObject);
    Frame        first = { .source = { .kind = GRAPH_SYSTEM }, .target = root };
    Buf          out = buf_new(c->arena, 4096);
    Permit       permit;

    if (turn->asked->in_bundle)
        return fail(c, FAIL_NOT_SUPPORTED, (Str){ 0 },
                    "GraphQL cannot be asked in a Bundle: what it gives is no resource");
    TRY(read_wanted(&g));
    if (turn->asked->type) {
        TRY(graph_permit(&g, DEED_READ, turn->asked->type, &permit));
        TRY(graph_read(&g, &permit, turn->asked->type, turn->asked->id, &first.source));
    }
    first.at = g.query->from;
    first.end = g.query->to;
    TRY(push(&r, first));
    TRY(carry_out(&r));
    buf_put(&out, STR("{\"data\":"));
    graph_put(&out, root);
    buf_put_char(&out, '}');
    answer->status = 200;
    answer->raw_type = STR("application/json");
    answer->body = buf_str(&out);
    return OK;
}
