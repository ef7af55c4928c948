/* The rules for those who book themselves: see online.h. */
#include "interaction/online.h"

#include "base/limits.h"
#include "fhir/reference.h"
#include "fhir/search.h"

enum { FLAGS_MAX = 200 };

#define FLAG_SYSTEM "urn:hale:flag"
#define FLAG_CODE "no-online-booking"

/* ---- what is looked at: never shown ---- */

static Fail look(Call *c, Session *s, TypeId type, Str criteria, SearchPage *out)
{
    QueryOptions options = { 0 };
    Principal    self = principal_booking(STR("rules"));
    Query       *query = NEW(c->arena, Query);
    Permit       permit;

    TRY(access_permit(c, &self, DEED_SEARCH, type, &permit));
    TRY(query_parse(c, type, criteria, &options, query));
    return store_search(c, s, &permit, query, out);
}

static Fail read_found(Call *c, const Version *version, Resource *out)
{
    ReadOptions trusted = { .expected = version->type,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };

    return resource_read(c, version->whole, &trusted, out);
}

static bool says_no(const Resource *flag)
{
    uint32_t code = node_child(flag, flag->root, STR("code"));
    uint32_t coding = code ? node_child(flag, code, STR("coding")) : 0;

    if (!str_equal(node_child_text(flag, flag->root, STR("status")), STR("active")))
        return false;
    for (; coding; coding = node_next_same(flag, coding))
        if (str_equal(node_child_text(flag, coding, STR("system")), STR(FLAG_SYSTEM))
            && str_equal(node_child_text(flag, coding, STR("code")), STR(FLAG_CODE)))
            return true;
    return false;
}

static Fail find_blocked(Call *c, Session *s, Str patient, bool *out)
{
    SearchPage page;

    *out = false;
    TRY(look(
        c, s, TYPE_FLAG,
        arena_printf(c->arena, "patient=Patient/%.*s&_count=%d", STR_ARG(patient), FLAGS_MAX),
        &page));
    for (size_t i = 0; i < page.count && !*out; i++) {
        Resource flag;

        TRY(read_found(c, &page.versions[i], &flag));
        *out = says_no(&flag);
    }
    return OK;
}

/* Whoever was here: by the calendar or by what was written about it. */
static Fail find_returning(Call *c, Session *s, Str patient, bool *out)
{
    SearchPage page;

    TRY(look(c, s, TYPE_APPOINTMENT,
             arena_printf(c->arena,
                          "patient=Patient/%.*s&status=arrived,checked-in,fulfilled&_count=1",
                          STR_ARG(patient)),
             &page));
    if (page.count == 0)
        TRY(look(c, s, TYPE_ENCOUNTER,
                 arena_printf(c->arena,
                              "patient=Patient/%.*s&status=arrived,triaged,in-progress,onleave,"
                              "finished&_count=1",
                              STR_ARG(patient)),
                 &page));
    *out = page.count > 0;
    return OK;
}

static bool is_over(const Call *c, const Resource *r)
{
    Str    text = node_extension_text(r, r->root, APPOINTMENT_HELD_UNTIL);
    Moment until;

    return text.len && str_equal(node_child_text(r, r->root, STR("status")), STR("pending"))
           && moment_parse(text, MOMENT_INSTANT, &until) && until.low <= c->now_us;
}

static Fail count_upcoming(Call *c, Session *s, const FreeService *service, Str patient,
                           Str except, uint64_t *out)
{
    char       now[INSTANT_CHARS + 1];
    SearchPage page;

    moment_format_instant(c->now_us, now);
    TRY(look(c, s, TYPE_APPOINTMENT,
             arena_printf(c->arena,
                          "patient=Patient/%.*s&actor=HealthcareService/%.*s"
                          "&status=proposed,pending,booked&date=gt%s&_count=%d",
                          STR_ARG(patient), STR_ARG(service->id), now, LIMIT_COUNT),
             &page));
    *out = 0;
    for (size_t i = 0; i < page.count; i++) {
        Resource found;

        TRY(read_found(c, &page.versions[i], &found));
        if (!str_equal(page.versions[i].id, except) && !is_over(c, &found))
            ++*out;
    }
    return OK;
}

/* ---- one more ---- */

static Fail look_at_patient(Call *c, Session *s, const FreeService *service, Str patient,
                            OnlineRefusal *out)
{
    bool blocked, returning;

    TRY(find_blocked(c, s, patient, &blocked));
    if (blocked) {
        *out = ONLINE_BLOCKED;
        return OK;
    }
    if (service->visitors == FREE_ALL)
        return OK;
    TRY(find_returning(c, s, patient, &returning));
    if (returning != (service->visitors == FREE_RETURNING))
        *out = returning ? ONLINE_ONLY_NEW : ONLINE_ONLY_RETURNING;
    return OK;
}

Fail online_look(Call *c, Session *s, const FreeService *service, Str patient, Str except,
                 OnlineRefusal *out)
{
    uint64_t upcoming;

    *out = ONLINE_FINE;
    if (patient.len == 0) {
        if (service->visitors == FREE_RETURNING)
            *out = ONLINE_ONLY_RETURNING;
        return OK;
    }
    TRY(look_at_patient(c, s, service, patient, out));
    if (*out != ONLINE_FINE || !service->upcoming_max)
        return OK;
    TRY(count_upcoming(c, s, service, patient, except, &upcoming));
    if (upcoming >= service->upcoming_max)
        *out = ONLINE_TOO_MANY;
    return OK;
}

Fail online_check(Call *c, Session *s, const FreeService *service, Str patient, Str except)
{
    static const char *const words[] = {
        [ONLINE_BLOCKED] = "This cannot be booked online: please call the practice",
        [ONLINE_ONLY_NEW] = "This is for new patients: please call the practice",
        [ONLINE_ONLY_RETURNING] =
            "This is for patients who have been here: please call the practice",
        [ONLINE_TOO_MANY] = "As many appointments are booked as may be at a time",
    };
    OnlineRefusal refusal;

    TRY(online_look(c, s, service, patient, except, &refusal));
    if (refusal == ONLINE_FINE)
        return OK;
    return fail(c, FAIL_UNPROCESSABLE, STR("Appointment.participant"), "%s", words[refusal]);
}

bool online_too_late(const Call *c, const FreeService *service, int64_t start_us)
{
    return start_us - service->late_us < c->now_us;
}

/* ---- by other ways ---- */

static Str actor_of(const Resource *r, uint32_t participant)
{
    uint32_t actor = node_child(r, participant, STR("actor"));

    return actor ? node_child_text(r, actor, STR("reference")) : (Str){ 0 };
}

Str online_service_id(const Resource *r)
{
    for (uint32_t each = node_child(r, r->root, STR("participant")); each;
         each = node_next_same(r, each)) {
        Reference reference = reference_parse(actor_of(r, each), (Str){ 0 });

        if (reference.form == REFERENCE_LOCAL && reference.type == TYPE_HEALTHCARE_SERVICE)
            return reference.id;
    }
    return (Str){ 0 };
}

static bool has_actor(const Resource *r, Str actor)
{
    for (uint32_t each = node_child(r, r->root, STR("participant")); each;
         each = node_next_same(r, each))
        if (str_equal(actor_of(r, each), actor))
            return true;
    return false;
}

static bool same_actors(const Resource *a, const Resource *b)
{
    for (uint32_t each = node_child(a, a->root, STR("participant")); each;
         each = node_next_same(a, each))
        if (!has_actor(b, actor_of(a, each)))
            return false;
    return true;
}

static bool same_text(const Resource *a, const Resource *b, Str element)
{
    return str_equal(node_child_text(a, a->root, element),
                     node_child_text(b, b->root, element));
}

static bool same_extensions(const Resource *a, const Resource *b)
{
    uint32_t x = node_child(a, a->root, STR("extension"));
    uint32_t y = node_child(b, b->root, STR("extension"));

    for (; x && y; x = node_next_same(a, x), y = node_next_same(b, y))
        if (!str_equal(node_source(a, x), node_source(b, y)))
            return false;
    return !x && !y;
}

/* What keeps people and rooms busy is as it was. */
static bool same_visit(const Resource *a, const Resource *b)
{
    return same_text(a, b, STR("start")) && same_text(a, b, STR("end")) && same_actors(a, b)
           && same_actors(b, a) && same_extensions(a, b);
}

/* Without a service of ours nothing says how late is too late. */
static Fail check_in_time(Call *c, const Step *step, const Resource *before)
{
    Str         id = online_service_id(before);
    Principal   self = principal_booking(STR("rules"));
    uint32_t    issues = c->issue_count;
    FreeService service;
    Moment      start;
    Fail        result;

    if (id.len == 0
        || !moment_parse(node_child_text(before, before->root, STR("start")), MOMENT_INSTANT,
                         &start))
        return OK;
    result = free_service(c, step->session, &self, id, &service);
    if (result == FAIL_NOT_FOUND) {
        call_forget_issues(c, issues);
        return OK;
    }
    TRY(result);
    return online_too_late(c, &service, start.low)
               ? fail(c, FAIL_UNPROCESSABLE, STR("Appointment.status"),
                      "It is too late to call this off here: please call the practice")
               : OK;
}

static bool has_answer(const Resource *r, Str actor, Str status)
{
    for (uint32_t each = node_child(r, r->root, STR("participant")); each;
         each = node_next_same(r, each))
        if (str_equal(actor_of(r, each), actor)
            && str_equal(node_child_text(r, each, STR("status")), status))
            return true;
    return false;
}

/* Patients answer for themselves: what others were asked, and say to it, is theirs. */
static bool leaves_others(const Resource *r, const Resource *before, Str self)
{
    for (uint32_t each = node_child(r, r->root, STR("participant")); each;
         each = node_next_same(r, each))
        if (!str_equal(actor_of(r, each), self)
            && !has_answer(before, actor_of(r, each), node_child_text(r, each, STR("status"))))
            return false;
    return true;
}

static bool others_come(const Resource *r, Str self)
{
    for (uint32_t each = node_child(r, r->root, STR("participant")); each;
         each = node_next_same(r, each))
        if (str_starts(actor_of(r, each), STR("Patient/"))
            && !str_equal(actor_of(r, each), self)
            && !str_equal(node_child_text(r, each, STR("status")), STR("declined")))
            return true;
    return false;
}

Fail online_check_change(Call *c, const Step *step, const Resource *r, const Version *old)
{
    Str      status = node_child_text(r, r->root, STR("status"));
    bool     asks = str_equal(status, STR("proposed")) || str_equal(status, STR("waitlist"));
    Resource before;
    Str      was, self;

    if (!old || old->deleted)
        return asks ? OK
                    : fail(c, FAIL_FORBIDDEN, STR("Appointment.status"),
                           "Patients book what $find proposes, by $book; what they create is "
                           "proposed or on the waiting list");
    TRY(read_found(c, old, &before));
    was = node_child_text(&before, before.root, STR("status"));
    if (str_equal(was, STR("proposed")) || str_equal(was, STR("waitlist")))
        return asks || str_equal(status, STR("cancelled"))
                   ? OK
                   : fail(c, FAIL_FORBIDDEN, STR("Appointment.status"),
                          "The practice says yes to what was asked for");
    if (!same_visit(r, &before))
        return fail(c, FAIL_FORBIDDEN, STR("Appointment.start"),
                    "Patients do not change when or with whom: call it off, and book another");
    self = arena_printf(c->arena, "Patient/%s", step->turn.principal->patient);
    if (!leaves_others(r, &before, self))
        return fail(c, FAIL_FORBIDDEN, STR("Appointment.participant"),
                    "Patients answer for themselves");
    if (str_equal(was, status))
        return OK;
    if (!str_equal(status, STR("cancelled")))
        return fail(c, FAIL_FORBIDDEN, STR("Appointment.status"),
                    "Patients may call it off, nothing else");
    if (others_come(r, self))
        return fail(c, FAIL_FORBIDDEN, STR("Appointment.status"),
                    "Others come to it, too: decline for yourself, by an AppointmentResponse");
    return check_in_time(c, step, &before);
}
