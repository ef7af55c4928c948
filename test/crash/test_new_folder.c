/*
 * What is beside the database, and so beyond the recording VFS: after the store was made in a new
 * folder, the names of that folder and of those above it, the keyring and its name have been
 * synced, in an order in which no power loss leaves a database without its key.
 *
 * fsync(), fdatasync() and rename() of this program stand in for the C library's and note what
 * they see.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test/crash/crash_folder.h"
#include "test/crash/direct.h"
#include "test/unit.h"

enum { NOTED_MAX = 500 };

typedef struct Noted {
    dev_t device;
    ino_t inode;
    bool  is_folder;
    bool  is_rename; /* inode: of what was renamed */
} Noted;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Noted           noted[NOTED_MAX];
static size_t          noted_count;

static void note(const struct stat *about, bool is_rename)
{
    pthread_mutex_lock(&lock);
    if (noted_count < NOTED_MAX)
        noted[noted_count++] =
            (Noted){ about->st_dev, about->st_ino, S_ISDIR(about->st_mode), is_rename };
    pthread_mutex_unlock(&lock);
}

int fsync(int fd)
{
    struct stat about;

    if (fstat(fd, &about) == 0)
        note(&about, false);
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    struct stat about;

    if (fstat(fd, &about) == 0)
        note(&about, false);
    return (int)syscall(SYS_fdatasync, fd);
}

int rename(const char *from, const char *to)
{
    struct stat about;

    if (stat(from, &about) == 0)
        note(&about, true);
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* When it was first synced (or renamed) at or after `from`; -1: never. */
static int when(const char *path, bool renamed, int from)
{
    struct stat about;

    if (stat(path, &about) != 0)
        return -1;
    for (size_t i = (size_t)from; i < noted_count; i++)
        if (noted[i].device == about.st_dev && noted[i].inode == about.st_ino
            && noted[i].is_rename == renamed)
            return (int)i;
    return -1;
}

TEST(a_new_store_is_on_the_disk_with_every_name_that_leads_to_it)
{
    const char *base = arena_c_string(unit_call()->arena, unit_folder());
    char        above[600], deeper[600], folder[600], keyring[700], database[700];
    int         kept, renamed, named, stored;
    Store      *store;

    snprintf(above, sizeof above, "%s/new", base);
    snprintf(deeper, sizeof deeper, "%s/new/deeper", base);
    snprintf(folder, sizeof folder, "%s/new/deeper/data", base);
    snprintf(keyring, sizeof keyring, "%s/keyring", folder);
    snprintf(database, sizeof database, "%s/hale.db", folder);
    store = direct_open_store(unit_call(), str_from(folder), false);
    REQUIRE(store);
    CHECK(when(base, false, 0) >= 0);
    CHECK(when(above, false, 0) >= 0);
    CHECK(when(deeper, false, 0) >= 0);
    kept = when(keyring, false, 0);
    renamed = when(keyring, true, 0);
    REQUIRE(kept >= 0 && renamed >= 0);
    named = when(folder, false, renamed);
    stored = when(database, false, 0);
    REQUIRE(named >= 0 && stored >= 0);
    CHECK(kept < renamed);
    CHECK(named < stored);
    CHECK(when(folder, false, stored) > stored); /* the database's own name */
    store_close(store);
}

TEST(a_store_that_is_opened_again_makes_no_other_key)
{
    Str         folder = crash_folder_make("again");
    char        path[600];
    struct stat first = { 0 }, second = { 0 };
    Store      *store = direct_open_store(unit_call(), folder, false);

    REQUIRE(store);
    store_close(store);
    snprintf(path, sizeof path, "%.*s/keyring", STR_ARG(folder));
    CHECK(stat(path, &first) == 0);
    store = direct_open_store(unit_call(), folder, false);
    REQUIRE(store);
    store_close(store);
    CHECK(stat(path, &second) == 0);
    CHECK(first.st_ino == second.st_ino && first.st_mtime == second.st_mtime);
    CHECK_INT(first.st_mode & 0777, 0600);
}
