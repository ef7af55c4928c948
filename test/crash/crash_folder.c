/* Data folders of crash tests. See crash_folder.h. */
#include "test/crash/crash_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/ensure.h"
#include "store/store.h"
#include "test/crash/direct.h"
#include "test/crash/raw_database.h"
#include "test/unit.h"

enum { PATH_ROOM = 600 };

static void each_file(Str   folder, void (*each)(Str folder, const char *name, void *context),
                      void *context)
{
    char           path[PATH_ROOM];
    struct dirent *entry;
    DIR           *dir;

    snprintf(path, sizeof path, "%.*s", STR_ARG(folder));
    dir = opendir(path);
    ENSURE(dir);
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            each(folder, entry->d_name, context);
    closedir(dir);
}

/* Thousands of folders are made: in memory, where there is such a place with room enough. Runs
 * before the first test asks for its folder. */
__attribute__((constructor)) static void choose_place(void)
{
    static const char memory[] = "/dev/shm";
    struct statvfs    about;

    if (!getenv("TMPDIR") && access(memory, W_OK) == 0 && statvfs(memory, &about) == 0
        && about.f_bavail * about.f_frsize >= (uint64_t)2 << 30)
        setenv("TMPDIR", memory, 1);
}

static bool is_reserve(const char *name)
{
    return strcmp(name, "ballast") == 0 || strcmp(name, "lock") == 0;
}

static void remove_one(Str folder, const char *name, void *context)
{
    char path[PATH_ROOM];

    (void)context;
    if (is_reserve(name))
        return;
    snprintf(path, sizeof path, "%.*s/%s", STR_ARG(folder), name);
    unlink(path);
}

/* The store's reserve of space is there already, and small: making it would take most of the
 * time of a test. */
static void put_reserve(Str folder)
{
    char path[PATH_ROOM];
    int  out;

    snprintf(path, sizeof path, "%.*s/ballast", STR_ARG(folder));
    out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ENSURE(out >= 0 && ftruncate(out, 4096) == 0);
    close(out);
}

void crash_folder_clear(Str folder)
{
    each_file(folder, remove_one, NULL);
    put_reserve(folder);
}

Str crash_folder_make(const char *name)
{
    char *path = (char *)arena_alloc(unit_call()->arena, PATH_ROOM, 1);

    snprintf(path, PATH_ROOM, "%.*s/%s", STR_ARG(unit_folder()), name);
    ENSURE(mkdir(path, 0700) == 0 || access(path, W_OK) == 0);
    crash_folder_clear(str_from(path));
    return str_from(path);
}

typedef struct Copying {
    Str              to;
    const Recording *recorded;
} Copying;

static void copy_one(Str folder, const char *name, void *context)
{
    const Copying *copying = context;
    char           path[PATH_ROOM], bytes[65536];
    int            in, out;
    ssize_t        got;

    for (size_t i = 0; i < copying->recorded->file_count; i++)
        if (str_equal(copying->recorded->files[i].name, str_from(name)))
            return;
    if (is_reserve(name) || str_ends(str_from(name), STR("-shm")))
        return;
    snprintf(path, sizeof path, "%.*s/%s", STR_ARG(folder), name);
    in = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "%.*s/%s", STR_ARG(copying->to), name);
    out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ENSURE(in >= 0 && out >= 0);
    while ((got = read(in, bytes, sizeof bytes)) > 0)
        ENSURE(write(out, bytes, (size_t)got) == got);
    close(in);
    close(out);
}

void crash_folder_copy(Str from, Str to, const Recording *recorded)
{
    each_file(from, copy_one, &(Copying){ to, recorded });
}

const char *crash_folder_keep(Str folder)
{
    static char path[PATH_ROOM];
    char        old[PATH_ROOM];
    const char *base = getenv("TMPDIR");

    snprintf(path, sizeof path, "%s/hale-crash-kept-XXXXXX", base ? base : "/tmp");
    snprintf(old, sizeof old, "%.*s", STR_ARG(folder));
    if (mkdtemp(path) && rename(old, path) == 0 && mkdir(old, 0700) == 0)
        put_reserve(folder);
    return path;
}

void crash_folder_hush(void)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
}

/* ---- in depth ---- */

/* "hale keyring 1 aegis\n", then 64 hexadecimal digits. */
static bool read_key(Str folder, char key[32])
{
    static const char digits[] = "0123456789abcdef";
    char              path[PATH_ROOM], text[200], *at;
    FILE             *in;

    snprintf(path, sizeof path, "%.*s/keyring", STR_ARG(folder));
    in = fopen(path, "re");
    if (!in || !fgets(text, sizeof text, in) || !fgets(text, sizeof text, in))
        return false;
    fclose(in);
    for (at = text; at < text + 64; at++)
        if (!*at || !strchr(digits, *at))
            return false;
    for (size_t i = 0; i < 32; i++)
        key[i] = (char)((strchr(digits, text[2 * i]) - digits) << 4
                        | (strchr(digits, text[2 * i + 1]) - digits));
    return true;
}

/* Everything derived, with the numbers of codes and parameters put into words, because those
 * may be given anew. */
static const char *const derived[] = {
    "SELECT 'current', practice, type, rid, seq FROM current ORDER BY 2, 3, 4",
    "SELECT 'gone', practice, type, rid, seq FROM gone ORDER BY 2, 3, 4",
    "SELECT 'identity', practice, type, id, rid FROM identity ORDER BY 2, 3, 4",
    "SELECT 'token', i.practice, p.type, p.code, s.code, t.code, i.rid FROM index_token i"
    " JOIN param p ON p.number = i.param JOIN token t ON t.number = i.token"
    " LEFT JOIN token s ON s.number = t.system ORDER BY 2, 3, 4, 5, 6, 7",
    "SELECT 'identifier', i.practice, p.type, p.code, i.value, s.code, i.rid"
    " FROM index_identifier i JOIN param p ON p.number = i.param"
    " LEFT JOIN token s ON s.number = i.system ORDER BY 2, 3, 4, 5, 6, 7",
    "SELECT 'reference', i.practice, p.type, p.code, i.target, i.rid FROM index_reference i"
    " JOIN param p ON p.number = i.param ORDER BY 2, 3, 4, 5, 6",
    "SELECT 'date', i.practice, p.type, p.code, i.low, i.span, i.rid FROM index_date i"
    " JOIN param p ON p.number = i.param ORDER BY 2, 3, 4, 5, 6, 7",
    "SELECT 'string', i.practice, p.type, p.code, i.folded, i.exact, i.rid FROM index_string i"
    " JOIN param p ON p.number = i.param ORDER BY 2, 3, 4, 5, 6, 7",
    "SELECT 'compartment', practice, patient, rid, type FROM compartment ORDER BY 2, 3, 4",
    "SELECT 'label', i.practice, t.code, i.rid FROM label i JOIN token t ON t.number = i.token"
    " ORDER BY 2, 3, 4",
};

/* The whole of what is derived as one text; a NULL pointer if it cannot be read or is unsound. */
static Str look(Arena *a, Str folder, char *finding, size_t room)
{
    char         path[PATH_ROOM], key[32];
    RawOptions   options = { .path = path, .key = key };
    RawDatabase *db;
    Buf          all = buf_new(a, 65536);
    Str          sound;

    snprintf(path, sizeof path, "%.*s/hale.db", STR_ARG(folder));
    db = read_key(folder, key) ? raw_database_open(&options) : NULL;
    if (!db) {
        snprintf(finding, room, "%s cannot be opened\n", path);
        return (Str){ 0 };
    }
    sound = raw_database_text(db, a, "PRAGMA integrity_check");
    if (!str_equal(sound, STR("ok\n")))
        snprintf(finding, room, "unsound: %.*s", STR_ARG(sound));
    for (size_t i = 0; i < COUNT(derived); i++) {
        Str rows = raw_database_text(db, a, derived[i]);

        if (!rows.at)
            snprintf(finding, room, "cannot be read: %s\n", derived[i]);
        buf_put(&all, rows);
    }
    raw_database_close(db);
    return finding[0] ? (Str){ 0 } : buf_str(&all);
}

static bool reindex(Call *c, Str folder)
{
    Store *store = direct_open_store(c, folder, false);
    bool   done;

    if (!store)
        return false;
    done = store_reindex(c, store, NULL, NULL) == OK;
    store_close(store);
    return done;
}

/* The first line in which the two differ. */
static void tell_difference(Str before, Str after, char *finding, size_t room)
{
    Str one = { 0 }, other = { 0 };

    while (str_equal(one, other)) {
        bool more = str_next(&before, '\n', &one), also = str_next(&after, '\n', &other);

        if (!more && !also)
            break;
    }
    snprintf(finding, room, "rebuilding makes \"%.*s\" of \"%.*s\"\n", STR_ARG(other),
             STR_ARG(one));
}

bool crash_folder_is_sound(Str folder, char *finding, size_t room)
{
    Arena *arena = arena_create((size_t)1 << 30);
    Call   call;
    Str    before, after = { 0 };
    bool   sound;

    call_begin(&call, arena);
    finding[0] = '\0';
    before = look(arena, folder, finding, room);
    if (before.at && !reindex(&call, folder))
        snprintf(finding, room, "cannot be reindexed: %s\n", direct_why(&call));
    else if (before.at)
        after = look(arena, folder, finding, room);
    sound = before.at && after.at && str_equal(before, after);
    if (before.at && after.at && !sound)
        tell_difference(before, after, finding, room);
    arena_destroy(arena);
    return sound;
}
