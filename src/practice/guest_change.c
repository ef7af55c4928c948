/* A visit that was booked on the practice's page is called off, or moved: see guest.h. */
#include "base/limits.h"
#include "fhir/draft.h"
#include "practice/billing.h"
#include "practice/guest_ask.h"

/* ---- whether it may be ---- */

static bool stands(const GuestVisit *visit)
{
    return str_equal(visit->status, STR("booked")) || str_equal(visit->status, STR("pending"));
}

static GuestResult may_change(const GuestAsked *a, const GuestVisit *visit)
{
    if (!visit->guest.done || !stands(visit))
        return GUEST_GONE;
    return online_too_late(a->call, &visit->service, visit->time.low) ? GUEST_LATE : GUEST_DONE;
}

static Fail put(GuestAsked *a, const GuestVisit *visit, const Draft *draft, GuestResult *out)
{
    Call     *c = a->call;
    Principal p = guest_principal(c, visit->guest.hash);
    uint32_t  issues = c->issue_count;
    Asked     asked = guest_post(draft_whole(c->arena, TYPE_APPOINTMENT, visit->version.id, 1,
                                             c->now_us, draft_remainder(draft)));
    Answer    answer;
    Fail      result;

    asked.method = HTTP_PUT;
    asked.if_match =
        arena_printf(c->arena, "W/\"%llu\"", (unsigned long long)visit->version.version);
    result = guest_ask(a, &p,
                       arena_printf(c->arena, "/Appointment/%.*s", STR_ARG(visit->version.id)),
                       asked, &answer);
    if (result == FAIL_CONFLICT || result == FAIL_PRECONDITION) {
        call_forget_issues(c, issues);
        *out = GUEST_TAKEN;
        return OK;
    }
    return result;
}

/* ---- calling it off ---- */

Fail guest_cancel(GuestAsked *a, GuestVisit *visit, GuestResult *out)
{
    const Resource *r = &visit->appointment;
    Draft           draft = draft_new(a->call->arena, r);
    uint32_t        end = node_at(r, r->root)->json->to - 1;
    GuestDetails    d = guest_details_read(a->call, visit->guest.details);

    *out = GUEST_DONE;
    if (str_equal(visit->status, STR("cancelled"))) /* the message may be missing still */
        return guest_message_visit(a, visit, &d, GUEST_CANCELLED, (Str){ 0 });
    *out = may_change(a, visit);
    if (*out != GUEST_DONE)
        return OK;
    draft_set_text(&draft, node_child(r, r->root, STR("status")), STR("cancelled"));
    if (!node_child(r, r->root, STR("cancelationReason")))
        draft_replace(&draft, end, end,
                      STR(",\"cancelationReason\":{\"coding\":[{\"system\":"
                          "\"http://terminology.hl7.org/CodeSystem/"
                          "appointment-cancellation-reason\",\"code\":\"pat\"}]}"));
    TRY(put(a, visit, &draft, out));
    return *out == GUEST_DONE ? guest_message_visit(a, visit, &d, GUEST_CANCELLED, (Str){ 0 })
                              : OK;
}

/* ---- moving it ---- */

static bool is_patient(const Resource *r, uint32_t participant)
{
    return str_starts(billing_at(r, participant, "actor", "reference"), STR("Patient/"))
           || str_starts(billing_at(r, participant, "actor", "reference"),
                         STR("RelatedPerson/"));
}

static void put_participants(Buf *out, const Resource *r, bool patients)
{
    for (uint32_t each = node_child(r, r->root, STR("participant")); each;
         each = node_next_same(r, each))
        if (is_patient(r, each) == patients) {
            buf_put(out, out->len ? STR(",") : STR(""));
            buf_put(out, node_source(r, each));
        }
}

/* With whom and where is the new time's; who comes stays. */
static void replace_participants(Call *c, Draft *draft, const Resource *r, const Resource *new)
{
    uint32_t first = node_child(r, r->root, STR("participant")), last = first, each = first;
    Buf      all = buf_new(c->arena, 512);

    for (; each; each = node_next_same(r, each))
        last = each;
    put_participants(&all, new, false);
    put_participants(&all, r, true);
    draft_replace(draft, node_at(r, first)->json->from, node_at(r, last)->json->to,
                  buf_str(&all));
}

/* What the practice says yes to, it says yes to anew. */
static void ask_again(Draft *draft, const Resource *r, const FreeService *service)
{
    uint32_t held = node_extension(r, r->root, APPOINTMENT_HELD_UNTIL);

    if (!service->approval)
        return;
    draft_set_text(draft, node_child(r, r->root, STR("status")), STR("pending"));
    if (held)
        draft_replace(draft, node_at(r, held)->json->from, node_at(r, held)->json->to,
                      STR("{\"url\":\"urn:hale:approval\",\"valueCode\":\"wanted\"}"));
}

static Fail move(GuestAsked *a, GuestVisit *visit, const FreeTime *time, GuestResult *out)
{
    Call           *c = a->call;
    const Resource *r = &visit->appointment;
    ReadOptions     options = { .expected = TYPE_APPOINTMENT, .values_max = LIMIT_JSON_NODES };
    FreeWriting     how = { .status = STR("proposed") };
    Draft           draft = draft_new(c->arena, r);
    Buf             text = buf_new(c->arena, 1024);
    Resource new;

    free_put(c, &text, time, &how);
    TRY(resource_read(c, buf_str(&text), &options, &new));
    draft_set_text(&draft, node_child(r, r->root, STR("start")),
                   node_child_text(&new, new.root, STR("start")));
    draft_set_text(&draft, node_child(r, r->root, STR("end")),
                   node_child_text(&new, new.root, STR("end")));
    replace_participants(c, &draft, r, &new);
    ask_again(&draft, r, &visit->service);
    return put(a, visit, &draft, out);
}

/* The rules of the service hold for the new time, too. */
static Fail look(GuestAsked *a, const GuestVisit *visit, GuestResult *out)
{
    TRY(online_look(a->call, a->session, &visit->service, visit->guest.patient,
                    visit->guest.appointment, &a->refusal));
    *out = a->refusal == ONLINE_FINE ? GUEST_DONE : GUEST_REFUSED;
    return OK;
}

static Fail tell_of_move(GuestAsked *a, const GuestVisit *visit, Str secret)
{
    GuestDetails d = guest_details_read(a->call, visit->guest.details);

    return guest_message_visit(a, visit, &d, GUEST_MOVED,
                               arena_printf(a->call->arena, "%.*s/book/%.*s/visit?b=%.*s",
                                            STR_ARG(a->base), STR_ARG(a->page->word),
                                            STR_ARG(secret)));
}

/* Sent twice it is where it should be; what was to be told may be missing still. */
Fail guest_move(GuestAsked *a, GuestVisit *visit, Str secret, Str proposal, GuestResult *out)
{
    Call     *c = a->call;
    Principal p = guest_principal(c, visit->guest.hash);
    uint32_t  issues = c->issue_count;
    FreeTime  time;
    bool      found;
    Fail      result;

    *out = may_change(a, visit);
    if (*out != GUEST_DONE)
        return OK;
    result = free_proposed(c, a->session, &p, proposal, true, &time, &found);
    if (result == FAIL_NOT_FOUND)
        call_forget_issues(c, issues);
    else
        TRY(result);
    if (result == FAIL_NOT_FOUND || !found || !str_equal(time.service->id, visit->service.id)) {
        bool same = result == OK && time.time.low == visit->time.low;

        *out = same ? GUEST_DONE : GUEST_TAKEN;
        return same ? tell_of_move(a, visit, secret) : OK;
    }
    TRY(look(a, visit, out));
    if (*out != GUEST_DONE)
        return OK;
    TRY(move(a, visit, &time, out));
    if (*out != GUEST_DONE)
        return OK;
    TRY(guest_find(a, secret, true, visit));
    visit->guest.ends_us = visit->time.high + INT64_C(24) * 3600 * 1000000;
    TRY(store_guest_put(c, session_store(a->session), &visit->guest));
    return tell_of_move(a, visit, secret);
}
