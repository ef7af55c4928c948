/* hale policy: which role may do what. */
#include <stdio.h>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/people.h"

enum { POLICY_BYTES_MAX = 256 * 1024 };

static int put(Str text)
{
    fwrite(text.at, 1, text.len, stdout);
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_FAILED;
}

static int print_rows(const Json *answer)
{
    printf("version %.*s\n", STR_ARG(json_member_text(answer, 0, STR("number"))));
    return put(json_member_text(answer, 0, STR("rows")));
}

static int print_text(const Json *answer)
{
    return put(json_member_text(answer, 0, STR("text")));
}

static int print_number(const Json *answer)
{
    printf("version %.*s\n", STR_ARG(json_member_text(answer, 0, STR("number"))));
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_FAILED;
}

static int print_versions(const Json *answer)
{
    static const PeopleColumn columns[] = { { "number", "VERSION", 8 },
                                            { "made", "MADE", 28 },
                                            { "bytes", "BYTES", 8 } };

    return people_print_list(answer, "versions", columns, COUNT(columns));
}

static const PeopleDeed deeds[] = {
    { "show", false, print_rows },
    { "check", true, NULL },
    { "set", true, print_number },
    { "history", false, print_versions },
};

/* `hale policy show --json` shows the text as it is kept. */
static const PeopleDeed as_text[] = { { "show", false, print_text } };

static bool read_file(const char *path, char bytes[POLICY_BYTES_MAX + 1], Str *out)
{
    FILE *f = fopen(path, "re");

    if (!f) {
        fprintf(stderr, "hale policy: cannot open %s\n", path);
        return false;
    }
    *out = (Str){ bytes, fread(bytes, 1, POLICY_BYTES_MAX + 1, f) };
    fclose(f);
    if (out->len <= POLICY_BYTES_MAX)
        return true;
    fprintf(stderr, "hale policy: %s is larger than %d bytes\n", path, POLICY_BYTES_MAX);
    return false;
}

int command_policy(int argc, char **argv)
{
    static char bytes[POLICY_BYTES_MAX + 1];
    Str         folder = { 0 }, number = { 0 }, role = { 0 }, text = { 0 };
    bool        json = false;
    Words       words;
    int         status;

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder", .required = true, .text = &folder },
        { "number", OPTION_TEXT, "N", "show: that version; 0: as shipped", .text = &number },
        { "role", OPTION_TEXT, "ROLE", "show: the rows of that role", .text = &role },
        { "json", OPTION_FLAG, NULL, "show: the text, to be changed and set", .flag = &json },
    };
    const Usage usage = {
        .command = "policy",
        .summary = "hale policy show|check|set|history [FILE]: which role may do what.",
        .operands = "DEED [FILE]",
        .operands_min = 1,
        .operands_max = 2,
        .options = options,
        .option_count = COUNT(options),
        .more = "  hale policy show --role front-desk --data DIR\n"
                "  hale policy show --json --data DIR >policy.json\n"
                "  hale policy set policy.json --data DIR\n\n"
                "What is set is in force within a second, for tokens given before, too. Each\n"
                "version is kept.\n",
    };

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    if (words.count > 1 && !read_file(words.at[1], bytes, &text))
        return EXIT_FAILED;
    const PeopleMember members[] = { { "number", number }, { "role", role }, { "text", text } };
    const PeopleCommand command = {
        .what = "policy",
        .deeds = json && strcmp(words.at[0], "show") == 0 ? as_text : deeds,
        .deed_count = json && strcmp(words.at[0], "show") == 0 ? COUNT(as_text) : COUNT(deeds),
        .needs_name = "needs a file",
        .takes_none = "takes no file",
    };

    return people_run(&command, &words, folder, members, COUNT(members));
}
