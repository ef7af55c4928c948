/*
 * The machine of FHIRPath: steps, loops and their frames. See fhirpath_machine.h for how values and
 * spans lie.
 */
#include "base/ensure.h"
#include "fhir/fhirpath_machine.h"

Fail path_fail(PathMachine *m, const char *format, ...)
{
    uint32_t line, column;
    va_list  args;
    Str      text;

    va_start(args, format);
    text = arena_vprintf(m->call->arena, format, args);
    va_end(args);
    json_place(m->program->expression, m->step->place, &line, &column);
    return fail_at(m->call, FAIL_UNPROCESSABLE, (Str){ 0 }, line, column, "FHIRPath: %.*s",
                   STR_ARG(text));
}

enum { STEPS_A_LOOK = 4096 }; /* at the clock */

Fail path_work(PathMachine *m, uint64_t steps)
{
    uint64_t most = m->context->steps_max ? m->context->steps_max : LIMIT_PATH_STEPS;

    m->work += steps;
    if (m->work > most || m->count > LIMIT_PATH_VALUES)
        return fail(m->call, FAIL_TOO_COSTLY, (Str){ 0 },
                    "the expression takes more steps or values than are allowed");
    if (m->work % STEPS_A_LOOK < steps && call_late(m->call))
        return fail(m->call, FAIL_TIMEOUT, (Str){ 0 }, "the expression takes too long");
    return OK;
}

void path_give(PathMachine *m, PathValue value)
{
    if (m->count == m->room) {
        m->values = arena_grow(m->call->arena, m->values, m->room * sizeof *m->values,
                               2 * (size_t)m->room * sizeof *m->values);
        m->room *= 2;
    }
    m->values[m->count++] = value;
}

/* --- spans ------------------------------------------------------------------------------- */

void path_push_span(PathMachine *m, uint32_t from)
{
    if (m->depth == m->span_room) {
        m->spans = arena_grow(m->call->arena, m->spans, m->span_room * sizeof *m->spans,
                              2 * (size_t)m->span_room * sizeof *m->spans);
        m->span_room *= 2;
    }
    m->spans[m->depth++] = (PathSpan){ from, m->count - from };
}

void path_push_value(PathMachine *m, PathValue value)
{
    path_give(m, value);
    path_push_span(m, m->count - 1);
}

/* What was given since `mark` takes the place of everything from `from` on. */
void path_settle(PathMachine *m, uint32_t from, uint32_t mark)
{
    uint32_t count = m->count - mark;

    if (mark != from && count)
        memmove(&m->values[from], &m->values[mark], count * sizeof *m->values);
    m->count = from + count;
}

PathFrame *path_frame(PathMachine *m)
{
    return &m->frames[m->frame_count - 1];
}

PathSpan *path_top_span(PathMachine *m)
{
    return &m->spans[m->depth - 1];
}

PathSpan path_pop_span(PathMachine *m)
{
    return m->spans[--m->depth];
}

/* Takes the topmost span with its values away. */
void path_drop_span(PathMachine *m)
{
    m->count = m->spans[--m->depth].from;
}

/* --- names ------------------------------------------------------------------------------- */

static Fail no_such_element(PathMachine *m, TypeId type, Str name)
{
    const Structure *s = structure(type);

    for (uint16_t i = 0; i < s->element_count; i++)
        if (str_equal(structure_element_at(type, i)->path, name))
            return OK;
    return path_fail(m, "%.*s has no element '%.*s'", STR_ARG(type_name(type)), STR_ARG(name));
}

/* The children of a value that have the name. */
static Fail give_members(PathMachine *m, PathValue v, Str name)
{
    const Node *nodes;
    uint32_t    before = m->count;

    if (v.kind == PATH_TYPE) {
        Str space, type;

        str_cut(v.text, '.', &space, &type);
        if (str_equal(name, STR("namespace")) || str_equal(name, STR("name")))
            path_give(m, path_string(name.len == 4 ? type : space));
        return OK;
    }
    if (v.kind != PATH_NODE)
        return OK;
    nodes = v.tree->nodes;
    for (uint32_t i = nodes[v.node].first; i; i = nodes[i].next) {
        m->work++;
        if (str_equal(nodes[i].element->path, name))
            path_give(m, path_node(v.tree, i));
    }
    if (m->count == before && m->context->strict)
        return no_such_element(m, nodes[v.node].type, name);
    return OK;
}

static Fail run_member(PathMachine *m)
{
    PathSpan of = path_pop_span(m);
    uint32_t mark = m->count;

    for (uint32_t i = 0; i < of.count; i++)
        TRY(give_members(m, m->values[of.from + i], m->step->value.text));
    path_settle(m, of.from, mark);
    path_push_span(m, of.from);
    return path_work(m, of.count + 1);
}

/* "Patient" of a Patient is the Patient; else the elements of that name. */
static Fail give_name(PathMachine *m, PathValue v)
{
    if (m->step->type && v.kind == PATH_NODE
        && path_type_is(v.tree->nodes[v.node].type, m->step->value.text)) {
        path_give(m, v);
        return OK;
    }
    return give_members(m, v, m->step->value.text);
}

/* The frame whose $this is meant: the start value of aggregate() is read as if outside. */
static const PathFrame *this_frame(const PathMachine *m)
{
    const PathFrame *f = &m->frames[m->frame_count - 1];

    while (f->starting)
        f--;
    return f;
}

static Fail run_name(PathMachine *m)
{
    const PathFrame *f = this_frame(m);
    uint32_t         mark = m->count;

    if (!f->whole) {
        TRY(give_name(m, f->item));
    } else {
        PathSpan items = f->items;

        for (uint32_t i = 0; i < items.count; i++)
            TRY(give_name(m, m->values[items.from + i]));
    }
    path_push_span(m, mark);
    return path_work(m, 1);
}

static void run_this(PathMachine *m)
{
    const PathFrame *f = this_frame(m);
    uint32_t         mark = m->count;
    PathSpan         items = f->items;

    if (!f->whole)
        path_give(m, f->item);
    else
        for (uint32_t i = 0; i < items.count; i++)
            path_give(m, m->values[items.from + i]);
    path_push_span(m, mark);
}

static void run_total(PathMachine *m)
{
    uint32_t mark = m->count;

    for (uint32_t i = m->frame_count; i-- > 0;)
        if (m->frames[i].loop == LOOP_AGGREGATE) {
            for (uint32_t j = 0; j < m->frames[i].total.count; j++)
                path_give(m, m->frames[i].totals[j]);
            break;
        }
    path_push_span(m, mark);
}

static const struct {
    Str name, text;
} constants[] = {
    { STR_INIT("sct"), STR_INIT("http://snomed.info/sct") },
    { STR_INIT("loinc"), STR_INIT("http://loinc.org") },
    { STR_INIT("ucum"), STR_INIT("http://unitsofmeasure.org") },
};

static const struct {
    Str prefix, url;
} families[] = {
    { STR_INIT("vs-"), STR_INIT("http://hl7.org/fhir/ValueSet/") },
    { STR_INIT("ext-"), STR_INIT("http://hl7.org/fhir/StructureDefinition/") },
};

static bool give_standard(PathMachine *m, Str name)
{
    for (size_t i = 0; i < COUNT(constants); i++)
        if (str_equal(name, constants[i].name)) {
            path_give(m, path_string(constants[i].text));
            return true;
        }
    for (size_t i = 0; i < COUNT(families); i++)
        if (str_starts(name, families[i].prefix)) {
            path_give(m, path_string(
                             arena_printf(m->call->arena, "%.*s%.*s", STR_ARG(families[i].url),
                                          STR_ARG(str_skip(name, families[i].prefix.len)))));
            return true;
        }
    return false;
}

static bool give_variable(PathMachine *m, Str name)
{
    const PathContext *x = m->context;

    for (uint32_t i = 0; i < x->variable_count; i++)
        if (str_equal(x->variables[i].name, name)) {
            for (uint32_t j = 0; j < x->variables[i].values.count; j++)
                path_give(m, x->variables[i].values.at[j]);
            return true;
        }
    if (str_equal(name, STR("context"))) {
        for (uint32_t i = 0; i < m->focus.count; i++)
            path_give(m, m->focus.at[i]);
        return true;
    }
    if (str_equal(name, STR("resource")) || str_equal(name, STR("rootResource"))) {
        PathValue v = name.len == 8 ? x->resource : x->root_resource;

        if (v.tree)
            path_give(m, v);
        return true;
    }
    return give_standard(m, name);
}

static bool is_standard(Str name)
{
    static const Str own[] = { STR_INIT("context"), STR_INIT("resource"),
                               STR_INIT("rootResource") };

    for (size_t i = 0; i < COUNT(own); i++)
        if (str_equal(name, own[i]))
            return true;
    for (size_t i = 0; i < COUNT(constants); i++)
        if (str_equal(name, constants[i].name))
            return true;
    for (size_t i = 0; i < COUNT(families); i++)
        if (str_starts(name, families[i].prefix))
            return true;
    return false;
}

bool path_knows_variables(const PathProgram *program, const PathVariable *variables,
                          uint32_t count, Str *unknown)
{
    for (uint32_t i = 0; i < program->count; i++) {
        Str      name = program->steps[i].value.text;
        uint32_t j = 0;

        if (program->steps[i].op != OP_VARIABLE || is_standard(name))
            continue;
        while (j < count && !str_equal(variables[j].name, name))
            j++;
        if (j == count) {
            *unknown = name;
            return false;
        }
    }
    return true;
}

static Fail run_variable(PathMachine *m)
{
    uint32_t mark = m->count;
    Str      name = m->step->value.text;

    if (!give_variable(m, name))
        return path_fail(m, "there is no variable '%.*s'", STR_ARG(name));
    path_push_span(m, mark);
    return path_work(m, 1);
}

/* --- calls ------------------------------------------------------------------------------- */

static Fail run_call(PathMachine *m)
{
    uint32_t spans = m->step->count, mark = m->count;
    PathSpan a[PATH_ARGUMENTS_MAX + 1] = { 0 };

    ENSURE(spans && spans <= COUNT(a) && m->depth >= spans);
    m->depth -= spans;
    memcpy(a, &m->spans[m->depth], spans * sizeof *a);
    TRY(m->step->function->run(m, a));
    path_settle(m, a[0].from, mark);
    path_push_span(m, a[0].from);
    return path_work(m, 1);
}

static Fail run_type(PathMachine *m)
{
    PathSpan a = path_pop_span(m);
    Str      name = m->step->value.text;
    uint32_t mark = m->count;

    /* as() picks from several, as ofType() does: R4's own invariants (dom-3) count on it */
    if (a.count > 1 && m->step->count < TYPE_TEST_OF
        && (m->step->count == TYPE_TEST_IS || !m->step->flag))
        return path_fail(m, "a single value is needed to ask for its type");
    for (uint32_t i = 0; i < a.count; i++) {
        PathValue v = path_at(m, &a, i);

        if (m->step->count == TYPE_TEST_KEY)
            path_give_key(m, v, name);
        else if (m->step->count == TYPE_TEST_IS)
            path_give(m, path_truth(path_is(v, name, false)));
        else if (path_is(v, name, true))
            path_give(m, v);
    }
    path_settle(m, a.from, mark);
    path_push_span(m, a.from);
    return path_work(m, a.count + 1);
}

/* Whether the left side of and, or, implies decides: it is the result then. */
static Fail run_short(PathMachine *m, bool *decided)
{
    bool truth, there;

    TRY(path_one_truth(m, path_top_span(m), &truth, &there));
    *decided = there && truth == (m->step->count == 1);
    if (!*decided)
        return OK;
    path_drop_span(m);
    path_push_value(m, path_truth(m->step->count != 0));
    return OK;
}

/* --- the whole --------------------------------------------------------------------------- */

static Fail run_step(PathMachine *m, uint32_t at, uint32_t *next)
{
    bool decided;

    switch (m->step->op) {
    case OP_THIS: run_this(m); return path_work(m, 1);
    case OP_INDEX: path_push_value(m, path_integer(path_frame(m)->index)); return OK;
    case OP_TOTAL: run_total(m); return OK;
    case OP_EMPTY: path_push_span(m, m->count); return OK;
    case OP_CONSTANT: path_push_value(m, m->step->value); return OK;
    case OP_VARIABLE: return run_variable(m);
    case OP_NAME: return run_name(m);
    case OP_MEMBER: return run_member(m);
    case OP_CALL: return run_call(m);
    case OP_TYPE: return run_type(m);
    case OP_SHORT:
        TRY(run_short(m, &decided));
        if (decided)
            *next = m->step->to;
        return OK;
    case OP_LOOP: return path_run_loop(m, at, next);
    case OP_BEGIN: return path_run_begin(m, at, next);
    case OP_KEY: return path_run_key(m);
    case OP_NEXT: return path_run_next(m, next);
    case OP_IIF: return path_run_iif(m);
    case OP_UNLESS: return path_run_unless(m, next);
    case OP_GO: *next = m->step->to; return OK;
    default: path_run_end_iif(m); return OK;
    }
}

enum { VALUES_AT_FIRST = 64, SPANS_AT_FIRST = 32 };

static void prepare(PathMachine *m, PathValues focus)
{
    Arena *a = m->call->arena;

    m->room = focus.count + VALUES_AT_FIRST;
    m->span_room = SPANS_AT_FIRST;
    m->values = arena_alloc_raw(a, m->room * sizeof *m->values);
    m->spans = arena_alloc_raw(a, m->span_room * sizeof *m->spans);
    m->frames = arena_alloc_raw(a, (m->program->depth + 1) * sizeof *m->frames);
    for (uint32_t i = 0; i < focus.count; i++)
        path_give(m, focus.at[i]);
    m->frames[0] = (PathFrame){ .whole = focus.count != 1, .items = { 0, focus.count } };
    if (focus.count == 1)
        m->frames[0].item = focus.at[0];
    m->frame_count = 1;
}

Fail path_run(Call *c, const PathProgram *program, PathContext *context, PathValues focus,
              PathValues *out)
{
    PathMachine m = { .call = c, .context = context, .program = program, .focus = focus };
    uint32_t    next;
    PathSpan    result;

    m.traces_end = &context->traces;
    while (*m.traces_end)
        m.traces_end = &(*m.traces_end)->next;
    prepare(&m, focus);
    for (uint32_t at = 0; at < program->count; at = next) {
        m.step = &program->steps[at];
        next = at + 1;
        TRY(run_step(&m, at, &next));
    }
    ENSURE(m.depth == 1 && m.frame_count == 1);
    result = path_pop_span(&m);
    *out = (PathValues){ &m.values[result.from], result.count };
    return OK;
}

Fail path_run_node(Call *c, const PathProgram *program, const Resource *resource, uint32_t node,
                   PathValues *out)
{
    PathValue   focus = path_node(resource->tree, node);
    PathContext context = { .resource = path_node(resource->tree, resource->root) };

    context.root_resource = context.resource;
    return path_run(c, program, &context, (PathValues){ &focus, 1 }, out);
}
