/*
 * Appointment/id/$ics: one appointment for somebody's own calendar (RFC 5545). When, and whether it still
 * takes place: nothing of why, for whom or what for, as calendars are shown to others.
 */
#include "base/limits.h"
#include "interaction/turn.h"

/* "20261122T143000Z" */
static Str stamp(Call *c, int64_t us)
{
    char text[INSTANT_CHARS + 1];

    moment_format_instant(us, text);
    return arena_printf(c->arena, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", text, text + 5, text + 8,
                        text + 11, text + 14, text + 17);
}

static const char *status_of(Str status)
{
    if (str_equal(status, STR("cancelled")) || str_equal(status, STR("noshow"))
        || str_equal(status, STR("entered-in-error")))
        return "CANCELLED";
    return str_equal(status, STR("proposed")) || str_equal(status, STR("pending"))
                   || str_equal(status, STR("waitlist"))
               ? "TENTATIVE"
               : "CONFIRMED";
}

Fail ics_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    ReadOptions trusted = { .expected = TYPE_APPOINTMENT,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    Version     version;
    Resource    r;
    Moment      start, end;

    if (turn->asked->in_bundle)
        return fail(c, FAIL_NOT_SUPPORTED, (Str){ 0 },
                    "A calendar file cannot be asked for in a Bundle: it is no resource");
    TRY(params_take(c, turn->asked, NULL, 0, NULL));
    TRY(store_read(c, s, &turn->permit, TYPE_APPOINTMENT, turn->asked->id, &version));
    if (version.deleted)
        return fail(c, FAIL_GONE, (Str){ 0 }, "Appointment/%.*s was deleted",
                    STR_ARG(version.id));
    TRY(resource_read(c, version.body, &trusted, &r));
    if (!moment_parse(node_child_text(&r, r.root, STR("start")), MOMENT_INSTANT, &start)
        || !moment_parse(node_child_text(&r, r.root, STR("end")), MOMENT_INSTANT, &end))
        return fail(c, FAIL_UNPROCESSABLE, STR("Appointment.start"),
                    "An appointment without a time is in no calendar");
    TRY(answer_touch(c, s, answer, &version, 1));
    answer->status = 200;
    answer->rows = 1;
    answer->raw_type = STR("text/calendar; charset=utf-8");
    answer->body = arena_printf(
        c->arena,
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Hale//Hale//EN\r\nBEGIN:VEVENT\r\n"
        "UID:%.*s\r\nSEQUENCE:%llu\r\nDTSTAMP:%.*s\r\nDTSTART:%.*s\r\nDTEND:%.*s\r\n"
        "SUMMARY:Appointment\r\nSTATUS:%s\r\nCLASS:PRIVATE\r\nEND:VEVENT\r\n"
        "END:VCALENDAR\r\n",
        STR_ARG(version.id), (unsigned long long)version.version - 1,
        STR_ARG(stamp(c, version.at_us)), STR_ARG(stamp(c, start.low)),
        STR_ARG(stamp(c, end.low)), status_of(node_child_text(&r, r.root, STR("status"))));
    return OK;
}
