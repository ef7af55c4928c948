/* hale export: everything in a data folder, in open formats. */
#include "exchange/export.h"

#include <stdio.h>

#include "cli/command.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "cli/progress.h"

typedef struct ExportWork {
    Words    words;
    Str      patient;
    Progress progress;
} ExportWork;

static void show_progress(void *context, const ExportFacts *facts, uint64_t versions_whole)
{
    ExportWork *w = context;

    progress_show(&w->progress, facts->versions, "versions", facts->versions, versions_whole);
}

static int export_from(Call *c, Store *store, void *context)
{
    ExportWork   *w = context;
    Principal     owner = principal_owner();
    ExportFacts   facts;
    ExportOptions options = {
        .folder = w->words.at[0],
        .patient = w->patient,
        .progress = show_progress,
        .context = w,
    };
    Fail result;

    w->progress = progress_begin();
    result = export_folder(c, store, &owner, &options, &facts);
    progress_clear(&w->progress);
    if (result != OK)
        return options_complain("export", c, result);
    fprintf(stderr, "hale export: %llu resources, %llu versions and %llu audit records in %s\n",
            (unsigned long long)facts.resources, (unsigned long long)facts.versions,
            (unsigned long long)facts.audit_records, options.folder);
    return EXIT_FINE;
}

int command_export(int argc, char **argv)
{
    ExportWork w = { 0 };
    FolderJob  job = { .command = "export", .work = export_from, .context = &w };

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true,
          .text = &job.folder },
        { "patient", OPTION_TEXT, "ID", "only this patient's record", .text = &w.patient },
    };
    const Usage usage = {
        .command = "export",
        .summary = "Writes all records, their history and the audit into a new folder, in open"
                   " formats.",
        .operands = "OUT",
        .operands_min = 1,
        .operands_max = 1,
        .options = options,
        .option_count = COUNT(options),
        .more =
            "OUT/README.md describes the files; hale import OUT makes the same record of them"
            " again.\nThe files are not encrypted. No server may have the data folder open.",
    };
    int status;

    if (!options_read(&usage, argc, argv, &w.words, &status))
        return status;
    return folder_run(&job);
}
