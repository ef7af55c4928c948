/*
 * Appointment/id/$series: moves or cancels this one, this and those that follow, or all that are still to
 * come, in one write. What was moved by itself stays where it is when others are moved.
 */
#include "base/limits.h"
#include "interaction/series.h"

typedef enum Scope { SCOPE_THIS, SCOPE_FOLLOWING, SCOPE_ALL, SCOPES } Scope;

static const char *const scopes[SCOPES] = { "this", "following", "all" };

/* One appointment of a series, as it is. */
typedef struct Member {
    const Version *version;
    Resource       resource;
    Moment         time;
    int64_t        planned_us; /* recurrence-id; of one that is in no series its start */
    uint32_t       planned;    /* its node, or 0 */
    Str            series, zone;
    bool           coming; /* may be moved or cancelled */
} Member;

typedef struct Changing {
    Step    *step;
    Permit   permit;
    Resource parameters;
    Scope    scope;
    Str      status, reason;
    bool     moves;
    bool     lasts; /* another length */
    Moment   to;    /* of the one that was named */
    Member   named;
} Changing;

static Fail read_member(Call *c, const Version *version, Member *out)
{
    ReadOptions     trusted = { .expected = TYPE_APPOINTMENT,
                                .values_max = LIMIT_JSON_NODES,
                                .trusted = true };
    const Resource *r = &out->resource;
    Moment          start = { 0 }, end = { 0 };
    uint32_t        extension, part, each;
    Str             status;

    *out = (Member){ .version = version };
    TRY(resource_read(c, version->whole, &trusted, &out->resource));
    status = node_child_text(r, r->root, STR("status"));
    moment_parse(node_child_text(r, r->root, STR("start")), MOMENT_INSTANT, &start);
    moment_parse(node_child_text(r, r->root, STR("end")), MOMENT_INSTANT, &end);
    out->time = (Moment){ start.low, end.low };
    out->planned_us = start.low;
    out->coming = start.low >= c->now_us
                  && (str_equal(status, STR("booked")) || str_equal(status, STR("pending"))
                      || str_equal(status, STR("proposed")));
    for (each = node_child(r, r->root, STR("identifier")); each; each = node_next_same(r, each))
        if (str_equal(node_child_text(r, each, STR("system")), SERIES))
            out->series = node_child_text(r, each, STR("value"));
    extension = node_extension(r, r->root, SERIES);
    if (!extension)
        return OK;
    out->zone = node_extension_text(r, extension, STR("time-zone"));
    part = node_extension(r, extension, STR("recurrence-id"));
    out->planned = part ? node_child(r, part, STR("value")) : 0;
    if (out->planned
        && moment_parse(node_text(node_at(r, out->planned)), MOMENT_INSTANT, &start))
        out->planned_us = start.low;
    return OK;
}

/* ---- what is asked ---- */

static Fail read_scope(Call *c, Changing *x)
{
    Str text = series_param(&x->parameters, "scope", NULL);

    for (x->scope = SCOPE_THIS; x->scope < SCOPES; x->scope++)
        if (str_equal(text, str_from(scopes[x->scope])))
            return OK;
    return fail(c, FAIL_REQUIRED, STR("scope"), "Which of the series: this, following or all");
}

static Fail read_move(Call *c, Changing *x)
{
    Str    from = series_param(&x->parameters, "start", NULL);
    Str    until = series_param(&x->parameters, "end", NULL);
    Moment start, end;

    x->moves = from.len > 0;
    if (!x->moves)
        return OK;
    if (!moment_parse(from, MOMENT_INSTANT, &start)
        || (until.len && !moment_parse(until, MOMENT_INSTANT, &end)))
        return fail(c, FAIL_VALUE, STR("start"), "Expected a moment with its zone");
    x->to.low = start.low;
    x->to.high = until.len ? end.low : start.low + x->named.time.high - x->named.time.low;
    x->lasts = x->to.high - x->to.low != x->named.time.high - x->named.time.low;
    if (x->to.low < c->now_us)
        return fail(c, FAIL_UNPROCESSABLE, STR("start"), "That time is in the past");
    if (x->to.high <= x->to.low)
        return fail(c, FAIL_UNPROCESSABLE, STR("end"),
                    "An appointment cannot end before it begins");
    return OK;
}

static Fail read_changing(Call *c, Changing *x)
{
    static const char *const names[] = { "scope", "status", "reason", "start", "end" };

    TRY(series_params(c, x->step->turn.asked, names, COUNT(names), &x->parameters));
    TRY(read_scope(c, x));
    TRY(read_move(c, x));
    x->status = series_param(&x->parameters, "status", NULL);
    x->reason = series_param(&x->parameters, "reason", NULL);
    if (x->status.len && !str_equal(x->status, STR("cancelled")))
        return fail(c, FAIL_VALUE, STR("status"),
                    "A series can be cancelled, or moved by start");
    if ((x->status.len > 0) == x->moves)
        return fail(c, FAIL_REQUIRED, STR("status"), "Either start or status is needed");
    return OK;
}

/* ---- changing one ---- */

static void cancel(Call *c, const Changing *x, Draft *draft)
{
    const Resource *r = draft->resource;
    uint32_t        end = node_at(r, r->root)->json->to - 1;
    Buf             text = buf_new(c->arena, 128);

    draft_set_text(draft, node_child(r, r->root, STR("status")), STR("cancelled"));
    if (node_child(r, r->root, STR("extension")))
        appointment_note(c, r, draft, STR("cancelled"));
    if (!x->reason.len || node_child(r, r->root, STR("cancelationReason")))
        return;
    buf_put(&text, STR(",\"cancelationReason\":{\"text\":"));
    buf_put_json_string(&text, x->reason);
    buf_put_char(&text, '}');
    draft_replace(draft, end, end, buf_str(&text));
}

/* By as many days as the one that was named, to the same time of day. One that was made longer by
 * itself stays so. */
static Fail move(Call *c, const Changing *x, const Member *m, Draft *draft)
{
    const Resource *r = draft->resource;
    const Zone     *zone = zone_find(x->named.zone);
    char            from[ZONED_CHARS + 1], to[ZONED_CHARS + 1], planned[INSTANT_CHARS + 1];
    int32_t         second, wanted;
    int64_t         length = x->lasts ? x->to.high - x->to.low : m->time.high - m->time.low;
    int64_t         days, at;

    zone = zone ? zone : zone_utc();
    days = zone_day(zone, x->to.low, &wanted) - zone_day(zone, x->named.planned_us, &second);
    if (x->scope == SCOPE_THIS)
        at = x->to.low;
    else
        at = zone_moment(zone, zone_day(zone, m->planned_us, &second) + days, wanted);
    if (at < c->now_us)
        return fail(c, FAIL_UNPROCESSABLE, STR("start"),
                    "One of the series would begin in the past");
    zone_format(zone, at, from);
    zone_format(zone, at + length, to);
    draft_set_text(draft, node_child(r, r->root, STR("start")),
                   arena_str(c->arena, str_from(from)));
    draft_set_text(draft, node_child(r, r->root, STR("end")),
                   arena_str(c->arena, str_from(to)));
    if (x->scope == SCOPE_THIS || !m->planned)
        return OK;
    moment_format_instant(at, planned);
    draft_set_text(draft, m->planned, arena_str(c->arena, str_from(planned)));
    return OK;
}

static bool is_meant(const Changing *x, const Member *m)
{
    bool named = str_equal(m->version->id, x->named.version->id);

    if (named || x->scope == SCOPE_THIS)
        return named;
    return m->coming && (x->scope == SCOPE_ALL || m->planned_us >= x->named.planned_us)
           && (!x->moves || m->time.low == m->planned_us);
}

static Fail change_one(Call *c, const Changing *x, const Member *m)
{
    Draft  *draft = NEW(c->arena, Draft);
    Change *change;

    if (!m->coming)
        return fail(c, FAIL_UNPROCESSABLE, STR("Appointment.status"),
                    "Only an appointment that is still to come can be moved or cancelled");
    *draft = draft_new(c->arena, &m->resource);
    if (x->moves)
        TRY(move(c, x, m, draft));
    else
        cancel(c, x, draft);
    change = change_add(c, x->step, METHOD_PUT, &x->permit, m->version->id);
    change->if_seq = m->version->seq;
    TRY(change_compose_text(c, x->step, draft_remainder(draft), false, change));
    return masked_check(c, x->step, m->version, change);
}

static Fail change_all(Call *c, Session *s, Changing *x)
{
    QueryOptions options = { 0 };
    Query       *query = NEW(c->arena, Query);
    SearchPage   page = { 0 };
    Permit       permit;

    if (!x->named.series.len)
        return fail(c, FAIL_UNPROCESSABLE, STR("scope"),
                    "This appointment is in no series: say this");
    TRY(access_permit(c, x->step->turn.principal, DEED_SEARCH, TYPE_APPOINTMENT, &permit));
    TRY(query_parse(c, TYPE_APPOINTMENT,
                    arena_printf(c->arena, "identifier=urn:hale:series|%.*s&_count=1000",
                                 STR_ARG(x->named.series)),
                    &options, query));
    do {
        query->cursor = page.next;
        TRY(store_search(c, s, &permit, query, &page));
        for (size_t i = 0; i < page.count; i++) {
            Member *m = NEW(c->arena, Member);

            TRY(read_member(c, &page.versions[i], m));
            if (is_meant(x, m))
                TRY(change_one(c, x, m));
        }
    } while (page.next.len);
    return OK;
}

Fail series_change_prepare(Call *c, Session *s, Step *step)
{
    const Asked *asked = step->turn.asked;
    Changing    *x = NEW(c->arena, Changing);
    Version     *version = NEW(c->arena, Version);
    Permit       read;

    arena_set_cap(c->arena, LIMIT_BUNDLE_CALL_BYTES);
    TRY(series_refuse_patient(c, &step->turn));
    x->step = step;
    TRY(access_permit(c, step->turn.principal, DEED_READ, TYPE_APPOINTMENT, &read));
    x->permit = access_both(c, &step->turn.permit, &read);
    TRY(change_current(c, s, &x->permit, TYPE_APPOINTMENT, asked->id, false, version));
    if (version->deleted)
        return fail(c, FAIL_GONE, (Str){ 0 }, "Appointment/%.*s was deleted",
                    STR_ARG(asked->id));
    TRY(change_preconditions(c, asked, version));
    TRY(read_member(c, version, &x->named));
    TRY(read_changing(c, x));
    step->answer.status = 200;
    step->finish = series_finish;
    return x->scope == SCOPE_THIS ? change_one(c, x, &x->named) : change_all(c, s, x);
}
