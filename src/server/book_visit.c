/* A visit that was booked without an account, by the link that was sent: look, move, call off. */
#include "server/book.h"

/* Where this page's forms lead, and itself. */
static Str own_address(const BookVisit *v)
{
    const Browser *b = v->b;

    return arena_printf(b->call->arena, "/book/%.*s/visit?lang=%s&b=%.*s",
                        STR_ARG(v->page.word), b->language == 1 ? "fr" : "en",
                        STR_ARG(browser_param(b, "b")));
}

static void put_move_fields(BookVisit *v)
{
    page_hidden(v->b, "do", STR("move"));
    page_hidden(v->b, "b", browser_param(v->b, "b"));
}

static Str form_address(const BookVisit *v)
{
    return arena_printf(v->b->call->arena, "/book/%.*s/visit?lang=%s", STR_ARG(v->page.word),
                        v->b->language == 1 ? "fr" : "en");
}

static Fail move_page(BookVisit *v, const GuestVisit *visit)
{
    Browser  *b = v->b;
    BookTimes times = { .service = visit->service.id,
                        .action = form_address(v),
                        .address = arena_printf(b->call->arena, "%.*s&move=1&",
                                                STR_ARG(own_address(v))),
                        .hidden = put_move_fields };

    page_begin(b, say(b, "Choose another time", "Choisir une autre plage"));
    page_printf(b, "<p>%s</p>\n", say(b, "It is now on:", "Il est maintenant le :"));
    book_put_when(v, visit);
    TRY(book_put_times(v, &times));
    return page_send(b, 200);
}

static void put_state(BookVisit *v, const GuestVisit *visit)
{
    Browser    *b = v->b;
    const char *words = NULL;

    if (str_equal(visit->status, STR("cancelled")))
        words = say(b, "It is cancelled.", "Il est annulé.");
    else if (str_equal(visit->status, STR("pending")))
        words =
            say(b, "The practice still has to say yes.", "La clinique doit encore confirmer.");
    if (words)
        page_printf(b, "<p class=\"done\" role=\"status\">%s</p>\n", words);
}

static bool stands(const GuestVisit *visit)
{
    return str_equal(visit->status, STR("booked")) || str_equal(visit->status, STR("pending"));
}

static void put_ways(BookVisit *v, const GuestVisit *visit)
{
    Browser *b = v->b;

    if (!stands(visit))
        return;
    if (online_too_late(b->call, &visit->service, visit->time.low)) {
        page_printf(b, "<p>%s ",
                    say(b, "It is too late to change this online. Please call us.",
                        "Il est trop tard pour changer ceci en ligne. Appelez-nous."));
        page_text(b, v->page.phone);
        page_put(b, "</p>\n");
        return;
    }
    page_put(b, "<p><a class=\"button\" href=\"");
    page_text(b, own_address(v));
    page_printf(b, "&amp;move=1\">%s</a></p>\n",
                say(b, "Choose another time", "Choisir une autre plage"));
    page_form(b, arena_c_string(b->call->arena, form_address(v)));
    page_hidden(b, "do", STR("cancel"));
    page_hidden(b, "b", browser_param(b, "b"));
    page_printf(b, "<p><button class=\"second\">%s</button></p>\n</form>\n",
                say(b, "Cancel the appointment", "Annuler le rendez-vous"));
}

static Fail show_page(BookVisit *v, const GuestVisit *visit)
{
    Browser *b = v->b;

    page_begin(b, say(b, "Your appointment", "Votre rendez-vous"));
    put_state(v, visit);
    book_put_when(v, visit);
    put_ways(v, visit);
    return page_send(b, 200);
}

static Fail post(BookVisit *v, GuestVisit *visit, GuestResult *result)
{
    Browser *b = v->b;

    if (str_equal(browser_param(b, "do"), STR("cancel")))
        return guest_cancel(&v->asked, visit, result);
    if (str_equal(browser_param(b, "do"), STR("move")))
        return guest_move(&v->asked, visit, browser_param(b, "b"), browser_param(b, "time"),
                          result);
    return fail(b->call, FAIL_VALUE, STR("do"), "There is no such form");
}

Fail book_visit_page(BookVisit *v)
{
    Browser    *b = v->b;
    GuestVisit  visit;
    GuestResult result;

    TRY(guest_find(&v->asked, browser_param(b, "b"), true, &visit));
    if (!browser_posted(b))
        return browser_param(b, "move").len && stands(&visit) ? move_page(v, &visit)
                                                              : show_page(v, &visit);
    TRY(post(v, &visit, &result));
    return result == GUEST_DONE ? browser_redirect(b, own_address(v))
                                : book_send_result(v, result);
}
