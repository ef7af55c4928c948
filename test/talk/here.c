/* The other side of a talk in this very process: reply_make() on a store of its own. */
#include "test/talk/talk.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "practice/billing.h"
#include "practice/note.h"

typedef struct Here {
    Door     door;
    Arena   *arena;
    Arena   *asking;
    Store   *store;
    Session *session;
} Here;

static Str make_token(Door *door, Arena *a, Str scopes, Str patient)
{
    Here *here = door->state;
    Call  call;
    char  token[44];

    billing_offer();
    note_offer();
    call_begin(&call, a);
    if (token_create(&call, here->store, scopes, patient, STR("talk"), 60, token) != OK)
        return (Str){ 0 };
    return arena_str(a, str_from(token));
}

static Str content_type_of(const Said *said)
{
    if (said->method == HTTP_PATCH)
        return STR("application/json-patch+json");
    return str_find(said->target, STR("/_search")) >= 0
               ? STR("application/x-www-form-urlencoded")
               : STR("application/fhir+json");
}

static void add(Header *headers, size_t *count, Str name, Str value)
{
    for (size_t i = 0; i < *count; i++)
        if (str_equal_ascii_nocase(headers[i].name, name))
            return;
    headers[(*count)++] = (Header){ name, value };
}

static bool ask(Door *door, Arena *a, const Said *said, Heard *heard)
{
    Here        *here = door->state;
    ReplyContext context = { .base_url = door->base_url };
    Header       headers[20];
    size_t       count = said->header_count;
    Request      request = { .method = said->method,
                             .path = said->target,
                             .headers = headers,
                             .body = said->body,
                             .address = STR("127.0.0.1") };
    Reply       *reply = NEW(a, Reply);
    Call         call;

    memcpy(headers, said->headers, count * sizeof *headers);
    if (said->token.len > 0)
        add(headers, &count, STR("Authorization"),
            arena_printf(a, "Bearer %.*s", STR_ARG(said->token)));
    if (said->body.len > 0)
        add(headers, &count, STR("Content-Type"), content_type_of(said));
    request.header_count = count;
    str_cut(said->target, '?', &request.path, &request.query);
    arena_reset(here->asking);
    arena_set_cap(here->asking, LIMIT_CALL_BYTES);
    call_begin(&call, here->asking);
    reply_make(&call, here->session, &context, &request, reply);
    if (reply->unaudited && store_audit(&call, here->store, &reply->audit, 1) != OK)
        return false;
    heard->status = reply->status;
    heard->body = said->method == HTTP_HEAD ? (Str){ 0 } : arena_str(a, reply->body);
    for (size_t i = 0; i < reply->header_count; i++)
        heard->headers[heard->header_count++] =
            (Header){ arena_str(a, reply->headers[i].name),
                      arena_str(a, reply->headers[i].value) };
    return true;
}

Door *door_open_here(const char *folder)
{
    Arena       *a = arena_create((size_t)64 << 20);
    Here        *here = NEW(a, Here);
    Call         call;
    StoreOptions options = { .folder = str_from(folder),
                             .create = true,
                             .base = STR("http://127.0.0.1:8080/fhir") };

    *here = (Here){ .arena = a,
                    .asking = arena_create(LIMIT_CALL_BYTES),
                    .door = { .base_url = STR("http://127.0.0.1:8080"),
                              .state = here,
                              .token = make_token,
                              .ask = ask } };
    billing_offer();
    note_offer();
    call_begin(&call, a);
    if (store_open(&call, &options, &here->store) != OK
        || session_open(&call, here->store, &here->session) != OK) {
        for (uint32_t i = 0; i < call.issue_count; i++)
            fprintf(stderr, "%.*s\n", STR_ARG(call.issues[i].text));
        abort();
    }
    return &here->door;
}

void door_close_here(Door *door)
{
    Here *here = door->state;

    session_close(here->session);
    store_close(here->store);
    arena_destroy(here->asking);
    arena_destroy(here->arena);
}
