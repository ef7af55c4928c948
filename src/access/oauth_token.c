/* Codes and refresh tokens become access tokens, and what becomes of these: see oauth.h. */
#include "access/oauth.h"

#include "base/buf.h"
#include "codec/base64.h"
#include "codec/secret.h"

static const int64_t second_us = INT64_C(1000) * 1000;

enum { VERIFIER_CHARS_MIN = 43, VERIFIER_CHARS_MAX = 128 };

static const OauthError bad_grant = { "invalid_grant",
                                      "The code or token is not good, or not any more" };

/* ---- what a token belongs to ---- */

/* Whether the login may still use the record that the app was let into. */
static Fail record_open(Call *c, Session *s, const App *app, const Login *login, bool *open)
{
    const Role   *role = role_find(login->role);
    LoginPatients all;

    if (!role->proxy) {
        *open = !role->own_chart || str_equal(app->patient, login->patient);
        return OK;
    }
    *open = false;
    TRY(store_login_patients(c, s, login->number, &all));
    for (size_t i = 0; i < all.count; i++)
        *open |=
            str_equal(all.rows[i].patient, app->patient) && proxy_in_force(c, &all.rows[i]);
    return OK;
}

/* Whose it is and whether it still holds: the login, its right to the record, its session. */
static Fail app_alive(Call *c, Session *s, const App *app, Login *login, bool *alive)
{
    LoginSession session;
    Person       person;
    bool         open;
    Fail         result;

    *alive = false;
    if (app->revoked || c->now_us >= app->ends_us)
        return OK;
    TRY(store_login_at(c, s, app->login, login));
    if (!sign_in_usable(c, login))
        return OK;
    TRY(record_open(c, s, app, login, &open));
    if (!open)
        return OK;
    if (app->session.len == 0) {
        *alive = true;
        return OK;
    }
    memcpy(session.hash, app->session.at, sizeof session.hash);
    result = store_login_session_find(c, s, session.hash, &session);
    TRY(result);
    person = (Person){ .session = session, .login = *login, .role = role_find(login->role) };
    *alive = sign_in_alive(c, &person);
    return OK;
}

/* The resource scopes of a granted text: what a Grant keeps. */
static Str rights_of(Call *c, Str scopes, Str patient, Principal *rights)
{
    Wish wish;

    wish_read(c, scopes, &wish);
    memcpy(wish.rights.patient, patient.at ? patient.at : "", patient.len);
    *rights = wish.rights;
    return scopes_write(c->arena, rights);
}

/* Who it is, as far as the app was let know it. */
static void tell_who(Call *c, const App *app, const Login *login, TokenGiven *out)
{
    Wish wish;

    wish_read(c, app->scopes, &wish);
    out->openid = wish.openid;
    out->login_number = login->number;
    out->fhir_user = wish.fhir_user ? login->linked : (Str){ 0 };
}

/* ---- giving ---- */

static Fail give(Call *c, Session *s, const App *app, const Login *login, const Client *client,
                 Redemption *r, TokenGiven *out, bool *taken)
{
    token_draw(c->arena, out->access, r->access.hash);
    out->refresh[0] = '\0';
    if (r->renews)
        token_draw(c->arena, out->refresh, r->next);
    r->app = app->number;
    r->access.app = app->number;
    r->access.patient = app->patient;
    r->access.name =
        arena_printf(c->arena, "%.*s by %.*s", STR_ARG(login->name), STR_ARG(client->id));
    r->access.made_us = c->now_us;
    r->access.ends_us = c->now_us + ACCESS_SECONDS * second_us;
    r->app_ends_us =
        app->session.len ? app->ends_us : c->now_us + (int64_t)REFRESH_DAYS * 86400 * second_us;
    out->seconds = ACCESS_SECONDS;
    out->patient = app->patient;
    out->context = app->context;
    out->launched = str_find(app->scopes, STR("launch")) >= 0;
    out->login = login->name;
    return store_app_redeem(c, session_store(s), r, taken);
}

static bool verifier_fits(Arena *a, Str verifier, Str challenge)
{
    uint8_t digest[SHA256_BYTES];
    Buf     text = buf_new(a, TOKEN_CHARS + 1);

    if (verifier.len < VERIFIER_CHARS_MIN || verifier.len > VERIFIER_CHARS_MAX)
        return false;
    digest_sha256(verifier, digest);
    base64_put_url(&text, (Str){ (const char *)digest, sizeof digest });
    return secret_equal(buf_str(&text), challenge);
}

/* A code of another client, with another address or without its verifier is left as it is: who
 * only overheard it cannot spend it. */
static Fail by_code(Call *c, Session *s, const Client *client, const TokenOrder *order,
                    TokenGiven *out, OauthError *error)
{
    Redemption r = { 0 };
    AppCode    code;
    App        app;
    Login      login = { 0 };
    Principal  rights;
    bool       good;

    token_hash(order->code, r.used);
    TRY(store_code_find(c, s, r.used, &code));
    TRY(store_app_at(c, s, code.app, &app));
    *error = bad_grant;
    if (!str_equal(app.client, client->id) || !str_equal(code.redirect, order->redirect_uri)
        || !verifier_fits(c->arena, order->code_verifier, code.challenge))
        return OK;
    TRY(app_alive(c, s, &app, &login, &good));
    if (!code.used && (!good || c->now_us >= code.ends_us))
        return OK;
    r.renews = str_find(app.scopes, STR("_access")) >= 0;
    r.access.scopes = rights_of(c, app.scopes, app.patient, &rights);
    out->scope = app.scopes;
    tell_who(c, &app, &login, out);
    out->nonce = code.nonce;
    out->proved_us = code.proved_us;
    if (code.used)
        login = (Login){ 0 };
    TRY(give(c, s, &app, &login, client, &r, out, &good));
    if (good)
        *error = (OauthError){ 0 };
    return OK;
}

/* Less than was given may be asked for; the next refresh has all of it again (RFC 6749 6). */
static bool narrow_scope(Call *c, Str asked, Str had, Str patient, Str *rights, Str *scope)
{
    Principal all, wanted, cut;
    Str       before, after;

    *rights = rights_of(c, had, patient, &all);
    *scope = had;
    if (asked.len == 0)
        return true;
    before = rights_of(c, asked, patient, &wanted);
    cut = wanted;
    principal_narrow(&cut, &all);
    after = scopes_write(c->arena, &cut);
    if (after.len == 0 || !str_equal(before, after))
        return false;
    *rights = *scope = after;
    return true;
}

static Fail by_refresh(Call *c, Session *s, const Client *client, const TokenOrder *order,
                       TokenGiven *out, OauthError *error)
{
    Redemption r = { .refresh = true, .renews = true };
    uint32_t   number;
    App        app;
    Login      login = { 0 };
    bool       good, used;

    token_hash(order->refresh_token, r.used);
    TRY(store_refresh_find(c, s, r.used, &number, &used));
    TRY(store_app_at(c, s, number, &app));
    *error = bad_grant;
    if (!str_equal(app.client, client->id))
        return OK;
    TRY(app_alive(c, s, &app, &login, &good));
    if (!good)
        return OK;
    if (!used
        && !narrow_scope(c, order->scope, app.scopes, app.patient, &r.access.scopes,
                         &out->scope)) {
        *error = (OauthError){ "invalid_scope", "That is more than was given" };
        return OK;
    }
    TRY(give(c, s, &app, &login, client, &r, out, &good));
    if (good)
        *error = (OauthError){ 0 };
    return OK;
}

Fail oauth_refresh_client(Call *c, Session *s, Str token, Str *id)
{
    uint32_t   issues = c->issue_count, number;
    SecretHash hash;
    App        app;
    Fail       result;
    bool       used;

    *id = (Str){ 0 };
    token_hash(token, hash);
    result = store_refresh_find(c, s, hash, &number, &used);
    if (result == OK)
        result = store_app_at(c, s, number, &app);
    if (result == FAIL_NOT_FOUND) {
        call_forget_issues(c, issues);
        return OK;
    }
    TRY(result);
    *id = app.client;
    return OK;
}

Fail oauth_token(Call *c, Session *s, const Client *client, const TokenOrder *order,
                 TokenGiven *out, OauthError *error)
{
    uint32_t issues = c->issue_count;
    Fail     result;

    *error = (OauthError){ 0 };
    if (str_equal(order->grant_type, STR("authorization_code"))) {
        result = by_code(c, s, client, order, out, error);
    } else if (str_equal(order->grant_type, STR("refresh_token"))) {
        result = by_refresh(c, s, client, order, out, error);
    } else if (str_equal(order->grant_type, STR("client_credentials"))) {
        result = oauth_backend(c, s, client, order, out, error);
    } else {
        *error = order->grant_type.len
                     ? (OauthError){ "unsupported_grant_type",
                                     "Only authorization_code, refresh_token and "
                                     "client_credentials are offered" }
                     : (OauthError){ "invalid_request", "grant_type is missing" };
        return OK;
    }
    if (result == FAIL_NOT_FOUND) {
        call_forget_issues(c, issues);
        *error = bad_grant;
        return OK;
    }
    return result;
}

/* ---- afterwards ---- */

static Fail revoke(Call *c, Session *s, const Client *client, Str token, Str *what)
{
    uint32_t   issues = c->issue_count, number;
    SecretHash hash;
    Grant      grant;
    App        app;
    Fail       result;
    bool       used;

    token_hash(token, hash);
    result = store_refresh_find(c, s, hash, &number, &used);
    if (result == OK) {
        TRY(store_app_at(c, s, number, &app));
        if (!str_equal(app.client, client->id))
            return OK;
        *what = arena_printf(c->arena, "all of app %u", number);
        return store_app_revoke(c, session_store(s), number);
    }
    call_forget_issues(c, issues);
    TRY(store_grant_find(c, s, hash, &grant));
    TRY(store_app_at(c, s, grant.app, &app));
    if (!str_equal(app.client, client->id))
        return OK;
    grant.revoked = true;
    *what = arena_printf(c->arena, "an access token of app %u", grant.app);
    return store_grant_put(c, session_store(s), &grant);
}

Fail oauth_revoke(Call *c, Session *s, const Client *client, Str token, Str *what)
{
    uint32_t issues = c->issue_count;
    Fail     result;

    *what = (Str){ 0 };
    result = revoke(c, s, client, token, what);
    if (result != FAIL_NOT_FOUND)
        return result;
    call_forget_issues(c, issues);
    return OK;
}

static Fail introspect(Call *c, Session *s, const Client *client, Str token, Introspection *out)
{
    uint32_t   issues = c->issue_count, number;
    SecretHash hash;
    Grant      grant;
    App        app;
    Login      login = { 0 };
    Principal  rights;
    TokenGiven who;
    bool       good, used;

    token_hash(token, hash);
    if (store_grant_find(c, s, hash, &grant) == OK) {
        TRY(store_app_at(c, s, grant.app, &app));
        good = !grant.revoked && c->now_us < grant.ends_us
               && !(grant.until_us && c->now_us >= grant.until_us);
        *out = (Introspection){ .scope = grant.scopes, .ends_us = grant.ends_us };
        if (app.login)
            TRY(store_login_at(c, s, app.login, &login));
    } else {
        call_forget_issues(c, issues);
        TRY(store_refresh_find(c, s, hash, &number, &used));
        TRY(store_app_at(c, s, number, &app));
        TRY(app_alive(c, s, &app, &login, &good));
        good = good && !used;
        *out = (Introspection){ .scope = rights_of(c, app.scopes, app.patient, &rights),
                                .ends_us = app.ends_us };
    }
    out->active = good && str_equal(app.client, client->id);
    tell_who(c, &app, &login, &who);
    out->openid = app.login && who.openid;
    out->fhir_user = who.fhir_user;
    out->login_number = login.number;
    out->patient = app.patient;
    out->context = app.context;
    out->login = login.name;
    return OK;
}

Fail oauth_introspect(Call *c, Session *s, const Client *client, Str token, Introspection *out)
{
    uint32_t issues = c->issue_count;
    Fail     result = introspect(c, s, client, token, out);

    if (result == OK && out->active)
        return OK;
    call_forget_issues(c, issues);
    *out = (Introspection){ 0 };
    return result == FAIL_NOT_FOUND ? OK : result;
}
