/* The end of a process that found itself wrong: see ensure.h. */
#include "base/ensure.h"

#include <stdio.h>
#include <stdlib.h>

void ensure_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "hale: internal error at %s:%d: %s\n", file, line, what);
    fflush(stderr);
    abort();
}
