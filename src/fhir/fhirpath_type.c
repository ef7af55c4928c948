/* Types of FHIRPath: which is made from which, and what a value is. R4 fhirpath.html#types */
#include "fhir/fhirpath_machine.h"

/* What the definitions' tables do not say: a type and what it is made from. */
static const struct {
    Str type, base;
} bases[] = {
    { STR_INIT("code"), STR_INIT("string") },
    { STR_INIT("id"), STR_INIT("string") },
    { STR_INIT("markdown"), STR_INIT("string") },
    { STR_INIT("url"), STR_INIT("uri") },
    { STR_INIT("canonical"), STR_INIT("uri") },
    { STR_INIT("uuid"), STR_INIT("uri") },
    { STR_INIT("oid"), STR_INIT("uri") },
    { STR_INIT("unsignedInt"), STR_INIT("integer") },
    { STR_INIT("positiveInt"), STR_INIT("integer") },
    { STR_INIT("Age"), STR_INIT("Quantity") },
    { STR_INIT("Count"), STR_INIT("Quantity") },
    { STR_INIT("Distance"), STR_INIT("Quantity") },
    { STR_INIT("Duration"), STR_INIT("Quantity") },
    { STR_INIT("SimpleQuantity"), STR_INIT("Quantity") },
    { STR_INIT("MoneyQuantity"), STR_INIT("Quantity") },
    { STR_INIT("Timing"), STR_INIT("BackboneElement") },
    { STR_INIT("Dosage"), STR_INIT("BackboneElement") },
    { STR_INIT("ElementDefinition"), STR_INIT("BackboneElement") },
    { STR_INIT("BackboneElement"), STR_INIT("Element") },
    { STR_INIT("DomainResource"), STR_INIT("Resource") },
};

/* The parts of complex types are plain Elements, those of resources BackboneElements. */
static Str backbone_base(Str name)
{
    Str root = name, rest;

    str_cut(name, '.', &root, &rest);
    return type_find(root) ? STR("BackboneElement") : STR("Element");
}

static Str base_of(TypeId type, Str name)
{
    for (size_t i = 0; i < COUNT(bases); i++)
        if (str_equal(bases[i].type, name))
            return bases[i].base;
    if (type_is_resource(type))
        return structure(type)->domain ? STR("DomainResource") : STR("Resource");
    if (structure(type)->kind == STRUCTURE_BACKBONE)
        return backbone_base(name);
    return str_equal(name, STR("Element")) || str_equal(name, STR("Resource")) ? (Str){ 0 }
                                                                               : STR("Element");
}

bool path_type_is(TypeId type, Str name)
{
    Str at = type_name(type);

    while (at.len && !str_equal(at, name)) {
        at = base_of(type, at);
        type = structure_find(at);
    }
    return at.len > 0;
}

static const Str system_names[PATH_KINDS] = {
    [PATH_BOOLEAN] = STR_INIT("Boolean"), [PATH_INTEGER] = STR_INIT("Integer"),
    [PATH_DECIMAL] = STR_INIT("Decimal"), [PATH_STRING] = STR_INIT("String"),
    [PATH_DATE] = STR_INIT("Date"),       [PATH_DATE_TIME] = STR_INIT("DateTime"),
    [PATH_TIME] = STR_INIT("Time"),       [PATH_QUANTITY] = STR_INIT("Quantity"),
    [PATH_TYPE] = STR_INIT("TypeInfo"),
};

bool path_is(PathValue v, Str name, bool exact)
{
    const Str system = STR("System."), fhir = STR("FHIR.");
    TypeId    type;

    if (v.kind != PATH_NODE) {
        if (str_starts(name, system))
            name = str_skip(name, system.len);
        return str_equal(name, system_names[v.kind]) || str_equal(name, STR("Any"));
    }
    if (str_starts(name, fhir))
        name = str_skip(name, fhir.len);
    type = v.tree->nodes[v.node].type;
    if (exact && structure(type)->kind == STRUCTURE_PRIMITIVE)
        return str_equal(type_name(type), name);
    return path_type_is(type, name);
}

/* type(): namespace and name. N1 "Reflection" */
static Fail type_of(PathMachine *m, const PathSpan *a)
{
    for (uint32_t i = 0; i < a[0].count; i++) {
        PathValue v = path_at(m, a, i);
        Str       name = v.kind == PATH_NODE ? path_type_name(v) : system_names[v.kind];

        if (v.kind == PATH_NODE
            && structure(v.tree->nodes[v.node].type)->kind == STRUCTURE_BACKBONE)
            name = backbone_base(name);
        path_give(m, (PathValue){ .kind = PATH_TYPE,
                                  .text = arena_printf(m->call->arena, "%s.%.*s",
                                                       v.kind == PATH_NODE ? "FHIR" : "System",
                                                       STR_ARG(name)) });
    }
    return OK;
}

/* The functions that other files carry out, and those of this one. */
static const PathFunction *const families[] = {
    path_functions_set,     path_functions_text, path_functions_math,
    path_functions_convert, path_functions_fhir,
};

static const PathFunction functions_type[] = {
    { STR_INIT("type"), 0, 0, LOOP_NONE, type_of },
    { { 0 }, 0, 0, LOOP_NONE, NULL },
};

static const PathFunction *find_in(const PathFunction *table, Str name)
{
    for (; table->name.len; table++)
        if (str_equal(table->name, name))
            return table;
    return NULL;
}

const PathFunction *path_function_find(Str name)
{
    const PathFunction *found = find_in(functions_type, name);

    for (size_t i = 0; !found && i < COUNT(families); i++)
        found = find_in(families[i], name);
    return found;
}

const PathFunction *path_operator_find(Str name, uint8_t arguments)
{
    for (const PathFunction *o = path_operators; o->name.len; o++)
        if (str_equal(o->name, name) && o->most == arguments)
            return o;
    return NULL;
}
