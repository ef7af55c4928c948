/*
 * What a browser or a watchdog finds outside FHIR: the landing page, health and metrics.
 * Pages carry no script; security rule B9.
 */
#include "base/buf.h"
#include "server/app.h"
#include "server/metrics.h"
#include "server/negotiate.h"
#include "server/router.h"

static const char stylesheet[] =
    ":root{color-scheme:light dark;--ink:#1c2733;--paper:#fbfaf7;--line:#d9d4c8;--accent:#0b6e5f;"
    "--field:#fff;--edge:#857f72;--bad:#a3231b}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e3dc;--paper:#161b20;--line:#333c45;"
    "--accent:#5cc7b2;--field:#1d242b;--edge:#7c8894;--bad:#ff9a8d}}"
    "body{margin:0;background:var(--paper);color:var(--ink);"
    "font:1.05rem/1.6 system-ui,sans-serif;overflow-wrap:anywhere}"
    "main{max-width:42rem;margin:0 auto;padding:clamp(2rem,12vh,8rem) 1.25rem 4rem}"
    "h1{font-size:2.2rem;line-height:1.1;margin:0 0 .5rem;letter-spacing:-.02em}"
    "h2{font-size:1.05rem;margin:2.2rem 0 .4rem;color:var(--accent)}"
    "p{margin:.4rem 0}a{color:var(--accent)}"
    "a:focus-visible{outline:.15rem solid;outline-offset:.15rem}"
    "code,pre{font-family:ui-monospace,monospace;font-size:.92em}"
    "pre{margin:.6rem 0;padding:.9rem 1rem;border:1px solid var(--line);border-radius:.4rem;"
    "white-space:pre-wrap;line-height:1.5}"
    ".narrow{max-width:27rem;padding-top:clamp(1.5rem,7vh,5rem)}"
    "header{display:flex;justify-content:space-between;margin-bottom:2rem}"
    "header strong{color:var(--accent);letter-spacing:.02em}"
    ".narrow h1{font-size:1.7rem;margin-bottom:1.2rem}"
    ".field{margin:1.1rem 0}label{display:block;font-weight:600}"
    ".hint{display:block;font-size:.9rem;opacity:.8}"
    "input:not([type=checkbox]){box-sizing:border-box;width:100%;margin-top:.3rem;"
    "padding:.6rem .7rem;font:inherit;color:inherit;background:var(--field);"
    "border:1px solid var(--edge);border-radius:.4rem}"
    "input[aria-invalid]{border-color:var(--bad)}"
    "button,.button{display:inline-block;margin-top:.4rem;padding:.6rem 1.3rem;font:inherit;"
    "font-weight:600;color:var(--paper);background:var(--accent);border:1px solid var(--accent);"
    "border-radius:.4rem;text-decoration:none;cursor:pointer}"
    "button.second,.apps button{color:var(--accent);background:none}"
    "input:focus-visible,button:focus-visible{outline:.15rem solid var(--accent);"
    "outline-offset:.15rem}"
    ".alert,.done{padding:.7rem .9rem;border:1px solid var(--bad);border-left-width:.3rem;"
    "border-radius:.4rem}.done{border-color:var(--accent)}"
    "select,textarea{box-sizing:border-box;width:100%;margin-top:.3rem;padding:.6rem .7rem;"
    "font:inherit;color:inherit;background:var(--field);border:1px solid var(--edge);"
    "border-radius:.4rem}"
    ".choice{display:flex;gap:.6rem;align-items:baseline;padding:.45rem 0;font-weight:400}"
    ".choice input{flex:none;width:auto;margin:0}"
    ".times{display:grid;grid-template-columns:repeat(auto-fill,minmax(5.5rem,1fr));gap:.5rem;"
    "list-style:none;padding:0;margin:.4rem 0}.times li{margin:0}.times button{width:100%;margin:0;"
    "padding:.55rem .3rem;color:var(--accent);background:none;min-height:2.75rem}"
    ".pages{display:flex;justify-content:space-between;gap:1rem;margin:1.4rem 0}"
    ".fault{display:block;margin-top:.3rem;color:var(--bad);font-size:.95rem}"
    ".qr{display:block;width:13rem;max-width:100%;margin:.6rem auto}"
    ".key{font-size:1.05rem;text-align:center}.codes{columns:2;list-style:none;padding:0}"
    "ol{padding-left:1.3rem}li{margin:.5rem 0}.apps{list-style:none;padding:0}"
    ".apps li{padding:.8rem 0;border-top:1px solid var(--line)}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.3rem 1.2rem}dt{opacity:.8}dd{margin:0}"
    ".scopes{list-style:none;padding:0}.scopes label{font-weight:400}"
    ".scopes li{display:flex;gap:.6rem;align-items:baseline}input{accent-color:var(--accent)}"
    ".apps ul{padding-left:1.2rem}.apps ul li{margin:.1rem 0;padding:0;border:0}"
    "fieldset{margin:1.2rem 0;padding:0;border:0}legend{padding:0;font-weight:600}"
    "footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.9rem}";

/* The page's words. Where FHIR is stands behind `where`. */
typedef struct Words {
    const char *title, *intro, *open;
    const char *where_title, *where, *capabilities;
    const char *first_title, *token;
    const char *health_title, *health;
} Words;

static const Str languages[] = { STR_INIT("en"), STR_INIT("fr") };

static const Words words[] = {
    {
        .title = "Hale is running",
        .intro = "This is a medical record server. It speaks FHIR R4.",
        .open = "Open the app",
        .where_title = "Where FHIR is",
        .where = "What it offers is said by its",
        .capabilities = "CapabilityStatement",
        .first_title = "A first request",
        .token = "Everything else needs a token, which the owner of the data folder makes:",
        .health_title = "Is it well?",
        .health = "for a watchdog, <code>/metrics</code> from this machine.",
    },
    {
        .title = "Hale fonctionne",
        .intro = "Ceci est un serveur de dossiers médicaux. Il parle FHIR R4.",
        .open = "Ouvrir l’application",
        .where_title = "Où se trouve FHIR",
        .where = "Ce qui est offert est décrit par son",
        .capabilities = "CapabilityStatement",
        .first_title = "Une première requête",
        .token = "Tout le reste demande un jeton, que crée le propriétaire du dossier de"
                 " données&nbsp;:",
        .health_title = "Tout va bien&nbsp;?",
        .health =
            "pour un programme de surveillance, <code>/metrics</code> depuis cette machine.",
    },
};
_Static_assert(COUNT(words) == COUNT(languages), "words for each language");

/* The address is our own configuration, never what a client sent. */
static void put_page(Buf *out, size_t language, Str base)
{
    const Words *w = &words[language];

    buf_printf(out,
               "<!doctype html>\n<html lang=\"%.*s\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<title>Hale</title>\n<link rel=\"stylesheet\" href=\"/hale.css\">\n"
               "</head>\n<body>\n<main>\n<h1>%s</h1>\n<p>%s</p>\n",
               STR_ARG(languages[language]), w->title, w->intro);
    if (app_files[0].path)
        buf_printf(out, "<p><a class=\"button\" href=\"/app/\">%s</a></p>\n", w->open);
    buf_printf(out,
               "<h2>%s</h2>\n<p><code>%.*s/fhir</code></p>\n<p>%s "
               "<a href=\"/fhir/metadata\">%s</a>.</p>\n",
               w->where_title, STR_ARG(base), w->where, w->capabilities);
    buf_printf(out,
               "<h2>%s</h2>\n<pre>curl %.*s/fhir/metadata</pre>\n<p>%s</p>\n"
               "<pre>TOKEN=$(hale token --data DIR --scope 'system/*.cruds')\n"
               "curl -H \"Authorization: Bearer $TOKEN\" '%.*s/fhir/Patient'</pre>\n",
               w->first_title, STR_ARG(base), w->token, STR_ARG(base));
    buf_printf(out,
               "<h2>%s</h2>\n<p><a href=\"/health\">/health</a> %s</p>\n"
               "<footer>Hale " HALE_VERSION "</footer>\n</main>\n</body>\n</html>\n",
               w->health_title, w->health);
}

/* Base addresses are letters, digits and ":/.-[]"; anything else is not shown. */
static bool is_plain_address(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (strchr("<>&\"'", s.at[i]))
            return false;
    return true;
}

Fail landing_answer(Visit *v)
{
    Buf    page = buf_new(v->call->arena, 4096);
    Str    base = v->context->base_url;
    size_t language = accept_language(request_header(v->request, STR("Accept-Language")),
                                      languages, COUNT(languages));

    put_page(&page, language, is_plain_address(base) ? base : (Str){ 0 });
    visit_header(v, STR("Content-Language"), languages[language]);
    visit_header(v, STR("Vary"), STR("Accept-Language"));
    visit_header(v, STR("Content-Security-Policy"),
                 STR("default-src 'none'; style-src 'self'; base-uri 'none'; "
                     "form-action 'none'; frame-ancestors 'none'"));
    visit_header(v, STR("Cross-Origin-Opener-Policy"), STR("same-origin"));
    visit_header(v, STR("Referrer-Policy"), STR("no-referrer"));
    return visit_answer(v, 200, STR("text/html; charset=utf-8"), buf_str(&page));
}

Fail stylesheet_answer(Visit *v)
{
    return visit_answer(v, 200, STR("text/css; charset=utf-8"),
                        (Str){ stylesheet, sizeof stylesheet - 1 });
}

/* Whether it answers at all is what a watchdog asks; it touches no record. */
Fail health_answer(Visit *v)
{
    return visit_answer(v, 200, STR("application/json"),
                        STR("{\"status\":\"ok\",\"version\":\"" HALE_VERSION "\"}"));
}

Fail metrics_answer(Visit *v)
{
    StoreFacts facts;
    Buf        text;

    if (v->context->quick) {
        v->reply->wants_worker = true; /* the store counts */
        return OK;
    }
    TRY(store_facts(v->call, v->session, &facts));
    text = buf_new(v->call->arena, 16 * 1024);
    metrics_write(&text, &facts);
    return visit_answer(v, 200,
                        STR("application/openmetrics-text; version=1.0.0; charset=utf-8"),
                        buf_str(&text));
}
