/* hale import: records from files into a data folder. */
#include "exchange/import.h"

#include <signal.h>
#include <stdio.h>

#include "base/chunk.h"
#include "cli/command.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "cli/progress.h"

typedef struct Importing {
    Words    words;
    uint64_t threads;
    Progress progress;
} Importing;

static atomic_bool stop;

static void ask_to_stop(int signal)
{
    (void)signal;
    atomic_store(&stop, true);
}

/* The first signal ends the import where it is whole; a second one ends the process. */
static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = ask_to_stop, .sa_flags = (int)SA_RESETHAND };

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static void show_progress(void *context, const ImportFacts *facts)
{
    Importing *i = context;

    progress_show(&i->progress, facts->taken, "resources", facts->bytes_done,
                  facts->bytes_whole);
}

static void show_fault(void *context, Str where, Str place, Str reason)
{
    Importing *i = context;

    progress_clear(&i->progress);
    fprintf(stderr, "hale import: %.*s: ", STR_ARG(where));
    if (place.len)
        fprintf(stderr, "%.*s: ", STR_ARG(place));
    fprintf(stderr, "%.*s\n", STR_ARG(reason));
}

static void show_summary(const Importing *i, const ImportFacts *facts)
{
    double seconds = progress_seconds(&i->progress);

    fprintf(stderr, "hale import: %llu resources in %.1f s (%.0f a second)",
            (unsigned long long)facts->taken, seconds,
            seconds > 0 ? (double)facts->taken / seconds : 0);
    if (facts->unchanged)
        fprintf(stderr, ", %llu of them unchanged", (unsigned long long)facts->unchanged);
    if (facts->rejected)
        fprintf(stderr, ", %llu rejected", (unsigned long long)facts->rejected);
    fputc('\n', stderr);
}

static int import_into(Call *c, Store *store, void *context)
{
    Importing    *i = context;
    Principal     owner = principal_owner();
    ImportFacts   facts = { 0 };
    ImportOptions options = {
        .paths = i->words.at,
        .path_count = i->words.count,
        .threads = (unsigned)i->threads,
        .stop = &stop,
        .progress = show_progress,
        .fault = show_fault,
        .context = i,
    };
    Fail result;

    catch_signals();
    chunk_keep_many();
    i->progress = progress_begin();
    result = import_files(c, store, &owner, &options, &facts);
    progress_clear(&i->progress);
    if (result != OK) {
        options_complain("import", c, result);
        if (facts.taken)
            fprintf(stderr,
                    "hale import: runs that were whole before that are stored, and the same"
                    " command goes on from there\n");
        return EXIT_FAILED;
    }
    show_summary(i, &facts);
    if (facts.stopped) {
        fprintf(stderr,
                "hale import: interrupted; what was taken is stored, and the same command"
                " goes on where this one ended\n");
        return EXIT_FAILED;
    }
    return facts.rejected ? EXIT_PARTLY : EXIT_FINE;
}

int command_import(int argc, char **argv)
{
    Importing i = { 0 };
    FolderJob job = { .command = "import", .create = true, .work = import_into, .context = &i };

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder; made if it is not there",
          .required = true, .text = &job.folder },
        { "threads", OPTION_NUMBER, "N",
          "threads that check and index; default: the processors", .min = 1, .max = 64,
          .number = &i.threads },
    };
    const Usage usage = {
        .command = "import",
        .summary =
            "Takes records from files: FHIR Bundles, resources, NDJSON, each plain or packed"
            " with gzip,\nand folders that hale export wrote. - is standard input.",
        .operands = "FILE…",
        .operands_min = 1,
        .operands_max = SIZE_MAX,
        .options = options,
        .option_count = COUNT(options),
        .more =
            "Files are taken in the order given. Resources keep their ids; in a Bundle, entries"
            " to be\ncreated get the UUID of their fullUrl. A transaction goes in as a whole or"
            " not at all;\nbatch, collection, searchset and history Bundles are unpacked;"
            " document and message\nBundles are kept as they are. References that are searches"
            " (Practitioner?identifier=…)\nare replaced by what they find, also outside of"
            " Bundles: then among all that was imported.\n\n"
            "What cannot be taken is reported with file, line and reason, and kept in\n"
            "FILE.rejected.ndjson; the rest goes in, and the exit status is 3. Doing it again"
            " changes\nnothing that is the same. No server may have the data folder open.",
    };
    int status;

    if (!options_read(&usage, argc, argv, &i.words, &status))
        return status;
    return folder_run(&job);
}
