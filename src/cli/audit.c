/* hale audit: who saw and changed what. */
#include <stdio.h>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "exchange/export_text.h"

typedef struct Report {
    Str               patient;
    Arena            *arena;
    const GrantNames *names;
} Report;

static bool print_record(void *context, const AuditRecord *record, uint64_t place)
{
    Report   *r = context;
    ArenaMark mark = arena_mark(r->arena);
    Str       line;

    (void)place;
    if (r->patient.len && !str_equal(r->patient, record->patient))
        return true;
    line = export_audit_line(r->arena, r->names, record);
    fwrite(line.at, 1, line.len, stdout);
    putchar('\n');
    arena_rewind(r->arena, mark);
    return !ferror(stdout);
}

static int report(Call *c, Store *store, void *context)
{
    Report  *r = context;
    Session *session;
    Fail     result = session_open(c, store, &session);

    if (result == OK) {
        r->arena = arena_create(LIMIT_CALL_BYTES);
        result = grant_names_load(c, session, r->arena, &r->names);
        if (result == OK)
            result = store_audit_read(c, session, 0, print_record, r);
        arena_destroy(r->arena);
        session_close(session);
    }
    if (result != OK)
        return options_complain("audit", c, result);
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_FAILED;
}

int command_audit(int argc, char **argv)
{
    Report    r = { 0 };
    FolderJob job = { .command = "audit", .work = report, .context = &r };

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true,
          .text = &job.folder },
        { "patient", OPTION_TEXT, "ID", "only what concerned this patient's record",
          .text = &r.patient },
    };
    const Usage usage = {
        .command = "audit",
        .summary = "hale audit report: prints the audit as lines of JSON, the newest last.",
        .operands = "report",
        .operands_min = 1,
        .operands_max = 1,
        .options = options,
        .option_count = COUNT(options),
    };
    Words words;
    int   status;

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    if (strcmp(words.at[0], "report") != 0) {
        fprintf(stderr, "hale audit: there is no \"%s\" (see hale audit --help)\n",
                words.at[0]);
        return EXIT_USAGE;
    }
    return folder_run(&job);
}
