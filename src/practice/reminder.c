/* Working out reminders: see reminder.h. */
#include "practice/reminder.h"

#include "base/limits.h"
#include "base/log.h"
#include "fhir/reference.h"
#include "interaction/free.h"
#include "practice/guest.h"
#include "store/outbox.h"

enum {
    PAGE = 500,
    OFFSETS_MAX = 8,
    OFFSET_MINUTES_MAX = 60 * 24 * 60,
    PARENTS_MAX = 8,
    DAY_SECONDS = 24 * 3600,
    QUIET_FROM = 21 * 3600,
    QUIET_UNTIL = 8 * 3600,
};

static const int64_t MINUTE_US = INT64_C(60) * 1000000;
static const int64_t HOUR_US = INT64_C(3600) * 1000000;

static const char system_scopes[] = "system/Appointment.rs system/Patient.rs system/Location.rs"
                                    " system/HealthcareService.rs";

typedef struct Service {
    Str      id, name;
    int64_t  offsets_us[OFFSETS_MAX];
    uint32_t count;
    bool     sensitive;
} Service;

typedef struct Place {
    Str         id, part_of, name, phone;
    const Zone *zone;
    int32_t     quiet_from, quiet_until; /* -1: not said */
} Place;

/* One look. */
typedef struct Look {
    Call            *call;
    Session         *session;
    const Principal *principal;
    Str              base;
    int64_t          seen_us, now_us;
    Service         *services;
    Place           *places;
    size_t           service_count, place_count;
    int64_t          longest_us;
    OutboxMessage    messages[PAGE];
    size_t           count;
    uint32_t         put;
} Look;

/* ---- services and places ---- */

static Fail take_service(Call *c, const Resource *r, void *context)
{
    Look    *k = context;
    uint32_t rules = node_extension(r, r->root, STR("urn:hale:service"));
    Service  service = { .id = r->id, .name = node_child_text(r, r->root, STR("name")) };
    uint32_t each = rules ? node_child(r, rules, STR("extension")) : 0;

    for (; each && service.count < OFFSETS_MAX; each = node_next_same(r, each)) {
        uint32_t value = node_child(r, each, STR("value"));
        uint64_t minutes;

        if (value && str_equal(node_child_text(r, each, STR("url")), STR("reminder"))
            && str_to_u64(node_text(node_at(r, value)), &minutes) && minutes > 0
            && minutes <= OFFSET_MINUTES_MAX)
            service.offsets_us[service.count++] = (int64_t)minutes * MINUTE_US;
    }
    service.sensitive =
        rules && str_equal(node_extension_text(r, rules, STR("sensitive")), STR("true"));
    for (uint32_t i = 0; i < service.count; i++)
        if (service.offsets_us[i] > k->longest_us)
            k->longest_us = service.offsets_us[i];
    if (service.count == 0)
        return OK;
    k->services = arena_grow(c->arena, k->services, k->service_count * sizeof *k->services,
                             (k->service_count + 1) * sizeof *k->services);
    k->services[k->service_count++] = service;
    return OK;
}

/* "21:30:00"; -1: none. */
static int32_t second_of(Str text)
{
    Moment moment;

    if (!moment_parse(text, MOMENT_TIME, &moment))
        return -1;
    return (int32_t)(moment.low / 1000000);
}

static Str local_id(const Resource *r, uint32_t node, TypeId type)
{
    Reference reference = reference_parse(
        node ? node_child_text(r, node, STR("reference")) : (Str){ 0 }, (Str){ 0 });

    return reference.form == REFERENCE_LOCAL && reference.type == type ? reference.id
                                                                       : (Str){ 0 };
}

/* The first of that system. */
static Str telecom(const Resource *r, Str system)
{
    uint32_t each = node_child(r, r->root, STR("telecom"));

    for (; each; each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("system")), system)
            && !str_equal(node_child_text(r, each, STR("use")), STR("old")))
            return node_child_text(r, each, STR("value"));
    return (Str){ 0 };
}

static Fail take_place(Call *c, const Resource *r, void *context)
{
    Look    *k = context;
    uint32_t quiet = node_extension(r, r->root, STR("urn:hale:quiet-hours"));
    Str      zone = node_extension_text(r, r->root,
                                        STR("http://hl7.org/fhir/StructureDefinition/timezone"));

    k->places = arena_grow(c->arena, k->places, k->place_count * sizeof *k->places,
                           (k->place_count + 1) * sizeof *k->places);
    k->places[k->place_count++] = (Place){
        .id = r->id,
        .part_of = local_id(r, node_child(r, r->root, STR("partOf")), TYPE_LOCATION),
        .name = node_child_text(r, r->root, STR("name")),
        .phone = telecom(r, STR("phone")),
        .zone = zone.len ? zone_find(zone) : NULL,
        .quiet_from = quiet ? second_of(node_extension_text(r, quiet, STR("from"))) : -1,
        .quiet_until = quiet ? second_of(node_extension_text(r, quiet, STR("until"))) : -1,
    };
    return OK;
}

static const Place *place_find(const Look *k, Str id)
{
    for (size_t i = 0; id.len && i < k->place_count; i++)
        if (str_equal(k->places[i].id, id))
            return &k->places[i];
    return NULL;
}

/* The place with what is said of those that it is part of; its name is the outermost's: a room's says
 * nothing to a patient. Without any, the first that has a clock. */
static Place place_of(const Look *k, Str id)
{
    const Place *at = place_find(k, id);
    Place        place = { .quiet_from = -1, .quiet_until = -1 };

    for (size_t i = 0; !at && i < k->place_count; i++)
        if (k->places[i].zone)
            at = &k->places[i];
    for (int depth = 0; at && depth < PARENTS_MAX; depth++) {
        place.zone = place.zone ? place.zone : at->zone;
        place.name = at->name;
        place.phone = place.phone.len ? place.phone : at->phone;
        if (place.quiet_from < 0 && at->quiet_until >= 0) {
            place.quiet_from = at->quiet_from;
            place.quiet_until = at->quiet_until;
        }
        at = place_find(k, at->part_of);
    }
    place.zone = place.zone ? place.zone : zone_utc();
    if (place.quiet_from < 0 || place.quiet_until < 0) {
        place.quiet_from = QUIET_FROM;
        place.quiet_until = QUIET_UNTIL;
    }
    return place;
}

/* ---- when ---- */

static bool is_quiet(int32_t second, int32_t from, int32_t until)
{
    return from <= until ? second >= from && second < until : second >= from || second < until;
}

int64_t reminder_due(const Zone *zone, int64_t start_us, int64_t offset_us, int32_t quiet_from,
                     int32_t quiet_until)
{
    int64_t due_us = start_us - offset_us, after_us, day;
    int32_t second;

    day = zone_day(zone, due_us, &second);
    if (!is_quiet(second, quiet_from, quiet_until))
        return due_us;
    after_us = zone_moment(zone, second < quiet_until ? day : day + 1, quiet_until);
    if (after_us + HOUR_US <= start_us)
        return after_us;
    return zone_moment(zone, second >= quiet_from ? day : day - 1, quiet_from) - MINUTE_US;
}

int64_t reminder_late(const Zone *zone, int64_t due_us, int64_t now_us, int32_t quiet_from,
                      int32_t quiet_until)
{
    int32_t second;
    int64_t day = zone_day(zone, now_us, &second);

    if (now_us - due_us < MINUTE_US || !is_quiet(second, quiet_from, quiet_until))
        return due_us;
    return zone_moment(zone, second < quiet_until ? day : day + 1, quiet_until);
}

/* ---- what is said ---- */

static Str body_of(const Look *k, const Place *place, const Service *service,
                   const ReminderLink *link, bool brief)
{
    Arena *a = k->call->arena;
    Str    when = guest_when(k->call, place->zone, link->start_us, link->french);
    Str    reply = reminder_link(a, session_store(k->session), link);
    Buf    out = buf_new(a, 512);

    if (brief) {
        buf_printf(&out,
                   link->french ? "%.*s : rendez-vous le %.*s. Confirmer ou annuler : "
                                : "%.*s: appointment on %.*s. Confirm or cancel: ",
                   STR_ARG(place->name), STR_ARG(when));
        buf_printf(&out, "%.*s/reply?v=%.*s", STR_ARG(k->base), STR_ARG(reply));
        return buf_str(&out);
    }
    buf_printf(&out,
               link->french ? "Vous avez un rendez-vous le %.*s.\n"
                            : "You have an appointment on %.*s.\n",
               STR_ARG(when));
    if (!service->sensitive && service->name.len)
        buf_printf(&out, "%.*s\n", STR_ARG(service->name));
    buf_printf(&out, link->french ? "\nPour le confirmer ou l’annuler :\n"
                                  : "\nTo confirm or cancel it:\n");
    buf_printf(&out, "%.*s/reply?v=%.*s\n\n%.*s%s%.*s\n", STR_ARG(k->base), STR_ARG(reply),
               STR_ARG(place->name), place->phone.len ? ", " : "", STR_ARG(place->phone));
    return buf_str(&out);
}

/* ---- whom ---- */

typedef struct Recipient {
    OutboxChannel channel; /* 0: wants none */
    Str           to;
    bool          french;
} Recipient;

/* "+1 (514) 555-0100" without what stands between the digits; ten digits are of North America. */
static Str phone_digits(Arena *a, Str text)
{
    Buf out = buf_new(a, text.len + 4);
    Str digits;

    for (size_t i = 0; i < text.len; i++)
        if ((text.at[i] >= '0' && text.at[i] <= '9') || (text.at[i] == '+' && i == 0))
            buf_put_char(&out, text.at[i]);
    digits = buf_str(&out);
    if (str_starts(digits, STR("+")))
        return digits;
    return arena_printf(a, digits.len == 10 ? "+1%.*s" : "+%.*s", STR_ARG(digits));
}

/* The code of the first coding of a CodeableConcept. */
static Str first_code(const Resource *r, uint32_t concept)
{
    uint32_t coding = concept ? node_child(r, concept, STR("coding")) : 0;

    return coding ? node_child_text(r, coding, STR("code")) : (Str){ 0 };
}

/* The language preferred, or else the first. */
static bool speaks_french(const Resource *r)
{
    uint32_t each = node_child(r, r->root, STR("communication"));
    Str      language = { 0 };

    for (; each; each = node_next_same(r, each)) {
        Str code = first_code(r, node_child(r, each, STR("language")));

        if (str_equal(node_child_text(r, each, STR("preferred")), STR("true"))) {
            language = code;
            break;
        }
        language = language.len ? language : code;
    }
    return str_starts(language, STR("fr"));
}

/* deceasedBoolean, or a time of death; deceasedBoolean false says that somebody lives. */
static bool is_dead(const Resource *r)
{
    uint32_t deceased = node_child(r, r->root, STR("deceased"));

    return deceased && !str_equal(node_text(node_at(r, deceased)), STR("false"));
}

static Fail find_recipient(const Look *k, Str patient, Recipient *out)
{
    Call       *c = k->call;
    ReadOptions trusted = { .expected = TYPE_PATIENT,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    uint32_t    issues = c->issue_count;
    Resource    r;
    Permit      permit;
    Version     version;
    Fail        result;
    Str         wants;

    *out = (Recipient){ 0 };
    TRY(access_permit(c, k->principal, DEED_READ, TYPE_PATIENT, &permit));
    result = store_read(c, k->session, &permit, TYPE_PATIENT, patient, &version);
    if (result == FAIL_NOT_FOUND || (result == OK && version.deleted)) {
        call_forget_issues(c, issues);
        return OK;
    }
    TRY(result);
    TRY(resource_read(c, version.whole, &trusted, &r));
    wants = node_extension_text(&r, r.root, STR("urn:hale:reminders"));
    out->french = speaks_french(&r);
    if (is_dead(&r))
        return OK;
    if (str_equal(wants, STR("email"))) {
        out->channel = OUTBOX_MAIL;
        out->to = telecom(&r, STR("email"));
    } else if (str_equal(wants, STR("sms"))) {
        out->channel = OUTBOX_SMS;
        out->to = phone_digits(c->arena, telecom(&r, STR("phone")));
    }
    if (out->channel && !outbox_address_fits(out->channel, out->to))
        out->channel = 0;
    return OK;
}

/* ---- one visit ---- */

typedef struct VisitParts {
    const Service *service;
    Str            location;
    Str           *patients;
    size_t         patient_count;
    int64_t        start_us;
} VisitParts;

static size_t count_participants(const Resource *r)
{
    uint32_t each = node_child(r, r->root, STR("participant"));
    size_t   count = 0;

    for (; each; each = node_next_same(r, each))
        count++;
    return count;
}

static VisitParts parts_of(const Look *k, const Resource *r)
{
    uint32_t   each = node_child(r, r->root, STR("participant"));
    VisitParts parts = { .patients =
                             NEW_ARRAY(k->call->arena, Str, count_participants(r) + 1) };
    Moment     start = { 0 };

    (void)moment_parse(node_child_text(r, r->root, STR("start")), MOMENT_INSTANT, &start);
    parts.start_us = start.low;
    for (; each; each = node_next_same(r, each)) {
        uint32_t actor = node_child(r, each, STR("actor"));
        Str      patient = local_id(r, actor, TYPE_PATIENT);
        Str      service = local_id(r, actor, TYPE_HEALTHCARE_SERVICE);
        Str      place = local_id(r, actor, TYPE_LOCATION);

        if (place.len)
            parts.location = place;
        if (patient.len && !str_equal(node_child_text(r, each, STR("status")), STR("declined")))
            parts.patients[parts.patient_count++] = patient;
        for (size_t i = 0; service.len && i < k->service_count; i++)
            if (str_equal(k->services[i].id, service))
                parts.service = &k->services[i];
    }
    return parts;
}

static Fail flush(Look *k)
{
    OutboxWrite outbox = { .practice = 1, .messages = k->messages, .count = k->count };
    Write       write = { .outbox = &outbox };

    if (k->count == 0)
        return OK;
    session_rest(k->session);
    TRY(store_write(k->call, session_store(k->session), &write));
    k->put += (uint32_t)k->count;
    k->count = 0;
    return OK;
}

/* One that cannot go out (a name with a control character in it) must not hold back the others. */
static void keep_if_good(Look *k)
{
    uint32_t issues = k->call->issue_count;

    if (outbox_check(k->call, &k->messages[k->count], 1) == OK) {
        k->count++;
        return;
    }
    call_forget_issues(k->call, issues);
    log_event(LOG_LEVEL_WARNING, "reminder_left_out", NULL, 0);
}

static Fail remind(Look *k, const VisitParts *parts, Str visit, const Place *place,
                   int64_t offset_us, int64_t due_us)
{
    Arena *a = k->call->arena;

    for (size_t i = 0; i < parts->patient_count; i++) {
        Recipient    to;
        ReminderLink link = { .visit = visit,
                              .patient = parts->patients[i],
                              .start_us = parts->start_us };

        TRY(find_recipient(k, parts->patients[i], &to));
        if (!to.channel)
            continue;
        link.french = to.french;
        k->messages[k->count] = (OutboxMessage){
            .name =
                arena_printf(a, "reminder/%.*s/%lld/%lld/%.*s", STR_ARG(visit),
                             (long long)(parts->start_us / MINUTE_US),
                             (long long)(offset_us / MINUTE_US), STR_ARG(parts->patients[i])),
            .kind = STR("reminder"),
            .channel = to.channel,
            .to = to.to,
            .subject = to.channel != OUTBOX_MAIL ? (Str){ 0 }
                       : to.french               ? STR("Rappel de votre rendez-vous")
                                                 : STR("A reminder of your appointment"),
            .body = body_of(k, place, parts->service, &link, to.channel == OUTBOX_SMS),
            .patient = parts->patients[i],
            .visit = visit,
            .start_us = parts->start_us,
            .due_us = due_us,
            .until_us = due_us + (parts->start_us - due_us) / 2,
        };
        keep_if_good(k);
        if (k->count == PAGE)
            TRY(flush(k));
    }
    return OK;
}

static Fail look_at(Look *k, const Version *version)
{
    ReadOptions trusted = { .expected = TYPE_APPOINTMENT,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    Resource    r;
    VisitParts  parts;
    Place       place;

    TRY(resource_read(k->call, version->whole, &trusted, &r));
    parts = parts_of(k, &r);
    if (!parts.service || parts.start_us <= k->now_us)
        return OK;
    place = place_of(k, parts.location);
    for (uint32_t i = 0; i < parts.service->count; i++) {
        int64_t offset_us = parts.service->offsets_us[i];
        int64_t due_us = reminder_due(place.zone, parts.start_us, offset_us, place.quiet_from,
                                      place.quiet_until);

        int64_t out_us =
            reminder_late(place.zone, due_us, k->now_us, place.quiet_from, place.quiet_until);

        if (due_us > k->seen_us && due_us <= k->now_us && out_us < parts.start_us)
            TRY(remind(k, &parts, version->id, &place, offset_us, out_us));
    }
    return OK;
}

/* ---- all visits ---- */

/* Between now and as far ahead as a reminder can be due, with the length of the quiet hours. */
static Fail look_through(Look *k)
{
    Call        *c = k->call;
    QueryOptions options = { 0 };
    Query       *query = NEW(c->arena, Query);
    SearchPage   page = { 0 };
    char         from[INSTANT_CHARS + 1], until[INSTANT_CHARS + 1];
    Permit       permit;

    moment_format_instant(k->now_us, from);
    moment_format_instant(k->now_us + k->longest_us + 24 * HOUR_US, until);
    TRY(access_permit(c, k->principal, DEED_SEARCH, TYPE_APPOINTMENT, &permit));
    TRY(query_parse(c, TYPE_APPOINTMENT,
                    arena_printf(c->arena, "status=booked&date=ge%s&date=lt%s&_count=%d", from,
                                 until, PAGE),
                    &options, query));
    do {
        query->cursor = page.next;
        TRY(store_search(c, k->session, &permit, query, &page));
        for (size_t i = 0; i < page.count; i++)
            TRY(look_at(k, &page.versions[i]));
    } while (page.next.len);
    return flush(k);
}

Fail reminder_look(Call *c, Session *s, Str base, uint32_t *put)
{
    Principal *principal = NEW(c->arena, Principal);
    Look      *k = NEW(c->arena, Look);

    TRY(scopes_read(c, str_from(system_scopes), (Str){ 0 }, principal));
    k->call = c;
    k->session = s;
    k->principal = principal;
    k->base = base;
    k->now_us = c->now_us;
    TRY(store_outbox_seen(c, s, &k->seen_us));
    if (k->seen_us == 0)
        k->seen_us =
            k->now_us; /* what was due before there were reminders is not caught up with */
    TRY(free_each(c, s, principal, TYPE_HEALTHCARE_SERVICE, STR("active:not=false"),
                  take_service, k));
    if (k->service_count) {
        TRY(free_each(c, s, principal, TYPE_LOCATION, STR(""), take_place, k));
        TRY(look_through(k));
    }
    *put = k->put;
    return store_outbox_see(c, session_store(s), k->now_us);
}
