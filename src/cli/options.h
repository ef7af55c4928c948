/*
 * The words behind a command: `hale serve --data DIR --quiet FILE…`. A command lists its
 * options in a table of rows; reading, --help and complaints about wrong usage come from it.
 *
 *     Str  folder = { 0 };
 *     bool quiet = false;
 *     const Option options[] = {
 *         { "data", OPTION_TEXT, "DIR", "the data folder", .required = true, .text = &folder },
 *         { "quiet", OPTION_FLAG, NULL, "say nothing", .flag = &quiet },
 *     };
 *     const Usage usage = { .command = "serve", .summary = "starts the server",
 *                           .options = options, .option_count = COUNT(options) };
 *     Words words;
 *     int   status;
 *
 *     if (!options_read(&usage, argc, argv, &words, &status))
 *         return status;
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/call.h"

/* What a command's process ends with. */
enum {
    EXIT_FINE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_PARTLY = 3,
};

typedef enum OptionKind {
    OPTION_TEXT,   /* --name VALUE or --name=VALUE, not empty */
    OPTION_NUMBER, /* the same, a whole number from min to max (max 0: no limit) */
    OPTION_FLAG,   /* --name */
} OptionKind;

typedef struct Option {
    const char *name; /* without the dashes */
    OptionKind  kind;
    const char *argument; /* what its value is called in the help: "DIR" */
    const char *help;
    bool        required;
    uint64_t    min, max;
    Str        *text; /* where the value goes; untouched when the option is not given */
    uint64_t   *number;
    bool       *flag;
} Option;

typedef struct Usage {
    const char *command;  /* "token" */
    const char *summary;  /* one line */
    const char *operands; /* what stands behind the options, for the help: "FILE…"; or NULL */
    size_t      operands_min, operands_max; /* how many of them are right */
    const Option *options;
    size_t        option_count;
    const char   *more; /* further help, or NULL */
} Usage;

/* The operands: what is not an option ("-" is one; everything behind "--" is). */
typedef struct Words {
    char **at;
    size_t count;
} Words;

/* Reads argv[1…]; argv[0] is the command's name. True: go on. False: end with *status, because
 * --help was asked (it is printed: EXIT_FINE) or the usage is wrong (one sentence on standard
 * error: EXIT_USAGE). Operands are gathered at the end of argv, in their order. */
bool options_read(const Usage *usage, int argc, char **argv, Words *words,
                  int *status) MUST_USE;

/* "hale token: sentence" on standard error, one line for each thing the call noted (for
 * `result` itself if it noted none). Returns EXIT_FAILED, so that a command can end with it. */
int options_complain(const char *command, const Call *c, Fail result);

#endif
