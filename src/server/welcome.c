/* The page behind a one-time link: setting a password, or making the first login. */
#include "server/steps.h"

typedef struct Welcome {
    Str         link;
    bool        first; /* the first login is to be made, its name chosen */
    Login       login; /* else whose link it is */
    const char *name_fault;
    NewPassword faults;
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
    bool fault = w->name_fault || w->faults.password_fault || w->faults.again_fault;

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
    steps_password_fields(b, &w->faults, !fault && !w->first);
    page_form_end(b, say(b, "Set the password", "Enregistrer le mot de passe"));
    return page_send(b, fault ? 422 : 200);
}

static bool check(Browser *b, Welcome *w)
{
    Str name = w->login.name;

    if (w->first && !person_name_read(b->call->arena, browser_param(b, "name"), &name))
        w->name_fault = say(b, "Letters without accents, digits and .-_@+, 64 at most.",
                            "Lettres sans accents, chiffres et .-_@+, 64 au plus.");
    return steps_password_read(b, name, &w->faults) && !w->name_fault;
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
    Str password = browser_param(b, "new");

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
