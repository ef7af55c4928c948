/* hale package: what a practice uses of FHIR packages. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/options.h"
#include "cli/people.h"
#include "codec/base64.h"

static int end(void)
{
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_FAILED;
}

static int print_added(const Json *answer)
{
    uint32_t idle = json_member(answer, 0, STR("idle"));

    printf("%.*s#%.*s: %.*s definitions (%.*s other files left out)\n",
           STR_ARG(json_member_text(answer, 0, STR("name"))),
           STR_ARG(json_member_text(answer, 0, STR("version"))),
           STR_ARG(json_member_text(answer, 0, STR("definitions"))),
           STR_ARG(json_member_text(answer, 0, STR("leftOut"))));
    if (!str_equal(json_member_text(answer, 0, STR("standard")), STR("0")))
        printf("%.*s search parameters are the standard's own\n",
               STR_ARG(json_member_text(answer, 0, STR("standard"))));
    for (uint32_t i = idle + 1; idle && i < answer->values[idle].after;
         i = answer->values[i].after)
        printf("not in force: %.*s: %.*s\n", STR_ARG(json_member_text(answer, i, STR("file"))),
               STR_ARG(json_member_text(answer, i, STR("why"))));
    return end();
}

static int print_removed(const Json *answer)
{
    printf("%.*s definitions removed\n",
           STR_ARG(json_member_text(answer, 0, STR("definitions"))));
    return end();
}

static int print_list(const Json *answer)
{
    static const PeopleColumn columns[] = {
        { "name", "NAME", 28 },
        { "version", "VERSION", 12 },
        { "definitions", "DEFINITIONS", 12 },
        { "added", "ADDED", 28 },
        { "needs", "NEEDS", 40 },
    };

    return people_print_list(answer, "packages", columns, COUNT(columns));
}

static const PeopleDeed deeds[] = {
    { "add", true, print_added },
    { "list", false, print_list },
    { "remove", true, print_removed },
};

/* The file in base64, on the call's arena. */
static Fail read_archive(Call *c, const char *file, Str *out)
{
    Str bytes;
    Buf text;

    if (setjmp(*arena_boundary(c->arena)))
        return FAIL_TOO_COSTLY;
    TRY(file_read(c, file, &bytes));
    text = buf_new(c->arena, bytes.len * 4 / 3 + 16);
    base64_put(&text, bytes);
    *out = buf_str(&text);
    arena_forget_boundary(c->arena);
    return OK;
}

int command_package(int argc, char **argv)
{
    Str    folder = { 0 }, archive = { 0 }, name = { 0 };
    bool   incomplete = false;
    Words  words;
    Call   call;
    Arena *arena;
    Fail   result = OK;
    int    status;

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true, .text = &folder },
        { "incomplete", OPTION_FLAG, NULL, "add: also where packages that it needs are missing",
          .flag = &incomplete },
    };
    const Usage usage = {
        .command = "package",
        .summary = "hale package add FILE.tgz | list | remove NAME[#VERSION]: profiles, value "
                   "sets, code systems, concept maps and search parameters of FHIR packages.",
        .operands = "DEED [FILE|NAME]",
        .operands_min = 1,
        .operands_max = 2,
        .options = options,
        .option_count = COUNT(options),
        .more = "  hale package add hl7.fhir.us.core-6.1.0.tgz --data DIR\n"
                "  hale package remove hl7.fhir.us.core#6.1.0 --data DIR\n\n"
                "A package is taken whole or not at all. What it needs must be there first.\n",
    };

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    arena = arena_create(LIMIT_BUNDLE_CALL_BYTES);
    call_begin(&call, arena);
    if (words.count > 1 && strcmp(words.at[0], "add") == 0)
        result = read_archive(&call, words.at[1], &archive);
    else if (words.count > 1)
        name = str_from(words.at[1]);

    const PeopleMember  members[] = { { "archive", archive },
                                      { "name", name },
                                      { "incomplete", incomplete ? STR("yes") : (Str){ 0 } } };
    const PeopleCommand command = {
        .what = "package",
        .deeds = deeds,
        .deed_count = COUNT(deeds),
        .needs_name = "needs a file, or the name of a package",
        .takes_none = "takes no name",
    };
    status = result == OK ? people_run(&command, &words, folder, members, COUNT(members))
                          : options_complain("package", &call, result);
    arena_destroy(arena);
    return status;
}
