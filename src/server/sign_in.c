/* The pages on which people sign in, and where they set a password by a link. */
#include "access/password.h"
#include "access/throttle.h"
#include "server/browser.h"

/* ---- what is common to the steps ---- */

static SignIn sign_in_of(Browser *b, char network[64])
{
    return (SignIn){ .name = browser_param(b, "name"),
                     .password = browser_param(b, "password"),
                     .code = browser_param(b, "code"),
                     .network = throttle_network(visit_address(b->visit), network),
                     .device = b->device };
}

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

/* The sentence above a form whose try failed; NULL where it is another failure. */
static const char *fault_of(Browser *b, Fail why, const SignIn *in, const char *wrong)
{
    if (why == FAIL_LOGIN)
        return wrong;
    if (why != FAIL_THROTTLED)
        return NULL;
    visit_header(b->visit, STR("Retry-After"), arena_printf(b->call->arena, "%u", in->wait_s));
    return arena_c_string(
        b->call->arena,
        arena_printf(b->call->arena, "%s %u %s",
                     say(b, "Too many tries. Wait", "Trop d’essais. Attendez"), in->wait_s,
                     say(b, "seconds, then try again.", "secondes, puis réessayez.")));
}

static int status_of(Fail why)
{
    return why == OK ? 200 : why == FAIL_THROTTLED ? 429 : 401;
}

static Str who(Browser *b, const Person *p, const char *what)
{
    if (p->login.number == 0)
        return arena_printf(b->call->arena, "unknown login: %s", what);
    return arena_printf(b->call->arena, "login %.*s: %s", STR_ARG(p->login.name), what);
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
    page_printf(b, "<p class=\"hint\">%s</p>\n",
                say(b, "Forgotten? Your practice can send you a link to set a new one.",
                    "Oublié ? Votre clinique peut vous envoyer un lien pour en choisir un "
                    "nouveau."));
    return page_send(b, status_of(why));
}

static Fail sign_in_page(Browser *b)
{
    char        network[64];
    SignIn      in;
    Fail        result;
    const char *fault;

    if (!browser_posted(b))
        return show_sign_in(b, OK, NULL);
    in = sign_in_of(b, network);
    result = sign_in_password(b->call, b->visit->session, &in);
    browser_audit(b, INTERACTION_SIGN_IN, result,
                  who(b, &in.person, result == OK ? "password" : "password refused"));
    if (result == OK)
        return go_on(b, &in);
    fault = fault_of(b, result, &in,
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
    return page_send(b, status_of(why));
}

static Fail code_page(Browser *b)
{
    char        network[64];
    SignIn      in;
    Fail        result;
    const char *fault;

    if (b->person.stage != STAGE_CODE)
        return browser_redirect(b, STR("/sign-in"));
    if (!browser_posted(b))
        return show_code(b, OK, NULL);
    in = sign_in_of(b, network);
    result = sign_in_code(b->call, b->visit->session, &b->person, &in);
    browser_audit(b, INTERACTION_SIGN_IN, result,
                  who(b, &b->person, result == OK ? "signed in" : "code refused"));
    if (result == OK)
        return go_on(b, &in);
    fault = fault_of(b, result, &in,
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
    Buf text = buf_new(b->call->arena, 64), spaced = buf_new(b->call->arena, 64);
    Buf name = buf_new(b->call->arena, 64);

    base32_put(&text, setup_key(b));
    for (size_t i = 0; i < text.len; i++) {
        if (i && i % 4 == 0)
            buf_put_char(&spaced, ' ');
        buf_put_char(&spaced, text.at[i]);
    }
    url_encode(&name, b->person.login.name);
    page_printf(b,
                "<ol>\n<li>%s</li>\n<li>%s\n<pre class=\"key\">%.*s</pre>\n"
                "<a href=\"otpauth://totp/Hale:%.*s?secret=%.*s&amp;issuer=Hale\">%s</a></li>\n"
                "<li>%s</li>\n</ol>\n",
                say(b, "Open an authenticator app on your telephone.",
                    "Ouvrez une application d’authentification sur votre téléphone."),
                say(b, "Add an account with this key:", "Ajoutez un compte avec cette clé :"),
                STR_ARG(buf_str(&spaced)), STR_ARG(buf_str(&name)), STR_ARG(buf_str(&text)),
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
    return page_send(b, status_of(why));
}

static Fail show_recovery(Browser *b, const RecoveryCode codes[RECOVERY_CODES])
{
    page_begin(b, say(b, "Your recovery codes", "Vos codes de secours"));
    page_printf(b, "<p>%s</p>\n<ul class=\"codes\">\n",
                say(b,
                    "Each opens once, in place of the telephone. Print them or write them "
                    "down: they are not shown again.",
                    "Chacun sert une seule fois, à la place du téléphone. Imprimez-les ou "
                    "notez-les : ils ne seront plus affichés."));
    for (size_t i = 0; i < RECOVERY_CODES; i++)
        page_printf(b, "<li><code>%s</code></li>\n", codes[i].text);
    page_put(b, "</ul>\n<p><a class=\"button\" href=\"");
    page_text(b, browser_next(b));
    page_printf(b, "\">%s</a></p>\n",
                say(b, "I have kept them, go on", "Je les ai notés, continuer"));
    return page_send(b, 200);
}

static Fail setup_page(Browser *b)
{
    RecoveryCode codes[RECOVERY_CODES];
    char         network[64];
    SignIn       in;
    Fail         result;

    if (b->person.stage != STAGE_SETUP
        && (b->person.stage != STAGE_FULL || b->person.login.totp.len))
        return browser_redirect(b, STR("/sign-in"));
    if (!browser_posted(b))
        return show_setup(b, OK, NULL);
    in = sign_in_of(b, network);
    result = sign_in_setup(b->call, b->visit->session, &b->person, setup_key(b), &in, codes);
    browser_audit(
        b, INTERACTION_SIGN_IN, result,
        who(b, &b->person, result == OK ? "second factor set up, signed in" : "code refused"));
    if (result == FAIL_LOGIN) {
        call_forget_issues(b->call, 0);
        return show_setup(b, result,
                          say(b, "That code is not right. Is the telephone's clock?",
                              "Ce code n’est pas le bon. L’horloge du téléphone est-elle à "
                              "l’heure ?"));
    }
    TRY(result);
    browser_remember(b, &in);
    result = show_recovery(b, codes);
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
        browser_audit(b, INTERACTION_SIGN_IN, OK, who(b, &b->person, "signed out"));
    }
    return browser_redirect(b, STR("/sign-in"));
}

Fail sign_out_answer(Visit *v)
{
    return browser_serve(v, sign_out_page);
}
