/*
 * Appointment/$find: free times as proposed Appointments, which $hold and $book take. Parameters as IHE ITI
 * Scheduling (ITI-115) and Argonaut Scheduling have them; of one kind any of those named, different kinds
 * together. Whoever may create Appointments may ask: nothing is told but when somebody is free.
 */
#include "base/limits.h"
#include "fhir/reference.h"
#include "interaction/free.h"
#include "interaction/listing.h"

enum { DAYS_DEFAULT = 14, MINUTES_MAX = 24 * 60 };

static const int64_t DAY_US = INT64_C(24) * 3600 * 1000000;

typedef struct Asking {
    FreeAsked free;
    Str       base;
    bool      ended;
    Buf       said;
} Asking;

static Fail take_start(Call *c, Str name, Str value, void *into)
{
    Moment moment;

    TRY(param_moment(c, name, value, &moment));
    ((Asking *)into)->free.within.low = moment.low;
    return OK;
}

static Fail take_end(Call *c, Str name, Str value, void *into)
{
    Asking *a = into;
    Moment  moment;

    TRY(param_moment(c, name, value, &moment));
    a->free.within.high = moment.high - moment.low < DAY_US ? moment.low : moment.high;
    a->ended = true;
    return OK;
}

static Fail take_count(Call *c, Str name, Str value, void *into)
{
    Asking *a = into;

    TRY(param_count(c, name, value, &a->free.most));
    return a->free.most ? OK : fail(c, FAIL_VALUE, name, "At least one time is asked for");
}

static Fail take_duration(Call *c, Str name, Str value, void *into)
{
    uint64_t minutes;

    if (!str_to_u64(value, &minutes) || minutes == 0 || minutes > MINUTES_MAX)
        return fail(c, FAIL_VALUE, name, "Expected minutes, at most %d", MINUTES_MAX);
    ((Asking *)into)->free.duration_us = (int64_t)minutes * 60 * 1000000;
    return OK;
}

/* "Practitioner/1", "1", or with our own address in front. */
static Fail take_reference(Call *c, const Asking *a, Str name, Str value, TypeId type,
                           FreeTexts *to)
{
    Reference reference = reference_parse(value, a->base);

    if (reference.form == REFERENCE_LOCAL && reference.type == type)
        free_text_add(c, to, reference.id);
    else if (resource_id_valid(value))
        free_text_add(c, to, value);
    else
        return fail(c, FAIL_VALUE, name, "Expected a reference to a %.*s of this server",
                    STR_ARG(type_name(type)));
    return OK;
}

static Fail take_practitioner(Call *c, Str name, Str value, void *into)
{
    Asking *a = into;

    return take_reference(c, a, name, value, TYPE_PRACTITIONER, &a->free.practitioners);
}

static Fail take_role(Call *c, Str name, Str value, void *into)
{
    Asking *a = into;

    return take_reference(c, a, name, value, TYPE_PRACTITIONER_ROLE, &a->free.roles);
}

static Fail take_location(Call *c, Str name, Str value, void *into)
{
    Asking *a = into;

    return take_reference(c, a, name, value, TYPE_LOCATION, &a->free.locations);
}

static Fail take_organization(Call *c, Str name, Str value, void *into)
{
    Asking *a = into;

    return take_reference(c, a, name, value, TYPE_ORGANIZATION, &a->free.organizations);
}

static Fail take_service(Call *c, Str name, Str value, void *into)
{
    Asking *a = into;

    return take_reference(c, a, name, value, TYPE_HEALTHCARE_SERVICE, &a->free.services);
}

/* Patients are not kept busy: whoever asks for one finds the same times. */
static Fail take_patient(Call *c, Str name, Str value, void *into)
{
    FreeTexts ignored = { 0 };

    return take_reference(c, into, name, value, TYPE_PATIENT, &ignored);
}

static Fail take_specialty(Call *c, Str name, Str value, void *into)
{
    (void)name;
    free_text_add(c, &((Asking *)into)->free.specialties, value);
    return OK;
}

static Fail take_visit_type(Call *c, Str name, Str value, void *into)
{
    (void)name;
    free_text_add(c, &((Asking *)into)->free.visit_types, value);
    return OK;
}

static const ParamRow rows[] = {
    { .name = STR_INIT("start"), .take = take_start },
    { .name = STR_INIT("end"), .take = take_end },
    { .name = STR_INIT("specialty"), .take = take_specialty },
    { .name = STR_INIT("visit-type"), .take = take_visit_type },
    { .name = STR_INIT("practitioner"), .take = take_practitioner },
    { .name = STR_INIT("practitioner-role"), .take = take_role },
    { .name = STR_INIT("organization"), .take = take_organization },
    { .name = STR_INIT("location-reference"), .take = take_location },
    { .name = STR_INIT("patient-reference"), .take = take_patient },
    { .name = STR_INIT("healthcare-service"), .take = take_service },
    { .name = STR_INIT("duration"), .take = take_duration },
    { .name = STR_INIT("_count"), .take = take_count },
};

static Fail check_time(Call *c, Asking *a)
{
    if (!a->ended)
        a->free.within.high = a->free.within.low + DAYS_DEFAULT * DAY_US;
    if (a->free.within.high <= a->free.within.low)
        return fail(c, FAIL_VALUE, STR("end"), "The end must be behind the start");
    if (a->free.within.high <= c->now_us)
        return fail(c, FAIL_VALUE, STR("end"), "That time has passed");
    return OK;
}

Fail find_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    Asking    a = { .free = { .most = LIMIT_COUNT_DEFAULT,
                              .within = { c->now_us, 0 },
                              .online = principal_books_itself(turn->principal) },
                    .base = turn->asked->base,
                    .said = buf_new(c->arena, 256) };
    FreeTimes times;
    Listing   l;

    TRY(params_take_operation(c, turn->asked, rows, COUNT(rows), &a, &a.said));
    TRY(check_time(c, &a));
    TRY(free_find(c, s, turn->principal, &a.free, &times));
    l = listing_begin(c->arena, turn->asked->base, STR("searchset"), times.count,
                      times.count * 512 + 512);
    listing_link(&l, STR("self"),
                 params_address(c, STR("Appointment/$find"), &a.said, (Str){ 0 }));
    for (size_t i = 0; i < times.count; i++) {
        FreeWriting how = { .id = free_proposal(c, &times.at[i]), .status = STR("proposed") };
        Buf         text = buf_new(c->arena, 512);

        free_put(c, &text, &times.at[i], &how);
        listing_entry(&l, TYPE_APPOINTMENT, how.id, buf_str(&text));
        listing_search_mode(&l, STR("match"));
        listing_end_entry(&l);
    }
    answer->status = 200;
    answer->body = listing_end(&l);
    return OK;
}
