/*
 * Starting an app from the record (SMART 2.2 "EHR launch"): an app of the practice's own says, in
 * the name of who has signed in, which app, which patient and what else, and gets an address for the
 * browser. What stands behind the address is good once, for five minutes, for that person and that
 * app; and only of what the person may see.
 */
#include "access/oauth.h"
#include "base/limits.h"
#include "codec/json.h"
#include "codec/url.h"
#include "server/router.h"

enum { LAUNCH_SECONDS = 5 * 60, CONTEXT_ENTRIES_MAX = 10, INTENT_BYTES_MAX = 200 };

typedef struct Starting {
    Visit           *visit;
    Call            *call;
    const Principal *principal;
    App              by; /* who asks */
    Client           client;
    Json             json;
    Launch           launch;
} Starting;

static Str member(const Starting *s, const char *name)
{
    return json_member_text(&s->json, 0, str_from(name));
}

/* ---- who asks ---- */

static Fail find_asker(Starting *s)
{
    Call      *c = s->call;
    Str        header = request_header(s->visit->request, STR("Authorization")), scheme, token;
    SecretHash hash;
    Grant      grant;
    Client     own = { 0 };

    TRY(principal_from_authorization(c, s->visit->session, header, &s->principal));
    (void)str_cut(str_trim(header), ' ', &scheme, &token);
    token_hash(str_trim(token), hash);
    TRY(store_grant_find(c, s->visit->session, hash, &grant));
    if (grant.app) {
        TRY(store_app_at(c, s->visit->session, grant.app, &s->by));
        TRY(store_client_find(c, s->visit->session, s->by.client, &own));
    }
    if (!own.first_party || s->by.login == 0)
        return fail(
            c, FAIL_FORBIDDEN, STR("Authorization"),
            "Only an app of the practice's own can start others, for who has signed in");
    return OK;
}

/* ---- what about ---- */

/* Whether who asks may read it: as if they did. */
static Fail check_reading(Starting *s, Str reference, Str *body)
{
    Asked       asked = { .method = HTTP_GET,
                          .base = store_base(session_store(s->visit->session)),
                          .address = visit_address(s->visit) };
    Answer      answer = { 0 };
    AuditRecord record;
    Fail        result;

    TRY(asked_route(s->call, &asked, arena_printf(s->call->arena, "/%.*s", STR_ARG(reference)),
                    &answer));
    if (asked.kind != INTERACTION_READ)
        return fail(s->call, FAIL_VALUE, STR("fhirContext"), "A reference is Type/id");
    result = interaction_answer(s->call, s->visit->session, s->principal, &asked, &answer);
    record = interaction_audit(s->call, s->principal, &asked, &answer, result);
    TRY(store_audit(s->call, session_store(s->visit->session), &record, 1));
    TRY(result);
    *body = answer.body;
    return OK;
}

static Fail check_patient(Starting *s)
{
    Str body;

    s->launch.patient = member(s, "patient");
    if (s->launch.patient.len == 0)
        return OK;
    if (!resource_id_valid(s->launch.patient))
        return fail(s->call, FAIL_VALUE, STR("patient"), "The patient's id cannot be one");
    return check_reading(
        s, arena_printf(s->call->arena, "Patient/%.*s", STR_ARG(s->launch.patient)), &body);
}

/* An encounter of another patient would put one's data beside the other's. */
static Fail put_encounter(Starting *s, Buf *out)
{
    Str  id = member(s, "encounter"), body, subject;
    Json json;

    if (id.len == 0)
        return OK;
    if (!resource_id_valid(id) || s->launch.patient.len == 0)
        return fail(s->call, FAIL_VALUE, STR("encounter"),
                    "An encounter is named by its id, beside its patient");
    TRY(check_reading(s, arena_printf(s->call->arena, "Encounter/%.*s", STR_ARG(id)), &body));
    TRY(json_parse(s->call, body, LIMIT_JSON_NODES, &json));
    subject = json_member_text(&json, json_member(&json, 0, STR("subject")), STR("reference"));
    if (!str_equal(subject,
                   arena_printf(s->call->arena, "Patient/%.*s", STR_ARG(s->launch.patient))))
        return fail(s->call, FAIL_INVALID, STR("encounter"),
                    "The encounter is not of that patient");
    buf_put(out, STR(",\"encounter\":"));
    buf_put_json_string(out, id);
    return OK;
}

/* {"reference": "ImagingStudy/1", "role": …}, {"canonical": …} or {"identifier": …}. Patient and
 * encounter have their own members, unless a role says what else they are. */
static Fail check_entry(Starting *s, uint32_t at)
{
    const Json *json = &s->json;
    Str         reference, body;

    if (json->values[at].kind != JSON_OBJECT)
        return fail(s->call, FAIL_VALUE, STR("fhirContext"), "An entry is not an object");
    reference = json_member_text(json, at, STR("reference"));
    if (reference.len == 0)
        return json_member(json, at, STR("canonical"))
                       || json_member(json, at, STR("identifier"))
                   ? OK
                   : fail(s->call, FAIL_VALUE, STR("fhirContext"),
                          "An entry has a reference, a canonical or an identifier");
    if ((str_starts(reference, STR("Patient/")) || str_starts(reference, STR("Encounter/")))
        && json_member_text(json, at, STR("role")).len == 0)
        return fail(s->call, FAIL_VALUE, STR("fhirContext"),
                    "Patient and encounter have members of their own");
    return check_reading(s, reference, &body);
}

static Fail put_fhir_context(Starting *s, Buf *out)
{
    const Json *json = &s->json;
    uint32_t    list = json_member(json, 0, STR("fhirContext"));

    if (!list)
        return OK;
    if (json->values[list].kind != JSON_ARRAY || json->values[list].count > CONTEXT_ENTRIES_MAX)
        return fail(s->call, FAIL_VALUE, STR("fhirContext"),
                    "It is a list of at most %d entries", CONTEXT_ENTRIES_MAX);
    for (uint32_t at = list + 1; at < json->values[list].after; at = json->values[at].after)
        TRY(check_entry(s, at));
    buf_put(out, STR(",\"fhirContext\":"));
    json_put_compact(out, json->source, json->values[list].from, json->values[list].to);
    return OK;
}

static Fail make_context(Starting *s)
{
    uint32_t banner = json_member(&s->json, 0, STR("needPatientBanner"));
    Str      intent = member(s, "intent");
    Buf      out = buf_new(s->call->arena, 256);

    TRY(check_patient(s));
    TRY(put_encounter(s, &out));
    if (intent.len > INTENT_BYTES_MAX)
        return fail(s->call, FAIL_VALUE, STR("intent"), "The intent is too long");
    if (intent.len) {
        buf_put(&out, STR(",\"intent\":"));
        buf_put_json_string(&out, intent);
    }
    if (banner && s->json.values[banner].kind != JSON_TRUE
        && s->json.values[banner].kind != JSON_FALSE)
        return fail(s->call, FAIL_VALUE, STR("needPatientBanner"), "It is true or false");
    if (banner && s->launch.patient.len)
        buf_printf(&out, ",\"need_patient_banner\":%.*s", STR_ARG(s->json.values[banner].text));
    TRY(put_fhir_context(s, &out));
    s->launch.context =
        arena_printf(s->call->arena, "{%.*s}", STR_ARG(str_skip(buf_str(&out), 1)));
    return OK;
}

/* ---- which app ---- */

static Fail find_client(Starting *s)
{
    uint32_t issues = s->call->issue_count;
    Wish     most;
    Fail     result =
        store_client_find(s->call, s->visit->session, member(s, "client"), &s->client);

    if (result == FAIL_NOT_FOUND) {
        call_forget_issues(s->call, issues);
        s->client = (Client){ 0 };
    } else {
        TRY(result);
    }
    wish_read(s->call, s->client.scopes, &most);
    if (s->client.disabled || s->client.launch_uri.len == 0 || !most.launch)
        return fail(s->call, FAIL_VALUE, STR("client"),
                    "There is no such app that can be started from the record");
    s->launch.client = s->client.id;
    return OK;
}

/* ---- all of it ---- */

static Fail start(Starting *s, char launch[TOKEN_CHARS + 1])
{
    Call *c = s->call;

    TRY(find_asker(s));
    TRY(json_parse(c, s->visit->request->body, LIMIT_JSON_NODES, &s->json));
    if (s->json.values[0].kind != JSON_OBJECT)
        return fail(c, FAIL_STRUCTURE, (Str){ 0 }, "The body must be a JSON object");
    TRY(find_client(s));
    TRY(make_context(s));
    token_draw(c->arena, launch, s->launch.hash);
    s->launch.login = s->by.login;
    s->launch.ends_us = c->now_us + (int64_t)LAUNCH_SECONDS * 1000 * 1000;
    return store_launch_add(c, session_store(s->visit->session), &s->launch);
}

static void audit(Starting *s, Fail result)
{
    Reply *reply = s->visit->reply;

    reply->kind = INTERACTION_AUTHORIZE;
    reply->audit = interaction_people_audit(
        s->call, INTERACTION_AUTHORIZE, result, 201, s->launch.patient, visit_address(s->visit),
        arena_printf(s->call->arena, "client %.*s starts client %.*s", STR_ARG(s->by.client),
                     STR_ARG(s->client.id)));
    reply->audit.grant = s->principal->grant;
    reply->unaudited = true;
}

static Str answer_of(Starting *s, const char *launch)
{
    Str base = s->visit->context->base_url;
    Buf url = buf_new(s->call->arena, 512), out = buf_new(s->call->arena, 1024);

    buf_put(&url, s->client.launch_uri);
    buf_put(&url, str_find(s->client.launch_uri, STR("?")) < 0 ? STR("?iss=") : STR("&iss="));
    url_encode(&url, arena_printf(s->call->arena, "%.*s/fhir", STR_ARG(base)));
    buf_printf(&url, "&launch=%s", launch);
    buf_printf(&out, "{\"launch\":\"%s\",\"expires_in\":%d,\"url\":", launch, LAUNCH_SECONDS);
    buf_put_json_string(&out, buf_str(&url));
    buf_put_char(&out, '}');
    return buf_str(&out);
}

Fail launch_answer(Visit *v)
{
    Starting *s = NEW(v->call->arena, Starting);
    char      launch[TOKEN_CHARS + 1];
    Fail      result;

    if (v->context->quick) {
        v->reply->wants_worker = true;
        return OK;
    }
    s->visit = v;
    s->call = v->call;
    s->principal = &principal_nobody;
    result = start(s, launch);
    audit(s, result);
    TRY(result);
    return visit_answer(v, 201, STR("application/json"), answer_of(s, launch));
}
