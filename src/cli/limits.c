/* hale limits: every limit on input and work, as base/limits.h has them. */
#include "base/limits.h"

#include <stdio.h>

#include "cli/command.h"
#include "cli/options.h"

int command_limits(int argc, char **argv)
{
    const Usage usage = {
        .command = "limits",
        .summary = "Lists every limit that is put on input and work.",
    };
    Words words;
    int   status;

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
#define LIMIT_ROW(name, value, meaning) printf("%12lld  %s\n", (long long)name, meaning);
    LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
    return EXIT_FINE;
}
