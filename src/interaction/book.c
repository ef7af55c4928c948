/*
 * Appointment/$hold and $book (IHE ITI-116, ITI-117; Argonaut Scheduling): of a time that $find proposed, of
 * one that is held, or of an Appointment that is sent. What is held ends by itself. The same asked twice
 * by the same client is one appointment: it is found again by what was proposed.
 */
#include "base/limits.h"
#include "fhir/reference.h"
#include "interaction/change.h"
#include "interaction/free.h"
#include "interaction/listing.h"
#include "interaction/online.h"

enum { HOLD_MINUTES_DEFAULT = 10, OFFERS = 5, OFFER_DAYS = 30 };

static const int64_t MINUTE_US = INT64_C(60) * 1000000;
static const int64_t DAY_US = INT64_C(24) * 3600 * 1000000;

#define PROPOSAL_SYSTEM "urn:hale:proposal"

typedef struct Booking {
    Str       id;       /* of a proposal or of what is held */
    Resource  resource; /* or sent, type 0: not */
    FreeTexts patients;
    Str       comment;
    uint64_t  minutes;
    bool      books;
} Booking;

/* ---- what is asked ---- */

static Fail take_id(Call *c, const Asked *asked, Str name, Str value, Booking *b)
{
    Reference reference = reference_parse(value, asked->base);

    b->id = reference.form == REFERENCE_LOCAL && reference.type == TYPE_APPOINTMENT
                ? reference.id
                : value;
    if (!resource_id_valid(b->id))
        return fail(c, FAIL_VALUE, name, "Expected a reference to an Appointment of ours");
    return OK;
}

static Fail take_patient(Call *c, const Asked *asked, Str name, Str value, Booking *b)
{
    Reference reference = reference_parse(value, asked->base);

    if (reference.form != REFERENCE_LOCAL || reference.type != TYPE_PATIENT)
        return fail(c, FAIL_VALUE, name, "Expected a reference to a Patient of ours");
    for (size_t i = 0; i < b->patients.count; i++)
        if (str_equal(b->patients.at[i], reference.id))
            return OK;
    free_text_add(c, &b->patients, reference.id);
    return OK;
}

static Fail take_comment(Call *c, const Asked *asked, Str name, Str value, Booking *b)
{
    (void)c;
    (void)asked;
    (void)name;
    b->comment = value;
    return OK;
}

static Fail take_minutes(Call *c, const Asked *asked, Str name, Str value, Booking *b)
{
    (void)asked;
    if (!str_to_u64(value, &b->minutes) || b->minutes == 0 || b->minutes > LIMIT_HOLD_MINUTES)
        return fail(c, FAIL_VALUE, name, "A time is held for 1 to %d minutes",
                    LIMIT_HOLD_MINUTES);
    return OK;
}

static const struct {
    Str name;
    Fail (*take)(Call *c, const Asked *asked, Str name, Str value, Booking *b);
} rows[] = {
    { STR_INIT("appointment-reference"), take_id },  { STR_INIT("appt-id"), take_id },
    { STR_INIT("patient-reference"), take_patient }, { STR_INIT("comment"), take_comment },
    { STR_INIT("minutes"), take_minutes },
};

static Fail take_parameter(Call *c, const Asked *asked, const Resource *r, uint32_t node,
                           Booking *b)
{
    Str      name = node_child_text(r, node, STR("name"));
    uint32_t value = node_child(r, node, STR("value"));
    uint32_t resource = node_child(r, node, STR("resource"));

    if (resource && node_at(r, resource)->type == TYPE_APPOINTMENT
        && (str_equal(name, STR("appointment-resource"))
            || str_equal(name, STR("appt-resource")))) {
        ReadOptions options = { .expected = TYPE_APPOINTMENT, .values_max = LIMIT_JSON_NODES };

        return resource_read(c, node_source(r, resource), &options, &b->resource);
    }
    for (size_t i = 0; value && i < COUNT(rows); i++)
        if (str_equal(name, rows[i].name))
            return rows[i].take(c, asked, name,
                                node_at(r, value)->type == TYPE_REFERENCE
                                    ? node_child_text(r, value, STR("reference"))
                                    : node_text(node_at(r, value)),
                                b);
    return fail(c, FAIL_VALUE, node_expression(c->arena, r, node),
                "This parameter is not understood here");
}

/* What somebody sends as it was proposed is the proposal; who comes and what they say are taken over. */
static Fail take_proposed(Call *c, const Asked *asked, Booking *b)
{
    const Resource *r = &b->resource;
    uint32_t        each = node_child(r, r->root, STR("participant"));

    if (!str_starts(r->id, STR("p.")))
        return OK;
    b->id = r->id;
    if (!b->comment.len)
        b->comment = node_child_text(r, r->root, STR("comment"));
    for (; each; each = node_next_same(r, each)) {
        uint32_t actor = node_child(r, each, STR("actor"));
        Str      text = actor ? node_child_text(r, actor, STR("reference")) : (Str){ 0 };

        if (str_starts(text, STR("Patient/")))
            TRY(take_patient(c, asked, STR("appointment-resource"), text, b));
    }
    b->resource = (Resource){ 0 };
    return OK;
}

static Fail read_booking(Call *c, const Turn *turn, Booking *b)
{
    const Asked *asked = turn->asked;
    ReadOptions  options = { .expected = TYPE_PARAMETERS, .values_max = LIMIT_JSON_NODES };
    Resource     r;

    *b = (Booking){ .id = asked->id,
                    .minutes = HOLD_MINUTES_DEFAULT,
                    .books = asked->kind == INTERACTION_BOOK };
    TRY(params_take(c, asked, NULL, 0, NULL));
    if (asked->resource)
        r = *asked->resource;
    else if (asked->body.len)
        TRY(resource_read(c, asked->body, &options, &r));
    else
        r = (Resource){ 0 };
    if (r.type && r.type != TYPE_PARAMETERS)
        return fail(c, FAIL_INVALID, type_name(r.type), "An operation takes Parameters");
    for (uint32_t each = r.type ? node_child(&r, r.root, STR("parameter")) : 0; each;
         each = node_next_same(&r, each))
        TRY(take_parameter(c, asked, &r, each, b));
    if (b->resource.type)
        TRY(take_proposed(c, asked, b));
    if (!b->id.len && !b->resource.type)
        return fail(c, FAIL_REQUIRED, STR("appointment-reference"),
                    "Which appointment is not said");
    if (turn->permit.reach == REACH_PATIENT)
        TRY(take_patient(c, asked, STR("patient-reference"),
                         arena_printf(c->arena, "Patient/%s", turn->permit.patient), b));
    return OK;
}

/* ---- what is there already ---- */

static bool has_patient(const Resource *r, Str id)
{
    for (uint32_t each = node_child(r, r->root, STR("participant")); each;
         each = node_next_same(r, each)) {
        uint32_t  actor = node_child(r, each, STR("actor"));
        Reference reference = reference_parse(
            actor ? node_child_text(r, actor, STR("reference")) : (Str){ 0 }, (Str){ 0 });

        if (reference.form == REFERENCE_LOCAL && reference.type == TYPE_PATIENT
            && str_equal(reference.id, id))
            return true;
    }
    return false;
}

/* Those who come, behind those who are there. */
static void add_patients(Call *c, Draft *draft, const Resource *r, const Booking *b)
{
    uint32_t last = 0, each = node_child(r, r->root, STR("participant"));
    Buf      more = buf_new(c->arena, 256);

    for (; each; each = node_next_same(r, each))
        last = each;
    for (size_t i = 0; i < b->patients.count; i++)
        if (!has_patient(r, b->patients.at[i]))
            buf_printf(&more,
                       ",{\"actor\":{\"reference\":\"Patient/%.*s\"},\"required\":\"required\","
                       "\"status\":\"needs-action\"}",
                       STR_ARG(b->patients.at[i]));
    if (more.len)
        draft_replace(draft, node_at(r, last)->json->to, node_at(r, last)->json->to,
                      buf_str(&more));
}

static Fail read_stored(Call *c, const Version *version, Resource *out)
{
    ReadOptions trusted = { .expected = TYPE_APPOINTMENT,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };

    return resource_read(c, version->whole, &trusted, out);
}

/* Made by that token, or that visitor: their numbers are at the end of what it can be found by. */
static bool is_own(Call *c, const Turn *turn, const Resource *r)
{
    Str end = arena_printf(c->arena, ".%u%s", turn->principal->grant, turn->principal->visitor);

    for (uint32_t each = node_child(r, r->root, STR("identifier")); each;
         each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("system")), STR(PROPOSAL_SYSTEM))
            && str_ends(node_child_text(r, each, STR("value")), end))
            return true;
    return false;
}

static bool same_patients(const Resource *r, const Booking *b)
{
    for (size_t i = 0; i < b->patients.count; i++)
        if (!has_patient(r, b->patients.at[i]))
            return false;
    return true;
}

/* The node of the moment at which it stops to be held, if that has passed; else 0. */
static uint32_t ended_hold(const Call *c, const Resource *r)
{
    uint32_t extension = node_extension(r, r->root, APPOINTMENT_HELD_UNTIL);
    uint32_t value = extension ? node_child(r, extension, STR("value")) : 0;
    Moment   until;

    return value && moment_parse(node_text(node_at(r, value)), MOMENT_INSTANT, &until)
                   && until.low <= c->now_us
               ? value
               : 0;
}

/* Held anew, if nobody has taken it meanwhile: the writer looks. */
static void hold_again(Call *c, Draft *draft, uint32_t ended, const Booking *b)
{
    char until[INSTANT_CHARS + 1];

    moment_format_instant(c->now_us + (int64_t)b->minutes * MINUTE_US, until);
    draft_set_text(draft, ended, arena_str(c->arena, str_from(until)));
}

static Fail taken(Call *c)
{
    return fail(c, FAIL_CONFLICT, STR("Appointment.start"), "That time is no longer free");
}

/* What somebody has booked that the practice has not said yes to. */
static bool waits_for_yes(const Turn *turn, const Resource *r)
{
    return principal_books_itself(turn->principal)
           && str_equal(node_child_text(r, r->root, STR("status")), STR("pending"))
           && !node_extension(r, r->root, APPOINTMENT_HELD_UNTIL);
}

/* Whether those who come may book it themselves; whether the practice wants to say yes first. */
static Fail check_online(Call *c, Session *s, const Turn *turn, const Booking *b,
                         const FreeService *service, Str id, bool *approval)
{
    *approval = false;
    if (!principal_books_itself(turn->principal))
        return OK;
    if (b->patients.count == 0)
        return fail(c, FAIL_REQUIRED, STR("patient-reference"), "Who comes is not said");
    for (size_t i = 0; i < b->patients.count; i++)
        TRY(online_check(c, s, service, b->patients.at[i], id));
    *approval = service->approval;
    return OK;
}

/* Booked, or if the practice has to say yes first pending, and no longer only held. */
static Fail book_held(Call *c, Session *s, const Step *step, const Booking *b,
                      const Resource *r, Draft *draft)
{
    uint32_t    held = node_extension(r, r->root, APPOINTMENT_HELD_UNTIL);
    Str         id = online_service_id(r);
    FreeService service = { 0 };
    bool        approval;

    if (principal_books_itself(step->turn.principal) && id.len)
        TRY(free_service(c, s, step->turn.principal, id, &service));
    TRY(check_online(c, s, &step->turn, b, &service, b->id, &approval));
    if (!approval) {
        draft_set_text(draft, node_child(r, r->root, STR("status")), STR("booked"));
        appointment_note(c, r, draft, STR("booked"));
    } else if (held) {
        draft_replace(draft, node_at(r, held)->json->from, node_at(r, held)->json->to,
                      STR("{\"url\":\"urn:hale:approval\",\"valueCode\":\"wanted\"}"));
    }
    return OK;
}

/* One that is stored: held ones are booked, booked ones are the answer if they are the same. */
static Fail prepare_stored(Call *c, Session *s, Step *step, const Booking *b)
{
    Permit   permit;
    Version  old;
    Resource r;
    Draft   *draft = NEW(c->arena, Draft);
    Change  *change;
    Str      status;
    uint32_t ended;

    TRY(access_own(c, step->turn.principal, DEED_UPDATE, TYPE_APPOINTMENT, &permit));
    TRY(change_current(c, s, &permit, TYPE_APPOINTMENT, b->id, false, &old));
    if (old.deleted)
        return fail(c, FAIL_GONE, (Str){ 0 }, "Appointment/%.*s was deleted", STR_ARG(b->id));
    TRY(read_stored(c, &old, &r));
    if (!is_own(c, &step->turn, &r)) { /* then it takes the rights to read and to update */
        Permit reads, updates;

        TRY(access_permit(c, step->turn.principal, DEED_READ, TYPE_APPOINTMENT, &reads));
        TRY(access_permit(c, step->turn.principal, DEED_UPDATE, TYPE_APPOINTMENT, &updates));
        permit = access_both(c, &updates, &reads);
        TRY(change_current(c, s, &permit, TYPE_APPOINTMENT, b->id, false, &old));
        TRY(read_stored(c, &old, &r));
    }
    status = node_child_text(&r, r.root, STR("status"));
    step->answer.status = 200;
    ended = b->books || !str_equal(status, STR("pending")) ? 0 : ended_hold(c, &r);
    if (str_equal(status, STR("booked")) || waits_for_yes(&step->turn, &r)
        || (!b->books && !ended && str_equal(status, STR("pending"))))
        return same_patients(&r, b) ? change_leave(c, s, step, &old) : taken(c);
    if (!str_equal(status, STR("pending")) && !str_equal(status, STR("proposed")))
        return fail(c, FAIL_UNPROCESSABLE, STR("Appointment.status"),
                    "An appointment that is %.*s cannot be booked", STR_ARG(status));
    *draft = draft_new(c->arena, &r);
    if (b->books)
        TRY(book_held(c, s, step, b, &r, draft));
    if (ended)
        hold_again(c, draft, ended, b);
    add_patients(c, draft, &r, b);
    change = change_add(c, step, METHOD_PUT, &permit, b->id);
    change->if_seq = old.seq;
    TRY(change_compose_text(c, step, draft_remainder(draft), false, change));
    return masked_check(c, step, &old, change);
}

/* ---- what is new ---- */

static Fail prepare_new(Call *c, Step *step, Str text)
{
    ReadOptions options = { .expected = TYPE_APPOINTMENT, .values_max = LIMIT_JSON_NODES };
    Resource   *r = NEW(c->arena, Resource);
    Change     *change;

    TRY(resource_read(c, text, &options, r));
    change = change_add(c, step, METHOD_POST, &step->turn.permit, change_new_id(c, step));
    change->creates = true;
    step->answer.status = 201;
    return change_compose(c, step, r, NULL, change);
}

/* The condition under which this client has asked for that before; the writer looks again. */
static Fail find_own(Call *c, Session *s, Step *step, Str identifier, Str *found)
{
    QueryOptions options = { .conditional = true, .base = step->turn.asked->base };
    Permit      *permit = NEW(c->arena, Permit);
    Query       *query = NEW(c->arena, Query);

    TRY(access_own(c, step->turn.principal, DEED_SEARCH, TYPE_APPOINTMENT, permit));
    TRY(query_parse(c, TYPE_APPOINTMENT,
                    arena_printf(c->arena,
                                 "identifier=" PROPOSAL_SYSTEM "|%.*s&status=pending,booked",
                                 STR_ARG(identifier)),
                    &options, query));
    TRY(store_condition(c, s, permit, query, found));
    step->conditions = NEW(c->arena, Condition);
    step->conditions[0] = (Condition){ .query = query, .permit = permit, .found = *found };
    step->condition_count = 1;
    return OK;
}

/* A hold of its own that has ended does not count: it may be had anew, or by somebody else. */
static Fail prepare_proposal(Call *c, Session *s, Step *step, Booking *b)
{
    const Turn *turn = &step->turn;
    FreeWriting how = { .patients = b->patients, .comment = b->comment };
    FreeTime    time;
    bool        found;
    Str         own;
    Buf         text = buf_new(c->arena, 1024);

    how.identifier = arena_printf(c->arena, "%.*s.%u%s", STR_ARG(b->id), turn->principal->grant,
                                  turn->principal->visitor);
    TRY(find_own(c, s, step, how.identifier, &own));
    if (own.len) {
        b->id = own;
        return prepare_stored(c, s, step, b);
    }
    TRY(free_proposed(c, s, turn->principal, b->id, principal_books_itself(turn->principal),
                      &time, &found));
    if (!found)
        return taken(c);
    if (b->books)
        TRY(check_online(c, s, turn, b, time.service, (Str){ 0 }, &how.approval));
    how.status = b->books && !how.approval ? STR("booked") : STR("pending");
    if (!b->books)
        how.held_until_us = c->now_us + (int64_t)b->minutes * MINUTE_US;
    free_put(c, &text, &time, &how);
    return prepare_new(c, step, buf_str(&text));
}

/* An Appointment as the client has it. */
static Fail prepare_sent(Call *c, Step *step, Booking *b)
{
    const Resource *r = &b->resource;
    Draft           draft = draft_new(c->arena, r);
    uint32_t        root = node_at(r, r->root)->json->to - 1;
    char            until[INSTANT_CHARS + 1];

    if (principal_books_itself(step->turn.principal))
        return fail(c, FAIL_FORBIDDEN, STR("appointment-resource"),
                    "Patients book what $find proposes");
    draft_set_text(&draft, node_child(r, r->root, STR("status")),
                   b->books ? STR("booked") : STR("pending"));
    add_patients(c, &draft, r, b);
    if (!b->books) {
        if (node_child(r, r->root, STR("extension")))
            return fail(c, FAIL_NOT_SUPPORTED, STR("Appointment.extension"),
                        "What has extensions is booked at once, or held as it was proposed");
        moment_format_instant(c->now_us + (int64_t)b->minutes * MINUTE_US, until);
        draft_replace(&draft, root, root,
                      arena_printf(c->arena,
                                   ",\"extension\":[{\"url\":\"urn:hale:held-until\","
                                   "\"valueInstant\":\"%s\"}]",
                                   until));
    }
    return prepare_new(c, step,
                       draft_whole(c->arena, TYPE_APPOINTMENT, change_new_id(c, step), 1,
                                   c->now_us, draft_remainder(&draft)));
}

/* ---- both ---- */

static Fail show_bundle(Call *c, Str base, Str whole, Str *body)
{
    ReadOptions trusted = { .expected = TYPE_APPOINTMENT,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    Listing     l = listing_begin(c->arena, base, STR("searchset"), 1, whole.len + 512);
    Resource    r;

    TRY(resource_read(c, whole, &trusted, &r));
    listing_entry(&l, TYPE_APPOINTMENT, r.id, whole);
    listing_search_mode(&l, STR("match"));
    listing_end_entry(&l);
    *body = listing_end(&l);
    return OK;
}

static Fail prepare(Call *c, Session *s, Step *step)
{
    Booking b;

    TRY(read_booking(c, &step->turn, &b));
    step->show = show_bundle;
    if (!b.id.len)
        return prepare_sent(c, step, &b);
    return str_starts(b.id, STR("p.")) ? prepare_proposal(c, s, step, &b)
                                       : prepare_stored(c, s, step, &b);
}

Fail hold_prepare(Call *c, Session *s, Step *step)
{
    return prepare(c, s, step);
}

Fail book_prepare(Call *c, Session *s, Step *step)
{
    return prepare(c, s, step);
}

/* ---- what else is free ---- */

/* Who and when was wanted, of an Appointment. */
static bool read_wish(Call *c, const Resource *r, FreeAsked *asked)
{
    Moment   from, to;
    uint32_t each = node_child(r, r->root, STR("participant"));

    if (!moment_parse(node_child_text(r, r->root, STR("start")), MOMENT_INSTANT, &from)
        || !moment_parse(node_child_text(r, r->root, STR("end")), MOMENT_INSTANT, &to)
        || from.low >= to.low)
        return false;
    asked->within = (Moment){ from.low, from.low + OFFER_DAYS * DAY_US };
    asked->duration_us = to.low - from.low;
    for (; each; each = node_next_same(r, each)) {
        uint32_t  actor = node_child(r, each, STR("actor"));
        Reference reference = reference_parse(
            actor ? node_child_text(r, actor, STR("reference")) : (Str){ 0 }, (Str){ 0 });

        if (reference.form != REFERENCE_LOCAL)
            continue;
        if (reference.type == TYPE_PRACTITIONER)
            free_text_add(c, &asked->practitioners, reference.id);
        else if (reference.type == TYPE_PRACTITIONER_ROLE)
            free_text_add(c, &asked->roles, reference.id);
        else if (reference.type == TYPE_HEALTHCARE_SERVICE)
            free_text_add(c, &asked->services, reference.id);
    }
    return asked->practitioners.count || asked->roles.count;
}

static Fail find_wish(Call *c, Session *s, const Turn *turn, FreeAsked *asked, bool *any)
{
    Booking  b = { 0 };
    FreeTime time;
    bool     found;

    *any = false;
    if (turn->asked->kind != INTERACTION_HOLD && turn->asked->kind != INTERACTION_BOOK) {
        Step step = { .turn = *turn };

        if (turn->asked->kind != INTERACTION_CREATE && turn->asked->kind != INTERACTION_UPDATE)
            return OK;
        TRY(change_body(c, &step, &b.resource));
    } else {
        TRY(read_booking(c, turn, &b));
    }
    if (b.resource.type) {
        *any = read_wish(c, &b.resource, asked);
        return OK;
    }
    if (!str_starts(b.id, STR("p.")))
        return OK;
    TRY(free_proposed(c, s, turn->principal, b.id, false, &time, &found));
    free_text_add(c, &asked->roles, time.role->id);
    if (time.service->id.len)
        free_text_add(c, &asked->services, time.service->id);
    asked->within = (Moment){ time.time.low, time.time.low + OFFER_DAYS * DAY_US };
    asked->duration_us = asked->online ? 0 : time.time.high - time.time.low;
    *any = true;
    return OK;
}

void book_offer(Call *c, Session *s, const Turn *turn)
{
    FreeAsked asked = { .most = OFFERS, .online = principal_books_itself(turn->principal) };
    FreeTimes times = { 0 };
    uint32_t  issues = c->issue_count;
    Buf       out = buf_new(c->arena, 2048);
    bool      any = false;
    Fail      result = find_wish(c, s, turn, &asked, &any);

    if (result == OK && any)
        result = free_find(c, s, turn->principal, &asked, &times);
    call_forget_issues(c, issues);
    if (result != OK)
        return;
    for (size_t i = 0; i < times.count; i++) {
        FreeWriting how = { .id = free_proposal(c, &times.at[i]), .status = STR("proposed") };

        if (i)
            buf_put_char(&out, ',');
        free_put(c, &out, &times.at[i], &how);
    }
    c->offers = buf_str(&out);
}
