/* The link in a reminder, and what it does: see reminder.h. */
#include "base/limits.h"
#include "codec/base64.h"
#include "codec/digest.h"
#include "codec/secret.h"
#include "fhir/reference.h"
#include "interaction/free.h"
#include "practice/reminder.h"

enum { SEAL_BYTES = 18, ROUNDS_MAX = 3 };

static const char reply_scopes[] = "system/Appointment.rus system/Location.rs"
                                   " system/HealthcareService.rs";

/* ---- the link ---- */

static Str sealed(Arena *a, Store *s, Str text)
{
    uint8_t seal[SHA256_BYTES];
    Buf     out = buf_new(a, 32);

    store_seal(s, STR("reminder"), text, seal);
    base64_put_url(&out, (Str){ (const char *)seal, SEAL_BYTES });
    return buf_str(&out);
}

Str reminder_link(Arena *a, Store *s, const ReminderLink *link)
{
    Str text = arena_printf(a, "%.*s~%llx~%c~%.*s", STR_ARG(link->visit),
                            (unsigned long long)link->start_us, link->french ? 'f' : 'e',
                            STR_ARG(link->patient));

    return arena_printf(a, "%.*s~%.*s", STR_ARG(text), STR_ARG(sealed(a, s, text)));
}

static bool read_hex(Str text, int64_t *out)
{
    uint64_t value = 0;

    if (text.len == 0 || text.len > 15)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = strchr("0123456789abcdef", text.at[i]);

        if (!digit || !*digit)
            return false;
        value = value << 4 | (uint64_t)(*digit <= '9' ? *digit - '0' : *digit - 'a' + 10);
    }
    *out = (int64_t)value;
    return true;
}

bool reminder_link_read(Arena *a, Store *s, Str text, ReminderLink *out)
{
    Str said, seal, start, language, most, rest;

    if (!str_cut_last(text, '~', &said, &seal) || !secret_equal(seal, sealed(a, s, said))
        || !str_cut_last(said, '~', &most, &out->patient)
        || !str_cut_last(most, '~', &rest, &language)
        || !str_cut_last(rest, '~', &out->visit, &start) || !read_hex(start, &out->start_us))
        return false;
    out->french = str_equal(language, STR("f"));
    return resource_id_valid(out->visit) && resource_id_valid(out->patient);
}

/* ---- the visit ---- */

static Str actor_of(const Resource *r, uint32_t participant, TypeId type)
{
    uint32_t  actor = node_child(r, participant, STR("actor"));
    Reference reference = reference_parse(
        actor ? node_child_text(r, actor, STR("reference")) : (Str){ 0 }, (Str){ 0 });

    return reference.form == REFERENCE_LOCAL && reference.type == type ? reference.id
                                                                       : (Str){ 0 };
}

static bool is_link_patient(const ReminderVisit *v, uint32_t participant)
{
    return str_equal(actor_of(&v->appointment, participant, TYPE_PATIENT), v->link.patient);
}

static bool has_declined(const Resource *r, uint32_t participant)
{
    return str_equal(node_child_text(r, participant, STR("status")), STR("declined"));
}

static Fail look_around(Call *c, Session *s, const Principal *p, ReminderVisit *v)
{
    const Resource *r = &v->appointment;
    uint32_t        each = node_child(r, r->root, STR("participant"));
    FreeService     service = { 0 };
    bool            room;

    v->zone = zone_utc();
    for (; each; each = node_next_same(r, each)) {
        Str place = actor_of(r, each, TYPE_LOCATION);
        Str gives = actor_of(r, each, TYPE_HEALTHCARE_SERVICE);

        if (place.len)
            TRY(free_place(c, s, p, place, &v->zone, &room));
        if (gives.len)
            TRY(free_service(c, s, p, gives, &service));
        if (!is_link_patient(v, each))
            continue;
        v->stands = v->stands || !has_declined(r, each);
        v->confirmed = str_equal(node_child_text(r, each, STR("status")), STR("accepted"));
    }
    v->late = c->now_us + service.late_us > v->link.start_us;
    return OK;
}

static Fail find_visit(Call *c, Session *s, const Principal *p, Str text, ReminderVisit *out)
{
    ReadOptions trusted = { .expected = TYPE_APPOINTMENT,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    Permit      permit;
    Moment      start;
    Fail        result;

    *out = (ReminderVisit){ 0 };
    if (!reminder_link_read(c->arena, session_store(s), text, &out->link))
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "That is no link of ours");
    TRY(access_permit(c, p, DEED_READ, TYPE_APPOINTMENT, &permit));
    result = store_read(c, s, &permit, TYPE_APPOINTMENT, out->link.visit, &out->version);
    if (result != OK || out->version.deleted)
        return result != OK ? result : fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "It is not there");
    TRY(resource_read(c, out->version.whole, &trusted, &out->appointment));
    TRY(look_around(c, s, p, out));
    out->takes_place =
        str_equal(node_child_text(&out->appointment, out->appointment.root, STR("status")),
                  STR("booked"))
        && moment_parse(node_child_text(&out->appointment, out->appointment.root, STR("start")),
                        MOMENT_INSTANT, &start)
        && start.low == out->link.start_us && start.low > c->now_us;
    out->stands = out->stands && out->takes_place;
    return OK;
}

Fail reminder_visit(Call *c, Session *s, Str text, ReminderVisit *out)
{
    Principal *p = NEW(c->arena, Principal);

    TRY(scopes_read(c, str_from(reply_scopes), (Str){ 0 }, p));
    return find_visit(c, s, p, text, out);
}

/* ---- the reply ---- */

/* Whether somebody else is still to come for whom the visit is made. */
static bool others_come(const ReminderVisit *v)
{
    const Resource *r = &v->appointment;

    for (uint32_t each = node_child(r, r->root, STR("participant")); each;
         each = node_next_same(r, each))
        if (actor_of(r, each, TYPE_PATIENT).len && !is_link_patient(v, each)
            && !has_declined(r, each))
            return true;
    return false;
}

/* A JSON Patch (RFC 6902): of the patient's own part, and of the whole visit where nobody else comes. */
static Str patch_of(Call *c, const ReminderVisit *v, ReminderReply reply)
{
    const Resource *r = &v->appointment;
    uint32_t        each = node_child(r, r->root, STR("participant"));
    unsigned        place = 0;
    Buf             out = buf_new(c->arena, 512);

    buf_put(&out, STR("["));
    for (; each; each = node_next_same(r, each), place++)
        if (is_link_patient(v, each))
            buf_printf(&out,
                       "%s{\"op\":\"add\",\"path\":\"/participant/%u/status\",\"value\":"
                       "\"%s\"}",
                       out.len > 1 ? "," : "", place,
                       reply == REMINDER_CONFIRM ? "accepted" : "declined");
    if (reply == REMINDER_CANCEL && !others_come(v))
        buf_put(&out,
                STR(",{\"op\":\"add\",\"path\":\"/status\",\"value\":\"cancelled\"},"
                    "{\"op\":\"add\",\"path\":\"/cancelationReason\",\"value\":{\"coding\":[{"
                    "\"system\":\"http://terminology.hl7.org/CodeSystem/"
                    "appointment-cancellation-reason\",\"code\":\"pat\"}]}}"));
    buf_put(&out, STR("]"));
    return buf_str(&out);
}

static Fail carry_out(Call *c, Session *s, const Principal *p, const ReminderVisit *v,
                      ReminderReply reply, Str base, Str address)
{
    Asked  asked = { .method = HTTP_PATCH,
                     .body = patch_of(c, v, reply),
                     .body_type = STR("application/json-patch+json"),
                     .if_match = arena_printf(c->arena, "W/\"%llu\"",
                                              (unsigned long long)v->version.version),
                     .prefer_return = PREFER_MINIMAL,
                     .base = base,
                     .address = address };
    Answer answer = { 0 };

    TRY(asked_route(c, &asked,
                    arena_printf(c->arena, "/Appointment/%.*s", STR_ARG(v->link.visit)),
                    &answer));
    session_rest(s);
    return interaction_answer(c, s, p, &asked, &answer);
}

Fail reminder_reply(Call *c, Session *s, Str text, ReminderReply reply, Str base, Str address,
                    bool *done)
{
    Principal    *p = NEW(c->arena, Principal);
    uint32_t      issues = c->issue_count;
    ReminderVisit v;
    Fail          result = FAIL_PRECONDITION;

    *done = false;
    TRY(scopes_read(c, str_from(reply_scopes), (Str){ 0 }, p));
    for (int round = 0; round < ROUNDS_MAX && result == FAIL_PRECONDITION; round++) {
        call_forget_issues(c, issues);
        TRY(find_visit(c, s, p, text, &v));
        if (!v.stands || (reply == REMINDER_CANCEL && v.late))
            return OK;
        *done = true;
        if (reply == REMINDER_CONFIRM && v.confirmed)
            return OK;
        result = carry_out(c, s, p, &v, reply, base, address);
    }
    *done = result == OK;
    return result;
}
