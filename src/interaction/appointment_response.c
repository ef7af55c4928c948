/*
 * An AppointmentResponse says yes, no or perhaps to an Appointment: with it, in the same commit, the
 * participant's status changes, and the Appointment's where that follows. R4 appointmentresponse.html;
 * Argonaut Scheduling "patient responses".
 *
 * What waits for an answer (pending, proposed) is booked once staff has said yes for somebody and nobody whose
 * coming is required has still to answer; a patient's yes alone books nothing. It is off when one who was
 * required says no, if nobody was booked yet, or when none of its patients comes. Answers to what is over, or not
 * here, and of who is not asked are histories: the practice may bring them in, and nothing follows.
 */
#include "base/limits.h"
#include "fhir/reference.h"
#include "interaction/online.h"

typedef struct Responding {
    Step           *step;
    const Resource *response;
    Version         old;
    Resource        visit;
    Str             actor, status; /* "Patient/1", "accepted" */
    Permit          permit;
} Responding;

static Str actor_of(const Resource *r, uint32_t node)
{
    uint32_t actor = node_child(r, node, STR("actor"));

    return actor ? node_child_text(r, actor, STR("reference")) : (Str){ 0 };
}

static Fail read_visit(Call *c, Session *s, Responding *x)
{
    const Resource *r = x->response;
    uint32_t        node = node_child(r, r->root, STR("appointment"));
    Reference       reference =
        reference_parse(node ? node_child_text(r, node, STR("reference")) : (Str){ 0 },
                        x->step->turn.asked->base);
    ReadOptions trusted = { .expected = TYPE_APPOINTMENT,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    Permit      reads;

    if (reference.form != REFERENCE_LOCAL || reference.type != TYPE_APPOINTMENT)
        return fail(c, FAIL_UNPROCESSABLE, STR("AppointmentResponse.appointment"),
                    "An answer names an Appointment that is stored here");
    TRY(access_permit(c, x->step->turn.principal, DEED_UPDATE, TYPE_APPOINTMENT, &x->permit));
    TRY(access_permit(c, x->step->turn.principal, DEED_READ, TYPE_APPOINTMENT, &reads));
    x->permit = access_both(c, &x->permit, &reads);
    TRY(change_current(c, s, &x->permit, TYPE_APPOINTMENT, reference.id, false, &x->old));
    if (x->old.deleted)
        return fail(c, FAIL_UNPROCESSABLE, STR("AppointmentResponse.appointment"),
                    "The Appointment was deleted");
    return resource_read(c, x->old.whole, &trusted, &x->visit);
}

/* Patients answer for themselves. */
static Fail check_actor(Call *c, Responding *x)
{
    const Principal *p = x->step->turn.principal;

    x->actor = actor_of(x->response, x->response->root);
    x->status = node_child_text(x->response, x->response->root, STR("participantStatus"));
    if (x->actor.len == 0)
        return fail(c, FAIL_UNPROCESSABLE, STR("AppointmentResponse.actor"),
                    "Who answers is not said");
    if (p->patient_bound
        && !str_equal(x->actor, arena_printf(c->arena, "Patient/%s", p->patient)))
        return fail(c, FAIL_FORBIDDEN, STR("AppointmentResponse.actor"),
                    "Patients answer for themselves");
    return OK;
}

/* ---- what follows ---- */

/* The status that a participant will have. */
static Str status_of(const Responding *x, uint32_t participant)
{
    if (str_equal(actor_of(&x->visit, participant), x->actor))
        return x->status;
    return node_child_text(&x->visit, participant, STR("status"));
}

static bool is_patient(const Responding *x, uint32_t participant)
{
    return str_starts(actor_of(&x->visit, participant), STR("Patient/"));
}

static bool is_required(const Responding *x, uint32_t participant)
{
    Str required = node_child_text(&x->visit, participant, STR("required"));

    return required.len == 0 || str_equal(required, STR("required"));
}

typedef struct Answers {
    bool all_yes, required_no;
    bool patient_comes, any_patient;
} Answers;

static Answers count_answers(const Responding *x)
{
    Answers a = { .all_yes = true };

    for (uint32_t each = node_child(&x->visit, x->visit.root, STR("participant")); each;
         each = node_next_same(&x->visit, each)) {
        Str  status = status_of(x, each);
        bool declined = str_equal(status, STR("declined"));

        if (is_patient(x, each)) {
            a.any_patient = true;
            a.patient_comes = a.patient_comes || !declined;
        } else if (is_required(x, each)) {
            a.all_yes = a.all_yes && str_equal(status, STR("accepted"));
            a.required_no = a.required_no || declined;
        }
    }
    return a;
}

/* What the Appointment becomes; empty: it stays what it is. */
static Str becomes(const Responding *x)
{
    Str     was = node_child_text(&x->visit, x->visit.root, STR("status"));
    bool    waits = str_equal(was, STR("pending")) || str_equal(was, STR("proposed"));
    Answers a = count_answers(x);

    if ((a.any_patient && !a.patient_comes) || (waits && a.required_no))
        return STR("cancelled");
    if (waits && a.all_yes && str_equal(x->status, STR("accepted"))
        && !x->step->turn.principal->patient_bound)
        return STR("booked");
    return (Str){ 0 };
}

/* Whether anybody is asked still. */
static bool stands(const Responding *x)
{
    static const Str standing[] = { STR_INIT("proposed"), STR_INIT("pending"),
                                    STR_INIT("booked") };
    Str              status = node_child_text(&x->visit, x->visit.root, STR("status"));

    for (size_t i = 0; i < COUNT(standing); i++)
        if (str_equal(status, standing[i]))
            return true;
    return false;
}

static Fail check_standing(Call *c, const Responding *x)
{
    Str status = node_child_text(&x->visit, x->visit.root, STR("status"));

    if (str_equal(status, STR("pending"))
        && node_extension(&x->visit, x->visit.root, APPOINTMENT_HELD_UNTIL))
        return fail(c, FAIL_UNPROCESSABLE, STR("AppointmentResponse.appointment"),
                    "The Appointment is only held: it is booked by $book");
    return stands(x)
               ? OK
               : fail(c, FAIL_UNPROCESSABLE, STR("AppointmentResponse.appointment"),
                      "Nobody is asked any more: the Appointment is %.*s", STR_ARG(status));
}

/* Whether somebody is asked to come who answers. */
static bool put_answers(const Responding *x, Draft *draft)
{
    bool found = false;

    for (uint32_t each = node_child(&x->visit, x->visit.root, STR("participant")); each;
         each = node_next_same(&x->visit, each)) {
        if (!str_equal(actor_of(&x->visit, each), x->actor))
            continue;
        found = true;
        draft_set_text(draft, node_child(&x->visit, each, STR("status")), x->status);
    }
    return found;
}

static Fail compose(Call *c, Responding *x, Draft *draft)
{
    Str status = becomes(x);
    Str whole;
    Resource new;
    Change *change;

    if (status.len) {
        draft_set_text(draft, node_child(&x->visit, x->visit.root, STR("status")), status);
        appointment_note(c, &x->visit, draft, status);
    }
    if (x->step->turn.principal->patient_bound && str_equal(status, STR("cancelled"))) {
        ReadOptions trusted = { .expected = TYPE_APPOINTMENT,
                                .values_max = LIMIT_JSON_NODES,
                                .trusted = true };
        Draft       plain = draft_new(c->arena, &x->visit);

        draft_set_text(&plain, node_child(&x->visit, x->visit.root, STR("status")), status);
        whole = draft_whole(c->arena, TYPE_APPOINTMENT, x->old.id, 1, c->now_us,
                            draft_remainder(&plain));
        TRY(resource_read(c, whole, &trusted, &new));
        TRY(online_check_change(c, x->step, &new, &x->old));
    }
    change = change_add(c, x->step, METHOD_PUT, &x->permit, x->old.id);
    change->type = TYPE_APPOINTMENT;
    change->if_seq = x->old.seq;
    TRY(change_compose_text(c, x->step, draft_remainder(draft), false, change));
    return masked_check(c, x->step, &x->old, change);
}

Fail appointment_response_apply(Call *c, Session *s, Step *step, const Resource *response)
{
    Responding *x = NEW(c->arena, Responding);
    Draft      *draft = NEW(c->arena, Draft);
    bool        patient = step->turn.principal->patient_bound;
    uint32_t    issues = c->issue_count;
    Fail        result;

    *x = (Responding){ .step = step, .response = response };
    result = read_visit(c, s, x);
    if (result == FAIL_NOT_FOUND && !patient) { /* of a history that is brought in */
        call_forget_issues(c, issues);
        return OK;
    }
    TRY(result);
    TRY(check_actor(c, x));
    if (!patient && !stands(x))
        return OK;
    TRY(check_standing(c, x));
    *draft = draft_new(c->arena, &x->visit);
    if (put_answers(x, draft))
        return compose(c, x, draft);
    return patient ? fail(c, FAIL_UNPROCESSABLE, STR("AppointmentResponse.actor"),
                          "%.*s is not asked to come", STR_ARG(x->actor))
                   : OK;
}
