/* What visitors of the practice's page do: see guest.h. */
#include "practice/guest.h"

#include "access/throttle.h"
#include "base/limits.h"
#include "base/random.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/secret.h"
#include "practice/billing.h"
#include "practice/guest_ask.h"
#include "practice/till.h"

enum {
    HOLD_MINUTES = 20,
    CODE_TRIES = 5,
    CODES = 1000000,
    CODES_A_MINUTE = 10, /* to one network */
    TEXTS_A_MINUTE = 20, /* of codes, by the whole practice: each costs */
};

static const int64_t DAY_US = INT64_C(24) * 3600 * 1000000;
static const int64_t CODE_US = INT64_C(15) * 60 * 1000000;

/* ---- how often ---- */

static ThrottleKey network_key(const GuestAsked *a, const char *kind)
{
    char network[64];

    return throttle_key(kind, throttle_network(a->address, network), (Str){ 0 });
}

/* However it is written: mailboxes are the same in small letters. */
static ThrottleKey address_key(Call *c, const GuestDetails *d)
{
    return throttle_key("booking code", index_fold(c->arena, d->by_phone ? d->phone : d->mail),
                        (Str){ 0 });
}

/* 0, or how long until there may be another code. */
static unsigned code_wait_s(GuestAsked *a, const GuestDetails *d)
{
    unsigned wait = throttle_take_of(network_key(a, "booking code network"), CODES_A_MINUTE);

    if (!wait && d->by_phone)
        wait = throttle_take_of(throttle_key("booking texts", (Str){ 0 }, (Str){ 0 }),
                                TEXTS_A_MINUTE);
    return wait ? wait : throttle_try(address_key(a->call, d));
}

/* ---- asking for a hold ---- */

Str guest_secret(Call *c)
{
    char      *text = arena_alloc(c->arena, TOKEN_CHARS + 1, 1);
    SecretHash hash;

    token_draw(c->arena, text, hash);
    return str_from(text);
}

/* Of that version only: what was booked meanwhile stays (*given_up false). */
static Fail give_up(GuestAsked *a, const Principal *p, Str appointment, uint64_t version,
                    bool *given_up)
{
    uint32_t issues = a->call->issue_count;
    Asked    asked = {
           .method = HTTP_DELETE,
           .if_match = arena_printf(a->call->arena, "W/\"%llu\"", (unsigned long long)version),
    };
    Answer answer;
    Fail   result =
        guest_ask(a, p, arena_printf(a->call->arena, "/Appointment/%.*s", STR_ARG(appointment)),
                  asked, &answer);

    call_forget_issues(a->call, issues); /* what is not given up ends by itself */
    *given_up = result != FAIL_PRECONDITION && result != FAIL_CONFLICT;
    return result == FAIL_SYSTEM ? result : OK;
}

/* What is booked is not held again. */
static Fail find_earlier(GuestAsked *a, const SecretHash hash, Guest *guest)
{
    uint32_t issues = a->call->issue_count;
    Fail     result = store_guest_find(a->call, a->session, hash, guest);

    if (result != FAIL_NOT_FOUND)
        return result;
    call_forget_issues(a->call, issues);
    *guest = (Guest){ .page = a->page->id };
    memcpy(guest->hash, hash, sizeof guest->hash);
    return OK;
}

static Fail hold(GuestAsked *a, const Principal *p, Str proposal, Str *id, GuestResult *out)
{
    Call    *c = a->call;
    uint32_t issues = c->issue_count;
    Answer   answer;
    Fail     result;

    *out = GUEST_DONE;
    result = guest_ask(
        a, p, STR("/Appointment/$hold"),
        guest_post(till_json_text(
            c->arena,
            "{'resourceType':'Parameters','parameter':[{'name':'appointment-reference',"
            "'valueReference':{'reference':$s}},{'name':'minutes','valueInteger':$u}]}",
            arena_printf(c->arena, "Appointment/%.*s", STR_ARG(proposal)), HOLD_MINUTES)),
        &answer);
    if (result == FAIL_CONFLICT || result == FAIL_NOT_FOUND || result == FAIL_VALUE) {
        call_forget_issues(c, issues);
        *out = GUEST_TAKEN;
        return OK;
    }
    TRY(result);
    return guest_answered_id(c, &answer, id);
}

/* ---- what it is about ---- */

static Str actor_of(const Resource *r, uint32_t participant)
{
    return billing_at(r, participant, "actor", "reference");
}

/* The zone of the place where it is. */
static Fail find_zone(GuestAsked *a, const Principal *p, GuestVisit *visit)
{
    const Resource *r = &visit->appointment;
    bool            room;

    visit->zone = zone_utc();
    for (uint32_t each = node_child(r, r->root, STR("participant")); each;
         each = node_next_same(r, each)) {
        Str type, id, to = actor_of(r, each);

        if (str_cut(to, '/', &type, &id) && str_equal(type, STR("Location")))
            return free_place(a->call, a->session, p, id, &visit->zone, &room);
    }
    return OK;
}

static Fail read_visit(GuestAsked *a, GuestVisit *out)
{
    Call       *c = a->call;
    ReadOptions trusted = { .expected = TYPE_APPOINTMENT,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    Principal   p = guest_principal(c, out->guest.hash);
    Permit      permit;
    Moment      end;

    TRY(access_permit(c, &p, DEED_READ, TYPE_APPOINTMENT, &permit));
    TRY(store_read(c, a->session, &permit, TYPE_APPOINTMENT, out->guest.appointment,
                   &out->version));
    if (out->version.deleted)
        return fail(c, FAIL_NOT_FOUND, STR("booking"), "There is no such booking");
    TRY(resource_read(c, out->version.whole, &trusted, &out->appointment));
    out->status = node_child_text(&out->appointment, out->appointment.root, STR("status"));
    if (!moment_parse(node_child_text(&out->appointment, out->appointment.root, STR("start")),
                      MOMENT_INSTANT, &out->time)
        || !moment_parse(node_child_text(&out->appointment, out->appointment.root, STR("end")),
                         MOMENT_INSTANT, &end))
        return fail(c, FAIL_NOT_FOUND, STR("booking"), "There is no such booking");
    out->time.high = end.low;
    TRY(free_service(c, a->session, &p, online_service_id(&out->appointment), &out->service));
    return find_zone(a, &p, out);
}

Fail guest_find(GuestAsked *a, Str secret, bool link, GuestVisit *out)
{
    SecretHash hash;

    *out = (GuestVisit){ 0 };
    if (secret.len != TOKEN_CHARS)
        return fail(a->call, FAIL_NOT_FOUND, STR("booking"), "There is no such booking");
    token_hash(secret, hash);
    TRY(link ? store_guest_by_link(a->call, a->session, hash, &out->guest)
             : store_guest_find(a->call, a->session, hash, &out->guest));
    if (!str_equal(out->guest.page, a->page->id))
        return fail(a->call, FAIL_NOT_FOUND, STR("booking"), "There is no such booking");
    return read_visit(a, out);
}

/* ---- holding it ---- */

/* More than held, whether that was noted here or not yet. */
static bool is_booked(const GuestVisit *visit)
{
    const Resource *r = &visit->appointment;

    return visit->guest.done || !str_equal(visit->status, STR("pending"))
           || !node_extension(r, r->root, APPOINTMENT_HELD_UNTIL);
}

bool guest_takes_place(const GuestVisit *visit)
{
    static const Str places[] = { STR_INIT("booked"), STR_INIT("pending"), STR_INIT("arrived"),
                                  STR_INIT("checked-in"), STR_INIT("fulfilled") };

    for (size_t i = 0; i < COUNT(places); i++)
        if (str_equal(visit->status, places[i]))
            return true;
    return false;
}

/* What was held for that secret before, if it is there still; else without a version. */
static Fail read_earlier(GuestAsked *a, GuestVisit *visit)
{
    uint32_t issues = a->call->issue_count;
    Fail     result;

    if (visit->guest.appointment.len == 0)
        return OK;
    result = read_visit(a, visit);
    if (result != FAIL_NOT_FOUND && result != FAIL_GONE)
        return result;
    call_forget_issues(a->call, issues);
    visit->version = (Version){ 0 };
    return OK;
}

/* The earlier hold goes; if that was booked at this moment, what was held instead of it does. */
static Fail replace(GuestAsked *a, const Principal *p, const GuestVisit *earlier, Str id,
                    uint64_t version, bool *booked)
{
    bool given_up = true;

    *booked = false;
    if (!earlier->version.version || str_equal(earlier->guest.appointment, id))
        return OK;
    TRY(give_up(a, p, earlier->guest.appointment, earlier->version.version, &given_up));
    if (given_up)
        return OK;
    *booked = true;
    return give_up(a, p, id, version, &given_up);
}

/* The code that was sent is about the time that was held then. */
static Fail keep_hold(GuestAsked *a, GuestVisit *earlier, Str id)
{
    GuestVisit visit = { .guest = earlier->guest };
    Principal  p = guest_principal(a->call, earlier->guest.hash);
    bool       other = !str_equal(earlier->guest.appointment, id), booked;

    visit.guest.appointment = id;
    if (other) {
        visit.guest.ends_us = a->call->now_us + DAY_US;
        memset(visit.guest.code, 0, sizeof visit.guest.code);
    }
    TRY(read_visit(a, &visit));
    TRY(replace(a, &p, earlier, id, visit.version.version, &booked));
    if (booked)
        return OK;
    visit.guest.service = visit.service.id;
    return store_guest_put(a->call, session_store(a->session), &visit.guest);
}

Fail guest_hold(GuestAsked *a, Str secret, Str proposal, GuestResult *out)
{
    Call      *c = a->call;
    GuestVisit visit = { 0 };
    SecretHash hash;
    Principal  p;
    Str        id = { 0 };

    if (secret.len != TOKEN_CHARS || !str_starts(proposal, STR("p.")))
        return fail(c, FAIL_VALUE, STR("time"), "That is no time of ours");
    token_hash(secret, hash);
    p = guest_principal(c, hash);
    *out = GUEST_DONE;
    TRY(find_earlier(a, hash, &visit.guest));
    TRY(read_earlier(a, &visit));
    if (visit.guest.done || (visit.version.version && is_booked(&visit)))
        return OK;
    if (visit.guest.appointment.len == 0)
        a->wait_s = throttle_try(network_key(a, "booking hold"));
    if (a->wait_s) {
        *out = GUEST_TOO_OFTEN;
        return OK;
    }
    TRY(hold(a, &p, proposal, &id, out));
    return *out == GUEST_DONE ? keep_hold(a, &visit, id) : OK;
}

/* ---- the code ---- */

static void code_hash(Str code, const Guest *guest, SecretHash out)
{
    digest_hmac_sha256((Str){ (const char *)guest->hash, sizeof guest->hash }, code, out);
}

Fail guest_send_code(GuestAsked *a, GuestVisit *visit, const GuestDetails *d, GuestResult *out)
{
    Call    *c = a->call;
    Guest   *g = &visit->guest;
    uint32_t number;
    Str      code;

    *out = GUEST_DONE;
    if (g->done)
        return OK;
    a->wait_s = code_wait_s(a, d);
    if (a->wait_s) {
        *out = GUEST_TOO_OFTEN;
        return OK;
    }
    random_bytes(&number, sizeof number);
    code = arena_printf(c->arena, "%06u", number % CODES);
    code_hash(code, g, g->code);
    g->ends_us = c->now_us + DAY_US;
    g->details = guest_details_write(c, d);
    TRY(store_guest_put_code(c, session_store(a->session), g));
    return guest_message_code(a, d, code);
}

/* ---- who it is ---- */

static bool same_name(Call *c, Str a, Str b)
{
    return str_equal(index_fold(c->arena, a), index_fold(c->arena, b));
}

static bool has_contact(Call *c, const Resource *r, const GuestDetails *d)
{
    for (uint32_t each = node_child(r, r->root, STR("telecom")); each;
         each = node_next_same(r, each)) {
        Str value = node_child_text(r, each, STR("value"));

        if (d->by_phone ? str_equal(guest_phone(c, value), d->phone)
                        : str_equal_ascii_nocase(str_trim(value), d->mail))
            return true;
    }
    return false;
}

static bool has_name(Call *c, const Resource *r, const GuestDetails *d)
{
    for (uint32_t each = node_child(r, r->root, STR("name")); each;
         each = node_next_same(r, each))
        if (same_name(c, node_child_text(r, each, STR("family")), d->family)
            && same_name(c, node_child_text(r, each, STR("given")), d->given))
            return true;
    return false;
}

/* Somebody in the record with that name and day of birth, whose address or phone the visitor has just
 * proved to have. Of several none: they are for people to tell apart. */
static Fail find_patient(GuestAsked *a, const Principal *p, const GuestDetails *d, Str *out)
{
    Call        *c = a->call;
    QueryOptions options = { 0 };
    ReadOptions  trusted = { .expected = TYPE_PATIENT,
                             .values_max = LIMIT_JSON_NODES,
                             .trusted = true };
    Query       *query = NEW(c->arena, Query);
    Permit       permit;
    SearchPage   page;
    size_t       fitting = 0;

    *out = (Str){ 0 };
    TRY(access_permit(c, p, DEED_SEARCH, TYPE_PATIENT, &permit));
    TRY(query_parse(c, TYPE_PATIENT,
                    arena_printf(c->arena, "birthdate=%.*s&active:not=false&_count=1000",
                                 STR_ARG(d->birth)),
                    &options, query));
    TRY(store_search(c, a->session, &permit, query, &page));
    for (size_t i = 0; i < page.count; i++) {
        Resource patient;

        TRY(resource_read(c, page.versions[i].whole, &trusted, &patient));
        if (!has_name(c, &patient, d) || !has_contact(c, &patient, d))
            continue;
        *out = page.versions[i].id;
        fitting++;
    }
    if (fitting > 1)
        *out = (Str){ 0 };
    return OK;
}

static Str patient_text(Call *c, const GuestDetails *d, Str visitor, Str organization)
{
    Buf out = buf_new(c->arena, 512);

    till_json(
        &out,
        "{'resourceType':'Patient','identifier':[{'system':'urn:hale:booking','value':$s}],"
        "'active':true,'name':[{'family':$s,'given':[$s]}],'telecom':[",
        visitor, d->family, d->given);
    if (d->mail.len)
        till_json(&out, "{'system':'email','value':$s}", d->mail);
    if (d->phone.len)
        till_json(&out, "$r{'system':'phone','value':$s}", d->mail.len ? STR(",") : STR(""),
                  d->phone);
    till_json(&out,
              "],'birthDate':$s,'communication':[{'language':{'coding':[{'system':"
              "'urn:ietf:bcp:47','code':$s}]},'preferred':true}],'managingOrganization':"
              "{'reference':$s}}",
              d->birth, d->french ? STR("fr") : STR("en"), organization);
    return buf_str(&out);
}

/* Asked again it is the same: the visitor's name is its identifier. */
static Fail make_patient(GuestAsked *a, const Principal *p, const GuestDetails *d, Str *out)
{
    Call  *c = a->call;
    Str    visitor = arena_str(c->arena, str_from(p->visitor));
    Asked  asked = guest_post(patient_text(
         c, d, visitor, arena_printf(c->arena, "Organization/%.*s", STR_ARG(a->page->id))));
    Answer answer;

    asked.if_none_exist =
        arena_printf(c->arena, "identifier=urn:hale:booking|%.*s", STR_ARG(visitor));
    TRY(guest_ask(a, p, STR("/Patient"), asked, &answer));
    return guest_answered_id(c, &answer, out);
}

/* ---- booking ---- */

static Fail book(GuestAsked *a, const Principal *p, const Guest *g, Str patient,
                 GuestResult *out)
{
    Call    *c = a->call;
    uint32_t issues = c->issue_count;
    Answer   answer;
    Fail     result = guest_ask(
            a, p, arena_printf(c->arena, "/Appointment/%.*s/$book", STR_ARG(g->appointment)),
            guest_post(till_json_text(
                c->arena,
                "{'resourceType':'Parameters','parameter':[{'name':'patient-reference',"
                    "'valueReference':{'reference':$s}}]}",
                arena_printf(c->arena, "Patient/%.*s", STR_ARG(patient)))),
            &answer);

    *out = GUEST_DONE;
    if (result == FAIL_CONFLICT || result == FAIL_GONE || result == FAIL_UNPROCESSABLE) {
        call_forget_issues(c, issues);
        *out = result == FAIL_CONFLICT ? GUEST_TAKEN : GUEST_GONE;
        return OK;
    }
    return result;
}

/* The rules first, so that nobody is put into the record for nothing. */
static Fail book_for(GuestAsked *a, GuestVisit *visit, const GuestDetails *d, GuestResult *out)
{
    Principal p = guest_principal(a->call, visit->guest.hash);
    Guest    *g = &visit->guest;

    TRY(find_patient(a, &p, d, &g->patient));
    TRY(online_look(a->call, a->session, &visit->service, g->patient, g->appointment,
                    &a->refusal));
    if (a->refusal != ONLINE_FINE) {
        *out = GUEST_REFUSED;
        return OK;
    }
    if (!g->patient.len)
        TRY(make_patient(a, &p, d, &g->patient));
    return book(a, &p, g, g->patient, out);
}

static Fail check_code(GuestAsked *a, const Guest *g, Str code, GuestResult *out)
{
    static const SecretHash none = { 0 };
    SecretHash              hash;
    bool                    allowed;

    *out = GUEST_DONE;
    TRY(store_guest_try(a->call, session_store(a->session), g->hash, CODE_TRIES, &allowed));
    code_hash(code, g, hash);
    if (!allowed)
        *out = GUEST_TOO_OFTEN;
    else if (memcmp(g->code, none, sizeof none) == 0
             || a->call->now_us > g->ends_us - DAY_US + CODE_US
             || !secret_equal((Str){ (const char *)hash, sizeof hash },
                              (Str){ (const char *)g->code, sizeof g->code }))
        *out = GUEST_WRONG;
    return OK;
}

/* Made of what the form carries, so that asking again gives the same. */
static Str link_secret(Call *c, Str secret, SecretHash hash)
{
    uint8_t mac[SHA256_BYTES];
    Buf     out = buf_new(c->arena, TOKEN_CHARS + 1);

    digest_hmac_sha256(secret, STR("booking link"), mac);
    base64_put_url(&out, (Str){ (const char *)mac, sizeof mac });
    token_hash(buf_str(&out), hash);
    return buf_str(&out);
}

Str guest_link(GuestAsked *a, Str secret)
{
    SecretHash hash;

    return arena_printf(a->call->arena, "%.*s/book/%.*s/visit?b=%.*s", STR_ARG(a->base),
                        STR_ARG(a->page->word), STR_ARG(link_secret(a->call, secret, hash)));
}

/* The link is kept before the message is on its way, and all of it before anybody is told. */
static Fail finish(GuestAsked *a, GuestVisit *visit, const GuestDetails *d, Str secret,
                   Str *link)
{
    Guest *g = &visit->guest;

    *link = guest_link(a, secret);
    link_secret(a->call, secret, g->link);
    if (!g->done) {
        g->done = true;
        g->ends_us = visit->time.high + DAY_US;
        TRY(store_guest_put(a->call, session_store(a->session), g));
        throttle_forgive(address_key(a->call, d));
        throttle_forgive(network_key(a, "booking hold"));
    }
    return guest_message_visit(a, visit, d, GUEST_BOOKED, *link);
}

Fail guest_confirm(GuestAsked *a, GuestVisit *visit, Str secret, Str code, GuestResult *out,
                   Str *link)
{
    GuestDetails d = guest_details_read(a->call, visit->guest.details);

    *out = GUEST_DONE;
    *link = (Str){ 0 };
    if (visit->guest.done && !guest_takes_place(visit))
        *out = GUEST_GONE;
    else if (visit->guest.done)
        return finish(a, visit, &d, secret, link);
    if (*out != GUEST_DONE)
        return OK;
    TRY(check_code(a, &visit->guest, code, out));
    if (*out != GUEST_DONE)
        return OK;
    TRY(book_for(a, visit, &d, out));
    if (*out != GUEST_DONE)
        return OK;
    TRY(read_visit(a, visit));
    return finish(a, visit, &d, secret, link);
}
