/* From the resource to parameters for each of its types: see search_parameter.h. */
#include "fhir/search_parameter.h"

#include "base/ensure.h"
#include "fhir/custom.h"
#include "fhir/index.h"
#include "fhir/search_parameter_route.h"

enum { CODE_CHARS_MAX = 64, PARTS = 2 };

static const Str type_names[SEARCH_TYPES] = {
    [SEARCH_NUMBER] = STR_INIT("number"),       [SEARCH_DATE] = STR_INIT("date"),
    [SEARCH_STRING] = STR_INIT("string"),       [SEARCH_TOKEN] = STR_INIT("token"),
    [SEARCH_REFERENCE] = STR_INIT("reference"), [SEARCH_COMPOSITE] = STR_INIT("composite"),
    [SEARCH_QUANTITY] = STR_INIT("quantity"),   [SEARCH_URI] = STR_INIT("uri"),
    [SEARCH_SPECIAL] = STR_INIT("special"),
};

/* One part of a composite, as the definition says it. */
typedef struct Part {
    Str          where, way;
    SearchType   type;
    PathBranches path;
} Part;

/* A definition, read; the same for all its types. */
typedef struct Definition {
    Call           *call;
    Str             id, url, code, expression, way;
    SearchType      type;
    PathBranches    path;
    Part            parts[PARTS];
    uint32_t        part_count;
    bool            says_targets;
    uint64_t        targets[TARGET_WORDS];
    const Resource *resource;
} Definition;

static const Str expression_name = STR_INIT("SearchParameter.expression");
static const Str code_name = STR_INIT("SearchParameter.code");

/* ---- the trail ---- */

static void take_trail(CustomParam *param, const TrailMaking *t)
{
    param->trail = (Trail){ t->places, t->edges, t->guards, &param->emit };
    param->place_count = (uint16_t)t->place_count;
    param->edge_count = (uint16_t)t->edge_count;
    param->guard_count = (uint16_t)t->guard_count;
}

/* ---- parts of a composite ---- */

static Fail compile_part(const Definition *d, const Routes *parents, const Part *part,
                         Routes *out)
{
    *out = (Routes){ .call = d->call, .where = part->where, .type = part->type };
    for (uint32_t p = 0; p < parents->count; p++)
        for (uint32_t i = 0; i < part->path.count; i++)
            TRY(routes_follow(out, &part->path.branches[i],
                              (Route){ .end = parents->routes[p].end }, 0));
    if (!out->count)
        return fail(d->call, FAIL_UNPROCESSABLE, part->where,
                    "The expression leads to nothing that a parameter of type %.*s looks at",
                    STR_ARG(type_names[part->type]));
    return OK;
}

/* The first part that is a code is what the rows are kept under: SearchPart. */
static Fail compile_parts(const Definition *d, const Routes *parents, TrailMaking *t,
                          CustomParam *param)
{
    Routes routes[PARTS];
    bool   any_code = false;

    for (uint32_t i = 0; i < PARTS; i++) {
        TRY(compile_part(d, parents, &d->parts[i], &routes[i]));
        any_code =
            any_code || (d->parts[i].type == SEARCH_TOKEN && routes[i].kinds >> ROW_TOKEN & 1);
        param->parts[i] =
            (SearchPart){ .type = (uint8_t)d->parts[i].type,
                          .kinds = routes[i].kinds,
                          .place = trail_add(t, routes[i].routes, routes[i].count) };
    }
    if (!any_code)
        return fail(d->call, FAIL_UNPROCESSABLE, STR("SearchParameter.component"),
                    "One of the two components must be a code");
    param->param.part_count = PARTS;
    for (uint32_t i = 0; i < PARTS; i++)
        if (d->parts[i].type != SEARCH_TOKEN || (i == 1 && d->parts[0].type == SEARCH_TOKEN))
            param->param.kinds |= routes[i].kinds;
    return OK;
}

/* ---- one type ---- */

/* Branches that begin with the name of another type are about that. */
static bool concerns(const PathBranch *branch, TypeId base)
{
    Str    name = branch->steps[0].name;
    TypeId type = type_find(name);

    if (str_equal(name, STR("DomainResource")))
        return structure(base)->domain;
    return !type || type == base;
}

/* What can be referred to: what the definition and the elements both say. */
static Fail take_targets(const Definition *d, const Routes *routes, CustomParam *param)
{
    uint32_t count = 0;

    param->param.only_type = routes->only_type;
    if (d->type != SEARCH_REFERENCE)
        return OK;
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++) {
        bool found = false;

        if (routes->only_type ? type != routes->only_type
                              : d->says_targets && !(d->targets[type / 64] >> type % 64 & 1))
            continue;
        for (uint32_t i = 0; i < routes->count && !found; i++) {
            const Route *route = &routes->routes[i];

            found =
                targets_contain(elements[route->steps[route->count - 1].element].targets, type);
        }
        param->targets[type / 64] |= (uint64_t)found << type % 64;
        count += found;
    }
    if (!count)
        return fail(d->call, FAIL_UNPROCESSABLE, STR("SearchParameter.target"),
                    "The references the expression leads to never point there");
    if (count < RESOURCE_TYPES)
        param->param.targets = CUSTOM_TARGETS;
    return OK;
}

static Fail check_routes(const Definition *d, const Routes *routes, TypeId base, bool any)
{
    Call *c = d->call;

    if (!any)
        return fail(c, FAIL_UNPROCESSABLE, expression_name,
                    "The expression says nothing of %.*s, which is among the bases",
                    STR_ARG(type_name(base)));
    if (!routes->count)
        return fail(c, FAIL_UNPROCESSABLE, STR("SearchParameter.type"),
                    "A parameter of type %.*s does not look at %.*s, to which the expression"
                    " leads",
                    STR_ARG(type_names[d->type]), STR_ARG(type_name(routes->misfit)));
    if (routes->exists && d->type != SEARCH_TOKEN)
        return fail(c, FAIL_UNPROCESSABLE, STR("SearchParameter.type"),
                    "Whether something exists is a token: true or false");
    if (routes->only_type && d->type != SEARCH_REFERENCE)
        return fail(c, FAIL_UNPROCESSABLE, STR("SearchParameter.type"),
                    "where(resolve() is …) needs a parameter of type reference");
    return OK;
}

static Fail follow_all(const Definition *d, TypeId base, Routes *out, bool *any)
{
    *any = false;
    for (uint32_t i = 0; i < d->path.count; i++) {
        const PathBranch *branch = &d->path.branches[i];

        if (!concerns(branch, base))
            continue;
        *any = true;
        TRY(d->type == SEARCH_COMPOSITE
                ? routes_follow_to_ends(out, branch, base)
                : routes_follow(out, branch, (Route){ .end = base }, base));
    }
    return OK;
}

static Fail compile_base(const Definition *d, TypeId base, CustomParam **out)
{
    CustomParam *param = NEW(d->call->arena, CustomParam);
    TrailMaking  t = { .arena = d->call->arena };
    Routes       routes = { .call = d->call, .where = expression_name, .type = d->type };
    bool         any;

    TRY(follow_all(d, base, &routes, &any));
    TRY(check_routes(d, &routes, base, any));
    param->param = (SearchParam){ .code = d->code,
                                  .url = d->url,
                                  .expression = d->expression,
                                  .base = base,
                                  .type = (uint8_t)d->type,
                                  .indexed = true,
                                  .exists = routes.exists,
                                  .kinds = d->type == SEARCH_COMPOSITE ? 0 : routes.kinds };
    param->owner = d->id;
    param->way = d->way;
    TRY(take_targets(d, &routes, param));
    trail_add(&t, routes.routes, routes.count);
    if (d->type == SEARCH_COMPOSITE)
        TRY(compile_parts(d, &routes, &t, param));
    take_trail(param, &t);
    *out = param;
    return OK;
}

/* ---- the definition ---- */

static Fail read_type(Call *c, Str text, SearchType *out)
{
    for (SearchType type = 0; type < SEARCH_TYPES; type++)
        if (str_equal(type_names[type], text) && type != SEARCH_SPECIAL) {
            *out = type;
            return OK;
        }
    return fail(c, FAIL_UNPROCESSABLE, STR("SearchParameter.type"),
                "Parameters of type %.*s are not offered", STR_ARG(text));
}

static bool is_code(Str code)
{
    static const char others[] = "-_";

    if (code.len > CODE_CHARS_MAX)
        return false;
    for (size_t i = 0; i < code.len; i++) {
        char at = code.at[i];

        if (!((at >= 'a' && at <= 'z') || (at >= 'A' && at <= 'Z')
              || (i && at >= '0' && at <= '9') || (i && memchr(others, at, sizeof others - 1))))
            return false;
    }
    return code.len > 0;
}

static Fail check_code(const Definition *d)
{
    if (str_starts(d->code, STR("_")))
        return fail(d->call, FAIL_UNPROCESSABLE, code_name,
                    "Codes that begin with _ are the standard's own");
    if (!is_code(d->code))
        return fail(d->call, FAIL_UNPROCESSABLE, code_name,
                    "A code is a letter and up to %d letters, digits, - and _",
                    CODE_CHARS_MAX - 1);
    return OK;
}

/* What a component looks at is said by the parameter that defines it. */
static Fail component_type(Call *c, Str where, Str url, SearchType *out)
{
    Str                name = url, version;
    const SearchParam *found;

    str_cut(url, '|', &name, &version);
    found = search_param_of_url(name);
    if (!found || found->type == SEARCH_COMPOSITE || found->type == SEARCH_SPECIAL)
        return fail(c, FAIL_UNPROCESSABLE, where,
                    "This is no search parameter that is known here and that a component can be"
                    " made of");
    *out = (SearchType)found->type;
    return OK;
}

static Fail read_component(Definition *d, uint32_t node)
{
    const Resource *r = d->resource;
    Call           *c = d->call;
    Part           *part = &d->parts[d->part_count];
    Str             where = node_expression(c->arena, r, node);
    Str             expression = node_child_text(r, node, STR("expression"));

    if (d->part_count == PARTS)
        return fail(c, FAIL_UNPROCESSABLE, where, "Composites of two components are offered");
    part->where = arena_printf(c->arena, "%.*s.expression", STR_ARG(where));
    TRY(component_type(c, arena_printf(c->arena, "%.*s.definition", STR_ARG(where)),
                       node_child_text(r, node, STR("definition")), &part->type));
    TRY(search_parameter_path_read(c, part->where, expression, &part->path));
    part->way = arena_printf(c->arena, "\n%.*s %.*s", STR_ARG(type_names[part->type]),
                             STR_ARG(expression));
    d->part_count++;
    return OK;
}

static Fail read_components(Definition *d)
{
    uint32_t node = node_child(d->resource, d->resource->root, STR("component"));

    if (node && d->type != SEARCH_COMPOSITE)
        return fail(d->call, FAIL_UNPROCESSABLE, STR("SearchParameter.component"),
                    "Only a composite has components");
    for (; node; node = node_next_same(d->resource, node))
        TRY(read_component(d, node));
    if (d->type == SEARCH_COMPOSITE && d->part_count != PARTS)
        return fail(d->call, FAIL_UNPROCESSABLE, STR("SearchParameter.component"),
                    "Composites of two components are offered");
    return OK;
}

static Fail read_targets(Definition *d)
{
    const Resource *r = d->resource;

    for (uint32_t at = node_child(r, r->root, STR("target")); at; at = node_next_same(r, at)) {
        Str    name = node_text(node_at(r, at));
        TypeId type = type_find(name);

        if (str_equal(name, STR("Resource"))) {
            d->says_targets = false;
            return OK;
        }
        if (!type)
            return fail(d->call, FAIL_UNPROCESSABLE, node_expression(d->call->arena, r, at),
                        "%.*s is no resource type of R4", STR_ARG(name));
        d->says_targets = true;
        d->targets[type / 64] |= (uint64_t)1 << type % 64;
    }
    return OK;
}

/* What a search could not honour is not accepted. */
static Fail check_restrictions(const Definition *d)
{
    static const Str names[] = { STR_INIT("multipleOr"), STR_INIT("multipleAnd") };
    const Resource  *r = d->resource;

    for (size_t i = 0; i < COUNT(names); i++)
        if (str_equal(node_child_text(r, r->root, names[i]), STR("false")))
            return fail(d->call, FAIL_UNPROCESSABLE,
                        arena_printf(d->call->arena, "SearchParameter.%.*s", STR_ARG(names[i])),
                        "A search can always name several values: leave this out or say true");
    return OK;
}

static Fail read_definition(Call *c, const Resource *r, Str id, Definition *d)
{
    *d = (Definition){
        .call = c,
        .id = id,
        .resource = r,
        .url = node_child_text(r, r->root, STR("url")),
        .code = node_child_text(r, r->root, STR("code")),
        .expression = node_child_text(r, r->root, STR("expression")),
    };
    TRY(check_code(d));
    TRY(read_type(c, node_child_text(r, r->root, STR("type")), &d->type));
    if (!d->expression.len)
        return fail(c, FAIL_UNPROCESSABLE, expression_name,
                    "An active search parameter needs an expression");
    TRY(search_parameter_path_read(c, expression_name, d->expression, &d->path));
    TRY(read_components(d));
    TRY(read_targets(d));
    TRY(check_restrictions(d));
    d->way = arena_printf(c->arena, "%.*s %.*s%.*s%.*s", STR_ARG(type_names[d->type]),
                          STR_ARG(d->expression), STR_ARG(d->parts[0].way),
                          STR_ARG(d->parts[1].way));
    return OK;
}

/* ---- all types ---- */

static Fail check_free(const Definition *d, TypeId base)
{
    const SearchParam *taken = search_param_find(base, d->code);
    const CustomParam *custom = taken ? custom_of(taken) : NULL;

    if (!taken || (custom && str_equal(custom->owner, d->id)))
        return OK;
    if (custom)
        return fail(
            d->call, FAIL_DUPLICATE, code_name,
            "%.*s has a search parameter of that code: SearchParameter/%.*s; retire that"
            " one first",
            STR_ARG(type_name(base)), STR_ARG(custom->owner));
    return fail(d->call, FAIL_DUPLICATE, code_name,
                "%.*s has a search parameter of that code: %.*s", STR_ARG(type_name(base)),
                STR_ARG(taken->url));
}

static Fail add_base(const Definition *d, TypeId base, CompiledParams *out)
{
    for (uint32_t i = 0; i < out->count; i++)
        if (custom_param(out->params[i])->base == base)
            return OK;
    TRY(check_free(d, base));
    TRY(compile_base(d, base, &out->params[out->count]));
    out->count++;
    return OK;
}

static Fail add_bases(const Definition *d, uint32_t node, CompiledParams *out)
{
    Str    name = node_text(node_at(d->resource, node));
    TypeId only = type_find(name);
    bool   domain = str_equal(name, STR("DomainResource"));

    if (only)
        return add_base(d, only, out);
    if (!domain && !str_equal(name, STR("Resource")))
        return fail(d->call, FAIL_UNPROCESSABLE,
                    node_expression(d->call->arena, d->resource, node),
                    "%.*s is no resource type of R4", STR_ARG(name));
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        if (!domain || structure(type)->domain)
            TRY(add_base(d, type, out));
    return OK;
}

/* Whether a choice's type is named ("valueDateTime") or not ("value") makes no difference here. */
static Str without_choices(Arena *a, Str expression)
{
    static const Str value = STR_INIT(".value");
    Buf              out = buf_new(a, expression.len);
    ptrdiff_t        at;

    while ((at = str_find(expression, value)) >= 0) {
        buf_put(&out, str_slice(expression, 0, (size_t)at + value.len));
        expression = str_skip(expression, (size_t)at + value.len);
        if (!expression.len || expression.at[0] < 'A' || expression.at[0] > 'Z')
            continue;
        while (expression.len
               && ((expression.at[0] | 32) >= 'a' && (expression.at[0] | 32) <= 'z'))
            expression = str_skip(expression, 1);
    }
    buf_put(&out, expression);
    return buf_str(&out);
}

/* The table has the parts of the expression that concern one type. */
static bool says_the_same(Arena *a, Str expression, const SearchParam *own)
{
    Str rest = without_choices(a, own->expression), part;

    expression = without_choices(a, expression);
    while (str_next(&rest, '|', &part))
        if (str_find(expression, str_trim(part)) < 0)
            return false;
    return true;
}

/* One of the standard's own may be stored, as long as it says what the standard says. */
static Fail check_standard(const Definition *d, const SearchParam *own)
{
    const Resource *r = d->resource;
    Str             type = node_child_text(r, r->root, STR("type"));

    if (str_equal(d->code, own->code) && str_equal(type, type_names[own->type])
        && says_the_same(d->call->arena, node_child_text(r, r->root, STR("expression")), own))
        return OK;
    return fail(d->call, FAIL_DUPLICATE, STR("SearchParameter.url"),
                "This url is that of the standard's parameter \"%.*s\", which cannot be"
                " redefined",
                STR_ARG(own->code));
}

Fail search_parameter_compile(Call *c, const Resource *r, Str id, uint64_t seq,
                              CompiledParams *out)
{
    CompiledParams     made = { .params = NEW_ARRAY(c->arena, CustomParam *, RESOURCE_TYPES) };
    const SearchParam *own;
    Definition         d;

    ENSURE(r->type == TYPE_SEARCH_PARAMETER);
    *out = (CompiledParams){ 0 };
    if (!str_equal(node_child_text(r, r->root, STR("status")), STR("active")))
        return OK;
    d = (Definition){ .call = c,
                      .resource = r,
                      .code = node_child_text(r, r->root, STR("code")) };
    own = search_param_of_url(node_child_text(r, r->root, STR("url")));
    if (own && !custom_of(own))
        return check_standard(&d, own);
    TRY(read_definition(c, r, id, &d));
    for (uint32_t at = node_child(r, r->root, STR("base")); at; at = node_next_same(r, at))
        TRY(add_bases(&d, at, &made));
    for (uint32_t i = 0; i < made.count; i++)
        made.params[i]->seq = seq;
    *out = made;
    return OK;
}
