/* hale break-glass: records that were opened in an emergency, to be looked at afterwards. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/people.h"

static int print_list(const Json *answer)
{
    static const PeopleColumn columns[] = {
        { "number", "NO", 5 },        { "state", "STATE", 10 }, { "login", "BY", 20 },
        { "patient", "PATIENT", 20 }, { "began", "BEGAN", 24 }, { "ends", "ENDS", 24 },
        { "reason", "REASON", 12 },   { "words", "WORDS", 40 }, { "verdict", "VERDICT", 20 },
    };

    return people_print_list(answer, "emergencies", columns, COUNT(columns));
}

static const PeopleDeed deeds[] = {
    { "list", false, print_list },
    { "end", true, NULL },
    { "review", true, NULL },
};

int command_break_glass(int argc, char **argv)
{
    Str   folder = { 0 }, verdict = { 0 };
    Words words;
    int   status;

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true, .text = &folder },
        { "verdict", OPTION_TEXT, "TEXT", "review: what was found", .text = &verdict },
    };
    const Usage usage = {
        .command = "break-glass",
        .summary = "hale break-glass list|end|review [NUMBER]: records opened in an emergency.",
        .operands = "DEED [NUMBER]",
        .operands_min = 1,
        .operands_max = 2,
        .options = options,
        .option_count = COUNT(options),
        .more = "  hale break-glass list --data DIR\n"
                "  hale break-glass review 3 --verdict 'on call that night' --data DIR\n\n"
                "Each is to be reviewed within 72 hours; the list says which are overdue.\n",
    };

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;

    const PeopleMember members[] = {
        { "number", words.count > 1 ? str_from(words.at[1]) : (Str){ 0 } },
        { "verdict", verdict },
    };
    const PeopleCommand command = {
        .what = "break-glass",
        .deeds = deeds,
        .deed_count = COUNT(deeds),
        .needs_name = "needs its number",
        .takes_none = "takes no number",
    };
    return people_run(&command, &words, folder, members, COUNT(members));
}
