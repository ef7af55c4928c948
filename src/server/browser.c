/* Cookies, forms, pages: see browser.h. */
#include "server/browser.h"

#include "codec/base64.h"
#include "codec/secret.h"
#include "fhir/outcome.h"
#include "server/negotiate.h"
#include "server/steps.h"

#define COOKIE_SESSION "__Host-hale"
#define COOKIE_FORM "__Host-hale-form"
#define COOKIE_DEVICE "__Host-hale-device"
#define COOKIE_LANGUAGE "__Host-hale-language"

enum { DEVICE_SECONDS = 400 * 24 * 3600, LANGUAGES = 2 };

static const Str languages[LANGUAGES] = { STR_INIT("en"), STR_INIT("fr") };

const char *say(const Browser *b, const char *english, const char *french)
{
    return b->language == 1 ? french : english;
}

/* ---- cookies ---- */

static Str cookie(const Request *r, Str name)
{
    Str all = request_header(r, STR("Cookie")), one, key, value;

    while (str_next(&all, ';', &one))
        if (str_cut(str_trim(one), '=', &key, &value) && str_equal(key, name))
            return value;
    return (Str){ 0 };
}

/* The prefix makes browsers insist on Secure, Path=/ and no Domain. Lax: an app's link must
 * find its person signed in. */
static void put_cookie(Browser *b, const char *name, Str value, long seconds)
{
    Arena *a = b->call->arena;
    Str    age = seconds < 0 ? STR("") : arena_printf(a, "; Max-Age=%ld", seconds);

    visit_header(b->visit, STR("Set-Cookie"),
                 arena_printf(a, "%s=%.*s; Path=/; Secure; HttpOnly; SameSite=Lax%.*s", name,
                              STR_ARG(value), STR_ARG(age)));
}

void browser_remember(Browser *b, const SignIn *in)
{
    put_cookie(b, COOKIE_SESSION, arena_str(b->call->arena, str_from(in->secret)), -1);
    if (in->person.stage == STAGE_FULL)
        put_cookie(b, COOKIE_DEVICE, device_mark(b->call->arena, &in->person.login),
                   DEVICE_SECONDS);
}

void browser_forget(Browser *b)
{
    put_cookie(b, COOKIE_SESSION, STR(""), 0);
}

/* ---- forms ---- */

bool browser_posted(const Browser *b)
{
    return b->visit->request->method == HTTP_POST;
}

Str browser_param(const Browser *b, const char *name)
{
    for (size_t i = 0; i < b->param_count; i++)
        if (str_equal(b->params[i].name, str_from(name)))
            return b->params[i].value;
    return (Str){ 0 };
}

/* The sign of our forms: of this browser, and of this session. */
static Str form_sign(const Browser *b)
{
    uint8_t mac[SHA256_BYTES];
    Buf     out = buf_new(b->call->arena, TOKEN_CHARS + 1);

    digest_hmac_sha256(b->form, b->secret, mac);
    base64_put_url(&out, (Str){ (const char *)mac, sizeof mac });
    return buf_str(&out);
}

/* A page of another origin that sends our forms is told by the browser, or by the sign that it
 * cannot know. Without a referrer browsers may say "null" as the origin of our own pages. */
static bool is_from_here(const Browser *b)
{
    const Request *r = b->visit->request;
    Str            site = request_header(r, STR("Sec-Fetch-Site"));
    Str            origin = request_header(r, STR("Origin"));

    if (site.len)
        return str_equal(site, STR("same-origin")) || str_equal(site, STR("none"));
    return !origin.len || str_equal(origin, STR("null"))
           || str_equal(origin, b->visit->context->base_url);
}

static Fail check_form(Browser *b)
{
    Str sign = browser_param(b, "form");

    if (!is_from_here(b))
        return fail(b->call, FAIL_FORBIDDEN, (Str){ 0 }, "The form is from elsewhere");
    if (b->form.len != TOKEN_CHARS || !secret_equal(sign, form_sign(b)))
        return fail(b->call, FAIL_FORBIDDEN, (Str){ 0 }, "The form is too old");
    return OK;
}

static Fail take_params(Browser *b)
{
    const Request *r = b->visit->request;
    Str            type, rest;

    if (!browser_posted(b))
        return url_params(b->call, r->query, &b->params, &b->param_count);
    if (!str_cut(request_header(r, STR("Content-Type")), ';', &type, &rest))
        type = request_header(r, STR("Content-Type"));
    if (!str_equal_ascii_nocase(str_trim(type), STR("application/x-www-form-urlencoded"))
        || request_header(r, STR("Content-Encoding")).len)
        return fail(b->call, FAIL_MEDIA_TYPE, STR("Content-Type"), "This must be a form");
    return url_params(b->call, r->body, &b->params, &b->param_count);
}

/* ---- where to go on ---- */

static bool is_plain_path(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] > '~' || strchr("\"<>\\^`{|}", s.at[i]))
            return false;
    return true;
}

Str browser_next(const Browser *b)
{
    static const Str beginnings[] = { STR_INIT("/oauth2/authorize?"), STR_INIT("/account/"),
                                      STR_INIT("/sign-in/setup") };
    Str              next = browser_param(b, "next");

    for (size_t i = 0; i < COUNT(beginnings); i++)
        if (str_starts(next, beginnings[i]) && is_plain_path(next))
            return next;
    return STR("/account");
}

Fail browser_redirect(Browser *b, Str location)
{
    b->visit->reply->status = 303;
    visit_header(b->visit, STR("Location"), location);
    return OK;
}

/* ---- the page ---- */

void page_put(Browser *b, const char *markup)
{
    buf_put(&b->page, str_from(markup));
}

void page_printf(Browser *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_put(&b->page, arena_vprintf(b->call->arena, format, args));
    va_end(args);
}

void page_text(Browser *b, Str text)
{
    static const struct {
        char        sign;
        const char *as;
    } escapes[] = {
        { '&', "&amp;" },  { '<', "&lt;" },   { '>', "&gt;" },
        { '"', "&quot;" }, { '\'', "&#39;" },
    };

    for (size_t i = 0; i < text.len; i++) {
        size_t e = 0;

        while (e < COUNT(escapes) && escapes[e].sign != text.at[i])
            e++;
        if (e < COUNT(escapes))
            page_put(b, escapes[e].as);
        else
            buf_put_char(&b->page, text.at[i]);
    }
}

/* The same page in the other language: what is behind '?', with another "lang". A page that
 * answers a form is asked for anew. */
static void put_language_link(Browser *b)
{
    const Request *r = b->visit->request;
    size_t         other = 1 - b->language;
    Buf            query = buf_new(b->call->arena, 256);

    for (size_t i = 0; i < b->param_count; i++) {
        bool kept = !browser_posted(b) || str_equal(b->params[i].name, STR("next"))
                    || str_equal(b->params[i].name, STR("link"))
                    || str_equal(b->params[i].name, STR("v"));

        if (!kept || str_equal(b->params[i].name, STR("lang")))
            continue;
        url_encode(&query, b->params[i].name);
        buf_put_char(&query, '=');
        url_encode(&query, b->params[i].value);
        buf_put_char(&query, '&');
    }
    if (b->open && browser_posted(b))
        return;
    page_put(b, "<nav><a href=\"");
    page_text(b,
              b->visit->need != NEEDS_BROWSER && browser_posted(b) ? STR("/account") : r->path);
    page_put(b, "?");
    page_text(b, buf_str(&query));
    page_printf(b, "lang=%.*s\" lang=\"%.*s\" hreflang=\"%.*s\">%s</a></nav>\n",
                STR_ARG(languages[other]), STR_ARG(languages[other]), STR_ARG(languages[other]),
                other == 1 ? "Français" : "English");
}

void page_begin(Browser *b, const char *title)
{
    b->page = buf_new(b->call->arena, 4096);
    page_printf(b,
                "<!doctype html>\n<html lang=\"%.*s\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"robots\" content=\"noindex\">\n"
                "<title>%s – ",
                STR_ARG(languages[b->language]), title);
    page_text(b, b->brand.len ? b->brand : STR("Hale"));
    page_put(b, "</title>\n<link rel=\"stylesheet\" href=\"/hale.css\">\n"
                "</head>\n<body>\n<main class=\"narrow\">\n<header><strong>");
    page_text(b, b->brand.len ? b->brand : STR("Hale"));
    page_put(b, "</strong>\n");
    put_language_link(b);
    page_printf(b, "</header>\n<h1>%s</h1>\n", title);
}

void page_alert(Browser *b, const char *text)
{
    page_put(b, "<p class=\"alert\" role=\"alert\">");
    page_text(b, str_from(text));
    page_put(b, "</p>\n");
}

void page_form(Browser *b, const char *action)
{
    page_printf(b, "<form method=\"post\" action=\"%s\">\n", action);
    page_form_sign(b);
}

void page_form_sign(Browser *b)
{
    if (!b->open)
        page_hidden(b, "form", form_sign(b));
}

void page_hidden(Browser *b, const char *name, Str value)
{
    page_printf(b, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    page_text(b, value);
    page_put(b, "\">\n");
}

void page_field(Browser *b, const Field *f)
{
    page_printf(b, "<p class=\"field\"><label for=\"%s\">%s</label>\n", f->name, f->label);
    if (f->hint)
        page_printf(b, "<span class=\"hint\" id=\"%s-hint\">%s</span>\n", f->name, f->hint);
    page_printf(b, "<input id=\"%s\" name=\"%s\" type=\"%s\" autocomplete=\"%s\"%s", f->name,
                f->name, f->type, f->autocomplete, f->optional ? "" : " required");
    if (strcmp(f->autocomplete, "username") == 0)
        page_put(b, " autocapitalize=\"none\" spellcheck=\"false\"");
    if (f->focus)
        page_put(b, " autofocus");
    if (f->hint || f->fault)
        page_printf(b, " aria-describedby=\"%s%s%s%s%s\"", f->hint ? f->name : "",
                    f->hint ? "-hint" : "", f->hint && f->fault ? " " : "",
                    f->fault ? f->name : "", f->fault ? "-fault" : "");
    if (f->fault)
        page_put(b, " aria-invalid=\"true\"");
    if (f->value.len) {
        page_put(b, " value=\"");
        page_text(b, f->value);
        page_put(b, "\"");
    }
    page_put(b, ">\n");
    if (f->fault)
        page_printf(b, "<span class=\"fault\" id=\"%s-fault\">%s</span>\n", f->name, f->fault);
    page_put(b, "</p>\n");
}

void page_form_end(Browser *b, const char *button)
{
    page_printf(b, "<p><button>%s</button></p>\n</form>\n", button);
}

Fail page_send(Browser *b, int status)
{
    Visit *v = b->visit;

    page_put(b, "</main>\n</body>\n</html>\n");
    visit_header(v, STR("Content-Language"), languages[b->language]);
    visit_header(v, STR("Vary"), STR("Accept-Language, Cookie"));
    visit_header(v, STR("Content-Security-Policy"),
                 arena_printf(b->call->arena,
                              "default-src 'none'; style-src 'self'; %sbase-uri 'none'; "
                              "form-action 'self'%s%.*s; frame-ancestors %.*s",
                              b->scripted ? "script-src 'self'; " : "",
                              b->form_target.len ? " " : "", STR_ARG(b->form_target),
                              STR_ARG(b->ancestors.len ? b->ancestors : STR("'none'"))));
    if (!b->ancestors.len)
        visit_header(v, STR("X-Frame-Options"), STR("DENY"));
    visit_header(v, STR("Cross-Origin-Opener-Policy"), STR("same-origin"));
    visit_header(v, STR("Referrer-Policy"), STR("no-referrer"));
    return visit_answer(v, status, STR("text/html; charset=utf-8"), buf_str(&b->page));
}

/* ---- failures ---- */

static const char *sentence_of(const Browser *b, Fail why)
{
    switch (why) {
    case FAIL_FORBIDDEN:
        return say(b, "This form is too old, or was not made here. Go back and try again.",
                   "Ce formulaire est trop ancien ou ne vient pas d’ici. Revenez en arrière et "
                   "recommencez.");
    case FAIL_BUSY:
        return say(b, "Too many are signing in at this moment. Try again in a few seconds.",
                   "Trop de connexions en ce moment. Réessayez dans quelques secondes.");
    default:
        return say(b, "That did not work. Try again; if it happens again, tell your practice.",
                   "Cela n’a pas fonctionné. Réessayez ; si cela se reproduit, prévenez votre "
                   "clinique.");
    }
}

static Fail send_failure(Browser *b, Fail why)
{
    call_forget_issues(b->call, 0);
    page_begin(b, say(b, "Something is wrong", "Un problème est survenu"));
    page_alert(b, sentence_of(b, why));
    if (why == FAIL_BUSY)
        visit_header(b->visit, STR("Retry-After"), STR("2"));
    return page_send(b, outcome_status(why));
}

/* ---- serving ---- */

static size_t language_of(const Browser *b)
{
    const Request *r = b->visit->request;
    Str            wanted = cookie(r, STR(COOKIE_LANGUAGE));
    UrlParam      *params;
    size_t         count;

    if (r->query.len && url_params(b->call, r->query, &params, &count) == OK)
        for (size_t i = 0; i < count; i++)
            if (str_equal(params[i].name, STR("lang")))
                wanted = params[i].value;
    for (size_t i = 0; i < LANGUAGES; i++)
        if (str_equal(wanted, languages[i]))
            return i;
    return accept_language(request_header(r, STR("Accept-Language")), languages, LANGUAGES);
}

static void take_cookies(Browser *b)
{
    const Request *r = b->visit->request;

    b->language = language_of(b);
    b->secret = cookie(r, STR(COOKIE_SESSION));
    b->device = cookie(r, STR(COOKIE_DEVICE));
    b->form = cookie(r, STR(COOKIE_FORM));
}

static Fail open(Browser *b)
{
    char       drawn[TOKEN_CHARS + 1];
    SecretHash hash;

    take_cookies(b);
    if (b->form.len != TOKEN_CHARS && !browser_posted(b)) {
        token_draw(b->call->arena, drawn, hash);
        b->form = arena_str(b->call->arena, str_from(drawn));
        put_cookie(b, COOKIE_FORM, b->form, -1);
    }
    TRY(take_params(b));
    if (!browser_posted(b) && browser_param(b, "lang").len)
        put_cookie(b, COOKIE_LANGUAGE, languages[b->language], DEVICE_SECONDS);
    if (browser_posted(b))
        TRY(check_form(b));
    return sign_in_find(b->call, b->visit->session, b->secret, &b->person);
}

static Fail send_to_sign_in(Browser *b)
{
    const Request *r = b->visit->request;
    Buf            to = buf_new(b->call->arena, 256);

    buf_put(&to, STR("/sign-in"));
    if (r->method == HTTP_GET && r->query.len) {
        buf_put(&to, STR("?next="));
        url_encode(&to, r->path);
        url_encode(&to, STR("?"));
        url_encode(&to, r->query);
    }
    return browser_redirect(b, buf_str(&to));
}

static Fail serve(Browser *b, Fail (*page)(Browser *b))
{
    TRY(open(b));
    if (b->visit->need != NEEDS_BROWSER && b->person.stage != STAGE_FULL)
        return send_to_sign_in(b);
    if (b->visit->need == NEEDS_FRESH && !sign_in_fresh(b->call, &b->person))
        return steps_ask_proof(b);
    return page(b);
}

Fail browser_serve(Visit *v, Fail (*page)(Browser *b))
{
    Browser *b = NEW(v->call->arena, Browser);
    Fail     result;

    if (v->context->quick) {
        v->reply->wants_worker = true;
        return OK;
    }
    *b = (Browser){ .visit = v, .call = v->call };
    result = serve(b, page);
    return result == OK ? OK : send_failure(b, result);
}

Fail browser_serve_open(Visit *v, Fail (*page)(Browser *b))
{
    Browser *b = NEW(v->call->arena, Browser);
    Fail     result;

    if (v->context->quick) {
        v->reply->wants_worker = true;
        return OK;
    }
    *b = (Browser){ .visit = v, .call = v->call, .open = true };
    b->language = language_of(b);
    result = take_params(b);
    if (result == OK && browser_posted(b) && !is_from_here(b))
        result = fail(b->call, FAIL_FORBIDDEN, (Str){ 0 }, "The form is from elsewhere");
    if (result == OK)
        result = page(b);
    return result == OK ? OK : send_failure(b, result);
}

/* ---- for programs ---- */

static Fail check_program(Browser *b)
{
    const Request *r = b->visit->request;
    Str            type, rest;

    if (!request_header(r, STR("X-Hale-Request")).len || !is_from_here(b))
        return fail(b->call, FAIL_FORBIDDEN, STR("X-Hale-Request"),
                    "This is for pages of this server: the header X-Hale-Request is missing");
    if (!str_cut(request_header(r, STR("Content-Type")), ';', &type, &rest))
        type = request_header(r, STR("Content-Type"));
    if (!str_equal_ascii_nocase(str_trim(type), STR("application/json")))
        return fail(b->call, FAIL_MEDIA_TYPE, STR("Content-Type"), "This must be JSON");
    return OK;
}

Fail browser_serve_json(Visit *v, Fail (*answer)(Browser *b))
{
    Browser *b = NEW(v->call->arena, Browser);

    if (v->context->quick) {
        v->reply->wants_worker = true;
        return OK;
    }
    *b = (Browser){ .visit = v, .call = v->call };
    take_cookies(b);
    TRY(sign_in_find(b->call, v->session, b->secret, &b->person));
    if (b->person.stage != STAGE_FULL)
        return fail(b->call, FAIL_LOGIN, (Str){ 0 }, "Sign in first, at /sign-in");
    TRY(check_program(b));
    return answer(b);
}

void browser_audit(Browser *b, Interaction kind, Fail result, Str detail)
{
    Reply *reply = b->visit->reply;

    reply->kind = kind;
    reply->audit = interaction_people_audit(b->call, kind, result, 200, b->person.login.patient,
                                            visit_address(b->visit), detail);
    reply->unaudited = true;
}
