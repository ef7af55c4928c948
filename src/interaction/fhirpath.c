/*
 * $fhirpath: evaluates an expression on a resource that is sent, as the public FHIRPath labs ask for
 * it: Parameters with expression, context, variables and resource; the answer has one "result" for
 * each context with its values, their paths, and what trace() was given. Nothing stored is looked at.
 */
#include "fhir/fhirpath.h"

#include "base/buf.h"
#include "base/limits.h"
#include "interaction/turn.h"

#define LAB "http://fhir.forms-lab.com/StructureDefinition/"

enum { VARIABLES_MAX = 64 };

typedef struct Laboratory {
    Resource     given;             /* the Parameters */
    Str          expression, where; /* `where` chooses what it is evaluated on */
    Resource     resource;
    bool         has_resource;
    PathVariable variables[VARIABLES_MAX];
    uint32_t     variable_count;
} Laboratory;

static const ReadOptions as_it_comes = { .values_max = LIMIT_JSON_NODES, .trusted = true };

static Fail take_resource(Call *c, Laboratory *l, uint32_t parameter)
{
    uint32_t inner = node_child(&l->given, parameter, STR("resource"));
    Str      text = inner ? node_source(&l->given, inner)
                          : node_child_text(&l->given, parameter, STR("value"));

    if (!text.len)
        return fail(c, FAIL_REQUIRED, STR("Parameters.parameter"), "The resource is empty");
    l->has_resource = true;
    return resource_read(c, text, &as_it_comes, &l->resource);
}

static Fail take_variables(Call *c, Laboratory *l, uint32_t parameter)
{
    uint32_t part = node_child(&l->given, parameter, STR("part"));

    for (; part; part = node_next_same(&l->given, part)) {
        uint32_t   value = node_child(&l->given, part, STR("value"));
        PathValue *kept = NEW(c->arena, PathValue);

        if (l->variable_count == VARIABLES_MAX)
            return fail(c, FAIL_TOO_COSTLY, STR("Parameters.parameter"),
                        "At most %d variables can be given", VARIABLES_MAX);
        if (!value)
            value = node_child(&l->given, part, STR("resource"));
        *kept = path_node(l->given.tree, value);
        l->variables[l->variable_count++] =
            (PathVariable){ .name = node_child_text(&l->given, part, STR("name")),
                            .values = { kept, value != 0 } };
    }
    return OK;
}

static Fail take_parameters(Call *c, const Asked *asked, Laboratory *l)
{
    uint32_t each;

    if (asked->resource)
        l->given = *asked->resource;
    else
        TRY(resource_read(c, asked->body, &as_it_comes, &l->given));
    if (l->given.type != TYPE_PARAMETERS)
        return fail(c, FAIL_INVALID, type_name(l->given.type), "An operation takes Parameters");
    each = node_child(&l->given, l->given.root, STR("parameter"));
    for (; each; each = node_next_same(&l->given, each)) {
        Str name = node_child_text(&l->given, each, STR("name"));
        Str text = node_child_text(&l->given, each, STR("value"));

        if (str_equal(name, STR("expression")))
            l->expression = text;
        else if (str_equal(name, STR("context")))
            l->where = text;
        else if (str_equal(name, STR("resource")))
            TRY(take_resource(c, l, each));
        else if (str_equal(name, STR("variables")))
            TRY(take_variables(c, l, each));
    }
    if (l->expression.len == 0 || !l->has_resource)
        return fail(c, FAIL_REQUIRED, STR("Parameters.parameter"),
                    "The parameters expression and resource are needed");
    return OK;
}

/* --- the answer -------------------------------------------------------------------------- */

static void put_extension(Buf *out, const char *url, Str text)
{
    buf_printf(out, ",\"extension\":[{\"url\":\"" LAB "%s\",\"valueString\":", url);
    buf_put_json_string(out, text);
    buf_put(out, STR("}]"));
}

/* The value under the name of its type, or as text of JSON where Parameters have no place for it. */
static void put_value(Call *c, Buf *out, PathValue value)
{
    Str  type = path_type_name(value), where = path_where(c, value), name;
    Buf  json = buf_new(c->arena, 64);
    bool resource = value.kind == PATH_NODE && type_is_resource(type_find(type));

    name =
        arena_printf(c->arena, "value%c%.*s", type.at[0] & ~0x20, STR_ARG(str_skip(type, 1)));
    path_put_json(c, &json, value);
    buf_put(out, STR("{\"name\":"));
    buf_put_json_string(out, type);
    if (resource || structure_element(structure_find(STR("Parameters.parameter")), name)) {
        if (where.len)
            put_extension(out, "resource-path", where);
        buf_printf(out, ",\"%.*s\":", STR_ARG(resource ? STR("resource") : name));
        buf_put(out, buf_str(&json));
    } else {
        put_extension(out, "json-value", buf_str(&json));
    }
    buf_put_char(out, '}');
}

static void put_values(Call *c, Buf *out, PathValues values, uint32_t *count)
{
    for (uint32_t i = 0; i < values.count; i++) {
        if ((*count)++)
            buf_put_char(out, ',');
        put_value(c, out, values.at[i]);
    }
}

static void put_traces(Call *c, Buf *out, const PathTrace *trace, uint32_t *count)
{
    for (; trace; trace = trace->next) {
        uint32_t inner = 0;

        if ((*count)++)
            buf_put_char(out, ',');
        buf_put(out, STR("{\"name\":\"trace\",\"valueString\":"));
        buf_put_json_string(out, trace->name.len ? trace->name : STR("trace"));
        if (trace->values.count) {
            buf_put(out, STR(",\"part\":["));
            put_values(c, out, trace->values, &inner);
            buf_put_char(out, ']');
        }
        buf_put_char(out, '}');
    }
}

static Fail put_result(Call *c, const Laboratory *l, const PathProgram *program,
                       PathValue focus, Buf *out)
{
    PathContext context = { .resource = path_node(l->resource.tree, 0),
                            .root_resource = path_node(l->resource.tree, 0),
                            .variables = l->variables,
                            .variable_count = l->variable_count };
    PathValues  found;
    uint32_t    count = 0;
    Str         where = path_where(c, focus);

    TRY(path_run(c, program, &context, (PathValues){ &focus, 1 }, &found));
    buf_put(out, STR(",{\"name\":\"result\""));
    if (l->where.len && where.len) {
        buf_put(out, STR(",\"valueString\":"));
        buf_put_json_string(out, where);
    }
    if (found.count || context.traces) {
        buf_put(out, STR(",\"part\":["));
        put_values(c, out, found, &count);
        put_traces(c, out, context.traces, &count);
        buf_put_char(out, ']');
    }
    buf_put_char(out, '}');
    return OK;
}

static Fail put_results(Call *c, const Laboratory *l, Buf *out)
{
    const PathProgram *program, *choice;
    PathValue          whole = path_node(l->resource.tree, 0);
    PathValues         contexts = { &whole, 1 };

    TRY(path_compile(c, c->arena, l->expression, &program));
    if (l->where.len) {
        TRY(path_compile(c, c->arena, l->where, &choice));
        TRY(path_run_node(c, choice, &l->resource, 0, &contexts));
    }
    for (uint32_t i = 0; i < contexts.count; i++) {
        if (call_late(c))
            return fail(c, FAIL_TIMEOUT, (Str){ 0 }, "the expression takes too long");
        TRY(put_result(c, l, program, contexts.at[i], out));
    }
    return OK;
}

Fail fhirpath_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    Laboratory *l = NEW(c->arena, Laboratory);
    Buf         out = buf_new(c->arena, 4096);

    (void)s;
    TRY(params_take(c, turn->asked, NULL, 0, NULL));
    TRY(take_parameters(c, turn->asked, l));
    buf_put(
        &out,
        STR("{\"resourceType\":\"Parameters\",\"id\":\"fhirpath\",\"parameter\":[{\"name\":"
            "\"parameters\",\"part\":[{\"name\":\"evaluator\",\"valueString\":\"Hale " HALE_VERSION
            "\"},{\"name\":\"expression\",\"valueString\":"));
    buf_put_json_string(&out, l->expression);
    buf_put(&out, STR("}]}"));
    TRY(put_results(c, l, &out));
    buf_put(&out, STR("]}"));
    answer->status = 200;
    answer->body = buf_str(&out);
    return OK;
}
