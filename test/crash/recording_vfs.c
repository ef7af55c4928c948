/*
 * The recording VFS: a shim over the system's. See recording_vfs.h.
 *
 * Whether a folder was synced is seen where it happens: the Unix VFS opens the folder to sync it
 * through a call that may be replaced, which tells this thread that it did.
 */
#include "test/crash/recording_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/ensure.h"
#include "test/crash/power_loss.h"

#define NAME "recording"

enum { PIECE = 65536 }; /* the Unix VFS takes no more than 128 KiB at once */

/* SQLite allocates one for each open file; the real file follows it. */
typedef struct ShimFile {
    sqlite3_file  base;
    sqlite3_file *real;
    Recording    *recording; /* NULL: not recorded */
    uint32_t      file;
} ShimFile;

typedef int (*OpenFolder)(const char *path, int *out);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sqlite3_vfs     shim, *unix_vfs;
static OpenFolder      real_open_folder;
static Recording      *current;
static struct {
    Fault       fault;
    uint64_t    first, count, calls, failed;
    const char *call; /* that failed last */
    void (*on_sync_failure)(void);
} plan;
static _Thread_local bool folder_opened;

/* ---- the recording ---- */

Recording *recording_vfs_new(Arena *arena)
{
    Recording *r = NEW(arena, Recording);

    r->arena = arena;
    return r;
}

size_t recording_vfs_now(const Recording *r)
{
    size_t now;

    pthread_mutex_lock(&lock);
    now = r->event_count;
    pthread_mutex_unlock(&lock);
    return now;
}

static void note_locked(Recording *r, Event e)
{
    if (r->event_count == r->event_room) {
        size_t room = r->event_room ? 2 * r->event_room : 4096;

        r->events = arena_grow(r->arena, r->events, r->event_room * sizeof e, room * sizeof e);
        r->event_room = room;
    }
    if (e.len)
        e.bytes = arena_str(r->arena, (Str){ e.bytes, e.len }).at;
    r->events[r->event_count++] = e;
}

static void note(Recording *r, Event e)
{
    pthread_mutex_lock(&lock);
    note_locked(r, e);
    pthread_mutex_unlock(&lock);
}

static Str last_part(const char *path)
{
    Str whole = str_from(path), before, after;

    return str_cut_last(whole, '/', &before, &after) ? after : whole;
}

/* The file that has this name now, or UINT32_MAX. */
static uint32_t find_locked(const Recording *r, Str name)
{
    uint32_t found = UINT32_MAX;

    for (uint32_t i = 0; i < r->file_count; i++)
        if (str_equal(r->files[i].name, name))
            found = i;
    if (found == UINT32_MAX)
        return found;
    for (size_t i = r->event_count; i-- > 0;)
        if (r->events[i].file == found && r->events[i].kind == EVENT_DELETE)
            return UINT32_MAX;
    return found;
}

static uint32_t add_locked(Recording *r, RecordedFile file)
{
    if (r->file_count == r->file_room) {
        size_t room = r->file_room ? 2 * r->file_room : 16;

        r->files =
            arena_grow(r->arena, r->files, r->file_room * sizeof file, room * sizeof file);
        r->file_room = room;
    }
    file.name = arena_str(r->arena, file.name);
    r->files[r->file_count] = file;
    return (uint32_t)r->file_count++;
}

static Str read_whole(Arena *a, sqlite3_file *real)
{
    sqlite3_int64 size = 0;
    char         *bytes;

    if (real->pMethods->xFileSize(real, &size) != SQLITE_OK || size == 0)
        return (Str){ 0 };
    bytes = arena_alloc_raw(a, (size_t)size);
    for (sqlite3_int64 at = 0; at < size; at += PIECE) {
        int len = size - at < PIECE ? (int)(size - at) : PIECE;

        ENSURE(real->pMethods->xRead(real, bytes + at, len, at) == SQLITE_OK);
    }
    return (Str){ bytes, (size_t)size };
}

/* ---- failing ---- */

/* Whether the call that is about to be made is to fail. `grows`: it may want room. */
static bool fails(const char *call, bool grows)
{
    bool now;

    pthread_mutex_lock(&lock);
    now = plan.fault == FAULT_BROKEN || (plan.fault == FAULT_FULL && grows);
    plan.calls += now;
    now = now && plan.calls >= plan.first && plan.calls - plan.first < plan.count;
    plan.failed += now;
    if (now)
        plan.call = call;
    pthread_mutex_unlock(&lock);
    return now;
}

void recording_vfs_fail(Fault fault, uint64_t first, uint64_t count)
{
    pthread_mutex_lock(&lock);
    plan.fault = fault;
    plan.first = first;
    plan.count = count;
    plan.calls = plan.failed = 0;
    plan.call = NULL;
    pthread_mutex_unlock(&lock);
}

void recording_vfs_on_sync_failure(void (*notice)(void))
{
    plan.on_sync_failure = notice;
}

uint64_t recording_vfs_calls(void)
{
    uint64_t calls;

    pthread_mutex_lock(&lock);
    calls = plan.calls;
    pthread_mutex_unlock(&lock);
    return calls;
}

const char *recording_vfs_failed_call(void)
{
    const char *call;

    pthread_mutex_lock(&lock);
    call = plan.call;
    pthread_mutex_unlock(&lock);
    return call ? call : "none";
}

uint64_t recording_vfs_failed(void)
{
    uint64_t failed;

    pthread_mutex_lock(&lock);
    failed = plan.failed;
    pthread_mutex_unlock(&lock);
    return failed;
}

/* ---- calls on a file ---- */

static ShimFile *shim_of(sqlite3_file *file)
{
    return (ShimFile *)file;
}

static int shim_close(sqlite3_file *file)
{
    return shim_of(file)->real->pMethods->xClose(shim_of(file)->real);
}

static int shim_read(sqlite3_file *file, void *out, int len, sqlite3_int64 offset)
{
    if (fails("read", false))
        return SQLITE_IOERR_READ;
    return shim_of(file)->real->pMethods->xRead(shim_of(file)->real, out, len, offset);
}

static int write_now(ShimFile *f, const void *bytes, int len, sqlite3_int64 offset)
{
    int result = f->real->pMethods->xWrite(f->real, bytes, len, offset);

    if (result == SQLITE_OK && f->recording)
        note(f->recording, (Event){ .kind = EVENT_WRITE,
                                    .file = f->file,
                                    .bytes = bytes,
                                    .offset = (uint64_t)offset,
                                    .len = (size_t)len });
    return result;
}

static int shim_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 offset)
{
    if (fails("write", true)) {
        if (len > 1)
            (void)write_now(shim_of(file), bytes, len / 2, offset);
        return plan.fault == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    return write_now(shim_of(file), bytes, len, offset);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    ShimFile *f = shim_of(file);
    int       result;

    if (fails("truncate", false))
        return SQLITE_IOERR_TRUNCATE;
    result = f->real->pMethods->xTruncate(f->real, size);
    if (result == SQLITE_OK && f->recording)
        note(f->recording,
             (Event){ .kind = EVENT_TRUNCATE, .file = f->file, .offset = (uint64_t)size });
    return result;
}

/* The system gives up on what it could not write: the file is again what it was at its last
 * good sync, and the next sync would find nothing to do. */
static void lose_what_is_not_safe(ShimFile *f)
{
    PowerLoss *p = power_loss_new(f->recording, LIE_NONE);
    Str        safe;

    power_loss_advance(p, f->recording->event_count);
    safe = power_loss_safe(p, f->file);
    (void)f->real->pMethods->xTruncate(f->real, (sqlite3_int64)safe.len);
    for (size_t at = 0; at < safe.len; at += PIECE) {
        size_t len = safe.len - at < PIECE ? safe.len - at : PIECE;

        ENSURE(f->real->pMethods->xWrite(f->real, safe.at + at, (int)len, (sqlite3_int64)at)
               == SQLITE_OK);
    }
    power_loss_free(p);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    ShimFile *f = shim_of(file);
    uint64_t  before = f->recording ? recording_vfs_now(f->recording) : 0;
    int       result;

    if (fails("sync", false)) {
        if (f->recording)
            lose_what_is_not_safe(f);
        if (plan.on_sync_failure)
            plan.on_sync_failure();
        return SQLITE_IOERR_FSYNC;
    }
    folder_opened = false;
    result = f->real->pMethods->xSync(f->real, flags);
    if (result == SQLITE_OK && f->recording) {
        note(f->recording, (Event){ .kind = EVENT_SYNC, .file = f->file, .offset = before });
        if (folder_opened)
            note(f->recording, (Event){ .kind = EVENT_FOLDER_SYNC });
    }
    return result;
}

static int shim_file_size(sqlite3_file *file, sqlite3_int64 *out)
{
    if (fails("size", false))
        return SQLITE_IOERR_FSTAT;
    return shim_of(file)->real->pMethods->xFileSize(shim_of(file)->real, out);
}

static int shim_lock(sqlite3_file *file, int level)
{
    if (fails("lock", false))
        return SQLITE_IOERR_LOCK;
    return shim_of(file)->real->pMethods->xLock(shim_of(file)->real, level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
    return shim_of(file)->real->pMethods->xUnlock(shim_of(file)->real, level);
}

static int shim_check_reserved_lock(sqlite3_file *file, int *out)
{
    return shim_of(file)->real->pMethods->xCheckReservedLock(shim_of(file)->real, out);
}

static int shim_file_control(sqlite3_file *file, int op, void *argument)
{
    return shim_of(file)->real->pMethods->xFileControl(shim_of(file)->real, op, argument);
}

static int shim_sector_size(sqlite3_file *file)
{
    return shim_of(file)->real->pMethods->xSectorSize(shim_of(file)->real);
}

static int shim_device(sqlite3_file *file)
{
    return shim_of(file)->real->pMethods->xDeviceCharacteristics(shim_of(file)->real);
}

static int shim_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    if (fails("map shm", extend))
        return plan.fault == FAULT_FULL ? SQLITE_IOERR_SHMSIZE : SQLITE_IOERR_SHMMAP;
    return shim_of(file)->real->pMethods->xShmMap(shim_of(file)->real, page, size, extend, out);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return shim_of(file)->real->pMethods->xShmLock(shim_of(file)->real, offset, count, flags);
}

static void shim_shm_barrier(sqlite3_file *file)
{
    shim_of(file)->real->pMethods->xShmBarrier(shim_of(file)->real);
}

static int shim_shm_unmap(sqlite3_file *file, int remove)
{
    return shim_of(file)->real->pMethods->xShmUnmap(shim_of(file)->real, remove);
}

/* Version 2: without memory mapping of the database. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_file_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_reserved_lock,
    .xFileControl = shim_file_control,
    .xSectorSize = shim_sector_size,
    .xDeviceCharacteristics = shim_device,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

/* ---- calls on the VFS ---- */

/* Finds or adds the recorded file behind one that has just been opened. */
static void adopt(ShimFile *f, const char *path, bool existed, int flags)
{
    Str name = last_part(path);

    pthread_mutex_lock(&lock);
    f->recording = current;
    f->file = find_locked(current, name);
    if (f->file == UINT32_MAX) {
        RecordedFile file = {
            .name = name,
            .existed = existed,
            .is_wal = flags & SQLITE_OPEN_WAL,
            .is_database = flags & SQLITE_OPEN_MAIN_DB,
        };

        if (existed)
            file.initial = read_whole(current->arena, f->real);
        f->file = add_locked(current, file);
        if (!existed)
            note_locked(current, (Event){ .kind = EVENT_CREATE, .file = f->file });
    }
    pthread_mutex_unlock(&lock);
}

static int shim_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                     int *out)
{
    const int recorded = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL
                         | SQLITE_OPEN_SUPER_JOURNAL;
    ShimFile *f = shim_of(file);
    int       existed = 0, result;

    (void)vfs;
    *f = (ShimFile){ .real = (sqlite3_file *)(f + 1) };
    if (fails("open", flags & SQLITE_OPEN_CREATE))
        return SQLITE_CANTOPEN;
    if (path)
        (void)unix_vfs->xAccess(unix_vfs, path, SQLITE_ACCESS_EXISTS, &existed);
    result = unix_vfs->xOpen(unix_vfs, path, f->real, flags, out);
    if (result != SQLITE_OK)
        return result;
    f->base.pMethods = &methods;
    if (path && current && flags & recorded)
        adopt(f, path, existed, flags);
    return SQLITE_OK;
}

static int shim_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    uint32_t file;
    int      result;

    (void)vfs;
    if (fails("delete", false))
        return SQLITE_IOERR_DELETE;
    folder_opened = false;
    result = unix_vfs->xDelete(unix_vfs, path, sync_folder);
    if (result != SQLITE_OK || !current)
        return result;
    pthread_mutex_lock(&lock);
    file = find_locked(current, last_part(path));
    if (file != UINT32_MAX)
        note_locked(current, (Event){ .kind = EVENT_DELETE, .file = file });
    if (folder_opened)
        note_locked(current, (Event){ .kind = EVENT_FOLDER_SYNC });
    pthread_mutex_unlock(&lock);
    return result;
}

static int shim_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    (void)vfs;
    if (fails("access", false))
        return SQLITE_IOERR_ACCESS;
    return unix_vfs->xAccess(unix_vfs, path, flags, out);
}

static int open_folder(const char *path, int *out)
{
    folder_opened = true;
    return real_open_folder(path, out);
}

static void register_once(void)
{
    union {
        sqlite3_syscall_ptr plain;
        OpenFolder          typed;
    } call;

    ENSURE(sqlite3_initialize() == SQLITE_OK);
    unix_vfs = sqlite3_vfs_find("unix");
    ENSURE(unix_vfs);
    call.plain = unix_vfs->xGetSystemCall(unix_vfs, "openDirectory");
    real_open_folder = call.typed;
    call.typed = open_folder;
    ENSURE(unix_vfs->xSetSystemCall(unix_vfs, "openDirectory", call.plain) == SQLITE_OK);
    shim = *unix_vfs;
    shim.pNext = NULL;
    shim.zName = NAME;
    shim.szOsFile = (int)sizeof(ShimFile) + unix_vfs->szOsFile;
    shim.xOpen = shim_open;
    shim.xDelete = shim_delete;
    shim.xAccess = shim_access;
    ENSURE(sqlite3_vfs_register(&shim, 0) == SQLITE_OK);
}

Str recording_vfs_name(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, register_once);
    return STR(NAME);
}

void recording_vfs_into(Recording *r)
{
    pthread_mutex_lock(&lock);
    current = r;
    pthread_mutex_unlock(&lock);
}
