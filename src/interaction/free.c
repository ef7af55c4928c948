/* Free times, worked out: see free.h. */
#include "interaction/free.h"

#include <stdlib.h>

#include "base/limits.h"
#include "codec/base64.h"
#include "codec/digest.h"
#include "fhir/hours.h"
#include "fhir/reference.h"

static const int64_t MINUTE_US = INT64_C(60) * 1000000;
static const int64_t DAY_US = INT64_C(24) * 3600 * 1000000;

/* One looking. */
typedef struct Finding {
    Call            *call;
    Session         *session;
    const Principal *principal;
    const FreeAsked *asked;
    FreeDirectory    all;
    FreeService      general; /* for roles that offer nothing in particular */
    BusyActor       *actors;  /* of needs, each once */
    Spans           *taken;   /* when these are */
    size_t           actor_count, actor_room;
    FreeTime        *found;
    size_t           found_count, found_room;
} Finding;

void free_text_add(Call *c, FreeTexts *to, Str text)
{
    if (to->count == to->room) {
        size_t room = to->room ? 2 * to->room : 8;

        to->at = arena_grow(c->arena, to->at, to->room * sizeof *to->at, room * sizeof *to->at);
        to->room = room;
    }
    to->at[to->count++] = text;
}

/* ---- who is wanted ---- */

/* The place in the list, its length if it is not there; 0 where nothing is said. */
static uint32_t place_in(const FreeTexts *list, Str id)
{
    uint32_t i = 0;

    while (i < list->count && !str_equal(list->at[i], id))
        i++;
    return i;
}

static bool wanted(const FreeTexts *list, Str id)
{
    return list->count == 0 || place_in(list, id) < list->count;
}

static bool token_fits(const FreeTexts *tokens, Str system, Str code)
{
    for (size_t i = 0; i < tokens->count; i++) {
        Str before, after;

        if (!str_cut(tokens->at[i], '|', &before, &after)) {
            if (str_equal(tokens->at[i], code))
                return true;
        } else if (str_equal(before, system) && (after.len == 0 || str_equal(after, code))) {
            return true;
        }
    }
    return false;
}

/* Whether one of the codings of that element is among the tokens. */
static bool codes_fit(const FreeTexts *tokens, const Resource *r, Str element)
{
    uint32_t concept = node_child(r, r->root, element);

    if (tokens->count == 0)
        return true;
    for (; concept; concept = node_next_same(r, concept))
        for (uint32_t coding = node_child(r, concept, STR("coding")); coding;
             coding = node_next_same(r, coding))
            if (token_fits(tokens, node_child_text(r, coding, STR("system")),
                           node_child_text(r, coding, STR("code"))))
                return true;
    return false;
}

static bool refers(const Resource *r, Str element, TypeId type, Str id)
{
    for (uint32_t at = node_child(r, r->root, element); at; at = node_next_same(r, at)) {
        Reference reference =
            reference_parse(node_child_text(r, at, STR("reference")), (Str){ 0 });

        if (reference.form == REFERENCE_LOCAL && reference.type == type
            && str_equal(reference.id, id))
            return true;
    }
    return false;
}

static bool organization_wanted(const FreeAsked *asked, const Resource *role)
{
    for (size_t i = 0; i < asked->organizations.count; i++)
        if (refers(role, STR("organization"), TYPE_ORGANIZATION, asked->organizations.at[i]))
            return true;
    return asked->organizations.count == 0;
}

static bool role_wanted(const FreeAsked *asked, const FreeRole *role)
{
    return wanted(&asked->roles, role->id) && wanted(&asked->practitioners, role->practitioner)
           && wanted(&asked->locations, role->location)
           && organization_wanted(asked, &role->resource)
           && codes_fit(&asked->specialties, &role->resource, STR("specialty"));
}

static bool service_wanted(const FreeAsked *asked, const FreeRole *role,
                           const FreeService *service)
{
    return wanted(&asked->services, service->id) && (!asked->online || service->online)
           && codes_fit(&asked->visit_types, &service->resource, STR("type"))
           && refers(&role->resource, STR("healthcareService"), TYPE_HEALTHCARE_SERVICE,
                     service->id);
}

/* ---- what is taken ---- */

static size_t actor_of(Finding *f, const BusyActor *actor)
{
    for (size_t i = 0; i < f->actor_count; i++)
        if (f->actors[i].type == actor->type && str_equal(f->actors[i].id, actor->id))
            return i;
    if (f->actor_count == f->actor_room) {
        size_t room = f->actor_room ? 2 * f->actor_room : 64;

        f->actors = arena_grow(f->call->arena, f->actors, f->actor_room * sizeof *f->actors,
                               room * sizeof *f->actors);
        f->actor_room = room;
    }
    f->actors[f->actor_count] = *actor;
    return f->actor_count++;
}

static void name_actors(Finding *f)
{
    for (size_t i = 0; i < f->all.role_count; i++) {
        FreeRole *role = &f->all.roles[i];

        role->number = actor_of(f, &(BusyActor){ TYPE_PRACTITIONER_ROLE, role->id });
        role->person = role->practitioner.len
                           ? actor_of(f, &(BusyActor){ TYPE_PRACTITIONER, role->practitioner })
                           : role->number;
        role->place = role->room ? actor_of(f, &(BusyActor){ TYPE_LOCATION, role->location })
                                 : role->number;
    }
    for (size_t i = 0; i < f->all.service_count; i++)
        for (size_t n = 0; n < f->all.services[i].need_count; n++) {
            FreeNeed *need = &f->all.services[i].needs[n];

            for (size_t k = 0; k < need->count; k++)
                need->numbers[k] = actor_of(f, &need->actors[k]);
        }
}

static void add_all(Spans *to, const Spans *from)
{
    for (size_t i = 0; i < from->count; i++)
        spans_add(to, from->at[i]);
}

/* A practitioner is taken by whatever role. */
static void gather_role(Finding *f, FreeRole *role)
{
    for (size_t i = 0; i < f->all.role_count; i++)
        if (f->all.roles[i].person == role->person)
            add_all(&role->busy, &f->taken[f->all.roles[i].number]);
    if (role->person != role->number)
        add_all(&role->busy, &f->taken[role->person]);
    if (role->place != role->number)
        add_all(&role->busy, &f->taken[role->place]);
    spans_order(&role->busy);
}

/* Only those who may come into question are asked for. */
static void keep_wanted_roles(Finding *f, FreeRole **out, size_t *count)
{
    *out = NEW_ARRAY(f->call->arena, FreeRole, f->all.role_count + 1);
    *count = 0;
    for (size_t i = 0; i < f->all.role_count; i++)
        if (role_wanted(f->asked, &f->all.roles[i])) {
            (*out)[*count] = f->all.roles[i];
            (*out)[(*count)++].preference =
                place_in(&f->asked->practitioners, f->all.roles[i].practitioner);
        }
}

static Fail find_taken(Finding *f, Moment within)
{
    Permit    permit;
    BusyTime *times;
    size_t    count;

    f->taken = NEW_ARRAY(f->call->arena, Spans, f->actor_count + 1);
    for (size_t i = 0; i < f->actor_count; i++)
        f->taken[i] = spans_new(f->call->arena);
    TRY(free_permit(f->call, f->principal, TYPE_SCHEDULE, &permit));
    TRY(store_busy_times(f->call, f->session, &permit, f->actors, f->actor_count, within,
                         &times, &count));
    for (size_t i = 0; i < count; i++)
        spans_add(&f->taken[times[i].actor], times[i].time);
    for (size_t i = 0; i < f->actor_count; i++)
        spans_order(&f->taken[i]);
    return OK;
}

/* ---- candidates ---- */

static void add_found(Finding *f, const FreeTime *time)
{
    if (f->found_count == f->found_room) {
        size_t room = f->found_room ? 2 * f->found_room : 64;

        f->found = arena_grow(f->call->arena, f->found, f->found_room * sizeof *f->found,
                              room * sizeof *f->found);
        f->found_room = room;
    }
    f->found[f->found_count++] = *time;
}

static bool chosen_before(const FreeTime *time, size_t needs, const BusyActor *actor)
{
    for (size_t i = 0; i < needs; i++)
        if (time->chosen[i] == actor)
            return true;
    return false;
}

/* For each need one who is free; else when the next of them may be. */
static bool choose(Finding *f, const FreeService *service, Moment needed, FreeTime *time,
                   int64_t *until)
{
    if (service->need_count)
        time->chosen = NEW_ARRAY(f->call->arena, const BusyActor *, service->need_count);
    for (size_t n = 0; n < service->need_count; n++) {
        const FreeNeed *need = &service->needs[n];
        int64_t         first = MOMENT_MAX, end;

        for (size_t k = 0; k < need->count && !time->chosen[n]; k++) {
            const BusyActor *actor = &f->actors[need->numbers[k]];

            if (chosen_before(time, n, actor))
                continue;
            if (!spans_touch(&f->taken[need->numbers[k]], needed, &end))
                time->chosen[n] = actor;
            else if (end < first)
                first = end;
        }
        if (!time->chosen[n]) {
            *until = first;
            return false;
        }
    }
    return true;
}

typedef struct Candidates {
    const FreeRole    *role;
    const FreeService *service;
    Moment             within; /* beginnings */
    int64_t            duration_us;
    uint32_t           count;
} Candidates;

/* Beginnings are so many steps from when the doors open, whatever was asked for. */
static int64_t aligned(int64_t at, int64_t begin, int64_t step)
{
    int64_t behind = (at - begin) % step;

    return behind ? at + step - behind : at;
}

static void try_stretch(Finding *f, Candidates *c, Moment open)
{
    const FreeService *service = c->service;
    int64_t            at = open.low, until = 0;

    if (at < c->within.low)
        at = aligned(c->within.low, open.low, service->step_us);
    while (c->count < f->asked->most && at + c->duration_us <= open.high
           && at < c->within.high) {
        Moment   time = { at, at + c->duration_us };
        Moment   needed = { at - service->before_us, time.high + service->after_us };
        FreeTime found = { c->role, service, time, NULL };

        if (!spans_touch(&c->role->busy, needed, &until)
            && choose(f, service, needed, &found, &until)) {
            add_found(f, &found);
            c->count++;
            at += service->step_us;
        } else if (until == MOMENT_MAX) {
            return;
        } else {
            int64_t next = aligned(until + service->before_us, open.low, service->step_us);

            at = next > at ? next : at + service->step_us;
        }
    }
}

/* The hours in which the service is given in that role. */
static Spans open_hours(Finding *f, const FreeRole *role, const FreeService *service,
                        const Spans *shut)
{
    Moment about = { f->asked->within.low - DAY_US, f->asked->within.high + DAY_US };
    Spans  open = spans_new(f->call->arena), closed = spans_new(f->call->arena);
    Spans  given = spans_new(f->call->arena);

    hours_open(&role->resource, role->zone, about, &open);
    spans_order(&open);
    hours_closed(&role->resource, role->zone, &closed);
    add_all(&closed, shut);
    if (service->id.len) {
        if (hours_open(&service->resource, role->zone, about, &given)) {
            spans_order(&given);
            open = spans_both(&open, &given);
        }
        hours_closed(&service->resource, role->zone, &closed);
    }
    spans_order(&closed);
    return spans_without(&open, &closed);
}

static void try_pair(Finding *f, const FreeRole *role, const FreeService *service,
                     const Spans *shut)
{
    Candidates c = { .role = role,
                     .service = service,
                     .within = f->asked->within,
                     .duration_us =
                         f->asked->duration_us ? f->asked->duration_us : service->duration_us };
    Spans      open = open_hours(f, role, service, shut);

    if (c.within.low < f->call->now_us)
        c.within.low = f->call->now_us;
    if (f->asked->online) {
        int64_t notice = f->call->now_us + service->notice_us;
        int64_t horizon = f->call->now_us + service->horizon_us;

        c.within.low = c.within.low > notice ? c.within.low : notice;
        c.within.high = c.within.high < horizon ? c.within.high : horizon;
    }
    for (size_t i = 0; i < open.count && c.count < f->asked->most; i++)
        try_stretch(f, &c, open.at[i]);
}

/* ---- schedules and slots ---- */

typedef struct Shut {
    Call           *call;
    const FreeRole *roles;
    size_t          count;
    Spans          *of_role;
    FreeTexts       schedules; /* ids, … */
    uint64_t       *owners;    /* … and in the same order the first role it is of, or count */
} Shut;

static bool schedule_is_of(const Resource *r, const FreeRole *role)
{
    return refers(r, STR("actor"), TYPE_PRACTITIONER_ROLE, role->id)
           || (role->practitioner.len
               && refers(r, STR("actor"), TYPE_PRACTITIONER, role->practitioner))
           || (role->room && refers(r, STR("actor"), TYPE_LOCATION, role->location));
}

/* Outside of its planning horizon nothing can be booked. */
static Fail take_schedule(Call *c, const Resource *r, void *context)
{
    Shut    *shut = context;
    uint32_t horizon = node_child(r, r->root, STR("planningHorizon"));

    for (size_t i = 0; i < shut->count; i++) {
        Moment time;

        if (!schedule_is_of(r, &shut->roles[i]))
            continue;
        free_text_add(c, &shut->schedules,
                      arena_printf(c->arena, "%zu/%.*s", i, STR_ARG(r->id)));
        if (!horizon)
            continue;
        time = hours_period(r, horizon, shut->roles[i].zone);
        spans_add(&shut->of_role[i], (Moment){ MOMENT_MIN, time.low });
        spans_add(&shut->of_role[i], (Moment){ time.high, MOMENT_MAX });
    }
    return OK;
}

static Fail take_slot(Call *c, const Resource *r, void *context)
{
    Shut  *shut = context;
    Moment from, to;

    (void)c;
    if (!moment_parse(node_child_text(r, r->root, STR("start")), MOMENT_INSTANT, &from)
        || !moment_parse(node_child_text(r, r->root, STR("end")), MOMENT_INSTANT, &to))
        return OK;
    for (size_t i = 0; i < shut->schedules.count; i++) {
        Str      number, id;
        uint64_t role;

        if (str_cut(shut->schedules.at[i], '/', &number, &id) && str_to_u64(number, &role)
            && refers(r, STR("schedule"), TYPE_SCHEDULE, id))
            spans_add(&shut->of_role[role], (Moment){ from.low, to.low });
    }
    return OK;
}

/* A Slot that says "not available" takes time out of the hours; those that are busy with an Appointment
 * are known by it. */
static Fail find_shut(Finding *f, Shut *shut)
{
    char from[INSTANT_CHARS + 1], to[INSTANT_CHARS + 1];

    TRY(free_each(f->call, f->session, f->principal, TYPE_SCHEDULE, STR("active:not=false"),
                  take_schedule, shut));
    if (shut->schedules.count == 0)
        return OK;
    moment_format_instant(f->asked->within.low - LIMIT_FIND_DAYS * DAY_US,
                          from); /* long ones */
    moment_format_instant(f->asked->within.high + DAY_US, to);
    return free_each(
        f->call, f->session, f->principal, TYPE_SLOT,
        arena_printf(f->call->arena, "status=busy-unavailable&start=ge%s&start=lt%s", from, to),
        take_slot, shut);
}

/* ---- all together ---- */

static int by_time(const void *a, const void *b)
{
    const FreeTime *x = a, *y = b;

    if (x->time.low != y->time.low)
        return x->time.low < y->time.low ? -1 : 1;
    if (x->role->preference != y->role->preference)
        return x->role->preference < y->role->preference ? -1 : 1;
    if (x->role != y->role)
        return x->role < y->role ? -1 : 1;
    return x->service < y->service ? -1 : x->service > y->service;
}

static void try_role(Finding *f, const FreeRole *role, const Spans *shut)
{
    bool any = false;

    for (size_t i = 0; i < f->all.service_count; i++)
        if (service_wanted(f->asked, role, &f->all.services[i])) {
            any = true;
            try_pair(f, role, &f->all.services[i], shut);
        }
    if (!any && !f->asked->online && f->asked->services.count == 0
        && f->asked->visit_types.count == 0
        && !node_child(&role->resource, role->resource.root, STR("healthcareService")))
        try_pair(f, role, &f->general, shut);
}

static Fail find_all(Finding *f)
{
    Moment    about = { f->asked->within.low - DAY_US, f->asked->within.high + DAY_US };
    FreeRole *roles;
    size_t    count;
    Shut      shut;

    TRY(free_load(f->call, f->session, f->principal, &f->all));
    name_actors(f);
    keep_wanted_roles(f, &roles, &count);
    if (count == 0)
        return OK;
    shut = (Shut){ .call = f->call,
                   .roles = roles,
                   .count = count,
                   .of_role = NEW_ARRAY(f->call->arena, Spans, count) };
    for (size_t i = 0; i < count; i++)
        shut.of_role[i] = spans_new(f->call->arena);
    TRY(find_shut(f, &shut));
    TRY(find_taken(f, about));
    f->general = (FreeService){ .duration_us = 30 * MINUTE_US, .step_us = 15 * MINUTE_US };
    for (size_t i = 0; i < count; i++) {
        gather_role(f, &roles[i]);
        try_role(f, &roles[i], &shut.of_role[i]);
    }
    return OK;
}

Fail free_find(Call *c, Session *s, const Principal *p, const FreeAsked *asked, FreeTimes *out)
{
    Finding *f = NEW(c->arena, Finding);

    *out = (FreeTimes){ 0 };
    if (asked->within.high - asked->within.low > LIMIT_FIND_DAYS * DAY_US)
        return fail(c, FAIL_TOO_COSTLY, STR("end"),
                    "At most %d days are looked through at once", LIMIT_FIND_DAYS);
    *f = (Finding){ .call = c, .session = s, .principal = p, .asked = asked };
    TRY(find_all(f));
    if (f->found_count)
        qsort(f->found, f->found_count, sizeof *f->found, by_time);
    out->at = f->found;
    out->count = f->found_count < asked->most ? f->found_count : asked->most;
    return OK;
}

/* ---- ids of what is proposed ---- */

static Str pair_name(Call *c, Str role, Str service)
{
    uint8_t hash[SHA256_BYTES];
    char   *text = arena_alloc(c->arena, 2 * 12 + 1, 1);

    digest_sha256(arena_printf(c->arena, "%.*s\n%.*s", STR_ARG(role), STR_ARG(service)), hash);
    for (int i = 0; i < 12; i++) {
        static const char digits[] = "0123456789abcdef";

        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    return str_from(text);
}

Str free_proposal(Call *c, const FreeTime *time)
{
    return arena_printf(c->arena, "p.%.*s.%lld.%lld",
                        STR_ARG(pair_name(c, time->role->id, time->service->id)),
                        (long long)(time->time.low / MINUTE_US),
                        (long long)((time->time.high - time->time.low) / MINUTE_US));
}

static bool read_proposal(Str id, Str *pair, Moment *time)
{
    Str      mark, rest, from, minutes;
    uint64_t start, lasting;

    if (!str_cut(id, '.', &mark, &rest) || !str_equal(mark, STR("p"))
        || !str_cut(rest, '.', pair, &rest) || !str_cut(rest, '.', &from, &minutes)
        || !str_to_u64(from, &start) || !str_to_u64(minutes, &lasting)
        || start > (uint64_t)MOMENT_MAX / 60000000 / 2 || lasting == 0 || lasting > 1440 * 31)
        return false;
    time->low = (int64_t)start * MINUTE_US;
    time->high = time->low + (int64_t)lasting * MINUTE_US;
    return true;
}

/* The role and service that the id names, if they are there. */
static bool find_pair(Call *c, const FreeDirectory *all, Str pair, FreeTime *out)
{
    static const FreeService none = { 0 };

    for (size_t i = 0; i < all->role_count; i++) {
        out->role = &all->roles[i];
        out->service = &none;
        if (str_equal(pair_name(c, out->role->id, (Str){ 0 }), pair))
            return true;
        for (size_t k = 0; k < all->service_count; k++) {
            out->service = &all->services[k];
            if (str_equal(pair_name(c, out->role->id, out->service->id), pair))
                return true;
        }
    }
    return false;
}

Fail free_proposed(Call *c, Session *s, const Principal *p, Str id, bool online, FreeTime *time,
                   bool *found)
{
    FreeAsked     asked = { .most = 1000, .online = online };
    FreeDirectory all;
    FreeTimes     times;
    Str           pair;

    *found = false;
    *time = (FreeTime){ 0 };
    if (!read_proposal(id, &pair, &time->time))
        return not_found(c, TYPE_APPOINTMENT, id);
    TRY(free_load(c, s, p, &all));
    if (!find_pair(c, &all, pair, time))
        return not_found(c, TYPE_APPOINTMENT, id);
    free_text_add(c, &asked.roles, time->role->id);
    if (time->service->id.len)
        free_text_add(c, &asked.services, time->service->id);
    asked.within = (Moment){ time->time.low, time->time.low + 1 };
    if (!online)
        asked.duration_us = time->time.high - time->time.low;
    TRY(free_find(c, s, p, &asked, &times));
    *found = times.count && times.at[0].time.high == time->time.high;
    if (*found)
        *time = times.at[0];
    return OK;
}
