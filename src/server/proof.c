/*
 * The pages on which somebody who has signed in proves it again, and changes what they prove it
 * with. ASVS 6.2.2, 6.2.3, 7.5.1.
 */
#include "server/passkey.h"

/* ---- proving it again ---- */

static Fail show_prove(Browser *b, Fail why, const char *fault)
{
    bool code = b->person.login.totp.len > 0;

    page_begin(b, say(b, "Is it still you?", "Est-ce toujours vous ?"));
    if (fault)
        page_alert(b, fault);
    page_printf(b, "<p>%s</p>\n",
                say(b, "What comes next needs a fresh proof of who you are.",
                    "La suite demande de confirmer à nouveau votre identité."));
    page_form(b, "/account/prove");
    page_hidden(b, "next", browser_next(b));
    if (code)
        page_field(b, &(Field){ .name = "code",
                                .label = say(b, "Code", "Code"),
                                .hint = say(b,
                                            "The six digits your authenticator app shows now, "
                                            "or one of your recovery codes.",
                                            "Les six chiffres affichés par votre application "
                                            "d’authentification, ou un code de secours."),
                                .type = "text",
                                .autocomplete = "one-time-code",
                                .focus = true });
    else
        page_field(b, &(Field){ .name = "password",
                                .label = say(b, "Password", "Mot de passe"),
                                .type = "password",
                                .autocomplete = "current-password",
                                .focus = true });
    page_form_end(b, say(b, "Go on", "Continuer"));
    passkey_put_use(b);
    return page_send(b, steps_status(why));
}

static Fail prove_page(Browser *b)
{
    SignIn      in;
    Fail        result;
    const char *fault;

    if (!browser_posted(b))
        return show_prove(b, OK, NULL);
    in = steps_read(b);
    result = sign_in_again(b->call, b->visit->session, &b->person, &in);
    browser_audit(
        b, INTERACTION_SIGN_IN, result,
        steps_who(b, &b->person, result == OK ? "proved again" : "fresh proof refused"));
    if (result == OK) {
        browser_remember(b, &in);
        return browser_redirect(b, browser_next(b));
    }
    fault = steps_fault(b, result, &in,
                        say(b, "That is not right, or was used already.",
                            "Ce n’est pas le bon, ou il a déjà servi."));
    if (!fault)
        return result;
    call_forget_issues(b->call, 0);
    return show_prove(b, result, fault);
}

Fail prove_answer(Visit *v)
{
    return browser_serve(v, prove_page);
}

/* ---- the password ---- */

static Fail show_password(Browser *b, int status, const char *fault, const NewPassword *faults)
{
    page_begin(b, say(b, "Change your password", "Changer de mot de passe"));
    if (fault)
        page_alert(b, fault);
    page_printf(b, "<p>%s</p>\n",
                say(b, "All other browsers are signed out by it.",
                    "Tous les autres navigateurs seront déconnectés."));
    page_form(b, "/account/password");
    page_field(b, &(Field){ .name = "password",
                            .label = say(b, "Password until now", "Mot de passe actuel"),
                            .type = "password",
                            .autocomplete = "current-password",
                            .focus = !faults->password_fault && !faults->again_fault });
    steps_password_fields(b, faults, false);
    page_form_end(b, say(b, "Change it", "Changer"));
    return page_send(b, status);
}

static Fail password_page(Browser *b)
{
    NewPassword faults = { 0 };
    SignIn      in;
    Fail        result;
    const char *fault;

    if (!browser_posted(b))
        return show_password(b, 200, NULL, &faults);
    if (!steps_password_read(b, b->person.login.name, &faults))
        return show_password(b, 422,
                             say(b, "Something is not right yet: see below.",
                                 "Il reste quelque chose à corriger : voir ci-dessous."),
                             &faults);
    in = steps_read(b);
    result = sign_in_change_password(b->call, b->visit->session, &b->person, &in,
                                     browser_param(b, "new"));
    browser_audit(b, INTERACTION_SIGN_IN, result,
                  steps_who(b, &b->person,
                            result == OK ? "password changed" : "password change refused"));
    if (result == OK) {
        browser_remember(b, &in);
        return browser_redirect(b, STR("/account?done=password"));
    }
    fault = steps_fault(b, result, &in,
                        say(b, "The password until now is not right.",
                            "Le mot de passe actuel n’est pas le bon."));
    if (!fault)
        return result;
    call_forget_issues(b->call, 0);
    return show_password(b, steps_status(result), fault, &faults);
}

Fail password_answer(Visit *v)
{
    return browser_serve(v, password_page);
}

/* ---- recovery codes, and doing without a second factor ---- */

static Fail recovery_page(Browser *b)
{
    RecoveryCode codes[RECOVERY_CODES];
    Fail         result;

    if (!browser_posted(b)) {
        page_begin(b, say(b, "New recovery codes", "Nouveaux codes de secours"));
        page_printf(b, "<p>%s</p>\n",
                    say(b,
                        "Ten new codes are made; those you have now are no longer good. All "
                        "other browsers are signed out.",
                        "Dix nouveaux codes remplacent ceux que vous avez. Tous les autres "
                        "navigateurs seront déconnectés."));
        page_form(b, "/account/recovery");
        page_form_end(b, say(b, "Make new codes", "Créer de nouveaux codes"));
        return page_send(b, 200);
    }
    result = sign_in_recovery(b->call, b->visit->session, &b->person, codes);
    browser_audit(b, INTERACTION_SIGN_IN, result,
                  steps_who(b, &b->person, "recovery codes made anew"));
    TRY(result);
    result = steps_show_recovery(b, codes);
    explicit_bzero(codes, sizeof codes);
    return result;
}

Fail recovery_answer(Visit *v)
{
    return browser_serve(v, recovery_page);
}

static Fail setup_end_page(Browser *b)
{
    Fail result;

    if (!browser_posted(b)) {
        page_begin(b, say(b, "Without a second step", "Sans deuxième étape"));
        page_printf(b, "<p>%s</p>\n",
                    say(b, "From then on your password alone opens your record.",
                        "Votre mot de passe suffira alors à ouvrir votre dossier."));
        page_form(b, "/account/second-step/end");
        page_form_end(b, say(b, "Do without it", "S’en passer"));
        return page_send(b, 200);
    }
    result = sign_in_setup_end(b->call, b->visit->session, &b->person);
    browser_audit(b, INTERACTION_SIGN_IN, result,
                  steps_who(b, &b->person, "second factor taken away"));
    TRY(result);
    return browser_redirect(b, STR("/account"));
}

Fail setup_end_answer(Visit *v)
{
    return browser_serve(v, setup_end_page);
}
