/* What a person sees of their own login, and the apps they have let in. */
#include "access/client.h"
#include "base/moment.h"
#include "codec/base64.h"
#include "server/passkey.h"

typedef struct AppList {
    Browser *b;
    App     *apps;
    size_t   count, room;
} AppList;

static bool gather(void *context, const App *app)
{
    AppList *l = context;

    if (app->revoked || l->b->call->now_us >= app->ends_us
        || str_equal(app->client, CLIENT_OWN))
        return true;
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 8;

        l->apps = arena_grow(l->b->call->arena, l->apps, l->room * sizeof *l->apps,
                             room * sizeof *l->apps);
        l->room = room;
    }
    l->apps[l->count++] = *app;
    return true;
}

static Fail put_app(Browser *b, const App *app)
{
    Str    rest = app->scopes, scope;
    Client client;

    TRY(store_client_find(b->call, b->visit->session, app->client, &client));
    page_put(b, "<li><strong>");
    page_text(b, client.name);
    page_put(b, "</strong>\n<ul>\n");
    while (str_next(&rest, ' ', &scope)) {
        size_t before = b->page.len;

        page_put(b, "<li>");
        if (page_scope(b, scope))
            page_put(b, "</li>\n");
        else
            b->page.len = before;
    }
    page_put(b, "</ul>\n");
    page_form(b, "/account/revoke");
    page_hidden(b, "app", arena_printf(b->call->arena, "%u", app->number));
    page_form_end(b, say(b, "Take it back", "Retirer l’accès"));
    page_put(b, "</li>\n");
    return OK;
}

static Fail put_apps(Browser *b)
{
    AppList list = { .b = b };

    TRY(store_app_each(b->call, b->visit->session, b->person.login.number, gather, &list));
    page_printf(b, "<h2>%s</h2>\n",
                say(b, "Apps that may act for you", "Applications autorisées"));
    if (list.count == 0)
        page_printf(b, "<p>%s</p>\n", say(b, "None.", "Aucune."));
    else
        page_put(b, "<ul class=\"apps\">\n");
    for (size_t i = 0; i < list.count; i++)
        TRY(put_app(b, &list.apps[i]));
    if (list.count)
        page_put(b, "</ul>\n");
    return OK;
}

/* ---- how one signs in ---- */

static void put_link(Browser *b, const char *to, const char *text)
{
    page_printf(b, " <a href=\"%s\">%s</a>", to, text);
}

static Fail put_proofs(Browser *b)
{
    const Login *l = &b->person.login;
    unsigned     left;

    TRY(store_recovery_count(b->call, b->visit->session, l->number, &left));
    page_printf(b, "<h2>%s</h2>\n<dl>\n<dt>%s</dt><dd>", say(b, "How you sign in", "Connexion"),
                say(b, "Password", "Mot de passe"));
    put_link(b, "/account/password", say(b, "change it", "le changer"));
    page_printf(b, "</dd>\n<dt>%s</dt><dd>", say(b, "Second step", "Deuxième étape"));
    if (l->totp.len) {
        page_put(b, say(b, "set up;", "configurée ;"));
        put_link(b, "/sign-in/setup", say(b, "another telephone", "autre téléphone"));
        if (!b->person.role->staff)
            put_link(b, "/account/second-step/end", say(b, "do without", "s’en passer"));
        page_printf(b, "</dd>\n<dt>%s</dt><dd>%u %s",
                    say(b, "Recovery codes", "Codes de secours"), left,
                    say(b, "left;", "restants ;"));
        put_link(b, "/account/recovery", say(b, "new ones", "en créer de nouveaux"));
    } else {
        put_link(b, "/sign-in/setup", say(b, "set it up", "la configurer"));
    }
    page_put(b, "</dd>\n</dl>\n");
    return OK;
}

/* ---- browsers ---- */

static bool put_session(void *context, const LoginSession *session)
{
    Browser *b = context;
    Person   person = { .session = *session, .login = b->person.login, .role = b->person.role };
    bool     here = memcmp(session->hash, b->person.session.hash, sizeof session->hash) == 0;
    char     seen[INSTANT_CHARS + 1];
    Buf      hash = buf_new(b->call->arena, 2 * SECRET_HASH_BYTES + 1);

    if (session->stage != STAGE_FULL || !sign_in_alive(b->call, &person))
        return true;
    moment_format_instant(session->seen_us, seen);
    page_put(b, "<li>");
    page_text(b, session->agent.len ? session->agent
                                    : str_from(say(b, "a browser", "un navigateur")));
    page_printf(b, "<br>%s %.16s UTC", say(b, "last seen", "vu le"), seen);
    if (session->network.len) {
        page_put(b, say(b, ", from ", ", depuis "));
        page_text(b, session->network);
    }
    if (here) {
        page_printf(b, "<br><strong>%s</strong></li>\n", say(b, "this one", "celui-ci"));
        return true;
    }
    base16_put(&hash, (Str){ (const char *)session->hash, sizeof session->hash });
    page_form(b, "/account/session");
    page_hidden(b, "session", buf_str(&hash));
    page_form_end(b, say(b, "Sign it out", "Le déconnecter"));
    page_put(b, "</li>\n");
    return true;
}

static Fail put_sessions(Browser *b)
{
    page_printf(b, "<h2>%s</h2>\n<ul class=\"apps\">\n",
                say(b, "Where you are signed in", "Navigateurs connectés"));
    TRY(store_login_session_each(b->call, b->visit->session, b->person.login.number,
                                 put_session, b));
    page_put(b, "</ul>\n");
    return OK;
}

/* Another's is not found, like one that has ended. */
static Fail session_page(Browser *b)
{
    SecretHash hash;
    Fail       result;

    if (!base16_read(browser_param(b, "session"), hash, sizeof hash))
        return fail(b->call, FAIL_NOT_FOUND, STR("session"), "There is no such session");
    result = store_login_session_end(b->call, session_store(b->visit->session),
                                     b->person.login.number, hash);
    browser_audit(b, INTERACTION_SIGN_IN, result,
                  steps_who(b, &b->person, "another of its browsers signed out"));
    TRY(result);
    return browser_redirect(b, STR("/account"));
}

Fail account_session_answer(Visit *v)
{
    return browser_serve(v, session_page);
}

/* ---- the page ---- */

static Fail account_page(Browser *b)
{
    const Login *l = &b->person.login;

    page_begin(b, say(b, "Your login", "Votre compte"));
    if (str_equal(browser_param(b, "done"), STR("password")))
        page_printf(b, "<p class=\"done\" role=\"status\">%s</p>\n",
                    say(b, "Your password is changed.", "Votre mot de passe est changé."));
    page_printf(b, "<dl>\n<dt>%s</dt><dd>%.*s</dd>\n<dt>%s</dt><dd>%.*s</dd>\n",
                say(b, "Login", "Identifiant"), STR_ARG(l->name), say(b, "Role", "Rôle"),
                STR_ARG(l->role));
    if (l->linked.len)
        page_printf(b, "<dt>%s</dt><dd>%.*s</dd>\n", say(b, "You are", "Vous êtes"),
                    STR_ARG(l->linked));
    page_put(b, "</dl>\n");
    TRY(put_proofs(b));
    TRY(passkey_put_list(b));
    TRY(put_sessions(b));
    TRY(put_apps(b));
    page_form(b, "/sign-out");
    page_form_end(b, say(b, "Sign out", "Se déconnecter"));
    return page_send(b, 200);
}

Fail account_answer(Visit *v)
{
    return browser_serve(v, account_page);
}

/* Another's is not found: the two look alike. */
static Fail revoke_page(Browser *b)
{
    uint64_t number;
    App      app;

    if (!str_to_u64(browser_param(b, "app"), &number) || number > UINT32_MAX)
        return fail(b->call, FAIL_NOT_FOUND, STR("app"), "There is no such app");
    TRY(store_app_at(b->call, b->visit->session, (uint32_t)number, &app));
    if (app.login != b->person.login.number)
        return fail(b->call, FAIL_NOT_FOUND, STR("app"), "There is no such app");
    TRY(store_app_revoke(b->call, session_store(b->visit->session), app.number));
    browser_audit(b, INTERACTION_AUTHORIZE, OK,
                  arena_printf(b->call->arena, "login %.*s took back what client %.*s had",
                               STR_ARG(b->person.login.name), STR_ARG(app.client)));
    return browser_redirect(b, STR("/account"));
}

Fail account_revoke_answer(Visit *v)
{
    return browser_serve(v, revoke_page);
}
