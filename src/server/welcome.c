/* The page behind a one-time link: setting a password, or making the first login. */
#include "access/password.h"
#include "access/throttle.h"
#include "server/browser.h"

typedef struct Welcome {
    Str         link;
    bool        first; /* the first login is to be made, its name chosen */
    Login       login; /* else whose link it is */
    const char *name_fault, *password_fault, *again_fault;
} Welcome;

static Fail show_dead(Browser *b)
{
    call_forget_issues(b->call, 0);
    page_begin(b, say(b, "This link is no longer good", "Ce lien n’est plus valable"));
    page_printf(b, "<p>%s</p>\n<p><a href=\"/sign-in\">%s</a></p>\n",
                say(b, "It was used already, or is too old. Your practice can send another.",
                    "Il a déjà servi ou est trop ancien. Votre clinique peut en envoyer un "
                    "autre."),
                say(b, "Sign in", "Se connecter"));
    return page_send(b, 404);
}

static Fail show_form(Browser *b, const Welcome *w)
{
    bool fault = w->name_fault || w->password_fault || w->again_fault;

    page_begin(b, say(b, "Choose your password", "Choisissez votre mot de passe"));
    if (fault)
        page_alert(b, say(b, "Something is not right yet: see below.",
                          "Il reste quelque chose à corriger : voir ci-dessous."));
    page_form(b, "/welcome");
    page_hidden(b, "link", w->link);
    if (w->first)
        page_field(b, &(Field){ .name = "name",
                                .label = say(b, "Login of the administrator",
                                             "Identifiant de l’administrateur"),
                                .type = "text",
                                .autocomplete = "username",
                                .value = browser_param(b, "name"),
                                .fault = w->name_fault,
                                .focus = !fault || w->name_fault });
    else
        page_printf(b, "<p>%s <strong>%.*s</strong></p>\n",
                    say(b, "Your login is", "Votre identifiant est"), STR_ARG(w->login.name));
    page_field(b, &(Field){ .name = "password",
                            .label = say(b, "New password", "Nouveau mot de passe"),
                            .hint = say(b,
                                        "Twelve characters or more. Several words that nobody "
                                        "would put together are good and easy to keep.",
                                        "Douze caractères ou plus. Quelques mots que personne "
                                        "n’associerait conviennent bien."),
                            .type = "password",
                            .autocomplete = "new-password",
                            .fault = w->password_fault,
                            .focus = w->password_fault || (!fault && !w->first) });
    page_field(b, &(Field){ .name = "again",
                            .label = say(b, "The same again", "Le même, encore une fois"),
                            .type = "password",
                            .autocomplete = "new-password",
                            .fault = w->again_fault,
                            .focus = !w->password_fault && w->again_fault });
    page_form_end(b, say(b, "Set the password", "Enregistrer le mot de passe"));
    return page_send(b, fault ? 422 : 200);
}

static const char *fault_in_words(Browser *b, PasswordFault fault)
{
    switch (fault) {
    case PASSWORD_SHORT:
        return say(b, "It must have twelve characters at least.",
                   "Il doit compter au moins douze caractères.");
    case PASSWORD_LONG: return say(b, "It is too long.", "Il est trop long.");
    case PASSWORD_COMMON:
        return say(b, "Too many others use this one, or one like it.",
                   "Trop de gens utilisent celui-ci ou un semblable.");
    case PASSWORD_NAME:
        return say(b, "It must not be your login.", "Il ne doit pas être votre identifiant.");
    case PASSWORD_GOOD: break;
    }
    return NULL;
}

static bool check(Browser *b, Welcome *w)
{
    Str password = browser_param(b, "password"), name = w->login.name;

    if (w->first && !person_name_read(b->call->arena, browser_param(b, "name"), &name))
        w->name_fault = say(b, "Letters without accents, digits and .-_@+, 64 at most.",
                            "Lettres sans accents, chiffres et .-_@+, 64 au plus.");
    w->password_fault = fault_in_words(b, password_fault(b->call->arena, password, name));
    if (!secret_equal(password, browser_param(b, "again")))
        w->again_fault =
            say(b, "The two are not the same.", "Les deux ne sont pas identiques.");
    return !w->name_fault && !w->password_fault && !w->again_fault;
}

static Fail find(Browser *b, Welcome *w)
{
    SecretHash hash;
    uint32_t   number;

    w->first = person_first_is(w->link);
    if (w->first)
        return OK;
    token_hash(w->link, hash);
    TRY(store_link_find(b->call, b->visit->session, hash, &number));
    return store_login_at(b->call, b->visit->session, number, &w->login);
}

static Fail use(Browser *b, const Welcome *w)
{
    Str password = browser_param(b, "password");

    if (w->first)
        return person_first_add(b->call, session_store(b->visit->session), w->link,
                                browser_param(b, "name"), password);
    return sign_in_by_link(b->call, b->visit->session, w->link, password);
}

static Fail welcome_page(Browser *b)
{
    Welcome w = { .link = browser_param(b, "link") };
    Fail    result = find(b, &w);

    if (result == FAIL_NOT_FOUND)
        return show_dead(b);
    TRY(result);
    if (!browser_posted(b) || !check(b, &w))
        return show_form(b, &w);
    result = use(b, &w);
    browser_audit(b, INTERACTION_SIGN_IN, result,
                  arena_printf(b->call->arena, "login %.*s: password set by link",
                               STR_ARG(w.first ? STR("(the first)") : w.login.name)));
    if (result == FAIL_NOT_FOUND || result == FAIL_CONFLICT)
        return show_dead(b);
    TRY(result);
    browser_forget(b);
    return browser_redirect(b, STR("/sign-in?done=1"));
}

Fail welcome_answer(Visit *v)
{
    return browser_serve(v, welcome_page);
}
