/*
 * Booking without an account: a service and a person, a time, who one is, a code. Plain pages, each of them
 * sound when it is sent twice. What they carry is a secret in a form's field; addresses hold no word about
 * health. The rules are the server's (practice/guest.h), not the page's.
 */
#include "server/book.h"

#include "access/throttle.h"
#include "codec/url.h"

enum { DAYS_SHOWN = 7, POSTS_A_MINUTE = 40, NEXT_DAYS_MAX = 370 };

static const int64_t DAY_US = INT64_C(24) * 3600 * 1000000;

/* ---- what goes wrong ---- */

static const char *refusal_words(const BookVisit *v)
{
    const Browser *b = v->b;

    switch (v->asked.refusal) {
    case ONLINE_ONLY_NEW:
        return say(
            b, "This can be booked online for a first visit only. Please call us.",
            "Ceci se réserve en ligne pour une première visite seulement. Appelez-nous.");
    case ONLINE_ONLY_RETURNING:
        return say(b, "This can be booked online by people who have been here. Please call us.",
                   "Ceci se réserve en ligne par les personnes déjà venues. Appelez-nous.");
    case ONLINE_TOO_MANY:
        return say(b,
                   "You have as many appointments as can be booked at a time. Please call us.",
                   "Vous avez déjà le nombre de rendez-vous permis. Appelez-nous.");
    case ONLINE_BLOCKED:
    case ONLINE_FINE: break;
    }
    return say(b, "This cannot be booked online. Please call us.",
               "Ceci ne peut être réservé en ligne. Appelez-nous.");
}

static const char *result_words(const BookVisit *v, GuestResult result)
{
    const Browser *b = v->b;

    switch (result) {
    case GUEST_TAKEN:
        return say(b, "Somebody else has just taken that time. Please choose another.",
                   "Quelqu’un vient de prendre cette plage. Choisissez-en une autre.");
    case GUEST_TOO_OFTEN:
        return say(b, "Too many tries. Wait a little, then ask for a new code.",
                   "Trop d’essais. Attendez un peu, puis demandez un nouveau code.");
    case GUEST_REFUSED: return refusal_words(v);
    case GUEST_LATE:
        return say(b, "It is too late to change this online. Please call us.",
                   "Il est trop tard pour changer ceci en ligne. Appelez-nous.");
    default:
        return say(b, "This booking is no longer there. Please begin again.",
                   "Cette réservation n’existe plus. Recommencez.");
    }
}

static void put_phone(BookVisit *v)
{
    if (!v->page.phone.len)
        return;
    page_printf(v->b, "<p>%s ", say(v->b, "Telephone:", "Téléphone :"));
    page_text(v->b, v->page.phone);
    page_put(v->b, "</p>\n");
}

static int result_status(GuestResult result)
{
    switch (result) {
    case GUEST_TAKEN: return 409;
    case GUEST_TOO_OFTEN: return 429;
    case GUEST_GONE: return 410;
    default: return 422;
    }
}

Fail book_send_result(BookVisit *v, GuestResult result)
{
    Browser *b = v->b;

    page_begin(b, say(b, "That did not work", "Cela n’a pas fonctionné"));
    page_alert(b, result_words(v, result));
    put_phone(v);
    page_put(b, "<p><a href=\"");
    page_text(b, v->action);
    page_printf(b, "\">%s</a></p>\n", say(b, "See free times", "Voir les plages libres"));
    return page_send(b, result_status(result));
}

void book_put_when(BookVisit *v, const GuestVisit *visit)
{
    Browser *b = v->b;

    page_put(b, "<p class=\"when\"><strong>");
    page_text(b, guest_when(b->call, visit->zone, visit->time.low, b->language == 1));
    page_put(b, "</strong></p>\n");
}

/* ---- choosing ---- */

static void put_choices(Browser *b, const char *name, const char *legend,
                        const GuestChoice *choices, size_t count, const char *any)
{
    page_printf(b, "<fieldset><legend>%s</legend>\n", legend);
    if (any)
        page_printf(
            b,
            "<label class=\"choice\"><input type=\"radio\" name=\"%s\" value=\"\" checked> "
            "<span>%s</span></label>\n",
            name, any);
    for (size_t i = 0; i < count; i++) {
        page_printf(
            b,
            "<label class=\"choice\"><input type=\"radio\" name=\"%s\" value=\"%.*s\"%s>"
            " <span>",
            name, STR_ARG(choices[i].key), any ? "" : " required");
        page_text(b, choices[i].name);
        if (choices[i].more.len) {
            page_put(b, " · ");
            page_text(b, choices[i].more);
        }
        page_put(b, "</span></label>\n");
    }
    page_put(b, "</fieldset>\n");
}

/* Without a code nobody can book. */
static bool can_send(const Browser *b)
{
    return b->visit->context->mails || b->visit->context->texts;
}

static Fail choose_page(BookVisit *v, const GuestOffer *offer)
{
    Browser *b = v->b;

    page_begin(b, say(b, "Book an appointment", "Prendre rendez-vous"));
    if (offer->service_count == 0 || !can_send(b)) {
        page_printf(b, "<p>%s</p>\n",
                    say(b, "Nothing can be booked online at the moment. Please call us.",
                        "Rien ne peut être réservé en ligne en ce moment. Appelez-nous."));
        put_phone(v);
        return page_send(b, 200);
    }
    page_printf(b, "<form method=\"get\" action=\"/book/%.*s\">\n", STR_ARG(v->page.word));
    if (browser_param(b, "lang").len)
        page_hidden(b, "lang", b->language == 1 ? STR("fr") : STR("en"));
    put_choices(b, "s", say(b, "What for?", "Pour quoi ?"), offer->services,
                offer->service_count, NULL);
    put_choices(b, "p", say(b, "With whom?", "Avec qui ?"), offer->people, offer->person_count,
                say(b, "Anybody", "Peu importe"));
    page_form_end(b, say(b, "See free times", "Voir les plages libres"));
    return page_send(b, 200);
}

/* ---- times ---- */

/* The day that was asked for, or today; in the past today. */
static int64_t first_day(const BookVisit *v, int64_t today)
{
    Str    text = browser_param(v->b, "d");
    Moment moment;

    if (text.len == 10 && moment_parse(text, MOMENT_DATE, &moment)
        && moment.low / DAY_US >= today && moment.low / DAY_US < today + NEXT_DAYS_MAX)
        return moment.low / DAY_US;
    return today;
}

static void put_week_link(BookVisit *v, const BookTimes *t, int64_t day, const char *words)
{
    int year, month, of_month;

    moment_date(day, &year, &month, &of_month);
    page_put(v->b, "<a href=\"");
    page_text(v->b, t->address);
    page_printf(v->b, "d=%04d-%02d-%02d\">%s</a>\n", year, month, of_month, words);
}

static void put_day(BookVisit *v, const FreeTimes *times, size_t from, size_t to, int64_t day)
{
    Browser *b = v->b;

    page_put(b, "<h2>");
    page_text(b, guest_day(b->call, day, b->language == 1));
    page_put(b, "</h2>\n<ul class=\"times\">\n");
    for (size_t i = from; i < to; i++) {
        page_printf(b, "<li><button name=\"time\" value=\"%.*s\">",
                    STR_ARG(free_proposal(b->call, &times->at[i])));
        page_text(b, guest_clock(b->call, times->at[i].role->zone, times->at[i].time.low,
                                 b->language == 1));
        page_put(b, "</button></li>\n");
    }
    page_put(b, "</ul>\n");
}

/* Days are those of the place's clocks. */
static void put_days(BookVisit *v, const FreeTimes *times)
{
    size_t  from = 0;
    int32_t second;

    while (from < times->count) {
        int64_t day = zone_day(times->at[from].role->zone, times->at[from].time.low, &second);
        size_t  to = from + 1;

        while (to < times->count
               && zone_day(times->at[to].role->zone, times->at[to].time.low, &second) == day)
            to++;
        put_day(v, times, from, to, day);
        from = to;
    }
}

Fail book_put_times(BookVisit *v, const BookTimes *t)
{
    Browser  *b = v->b;
    int64_t   today = b->call->now_us / DAY_US, day = first_day(v, today);
    FreeTimes times;

    TRY(guest_times(b->call, b->visit->session, &v->page, t->service, t->practitioner,
                    (Moment){ day * DAY_US, (day + DAYS_SHOWN) * DAY_US }, &times));
    if (times.count == 0)
        page_printf(b, "<p>%s</p>\n",
                    say(b, "Nothing is free in these seven days.",
                        "Rien n’est libre durant ces sept jours."));
    page_put(b, "<form method=\"post\" action=\"");
    page_text(b, t->action);
    page_put(b, "\">\n");
    t->hidden(v);
    put_days(v, &times);
    page_put(b, "</form>\n<p class=\"pages\">");
    if (day > today)
        put_week_link(v, t, day - DAYS_SHOWN > today ? day - DAYS_SHOWN : today,
                      say(b, "Earlier", "Plus tôt"));
    put_week_link(v, t, day + DAYS_SHOWN, say(b, "Later", "Plus tard"));
    page_put(b, "</p>\n");
    return OK;
}

static void put_hold_fields(BookVisit *v)
{
    page_hidden(v->b, "do", STR("hold"));
    page_hidden(v->b, "booking", guest_secret(v->b->call));
}

static Fail times_page(BookVisit *v, const GuestChoice *service, const GuestChoice *person)
{
    Browser  *b = v->b;
    Buf       address = buf_new(b->call->arena, 128);
    BookTimes times = { .service = service->id,
                        .practitioner = person ? person->id : (Str){ 0 },
                        .action = v->action,
                        .hidden = put_hold_fields };

    buf_printf(&address, "%.*s&s=%.*s&p=%.*s&", STR_ARG(v->action), STR_ARG(service->key),
               STR_ARG(person ? person->key : STR("")));
    times.address = buf_str(&address);
    page_begin(b, say(b, "Choose a time", "Choisir une plage"));
    page_put(b, "<p>");
    page_text(b, service->name);
    if (person) {
        page_put(b, ", ");
        page_text(b, person->name);
    }
    page_put(b, " (<a href=\"");
    page_text(b, v->action);
    page_printf(b, "\">%s</a>)</p>\n", say(b, "change", "changer"));
    TRY(book_put_times(v, &times));
    return page_send(b, 200);
}

static Fail begin_page(BookVisit *v)
{
    Browser           *b = v->b;
    GuestOffer         offer;
    const GuestChoice *service, *person;

    TRY(guest_offer(b->call, b->visit->session, &v->page, &offer));
    service = guest_choice(offer.services, offer.service_count, browser_param(b, "s"));
    person = guest_choice(offer.people, offer.person_count, browser_param(b, "p"));
    if (person && service && str_find(person->services, service->key) < 0)
        person = NULL;
    return service ? times_page(v, service, person) : choose_page(v, &offer);
}

/* ---- who one is ---- */

static const char *fault_of(const Browser *b, const char *const fault[2])
{
    return fault[b->language];
}

static void put_by(Browser *b, bool by_phone)
{
    page_printf(b,
                "<fieldset><legend>%s</legend>\n"
                "<label class=\"choice\"><input type=\"radio\" name=\"by\" value=\"mail\"%s> "
                "<span>%s</span></label>\n"
                "<label class=\"choice\"><input type=\"radio\" name=\"by\" value=\"phone\"%s> "
                "<span>%s</span></label>\n</fieldset>\n",
                say(b, "Where do we send your code?", "Où envoyer votre code ?"),
                by_phone ? "" : " checked", say(b, "By e-mail", "Par courriel"),
                by_phone ? " checked" : "", say(b, "By text message", "Par message texte"));
}

static void put_fields(Browser *b, const GuestDetails *d, const GuestFaults *f)
{
    page_field(b, &(Field){ .name = "given",
                            .label = say(b, "First name", "Prénom"),
                            .type = "text",
                            .autocomplete = "given-name",
                            .value = d->given,
                            .fault = fault_of(b, f->given) });
    page_field(b, &(Field){ .name = "family",
                            .label = say(b, "Last name", "Nom de famille"),
                            .type = "text",
                            .autocomplete = "family-name",
                            .value = d->family,
                            .fault = fault_of(b, f->family) });
    page_field(b, &(Field){ .name = "birth",
                            .label = say(b, "Date of birth", "Date de naissance"),
                            .hint = say(b, "For example 1980-12-31", "Par exemple 1980-12-31"),
                            .type = "text",
                            .autocomplete = "bday",
                            .value = d->birth,
                            .fault = fault_of(b, f->birth) });
    page_field(b, &(Field){ .name = "mail",
                            .label = say(b, "E-mail", "Courriel"),
                            .type = "email",
                            .autocomplete = "email",
                            .value = d->mail,
                            .optional = true,
                            .fault = fault_of(b, f->mail) });
    page_field(b, &(Field){ .name = "phone",
                            .label = say(b, "Telephone", "Téléphone"),
                            .type = "tel",
                            .autocomplete = "tel",
                            .value = d->phone,
                            .optional = true,
                            .fault = fault_of(b, f->phone) });
    if (b->visit->context->mails && b->visit->context->texts)
        put_by(b, d->by_phone);
}

static Fail details_page(BookVisit *v, const GuestVisit *visit, const GuestDetails *d,
                         const GuestFaults *faults, int status)
{
    Browser *b = v->b;

    page_begin(b, say(b, "Your details", "Vos coordonnées"));
    book_put_when(v, visit);
    page_printf(b, "<p>%s</p>\n",
                say(b, "We hold this time for twenty minutes.",
                    "Nous vous gardons cette plage vingt minutes."));
    if (status != 200)
        page_alert(b, say(b, "Something is missing or not right below.",
                          "Il manque quelque chose ci-dessous, ou c’est inexact."));
    page_form(b, arena_c_string(b->call->arena, v->action));
    page_hidden(b, "do", STR("details"));
    page_hidden(b, "booking", browser_param(b, "booking"));
    put_fields(b, d, faults);
    page_form_end(b, say(b, "Send me a code", "M’envoyer un code"));
    return page_send(b, status);
}

static Fail code_page(BookVisit *v, const GuestVisit *visit, const char *alert, int status)
{
    Browser     *b = v->b;
    GuestDetails d = guest_details_read(b->call, visit->guest.details);

    page_begin(b, say(b, "Your code", "Votre code"));
    book_put_when(v, visit);
    if (alert)
        page_alert(b, alert);
    page_printf(b, "<p>%s <strong>",
                say(b, "We have sent six digits to", "Nous avons envoyé six chiffres à"));
    page_text(b, d.by_phone ? d.phone : d.mail);
    page_put(b, "</strong></p>\n");
    page_form(b, arena_c_string(b->call->arena, v->action));
    page_hidden(b, "do", STR("code"));
    page_hidden(b, "booking", browser_param(b, "booking"));
    page_field(b, &(Field){ .name = "code",
                            .label = say(b, "Code", "Code"),
                            .type = "text",
                            .autocomplete = "one-time-code",
                            .focus = true });
    page_form_end(b, say(b, "Book", "Réserver"));
    page_form(b, arena_c_string(b->call->arena, v->action));
    page_hidden(b, "do", STR("again"));
    page_hidden(b, "booking", browser_param(b, "booking"));
    page_form_end(b, say(b, "Send another code", "Envoyer un autre code"));
    return page_send(b, status);
}

static Fail done_page(BookVisit *v, const GuestVisit *visit, Str link)
{
    Browser *b = v->b;

    page_begin(b, str_equal(visit->status, STR("pending"))
                      ? say(b, "Your request has been sent", "Votre demande est envoyée")
                      : say(b, "Your appointment is booked", "Votre rendez-vous est réservé"));
    book_put_when(v, visit);
    page_printf(b, "<p class=\"done\" role=\"status\">%s</p>\n",
                str_equal(visit->status, STR("pending"))
                    ? say(b, "The practice still has to say yes. You will have a message.",
                          "La clinique doit encore confirmer. Vous recevrez un message.")
                    : say(b, "We have sent you a message with a link to move or cancel it.",
                          "Nous vous avons envoyé un lien pour le déplacer ou l’annuler."));
    page_put(b, "<p><a href=\"");
    page_text(b, link);
    page_printf(b, "\">%s</a></p>\n", say(b, "Move or cancel it", "Le déplacer ou l’annuler"));
    return page_send(b, 200);
}

/* ---- forms ---- */

/* What the form of something that is booked leads to, whichever it was. */
static Fail booked_page(BookVisit *v, const GuestVisit *visit)
{
    if (!guest_takes_place(visit))
        return book_send_result(v, GUEST_GONE);
    return done_page(v, visit, guest_link(&v->asked, browser_param(v->b, "booking")));
}

static Fail send_wait(BookVisit *v)
{
    visit_header(v->b->visit, STR("Retry-After"),
                 arena_printf(v->b->call->arena, "%u", v->asked.wait_s));
    return book_send_result(v, GUEST_TOO_OFTEN);
}

static Fail post_hold(BookVisit *v)
{
    Str          secret = browser_param(v->b, "booking");
    GuestFaults  none = { 0 };
    GuestDetails empty = { 0 };
    GuestResult  result;
    GuestVisit   visit;

    TRY(guest_hold(&v->asked, secret, browser_param(v->b, "time"), &result));
    if (result == GUEST_TOO_OFTEN)
        return send_wait(v);
    if (result != GUEST_DONE)
        return book_send_result(v, result);
    TRY(guest_find(&v->asked, secret, false, &visit));
    if (visit.guest.done)
        return booked_page(v, &visit);
    return details_page(v, &visit, &empty, &none, 200);
}

static Fail send_code(BookVisit *v, GuestVisit *visit, const GuestDetails *d)
{
    GuestResult result;

    if (visit->guest.done)
        return booked_page(v, visit);
    TRY(guest_send_code(&v->asked, visit, d, &result));
    return result == GUEST_TOO_OFTEN ? send_wait(v) : code_page(v, visit, NULL, 200);
}

static bool goes_by_phone(const Browser *b)
{
    return b->visit->context->texts
           && (!b->visit->context->mails || str_equal(browser_param(b, "by"), STR("phone")));
}

static Fail post_details(BookVisit *v)
{
    Browser     *b = v->b;
    GuestDetails d = { .given = str_trim(browser_param(b, "given")),
                       .family = str_trim(browser_param(b, "family")),
                       .birth = str_trim(browser_param(b, "birth")),
                       .mail = str_trim(browser_param(b, "mail")),
                       .phone = guest_phone(b->call, str_trim(browser_param(b, "phone"))),
                       .by_phone = goes_by_phone(b),
                       .french = b->language == 1 };
    GuestFaults  faults;
    GuestVisit   visit;

    TRY(guest_find(&v->asked, browser_param(b, "booking"), false, &visit));
    if (visit.guest.done)
        return booked_page(v, &visit);
    if (!guest_details_check(b->call, &d, &faults))
        return details_page(v, &visit, &d, &faults, 422);
    return send_code(v, &visit, &d);
}

static Fail post_again(BookVisit *v)
{
    GuestVisit   visit;
    GuestDetails d;

    TRY(guest_find(&v->asked, browser_param(v->b, "booking"), false, &visit));
    d = guest_details_read(v->b->call, visit.guest.details);
    if (!d.given.len)
        return book_send_result(v, GUEST_GONE);
    return send_code(v, &visit, &d);
}

static Fail post_code(BookVisit *v)
{
    Browser    *b = v->b;
    Str         secret = browser_param(b, "booking"), link;
    GuestResult result;
    GuestVisit  visit;

    TRY(guest_find(&v->asked, secret, false, &visit));
    TRY(guest_confirm(&v->asked, &visit, secret, str_trim(browser_param(b, "code")), &result,
                      &link));
    if (result == GUEST_WRONG)
        return code_page(
            v, &visit,
            say(b, "That is not the code. Look again.", "Ce n’est pas le code. Vérifiez."),
            422);
    return result == GUEST_DONE ? done_page(v, &visit, link) : book_send_result(v, result);
}

static const struct {
    Str word;
    Fail (*post)(BookVisit *v);
} posts[] = {
    { STR_INIT("hold"), post_hold },
    { STR_INIT("details"), post_details },
    { STR_INIT("again"), post_again },
    { STR_INIT("code"), post_code },
};

static Fail post(BookVisit *v)
{
    for (size_t i = 0; i < COUNT(posts); i++)
        if (str_equal(browser_param(v->b, "do"), posts[i].word))
            return posts[i].post(v);
    return fail(v->b->call, FAIL_VALUE, STR("do"), "There is no such form");
}

/* ---- all of it ---- */

static bool comes_too_often(BookVisit *v)
{
    char     network[64];
    unsigned wait =
        browser_posted(v->b) ? throttle_take_of(
            throttle_key("booking", throttle_network(v->asked.address, network), (Str){ 0 }),
            POSTS_A_MINUTE)
                             : 0;

    if (wait)
        visit_header(v->b->visit, STR("Retry-After"),
                     arena_printf(v->b->call->arena, "%u", wait));
    return wait > 0;
}

static Fail serve(BookVisit *v, Str below)
{
    uint32_t issues = v->b->call->issue_count;
    Fail     result;

    if (comes_too_often(v))
        return book_send_result(v, GUEST_TOO_OFTEN);
    if (str_equal(below, STR("visit")))
        result = book_visit_page(v);
    else if (below.len)
        result = FAIL_NOT_FOUND;
    else
        result = browser_posted(v->b) ? post(v) : begin_page(v);
    if (result != FAIL_NOT_FOUND)
        return result;
    call_forget_issues(v->b->call, issues);
    return book_send_result(v, GUEST_GONE);
}

static Fail book_page(Browser *b)
{
    BookVisit *v = NEW(b->call->arena, BookVisit);
    Str        word = str_skip(b->visit->rest, 1), below = { 0 };

    str_cut(word, '/', &word, &below);
    *v = (BookVisit){ .b = b };
    TRY(guest_page(b->call, b->visit->session, word, &v->page));
    b->brand = v->page.name;
    b->ancestors = v->page.ancestors;
    v->action = arena_printf(b->call->arena, "/book/%.*s?lang=%s", STR_ARG(word),
                             b->language == 1 ? "fr" : "en");
    v->asked = (GuestAsked){ .call = b->call,
                             .session = b->visit->session,
                             .page = &v->page,
                             .address = visit_address(b->visit),
                             .base = b->visit->context->base_url };
    return serve(v, below);
}

Fail book_answer(Visit *v)
{
    return browser_serve_open(v, book_page);
}
