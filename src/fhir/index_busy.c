/*
 * Whom and what an Appointment keeps busy, and when: a date row under a code that names the actor,
 * so that the store can refuse a second appointment at the same time (store/busy.c).
 */
#include "fhir/indexer.h"
#include "fhir/reference.h"

enum { BUFFER_MINUTES_MAX = 24 * 60 };

/* https://hl7.org/fhir/R4/valueset-appointmentstatus.html: what is only proposed or waited for keeps
 * nobody busy yet, what is over or was called off no longer. */
bool index_status_busy(Str status)
{
    static const char *const keeping[] = { "pending", "booked", "arrived", "checked-in" };

    for (size_t i = 0; i < COUNT(keeping); i++)
        if (str_equal(status, str_from(keeping[i])))
            return true;
    return false;
}

/* Patients and those who come with them may be in two places at once as far as a practice is
 * concerned; a HealthcareService is given by many. */
static bool type_kept_busy(TypeId type)
{
    return type == TYPE_PRACTITIONER || type == TYPE_PRACTITIONER_ROLE || type == TYPE_LOCATION
           || type == TYPE_DEVICE || type == TYPE_SLOT;
}

static void add_busy(Indexing *x, uint16_t param, uint32_t reference, Moment time)
{
    Reference actor =
        reference_parse(node_child_text(x->resource, reference, STR("reference")), x->base);

    if (actor.form != REFERENCE_LOCAL || !type_kept_busy(actor.type))
        return;
    indexing_add(x, ROW_DATE, param)->moment = time;
    indexing_key(x, (Str){ 0 }, index_key_busy(x->arena, actor.type, actor.id));
}

/* From the low end of `from` to the low end of `to`: an appointment until 10:00 ends as ten
 * strikes. False if either is missing, or nothing is between them. */
static bool span_of(const Resource *r, uint32_t node, Moment *out)
{
    Moment from, to;

    if (!moment_parse(node_child_text(r, node, STR("start")), MOMENT_DATE_TIME, &from)
        || !moment_parse(node_child_text(r, node, STR("end")), MOMENT_DATE_TIME, &to))
        return false;
    *out = (Moment){ from.low, to.low };
    return from.low < to.low;
}

/* Participants who declined are free; who takes part for some of the time is busy then only. */
static void add_participant(Indexing *x, uint16_t param, uint32_t node, Moment time)
{
    const Resource *r = x->resource;
    uint32_t        actor = node_child(r, node, STR("actor"));
    uint32_t        period = node_child(r, node, STR("period"));
    Moment          part;

    if (!actor || str_equal(node_child_text(r, node, STR("status")), STR("declined")))
        return;
    add_busy(x, param, actor, period && span_of(r, period, &part) ? part : time);
}

/* Minutes that are kept free beside the appointment, to come and go, to air and to tidy. */
static int64_t buffer_of(const Resource *r, Str which)
{
    uint32_t buffer = node_extension(r, r->root, APPOINTMENT_BUFFER);
    uint64_t minutes;

    if (!buffer || !str_to_u64(node_extension_text(r, buffer, which), &minutes)
        || minutes > BUFFER_MINUTES_MAX)
        return 0;
    return (int64_t)minutes * 60 * 1000000;
}

/* A hold that was booked once is a hold no longer, whatever is done to it later. */
static bool was_booked(const Resource *r)
{
    uint32_t each = node_child(r, r->root, STR("extension"));

    for (; each; each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("url")), STR("urn:hale:status-at"))
            && str_equal(node_extension_text(r, each, STR("status")), STR("booked")))
            return true;
    return false;
}

static void add_held(Indexing *x, uint16_t param)
{
    const Resource *r = x->resource;
    Moment          until;

    if (!str_equal(node_child_text(r, r->root, STR("status")), STR("pending")) || was_booked(r)
        || !moment_parse(node_extension_text(r, r->root, APPOINTMENT_HELD_UNTIL),
                         MOMENT_INSTANT, &until))
        return;
    indexing_add(x, ROW_DATE, param)->moment = (Moment){ until.low, until.low + 1 };
    indexing_key(x, (Str){ 0 }, INDEX_KEY_HELD);
}

/* A slot is taken or not: its rows all have the same time. */
static const Moment slot_time = { 0, 1 };

void index_busy(Indexing *x)
{
    const Resource *r = x->resource;
    uint16_t        param = search_param_find(TYPE_APPOINTMENT, STR("date"))->index;
    Moment          time;
    uint32_t        at;

    if (!index_status_busy(node_child_text(r, r->root, STR("status"))))
        return;
    for (at = node_child(r, r->root, STR("slot")); at; at = node_next_same(r, at))
        add_busy(x, param, at, slot_time);
    add_held(x, param);
    if (!span_of(r, r->root, &time))
        return;
    time.low -= buffer_of(r, STR("before"));
    time.high += buffer_of(r, STR("after"));
    for (at = node_child(r, r->root, STR("participant")); at; at = node_next_same(r, at))
        add_participant(x, param, at, time);
}

#define BUSY "busy:"

Str index_key_busy(Arena *a, TypeId type, Str id)
{
    return arena_printf(a, BUSY "%.*s/%.*s", STR_ARG(type_name(type)), STR_ARG(id));
}

bool index_row_busy(const IndexRow *row, TypeId *type, Str *id)
{
    Reference actor;

    if (row->kind != ROW_DATE || !row->keyed || !str_starts(row->key_code, STR(BUSY)))
        return false;
    actor = reference_parse(str_skip(row->key_code, sizeof BUSY - 1), (Str){ 0 });
    *type = actor.type;
    *id = actor.id;
    return actor.form == REFERENCE_LOCAL;
}
