/* Opening a data folder for one command: see folder.h. */
#include "cli/folder.h"

#include <stdio.h>

#include "base/limits.h"
#include "cli/options.h"
#include "codec/json.h"

/* The sentence in an OperationOutcome: issue[0].details.text. */
static Str outcome_sentence(Call *c, Str body)
{
    Json     json;
    uint32_t issue, details;

    if (json_parse(c, body, LIMIT_JSON_NODES, &json) != OK)
        return (Str){ 0 };
    issue = json_member(&json, 0, STR("issue"));
    if (!issue || json.values[issue].count == 0)
        return (Str){ 0 };
    details = json_member(&json, issue + 1, STR("details"));
    return details ? json_member_text(&json, details, STR("text")) : (Str){ 0 };
}

int folder_ask_server(Call *c, const FolderJob *job, const char *method, const char *path,
                      Str body, Str *answer)
{
    OwnerAnswer got;
    Fail        result = owner_call(c, job->folder, method, path, body, &got);
    Str         sentence;

    if (result != OK)
        return options_complain(job->command, c, result);
    if (got.status / 100 == 2) {
        *answer = got.body;
        return EXIT_FINE;
    }
    sentence = outcome_sentence(c, got.body);
    if (sentence.len)
        fprintf(stderr, "hale %s: %.*s\n", job->command, STR_ARG(sentence));
    else
        fprintf(stderr, "hale %s: the server refuses with status %d\n", job->command,
                got.status);
    return EXIT_FAILED;
}

static int run(Call *c, const FolderJob *job)
{
    StoreOptions options = { .folder = job->folder, .create = job->create };
    Store       *store;
    Fail         result = store_open(c, &options, &store);
    int          status;

    if (result == FAIL_CONFLICT && job->through_server) {
        call_forget_issues(c, 0);
        return job->through_server(c, job);
    }
    if (result != OK)
        return options_complain(job->command, c, result);
    status = job->work(c, store, job->context);
    store_close(store);
    return status;
}

int folder_run(const FolderJob *job)
{
    Arena *arena = arena_create(LIMIT_BUNDLE_CALL_BYTES);
    Call   call;
    int    status;

    call_begin(&call, arena);
    call.deadline_ms = 0;
    status = run(&call, job);
    arena_destroy(arena);
    return status;
}
