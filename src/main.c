/* `hale COMMAND …`: the table of commands. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/options.h"

typedef struct Command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
} Command;

static const Command commands[] = {
    { "serve", "start the server on a data folder", command_serve },
    { "demo", "the same with a practice of invented patients", command_demo },
    { "import", "take records from files", command_import },
    { "export", "write all records, their history and the audit in open formats",
      command_export },
    { "user", "make and end the logins of people", command_user },
    { "breach", "keep the register of breaches", command_breach },
    { "break-glass", "look after records that were opened in an emergency",
      command_break_glass },
    { "client", "register apps that people may use", command_client },
    { "policy", "which role may do what: look, check, change", command_policy },
    { "access", "say why a login may read something, or may not", command_access },
    { "token", "make a bearer token", command_token },
    { "audit", "list who saw and changed what", command_audit },
    { "key", "show or copy the key of the database", command_key },
    { "reindex", "make everything derived from the record again", command_reindex },
    { "doctor", "look at folder and machine for problems", command_doctor },
    { "explain", "say how a search is carried out", command_explain },
    { "package", "use profiles, codes and search parameters of FHIR packages",
      command_package },
    { "path", "evaluate a FHIRPath expression on a resource", command_path },
    { "view", "print the rows that a ViewDefinition makes of resources", command_view },
    { "snapshot", "make the snapshots of profiles", command_snapshot },
    { "validate", "say whether resources are what the standard says", command_validate },
    { "limits", "print every limit on input and work", command_limits },
    { "generate", "write records of invented patients", command_generate },
};

static void print_help(FILE *out)
{
    fprintf(out, "usage: hale COMMAND [OPTION…]\n\n");
    for (size_t i = 0; i < COUNT(commands); i++)
        fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].summary);
    fprintf(out, "  %-10s%s\n\n", "version", "say which version this is");
    fprintf(out, "hale COMMAND --help tells more about one.\n");
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    for (size_t i = 0; i < COUNT(commands); i++)
        if (strcmp(word, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(word, "version") == 0 || strcmp(word, "--version") == 0) {
        puts("hale " HALE_VERSION);
        return EXIT_FINE;
    }
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0) {
        print_help(stdout);
        return EXIT_FINE;
    }
    if (word[0])
        fprintf(stderr, "hale: there is no command \"%s\"\n", word);
    print_help(stderr);
    return EXIT_USAGE;
}
