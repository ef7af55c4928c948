/*
 * Which reads a guarded connection allows: see db_guard(). SQLite asks while it prepares a
 * statement; what cannot be said before it is known whole is said at the end.
 */
#ifndef STORE_SQLITE_GUARD_H
#define STORE_SQLITE_GUARD_H

#include <stdbool.h>

typedef struct Guard {
    bool     on;
    unsigned base_reads; /* of tables, without naming a column */
    unsigned view_reads;
} Guard;

void guard_begin(Guard *g);

/* Whether a column may be read, given the view it comes through (or NULL). */
bool guard_read(Guard *g, const char *table, const char *column, const char *database,
                const char *view);

bool guard_function(const char *name);

/* Whether the statement as a whole may run. */
bool guard_end(const Guard *g);

#endif
