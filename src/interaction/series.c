/*
 * Appointment/$series: many appointments of one rule (RFC 5545), in one write: all of them or none. Each is an
 * Appointment of its own, so that whatever else is done with appointments is done with them, too.
 */
#include "interaction/series.h"

#include "base/limits.h"
#include "base/random.h"
#include "fhir/recurrence.h"
#include "fhir/reference.h"
#include "interaction/listing.h"

Str series_param(const Resource *parameters, const char *name, uint32_t *node)
{
    uint32_t each = node_child(parameters, parameters->root, STR("parameter"));

    for (; each; each = node_next_same(parameters, each))
        if (str_equal(node_child_text(parameters, each, STR("name")), str_from(name))) {
            if (node)
                *node = each;
            return node_child_text(parameters, each, STR("value"));
        }
    if (node)
        *node = 0;
    return (Str){ 0 };
}

Fail series_params(Call *c, const Asked *asked, const char *const *names, size_t count,
                   Resource *out)
{
    ReadOptions options = { .expected = TYPE_PARAMETERS, .values_max = LIMIT_JSON_NODES };

    TRY(params_take(c, asked, NULL, 0, NULL));
    if (asked->resource)
        *out = *asked->resource;
    else if (asked->body.len)
        TRY(resource_read(c, asked->body, &options, out));
    if ((!asked->resource && !asked->body.len) || out->type != TYPE_PARAMETERS)
        return fail(c, FAIL_REQUIRED, (Str){ 0 }, "This needs Parameters in the body");
    for (uint32_t each = node_child(out, out->root, STR("parameter")); each;
         each = node_next_same(out, each)) {
        Str    name = node_child_text(out, each, STR("name"));
        size_t i = 0;

        while (i < count && !str_equal(name, str_from(names[i])))
            i++;
        if (i == count)
            return fail(c, FAIL_VALUE, node_expression(c->arena, out, each),
                        "This parameter is not understood here");
    }
    return OK;
}

Fail series_finish(Call *c, Step *step)
{
    Answer *answer = &step->answer;
    Listing l;

    answer->type = TYPE_APPOINTMENT;
    answer->patient = change_patient(&step->changes[0]);
    if (step->hide)
        return OK;
    l = listing_begin(c->arena, step->turn.asked->base, STR("searchset"), step->change_count,
                      4096);
    for (size_t i = 0; i < step->change_count; i++) {
        const Change *change = &step->changes[i];
        Str           text;

        TRY(change_shown(c, change, &text));
        listing_entry(&l, TYPE_APPOINTMENT, change->id, text);
        listing_search_mode(&l, STR("match"));
        listing_end_entry(&l);
    }
    answer->rows = l.entries;
    answer->body = listing_end(&l);
    return OK;
}

/* ---- making one ---- */

typedef struct Series {
    Resource    first;
    Str         rule, id, zone_name;
    const Zone *zone;
    Moment      time;
    Recurrence  all;
    Resource    parameters;
} Series;

static Str place_of(const Resource *r)
{
    for (uint32_t each = node_child(r, r->root, STR("participant")); each;
         each = node_next_same(r, each)) {
        uint32_t  actor = node_child(r, each, STR("actor"));
        Reference reference = reference_parse(
            actor ? node_child_text(r, actor, STR("reference")) : (Str){ 0 }, (Str){ 0 });

        if (reference.form == REFERENCE_LOCAL && reference.type == TYPE_LOCATION)
            return reference.id;
    }
    return (Str){ 0 };
}

static Fail find_zone(Call *c, Session *s, const Turn *turn, Series *series)
{
    bool room;

    series->zone_name = series_param(&series->parameters, "time-zone", NULL);
    if (!series->zone_name.len) {
        TRY(free_place(c, s, turn->principal, place_of(&series->first), &series->zone, &room));
        series->zone_name = zone_name(series->zone);
        return OK;
    }
    series->zone = zone_find(series->zone_name);
    return series->zone ? OK
                        : fail(c, FAIL_VALUE, STR("time-zone"), "There is no time zone %.*s",
                               STR_ARG(series->zone_name));
}

static Fail read_series(Call *c, Session *s, const Turn *turn, Series *out)
{
    static const char *const names[] = { "appointment-resource", "rrule", "exdate",
                                         "time-zone" };
    ReadOptions options = { .expected = TYPE_APPOINTMENT, .values_max = LIMIT_JSON_NODES };
    uint32_t    node, resource;
    Moment      start, end;

    TRY(series_params(c, turn->asked, names, COUNT(names), &out->parameters));
    series_param(&out->parameters, "appointment-resource", &node);
    resource = node ? node_child(&out->parameters, node, STR("resource")) : 0;
    if (!resource)
        return fail(c, FAIL_REQUIRED, STR("appointment-resource"),
                    "The first appointment is not said");
    TRY(resource_read(c, node_source(&out->parameters, resource), &options, &out->first));
    if (!moment_parse(node_child_text(&out->first, out->first.root, STR("start")),
                      MOMENT_INSTANT, &start)
        || !moment_parse(node_child_text(&out->first, out->first.root, STR("end")),
                         MOMENT_INSTANT, &end)
        || end.low <= start.low)
        return fail(c, FAIL_REQUIRED, STR("Appointment.start"),
                    "The first appointment needs a start and an end behind it");
    if (start.low < c->now_us)
        return fail(c, FAIL_UNPROCESSABLE, STR("Appointment.start"),
                    "The first appointment is in the past");
    out->time = (Moment){ start.low, end.low };
    TRY(find_zone(c, s, turn, out));
    out->rule = series_param(&out->parameters, "rrule", NULL);
    return recurrence_expand(c, out->rule, out->zone, start.low, STR("rrule"), &out->all);
}

/* EXDATE: an instant, or a day there. */
static bool is_left_out(const Series *series, int64_t at)
{
    const Resource *r = &series->parameters;

    for (uint32_t each = node_child(r, r->root, STR("parameter")); each;
         each = node_next_same(r, each)) {
        Str     value = node_child_text(r, each, STR("value"));
        Moment  moment;
        int32_t second;

        if (!str_equal(node_child_text(r, each, STR("name")), STR("exdate"))
            || !moment_parse(value, MOMENT_DATE_TIME, &moment))
            continue;
        if (value.len <= 10
                ? zone_day(series->zone, at, &second) == moment.low / (INT64_C(86400) * 1000000)
                : moment.low == at)
            return true;
    }
    return false;
}

/* Adds an item to a list of the root, or to `members` the list with it. */
static void put_item(Draft *draft, const char *name, Str item, Buf *members)
{
    const Resource *r = draft->resource;
    uint32_t        last = 0, each = node_child(r, r->root, str_from(name));

    for (; each; each = node_next_same(r, each))
        last = each;
    if (!last) {
        buf_printf(members, ",\"%s\":[%.*s]", name, STR_ARG(item));
        return;
    }
    draft_replace(draft, node_at(r, last)->json->to, node_at(r, last)->json->to,
                  arena_printf(draft->arena, ",%.*s", STR_ARG(item)));
}

static Str extension_of(Call *c, const Series *series, int64_t at)
{
    Buf  out = buf_new(c->arena, 256);
    char when[INSTANT_CHARS + 1];

    moment_format_instant(at, when);
    buf_put(&out, STR("{\"url\":\"urn:hale:series\",\"extension\":[{\"url\":\"rule\","
                      "\"valueString\":"));
    buf_put_json_string(&out, series->rule);
    buf_printf(&out,
               "},{\"url\":\"time-zone\",\"valueCode\":\"%.*s\"},"
               "{\"url\":\"recurrence-id\",\"valueInstant\":\"%s\"}]}",
               STR_ARG(series->zone_name), when);
    return buf_str(&out);
}

static Fail add_one(Call *c, Step *step, const Series *series, int64_t at)
{
    const Resource *r = &series->first;
    Draft           draft = draft_new(c->arena, r);
    uint32_t        end = node_at(r, r->root)->json->to - 1;
    Buf             members = buf_new(c->arena, 512);
    char            from[ZONED_CHARS + 1], to[ZONED_CHARS + 1], *id;
    Change         *change;

    zone_format(series->zone, at, from);
    zone_format(series->zone, at + series->time.high - series->time.low, to);
    draft_set_text(&draft, node_child(r, r->root, STR("start")),
                   arena_str(c->arena, str_from(from)));
    draft_set_text(&draft, node_child(r, r->root, STR("end")),
                   arena_str(c->arena, str_from(to)));
    put_item(&draft, "identifier",
             arena_printf(c->arena, "{\"system\":\"urn:hale:series\",\"value\":\"%.*s\"}",
                          STR_ARG(series->id)),
             &members);
    put_item(&draft, "extension", extension_of(c, series, at), &members);
    if (members.len)
        draft_replace(&draft, end, end, buf_str(&members));
    id = arena_alloc(c->arena, UUID_CHARS + 1, 1);
    random_uuid(c->now_us, id);
    change = change_add(c, step, METHOD_POST, &step->turn.permit, str_from(id));
    change->creates = true;
    TRY(change_compose_text(c, step, draft_remainder(&draft), false, change));
    return masked_check(c, step, NULL, change);
}

Fail series_refuse_patient(Call *c, const Turn *turn)
{
    return principal_books_itself(turn->principal)
               ? fail(c, FAIL_FORBIDDEN, (Str){ 0 }, "Series are made by the practice")
               : OK;
}

Fail series_prepare(Call *c, Session *s, Step *step)
{
    Series *series = NEW(c->arena, Series);
    char   *id = arena_alloc(c->arena, UUID_CHARS + 1, 1);

    arena_set_cap(c->arena, LIMIT_BUNDLE_CALL_BYTES);
    TRY(series_refuse_patient(c, &step->turn));
    TRY(read_series(c, s, &step->turn, series));
    random_uuid(c->now_us, id);
    series->id = str_from(id);
    for (size_t i = 0; i < series->all.count; i++)
        if (!is_left_out(series, series->all.at[i]))
            TRY(add_one(c, step, series, series->all.at[i]));
    if (step->change_count == 0)
        return fail(c, FAIL_UNPROCESSABLE, STR("exdate"),
                    "All days of the series are left out");
    step->answer.status = 201;
    step->finish = series_finish;
    return OK;
}
