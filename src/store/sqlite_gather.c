/*
 * Gathered writes of the log: see sqlite_gather.h. All other files are the parent's own.
 *
 * Who else reads the log, readers of this process through files of their own, looks only at what
 * the log's index names, and SQLite writes the index after it has synced the log. Nothing may be
 * kept back beyond that: a sync writes out what was gathered, and because the last frame of a
 * commit is padded over the sync's place (walWriteToLog: its end, and at most its page, come
 * after the sync), the two writes after a sync go to the system at once.
 */
#include "store/sqlite_gather.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

enum {
    GATHERED_MAX = 30 * (4096 + 24), /* frames; the Unix VFS takes less than 128 KiB at once */
    AT_ONCE = 2,                     /* writes after a sync */
    NAME_MAX_BYTES = 64,
};

/* SQLite allocates one for each open file; the parent's file follows it. */
typedef struct GatherFile {
    sqlite3_file  base;
    sqlite3_file *real;
    char         *gathered;
    sqlite3_int64 at; /* in the file, of what is gathered */
    int           len;
    int           at_once; /* so many of the next writes are not gathered */
} GatherFile;

typedef struct GatherVfs {
    sqlite3_vfs  base;
    sqlite3_vfs *parent;
    char         name[NAME_MAX_BYTES];
} GatherVfs;

static GatherFile *gather_of(sqlite3_file *file)
{
    return (GatherFile *)file;
}

/* What could not be written is given up: the commit it belongs to fails. */
static int flush(GatherFile *f)
{
    int len = f->len;

    f->len = 0;
    return len ? f->real->pMethods->xWrite(f->real, f->gathered, len, f->at) : SQLITE_OK;
}

static int gather_close(sqlite3_file *file)
{
    GatherFile *f = gather_of(file);
    int         flushed = flush(f);
    int         closed = f->real->pMethods->xClose(f->real);

    sqlite3_free(f->gathered);
    f->gathered = NULL;
    return flushed != SQLITE_OK ? flushed : closed;
}

static int gather_read(sqlite3_file *file, void *out, int len, sqlite3_int64 offset)
{
    GatherFile *f = gather_of(file);
    int         result;

    if (f->len && offset >= f->at && offset + len <= f->at + f->len) {
        memcpy(out, f->gathered + (offset - f->at), (size_t)len);
        return SQLITE_OK;
    }
    if (f->len && offset + len > f->at && (result = flush(f)) != SQLITE_OK)
        return result;
    return f->real->pMethods->xRead(f->real, out, len, offset);
}

static int gather_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 offset)
{
    GatherFile *f = gather_of(file);
    bool        follows = offset == f->at + f->len && f->len + len <= GATHERED_MAX;
    int         result;

    if (f->len && !follows && (result = flush(f)) != SQLITE_OK)
        return result;
    if (f->at_once || len > GATHERED_MAX) {
        f->at_once -= f->at_once > 0;
        return f->real->pMethods->xWrite(f->real, bytes, len, offset);
    }
    if (!f->len)
        f->at = offset;
    memcpy(f->gathered + f->len, bytes, (size_t)len);
    f->len += len;
    return SQLITE_OK;
}

static int gather_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    GatherFile *f = gather_of(file);
    int         result = flush(f);

    return result != SQLITE_OK ? result : f->real->pMethods->xTruncate(f->real, size);
}

static int gather_sync(sqlite3_file *file, int flags)
{
    GatherFile *f = gather_of(file);
    int         result = flush(f);

    f->at_once = AT_ONCE;
    return result != SQLITE_OK ? result : f->real->pMethods->xSync(f->real, flags);
}

static int gather_file_size(sqlite3_file *file, sqlite3_int64 *out)
{
    GatherFile *f = gather_of(file);
    int         result = flush(f);

    return result != SQLITE_OK ? result : f->real->pMethods->xFileSize(f->real, out);
}

static int gather_lock(sqlite3_file *file, int level)
{
    return gather_of(file)->real->pMethods->xLock(gather_of(file)->real, level);
}

static int gather_unlock(sqlite3_file *file, int level)
{
    return gather_of(file)->real->pMethods->xUnlock(gather_of(file)->real, level);
}

static int gather_check_reserved_lock(sqlite3_file *file, int *out)
{
    return gather_of(file)->real->pMethods->xCheckReservedLock(gather_of(file)->real, out);
}

static int gather_file_control(sqlite3_file *file, int op, void *argument)
{
    return gather_of(file)->real->pMethods->xFileControl(gather_of(file)->real, op, argument);
}

static int gather_sector_size(sqlite3_file *file)
{
    return gather_of(file)->real->pMethods->xSectorSize(gather_of(file)->real);
}

static int gather_device(sqlite3_file *file)
{
    return gather_of(file)->real->pMethods->xDeviceCharacteristics(gather_of(file)->real);
}

/* A log is not mapped and has no index of its own: version 1 has all it needs. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = gather_close,
    .xRead = gather_read,
    .xWrite = gather_write,
    .xTruncate = gather_truncate,
    .xSync = gather_sync,
    .xFileSize = gather_file_size,
    .xLock = gather_lock,
    .xUnlock = gather_unlock,
    .xCheckReservedLock = gather_check_reserved_lock,
    .xFileControl = gather_file_control,
    .xSectorSize = gather_sector_size,
    .xDeviceCharacteristics = gather_device,
};

static int gather_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                       int *out)
{
    sqlite3_vfs *parent = ((GatherVfs *)vfs)->parent;
    GatherFile  *f = gather_of(file);
    int          result;

    if (!(flags & SQLITE_OPEN_WAL))
        return parent->xOpen(parent, path, file, flags, out);
    *f = (GatherFile){ .real = (sqlite3_file *)(f + 1) };
    f->gathered = sqlite3_malloc(GATHERED_MAX);
    if (!f->gathered)
        return SQLITE_NOMEM;
    result = parent->xOpen(parent, path, f->real, flags, out);
    if (result == SQLITE_OK) {
        f->base.pMethods = &methods;
        return SQLITE_OK;
    }
    if (f->real->pMethods)
        f->real->pMethods->xClose(f->real);
    sqlite3_free(f->gathered);
    return result;
}

/* The parent's calls but for opening: those get the parent's own data with this structure. */
static bool make(sqlite3_vfs *parent, const char *name)
{
    GatherVfs *made = sqlite3_malloc(sizeof *made);

    if (!made)
        return false;
    *made = (GatherVfs){ .base = *parent, .parent = parent };
    sqlite3_snprintf(sizeof made->name, made->name, "%s", name);
    made->base.pNext = NULL;
    made->base.zName = made->name;
    made->base.szOsFile += (int)sizeof(GatherFile);
    made->base.xOpen = gather_open;
    if (sqlite3_vfs_register(&made->base, 0) == SQLITE_OK)
        return true;
    sqlite3_free(made);
    return false;
}

const char *sqlite_gather_over(const char *parent_name)
{
    sqlite3_vfs *parent = sqlite3_vfs_find(parent_name ? parent_name : "unix");
    sqlite3_vfs *found;
    char         name[NAME_MAX_BYTES];

    if (!parent)
        return NULL;
    sqlite3_snprintf(sizeof name, name, "gather-%s", parent->zName);
    found = sqlite3_vfs_find(name);
    if (!found && make(parent, name))
        found = sqlite3_vfs_find(name);
    return found ? found->zName : NULL;
}
