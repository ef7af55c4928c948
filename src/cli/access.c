/* hale access: why a login may do something with a resource, or may not. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/people.h"

static int print_reason(const Json *answer)
{
    printf("allowed  %.*s\nby       %.*s\nwhy      %.*s\n",
           STR_ARG(json_member_text(answer, 0, STR("allowed"))),
           STR_ARG(json_member_text(answer, 0, STR("by"))),
           STR_ARG(json_member_text(answer, 0, STR("why"))));
    printf("%.*s", STR_ARG(json_member_text(answer, 0, STR("rows"))));
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_FAILED;
}

static const PeopleDeed deeds[] = { { "explain", true, print_reason } };

int command_access(int argc, char **argv)
{
    Str   folder = { 0 }, name = { 0 }, interaction = { 0 }, scope = { 0 };
    Words words;
    int   status;

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true, .text = &folder },
        { "as", OPTION_TEXT, "LOGIN", "whose login", .required = true, .text = &name },
        { "interaction", OPTION_TEXT, "WORD", "read, search, update or delete (read)",
          .text = &interaction },
        { "scope", OPTION_TEXT, "SCOPES", "what an app has of it (all that the role allows)",
          .text = &scope },
    };
    const Usage usage = {
        .command = "access",
        .summary =
            "hale access explain TYPE/ID: says what decides whether a login may read it.",
        .operands = "DEED TYPE/ID",
        .operands_min = 1,
        .operands_max = 2,
        .options = options,
        .option_count = COUNT(options),
        .more =
            "  hale access explain --as carol Observation/12 --data DIR\n"
            "  hale access explain --as desk Coverage/3 --interaction update --data DIR\n\n"
            "The row of the policy, the label, the criterion, the scope, the proxy's switch or the\n"
            "record; nothing of the resource. That it was asked is in the audit.\n",
    };

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;

    const PeopleMember members[] = {
        { "resource", words.count > 1 ? str_from(words.at[1]) : (Str){ 0 } },
        { "name", name },
        { "interaction", interaction },
        { "scope", scope },
    };
    const PeopleCommand command = {
        .what = "access",
        .deeds = deeds,
        .deed_count = COUNT(deeds),
        .needs_name = "needs a resource: TYPE/ID",
        .takes_none = "takes no resource",
    };
    return people_run(&command, &words, folder, members, COUNT(members));
}
