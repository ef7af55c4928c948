/* hale doctor: what there is, and whether anything about it needs attention. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "cli/command.h"
#include "cli/folder.h"
#include "cli/options.h"

enum { FREE_MB_MIN = 1024, YEAR_MIN = 2026 };

typedef struct Checkup {
    unsigned problems;
} Checkup;

static void say(Checkup *k, bool good, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(Checkup *k, bool good, const char *format, ...)
{
    va_list args;

    k->problems += !good;
    fputs(good ? "fine     " : "PROBLEM  ", stdout);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static void check_folder(Checkup *k, const char *folder)
{
    struct stat    info;
    struct statvfs space;

    if (stat(folder, &info) != 0) {
        say(k, false, "%s cannot be looked at: %s", folder, strerror(errno));
        return;
    }
    say(k, (info.st_mode & 077) == 0, "%s is %s", folder,
        info.st_mode & 077 ? "open to others: close it with chmod 700" : "its owner's alone");
    if (statvfs(folder, &space) == 0) {
        uint64_t free_mb = (uint64_t)space.f_bavail * space.f_frsize >> 20;

        say(k, free_mb >= FREE_MB_MIN, "%llu MB are free on its disk",
            (unsigned long long)free_mb);
    }
}

static void check_machine(Checkup *k)
{
    time_t    now = time(NULL);
    struct tm parts;

#if defined(__x86_64__)
    say(k, true, "the processor has %s",
        __builtin_cpu_supports("aes") ? "AES instructions: encryption costs little"
                                      : "no AES instructions: encryption is slow here");
#endif
    if (!gmtime_r(&now, &parts))
        say(k, false, "the clock cannot be read");
    else
        say(k, parts.tm_year + 1900 >= YEAR_MIN, "the clock says %04d-%02d-%02d (UTC)",
            parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

static int finish(const Checkup *k)
{
    if (k->problems)
        printf("%u problem%s\n", k->problems, k->problems == 1 ? "" : "s");
    return k->problems ? EXIT_FAILED : EXIT_FINE;
}

static int check_store(Call *c, Store *store, void *context)
{
    Checkup   *k = context;
    Session   *session;
    StoreFacts facts;
    Fail       result = session_open(c, store, &session);

    if (result == OK) {
        result = store_facts(c, session, &facts);
        session_close(session);
    }
    if (result != OK)
        return options_complain("doctor", c, result);
    say(k, true, "SQLite %.*s, cipher %.*s, schema %.*s", STR_ARG(facts.sqlite),
        STR_ARG(facts.cipher), STR_ARG(facts.schema));
    say(k, true, "%llu resources in %llu versions, %llu bytes on disk",
        (unsigned long long)facts.resources, (unsigned long long)facts.versions,
        (unsigned long long)facts.bytes);
    say(k, !facts.index_stale, "the index %s",
        facts.index_stale ? "was made for other definitions: run hale reindex"
                          : "fits the definitions");
    if (facts.custom_params)
        say(k, true, "%u search parameters of the practice's own, by types; %u are being made",
            facts.custom_params, facts.custom_making);
    say(k, !facts.disk_full, "the last change %s room", facts.disk_full ? "found no" : "found");
    return finish(k);
}

static int ask_server(Call *c, const FolderJob *job)
{
    Checkup *k = job->context;
    Str      answer;
    int      status = folder_ask_server(c, job, "GET", "/owner/facts", (Str){ 0 }, &answer);

    if (status != EXIT_FINE)
        return status;
    say(k, true, "a server has the folder open and says: %.*s", STR_ARG(answer));
    return finish(k);
}

int command_doctor(int argc, char **argv)
{
    Checkup   k = { 0 };
    FolderJob job = {
        .command = "doctor", .work = check_store, .through_server = ask_server, .context = &k
    };

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true,
          .text = &job.folder },
    };
    const Usage usage = {
        .command = "doctor",
        .summary = "Looks at a data folder and the machine, and says what needs attention.",
        .options = options,
        .option_count = COUNT(options),
        .more = "The exit status is 1 if there is a problem.",
    };
    Words words;
    int   status;

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    puts("hale " HALE_VERSION);
    check_machine(&k);
    check_folder(&k, job.folder.at); /* a word of the command line: it ends with NUL */
    fflush(stdout);
    return folder_run(&job);
}
