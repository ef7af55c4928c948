/* hale reindex: what is derived from the log of changes, made anew. */
#include <signal.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "cli/progress.h"

static volatile sig_atomic_t told_to_stop;

static void note_signal(int number)
{
    (void)number;
    told_to_stop = 1;
}

static bool show_progress(void *context, uint64_t done, uint64_t total)
{
    progress_show(context, done, "versions", done, total);
    return !told_to_stop;
}

static int finished(void)
{
    fprintf(stderr, "hale reindex: done\n");
    return EXIT_FINE;
}

static int ask_server(Call *c, const FolderJob *job)
{
    Str answer;
    int status = folder_ask_server(c, job, "POST", "/owner/reindex", STR("{}"), &answer);

    return status == EXIT_FINE ? finished() : status;
}

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
