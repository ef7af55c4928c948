/* What visitors of the practice's page are written: when, and a link; nothing of what or with whom. */
#include "practice/guest.h"
#include "practice/guest_ask.h"
#include "store/outbox.h"

enum { CODE_MINUTES = 15 };

static const int64_t MINUTE_US = INT64_C(60) * 1000000;

/* ---- when ---- */

static const char *const weekdays[2][7] = {
    { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" },
    { "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche" },
};
static const char *const months[2][12] = {
    { "January", "February", "March", "April", "May", "June", "July", "August", "September",
      "October", "November", "December" },
    { "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
      "octobre", "novembre", "décembre" },
};

Str guest_day(Call *c, int64_t day, bool french)
{
    int year, month, of_month;

    moment_date(day, &year, &month, &of_month);
    if (french)
        return arena_printf(c->arena, "%s %d%s %s %d", weekdays[1][(day + 3) % 7], of_month,
                            of_month == 1 ? "er" : "", months[1][month - 1], year);
    return arena_printf(c->arena, "%s, %s %d, %d", weekdays[0][(day + 3) % 7],
                        months[0][month - 1], of_month, year);
}

Str guest_clock(Call *c, const Zone *zone, int64_t at_us, bool french)
{
    int32_t second;
    int     hour, minute;

    zone_day(zone, at_us, &second);
    hour = second / 3600;
    minute = second / 60 % 60;
    if (french)
        return arena_printf(c->arena, "%d h %02d", hour, minute);
    return arena_printf(c->arena, "%d:%02d %s", hour % 12 ? hour % 12 : 12, minute,
                        hour < 12 ? "a.m." : "p.m.");
}

Str guest_when(Call *c, const Zone *zone, int64_t at_us, bool french)
{
    int32_t second;
    int64_t day = zone_day(zone, at_us, &second);

    return arena_printf(c->arena, "%.*s, %.*s", STR_ARG(guest_day(c, day, french)),
                        STR_ARG(guest_clock(c, zone, at_us, french)));
}

/* ---- messages ---- */

static void address(OutboxMessage *m, const GuestDetails *d, bool by_phone)
{
    m->channel = by_phone ? OUTBOX_SMS : OUTBOX_MAIL;
    m->to = by_phone ? d->phone : d->mail;
    if (by_phone)
        m->subject = (Str){ 0 };
}

static Fail send(GuestAsked *a, const OutboxMessage *m)
{
    return outbox_put(a->call, session_store(a->session), 1, m, 1);
}

Fail guest_message_code(GuestAsked *a, const GuestDetails *d, Str code)
{
    Call         *c = a->call;
    OutboxMessage m = {
        .name = arena_printf(c->arena, "booking-code/%.*s", STR_ARG(guest_secret(c))),
        .kind = STR("booking code"),
        .subject = d->french ? STR("Votre code") : STR("Your code"),
        .until_us = c->now_us + CODE_MINUTES * MINUTE_US,
        .body = d->french
                    ? arena_printf(c->arena,
                                   "Votre code est %.*s. Il est valable 15 minutes.\n\n"
                                   "Si vous ne l’avez pas demandé, ignorez ce message.\n\n"
                                   "%.*s\n",
                                   STR_ARG(code), STR_ARG(a->page->name))
                    : arena_printf(c->arena,
                                   "Your code is %.*s. It is good for 15 minutes.\n\n"
                                   "If you did not ask for it, do nothing.\n\n%.*s\n",
                                   STR_ARG(code), STR_ARG(a->page->name)),
    };

    address(&m, d, d->by_phone);
    return send(a, &m);
}

static const struct {
    const char *word;
    const char *subject[2];
    const char *sentence[2];
} news_rows[GUEST_NEWS] = {
    [GUEST_BOOKED] = { "booked",
                       { "Your appointment", "Votre rendez-vous" },
                       { "Your appointment is on", "Votre rendez-vous est le" } },
    [GUEST_MOVED] = { "moved",
                      { "Your appointment has moved", "Votre rendez-vous est déplacé" },
                      { "Your appointment is now on", "Votre rendez-vous est maintenant le" } },
    [GUEST_CANCELLED] = { "cancelled",
                          { "Your appointment is cancelled", "Votre rendez-vous est annulé" },
                          { "This appointment will not take place:",
                            "Ce rendez-vous n’aura pas lieu :" } },
};

static Str body_of(GuestAsked *a, const GuestVisit *visit, const GuestDetails *d,
                   GuestNews news, Str link)
{
    Call *c = a->call;
    Buf   out = buf_new(c->arena, 512);

    if (news != GUEST_CANCELLED && str_equal(visit->status, STR("pending")))
        buf_printf(&out, "%s\n\n",
                   d->french ? "La clinique doit encore confirmer cette demande."
                             : "The practice still has to confirm this request.");
    buf_printf(&out, "%s %.*s.\n", news_rows[news].sentence[d->french],
               STR_ARG(guest_when(c, visit->zone, visit->time.low, d->french)));
    if (link.len)
        buf_printf(&out, "\n%s\n%.*s\n",
                   d->french ? "Pour le déplacer ou l’annuler :" : "To move or cancel it:",
                   STR_ARG(link));
    buf_printf(&out, "\n%.*s%s%.*s\n", STR_ARG(a->page->name), a->page->phone.len ? ", " : "",
               STR_ARG(a->page->phone));
    return buf_str(&out);
}

/* To what the visitor has proved to have. Named by visit and time: put in twice it is one. */
Fail guest_message_visit(GuestAsked *a, const GuestVisit *visit, const GuestDetails *d,
                         GuestNews news, Str link)
{
    OutboxMessage m = {
        .name = arena_printf(a->call->arena, "booking/%.*s/%s/%lld",
                             STR_ARG(visit->guest.appointment), news_rows[news].word,
                             (long long)(visit->time.low / MINUTE_US)),
        .kind = STR("booking"),
        .subject = str_from(news_rows[news].subject[d->french]),
        .body = body_of(a, visit, d, news, link),
        .patient = visit->guest.patient,
    };

    address(&m, d, d->by_phone);
    if (news != GUEST_CANCELLED) {
        m.visit = visit->guest.appointment;
        m.start_us = visit->time.low;
    }
    return send(a, &m);
}
