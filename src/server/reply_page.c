/*
 * What the link in a reminder leads to: a page that says when, with a button to confirm and one to call
 * off. Looking changes nothing, since programs look at links in e-mails, too; pressing does. The page says
 * no more than the message did.
 */
#include "practice/guest.h"
#include "practice/reminder.h"
#include "server/browser.h"

static void put_button(Browser *b, const char *reply, const char *button)
{
    page_form(b, "/reply");
    page_hidden(b, "v", browser_param(b, "v"));
    if (browser_param(b, "lang").len)
        page_hidden(b, "lang", browser_param(b, "lang"));
    page_hidden(b, "do", str_from(reply));
    page_form_end(b, button);
}

static void put_standing(Browser *b, const ReminderVisit *visit)
{
    if (visit->confirmed)
        page_printf(b, "<p class=\"done\" role=\"status\">%s</p>\n",
                    say(b, "You have confirmed it.", "Vous l’avez confirmé."));
    else
        put_button(b, "confirm", say(b, "Confirm", "Confirmer"));
    if (visit->late)
        page_printf(b, "<p>%s</p>\n",
                    say(b, "It is too late to cancel it here: please call the practice.",
                        "Il est trop tard pour l’annuler ici : appelez la clinique."));
    else
        put_button(b, "cancel", say(b, "Cancel the appointment", "Annuler le rendez-vous"));
}

static Fail show(Browser *b, const ReminderVisit *visit, bool refused)
{
    page_begin(b, say(b, "Your appointment", "Votre rendez-vous"));
    if (refused)
        page_alert(b, say(b, "That could not be done: please call the practice.",
                          "Cela n’a pas pu être fait : appelez la clinique."));
    page_put(b, "<p>");
    page_text(b, guest_when(b->call, visit->zone, visit->link.start_us, b->language == 1));
    page_put(b, "</p>\n");
    if (visit->stands)
        put_standing(b, visit);
    else
        page_printf(b, "<p role=\"status\">%s</p>\n",
                    visit->takes_place
                        ? say(b, "You are not expected at this appointment any more.",
                              "Vous n’êtes plus attendu à ce rendez-vous.")
                        : say(b, "This appointment does not take place, or not at this time.",
                              "Ce rendez-vous n’a pas lieu, ou pas à ce moment."));
    return page_send(b, 200);
}

static Fail page(Browser *b)
{
    static const Str words[] = {
        [REMINDER_CONFIRM] = STR_INIT("confirm"), [REMINDER_CANCEL] = STR_INIT("cancel")
    };
    Str           text = browser_param(b, "v"), wanted = browser_param(b, "do");
    Str           language = browser_param(b, "lang");
    Session      *s = b->visit->session;
    ReminderVisit visit;
    bool          done = true;

    TRY(reminder_visit(b->call, s, text, &visit));
    /* the message's, unless another was chosen */
    b->language = language.len ? str_equal(language, STR("fr")) : visit.link.french;
    if (!browser_posted(b))
        return show(b, &visit, false);
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_equal(wanted, words[i])) {
            TRY(reminder_reply(b->call, s, text, (ReminderReply)i, store_base(session_store(s)),
                               visit_address(b->visit), &done));
            session_rest(s);
            TRY(reminder_visit(b->call, s, text, &visit));
        }
    return show(b, &visit, !done && visit.stands);
}

Fail reply_page_answer(Visit *v)
{
    return browser_serve(v, page);
}
