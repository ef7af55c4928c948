/*
 * A database without the store: for tests of the harness itself, and for looking at what the
 * store has left behind. The only file here besides the VFS that knows SQLite.
 */
#ifndef TEST_CRASH_RAW_DATABASE_H
#define TEST_CRASH_RAW_DATABASE_H

#include "base/arena.h"

typedef struct RawDatabase RawDatabase;

typedef struct RawOptions {
    const char *path;
    Str         vfs;               /* empty: encrypted, on the system's files */
    const char *synchronous;       /* NULL: FULL */
    bool        assume_power_safe; /* psow: that an interrupted write harms no neighbour */
    int         wal_pages;         /* checkpoint after so many; 0 for the usual 1,000 */
    const char *key;               /* 32 bytes, or NULL for no encryption */
} RawOptions;

/* NULL if it cannot be opened, decrypted or read. */
RawDatabase *raw_database_open(const RawOptions *options);
void         raw_database_close(RawDatabase *db);

/* Runs statements; false on any error. */
bool raw_database_run(RawDatabase *db, const char *sql);

/* Runs one statement with a number and bytes bound to $1 and $2. */
bool raw_database_put(RawDatabase *db, const char *sql, int64_t number, Str bytes);

/* The first value of the first row, -1 on error or none. */
int64_t raw_database_number(RawDatabase *db, const char *sql);

/* All values of all rows as text, with '|' and line ends, as long as the arena. An empty text
 * with a NULL pointer on error. */
Str raw_database_text(RawDatabase *db, Arena *a, const char *sql);

#endif
