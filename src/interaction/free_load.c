/* Roles, services and places, read for those who look for a free time: see free.h. */
#include "base/limits.h"
#include "fhir/reference.h"
#include "interaction/free.h"

enum {
    PAGE = 1000,
    PARENTS_MAX = 8,
    MINUTES_MAX = 24 * 60,
    DEFAULT_MINUTES = 30,
    DEFAULT_STEP_MINUTES = 15,
    HORIZON_DAYS = 90,
    NEED_ACTORS_MAX = 64
};

static const int64_t MINUTE_US = INT64_C(60) * 1000000;

#define SERVICE_EXTENSION STR("urn:hale:service")
#define ZONE_EXTENSION STR("http://hl7.org/fhir/StructureDefinition/timezone")

Fail free_permit(Call *c, const Principal *p, TypeId type, Permit *out)
{
    return access_directory(c, p, type, out);
}

Fail free_each(Call *c, Session *s, const Principal *p, TypeId type, Str criteria,
               Fail (*each)(Call *c, const Resource *r, void *context), void *context)
{
    QueryOptions options = { 0 };
    ReadOptions trusted = { .expected = type, .values_max = LIMIT_JSON_NODES, .trusted = true };
    Query      *query = NEW(c->arena, Query);
    SearchPage  page = { 0 };
    Permit      permit;

    TRY(free_permit(c, p, type, &permit));
    TRY(query_parse(c, type, arena_printf(c->arena, "%.*s&_count=%d", STR_ARG(criteria), PAGE),
                    &options, query));
    do {
        query->cursor = page.next;
        TRY(store_search(c, s, &permit, query, &page));
        for (size_t i = 0; i < page.count; i++) {
            Resource resource;

            TRY(resource_read(c, page.versions[i].body, &trusted, &resource));
            resource.id = page.versions[i].id;
            TRY(each(c, &resource, context));
        }
    } while (page.next.len);
    return OK;
}

/* ---- services ---- */

static Fail read_minutes(Call *c, const Resource *r, uint32_t from, Str name, uint64_t most,
                         int64_t *out_us)
{
    Str      text = node_extension_text(r, from, name);
    uint64_t minutes;

    if (text.len == 0)
        return OK;
    if (!str_to_u64(text, &minutes) || minutes > most)
        return fail(
            c, FAIL_VALUE, arena_printf(c->arena, "HealthcareService/%.*s", STR_ARG(r->id)),
            "%.*s is a number of at most %llu", STR_ARG(name), (unsigned long long)most);
    *out_us = (int64_t)minutes * MINUTE_US;
    return OK;
}

static bool is_actor(const Reference *reference)
{
    return reference->form == REFERENCE_LOCAL
           && (reference->type == TYPE_LOCATION || reference->type == TYPE_DEVICE
               || reference->type == TYPE_PRACTITIONER);
}

static void read_need(Call *c, const Resource *r, uint32_t node, FreeService *service)
{
    FreeNeed need = { 0 };
    uint32_t each = node_child(r, node, STR("extension"));

    need.actors = NEW_ARRAY(c->arena, BusyActor, NEED_ACTORS_MAX);
    need.numbers = NEW_ARRAY(c->arena, size_t, NEED_ACTORS_MAX);
    for (; each && need.count < NEED_ACTORS_MAX; each = node_next_same(r, each)) {
        uint32_t  value = node_child(r, each, STR("value"));
        Reference reference;

        if (!value || !str_equal(node_child_text(r, each, STR("url")), STR("one-of")))
            continue;
        reference = reference_parse(node_child_text(r, value, STR("reference")), (Str){ 0 });
        if (is_actor(&reference))
            need.actors[need.count++] = (BusyActor){ reference.type, reference.id };
    }
    if (need.count == 0)
        return;
    service->needs =
        arena_grow(c->arena, service->needs, service->need_count * sizeof *service->needs,
                   (service->need_count + 1) * sizeof *service->needs);
    service->needs[service->need_count++] = need;
}

static Fail read_visitors(Call *c, const Resource *r, uint32_t node, FreeService *service)
{
    static const Str words[] = { [FREE_ALL] = STR_INIT("all"),
                                 [FREE_NEW] = STR_INIT("new"),
                                 [FREE_RETURNING] = STR_INIT("returning") };
    Str              said = node_extension_text(r, node, STR("visitors"));

    for (size_t i = 0; said.len && i < COUNT(words); i++)
        if (str_equal(said, words[i])) {
            service->visitors = (FreeVisitors)i;
            return OK;
        }
    if (said.len == 0)
        return OK;
    return fail(c, FAIL_VALUE, arena_printf(c->arena, "HealthcareService/%.*s", STR_ARG(r->id)),
                "visitors is one of all, new, returning");
}

/* The rules for those who book themselves. */
static Fail read_online(Call *c, const Resource *r, uint32_t node, FreeService *service)
{
    int64_t days_us = HORIZON_DAYS * MINUTE_US;

    TRY(read_visitors(c, r, node, service));
    service->online = str_equal(node_extension_text(r, node, STR("enabled")), STR("true"));
    service->approval = str_equal(node_extension_text(r, node, STR("approval")), STR("true"));
    (void)str_to_u64(node_extension_text(r, node, STR("max-upcoming")), &service->upcoming_max);
    TRY(read_minutes(c, r, node, STR("late-cancel"), 366 * MINUTES_MAX, &service->late_us));
    TRY(read_minutes(c, r, node, STR("notice"), 366 * MINUTES_MAX, &service->notice_us));
    TRY(read_minutes(c, r, node, STR("horizon-days"), 3 * 366, &days_us));
    service->horizon_us = days_us * MINUTES_MAX;
    return OK;
}

static Fail read_service(Call *c, FreeService *service)
{
    const Resource *r = &service->resource;
    uint32_t        rules = node_extension(r, r->root, SERVICE_EXTENSION);
    uint32_t        online, each;

    service->duration_us = DEFAULT_MINUTES * MINUTE_US;
    service->step_us = DEFAULT_STEP_MINUTES * MINUTE_US;
    if (!rules)
        return OK;
    TRY(read_minutes(c, r, rules, STR("duration"), MINUTES_MAX, &service->duration_us));
    TRY(read_minutes(c, r, rules, STR("buffer-before"), MINUTES_MAX, &service->before_us));
    TRY(read_minutes(c, r, rules, STR("buffer-after"), MINUTES_MAX, &service->after_us));
    TRY(read_minutes(c, r, rules, STR("step"), MINUTES_MAX, &service->step_us));
    if (service->duration_us == 0 || service->step_us == 0)
        return fail(c, FAIL_VALUE,
                    arena_printf(c->arena, "HealthcareService/%.*s", STR_ARG(r->id)),
                    "A service takes a minute at least");
    online = node_extension(r, rules, STR("online"));
    if (online)
        TRY(read_online(c, r, online, service));
    for (each = node_child(r, rules, STR("extension")); each; each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("url")), STR("needs")))
            read_need(c, r, each, service);
    return OK;
}

Fail free_service(Call *c, Session *s, const Principal *p, Str id, FreeService *out)
{
    ReadOptions trusted = { .expected = TYPE_HEALTHCARE_SERVICE,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    Permit      permit;
    Version     version;

    TRY(free_permit(c, p, TYPE_HEALTHCARE_SERVICE, &permit));
    TRY(store_read(c, s, &permit, TYPE_HEALTHCARE_SERVICE, id, &version));
    if (version.deleted)
        return not_found(c, TYPE_HEALTHCARE_SERVICE, id);
    *out = (FreeService){ .id = id };
    TRY(resource_read(c, version.whole, &trusted, &out->resource));
    return read_service(c, out);
}

static Fail take_service(Call *c, const Resource *r, void *context)
{
    FreeDirectory *d = context;

    d->services = arena_grow(c->arena, d->services, d->service_count * sizeof *d->services,
                             (d->service_count + 1) * sizeof *d->services);
    d->services[d->service_count] = (FreeService){ .id = r->id, .resource = *r };
    return read_service(c, &d->services[d->service_count++]);
}

/* ---- roles ---- */

static Str local_id(const Resource *r, uint32_t node, TypeId type)
{
    Reference reference = reference_parse(
        node ? node_child_text(r, node, STR("reference")) : (Str){ 0 }, (Str){ 0 });

    return reference.form == REFERENCE_LOCAL && reference.type == type ? reference.id
                                                                       : (Str){ 0 };
}

static Fail take_role(Call *c, const Resource *r, void *context)
{
    FreeDirectory *d = context;

    d->roles = arena_grow(c->arena, d->roles, d->role_count * sizeof *d->roles,
                          (d->role_count + 1) * sizeof *d->roles);
    d->roles[d->role_count++] = (FreeRole){
        .id = r->id,
        .practitioner =
            local_id(r, node_child(r, r->root, STR("practitioner")), TYPE_PRACTITIONER),
        .location = local_id(r, node_child(r, r->root, STR("location")), TYPE_LOCATION),
        .resource = *r,
        .zone = zone_utc(),
        .busy = spans_new(c->arena),
    };
    return OK;
}

/* ---- places ---- */

/* Not there: a zeroed resource. */
static Fail read_location(Call *c, Session *s, const Principal *p, Str id, Resource *out)
{
    ReadOptions trusted = { .expected = TYPE_LOCATION,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    uint32_t    issues = c->issue_count;
    Permit      permit;
    Version     version;
    Fail        result;

    *out = (Resource){ 0 };
    TRY(free_permit(c, p, TYPE_LOCATION, &permit));
    result = store_read(c, s, &permit, TYPE_LOCATION, id, &version);
    if (result == FAIL_NOT_FOUND || (result == OK && version.deleted)) {
        call_forget_issues(c, issues);
        return OK;
    }
    TRY(result);
    return resource_read(c, version.body, &trusted, out);
}

/* https://hl7.org/fhir/R4/valueset-location-physical-type.html, as store/busy.c has it. */
static bool is_room(const Resource *r)
{
    static const char *const codes[] = { "ro", "bd", "ve" };
    uint32_t                 type = node_child(r, r->root, STR("physicalType"));
    uint32_t                 coding = type ? node_child(r, type, STR("coding")) : 0;

    for (; coding; coding = node_next_same(r, coding))
        for (size_t i = 0; i < COUNT(codes); i++)
            if (str_equal(node_child_text(r, coding, STR("code")), str_from(codes[i])))
                return true;
    return false;
}

Fail free_place(Call *c, Session *s, const Principal *p, Str location, const Zone **zone,
                bool *room)
{
    Str id = location;

    *zone = zone_utc();
    *room = false;
    for (int depth = 0; id.len && depth < PARENTS_MAX; depth++) {
        Resource place;
        Str      name;

        TRY(read_location(c, s, p, id, &place));
        if (!place.type)
            return OK;
        if (depth == 0)
            *room = is_room(&place);
        name = node_extension_text(&place, place.root, ZONE_EXTENSION);
        if (name.len) {
            *zone = zone_find(name);
            return *zone ? OK
                         : fail(c, FAIL_UNPROCESSABLE,
                                arena_printf(c->arena, "Location/%.*s", STR_ARG(id)),
                                "There is no time zone %.*s", STR_ARG(name));
        }
        id = local_id(&place, node_child(&place, place.root, STR("partOf")), TYPE_LOCATION);
    }
    return OK;
}

static Fail find_places(Call *c, Session *s, const Principal *p, FreeDirectory *d)
{
    for (size_t i = 0; i < d->role_count; i++) {
        const FreeRole *same = NULL;

        for (size_t k = 0; k < i && !same; k++)
            if (str_equal(d->roles[k].location, d->roles[i].location))
                same = &d->roles[k];
        if (!same) {
            TRY(free_place(c, s, p, d->roles[i].location, &d->roles[i].zone,
                           &d->roles[i].room));
            continue;
        }
        d->roles[i].zone = same->zone;
        d->roles[i].room = same->room;
    }
    return OK;
}

Fail free_load(Call *c, Session *s, const Principal *p, FreeDirectory *out)
{
    *out = (FreeDirectory){ 0 };
    TRY(free_each(c, s, p, TYPE_HEALTHCARE_SERVICE, STR("active:not=false"), take_service,
                  out));
    TRY(free_each(c, s, p, TYPE_PRACTITIONER_ROLE, STR("active:not=false"), take_role, out));
    return find_places(c, s, p, out);
}
