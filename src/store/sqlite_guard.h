/*
 * Which reads a guarded connection allows: see db_guard(). SQLite asks while it prepares a
 * statement; what cannot be said before it is known whole is said at the end.
 */
#ifndef STORE_SQLITE_GUARD_H
#define STORE_SQLITE_GUARD_H

#include <stdbool.h>

typedef struct Guard {
    bool on;
    bool ours; /* a statement of ours is being prepared, not one that SQLite makes for itself */
    unsigned base_reads; /* of tables, without naming a column */
    unsigned view_reads;
} Guard;

void guard_begin(Guard *g);

/* Whether a column may be read, given the view it comes through (or NULL). */
bool guard_read(Guard *g, const char *table, const char *column, const char *database,
                const char *view);

/* Whether the index of words may read its own tables, or ask how old what it has read is. It does
 * so by statements it makes while one of ours runs; no statement of ours may. */
bool guard_within_words(const Guard *g, const char *table);
bool guard_pragma(const Guard *g, const char *name);

bool guard_function(const char *name);

/* Whether the statement as a whole may run. */
bool guard_end(Guard *g);

#endif
