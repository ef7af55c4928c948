/*
 * What the owner of the data folder asks a running server through its socket: the commands
 * `hale token`, `hale reindex` and the like, when the folder is in use.
 */
#include <stdatomic.h>

#include "base/limits.h"
#include "codec/json.h"
#include "exchange/audit_desk.h"
#include "server/metrics.h"
#include "server/router.h"

/* The body as a JSON object with text members. */
static Fail read_body(Visit *v, Json *out)
{
    TRY(json_parse(v->call, v->request->body, LIMIT_JSON_NODES, out));
    if (out->values[0].kind != JSON_OBJECT)
        return fail(v->call, FAIL_STRUCTURE, (Str){ 0 }, "The body must be a JSON object");
    return OK;
}

static Fail read_minutes(Visit *v, const Json *json, int64_t *out)
{
    uint32_t place = json_member(json, 0, STR("minutes"));
    uint64_t minutes;

    if (!place)
        return OK;
    if (json->values[place].kind != JSON_NUMBER
        || !str_to_u64(json->values[place].text, &minutes) || minutes == 0
        || minutes > INT32_MAX)
        return fail(v->call, FAIL_VALUE, STR("minutes"),
                    "The minutes must be a whole number above nought");
    *out = (int64_t)minutes;
    return OK;
}

/* {"scope": …, "patient": …, "minutes": …, "name": …} -> {"token": …} */
Fail owner_token_answer(Visit *v)
{
    Json       json;
    TokenAsked asked = { .name = STR("owner"), .minutes = 60 };
    char       token[44];
    Str        name;
    Buf        out;

    if (v->context->quick) {
        v->reply->wants_worker = true;
        return OK;
    }
    TRY(read_body(v, &json));
    TRY(read_minutes(v, &json, &asked.minutes));
    asked.scopes = json_member_text(&json, 0, STR("scope"));
    asked.patient = json_member_text(&json, 0, STR("patient"));
    name = json_member_text(&json, 0, STR("name"));
    if (name.len)
        asked.name = name;
    if (asked.scopes.len == 0)
        return fail(v->call, FAIL_REQUIRED, STR("scope"), "The scope is missing");
    TRY(interaction_token(v->call, session_store(v->session), &asked, token));
    out = buf_new(v->call->arena, 64);
    buf_put(&out, STR("{\"token\":"));
    buf_put_json_string(&out, str_from(token));
    buf_put(&out, STR("}"));
    explicit_bzero(token, sizeof token);
    return visit_answer(v, 200, STR("application/json"), buf_str(&out));
}

typedef struct Lines {
    Buf  text;
    bool too_long;
} Lines;

static bool take_line(void *context, Str line)
{
    Lines *l = context;

    l->too_long = l->text.len + line.len > LIMIT_BODY_BYTES;
    if (l->too_long)
        return false;
    buf_put(&l->text, line);
    buf_put_char(&l->text, '\n');
    return true;
}

static void release_arena(void *arena)
{
    arena_destroy(arena);
}

/* The lines grow on an arena of their own: the call's is rewound between them.
 *
 * {"command": "verify", …} -> {"status": 0, "text": "…"}, see exchange/audit_desk.h. */
Fail owner_audit_answer(Visit *v)
{
    Call      *c = v->call;
    AuditAsked asked = { 0 };
    Lines      lines = { 0 };
    Arena     *own;
    Json       json;
    Buf        out;
    int        status;

    if (v->context->quick) {
        v->reply->wants_worker = true;
        return OK;
    }
    own = arena_create(4 * (size_t)LIMIT_BODY_BYTES);
    arena_defer(c->arena, release_arena, own);
    lines.text = buf_new(own, 4096);
    TRY(read_body(v, &json));
    for (size_t i = 0; i < audit_field_count; i++)
        *(Str *)((char *)&asked + audit_fields[i].at) =
            json_member_text(&json, 0, str_from(audit_fields[i].name));
    c->deadline_ms = 0;
    TRY(audit_answer(c, session_store(v->session), &asked, take_line, &lines, &status));
    if (lines.too_long)
        return fail(c, FAIL_TOO_COSTLY, STR("from"),
                    "The report is too long for one answer: take fewer days with --from and"
                    " --to, or stop the server first");
    out = buf_new(c->arena, lines.text.len + 64);
    buf_printf(&out, "{\"status\":%d,\"text\":", status);
    buf_put_json_string(&out, buf_str(&lines.text));
    buf_put_char(&out, '}');
    return visit_answer(v, 200, STR("application/json"), buf_str(&out));
}

static bool reindex_progress(void *context, uint64_t done, uint64_t total)
{
    const ReplyContext *reply_context = context;

    metrics_gauge_set(GAUGE_REINDEX_DONE, (int64_t)done);
    metrics_gauge_set(GAUGE_REINDEX_ALL, (int64_t)total);
    return !reply_context->stopping || !atomic_load(reply_context->stopping);
}

/* How far it has come is told by /owner/facts and /metrics meanwhile. It ends when the server
 * is told to; the next one goes on from there. */
Fail owner_reindex_answer(Visit *v)
{
    Fail result;

    if (v->context->quick) {
        v->reply->wants_worker = true;
        return OK;
    }
    v->call->deadline_ms = 0;
    result = store_reindex(v->call, session_store(v->session), reindex_progress,
                           (void *)(uintptr_t)v->context);
    metrics_gauge_set(GAUGE_REINDEX_DONE, 0);
    metrics_gauge_set(GAUGE_REINDEX_ALL, 0);
    TRY(result);
    return visit_answer(v, 200, STR("application/json"), STR("{\"done\":true}"));
}

Fail owner_facts_answer(Visit *v)
{
    StoreFacts f;

    if (v->context->quick) {
        v->reply->wants_worker = true;
        return OK;
    }
    TRY(store_facts(v->call, v->session, &f));
    return visit_answer(
        v, 200, STR("application/json"),
        arena_printf(
            v->call->arena,
            "{\"resources\":%llu,\"versions\":%llu,\"bytes\":%llu,"
            "\"reindexDone\":%lld,\"reindexAll\":%lld,"
            "\"searchParameters\":%u,\"searchParametersMaking\":%u,"
            "\"searchParametersPercent\":%u,"
            "\"indexStale\":%s,\"diskFull\":%s,\"cipher\":\"%.*s\","
            "\"schema\":\"%.*s\",\"sqlite\":\"%.*s\"}",
            (unsigned long long)f.resources, (unsigned long long)f.versions,
            (unsigned long long)f.bytes, (long long)metrics_gauge_value(GAUGE_REINDEX_DONE),
            (long long)metrics_gauge_value(GAUGE_REINDEX_ALL), f.custom_params, f.custom_making,
            f.custom_percent, f.index_stale ? "true" : "false", f.disk_full ? "true" : "false",
            STR_ARG(f.cipher), STR_ARG(f.schema), STR_ARG(f.sqlite)));
}

static Fail answer_people(Visit *v, Str what)
{
    Str answer;

    if (v->context->quick) {
        v->reply->wants_worker = true;
        return OK;
    }
    TRY(interaction_people(v->call, v->session, NULL, (Str){ 0 }, what, v->request->body,
                           &answer));
    return visit_answer(v, 200, STR("application/json"), answer);
}

/* {"do": "add", "name": …} -> {"link": …}; see interaction_people(). */
Fail owner_user_answer(Visit *v)
{
    return answer_people(v, STR("user"));
}

/* What it may do, see policy.h; {"do": "set", "text": …}. */
Fail owner_policy_answer(Visit *v)
{
    return answer_people(v, STR("policy"));
}

/* The archive comes in base64. Reading a large one may take longer than other calls. */
Fail owner_package_answer(Visit *v)
{
    v->call->deadline_ms = 0;
    return answer_people(v, STR("package"));
}

Fail owner_breach_answer(Visit *v)
{
    return answer_people(v, STR("breach"));
}

Fail owner_break_glass_answer(Visit *v)
{
    return answer_people(v, STR("break-glass"));
}

Fail owner_access_answer(Visit *v)
{
    return answer_people(v, STR("access"));
}

Fail owner_client_answer(Visit *v)
{
    return answer_people(v, STR("client"));
}
