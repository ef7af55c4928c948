/* Requests carried out in this process. See direct.h. */
#include "test/crash/direct.h"

#include <stdio.h>

#include "base/limits.h"
#include "fhir/outcome.h"
#include "interaction/interaction.h"

Store *direct_open_store(Call *c, Str folder, bool recorded)
{
    StoreOptions options = {
        .folder = folder,
        .create = true,
        .base = STR("http://127.0.0.1/fhir"),
        .vfs = recorded ? recording_vfs_name() : (Str){ 0 },
    };
    Store *store;

    return store_open(c, &options, &store) == OK ? store : NULL;
}

bool direct_begin(Direct *d, Store *store)
{
    *d = (Direct){ .store = store, .principal = principal_owner() };
    d->arena = arena_create(LIMIT_CALL_BYTES);
    d->kept = arena_create(LIMIT_CALL_BYTES);
    call_begin(&d->call, d->kept);
    if (session_open(&d->call, store, &d->session) == OK)
        return true;
    arena_destroy(d->arena);
    arena_destroy(d->kept);
    return false;
}

void direct_end(Direct *d)
{
    session_close(d->session);
    arena_destroy(d->arena);
    arena_destroy(d->kept);
}

static HttpMethod method_of(const char *name)
{
    static const struct {
        const char *name;
        HttpMethod  method;
    } methods[] = { { "GET", HTTP_GET },
                    { "POST", HTTP_POST },
                    { "PUT", HTTP_PUT },
                    { "DELETE", HTTP_DELETE } };

    for (size_t i = 0; i < COUNT(methods); i++)
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].method;
    return HTTP_OTHER;
}

/* The interaction and the audit record that must be durable before the answer. */
static Fail answer(Direct *d, Call *c, Asked *asked, Str path, Answer *out)
{
    Fail        result = asked_route(c, asked, path, out);
    AuditRecord record;

    if (result == OK)
        result = interaction_answer(c, d->session, &d->principal, asked, out);
    if (out->audited)
        return result;
    record = interaction_audit(c, &d->principal, asked, out, result);
    TRY(store_audit(c, d->store, &record, 1));
    return result;
}

bool direct_send(void *context, const LoadRequest *request, LoadAnswer *out)
{
    Direct *d = context;
    Call    call;
    Fail    result;
    Answer  got = { 0 };
    Str     path = request->path, query = { 0 };
    Asked   asked = {
          .method = method_of(request->method),
          .body = request->body,
          .body_type = STR("application/fhir+json"),
          .if_match = request->if_match,
          .if_none_exist = request->if_none_exist,
          .prefer_return = PREFER_MINIMAL,
          .base = STR("http://127.0.0.1/fhir"),
          .address = STR("127.0.0.1"),
    };

    arena_reset(d->arena);
    (void)str_cut(request->path, '?', &path, &query);
    asked.query = query;
    call_begin(&call, d->arena);
    snprintf(call.request_id, sizeof call.request_id, "%.*s", STR_ARG(request->request_id));
    result = answer(d, &call, &asked, path.len ? path : STR("/"), &got);
    *out = (LoadAnswer){
        .status = result == OK ? got.status : outcome_status(result),
        .version = result == OK ? got.version : 0,
        .body = got.body,
    };
    snprintf(out->location, sizeof out->location, "%.*s", STR_ARG(got.location));
    if (getenv("CRASH_SHOW") && result != OK)
        fprintf(stderr, "%s %.*s: %d %s\n", request->method, STR_ARG(request->path),
                out->status, direct_why(&call));
    return true;
}

const char *direct_why(const Call *c)
{
    static _Thread_local char text[300];
    Str why = c->issue_count ? c->issues[0].text : STR("no reason was noted");

    snprintf(text, sizeof text, "%.*s", STR_ARG(why));
    return text;
}
