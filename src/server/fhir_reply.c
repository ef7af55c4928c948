/*
 * FHIR over HTTP: from headers to an Asked, from an Answer to headers. What is carried out is
 * in interaction/; here is only how it is said in HTTP. R4 http.html, standards 1.1, 1.2, 1.7.
 */
#include "access/client.h"
#include "access/throttle.h"
#include "base/limits.h"
#include "codec/gzip.h"
#include "codec/json.h"
#include "codec/url.h"
#include "fhir/outcome.h"
#include "server/fhir_body.h"
#include "server/negotiate.h"

enum {
    GZIP_BYTES_MIN = 1024,       /* shorter bodies do not become shorter on the wire */
    QUICK_BYTES_MAX = 16 * 1024, /* more is packed or laid out on a worker */
};

/* What is known of one FHIR call while it is answered. */
typedef struct FhirVisit {
    const Principal *principal;
    Asked            asked;
    Answer           answer;
    bool             pretty;
    bool             gzip;
    bool             xml;          /* the body is XML */
    bool             bare;         /* a Binary's content is wanted, not the resource */
    Str              format;       /* of _format, decoded; empty if not given */
    Str              asked_origin; /* of the page that asks … */
    Str              origin; /* … and the same if it is an app's, which may read the answer */
} FhirVisit;

/* ---- pages of apps ---- */

static bool note_origin(void *context, const Client *client)
{
    FhirVisit *f = context;
    Str        rest = client->redirects, line;

    while (!client->disabled && str_next(&rest, '\n', &line))
        if (str_equal(redirect_origin(line), f->asked_origin)) {
            f->origin = f->asked_origin;
            return false;
        }
    return true;
}

/* A browser lets a page read answers only where its origin is named. Those of registered apps
 * are; no cookie is ever looked at here, so none is allowed. */
static void take_origin(Visit *v, FhirVisit *f)
{
    uint32_t issues = v->call->issue_count;

    f->asked_origin = request_header(v->request, STR("Origin"));
    if (f->asked_origin.len && store_client_each(v->call, v->session, note_origin, f) != OK)
        call_forget_issues(v->call, issues);
}

static void put_origin(Visit *v, const FhirVisit *f)
{
    if (f->origin.len == 0 || interaction_is_public(f->asked.kind))
        return;
    visit_header(v, STR("Access-Control-Allow-Origin"), f->origin);
    visit_header(
        v, STR("Access-Control-Expose-Headers"),
        STR("Content-Location, ETag, Last-Modified, Location, Retry-After, X-Request-Id"));
    visit_header(v, STR("Vary"), STR("Origin"));
}

/* ---- what is asked ---- */

static void take_preferences(const Request *r, Asked *asked)
{
    Preferences p = { 0 };

    for (size_t i = 0; i < r->header_count; i++)
        if (str_equal_ascii_nocase(r->headers[i].name, STR("Prefer")))
            preferences_add(&p, r->headers[i].value);
    asked->prefer_return = p.has_return ? p.what_return : PREFER_DEFAULT;
    asked->lenient = p.lenient;
}

/* Whether a reference is one to ourselves must be judged by the address that the store derives
 * its rows with, or rows would be left behind. */
static void take_headers(Visit *v, FhirVisit *f)
{
    const struct {
        Str  name;
        Str *place;
    } wanted[] = {
        { STR("If-Match"), &f->asked.if_match },
        { STR("If-None-Match"), &f->asked.if_none_match },
        { STR("Accept-Language"), &f->asked.languages },
        { STR("If-Modified-Since"), &f->asked.if_modified_since },
        { STR("If-None-Exist"), &f->asked.if_none_exist },
    };

    for (size_t i = 0; i < COUNT(wanted); i++)
        *wanted[i].place = request_header(v->request, wanted[i].name);
    take_preferences(v->request, &f->asked);
    f->asked.method = v->request->method;
    f->asked.query = v->request->query;
    f->asked.base = store_base(session_store(v->session));
    if (f->asked.base.len == 0)
        f->asked.base =
            arena_printf(v->call->arena, "%.*s/fhir", STR_ARG(v->context->base_url));
    f->asked.address = visit_address(v);
    f->gzip = accept_encoding_allows_gzip(request_header(v->request, STR("Accept-Encoding")));
}

static Wanted wanted_of(const Visit *v, const FhirVisit *f)
{
    return f->format.len ? format_parse(f->format)
                         : accept_parse(request_header(v->request, STR("Accept")));
}

/* A failure, too, is told in the format that is wanted, however early it comes. */
static void note_xml(Visit *v, FhirVisit *f)
{
    uint32_t  issues = v->call->issue_count;
    UrlParam *params;
    size_t    count = 0;

    if (str_find(f->asked.query, STR("_format=")) >= 0
        && url_params(v->call, f->asked.query, &params, &count) != OK) {
        call_forget_issues(v->call, issues);
        count = 0;
    }
    for (size_t i = 0; i < count; i++)
        if (str_equal(params[i].name, STR("_format")))
            f->format = params[i].value;
    v->xml = wanted_of(v, f) == WANTED_FHIR_XML;
}

/* The parameters that are the server's own. */
static Fail take_parameters(Visit *v, FhirVisit *f)
{
    UrlParam *params;
    size_t    count;

    if (f->asked.query.len == 0)
        return OK;
    TRY(url_params(v->call, f->asked.query, &params, &count));
    for (size_t i = 0; i < count; i++) {
        if (str_equal(params[i].name, STR("_format")))
            f->format = params[i].value;
        else if (str_equal(params[i].name, STR("_pretty")))
            f->pretty = str_equal(params[i].value, STR("true"));
    }
    return OK;
}

static Fail check_format(Visit *v, FhirVisit *f)
{
    bool binary = f->asked.type == TYPE_BINARY
                  && (f->asked.kind == INTERACTION_READ || f->asked.kind == INTERACTION_VREAD);
    Wanted wanted = wanted_of(v, f);
    bool   content = wanted == WANTED_FHIR_XML
                   && str_find(request_header(v->request, STR("Accept")), STR("fhir+xml")) < 0;

    v->xml = wanted == WANTED_FHIR_XML;
    f->bare = binary && f->format.len == 0 && wanted != WANTED_FHIR_JSON
              && (wanted != WANTED_FHIR_XML || content);
    if (wanted == WANTED_OTHER && !f->bare)
        return fail(v->call, FAIL_NOT_ACCEPTABLE,
                    f->format.len ? STR("_format") : STR("Accept"),
                    "Answers are made as application/fhir+json or application/fhir+xml");
    return OK;
}

/* Retry-After is a second (router.c): each bucket fills with more than one try in that time. */
_Static_assert(LIMIT_LOGIN_CALLS >= 60 && LIMIT_NETWORK_CALLS >= 60, "a second is enough");

static Fail too_often(Call *c, const char *who)
{
    return fail(c, FAIL_THROTTLED, (Str){ 0 }, "There are too many calls %s", who);
}

/* Before anything is looked up, so that guessing tokens is held up as well. A request is counted
 * once, however often it is looked at. Who is on this machine is not. */
static Fail check_network(Visit *v)
{
    Str  address = visit_address(v);
    char network[64];

    if (v->request->again || address.len == 0 || visit_is_local(v))
        return OK;
    return throttle_take_of(
               throttle_key("fhir network", throttle_network(address, network), (Str){ 0 }),
               LIMIT_NETWORK_CALLS)
               ? too_often(v->call, "from this network")
               : OK;
}

/* All the tokens of a login count together. */
static Fail check_pace(Visit *v, const Principal *p)
{
    Str login = { (const char *)&p->login, sizeof p->login };

    if (v->request->again || p->login == 0)
        return OK;
    return throttle_take_of(throttle_key("fhir login", login, (Str){ 0 }), LIMIT_LOGIN_CALLS)
               ? too_often(v->call, "of this login")
               : OK;
}

static Fail check_login(Visit *v, FhirVisit *f)
{
    Call    *c = v->call;
    uint32_t issues = c->issue_count;
    Str      header = request_header(v->request, STR("Authorization"));
    Fail     result;

    if (v->request->owner) {
        Principal *owner = NEW(c->arena, Principal);

        *owner = principal_owner();
        f->principal = owner;
        return OK;
    }
    result = principal_from_authorization(c, v->session, header, &f->principal);
    if (result != OK && interaction_is_public(f->asked.kind)) {
        call_forget_issues(c, issues);
        return OK;
    }
    return result;
}

/* ---- the answer ---- */

static Str entity_tag(Arena *a, uint64_t version)
{
    Buf tag = buf_new(a, 32);

    buf_put(&tag, STR("W/\""));
    buf_put_u64(&tag, version);
    buf_put_char(&tag, '"');
    return buf_str(&tag);
}

static void put_version_headers(Visit *v, const Answer *answer)
{
    if (answer->version)
        visit_header(v, STR("ETag"), entity_tag(v->call->arena, answer->version));
    if (answer->at_us) {
        char *date = arena_alloc_raw(v->call->arena, HTTP_DATE_CHARS + 1);

        moment_format_http(answer->at_us, date);
        visit_header(v, STR("Last-Modified"), (Str){ date, HTTP_DATE_CHARS });
    }
}

/* Where a new version is: by Location if the resource is new or was found by a condition, else
 * by Content-Location. */
static void put_location(Visit *v, const FhirVisit *f)
{
    bool located = f->answer.status == 201 || f->asked.method == HTTP_POST;

    if (f->answer.location.len)
        visit_header(v, located ? STR("Location") : STR("Content-Location"),
                     arena_printf(v->call->arena, "%.*s/%.*s", STR_ARG(f->asked.base),
                                  STR_ARG(f->answer.location)));
}

/* Lays out and packs the body as wished. False: too much for a thread that must be quick. */
static bool shape_body(Visit *v, FhirVisit *f)
{
    Arena *a = v->call->arena;
    Reply *reply = v->reply;
    bool   fhir = f->answer.raw_type.len == 0 && !f->xml;
    bool   pack = f->gzip && reply->body.len >= GZIP_BYTES_MIN;

    if (v->context->quick && reply->body.len > QUICK_BYTES_MAX && (pack || (fhir && f->pretty)))
        return false;
    if (fhir && f->pretty)
        reply->body = json_pretty(a, reply->body);
    if (pack) {
        reply->body = gzip_pack(a, reply->body);
        visit_header(v, STR("Content-Encoding"), STR("gzip"));
        visit_header(v, STR("Vary"), STR("Accept-Encoding"));
    }
    return true;
}

static void put_answer(Visit *v, FhirVisit *f)
{
    Reply *reply = v->reply;
    Str    type = STR("application/fhir+json; charset=utf-8");

    reply->status = f->answer.status;
    reply->body = f->answer.body;
    if (reply->body.len) {
        if (f->bare && fhir_body_bare(v, &f->answer)) {
            reply->body = f->answer.body;
            visit_header(v, STR("Content-Disposition"), STR("attachment"));
        }
        if (f->answer.raw_type.len)
            type = f->answer.raw_type;
        else if (v->xml && !(v->context->quick && reply->body.len > QUICK_BYTES_MAX))
            f->xml = fhir_body_to_xml(v->call, &reply->body);
        else if (v->xml)
            reply->wants_worker = true;
        visit_header(v, STR("Content-Type"),
                     f->xml ? STR("application/fhir+xml; charset=utf-8") : type);
    }
    put_version_headers(v, &f->answer);
    put_location(v, f);
    if (interaction_is_public(f->asked.kind))
        visit_header(v, STR("Access-Control-Allow-Origin"), STR("*"));
    if (reply->body.len && !shape_body(v, f))
        reply->wants_worker = true;
}

/* Every call leaves a record: also one that was refused or went wrong. But for those that came too
 * often: nothing was looked at, and who floods us would fill the log. */
static void audit(Visit *v, Fail result)
{
    const FhirVisit *f = v->state;

    put_origin(v, f);
    v->reply->kind = f->asked.kind;
    v->reply->audit = interaction_audit(v->call, f->principal, &f->asked, &f->answer, result);
    v->reply->unaudited = !f->answer.audited && result != FAIL_THROTTLED;
}

/* OPTIONS says what there is; nobody is asked who he is. What is public may be read by pages
 * of any origin (REST-43). */
static Fail answer_options(Visit *v, FhirVisit *f)
{
    uint32_t issues = v->call->issue_count;
    Fail     result = asked_route(v->call, &f->asked, v->rest, &f->answer);
    Answer   get = { 0 };

    if (result != FAIL_METHOD)
        return result;
    call_forget_issues(v->call, issues);
    v->reply->status = 204;
    visit_header(v, STR("Allow"), f->answer.allow);
    f->asked.method = HTTP_GET;
    if (asked_route(v->call, &f->asked, v->rest, &get) == OK
        && interaction_is_public(f->asked.kind)) {
        visit_header(v, STR("Access-Control-Allow-Origin"), STR("*"));
        visit_header(v, STR("Access-Control-Allow-Methods"), f->answer.allow);
        visit_header(v, STR("Access-Control-Allow-Headers"), STR("Accept"));
    } else if (f->origin.len) {
        visit_header(v, STR("Access-Control-Allow-Methods"), f->answer.allow);
        visit_header(v, STR("Access-Control-Allow-Headers"),
                     STR("Accept, Authorization, Content-Type, If-Match, If-Modified-Since, "
                         "If-None-Exist, If-None-Match, Prefer, X-Request-Id"));
        put_origin(v, f);
    }
    call_forget_issues(v->call, issues);
    return OK;
}

static Fail route(Visit *v, FhirVisit *f)
{
    Fail result = asked_route(v->call, &f->asked, v->rest, &f->answer);

    if (result == FAIL_METHOD)
        visit_header(v, STR("Allow"), f->answer.allow);
    return result;
}

Fail fhir_answer(Visit *v)
{
    FhirVisit *f = NEW(v->call->arena, FhirVisit);

    f->principal = &principal_nobody;
    TRY(check_network(v));
    take_headers(v, f);
    take_origin(v, f);
    if (v->request->method == HTTP_OPTIONS)
        return answer_options(v, f);
    v->state = f;
    v->after = audit;
    note_xml(v, f);
    TRY(visit_refusal(v));
    TRY(route(v, f));
    TRY(check_login(v, f));
    TRY(check_pace(v, f->principal));
    TRY(take_parameters(v, f));
    TRY(check_format(v, f));
    TRY(fhir_body_check(v, &f->asked));
    if (v->request->pending) {
        v->reply->go_on = true;
        return OK;
    }
    if (v->context->quick && !interaction_is_quick(f->asked.kind)) {
        v->reply->wants_worker = true;
        v->reply->only_reads = interaction_only_reads(f->asked.kind);
        return OK;
    }
    TRY(fhir_body_take(v, &f->asked));
    TRY(interaction_answer(v->call, v->session, f->principal, &f->asked, &f->answer));
    put_answer(v, f);
    return OK;
}
