/* Data folders of crash tests: made, emptied, copied, kept for a look, and checked in depth. */
#ifndef TEST_CRASH_CRASH_FOLDER_H
#define TEST_CRASH_CRASH_FOLDER_H

#include "test/crash/recording_vfs.h"

/* An empty folder of that name below the test's own. */
Str crash_folder_make(const char *name);

/* Empties it, but for a small reserve of space, so that the store need not make a large one. */
void crash_folder_clear(Str folder);

/* Copies what the VFS did not record (the keyring, which is made safe before the database). */
void crash_folder_copy(Str from, Str to, const Recording *recorded);

/* Moves the folder out of the way of the next test; the new name. */
const char *crash_folder_keep(Str folder);

/* No more words on standard error: for a run that is meant to go wrong. */
void crash_folder_hush(void);

/* Whether the database is sound, and everything derived from its versions is what rebuilding
 * makes of them. `finding` says what is not. */
bool crash_folder_is_sound(Str folder, char *finding, size_t room);

#endif
