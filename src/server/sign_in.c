/* The pages on which people sign in, and where they set a password by a link. */
#include "codec/qr.h"
#include "server/passkey.h"

/* ---- what is common to the steps ---- */

static Str after(Browser *b, const char *page)
{
    Buf to = buf_new(b->call->arena, 128);

    buf_put(&to, str_from(page));
    if (browser_param(b, "next").len) {
        buf_put(&to, STR("?next="));
        url_encode(&to, browser_next(b));
    }
    return buf_str(&to);
}

static Fail go_on(Browser *b, const SignIn *in)
{
    browser_remember(b, in);
    switch (in->person.stage) {
    case STAGE_CODE: return browser_redirect(b, after(b, "/sign-in/code"));
    case STAGE_SETUP: return browser_redirect(b, after(b, "/sign-in/setup"));
    default: return browser_redirect(b, browser_next(b));
    }
}

/* ---- name and password ---- */

static Fail show_sign_in(Browser *b, Fail why, const char *fault)
{
    page_begin(b, say(b, "Sign in", "Connexion"));
    if (browser_param(b, "done").len && !fault)
        page_printf(b, "<p class=\"done\" role=\"status\">%s</p>\n",
                    say(b, "Your password is set. Sign in with it.",
                        "Votre mot de passe est enregistré. Connectez-vous."));
    if (fault)
        page_alert(b, fault);
    page_form(b, "/sign-in");
    if (browser_param(b, "next").len)
        page_hidden(b, "next", browser_next(b));
    page_field(b, &(Field){ .name = "name",
                            .label = say(b, "Login", "Identifiant"),
                            .type = "text",
                            .autocomplete = "username",
                            .value = browser_posted(b) ? browser_param(b, "name") : (Str){ 0 },
                            .focus = true });
    page_field(b, &(Field){ .name = "password",
                            .label = say(b, "Password", "Mot de passe"),
                            .type = "password",
                            .autocomplete = "current-password" });
    page_form_end(b, say(b, "Sign in", "Se connecter"));
    passkey_put_use(b);
    page_printf(b, "<p class=\"hint\">%s</p>\n",
                say(b, "Forgotten? Your practice can send you a link to set a new one.",
                    "Oublié ? Votre clinique peut vous envoyer un lien pour en choisir un "
                    "nouveau."));
    return page_send(b, steps_status(why));
}

static Fail sign_in_page(Browser *b)
{
    SignIn      in;
    Fail        result;
    const char *fault;

    if (!browser_posted(b))
        return show_sign_in(b, OK, NULL);
    in = steps_read(b);
    result = sign_in_password(b->call, b->visit->session, &in);
    browser_audit(b, INTERACTION_SIGN_IN, result,
                  steps_who(b, &in.person, result == OK ? "password" : "password refused"));
    if (result == OK)
        return go_on(b, &in);
    fault = steps_fault(b, result, &in,
                        say(b, "Login or password is not right.",
                            "L’identifiant ou le mot de passe n’est pas le bon."));
    if (!fault)
        return result;
    call_forget_issues(b->call, 0);
    return show_sign_in(b, result, fault);
}

Fail sign_in_answer(Visit *v)
{
    return browser_serve(v, sign_in_page);
}

/* ---- the second step ---- */

static Fail show_code(Browser *b, Fail why, const char *fault)
{
    page_begin(b, say(b, "One more step", "Encore une étape"));
    if (fault)
        page_alert(b, fault);
    page_form(b, "/sign-in/code");
    if (browser_param(b, "next").len)
        page_hidden(b, "next", browser_next(b));
    page_field(b, &(Field){ .name = "code",
                            .label = say(b, "Code", "Code"),
                            .hint = say(b,
                                        "The six digits your authenticator app shows now, or "
                                        "one of your recovery codes.",
                                        "Les six chiffres affichés par votre application "
                                        "d’authentification, ou un code de secours."),
                            .type = "text",
                            .autocomplete = "one-time-code",
                            .focus = true });
    page_form_end(b, say(b, "Go on", "Continuer"));
    passkey_put_use(b);
    return page_send(b, steps_status(why));
}

static Fail code_page(Browser *b)
{
    SignIn      in;
    Fail        result;
    const char *fault;

    if (b->person.stage != STAGE_CODE)
        return browser_redirect(b, STR("/sign-in"));
    if (!browser_posted(b))
        return show_code(b, OK, NULL);
    in = steps_read(b);
    result = sign_in_code(b->call, b->visit->session, &b->person, &in);
    browser_audit(b, INTERACTION_SIGN_IN, result,
                  steps_who(b, &b->person, result == OK ? "signed in" : "code refused"));
    if (result == OK)
        return go_on(b, &in);
    fault = steps_fault(b, result, &in,
                        say(b, "That code is not right, or was used already.",
                            "Ce code n’est pas le bon ou a déjà servi."));
    if (!fault)
        return result;
    call_forget_issues(b->call, 0);
    return show_code(b, result, fault);
}

Fail sign_in_code_answer(Visit *v)
{
    return browser_serve(v, code_page);
}

/* ---- setting up a second factor ---- */

/* The key shown is the session's own: it is kept nowhere until a code proves it arrived. */
static Str setup_key(const Browser *b)
{
    uint8_t mac[SHA256_BYTES];

    digest_hmac_sha256(b->secret, STR("one-time codes"), mac);
    return arena_str(b->call->arena, (Str){ (const char *)mac, TOTP_KEY_BYTES });
}

static void put_key(Browser *b)
{
    Arena *a = b->call->arena;
    Buf    text = buf_new(a, 64), spaced = buf_new(a, 64), name = buf_new(a, 64);
    Str    address, code;

    base32_put(&text, setup_key(b));
    for (size_t i = 0; i < text.len; i++) {
        if (i && i % 4 == 0)
            buf_put_char(&spaced, ' ');
        buf_put_char(&spaced, text.at[i]);
    }
    url_encode(&name, b->person.login.name);
    address = arena_printf(a, "otpauth://totp/Hale:%.*s?secret=%.*s&issuer=Hale",
                           STR_ARG(buf_str(&name)), STR_ARG(buf_str(&text)));
    page_printf(b, "<ol>\n<li>%s</li>\n<li>%s\n",
                say(b, "Open an authenticator app on your telephone.",
                    "Ouvrez une application d’authentification sur votre téléphone."),
                say(b, "Let it read this picture, or type the key below it:",
                    "Faites-lui lire cette image, ou saisissez la clé qui la suit :"));
    if (qr_svg(a, address, say(b, "The key as a QR code", "La clé en code QR"), &code))
        buf_put(&b->page, code);
    page_printf(b, "<pre class=\"key\">%.*s</pre>\n<a href=\"", STR_ARG(buf_str(&spaced)));
    page_text(b, address);
    page_printf(b, "\">%s</a></li>\n<li>%s</li>\n</ol>\n",
                say(b, "On the telephone itself: open the app with it",
                    "Sur le téléphone même : ouvrir l’application avec cette clé"),
                say(b, "Type the six digits that it shows.",
                    "Saisissez les six chiffres qu’elle affiche."));
}

static Fail show_setup(Browser *b, Fail why, const char *fault)
{
    page_begin(b, say(b, "Set up a second step", "Configurer une deuxième étape"));
    if (fault)
        page_alert(b, fault);
    page_printf(b, "<p>%s</p>\n",
                say(b,
                    "A password alone can be stolen. From now on signing in takes your "
                    "telephone, too.",
                    "Un mot de passe seul peut être volé. Désormais, la connexion demandera "
                    "aussi votre téléphone."));
    put_key(b);
    page_form(b, "/sign-in/setup");
    if (browser_param(b, "next").len)
        page_hidden(b, "next", browser_next(b));
    page_field(b, &(Field){ .name = "code",
                            .label = say(b, "Code", "Code"),
                            .type = "text",
                            .autocomplete = "one-time-code",
                            .focus = fault != NULL });
    page_form_end(b, say(b, "Go on", "Continuer"));
    return page_send(b, steps_status(why));
}

static Fail setup_page(Browser *b)
{
    RecoveryCode codes[RECOVERY_CODES];
    SignIn       in;
    Fail         result;

    if (b->person.stage != STAGE_SETUP && b->person.stage != STAGE_FULL)
        return browser_redirect(b, STR("/sign-in"));
    if (b->person.login.totp.len && !sign_in_fresh(b->call, &b->person))
        return steps_ask_proof(b);
    if (!browser_posted(b))
        return show_setup(b, OK, NULL);
    in = steps_read(b);
    result = sign_in_setup(b->call, b->visit->session, &b->person, setup_key(b), &in, codes);
    browser_audit(b, INTERACTION_SIGN_IN, result,
                  steps_who(b, &b->person,
                            result == OK ? "second factor set up, signed in" : "code refused"));
    if (result == FAIL_LOGIN) {
        call_forget_issues(b->call, 0);
        return show_setup(b, result,
                          say(b, "That code is not right. Is the telephone's clock?",
                              "Ce code n’est pas le bon. L’horloge du téléphone est-elle à "
                              "l’heure ?"));
    }
    TRY(result);
    browser_remember(b, &in);
    result = steps_show_recovery(b, codes);
    explicit_bzero(codes, sizeof codes);
    return result;
}

Fail sign_in_setup_answer(Visit *v)
{
    return browser_serve(v, setup_page);
}

/* ---- signing out ---- */

static Fail sign_out_page(Browser *b)
{
    browser_forget(b);
    if (b->person.stage != STAGE_NONE) {
        TRY(sign_out(b->call, b->visit->session, &b->person));
        browser_audit(b, INTERACTION_SIGN_IN, OK, steps_who(b, &b->person, "signed out"));
    }
    return browser_redirect(b, STR("/sign-in"));
}

Fail sign_out_answer(Visit *v)
{
    return browser_serve(v, sign_out_page);
}
