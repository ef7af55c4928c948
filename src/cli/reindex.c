/* hale reindex: what is derived from the log of changes, made anew. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "cli/command.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "cli/owner_client.h"
#include "cli/progress.h"
#include "codec/json.h"

/* How often a server is asked how far it is: soon at first, then once a second. */
enum { ASK_FIRST_US = 50 * 1000, ASK_LATER_US = 1000 * 1000 };

static volatile sig_atomic_t told_to_stop;

static void note_signal(int number)
{
    (void)number;
    told_to_stop = 1;
}

static bool show_progress(void *context, uint64_t done, uint64_t total)
{
    progress_show(context, done, "resources", done, total);
    return !told_to_stop;
}

static int finished(void)
{
    fprintf(stderr, "hale reindex: done\n");
    return EXIT_FINE;
}

/* ---- by a server that has the folder open ---- */

/* Looks how far the server is while it works. */
typedef struct Watch {
    const FolderJob *job;
    Progress         progress;
    pthread_t        thread;
    atomic_bool      ended;
} Watch;

static uint64_t number_in(const Json *json, Str name)
{
    uint32_t place = json_member(json, 0, name);
    uint64_t number = 0;

    return place && str_to_u64(json->values[place].text, &number) ? number : 0;
}

static void look(Call *c, Watch *w)
{
    OwnerAnswer facts;
    Json        json;
    uint64_t    all;

    if (owner_call(c, w->job->folder, "GET", "/owner/facts", (Str){ 0 }, &facts) != OK
        || facts.status != 200 || json_parse(c, facts.body, LIMIT_JSON_NODES, &json) != OK)
        return;
    all = number_in(&json, STR("reindexAll"));
    if (all && !atomic_load(&w->ended))
        progress_show(&w->progress, number_in(&json, STR("reindexDone")), "resources",
                      number_in(&json, STR("reindexDone")), all);
}

static void *watch(void *context)
{
    Watch     *w = context;
    Arena     *arena = arena_create(LIMIT_CALL_BYTES);
    useconds_t pause = ASK_FIRST_US;
    Call       call;

    while (!atomic_load(&w->ended)) {
        arena_reset(arena);
        call_begin(&call, arena);
        look(&call, w);
        usleep(pause);
        pause = pause * 2 < ASK_LATER_US ? pause * 2 : ASK_LATER_US;
    }
    arena_destroy(arena);
    return NULL;
}

static int ask_server(Call *c, const FolderJob *job)
{
    Watch w = { .job = job, .progress = progress_begin() };
    Str   answer;
    int   status;

    if (w.progress.terminal)
        ENSURE(pthread_create(&w.thread, NULL, watch, &w) == 0);
    status = folder_ask_server(c, job, "POST", "/owner/reindex", STR("{}"), &answer);
    atomic_store(&w.ended, true);
    if (w.progress.terminal)
        pthread_join(w.thread, NULL);
    progress_clear(&w.progress);
    return status == EXIT_FINE ? finished() : status;
}

/* ---- by ourselves ---- */

static int reindex(Call *c, Store *store, void *context)
{
    Progress progress = progress_begin();
    Fail     result;

    (void)context;
    signal(SIGINT, note_signal);
    signal(SIGTERM, note_signal);
    result = store_reindex(c, store, show_progress, &progress);
    progress_clear(&progress);
    if (told_to_stop) {
        fprintf(stderr, "hale reindex: stopped; the next one goes on from here\n");
        return EXIT_FAILED;
    }
    return result == OK ? finished() : options_complain("reindex", c, result);
}

int command_reindex(int argc, char **argv)
{
    FolderJob job = { .command = "reindex", .work = reindex, .through_server = ask_server };
    Words     words;
    int       status;

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true,
          .text = &job.folder },
    };
    const Usage usage = {
        .command = "reindex",
        .summary = "Makes all that is derived from the log of changes anew.",
        .options = options,
        .option_count = COUNT(options),
        .more =
            "Goes on where an earlier one was stopped. A server that has the folder open does\n"
            "it beside its work.\n",
    };

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    return folder_run(&job);
}
