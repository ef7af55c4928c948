/* Steps through the definitions, all routes at once: see search_parameter_route.h. */
#include "fhir/search_parameter_route.h"

#include "base/ensure.h"
#include "fhir/index.h"

/* Which kind of row a parameter's type makes of a value's type. */
static const struct Fit {
    uint8_t search, kind;
    TypeId  type;
} fits[] = {
    { SEARCH_NUMBER, ROW_NUMBER, TYPE_INTEGER },
    { SEARCH_NUMBER, ROW_NUMBER, TYPE_DECIMAL },
    { SEARCH_NUMBER, ROW_NUMBER, TYPE_POSITIVE_INT },
    { SEARCH_NUMBER, ROW_NUMBER, TYPE_UNSIGNED_INT },
    { SEARCH_DATE, ROW_DATE, TYPE_DATE },
    { SEARCH_DATE, ROW_DATE, TYPE_DATE_TIME },
    { SEARCH_DATE, ROW_DATE, TYPE_INSTANT },
    { SEARCH_DATE, ROW_DATE, TYPE_PERIOD },
    { SEARCH_DATE, ROW_DATE, TYPE_TIMING },
    { SEARCH_STRING, ROW_STRING, TYPE_STRING },
    { SEARCH_STRING, ROW_STRING, TYPE_MARKDOWN },
    { SEARCH_STRING, ROW_STRING, TYPE_HUMAN_NAME },
    { SEARCH_STRING, ROW_STRING, TYPE_ADDRESS },
    { SEARCH_TOKEN, ROW_TOKEN, TYPE_CODING },
    { SEARCH_TOKEN, ROW_TOKEN, TYPE_CODEABLE_CONCEPT },
    { SEARCH_TOKEN, ROW_TOKEN, TYPE_CODE },
    { SEARCH_TOKEN, ROW_TOKEN, TYPE_BOOLEAN },
    { SEARCH_TOKEN, ROW_TOKEN, TYPE_URI },
    { SEARCH_TOKEN, ROW_TOKEN, TYPE_CANONICAL },
    { SEARCH_TOKEN, ROW_IDENTIFIER, TYPE_IDENTIFIER },
    { SEARCH_TOKEN, ROW_IDENTIFIER, TYPE_CONTACT_POINT },
    { SEARCH_TOKEN, ROW_IDENTIFIER, TYPE_STRING },
    { SEARCH_TOKEN, ROW_IDENTIFIER, TYPE_ID },
    { SEARCH_TOKEN, ROW_IDENTIFIER, TYPE_OID },
    { SEARCH_TOKEN, ROW_IDENTIFIER, TYPE_UUID },
    { SEARCH_REFERENCE, ROW_REFERENCE, TYPE_REFERENCE },
    { SEARCH_REFERENCE, ROW_REFERENCE, TYPE_CANONICAL },
    { SEARCH_REFERENCE, ROW_REFERENCE, TYPE_URI },
    { SEARCH_QUANTITY, ROW_QUANTITY, TYPE_QUANTITY },
    { SEARCH_QUANTITY, ROW_QUANTITY, TYPE_AGE },
    { SEARCH_QUANTITY, ROW_QUANTITY, TYPE_DURATION },
    { SEARCH_QUANTITY, ROW_QUANTITY, TYPE_DISTANCE },
    { SEARCH_QUANTITY, ROW_QUANTITY, TYPE_COUNT },
    { SEARCH_QUANTITY, ROW_QUANTITY, TYPE_MONEY },
    { SEARCH_QUANTITY, ROW_QUANTITY, TYPE_RANGE },
    { SEARCH_URI, ROW_TOKEN, TYPE_URI },
    { SEARCH_URI, ROW_TOKEN, TYPE_URL },
    { SEARCH_URI, ROW_TOKEN, TYPE_CANONICAL },
    { SEARCH_URI, ROW_TOKEN, TYPE_OID },
    { SEARCH_URI, ROW_TOKEN, TYPE_UUID },
};

static const struct Fit *fit_of(SearchType search, TypeId type)
{
    for (size_t i = 0; i < COUNT(fits); i++)
        if (fits[i].search == search && fits[i].type == type)
            return &fits[i];
    return NULL;
}

#define REFUSE(r, step, ...) refuse((r), (step), arena_printf((r)->call->arena, __VA_ARGS__))

static Fail refuse(const Routes *r, const PathStep *step, Str why)
{
    return fail(r->call, FAIL_UNPROCESSABLE, r->where,
                "At character %u of the expression: %.*s", step->place, STR_ARG(why));
}

/* ---- lists of routes ---- */

static bool guard_equal(const TrailGuard *a, const TrailGuard *b)
{
    return a->guard == b->guard && str_equal(a->name, b->name) && str_equal(a->value, b->value);
}

bool route_equal(const Route *a, const Route *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (a->steps[i].element != b->steps[i].element
            || !guard_equal(&a->steps[i].guard, &b->steps[i].guard))
            return false;
    return true;
}

static Fail append(Routes *r, const Route *route)
{
    if (r->count == LIMIT_EXPRESSION_ROUTES)
        return fail(r->call, FAIL_TOO_COSTLY, r->where,
                    "The expression leads through a resource in more than %d ways"
                    " (LIMIT_EXPRESSION_ROUTES)",
                    LIMIT_EXPRESSION_ROUTES);
    if (r->count == r->room) {
        uint32_t room = r->room ? 2 * r->room : 4;

        r->routes = arena_grow(r->call->arena, r->routes, r->room * sizeof(Route),
                               room * sizeof(Route));
        r->room = room;
    }
    r->routes[r->count++] = *route;
    return OK;
}

static Fail append_once(Routes *r, const Route *route)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (route_equal(&r->routes[i], route))
            return OK;
    return append(r, route);
}

/* ---- steps ---- */

/* One step of a branch, from the routes found so far to those after it. */
typedef struct Stepping {
    Routes         *for_whom;
    const PathStep *step;
    Routes          from, to;
} Stepping;

static Fail add_child(Stepping *s, const Route *route, const Element *element)
{
    Route longer = *route;

    if (longer.count == ROUTE_STEPS_MAX)
        return REFUSE(s->for_whom, s->step, "the way is too long");
    longer.steps[longer.count++] =
        (RouteStep){ .element = (uint16_t)(element - elements), .guard = { 0 } };
    longer.end = element->type;
    return append(&s->to, &longer);
}

/* The elements whose FHIRPath name is that, else those whose JSON name is. */
static Fail add_children(Stepping *s, const Route *route, Str name)
{
    const Structure *of = structure(route->end);
    uint32_t         before = s->to.count;

    if (route->end == TYPE_RESOURCE)
        return REFUSE(s->for_whom, s->step, "the expression looks into another resource");
    for (uint16_t i = 0; i < of->element_count; i++)
        if (str_equal(structure_element_at(route->end, i)->path, name))
            TRY(add_child(s, route, structure_element_at(route->end, i)));
    for (uint16_t i = 0; s->to.count == before && i < of->element_count; i++)
        if (str_equal(structure_element_at(route->end, i)->name, name))
            TRY(add_child(s, route, structure_element_at(route->end, i)));
    return OK;
}

static Fail step_child(Stepping *s)
{
    for (uint32_t i = 0; i < s->from.count; i++)
        TRY(add_children(s, &s->from.routes[i], s->step->name));
    if (!s->to.count)
        return REFUSE(s->for_whom, s->step, "%.*s has no element \"%.*s\"",
                      STR_ARG(type_name(s->from.routes[0].end)), STR_ARG(s->step->name));
    return OK;
}

/* Names by which the definitions call profiles of types, and misspell one. */
static const struct {
    Str    name;
    TypeId type;
} aliases[] = {
    { STR_INIT("SimpleQuantity"), TYPE_QUANTITY },
    { STR_INIT("MoneyQuantity"), TYPE_QUANTITY },
    { STR_INIT("DateTime"), TYPE_DATE_TIME },
};

static Fail step_type(Stepping *s)
{
    TypeId type = structure_find(s->step->name);

    for (size_t i = 0; i < COUNT(aliases); i++)
        if (str_equal(aliases[i].name, s->step->name))
            type = aliases[i].type;
    if (!type)
        return REFUSE(s->for_whom, s->step, "R4 has no type %.*s", STR_ARG(s->step->name));
    for (uint32_t i = 0; i < s->from.count; i++)
        if (s->from.routes[i].end == type)
            TRY(append(&s->to, &s->from.routes[i]));
    if (!s->to.count)
        return REFUSE(s->for_whom, s->step, "nothing of type %.*s stands there",
                      STR_ARG(s->step->name));
    return OK;
}

static Fail guard_all(Stepping *s, TrailGuard guard)
{
    for (uint32_t i = 0; i < s->from.count; i++) {
        Route route = s->from.routes[i];

        if (!route.count || route.steps[route.count - 1].guard.guard != GUARD_NONE)
            return REFUSE(s->for_whom, s->step, "two conditions at one place are not offered");
        route.steps[route.count - 1].guard = guard;
        TRY(append(&s->to, &route));
    }
    return OK;
}

static bool has_primitive(TypeId type, Str name)
{
    const Structure *of = structure(type);

    for (uint16_t i = 0; i < of->element_count; i++) {
        const Element *element = structure_element_at(type, i);

        if (str_equal(element->path, name)
            && structure(element->type)->kind == STRUCTURE_PRIMITIVE)
            return true;
    }
    return false;
}

static Fail step_equals(Stepping *s)
{
    bool any = false;

    for (uint32_t i = 0; i < s->from.count; i++)
        any = any || has_primitive(s->from.routes[i].end, s->step->name);
    if (!any)
        return REFUSE(s->for_whom, s->step, "%.*s has no element \"%.*s\" to compare",
                      STR_ARG(type_name(s->from.routes[0].end)), STR_ARG(s->step->name));
    return guard_all(s, (TrailGuard){ GUARD_EQUALS, s->step->name, s->step->value });
}

static Fail step_extension(Stepping *s)
{
    for (uint32_t i = 0; i < s->from.count; i++)
        TRY(add_children(s, &s->from.routes[i], STR("extension")));
    if (!s->to.count)
        return REFUSE(s->for_whom, s->step, "no extension can stand there");
    s->from = s->to;
    s->to = (Routes){ .call = s->for_whom->call, .where = s->for_whom->where };
    return guard_all(s, (TrailGuard){ GUARD_EQUALS, STR("url"), s->step->value });
}

static Fail step_has_extension(Stepping *s)
{
    return guard_all(s, (TrailGuard){ GUARD_EXTENSION, { 0 }, s->step->value });
}

static Fail step_not_false(Stepping *s)
{
    return guard_all(s, (TrailGuard){ .guard = GUARD_NOT_FALSE });
}

static Fail step_exists(Stepping *s)
{
    s->for_whom->exists = true;
    s->to = s->from;
    return OK;
}

static Fail step_resolves(Stepping *s)
{
    TypeId type = type_find(s->step->name);

    if (!type)
        return REFUSE(s->for_whom, s->step, "%.*s is no resource type of R4",
                      STR_ARG(s->step->name));
    if (s->for_whom->only_type && s->for_whom->only_type != type)
        return REFUSE(s->for_whom, s->step, "references to two types are not offered");
    s->for_whom->only_type = type;
    s->to = s->from;
    return OK;
}

static Fail (*const steps_of[])(Stepping *s) = {
    [PATH_CHILD] = step_child,
    [PATH_TYPE] = step_type,
    [PATH_EQUALS] = step_equals,
    [PATH_EXTENSION] = step_extension,
    [PATH_HAS_EXTENSION] = step_has_extension,
    [PATH_RESOLVES] = step_resolves,
    [PATH_NOT_FALSE] = step_not_false,
    [PATH_EXISTS] = step_exists,
};

static Fail take_steps(Routes *r, const PathBranch *branch, uint32_t first, Route from,
                       Routes *ends)
{
    Stepping s = { .for_whom = r, .from = { .call = r->call, .where = r->where } };

    TRY(append(&s.from, &from));
    for (uint32_t i = first; i < branch->count; i++) {
        s.step = &branch->steps[i];
        s.to = (Routes){ .call = r->call, .where = r->where };
        TRY(steps_of[s.step->verb](&s));
        s.from = s.to;
    }
    *ends = s.from;
    return OK;
}

/* ---- ends ---- */

/* A coding's code is looked for with its system; a quantity's is not looked for by itself. */
static Fail add_end(Routes *r, Route route)
{
    const struct Fit *fit;

    if (r->type == SEARCH_TOKEN && route.end == TYPE_CODE && route.count > 1) {
        TypeId parent = elements[route.steps[route.count - 2].element].type;

        if (parent == TYPE_CODING) {
            route.count--;
            route.end = TYPE_CODING;
        } else if (fit_of(SEARCH_QUANTITY, parent)) {
            return OK;
        }
    }
    fit = fit_of(r->type, route.end);
    if (!fit && !r->exists) {
        r->misfit = route.end;
        return OK;
    }
    r->kinds |= (uint16_t)(1 << (r->exists ? ROW_TOKEN : (RowKind)fit->kind));
    return append_once(r, &route);
}

/* The name of the type in front of a branch: "Patient.name", "Resource.meta". */
static uint32_t first_step(const PathBranch *branch, TypeId base)
{
    Str name = branch->steps[0].name;

    return base
           && (str_equal(name, type_name(base)) || str_equal(name, STR("Resource"))
               || str_equal(name, STR("DomainResource")));
}

static bool all_extensions(const Routes *ends)
{
    for (uint32_t i = 0; i < ends->count; i++)
        if (ends->routes[i].end != TYPE_EXTENSION)
            return false;
    return ends->count > 0;
}

Fail routes_follow(Routes *r, const PathBranch *branch, Route from, TypeId base)
{
    PathStep value = { .verb = PATH_CHILD, .name = STR_INIT("value") };
    Stepping s = { .for_whom = r, .step = &value };

    TRY(take_steps(r, branch, first_step(branch, base), from, &s.from));
    if (all_extensions(&s.from)) {
        value.place = branch->steps[branch->count - 1].place;
        s.to = (Routes){ .call = r->call, .where = r->where };
        TRY(step_child(&s));
        s.from = s.to;
    }
    for (uint32_t i = 0; i < s.from.count; i++)
        TRY(add_end(r, s.from.routes[i]));
    return OK;
}

Fail routes_follow_to_ends(Routes *r, const PathBranch *branch, TypeId base)
{
    Routes ends;

    TRY(take_steps(r, branch, first_step(branch, base), (Route){ .end = base }, &ends));
    for (uint32_t i = 0; i < ends.count; i++)
        TRY(append_once(r, &ends.routes[i]));
    return OK;
}

/* ---- trails ---- */

/* A place being made: the routes that share their first `depth` steps, side by side. */
typedef struct Sharing {
    uint32_t first, count, depth;
} Sharing;

static uint16_t guard_number(TrailMaking *t, const TrailGuard *guard)
{
    for (uint32_t i = 0; i < t->guard_count; i++)
        if (guard_equal(&t->guards[i], guard))
            return (uint16_t)i;
    t->guards = arena_grow(t->arena, t->guards, t->guard_count * sizeof *t->guards,
                           (t->guard_count + 1) * sizeof *t->guards);
    t->guards[t->guard_count] = (TrailGuard){ guard->guard, arena_str(t->arena, guard->name),
                                              arena_str(t->arena, guard->value) };
    return (uint16_t)t->guard_count++;
}

static bool same_step(const RouteStep *a, const RouteStep *b)
{
    return a->element == b->element && guard_equal(&a->guard, &b->guard);
}

/* Brings the routes that go on as the first one does behind it; how many they are. */
static uint32_t gather(Route *routes, const Sharing *s)
{
    uint32_t kept = 1;

    for (uint32_t i = 1; i < s->count; i++) {
        Route *at = &routes[s->first + i];

        if (same_step(&at->steps[s->depth], &routes[s->first].steps[s->depth])) {
            Route other = routes[s->first + kept];

            routes[s->first + kept++] = *at;
            *at = other;
        }
    }
    return kept;
}

/* Brings those that end at this place to the front; how many they are. */
static uint32_t end_here(Route *routes, const Sharing *s)
{
    uint32_t ended = 0;

    for (uint32_t i = 0; i < s->count; i++) {
        Route at = routes[s->first + i];

        if (at.count == s->depth) {
            routes[s->first + i] = routes[s->first + ended];
            routes[s->first + ended++] = at;
        }
    }
    return ended;
}

static void add_edge(TrailMaking *t, const RouteStep *step, uint32_t to)
{
    t->edges = arena_grow(t->arena, t->edges, t->edge_count * sizeof *t->edges,
                          (t->edge_count + 1) * sizeof *t->edges);
    t->edges[t->edge_count++] =
        (TrailEdge){ step->element, guard_number(t, &step->guard), (uint16_t)to };
}

uint16_t trail_add(TrailMaking *t, const Route *routes, uint32_t count)
{
    enum { PLACES_MAX = LIMIT_EXPRESSION_ROUTES * ROUTE_STEPS_MAX + 1 };
    uint32_t most = count * ROUTE_STEPS_MAX + 1, first = t->place_count, made = 1;
    Route   *sorted = NEW_ARRAY(t->arena, Route, count + 1);
    Sharing *sharings = NEW_ARRAY(t->arena, Sharing, most);

    ENSURE(count <= LIMIT_EXPRESSION_ROUTES && first + PLACES_MAX < UINT16_MAX);
    memcpy(sorted, routes, count * sizeof *sorted);
    t->places = arena_grow(t->arena, t->places, t->place_count * sizeof *t->places,
                           (t->place_count + most) * sizeof *t->places);
    sharings[0] = (Sharing){ 0, count, 0 };
    for (uint32_t i = 0; i < made; i++) {
        Sharing     s = sharings[i];
        TrailPlace *place = &t->places[first + i];
        uint32_t    ended = end_here(sorted, &s);

        *place = (TrailPlace){ .edge_first = (uint16_t)t->edge_count, .emit_count = ended > 0 };
        s.first += ended;
        s.count -= ended;
        while (s.count) {
            uint32_t together = gather(sorted, &s);

            add_edge(t, &sorted[s.first].steps[s.depth], first + made);
            sharings[made++] = (Sharing){ s.first, together, s.depth + 1 };
            s.first += together;
            s.count -= together;
        }
        place->edge_count = (uint16_t)(t->edge_count - place->edge_first);
    }
    t->place_count += made;
    return (uint16_t)first;
}
