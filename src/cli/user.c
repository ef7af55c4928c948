/* hale user: the people who sign in. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/people.h"

static int print_link(const Json *answer)
{
    printf("%.*s\n", STR_ARG(json_member_text(answer, 0, STR("link"))));
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_FAILED;
}

static int print_users(const Json *answer)
{
    static const PeopleColumn columns[] = {
        { "name", "NAME", 20 },
        { "role", "ROLE", 16 },
        { "state", "STATE", 8 },
        { "secondFactor", "2ND FACTOR", 10 },
        { "linked", "LINKED TO", 20 },
        { "made", "MADE", 20 },
        { "patient", "SEES PATIENT", 12 },
    };

    return people_print_list(answer, "users", columns, COUNT(columns));
}

static int print_sessions(const Json *answer)
{
    static const PeopleColumn columns[] = {
        { "session", "SESSION", 64 }, { "made", "MADE", 24 },     { "seen", "LAST SEEN", 24 },
        { "network", "NETWORK", 16 }, { "agent", "BROWSER", 40 },
    };

    return people_print_list(answer, "sessions", columns, COUNT(columns));
}

static const PeopleDeed deeds[] = {
    { "add", true, print_link },   { "list", false, print_users },
    { "disable", true, NULL },     { "enable", true, NULL },
    { "reset", true, print_link }, { "allow", true, NULL },
    { "withdraw", true, NULL },    { "role", true, NULL },
    { "sign-out", true, NULL },    { "sessions", true, print_sessions },
};

typedef struct Given {
    Str  folder, role, linked, patient, may, from, until, session;
    bool second_factor;
} Given;

static int run(const Given *g, const Words *words)
{
    const PeopleMember members[] = {
        { "name", words->count > 1 ? str_from(words->at[1]) : (Str){ 0 } },
        { "role", g->role },
        { "linked", g->linked },
        { "patient", g->patient },
        { "may", g->may },
        { "from", g->from },
        { "until", g->until },
        { "session", g->session },
        { "secondFactor", g->second_factor ? STR("yes") : (Str){ 0 } },
    };
    const PeopleCommand command = {
        .what = "user",
        .deeds = deeds,
        .deed_count = COUNT(deeds),
        .needs_name = "needs the login's name",
        .takes_none = "takes no name",
    };

    return people_run(&command, words, g->folder, members, COUNT(members));
}

int command_user(int argc, char **argv)
{
    Given given = { 0 };
    Words words;
    int   status;

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true,
          .text = &given.folder },
        { "role", OPTION_TEXT, "ROLE",
          "practitioner, front-desk, biller, privacy-officer, administrator, patient or proxy",
          .text = &given.role },
        { "linked", OPTION_TEXT, "TYPE/ID",
          "the Practitioner, Patient or RelatedPerson who this is", .text = &given.linked },
        { "patient", OPTION_TEXT, "ID", "of a proxy: whose record", .text = &given.patient },
        { "may", OPTION_TEXT, "LIST", "of a proxy: some of see,book,forms,message,pay,consent",
          .text = &given.may },
        { "from", OPTION_TEXT, "DATE", "of a proxy: the first day, as 2026-12-01",
          .text = &given.from },
        { "session", OPTION_TEXT, "SESSION", "sign-out: this one only",
          .text = &given.session },
        { "until", OPTION_TEXT, "DATE", "of a proxy: the last day, as 2027-01-31",
          .text = &given.until },
        { "second-factor", OPTION_FLAG, NULL,
          "reset: the telephone is lost too, a new one is set up",
          .flag = &given.second_factor },
    };
    const Usage usage = {
        .command = "user",
        .summary =
            "hale user add|list|disable|enable|reset|role|allow|withdraw|sessions|sign-out [NAME]",
        .operands = "DEED [NAME]",
        .operands_min = 1,
        .operands_max = 2,
        .options = options,
        .option_count = COUNT(options),
        .more =
            "  hale user add house --role practitioner --linked Practitioner/1 --data DIR\n"
            "  hale user add anne --role patient --linked Patient/7 --data DIR\n"
            "  hale user add carol --role proxy --linked RelatedPerson/3 --patient 7 --data DIR\n"
            "  hale user allow carol --patient 8 --may see,book --until 2027-01-31 --data DIR\n"
            "  hale user withdraw carol --patient 8 --data DIR\n"
            "  hale user reset house --data DIR\n\n"
            "add and reset print a link by which its owner sets a password: good once, and\n"
            "for three days. reset and disable end what was begun, apps included.\n",
    };

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    return run(&given, &words);
}
