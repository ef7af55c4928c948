/* The data folder: made, locked, and a reserve of space kept in it. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include "base/call.h"

/* Opens the folder (0700; made if `create`) and takes its lock, which ends with the process.
 * FAIL_NOT_FOUND: no folder; FAIL_CONFLICT: another process has it. */
Fail folder_open(Call *c, Str folder, bool create, int *lock) MUST_USE;
void folder_close(int lock);

/* An empty file that only its owner may read, if there is none yet. */
bool folder_file_make(const char *path);

/* The file FOLDER/ballast holds space that is given back when the disk is full, so that reads
 * and their audit can go on. True if it is there (made now, or before). */
bool folder_ballast_make(const char *folder);
void folder_ballast_drop(const char *folder);

#endif
