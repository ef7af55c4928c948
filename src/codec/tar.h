/*
 * tar archives (POSIX.1-2017 pax, "ustar", and GNU's long names), read where they lie. Nothing is
 * written to a disk: what an entry is called is only a name.
 */
#ifndef CODEC_TAR_H
#define CODEC_TAR_H

#include "base/call.h"

typedef struct Tar {
    Str    rest;
    size_t at;
    Str    path; /* of the entry that follows, from an extended header */
} Tar;

typedef struct TarEntry {
    Str  name;
    Str  bytes; /* of a file; points into the archive */
    bool file;  /* no folder, link or device */
} TarEntry;

/* Begins at the archive's first byte. */
Tar tar_open(Str archive);

/* The next entry; *more is false at the end. FAIL_SYNTAX, with the place, for a header whose sum is
 * wrong, a size that is none, or an archive that is cut off. */
Fail tar_next(Call *c, Tar *tar, TarEntry *out, bool *more) MUST_USE;

#endif
