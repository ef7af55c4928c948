/* What needs no library to say it to SQLite. */
#ifndef STORE_SQLITE_WORDS_H
#define STORE_SQLITE_WORDS_H

#include "base/arena.h"

/* The address of a database file, with the options we want. */
const char *sqlite_uri(Arena *a, const char *path);

#endif
