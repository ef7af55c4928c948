/* Files put into the program when it is built (tools/embed.py). */
#ifndef STORE_EMBEDDED_H
#define STORE_EMBEDDED_H

#include "base/str.h"

typedef struct EmbeddedFile {
    const char *name;
    Str         text;
} EmbeddedFile;

/* src/store/schema in order of name, ended by a row without name. */
extern const EmbeddedFile schema_files[];

#endif
