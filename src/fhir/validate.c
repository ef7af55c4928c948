/*
 * The invariants of R4, gone through node by node: see validate.h. An expression is compiled when
 * it is first needed and kept for the life of the process, for all threads.
 */
#include "fhir/validate.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "fhir/definitions_data.h"
#include "fhir/fhirpath.h"

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

typedef struct Validation {
    Call           *call;
    const Resource *resource;
    PathContext     context;
    Fail            result;
} Validation;

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

static void note_broken(Validation *v, uint32_t node, const Constraint *rule)
{
    Call    *c = v->call;
    uint32_t before = c->issue_count;
    Str      where = node_expression(c->arena, v->resource, node);

    if (rule->warning) {
        warn(c, FAIL_INVARIANT, where, "rule %.*s is broken: %.*s", STR_ARG(rule->key),
             STR_ARG(rule->human));
    } else {
        v->result = fail(c, FAIL_INVARIANT, where, "rule %.*s is broken: %.*s",
                         STR_ARG(rule->key), STR_ARG(rule->human));
    }
    place_issue(v, before, node);
}

/* What cannot be carried out (a value that cannot be compared …) is neither kept nor broken. */
static void note_unclear(Validation *v, uint32_t node, const Constraint *rule, uint32_t before)
{
    Call *c = v->call;
    Str   why = c->issue_count > before ? c->issues[before].text : (Str){ 0 };

    call_forget_issues(c, before);
    warn(c, FAIL_NOT_SUPPORTED, node_expression(c->arena, v->resource, node),
         "rule %.*s could not be checked: %.*s", STR_ARG(rule->key), STR_ARG(why));
    place_issue(v, before, node);
}

static Fail check_one(Validation *v, uint32_t node, uint16_t number)
{
    PathValue  focus = path_node(v->resource->tree, node);
    uint32_t   before = v->call->issue_count;
    PathValues found;
    ArenaMark  mark = arena_mark(v->call->arena);
    Fail       result =
        path_run(v->call, program_of(number), &v->context, (PathValues){ &focus, 1 }, &found);
    bool holds = result == OK && path_holds(found);

    v->context.traces = NULL;
    if (result == FAIL_TOO_COSTLY)
        return result;
    if (result != OK)
        note_unclear(v, node, &constraints[number], before);
    else if (holds)
        arena_rewind(v->call->arena, mark);
    else
        note_broken(v, node, &constraints[number]);
    return OK;
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

/* The resource a node belongs to, and the one that contains that. */
static void set_resources(Validation *v, uint32_t node)
{
    const Tree *tree = v->resource->tree;
    const Node *nodes = tree->nodes;
    uint32_t    holder = node, root;

    while (holder && !type_is_resource(nodes[holder].type))
        holder = nodes[holder].parent;
    root = holder;
    if (holder && str_equal(nodes[holder].element->name, STR("contained"))) {
        root = nodes[holder].parent;
    }
    v->context.resource = path_node(tree, holder);
    v->context.root_resource = path_node(tree, root);
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

Fail validate_invariants(Call *c, const Resource *resource)
{
    Validation v = { .call = c, .resource = resource };

    ENSURE(constraint_count <= CONSTRAINTS_MAX);
    for (uint32_t node = 0; node < resource->tree->count; node++)
        TRY(check_node(&v, node));
    return v.result;
}

bool validate_profile_is_base(TypeId type, Str profile)
{
    const Str base = STR("http://hl7.org/fhir/StructureDefinition/");
    Str       url = profile, version;

    str_cut(profile, '|', &url, &version);
    return str_starts(url, base) && path_type_is(type, str_skip(url, base.len));
}
