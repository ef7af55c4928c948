/*
 * Passkeys on pages: signing in with one, making one, taking one away. The browser's part is
 * passkey.js, served from here; what it sends comes as a form of ours like any other.
 */
#include "server/passkey.h"

#include "base/moment.h"
#include "codec/base64.h"
#include "store/embedded.h"

extern const EmbeddedFile page_scripts[];

static bool site_of(const Browser *b, PasskeySite *out)
{
    return passkey_site(b->visit->context->base_url, out);
}

Fail passkey_script_answer(Visit *v)
{
    return visit_answer(v, 200, STR("text/javascript; charset=utf-8"), page_scripts[0].text);
}

/* ---- the form ---- */

static void put_json(Buf *out, const char *name, Str value)
{
    buf_put(out, out->len > 1 ? STR(",") : STR(""));
    buf_put_json_string(out, str_from(name));
    buf_put_char(out, ':');
    buf_put_json_string(out, value);
}

static void form_begin(Browser *b, const char *action, Str given)
{
    static const char *const empty[] = { "id",        "client_data", "attestation",
                                         "auth_data", "signature",   "handle" };

    page_printf(b, "<form method=\"post\" action=\"%s\" id=\"passkey\" hidden data-passkey=\"",
                action);
    page_text(b, given);
    page_put(b, "\">\n");
    page_form_sign(b);
    for (size_t i = 0; i < COUNT(empty); i++)
        page_hidden(b, empty[i], (Str){ 0 });
    page_printf(b, "<p class=\"fault\" role=\"alert\" hidden>%s</p>\n",
                say(b, "The passkey gave no answer. Try again, or go on without it.",
                    "La clé d’accès n’a pas répondu. Réessayez, ou continuez sans elle."));
}

static void form_end(Browser *b, const char *button)
{
    page_form_end(b, button);
    page_put(b, "<script src=\"/passkey.js\"></script>\n");
    b->scripted = true;
}

void passkey_put_use(Browser *b)
{
    char        challenge[CHALLENGE_CHARS + 1];
    Buf         given = buf_new(b->call->arena, 256);
    PasskeySite site;

    if (!site_of(b, &site))
        return;
    passkey_challenge(b->call->arena, "use", b->form, challenge);
    buf_put_char(&given, '{');
    put_json(&given, "site", site.id);
    put_json(&given, "challenge", str_from(challenge));
    buf_put_char(&given, '}');
    form_begin(b, "/sign-in/passkey", buf_str(&given));
    if (browser_param(b, "next").len)
        page_hidden(b, "next", browser_next(b));
    form_end(b, say(b, "Use a passkey", "Utiliser une clé d’accès"));
}

static PasskeyAnswer answer_of(const Browser *b)
{
    return (PasskeyAnswer){ .id = browser_param(b, "id"),
                            .client_data = browser_param(b, "client_data"),
                            .attestation = browser_param(b, "attestation"),
                            .auth_data = browser_param(b, "auth_data"),
                            .signature = browser_param(b, "signature"),
                            .handle = browser_param(b, "handle") };
}

/* ---- signing in ---- */

static Fail show_refused(Browser *b, Fail why, const SignIn *in)
{
    const char *fault =
        steps_fault(b, why, in,
                    say(b, "This passkey is not known here, or did not answer rightly.",
                        "Cette clé d’accès n’est pas connue ici ou n’a pas bien répondu."));

    if (!fault)
        return why;
    call_forget_issues(b->call, 0);
    page_begin(b, say(b, "Passkey", "Clé d’accès"));
    page_alert(b, fault);
    page_printf(b, "<p><a href=\"%s\">%s</a></p>\n",
                b->person.stage == STAGE_FULL ? "/account" : "/sign-in",
                say(b, "Go back", "Revenir"));
    return page_send(b, steps_status(why));
}

static Fail use_page(Browser *b)
{
    PasskeyAnswer answer = answer_of(b);
    SignIn        in = steps_read(b);
    PasskeySite   site;
    Fail          result;

    if (!site_of(b, &site))
        return fail(b->call, FAIL_NOT_FOUND, (Str){ 0 }, "Passkeys are not offered here");
    result = passkey_use(b->call, b->visit->session, &site, b->form, &b->person, &answer, &in);
    browser_audit(b, INTERACTION_SIGN_IN, result,
                  result == OK ? steps_who(b, &in.person, "signed in with a passkey")
                               : steps_who(b, &b->person, "passkey refused"));
    if (result != OK)
        return show_refused(b, result, &in);
    browser_remember(b, &in);
    return browser_redirect(b, browser_next(b));
}

Fail passkey_use_answer(Visit *v)
{
    return browser_serve(v, use_page);
}

/* ---- making one ---- */

static bool put_known(void *context, const Passkey *passkey)
{
    Buf *out = context;

    buf_put(out, out->at[out->len - 1] == '[' ? STR("\"") : STR(",\""));
    base64_put_url(out, passkey->id);
    buf_put_char(out, '"');
    return true;
}

static Fail show_make(Browser *b, const PasskeySite *site, const char *fault)
{
    char challenge[CHALLENGE_CHARS + 1];
    Buf  given = buf_new(b->call->arena, 1024), handle = buf_new(b->call->arena, 64);
    Str  known;

    TRY(passkey_handle(b->call, b->visit->session, b->person.login.number, &known));
    base64_put_url(&handle, known);
    passkey_challenge(b->call->arena, "make", b->secret, challenge);
    buf_put_char(&given, '{');
    put_json(&given, "site", site->id);
    put_json(&given, "challenge", str_from(challenge));
    put_json(&given, "handle", buf_str(&handle));
    put_json(&given, "login", b->person.login.name);
    buf_put(&given, STR(",\"known\":["));
    TRY(store_passkey_each(b->call, b->visit->session, b->person.login.number, put_known,
                           &given));
    buf_put(&given, STR("]}"));
    page_begin(b, say(b, "Add a passkey", "Ajouter une clé d’accès"));
    if (fault)
        page_alert(b, fault);
    page_printf(
        b, "<p>%s</p>\n",
        say(b,
            "A passkey is kept by your telephone, computer or security key, and opens "
            "with your finger, face or number. It takes the place of password and code.",
            "Une clé d’accès est gardée par votre téléphone, ordinateur ou clé de "
            "sécurité ; votre doigt, visage ou code l’ouvre. Elle remplace mot de "
            "passe et code."));
    page_printf(b, "<noscript><p>%s</p></noscript>\n",
                say(b, "This needs JavaScript; everything else here does not.",
                    "Ceci demande JavaScript ; le reste s’en passe."));
    form_begin(b, "/account/passkey", buf_str(&given));
    page_hidden(b, "user", buf_str(&handle));
    page_field(b, &(Field){ .name = "name",
                            .label = say(b, "What it is kept by", "Ce qui la garde"),
                            .type = "text",
                            .autocomplete = "off",
                            .value = str_from(say(b, "This computer", "Cet ordinateur")) });
    form_end(b, say(b, "Add it", "L’ajouter"));
    return page_send(b, fault ? 422 : 200);
}

static Fail make_page(Browser *b)
{
    PasskeyAnswer answer = answer_of(b);
    PasskeySite   site;
    Str           handle;
    Fail          result;

    if (!site_of(b, &site))
        return fail(b->call, FAIL_NOT_FOUND, (Str){ 0 }, "Passkeys are not offered here");
    if (!browser_posted(b))
        return show_make(b, &site, NULL);
    if (!base64_read_url(b->call->arena, browser_param(b, "user"), &handle) || handle.len > 64
        || handle.len < 16)
        return fail(b->call, FAIL_FORBIDDEN, STR("user"), "The form is too old");
    result = passkey_add(b->call, b->visit->session, &site, b->secret, &b->person, handle,
                         browser_param(b, "name"), &answer);
    browser_audit(
        b, INTERACTION_SIGN_IN, result,
        steps_who(b, &b->person, result == OK ? "passkey added" : "new passkey refused"));
    if (result == FAIL_VALUE || result == FAIL_CONFLICT || result == FAIL_SYNTAX) {
        call_forget_issues(b->call, 0);
        return show_make(b, &site,
                         say(b, "This passkey could not be added. Try again.",
                             "Cette clé d’accès n’a pas pu être ajoutée. Réessayez."));
    }
    TRY(result);
    return browser_redirect(b, STR("/account"));
}

Fail passkey_make_answer(Visit *v)
{
    return browser_serve(v, make_page);
}

/* ---- those there are ---- */

static bool put_passkey(void *context, const Passkey *passkey)
{
    Browser *b = context;
    char     text[INSTANT_CHARS + 1];
    Buf      id = buf_new(b->call->arena, 128);

    base64_put_url(&id, passkey->id);
    moment_format_instant(passkey->used_us ? passkey->used_us : passkey->made_us, text);
    page_put(b, "<li>");
    page_text(b, passkey->name.len ? passkey->name : STR("–"));
    page_printf(b, "<br>%s %.10s\n",
                passkey->used_us ? say(b, "last used", "utilisée le")
                                 : say(b, "made", "créée le"),
                text);
    page_form(b, "/account/passkey/end");
    page_hidden(b, "passkey", buf_str(&id));
    page_form_end(b, say(b, "Take it away", "La retirer"));
    page_put(b, "</li>\n");
    return true;
}

Fail passkey_put_list(Browser *b)
{
    PasskeySite site;

    page_printf(b, "<h2>%s</h2>\n<ul class=\"apps\">\n", say(b, "Passkeys", "Clés d’accès"));
    TRY(store_passkey_each(b->call, b->visit->session, b->person.login.number, put_passkey, b));
    page_put(b, "</ul>\n");
    if (site_of(b, &site))
        page_printf(b, "<p><a href=\"/account/passkey\">%s</a></p>\n",
                    say(b, "Add a passkey", "Ajouter une clé d’accès"));
    else
        page_printf(b, "<p class=\"hint\">%s</p>\n",
                    say(b, "They need a server with a name and TLS.",
                        "Elles demandent un serveur avec un nom et TLS."));
    return OK;
}

static Fail end_page(Browser *b)
{
    Fail result;
    Str  id;

    if (!base64_read_url(b->call->arena, browser_param(b, "passkey"), &id))
        return fail(b->call, FAIL_NOT_FOUND, STR("passkey"), "There is no such passkey");
    result = store_passkey_remove(b->call, session_store(b->visit->session),
                                  b->person.login.number, id);
    browser_audit(b, INTERACTION_SIGN_IN, result,
                  steps_who(b, &b->person, "passkey taken away"));
    TRY(result);
    return browser_redirect(b, STR("/account"));
}

Fail passkey_end_answer(Visit *v)
{
    return browser_serve(v, end_page);
}
