/*
 * A VFS between SQLite and the system's that writes down everything which decides what is on
 * the disk after the power fails: files made and deleted, writes with their bytes, truncates,
 * syncs of files and of the folder. power_loss.h makes disks from such a recording. It can also
 * fail calls: the k-th from now, with a broken disk or a full one.
 *
 * Encryption stays above it: the ciphers' own VFS is laid over this one, so that what is
 * recorded is what the disk would see. The -shm file is not recorded: it is rebuilt at start.
 */
#ifndef TEST_CRASH_RECORDING_VFS_H
#define TEST_CRASH_RECORDING_VFS_H

#include "base/arena.h"

typedef enum EventKind {
    EVENT_CREATE, /* the file's name appears */
    EVENT_DELETE, /* and goes */
    EVENT_WRITE,
    EVENT_TRUNCATE, /* offset: the new size */
    EVENT_SYNC,     /* of what was written before event number `offset` */
    EVENT_FOLDER_SYNC,
} EventKind;

typedef struct Event {
    uint8_t     kind; /* EventKind */
    uint32_t    file; /* its place in Recording.files; of the folder: 0 */
    uint64_t    offset;
    size_t      len;
    const char *bytes;
} Event;

/* One file from creation to deletion; made again under the same name it is another. */
typedef struct RecordedFile {
    Str  name;    /* in the folder */
    Str  initial; /* what it held when the recording began, taken as safe on the disk */
    bool existed; /* … if it was there */
    bool is_wal;
    bool is_database;
} RecordedFile;

typedef struct Recording Recording;
struct Recording {
    Arena        *arena;
    Event        *events;
    size_t        event_count, event_room;
    RecordedFile *files;
    size_t        file_count, file_room;
};

/* What to give to the store (StoreOptions.vfs). Registers it at the first call. */
Str recording_vfs_name(void);

/* From now on files that are opened are recorded here; NULL stops. Files that are open must be
 * closed before. */
void recording_vfs_into(Recording *r);

/* An empty recording on an arena, which it has to itself. */
Recording *recording_vfs_new(Arena *arena);

/* How many events there are so far: what was acknowledged before this was read must survive a
 * power loss at or after this event. */
size_t recording_vfs_now(const Recording *r);

typedef enum Fault {
    FAULT_NONE,
    FAULT_BROKEN, /* EIO */
    FAULT_FULL,   /* ENOSPC for whatever wants more room; other calls work */
} Fault;

/* Fails calls first … first + count - 1, counted from now (the first is 1). A failed write may
 * have written a part; a failed sync has lost what it should have made safe, as Linux does. */
void recording_vfs_fail(Fault fault, uint64_t first, uint64_t count);

/* Calls that could have failed since recording_vfs_fail(), and how many did. */
uint64_t recording_vfs_calls(void);
uint64_t recording_vfs_failed(void);

/* What kind of call failed last: "sync". */
const char *recording_vfs_failed_call(void);

/* Called whenever a sync is failed, before SQLite learns of it. */
void recording_vfs_on_sync_failure(void (*notice)(void));

#endif
