/*
 * The life of an Appointment: which status may follow which, and when each began. What is stored was possible
 * when it was stored: histories that are brought in by a create are taken as they are.
 * R4 appointment.html#statemachine
 */
#include "base/limits.h"
#include "interaction/change.h"

/* The order of the columns below. */
static const char *const statuses[] = {
    "proposed",   "pending",   "waitlist", "booked",    "arrived",
    "checked-in", "fulfilled", "noshow",   "cancelled", "entered-in-error",
};

enum { STATUSES = COUNT(statuses), NOSHOW = 7 };

/* From the row to the column. What was done by mistake can be taken back by a step; what is over is not
 * waited for; what was entered in error stays so. */
static const char may_follow[STATUSES][STATUSES + 1] = {
    /* proposed   */ ".xxx....xx",
    /* pending    */ "x.xx....xx",
    /* waitlist   */ "xx.x....xx",
    /* booked     */ "xxx.xxxxxx",
    /* arrived    */ "...x.xxxxx",
    /* checked-in */ "...xx.x.xx",
    /* fulfilled  */ "....xx...x",
    /* noshow     */ "...xx...xx",
    /* cancelled  */ "xxxx.....x",
    /* in error   */ "..........",
};

/* In the words of a front desk. */
static const char *const words[STATUSES] = {
    "proposed",
    "not confirmed yet",
    "on the waiting list",
    "booked",
    "arrived",
    "in the room",
    "done",
    "missed",
    "cancelled",
    "entered in error",
};

static int number_of(Str status)
{
    for (int i = 0; i < (int)STATUSES; i++)
        if (str_equal(status, str_from(statuses[i])))
            return i;
    return -1;
}

/* R4, invariant app-3: what keeps somebody busy says from when to when. */
static Fail check_span(Call *c, const Resource *r, Moment *start)
{
    Str    status = node_child_text(r, r->root, STR("status"));
    Moment end;

    *start = (Moment){ 0 };
    if (!moment_parse(node_child_text(r, r->root, STR("start")), MOMENT_INSTANT, start)
        || !moment_parse(node_child_text(r, r->root, STR("end")), MOMENT_INSTANT, &end))
        return index_status_busy(status) ? fail(c, FAIL_UNPROCESSABLE, STR("Appointment.end"),
                                                "What is booked has a start and an end")
                                         : OK;
    if (end.low < start->low)
        return fail(c, FAIL_UNPROCESSABLE, STR("Appointment.end"),
                    "An appointment cannot end before it begins");
    return OK;
}

static Fail check_change(Call *c, int from, int to, Moment start)
{
    if (may_follow[from][to] != 'x')
        return fail(c, FAIL_UNPROCESSABLE, STR("Appointment.status"),
                    "An appointment that is %s (%s) cannot become %s (%s)", words[from],
                    statuses[from], words[to], statuses[to]);
    if (to == NOSHOW && start.high && c->now_us < start.low)
        return fail(c, FAIL_UNPROCESSABLE, STR("Appointment.status"),
                    "Nobody has missed an appointment that has not begun yet");
    return OK;
}

/* Behind the extensions that are there. */
void appointment_note(Call *c, const Resource *r, Draft *draft, Str status)
{
    uint32_t last = 0, each = node_child(r, r->root, STR("extension"));
    uint32_t end = node_at(r, r->root)->json->to - 1;
    char     now[INSTANT_CHARS + 1];
    Str      text;

    moment_format_instant(c->now_us, now);
    text = arena_printf(c->arena,
                        "{\"url\":\"urn:hale:status-at\",\"extension\":[{\"url\":\"status\","
                        "\"valueCode\":\"%.*s\"},{\"url\":\"at\",\"valueInstant\":\"%s\"}]}",
                        STR_ARG(status), now);
    for (; each; each = node_next_same(r, each))
        last = each;
    if (last)
        draft_replace(draft, node_at(r, last)->json->to, node_at(r, last)->json->to,
                      arena_printf(c->arena, ",%.*s", STR_ARG(text)));
    else
        draft_replace(draft, end, end,
                      arena_printf(c->arena, ",\"extension\":[%.*s]", STR_ARG(text)));
}

Fail appointment_check(Call *c, const Resource *r, const Version *old, Draft *draft)
{
    ReadOptions trusted = { .expected = TYPE_APPOINTMENT,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    Str         status = node_child_text(r, r->root, STR("status"));
    Resource    before;
    Moment      start;
    int         from, to;

    TRY(check_span(c, r, &start));
    if (!old || old->deleted)
        return OK;
    TRY(resource_read(c, old->whole, &trusted, &before));
    from = number_of(node_child_text(&before, before.root, STR("status")));
    to = number_of(status);
    if (from < 0 || to < 0 || from == to)
        return OK;
    TRY(check_change(c, from, to, start));
    appointment_note(c, r, draft, status);
    return OK;
}
