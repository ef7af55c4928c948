/*
 * What apps speak with: tokens, revocation, introspection. Answers are JSON, errors too (RFC 6749
 * 5.2, RFC 7009, RFC 7662). Where a person is asked is authorize.c.
 */
#include "access/oauth.h"
#include "access/openid.h"
#include "access/throttle.h"
#include "base/limits.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/url.h"
#include "fhir/outcome.h"
#include "server/key_cache.h"
#include "server/router.h"

typedef struct Form {
    Visit    *visit;
    Call     *call;
    UrlParam *params;
    size_t    count;
    Client    client;
    Str       fault;  /* why the client is not known, for the audit */
    bool      basic;  /* the client proved itself by an Authorization header */
    Str       detail; /* for the audit */
} Form;

static const OauthError twice = { "invalid_request", "A parameter stands there twice" };
static const OauthError no_form = { "invalid_request", "This must be a form" };
static const OauthError stranger = { "invalid_client",
                                     "The client is not known, or not proven" };

static Str param(const Form *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (str_equal(f->params[i].name, str_from(name)))
            return f->params[i].value;
    return (Str){ 0 };
}

static bool has_doubles(const Form *f)
{
    for (size_t i = 0; i < f->count; i++)
        for (size_t j = 0; j < i; j++)
            if (str_equal(f->params[i].name, f->params[j].name))
                return true;
    return false;
}

/* ---- answers ---- */

/* A page of the app may read the answer, if it stands where the app may be sent back to. */
static void put_origin(Form *f)
{
    Str origin = request_header(f->visit->request, STR("Origin"));
    Str rest = f->client.redirects, line;

    while (origin.len && str_next(&rest, '\n', &line))
        if (str_equal(redirect_origin(line), origin)) {
            visit_header(f->visit, STR("Access-Control-Allow-Origin"), origin);
            visit_header(f->visit, STR("Vary"), STR("Origin"));
            return;
        }
}

static Fail send_json(Form *f, int status, Str body)
{
    visit_header(f->visit, STR("Pragma"), STR("no-cache"));
    put_origin(f);
    return visit_answer(f->visit, status, STR("application/json"), body);
}

static Fail send_error(Form *f, const OauthError *e)
{
    bool unknown = e->error == stranger.error;

    if (unknown && f->basic)
        visit_header(f->visit, STR("WWW-Authenticate"), STR("Basic realm=\"hale\""));
    return send_json(f, unknown ? 401 : 400,
                     arena_printf(f->call->arena,
                                  "{\"error\":\"%s\",\"error_description\":\"%s\"}", e->error,
                                  e->description));
}

static void audit(Form *f, Fail result, Str patient, Str detail)
{
    Reply *reply = f->visit->reply;

    reply->kind = INTERACTION_AUTHORIZE;
    reply->audit = interaction_people_audit(f->call, INTERACTION_AUTHORIZE, result, 200,
                                            patient, visit_address(f->visit), detail);
    reply->unaudited = true;
}

/* ---- who asks ---- */

/* "Basic " and base64 of two form-encoded words with a colon between (RFC 6749 2.3.1). */
static bool basic_read(Arena *a, Str header, Str *id, Str *secret)
{
    Str scheme, text, pair, left, right;

    return str_cut(header, ' ', &scheme, &text) && str_equal_ascii_nocase(scheme, STR("Basic"))
           && base64_read(a, text, &pair) && str_cut(pair, ':', &left, &right)
           && url_decode(a, left, true, id) && url_decode(a, right, true, secret);
}

/* One way of proving it, not two. */
static Fail find_client(Form *f, OauthError *error)
{
    Str  header = request_header(f->visit->request, STR("Authorization"));
    Str  id = param(f, "client_id"), secret = param(f, "client_secret");
    char network[64];

    ClientProof proof = {
        .assertion = param(f, "client_assertion"),
        .assertion_type = param(f, "client_assertion_type"),
        .network = throttle_network(visit_address(f->visit), network),
        .source = key_cache_get,
        .source_context = (void *)(uintptr_t)f->visit->context,
    };
    Fail result;

    *error = stranger;
    f->basic = header.len > 0;
    if (f->basic) {
        Str other = id;

        if (secret.len || proof.assertion.len
            || !basic_read(f->call->arena, header, &id, &secret)
            || (other.len && !str_equal(other, id)))
            return OK;
    }
    if (!f->basic && id.len == 0 && proof.assertion.len == 0
        && str_equal(param(f, "grant_type"), STR("refresh_token")))
        TRY(oauth_refresh_client(f->call, f->visit->session, param(f, "refresh_token"), &id));
    proof.id = id;
    proof.secret = secret;
    proof.audiences[0] =
        arena_printf(f->call->arena, "%.*s/oauth2/token", STR_ARG(f->visit->context->base_url));
    proof.audiences[1] = f->visit->context->base_url;
    result = client_prove(f->call, f->visit->session, &proof);
    if (result == FAIL_THROTTLED)
        visit_header(f->visit, STR("Retry-After"),
                     arena_printf(f->call->arena, "%u", proof.wait_s));
    TRY(result);
    f->fault = str_from(proof.fault);
    if (proof.known) {
        f->client = proof.client;
        *error = (OauthError){ 0 };
    }
    return OK;
}

static Fail open(Form *f, OauthError *error)
{
    const Request *r = f->visit->request;
    Str            type = request_header(r, STR("Content-Type")), before, after;

    if (str_cut(type, ';', &before, &after))
        type = before;
    *error = no_form;
    if (!str_equal_ascii_nocase(str_trim(type), STR("application/x-www-form-urlencoded"))
        || request_header(r, STR("Content-Encoding")).len || r->query.len)
        return OK;
    if (url_params(f->call, r->body, &f->params, &f->count) != OK) {
        call_forget_issues(f->call, 0);
        return OK;
    }
    *error = twice;
    if (has_doubles(f))
        return OK;
    return find_client(f, error);
}

/* Everything that asks as an app. A failure of ours is said in OAuth's words, too. */
static Fail serve(Visit *v, Fail (*endpoint)(Form *f))
{
    Form      *f = NEW(v->call->arena, Form);
    OauthError error;
    Fail       result;

    if (v->context->quick) {
        v->reply->wants_worker = true;
        return OK;
    }
    *f = (Form){ .visit = v, .call = v->call };
    result = open(f, &error);
    if (result == OK && error.error) {
        if (error.error == stranger.error)
            audit(f, FAIL_LOGIN, (Str){ 0 },
                  arena_printf(v->call->arena, "a client was refused%s%.*s",
                               f->fault.len ? ": " : "", STR_ARG(f->fault)));
        return send_error(f, &error);
    }
    if (result == OK)
        result = endpoint(f);
    if (result == OK)
        return OK;
    call_forget_issues(v->call, 0);
    if (result == FAIL_BUSY)
        visit_header(v, STR("Retry-After"), STR("2"));
    return send_json(f, outcome_status(result),
                     STR("{\"error\":\"temporarily_unavailable\","
                         "\"error_description\":\"That did not work; try again\"}"));
}

/* ---- tokens ---- */

static void put_text(Buf *b, const char *name, Str value)
{
    if (value.len == 0)
        return;
    buf_printf(b, ",\"%s\":", name);
    buf_put_json_string(b, value);
}

/* What the app is told of where it was started. A banner with the patient's name is for the app to
 * show, unless who started it does. */
static void put_context(Form *f, Buf *out, Str patient, Str context)
{
    Json json;

    put_text(out, "patient", patient);
    if (context.len == 0 || json_parse(f->call, context, LIMIT_JSON_NODES, &json) != OK
        || json.values[0].kind != JSON_OBJECT)
        context = (Str){ 0 };
    if (patient.len && !(context.len && json_member(&json, 0, STR("need_patient_banner"))))
        buf_put(out, STR(",\"need_patient_banner\":true"));
    if (context.len && json.values[0].count) {
        buf_put_char(out, ',');
        buf_put(out, str_slice(context, 1, context.len - 1));
    }
}

static Str address_of(Form *f, Str reference)
{
    if (reference.len == 0)
        return reference;
    return arena_printf(f->call->arena, "%.*s/fhir/%.*s", STR_ARG(f->visit->context->base_url),
                        STR_ARG(reference));
}

/* Who has signed in, for the app (OpenID Connect). */
static Fail put_identity(Form *f, Buf *out, const TokenGiven *given)
{
    const OpenidFacts facts = { .issuer = f->visit->context->base_url,
                                .client = f->client.id,
                                .login = given->login_number,
                                .nonce = given->nonce,
                                .proved_us = given->proved_us,
                                .fhir_user = address_of(f, given->fhir_user) };
    Str               text;

    if (!given->openid)
        return OK;
    TRY(openid_token(f->call, f->visit->session, &facts, &text));
    put_text(out, "id_token", text);
    return OK;
}

static Fail token(Form *f)
{
    const TokenOrder order = { .grant_type = param(f, "grant_type"),
                               .code = param(f, "code"),
                               .redirect_uri = param(f, "redirect_uri"),
                               .code_verifier = param(f, "code_verifier"),
                               .refresh_token = param(f, "refresh_token"),
                               .scope = param(f, "scope") };
    TokenGiven       given = { 0 };
    OauthError       error;
    Buf              out = buf_new(f->call->arena, 512);

    TRY(oauth_token(f->call, f->visit->session, &f->client, &order, &given, &error));
    audit(f, error.error ? FAIL_FORBIDDEN : OK, given.patient,
          arena_printf(f->call->arena, "client %.*s, login %.*s: token by %s%s%s",
                       STR_ARG(f->client.id), STR_ARG(given.login),
                       given.seconds == BACKEND_SECONDS ? "its own key"
                       : order.refresh_token.len        ? "refresh"
                                                        : "code",
                       error.error ? " refused, " : "", error.error ? error.error : ""));
    if (error.error)
        return send_error(f, &error);
    buf_printf(&out, "{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%d",
               given.access, given.seconds);
    put_text(&out, "scope", given.scope);
    put_text(&out, "refresh_token", str_from(given.refresh));
    TRY(put_identity(f, &out, &given));
    put_context(f, &out, given.patient, given.context);
    if (given.launched)
        put_text(&out, "smart_style_url",
                 arena_printf(f->call->arena, "%.*s/smart-style.json",
                              STR_ARG(f->visit->context->base_url)));
    buf_put_char(&out, '}');
    explicit_bzero(&given, sizeof given);
    return send_json(f, 200, buf_str(&out));
}

Fail token_answer(Visit *v)
{
    return serve(v, token);
}

/* ---- afterwards ---- */

static Fail revoke(Form *f)
{
    Str what;

    TRY(oauth_revoke(f->call, f->visit->session, &f->client, param(f, "token"), &what));
    if (what.len)
        audit(f, OK, (Str){ 0 },
              arena_printf(f->call->arena, "client %.*s gave back %.*s", STR_ARG(f->client.id),
                           STR_ARG(what)));
    return send_json(f, 200, STR(""));
}

Fail revoke_answer(Visit *v)
{
    return serve(v, revoke);
}

/* Only who can prove who he is may ask. */
static Fail introspect(Form *f)
{
    Introspection found;
    Buf           out = buf_new(f->call->arena, 512);

    if (f->client.secret.len == 0 && !client_has_keys(&f->client))
        return send_error(f, &stranger);
    TRY(oauth_introspect(f->call, f->visit->session, &f->client, param(f, "token"), &found));
    if (!found.active)
        return send_json(f, 200, STR("{\"active\":false}"));
    buf_printf(&out, "{\"active\":true,\"exp\":%lld", (long long)(found.ends_us / 1000000));
    put_text(&out, "scope", found.scope);
    put_text(&out, "client_id", f->client.id);
    put_text(&out, "username", found.login);
    if (found.openid) {
        put_text(&out, "iss", f->visit->context->base_url);
        put_text(&out, "sub", openid_subject(f->call->arena, found.login_number));
        put_text(&out, "fhirUser", address_of(f, found.fhir_user));
    }
    put_context(f, &out, found.patient, found.context);
    buf_put_char(&out, '}');
    return send_json(f, 200, buf_str(&out));
}

Fail introspect_answer(Visit *v)
{
    return serve(v, introspect);
}
