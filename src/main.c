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
