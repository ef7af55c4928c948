/* hale breach: the register of breaches, for whoever watches over privacy. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/people.h"

static int print_list(const Json *answer)
{
    static const PeopleColumn columns[] = {
        { "number", "NO", 4 },
        { "state", "STATE", 10 },
        { "found", "FOUND", 24 },
        { "login", "LOGIN", 16 },
        { "from", "FROM", 24 },
        { "until", "UNTIL", 24 },
        { "risk", "RISK", 5 },
        { "authority", "AUTHORITY TOLD", 15 },
        { "people", "PEOPLE TOLD", 15 },
        { "tellUntil", "TELL UNTIL", 24 },
        { "keptUntil", "KEPT UNTIL", 24 },
        { "words", "WORDS", 40 },
    };

    return people_print_list(answer, "breaches", columns, COUNT(columns));
}

static int print_affected(const Json *answer)
{
    static const PeopleColumn columns[] = { { "patient", "PATIENT", 36 } };

    return people_print_list(answer, "affected", columns, COUNT(columns));
}

static int print_number(const Json *answer)
{
    Str number = json_member_text(answer, 0, STR("number"));

    printf("breach %.*s\n", STR_ARG(number));
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_FAILED;
}

static const PeopleDeed deeds[] = {
    { "list", false, print_list }, { "add", false, print_number },
    { "assess", true, NULL },      { "told", true, NULL },
    { "close", true, NULL },       { "affected", true, print_affected },
};

int command_breach(int argc, char **argv)
{
    Str folder = { 0 }, from = { 0 }, until = { 0 }, login = { 0 }, risk = { 0 }, whom = { 0 },
        on = { 0 }, text = { 0 };
    Words words;
    int   status;

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true, .text = &folder },
        { "words", OPTION_TEXT, "TEXT", "what happened, was found or was done", .text = &text },
        { "from", OPTION_TEXT, "DATE", "add: when it began", .text = &from },
        { "until", OPTION_TEXT, "DATE", "add: when it ended", .text = &until },
        { "login", OPTION_TEXT, "NAME", "add: by whose login, if it is known", .text = &login },
        { "risk", OPTION_TEXT, "RISK", "assess: of significant harm; real or none",
          .text = &risk },
        { "whom", OPTION_TEXT, "WHOM", "told: authority or people", .text = &whom },
        { "on", OPTION_TEXT, "DATE", "told: when", .text = &on },
    };
    const Usage usage = {
        .command = "breach",
        .summary = "hale breach list|add|assess|told|close|affected [NUMBER]: the register of"
                   " breaches.",
        .operands = "DEED [NUMBER]",
        .operands_min = 1,
        .operands_max = 2,
        .options = options,
        .option_count = COUNT(options),
        .more =
            "  hale breach add --from 2026-11-01 --until 2026-11-03 --login house"
            " --words 'looked into charts of neighbours' --data DIR\n"
            "  hale breach affected 1 --data DIR\n"
            "  hale breach assess 1 --risk real --words '…' --data DIR\n"
            "  hale breach told 1 --whom people --on 2026-11-20 --words 'letters' --data DIR\n",
    };

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;

    const PeopleMember members[] = {
        { "number", words.count > 1 ? str_from(words.at[1]) : (Str){ 0 } },
        { "words", text },
        { "from", from },
        { "until", until },
        { "login", login },
        { "risk", risk },
        { "whom", whom },
        { "on", on },
    };
    const PeopleCommand command = {
        .what = "breach",
        .deeds = deeds,
        .deed_count = COUNT(deeds),
        .needs_name = "needs its number",
        .takes_none = "takes no number",
    };
    return people_run(&command, &words, folder, members, COUNT(members));
}
