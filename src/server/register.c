/*
 * Apps that register themselves (RFC 7591, OAuth 2.0 Dynamic Client Registration). What comes in
 * waits until an administrator approves or refuses it: before that it is known to nobody. The
 * address is open to everybody, so few are heard, and few may wait.
 */
#include "access/client_proof.h"
#include "access/throttle.h"
#include "base/limits.h"
#include "codec/json.h"
#include "fhir/outcome.h"
#include "server/router.h"

enum {
    REGISTRATIONS_MINUTE = 5, /* from one network */
    BODY_BYTES_MAX = 96 * 1024,
};

typedef struct Registering {
    Visit      *visit;
    Call       *call;
    Json        json;
    ClientAsked asked;
    Str         method; /* token_endpoint_auth_method */
    const char *error;  /* of RFC 7591 3.2.2 */
    const char *description;
} Registering;

static Str member(const Registering *r, const char *name)
{
    return json_member_text(&r->json, 0, str_from(name));
}

static bool refuse(Registering *r, const char *error, const char *description)
{
    r->error = error;
    r->description = description;
    return false;
}

/* ---- what is asked for ---- */

/* Every text of the array is one of `words` (separated by spaces); none is fine. */
static bool only(const Registering *r, const char *name, const char *words)
{
    uint32_t list = json_member(&r->json, 0, str_from(name));

    for (uint32_t i = list + 1; list && i < r->json.values[list].after;
         i = r->json.values[i].after) {
        Str  rest = str_from(words), word;
        bool found = false;

        while (str_next(&rest, ' ', &word))
            found |= str_equal(word, r->json.values[i].text);
        if (!found)
            return false;
    }
    return !list || r->json.values[list].kind == JSON_ARRAY;
}

static bool read_redirects(Registering *r)
{
    uint32_t list = json_member(&r->json, 0, STR("redirect_uris"));
    Buf      out = buf_new(r->call->arena, 256);

    for (uint32_t i = list + 1; list && i < r->json.values[list].after;
         i = r->json.values[i].after) {
        Str uri = r->json.values[i].text;

        if (r->json.values[i].kind != JSON_STRING || str_find(uri, STR(" ")) >= 0)
            return refuse(r, "invalid_redirect_uri", "redirect_uris is a list of addresses");
        buf_put(&out, out.len ? STR(" ") : STR(""));
        buf_put(&out, uri);
    }
    r->asked.redirects = buf_str(&out);
    return true;
}

/* How it will prove itself; what is not said is "client_secret_basic" (RFC 7591 2). */
static bool read_method(Registering *r)
{
    static const Str methods[] = { STR_INIT("client_secret_basic"),
                                   STR_INIT("client_secret_post"), STR_INIT("private_key_jwt"),
                                   STR_INIT("none") };
    uint32_t         keys = json_member(&r->json, 0, STR("jwks"));
    size_t           i = 0;

    r->method = member(r, "token_endpoint_auth_method");
    if (r->method.len == 0)
        r->method = methods[0];
    while (i < COUNT(methods) && !str_equal(methods[i], r->method))
        i++;
    if (i == COUNT(methods))
        return refuse(r, "invalid_client_metadata",
                      "token_endpoint_auth_method is none that is offered");
    r->asked.confidential = i < 2;
    if (keys)
        r->asked.keys =
            str_slice(r->json.source, r->json.values[keys].from, r->json.values[keys].to);
    r->asked.keys_uri = member(r, "jwks_uri");
    if ((i == 2) != (r->asked.keys.len || r->asked.keys_uri.len))
        return refuse(r, "invalid_client_metadata",
                      "jwks or jwks_uri goes with private_key_jwt, and this with one of them");
    return true;
}

static bool read(Registering *r)
{
    if (json_parse(r->call, r->visit->request->body, LIMIT_JSON_NODES, &r->json) != OK
        || r->json.values[0].kind != JSON_OBJECT)
        return refuse(r, "invalid_client_metadata", "The body must be a JSON object");
    if (json_member(&r->json, 0, STR("software_statement")))
        return refuse(r, "unapproved_software_statement",
                      "Nobody's software statements are accepted here: leave it out");
    if (!only(r, "grant_types", "authorization_code refresh_token client_credentials")
        || !only(r, "response_types", "code"))
        return refuse(r, "invalid_client_metadata",
                      "A grant_type or response_type is none that is offered");
    r->asked.name = member(r, "client_name");
    r->asked.scopes = member(r, "scope");
    r->asked.pending = true;
    return read_redirects(r) && read_method(r);
}

/* ---- answers ---- */

static void put_member(Buf *out, const char *name, Str value)
{
    if (value.len == 0)
        return;
    buf_printf(out, ",\"%s\":", name);
    buf_put_json_string(out, value);
}

static Fail send_error(Registering *r)
{
    const Call *c = r->call;
    Str         text = str_from(r->description);
    Buf         out = buf_new(c->arena, 256);

    if (!r->error) { /* what client_add() found */
        const Issue *issue = c->issue_count ? &c->issues[0] : NULL;
        bool         redirect = issue && str_equal(issue->expression, STR("redirect"));

        r->error = redirect ? "invalid_redirect_uri" : "invalid_client_metadata";
        text = issue ? issue->text : STR("It cannot be registered");
    }
    buf_printf(&out, "{\"error\":\"%s\"", r->error);
    put_member(&out, "error_description", text);
    buf_put_char(&out, '}');
    call_forget_issues(r->call, 0);
    return visit_answer(r->visit, 400, STR("application/json"), buf_str(&out));
}

static Fail send_client(Registering *r, Str id, const char *secret)
{
    uint32_t redirects = json_member(&r->json, 0, STR("redirect_uris"));
    Buf      out = buf_new(r->call->arena, 512);

    buf_printf(&out, "{\"client_id_issued_at\":%lld", (long long)(r->call->now_us / 1000000));
    put_member(&out, "client_id", id);
    if (secret[0]) {
        put_member(&out, "client_secret", str_from(secret));
        buf_put(&out, STR(",\"client_secret_expires_at\":0"));
    }
    put_member(&out, "client_name", r->asked.name);
    put_member(&out, "scope", r->asked.scopes);
    put_member(&out, "token_endpoint_auth_method", r->method);
    put_member(&out, "jwks_uri", r->asked.keys_uri);
    if (redirects) {
        buf_put(&out, STR(",\"redirect_uris\":"));
        json_put_compact(&out, r->json.source, r->json.values[redirects].from,
                         r->json.values[redirects].to);
    }
    buf_put_char(&out, '}');
    return visit_answer(r->visit, 201, STR("application/json"), buf_str(&out));
}

static void audit(Registering *r, Fail result, Str id)
{
    Reply *reply = r->visit->reply;

    reply->kind = INTERACTION_PEOPLE;
    reply->audit = interaction_people_audit(
        r->call, INTERACTION_PEOPLE, result, 201, (Str){ 0 }, visit_address(r->visit),
        arena_printf(r->call->arena, "client %.*s registered itself and waits", STR_ARG(id)));
    reply->unaudited = true;
}

static Fail check_often(Registering *r)
{
    char     network[64];
    unsigned wait_s = throttle_take_of(
        throttle_key("register", throttle_network(visit_address(r->visit), network),
                     (Str){ 0 }),
        REGISTRATIONS_MINUTE);

    if (!wait_s)
        return OK;
    visit_header(r->visit, STR("Retry-After"), arena_printf(r->call->arena, "%u", wait_s));
    return fail(r->call, FAIL_THROTTLED, (Str){ 0 }, "Too many apps register from there");
}

Fail register_answer(Visit *v)
{
    Registering r = { .visit = v, .call = v->call };
    char        secret[TOKEN_CHARS + 1];
    Str         id = { 0 };
    Fail        result;

    if (v->context->quick) {
        v->reply->wants_worker = true;
        return OK;
    }
    TRY(check_often(&r));
    if (v->request->body.len > BODY_BYTES_MAX)
        return fail(v->call, FAIL_TOO_LARGE, (Str){ 0 }, "That is too long");
    if (!read(&r))
        return send_error(&r);
    result = client_add(v->call, session_store(v->session), &r.asked, &id, secret);
    if (result == FAIL_BUSY)
        return result;
    audit(&r, result, id);
    if (result != OK)
        return send_error(&r);
    result = send_client(&r, id, secret);
    explicit_bzero(secret, sizeof secret);
    return result;
}
