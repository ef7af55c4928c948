/*
 * Patient/[id]/$access-log: who opened my chart, when, in what role, through which app and why; for the
 * patient, who acts in that name, and the privacy officer. As AuditEvents, or in plain words as
 * Parameters (plain=true). The newest first, in pages. Security 3.5.
 */
#include "base/limits.h"
#include "interaction/audit_look.h"
#include "interaction/listing.h"

typedef struct Telling {
    AuditLooking looking; /* first: what the callbacks are given */
    Moment       dates;
    uint32_t     count, most;
    bool         plain, more;
    uint64_t     next_place;
    uint32_t     next_part;
    Buf          said;
    Buf          text; /* on the kept arena: entries without the first comma */
} Telling;

/* ---- what is asked ---- */

static Fail take_count(Call *c, Str name, Str value, void *into)
{
    Telling *t = into;

    TRY(param_count(c, name, value, &t->most));
    return t->most ? OK : fail(c, FAIL_VALUE, name, "A page has at least one entry");
}

static Fail take_start(Call *c, Str name, Str value, void *into)
{
    Moment moment;

    TRY(param_moment(c, name, value, &moment));
    ((Telling *)into)->dates.low = moment.low;
    return OK;
}

static Fail take_end(Call *c, Str name, Str value, void *into)
{
    Moment moment;

    TRY(param_moment(c, name, value, &moment));
    ((Telling *)into)->dates.high = moment.high;
    return OK;
}

static Fail take_plain(Call *c, Str name, Str value, void *into)
{
    Telling *t = into;

    t->plain = str_equal(value, STR("true"));
    if (!t->plain && !str_equal(value, STR("false")))
        return fail(c, FAIL_VALUE, name, "Expected true or false");
    return OK;
}

static Fail take_page(Call *c, Str name, Str value, void *into)
{
    Telling *t = into;
    Str      place, part;
    uint64_t number;

    if (!str_cut(value, '.', &place, &part) || !str_to_u64(place, &t->looking.place)
        || !str_to_u64(part, &number) || number > UINT32_MAX || t->looking.place == 0
        || t->looking.place > INT64_MAX)
        return fail(c, FAIL_VALUE, name, "This is not a page of ours");
    t->looking.part = (uint32_t)number;
    return OK;
}

static const ParamRow param_rows[] = {
    { STR_INIT("_count"), take_count },     { STR_INIT("start"), take_start },
    { STR_INIT("end"), take_end },          { STR_INIT("plain"), take_plain },
    { STR_INIT("_page"), take_page, true },
};

/* ---- in plain words ---- */

static void put_part(Buf *out, const char *name, const char *value_name, Str value)
{
    if (value.len == 0)
        return;
    buf_printf(out, ",{\"name\":\"%s\",\"%s\":", name, value_name);
    buf_put_json_string(out, value);
    buf_put_char(out, '}');
}

static void put_words(Buf *out, const AuditEvent *e)
{
    static const char *const outcomes[] = {
        [AUDIT_DONE] = "done", [AUDIT_DENIED] = "denied", [AUDIT_FAILED] = "failed"
    };
    const AuditRecord *r = e->record;
    Str                at = audit_event_time(out->arena, r);

    buf_printf(out,
               "{\"name\":\"access\",\"part\":[{\"name\":\"when\",\"valueInstant\":\"%.*s\"}",
               STR_ARG(at));
    put_part(out, "who", "valueString", e->actor->name.len ? e->actor->name : STR("not known"));
    put_part(out, "role", "valueCode", e->actor->role);
    put_part(out, "app", "valueString", e->actor->client);
    put_part(out, "deed", "valueCode", audit_event_deed(r));
    put_part(out, "kind", "valueCode", r->type ? type_name(r->type) : (Str){ 0 });
    if (r->type && r->id.len) {
        Str name =
            arena_printf(out->arena, "%.*s/%.*s", STR_ARG(type_name(r->type)), STR_ARG(r->id));

        buf_put(out, STR(",{\"name\":\"resource\",\"valueReference\":{\"reference\":"));
        buf_put_json_string(out, name);
        buf_put(out, STR("}}"));
    }
    put_part(out, "outcome", "valueCode",
             str_from(r->outcome < COUNT(outcomes) ? outcomes[r->outcome] : "failed"));
    put_part(out, "purpose", "valueCode", audit_event_purpose(e));
    put_part(out, "event", "valueId", audit_event_id(out->arena, e->place, e->part));
    buf_put(out, STR("]}"));
}

static Fail take(AuditLooking *looking, const AuditEvent *event, bool *go_on)
{
    Telling *t = (Telling *)looking;
    Call    *c = looking->look->call;

    if (t->count == t->most) {
        t->more = true;
        *go_on = false;
        return OK;
    }
    if (t->plain) {
        Buf words = buf_new(c->arena, 1024);

        put_words(&words, event);
        buf_put(&t->text, t->count ? STR(",") : STR(""));
        buf_put(&t->text, buf_str(&words));
    } else {
        Listing l = { .text = t->text, .base = looking->look->base, .entries = t->count };

        listing_entry(&l, TYPE_AUDIT_EVENT, audit_event_id(c->arena, event->place, event->part),
                      audit_event_text(c->arena, event));
        listing_search_mode(&l, STR("match"));
        listing_end_entry(&l);
        t->text = l.text;
    }
    t->count++;
    t->next_place = event->place;
    t->next_part = event->part;
    return OK;
}

static Fail wants(AuditLooking *looking, const AuditRecord *record, bool *wanted)
{
    const Telling *t = (const Telling *)looking;

    *wanted = record->at_us >= t->dates.low && record->at_us < t->dates.high
              && audit_concerns(record, looking->look->only);
    return OK;
}

/* ---- the answer ---- */

static Str page_text(Call *c, const Telling *t)
{
    return arena_printf(c->arena, "%llu.%u", (unsigned long long)t->next_place, t->next_part);
}

static Str plain_answer(Call *c, const Telling *t)
{
    Buf out = buf_new(c->arena, t->text.len + 256);

    buf_put(&out, STR("{\"resourceType\":\"Parameters\""));
    if (t->count || t->more)
        buf_put(&out, STR(",\"parameter\":["));
    buf_put(&out, buf_str(&t->text));
    if (t->more) {
        buf_put(&out, STR(",{\"name\":\"next\",\"valueString\":"));
        buf_put_json_string(&out, page_text(c, t));
        buf_put_char(&out, '}');
    }
    buf_put(&out, t->count ? STR("]}") : STR("}"));
    return buf_str(&out);
}

static Str bundle_answer_of(Call *c, const Asked *asked, const Telling *t, Str page)
{
    Listing l =
        listing_begin(c->arena, asked->base, STR("searchset"), UINT64_MAX, t->text.len + 1024);
    Str path = arena_printf(c->arena, "Patient/%.*s/$access-log", STR_ARG(asked->id));

    listing_link(&l, STR("self"), params_address(c, path, &t->said, page));
    if (t->more)
        listing_link(&l, STR("next"), params_address(c, path, &t->said, page_text(c, t)));
    buf_put(&l.text, t->count ? STR("]") : STR("")); /* the links end with the first entry */
    buf_put(&l.text, buf_str(&t->text));
    l.entries = t->count;
    return listing_end(&l);
}

/* Whoever may see the log of somebody else's record sees all of it; the own one, as it is shown. */
static Fail permit_log(Call *c, Turn *turn)
{
    TRY(access_permit(c, turn->principal, DEED_SEARCH, TYPE_AUDIT_EVENT, &turn->permit));
    if (turn->permit.reach != REACH_PRACTICE
        && !str_equal(turn->asked->id, str_from(turn->permit.patient)))
        return not_found(c, TYPE_PATIENT, turn->asked->id);
    return OK;
}

Fail access_log_answer(Call *c, Session *s, const Turn *given, Answer *answer)
{
    Turn      turn = *given;
    AuditLook look;
    Telling   t = { .looking = { .wants = wants, .take = take },
                    .dates = { MOMENT_MIN, MOMENT_MAX },
                    .most = LIMIT_COUNT_DEFAULT,
                    .said = buf_new(c->arena, 128) };
    Str       page = { 0 };

    answer->patient = turn.asked->id;
    TRY(permit_log(c, &turn));
    TRY(params_take_said(c, turn.asked, param_rows, COUNT(param_rows), &t, &t.said));
    if (t.looking.place)
        page = arena_printf(c->arena, "%llu.%u", (unsigned long long)t.looking.place,
                            t.looking.part);
    TRY(audit_look_begin(c, s, &turn, &look));
    look.only = turn.asked->id;
    t.looking.look = &look;
    t.text = buf_new(look.kept, 4096);
    TRY(audit_look_through(&t.looking));
    answer->status = 200;
    answer->rows = t.count;
    answer->body = t.plain ? plain_answer(c, &t) : bundle_answer_of(c, turn.asked, &t, page);
    return OK;
}
