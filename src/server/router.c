/*
 * From a request to the row that answers it, and from any failure to its reply. The headers
 * every answer carries are put here, once. Security rules A6, B6, B9.
 */
#include "server/router.h"

#include "base/ensure.h"
#include "base/limits.h"
#include "codec/url.h"
#include "fhir/outcome.h"
#include "server/fhir_body.h"
#include "server/negotiate.h"

/* Kept back for saying that a call cost too much: more than the last chunk may pass the cap by. */
enum { BYTES_FOR_FAILURE = 16 * 1024 * 1024 };

size_t reply_body_bytes_max(HttpMethod method, Str path)
{
    bool base = str_equal(path, STR("/fhir")) || str_equal(path, STR("/fhir/"));

    return method == HTTP_POST && base ? LIMIT_BUNDLE_BODY_BYTES : LIMIT_BODY_BYTES;
}

static void put_header(Reply *reply, Str name, Str value)
{
    ENSURE(reply->header_count < COUNT(reply->headers));
    reply->headers[reply->header_count++] = (Header){ name, value };
}

void visit_header(Visit *v, Str name, Str value)
{
    put_header(v->reply, name, value);
}

Fail visit_answer(Visit *v, int status, Str content_type, Str body)
{
    v->reply->status = status;
    v->reply->body = body;
    visit_header(v, STR("Content-Type"), content_type);
    return OK;
}

Fail visit_refusal(Visit *v)
{
    const Refusal *refusal = &v->request->refusal;

    if (refusal->fail == OK)
        return OK;
    return fail(v->call, refusal->fail, (Str){ 0 }, "%s", refusal->text);
}

/* ---- where it came from ---- */

static Str last_of_list(Str list)
{
    Str before, after;

    return str_trim(str_cut_last(list, ',', &before, &after) ? after : list);
}

static bool is_address(Str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!text.at[i] || !strchr("0123456789abcdefABCDEF.:[]%", text.at[i]))
            return false;
    return text.len > 0 && text.len <= 64;
}

/* Behind a proxy the client is whom the proxy saw: the last name it added. */
Str visit_address(const Visit *v)
{
    Str forwarded = { 0 };

    if (v->context->behind_proxy)
        forwarded = last_of_list(request_header(v->request, STR("X-Forwarded-For")));
    return is_address(forwarded) ? forwarded : v->request->address;
}

/* ---- finding the row ---- */

static bool path_fits(Str pattern, Str path, Str *rest)
{
    *rest = (Str){ 0 };
    if (!str_ends(pattern, STR("/**")))
        return str_equal(pattern, path);
    pattern.len -= 3;
    if (!str_starts(path, pattern))
        return false;
    *rest = str_skip(path, pattern.len);
    return rest->len == 0 || rest->at[0] == '/';
}

static bool method_fits(HttpMethod row, HttpMethod asked)
{
    return row == HTTP_OTHER || row == asked || (row == HTTP_GET && asked == HTTP_HEAD);
}

/* Addresses of this machine, as text. */
static bool is_loopback(Str address)
{
    return str_starts(address, STR("127.")) || str_equal(address, STR("::1"))
           || str_starts(address, STR("::ffff:127."));
}

static bool came_through_proxy(const Request *r)
{
    return request_header(r, STR("X-Forwarded-For")).len
           || request_header(r, STR("Forwarded")).len || request_header(r, STR("Via")).len;
}

bool visit_is_local(const Visit *v)
{
    return v->request->owner
           || (is_loopback(v->request->address) && !came_through_proxy(v->request));
}

/* What is only for this machine or the owner is not there for anybody else. */
static bool need_is_met(const Visit *v, Need need)
{
    switch (need) {
    case NEEDS_NOTHING:
    case NEEDS_BROWSER:
    case NEEDS_SESSION:
    case NEEDS_FRESH:
    case NEEDS_CLIENT:
    case NEEDS_TOKEN:
    case NEEDS_FHIR: return true;
    case NEEDS_LOOPBACK: return visit_is_local(v);
    case NEEDS_OWNER: return v->request->owner;
    }
    return false;
}

static Str method_word(HttpMethod method)
{
    switch (method) {
    case HTTP_GET: return STR("GET, HEAD");
    case HTTP_POST: return STR("POST");
    default: return STR("");
    }
}

static Fail wrong_method(Visit *v, const Route *row)
{
    Str allow = method_word(row->method);

    visit_header(v, STR("Allow"), allow);
    if (v->request->method == HTTP_OPTIONS) {
        v->reply->status = 204;
        return OK;
    }
    return fail(v->call, FAIL_METHOD, (Str){ 0 },
                "That method is not offered there; offered: "
                "%.*s",
                STR_ARG(allow));
}

static Fail decode_path(Visit *v)
{
    Str path = v->request->path;

    if (str_find(path, STR("%2f")) >= 0 || str_find(path, STR("%2F")) >= 0)
        return fail(v->call, FAIL_INVALID, (Str){ 0 },
                    "An encoded slash is not understood in a path");
    if (!url_decode(v->call->arena, path, false, &v->path))
        return fail(v->call, FAIL_INVALID, (Str){ 0 }, "The path is not well-formed");
    return OK;
}

Fail router_answer(Visit *v)
{
    const Route *near = NULL;

    TRY(decode_path(v));
    if (!path_fits(STR("/fhir/**"), v->path, &v->rest))
        TRY(visit_refusal(v));
    for (size_t i = 0; i < route_count; i++) {
        const Route *row = &routes[i];

        if (!path_fits(str_from(row->path), v->path, &v->rest) || !need_is_met(v, row->need))
            continue;
        near = row;
        if (!method_fits(row->method, v->request->method))
            continue;
        v->reply->route = row->path;
        v->need = row->need;
        return row->answer(v);
    }
    if (near)
        return wrong_method(v, near);
    return fail(v->call, FAIL_NOT_FOUND, (Str){ 0 }, "Nothing is offered at this address");
}

/* ---- failures ---- */

/* Whoever brings no credentials is not told of an error in them (RFC 6750 3.1). */
static bool brought_credentials(const Call *c)
{
    for (uint32_t i = 0; i < c->issue_count; i++)
        if (c->issues[i].fail == FAIL_LOGIN && c->issues[i].expression.len)
            return true;
    return false;
}

static void put_failure_headers(const Call *c, Fail why, Reply *reply)
{
    switch (why) {
    case FAIL_LOGIN:
        put_header(reply, STR("WWW-Authenticate"),
                   brought_credentials(c)
                       ? STR("Bearer realm=\"hale\", error=\"invalid_token\"")
                       : STR("Bearer realm=\"hale\""));
        break;
    case FAIL_EXPIRED:
        put_header(reply, STR("WWW-Authenticate"),
                   STR("Bearer realm=\"hale\", error=\"invalid_token\""));
        break;
    case FAIL_FORBIDDEN:
        put_header(reply, STR("WWW-Authenticate"),
                   STR("Bearer realm=\"hale\", error=\"insufficient_scope\""));
        break;
    case FAIL_BUSY:
    case FAIL_THROTTLED:
    case FAIL_UNKNOWN_OUTCOME: put_header(reply, STR("Retry-After"), STR("1")); break;
    case FAIL_DISK_FULL:
    case FAIL_TIMEOUT: put_header(reply, STR("Retry-After"), STR("10")); break;
    default: break;
    }
}

static void put_failure(Call *c, Fail why, bool xml, Reply *reply)
{
    reply->status = outcome_status(why);
    reply->body = outcome_of(c, why, 0);
    put_header(reply, STR("Content-Type"),
               xml && fhir_body_to_xml(c, &reply->body)
                   ? STR("application/fhir+xml; charset=utf-8")
                   : STR("application/fhir+json; charset=utf-8"));
    put_failure_headers(c, why, reply);
}

static bool has_header(const Reply *reply, Str name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (str_equal(reply->headers[i].name, name))
            return true;
    return false;
}

/* On every answer. What a page needs otherwise, it has put itself. */
static void put_common_headers(Call *c, const ReplyContext *context, Reply *reply)
{
    static const Header rows[] = {
        { STR_INIT("Content-Security-Policy"),
          STR_INIT("default-src 'none'; frame-ancestors 'none'; sandbox") },
        { STR_INIT("X-Content-Type-Options"), STR_INIT("nosniff") },
        { STR_INIT("Cache-Control"), STR_INIT("no-store") },
        { STR_INIT("Cross-Origin-Resource-Policy"), STR_INIT("same-origin") },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (!has_header(reply, rows[i].name))
            put_header(reply, rows[i].name, rows[i].value);
    if (context->tls || str_starts(context->base_url, STR("https://")))
        put_header(reply, STR("Strict-Transport-Security"), STR("max-age=31536000"));
    put_header(reply, STR("X-Request-Id"), str_from(c->request_id));
}

void reply_fail(Call *c, const ReplyContext *context, Fail why, Reply *reply)
{
    reply->header_count = 0;
    reply->unaudited = false;
    put_failure(c, why, false, reply);
    put_common_headers(c, context, reply);
}

/* Answers under the arena's boundary: a call that wants too much memory ends here. */
static Fail answer_within_bounds(Visit *v)
{
    if (setjmp(*arena_boundary(v->call->arena))) {
        v->reply->header_count = 0;
        call_forget_issues(v->call, 0); /* their texts may be long */
        return FAIL_TOO_COSTLY;
    }
    return router_answer(v);
}

static void take_request_id(Call *c, const Request *request)
{
    Str id = request_header(request, STR("X-Request-Id"));

    if (!request_id_valid(id))
        return;
    memcpy(c->request_id, id.at, id.len);
    c->request_id[id.len] = '\0';
}

void reply_make(Call *c, Session *s, const ReplyContext *context, const Request *request,
                Reply *reply)
{
    Visit *v = NEW(c->arena, Visit);
    Fail   result;

    *v = (Visit){
        .call = c, .session = s, .context = context, .request = request, .reply = reply
    };
    *reply = (Reply){ 0 };
    take_request_id(c, request);
    result = answer_within_bounds(v);
    arena_forget_boundary(c->arena);
    if (reply->wants_worker || reply->go_on)
        return;
    arena_set_cap(c->arena, LIMIT_BUNDLE_CALL_BYTES + BYTES_FOR_FAILURE);
    if (v->after)
        v->after(v, result);
#ifdef HALE_NO_AUDIT
    reply->unaudited = false; /* only to measure what auditing costs */
#endif
    if (result != OK)
        put_failure(c, result, v->xml, reply);
    if (request->refusal.fail != OK && request->refusal.status)
        reply->status = request->refusal.status;
    put_common_headers(c, context, reply);
}
