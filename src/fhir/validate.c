/*
 * The invariants of R4, gone through node by node, and all else that is asked of a resource: see
 * validate.h. An expression is compiled when
 * it is first needed and kept for the life of the process, for all threads.
 */
#include "fhir/validate.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "fhir/validation.h"

enum { CONSTRAINTS_MAX = 512, PROGRAMS_BYTES = 8 * 1024 * 1024 };

static _Atomic(const PathProgram *) programs[CONSTRAINTS_MAX];
static pthread_mutex_t              programs_lock = PTHREAD_MUTEX_INITIALIZER;

/* Compiles on arenas of its own, because the caller's may jump to its boundary while the lock is
 * held. The standard's expressions always compile. */
static const PathProgram *compile_kept(uint16_t number)
{
    static Arena      *kept, *scratch;
    const PathProgram *program;
    Call               call;

    if (!kept) {
        kept = arena_create(PROGRAMS_BYTES);
        scratch = arena_create(PROGRAMS_BYTES);
    }
    arena_reset(scratch);
    call_begin(&call, scratch);
    ENSURE(path_compile(&call, kept, constraints[number].expression, &program) == OK);
    return program;
}

/* The expression of a constraint, compiled when first needed. */
static const PathProgram *program_of(uint16_t number)
{
    const PathProgram *program = atomic_load_explicit(&programs[number], memory_order_acquire);

    if (program)
        return program;
    pthread_mutex_lock(&programs_lock);
    program = atomic_load_explicit(&programs[number], memory_order_acquire);
    if (!program) {
        program = compile_kept(number);
        atomic_store_explicit(&programs[number], program, memory_order_release);
    }
    pthread_mutex_unlock(&programs_lock);
    return program;
}

/* --- telling ----------------------------------------------------------------------------- */

/* Gives the issue noted last its place in the source. */
static void place_issue(Validation *v, uint32_t before, uint32_t node)
{
    Call            *c = v->call;
    const Node      *n = node_at(v->resource, node);
    const JsonValue *json = n->json ? n->json : n->extra;

    if (c->issue_count > before && json)
        json_place(v->resource->tree->json.source, json->from, &c->issues[before].line,
                   &c->issues[before].column);
}

void validation_note(Validation *v, uint32_t node, Grade grade, Fail kind, const char *format,
                     ...)
{
    Call    *c = v->call;
    uint32_t before = c->issue_count;
    va_list  args;
    Str      text;

    if (v->quiet) {
        v->broken = v->broken || grade == GRADE_ERROR;
        return;
    }
    if (grade == GRADE_ERROR && v->result == OK)
        v->result = kind;
    if (c->issue_count == LIMIT_ISSUES) { /* to say where costs time */
        c->issues_left_out++;
        return;
    }
    va_start(args, format);
    text = arena_vprintf(c->arena, format, args);
    va_end(args);
    if (grade == GRADE_ERROR)
        (void)fail(c, kind, node_expression(c->arena, v->resource, node), "%.*s",
                   STR_ARG(text));
    else
        warn(c, kind, node_expression(c->arena, v->resource, node), "%.*s", STR_ARG(text));
    place_issue(v, before, node);
    if (grade == GRADE_NOTE && c->issue_count > before)
        c->issues[before].note = true;
}

bool validation_first_time(Validation *v, Str url)
{
    enum { UNKNOWN_MAX = 64 };

    if (v->quiet)
        return false;
    for (uint32_t i = 0; i < v->unknown_count; i++)
        if (str_equal(v->unknown[i], url))
            return false;
    if (!v->unknown)
        v->unknown = NEW_ARRAY(v->call->arena, Str, UNKNOWN_MAX);
    if (v->unknown_count == UNKNOWN_MAX)
        return false;
    v->unknown[v->unknown_count++] = url;
    return true;
}

/* --- rules ------------------------------------------------------------------------------- */

/* The resource a node belongs to, and the one that contains that. */
static void set_resources(Validation *v, uint32_t node)
{
    const Tree *tree = v->resource->tree;
    uint32_t    holder = validation_resource_of(v, node), root = holder;

    if (holder && str_equal(tree->nodes[holder].element->name, STR("contained")))
        root = tree->nodes[holder].parent;
    v->context.resource = path_node(tree, holder);
    v->context.root_resource = path_node(tree, root);
}

/* What cannot be carried out (a value that cannot be compared …) is neither kept nor broken. */
static void note_unclear(Validation *v, uint32_t node, Str key, uint32_t before)
{
    Call *c = v->call;
    Str   why = c->issue_count > before ? arena_str(c->arena, c->issues[before].text)
                                        : STR("it cannot be read");

    call_forget_issues(c, before);
    validation_note(v, node, GRADE_WARNING, FAIL_NOT_SUPPORTED,
                    "rule %.*s could not be checked: %.*s", STR_ARG(key), STR_ARG(why));
}

static Fail run_rule(Validation *v, uint32_t node, Str key, Str human, bool warning,
                     const PathProgram *program)
{
    PathValue  focus = path_node(v->resource->tree, node);
    uint32_t   before = v->call->issue_count, calls = v->hook_calls;
    PathValues found;
    ArenaMark  mark = arena_mark(v->call->arena);
    Fail       result = FAIL_NOT_SUPPORTED;
    bool       holds;

    if (program)
        result = path_run(v->call, program, &v->context, (PathValues){ &focus, 1 }, &found);
    holds = result == OK && path_holds(found);
    v->context.traces = NULL;
    if (result == FAIL_TOO_COSTLY || result == FAIL_TIMEOUT)
        return result;
    if (result != OK)
        note_unclear(v, node, key, before);
    else if (!holds)
        validation_note(v, node, warning ? GRADE_WARNING : GRADE_ERROR, FAIL_INVARIANT,
                        "rule %.*s is broken: %.*s", STR_ARG(key), STR_ARG(human));
    else if (v->hook_calls == calls) /* else something that stays may lie there */
        arena_rewind(v->call->arena, mark);
    return OK;
}

Fail validation_rule(Validation *v, uint32_t node, Str key, Str human, bool warning,
                     const PathProgram *program)
{
    if (v->quiet && warning)
        return OK;
    set_resources(v, node);
    return run_rule(v, node, key, human, warning, program);
}

static Fail check_one(Validation *v, uint32_t node, uint16_t number)
{
    const Constraint *rule = &constraints[number];

    return run_rule(v, node, rule->key, rule->human, rule->warning, program_of(number));
}

/* The rules at the element, but for those of its type: a binary search. */
static Fail check_element(Validation *v, uint32_t node, const Element *e)
{
    uint16_t index = (uint16_t)(e - elements), low = 0, high = element_constraint_count;

    while (low < high) {
        uint16_t middle = (uint16_t)((low + high) / 2);

        if (element_constraints[middle].element < index)
            low = (uint16_t)(middle + 1);
        else
            high = middle;
    }
    for (; low < element_constraint_count && element_constraints[low].element == index; low++)
        TRY(check_one(v, node, element_constraints[low].constraint));
    return OK;
}

static Fail check_node(Validation *v, uint32_t node)
{
    const Node *n = node_at(v->resource, node);
    uint16_t    from = structure_constraints_from[n->type];
    uint16_t    to = structure_constraints_from[n->type + 1];

    set_resources(v, node);
    for (uint16_t i = from; i < to; i++)
        TRY(check_one(v, node, structure_constraints[i]));
    return n->element ? check_element(v, node, n->element) : OK;
}

static Fail check_time(const Validation *v)
{
    return call_late(v->call)
               ? fail(v->call, FAIL_TIMEOUT, (Str){ 0 }, "Validating takes too long")
               : OK;
}

static Fail check_nodes(Validation *v)
{
    ENSURE(constraint_count <= CONSTRAINTS_MAX);
    for (uint32_t node = 0; node < v->resource->tree->count; node++) {
        if (node % 256 == 0)
            TRY(check_time(v));
        TRY(check_node(v, node));
    }
    return OK;
}

Fail validate_invariants(Call *c, const Resource *resource)
{
    const ValidateOptions options = { 0 };
    Validation            v = { .call = c, .resource = resource, .options = &options };

    TRY(check_nodes(&v));
    return v.result;
}

/* --- what rules ask of others ------------------------------------------------------------ */

static Fail ask_member(Call *c, void *context, const PathValue *coded, Str value_set,
                       bool *known, bool *out)
{
    Validation *v = context;

    (void)c;
    v->hook_calls++;
    *known = *out = false;
    if (coded->kind != PATH_NODE || coded->tree != v->resource->tree)
        return OK;
    return validation_member(v, coded->node, value_set, known, out);
}

static Fail ask_conforms(Call *c, void *context, const PathValue *node, Str profile,
                         bool *known, bool *out)
{
    Validation *v = context;
    PathContext before = v->context;
    Fail        result;

    (void)c;
    v->hook_calls++;
    *known = *out = false;
    if (node->kind != PATH_NODE || node->tree != v->resource->tree)
        return OK;
    result = validation_try_url(v, profile, node->node, known, out);
    v->context = before;
    return result;
}

/* --- profiles ---------------------------------------------------------------------------- */

/* Holds a resource against a profile that it or somebody names. */
static Fail hold_url(Validation *v, Str url, uint32_t node, uint32_t told_at, bool asked)
{
    TypeId         type = node_at(v->resource, node)->type;
    const Profile *profile;

    if (validate_profile_is_base(type, url))
        return OK;
    TRY(validation_profile(v, url, told_at, true, &profile));
    if (!profile) {
        if (asked && v->result == OK)
            v->result = fail(v->call, FAIL_NOT_SUPPORTED, STR("profile"),
                             "The profile %.*s is not known here", STR_ARG(url));
        return OK;
    }
    if (profile->type != type) {
        validation_note(v, told_at, GRADE_ERROR, FAIL_STRUCTURE,
                        "The profile %.*s is not one of %.*s", STR_ARG(url),
                        STR_ARG(type_name(type)));
        return OK;
    }
    return validation_hold(v, profile, node);
}

static Fail hold_declared(Validation *v, uint32_t node)
{
    uint32_t meta = node_child(v->resource, node, STR("meta"));

    for (uint32_t i = meta ? node_child(v->resource, meta, STR("profile")) : 0; i;
         i = node_next_same(v->resource, i))
        if (node_text(node_at(v->resource, i)).len)
            TRY(hold_url(v, node_text(node_at(v->resource, i)), node, i, false));
    return OK;
}

static Fail check_profiles(Validation *v)
{
    const ValidateOptions *o = v->options;

    for (uint32_t i = 0; i < v->resource->tree->count; i++) {
        TypeId type = node_at(v->resource, i)->type;

        if (type == TYPE_ATTACHMENT)
            validation_attachment(v, i);
        if (type == TYPE_EXTENSION)
            TRY(validation_extension(v, i));
        else if (type_is_resource(type) && !o->undeclared)
            TRY(hold_declared(v, i));
    }
    for (size_t i = 0; i < o->profile_count; i++)
        TRY(hold_url(v, o->profiles[i], v->resource->root, v->resource->root, true));
    return OK;
}

Fail validate_resource(Call *c, const Resource *resource, const ValidateOptions *options)
{
    Validation v = { .call = c, .resource = resource, .options = options };

    v.terms = options->terms;
    v.hooks = (PathHooks){ &v, NULL, ask_member, ask_conforms };
    v.context.hooks = v.terms ? &v.hooks : NULL;
    TRY(check_nodes(&v));
    if (v.terms) {
        TRY(validation_codes(&v));
        validation_bundle(&v);
        TRY(check_time(&v));
        TRY(check_profiles(&v));
        TRY(validation_answers(&v));
    }
    return v.result;
}

bool validate_profile_is_base(TypeId type, Str profile)
{
    const Str base = STR("http://hl7.org/fhir/StructureDefinition/");
    Str       url = profile, version;

    str_cut(profile, '|', &url, &version);
    return str_starts(url, base) && path_type_is(type, str_skip(url, base.len));
}
