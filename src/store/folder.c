/* The data folder, its lock and its reserve: see folder.h. */
#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { BALLAST_BYTES = 32 * 1024 * 1024, BALLAST_SHARE = 8 };

static bool sync_folder(const char *path)
{
    int  fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return done;
}

/* Makes one folder. Its name is on the disk when this returns: what is stored in a folder whose
 * name is lost with the power is lost as well. */
static bool make_one(char *path)
{
    char *slash = strrchr(path, '/');
    bool  synced;

    if (mkdir(path, 0700) != 0)
        return errno == EEXIST;
    if (!slash)
        return sync_folder(".");
    if (slash == path)
        return sync_folder("/");
    *slash = '\0';
    synced = sync_folder(path);
    *slash = '/';
    return synced;
}

/* Makes the folder and those above it. */
static bool make_path(char *path)
{
    for (char *p = path + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            if (!make_one(path))
                return false;
            *p = '/';
        }
    return make_one(path);
}

static Fail take_lock(Call *c, const char *folder, int fd)
{
    char    holder[32] = { 0 };
    ssize_t got;

    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        got = read(fd, holder, sizeof holder - 1);
        return fail(c, FAIL_CONFLICT, (Str){ 0 },
                    "%s is in use by another hale (process %ld): stop that one, or give another"
                    " folder",
                    folder, got > 0 ? strtol(holder, NULL, 10) : 0L);
    }
    if (ftruncate(fd, 0) != 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "%s/lock cannot be written: %s", folder,
                    strerror(errno));
    return OK;
}

Fail folder_open(Call *c, Str folder, bool create, int *lock)
{
    char       *path = (char *)arena_c_string(c->arena, folder);
    struct stat about;
    Fail        result;
    int         fd;

    if (create && !make_path(path))
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "%s cannot be made: %s", path, strerror(errno));
    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "there is no data folder %s", path);
    if ((about.st_mode & 077) != 0 && chmod(path, 0700) != 0)
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 },
                    "others may look into %s: make it yours alone with chmod 700", path);
    fd = open(arena_printf(c->arena, "%s/lock%c", path, 0).at, O_RDWR | O_CREAT | O_CLOEXEC,
              0600);
    if (fd < 0)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "%s cannot be written to: %s", path,
                    strerror(errno));
    result = take_lock(c, path, fd);
    if (result != OK) {
        close(fd);
        return result;
    }
    *lock = fd;
    return OK;
}

void folder_close(int lock)
{
    close(lock);
}

bool folder_file_make(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int open_ballast(const char *folder, int flags)
{
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

    if (at < 0)
        return -1;
    fd = openat(at, "ballast", flags | O_CLOEXEC, 0600);
    close(at);
    return fd;
}

bool folder_ballast_make(const char *folder)
{
    struct statvfs disk;
    struct stat    about;
    off_t          size = BALLAST_BYTES;
    int            fd = open_ballast(folder, O_RDWR | O_CREAT);
    bool           made = false;

    if (fd < 0)
        return false;
    if (fstat(fd, &about) == 0 && about.st_size > 0) {
        made = true;
    } else if (fstatvfs(fd, &disk) == 0) {
        off_t share = (off_t)(disk.f_blocks / BALLAST_SHARE * disk.f_frsize);
        off_t room = (off_t)(disk.f_bavail * disk.f_frsize);

        if (share < size)
            size = share;
        /* Only with as much again to spare: else writing would stop at once once more, with less
         * and less in reserve. */
        made = room >= 2 * size && posix_fallocate(fd, 0, size) == 0;
        if (!made && ftruncate(fd, 0) != 0)
            made = false;
    }
    close(fd);
    return made;
}

void folder_ballast_drop(const char *folder)
{
    int fd = open_ballast(folder, O_RDWR);

    if (fd < 0)
        return;
    if (ftruncate(fd, 0) == 0)
        fsync(fd);
    close(fd);
}
