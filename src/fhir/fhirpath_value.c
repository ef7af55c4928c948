/* Values of FHIRPath: from nodes to System types and out again. See fhirpath.h. */
#include "base/buf.h"
#include "base/ensure.h"
#include "fhir/fhirpath_machine.h"

PathValue path_node(const Tree *tree, uint32_t node)
{
    return (PathValue){ .kind = PATH_NODE, .tree = tree, .node = node };
}

static const Node *node_of(PathValue v)
{
    return &v.tree->nodes[v.node];
}

static PathValue plain_time(PathValue v, Str text, PathKind kind)
{
    TimeForm form = kind == PATH_DATE        ? TIME_DATE
                    : kind == PATH_DATE_TIME ? TIME_DATE_TIME
                                             : TIME_CLOCK;
    PathTime time;

    if (!path_time_read(text, form, &time))
        return v;
    return (PathValue){ .kind = (uint8_t)kind, .time = time };
}

static PathValue plain_number(PathValue v, Str text, bool whole)
{
    Decimal d;
    int64_t integer;

    if (!decimal_read(text, &d))
        return v;
    if (whole && decimal_to_integer(d, &integer))
        return path_integer(integer);
    return path_decimal(d);
}

PathValue path_plain(Call *c, PathValue v)
{
    const Node *n;
    Primitive   primitive;
    Str         text;

    (void)c;
    if (v.kind != PATH_NODE)
        return v;
    n = node_of(v);
    primitive = structure(n->type)->primitive;
    if (primitive == PRIMITIVE_NONE || !n->json || n->json->kind == JSON_NULL)
        return v;
    text = n->json->text;
    switch (primitive) {
    case PRIMITIVE_BOOLEAN: return path_truth(n->json->kind == JSON_TRUE);
    case PRIMITIVE_INTEGER:
    case PRIMITIVE_UNSIGNED_INT:
    case PRIMITIVE_POSITIVE_INT: return plain_number(v, text, true);
    case PRIMITIVE_DECIMAL: return plain_number(v, text, false);
    case PRIMITIVE_DATE: return plain_time(v, text, PATH_DATE);
    case PRIMITIVE_DATE_TIME:
    case PRIMITIVE_INSTANT: return plain_time(v, text, PATH_DATE_TIME);
    case PRIMITIVE_TIME: return plain_time(v, text, PATH_TIME);
    default: return path_string(text);
    }
}

static const Str kind_names[PATH_KINDS] = {
    [PATH_BOOLEAN] = STR_INIT("boolean"), [PATH_INTEGER] = STR_INIT("integer"),
    [PATH_DECIMAL] = STR_INIT("decimal"), [PATH_STRING] = STR_INIT("string"),
    [PATH_DATE] = STR_INIT("date"),       [PATH_DATE_TIME] = STR_INIT("dateTime"),
    [PATH_TIME] = STR_INIT("time"),       [PATH_QUANTITY] = STR_INIT("Quantity"),
    [PATH_TYPE] = STR_INIT("TypeInfo"),
};

Str path_type_name(PathValue v)
{
    return v.kind == PATH_NODE ? type_name(node_of(v)->type) : kind_names[v.kind];
}

static Str quantity_text(Call *c, const PathQuantity *q)
{
    Str value = decimal_text(c->arena, q->value);

    if (q->calendar)
        return arena_printf(c->arena, "%.*s %.*s", STR_ARG(value), STR_ARG(q->unit));
    return arena_printf(c->arena, "%.*s '%.*s'", STR_ARG(value), STR_ARG(q->unit));
}

static Str bare_text(Call *c, PathValue v)
{
    switch (v.kind) {
    case PATH_BOOLEAN: return v.truth ? STR("true") : STR("false");
    case PATH_INTEGER: return arena_printf(c->arena, "%lld", (long long)v.integer);
    case PATH_DECIMAL: return decimal_text(c->arena, (Decimal){ v.digits, v.scale });
    case PATH_STRING:
    case PATH_TYPE: return v.text;
    case PATH_DATE: return path_time_text(c->arena, v.time, TIME_DATE);
    case PATH_DATE_TIME: return path_time_text(c->arena, v.time, TIME_DATE_TIME);
    case PATH_TIME: return path_time_text(c->arena, v.time, TIME_CLOCK);
    case PATH_QUANTITY: return quantity_text(c, v.quantity);
    default: return (Str){ 0 };
    }
}

Str path_text(Call *c, PathValue v)
{
    return bare_text(c, path_plain(c, v));
}

static void put_quantity(Call *c, Buf *out, const PathQuantity *q)
{
    buf_put(out, STR("{\"value\":"));
    buf_put(out, decimal_text(c->arena, q->value));
    buf_put(out, STR(",\"unit\":"));
    buf_put_json_string(out, q->unit);
    if (!q->calendar) {
        buf_put(out, STR(",\"system\":\"http://unitsofmeasure.org\",\"code\":"));
        buf_put_json_string(out, q->unit);
    }
    buf_put_char(out, '}');
}

static void put_type(Buf *out, Str type)
{
    Str space, name;

    ENSURE(str_cut(type, '.', &space, &name));
    buf_printf(out, "{\"namespace\":\"%.*s\",\"name\":\"%.*s\"}", STR_ARG(space),
               STR_ARG(name));
}

static void put_node(Buf *out, PathValue v)
{
    const Node      *n = node_of(v);
    const JsonValue *json = n->json ? n->json : n->extra;

    if (json)
        json_put_compact(out, v.tree->json.source, json->from, json->to);
    else
        buf_put(out, STR("null"));
}

void path_put_json(Call *c, Buf *out, PathValue v)
{
    switch (v.kind) {
    case PATH_NODE: put_node(out, v); break;
    case PATH_BOOLEAN:
    case PATH_INTEGER:
    case PATH_DECIMAL: buf_put(out, bare_text(c, v)); break;
    case PATH_QUANTITY: put_quantity(c, out, v.quantity); break;
    case PATH_TYPE: put_type(out, v.text); break;
    default: buf_put_json_string(out, bare_text(c, v));
    }
}

Str path_where(Call *c, PathValue v)
{
    Resource r = { .tree = v.tree };

    return v.kind == PATH_NODE ? node_expression(c->arena, &r, v.node) : (Str){ 0 };
}

bool path_number(PathValue v, Decimal *out)
{
    if (v.kind == PATH_INTEGER)
        *out = decimal_of(v.integer);
    else if (v.kind == PATH_DECIMAL)
        *out = (Decimal){ v.digits, v.scale };
    else
        return false;
    return true;
}

/* A FHIR Quantity as a System one: its code if it is UCUM's, else its unit. R4 fhirpath.html. */
static bool node_quantity(PathValue v, PathQuantity *out)
{
    Resource r = { .tree = v.tree };
    Str      code = node_child_text(&r, v.node, STR("code"));
    Str      system = node_child_text(&r, v.node, STR("system"));

    if (!path_type_is(node_of(v)->type, STR("Quantity"))
        || !decimal_read(node_child_text(&r, v.node, STR("value")), &out->value))
        return false;
    if (code.len && !str_equal(system, STR("http://unitsofmeasure.org")))
        code = (Str){ 0 };
    out->unit = code.len ? code : node_child_text(&r, v.node, STR("unit"));
    if (out->unit.len == 0)
        out->unit = STR("1");
    out->calendar = false;
    return true;
}

bool path_as_quantity(PathMachine *m, PathValue v, PathQuantity *out)
{
    Decimal number;

    (void)m;
    if (v.kind == PATH_QUANTITY) {
        *out = *v.quantity;
        return true;
    }
    if (v.kind == PATH_NODE)
        return node_quantity(v, out);
    if (!path_number(v, &number))
        return false;
    *out = (PathQuantity){ .value = number, .unit = STR("1") };
    return true;
}

bool path_holds(PathValues result)
{
    PathValue v;

    if (result.count == 0)
        return true;
    v = path_plain(NULL, result.at[0]);
    return result.count == 1 && (v.kind != PATH_BOOLEAN || v.truth);
}
