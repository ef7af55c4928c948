/*
 * Proves the crash tests themselves, on a bare database with the store's settings: that such a
 * database loses nothing, and that the tests notice when a disk lies about syncs, when SQLite is
 * told to sync less, or when an interrupted write harms its neighbours and SQLite was told that
 * it would not.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "test/crash/crash_folder.h"
#include "test/crash/power_loss.h"
#include "test/crash/raw_database.h"
#include "test/unit.h"

enum { GROUPS = 120, GROUP_ROWS_MAX = 6, ACKS_MAX = 1000 };

static const char key[32] = "thirty-two bytes, not a secret.";

/* Groups of rows that were acknowledged, by the event before which that was. */
typedef struct Acks {
    size_t event[ACKS_MAX];
    size_t count;
} Acks;

typedef struct Verdict {
    uint64_t images, unreadable, lost, torn, corrupt;
} Verdict;

/* Group n has 1 + n % GROUP_ROWS_MAX rows, all in one transaction. */
static bool put_group(RawDatabase *db, Dice *dice, int64_t group)
{
    bool good = raw_database_run(db, "BEGIN IMMEDIATE");

    for (int64_t i = 0; i <= group % GROUP_ROWS_MAX; i++) {
        char   bytes[6000];
        size_t len = 1 + dice_below(dice, sizeof bytes);

        dice_fill(dice, bytes, len);
        good =
            good
            && raw_database_put(db, "INSERT INTO change (group_number, body) VALUES ($1, $2)",
                                group, (Str){ bytes, len });
    }
    if (group % 5 == 4)
        good =
            good
            && raw_database_put(db, "UPDATE change SET body = $2 WHERE group_number = $1 / 2",
                                group, STR("shorter"));
    return raw_database_run(db, "COMMIT") && good;
}

static const char make_tables[] =
    "CREATE TABLE change (id INTEGER PRIMARY KEY, group_number INTEGER NOT NULL, body BLOB);"
    "CREATE INDEX by_group ON change (group_number)";

/* Makes a database, fills it, closes it in the middle and goes on. */
static bool record(Recording *r, const RawOptions *options, Dice *dice, Acks *acks)
{
    RawDatabase *db = raw_database_open(options);
    bool         good = db && raw_database_run(db, make_tables);

    for (int64_t group = 1; good && group <= GROUPS; group++) {
        if (group == GROUPS / 2) {
            raw_database_close(db);
            db = raw_database_open(options);
        }
        good = db && put_group(db, dice, group);
        acks->event[acks->count++] = recording_vfs_now(r);
    }
    if (db)
        raw_database_close(db);
    return good;
}

static void judge(const char *path, const Acks *acks, size_t point, Verdict *v)
{
    RawOptions   options = { .path = path, .vfs = recording_vfs_name(), .key = key };
    RawDatabase *db = raw_database_open(&options);
    int64_t      wanted = 0, there;

    while (wanted < (int64_t)acks->count && acks->event[wanted] <= point)
        wanted++;
    v->images++;
    if (!db) {
        v->unreadable++;
        return;
    }
    there = raw_database_number(db, "SELECT coalesce(max(group_number), 0) FROM change");
    if (there < 0 && wanted == 0) /* before the tables were made */
        there = 0;
    v->lost += there < wanted;
    v->torn += raw_database_number(db, "SELECT count(*) FROM (SELECT 1 FROM change GROUP BY"
                                       " group_number HAVING count(*) <> 1 + group_number % 6)")
                   > 0
               || (there > 0
                   && raw_database_number(db, "SELECT count(DISTINCT group_number) FROM change")
                          != there);
    v->corrupt += raw_database_number(db, "SELECT count(*) FROM pragma_integrity_check"
                                          " WHERE integrity_check <> 'ok'")
                  != 0;
    raw_database_close(db);
}

static uint64_t found(const Verdict *v)
{
    return v->unreadable + v->lost + v->torn + v->corrupt;
}

static void clear_folder(const char *folder)
{
    static const char *const names[] = { "raw.db", "raw.db-wal", "raw.db-shm",
                                         "raw.db-journal" };

    for (size_t i = 0; i < COUNT(names); i++) {
        char path[512];

        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
}

/* As many images as were asked for, at random events, in the order of time. */
static Verdict try_images(const Recording *r, const Acks *acks, Lie lie, Dice *dice,
                          const char *folder, size_t count)
{
    PowerLoss *p = power_loss_new(r, lie);
    Arena     *arena = arena_create((size_t)64 << 20);
    size_t    *points = power_loss_points(arena, r, dice, count);
    Verdict    v = { 0 };
    char       path[512];

    snprintf(path, sizeof path, "%s/raw.db", folder);
    for (size_t i = 0; i < count; i++) {
        power_loss_advance(p, points[i]);
        clear_folder(folder);
        power_loss_write(p, dice, str_from(folder));
        judge(path, acks, points[i], &v);
    }
    arena_destroy(arena);
    power_loss_free(p);
    return v;
}

static Verdict run_case(const char *name, RawOptions options, Lie lie, uint64_t seed,
                        size_t count)
{
    Arena     *arena = arena_create((size_t)1 << 30);
    Recording *r = recording_vfs_new(arena);
    Acks      *acks = NEW(arena, Acks);
    Dice       dice = { seed };
    char       path[512];
    Verdict    v = { 0 };
    uint64_t   start;

    options.vfs = recording_vfs_name();
    options.key = key;
    clear_folder(crash_folder_make("recorded").at);
    snprintf(path, sizeof path, "%.*s/raw.db", STR_ARG(crash_folder_make("recorded")));
    options.path = path;
    recording_vfs_into(r);
    CHECK(record(r, &options, &dice, acks));
    recording_vfs_into(NULL);
    start = clock_monotonic_us();
    v = try_images(r, acks, lie, &dice, crash_folder_make("image").at, count);
    printf("%-32s %6llu images, %5.0f/s: %llu unreadable, %llu lost, %llu torn, %llu corrupt"
           " (seed %llu, %zu events)\n",
           name, (unsigned long long)v.images,
           (double)v.images * 1e6 / (double)(clock_monotonic_us() - start + 1),
           (unsigned long long)v.unreadable, (unsigned long long)v.lost,
           (unsigned long long)v.torn, (unsigned long long)v.corrupt, (unsigned long long)seed,
           r->event_count);
    arena_destroy(arena);
    return v;
}

/* ---- a log cut short ---- */

static size_t file_bytes(const char *path, char *room, size_t most)
{
    FILE  *in = fopen(path, "re");
    size_t got = in ? fread(room, 1, most, in) : 0;

    if (in)
        fclose(in);
    return got;
}

static void put_bytes(const char *path, const char *bytes, size_t len)
{
    FILE *out = fopen(path, "we");

    ENSURE(out && fwrite(bytes, 1, len, out) == len && fclose(out) == 0);
}

enum { CUT_BYTES_MAX = 4 << 20, CUT_GROUPS = 8 };

/* A database with a log, as its files are while it is open; how long the log was before the
 * last group of rows. */
static size_t make_log(const char *path, const char *log, Dice *dice, RawDatabase **open)
{
    RawOptions   options = { .path = path, .vfs = recording_vfs_name(), .key = key };
    RawDatabase *db = raw_database_open(&options);
    struct stat  about = { 0 };

    *open = db; /* closing it would take the log in */
    ENSURE(db && raw_database_run(db, make_tables));
    for (int64_t group = 1; group <= CUT_GROUPS; group++) {
        stat(log, &about);
        ENSURE(put_group(db, dice, group));
    }
    return (size_t)about.st_size;
}

static const RawOptions as_the_store = { .wal_pages = 100 };

static size_t images_wanted(void)
{
    return (size_t)dice_setting("CRASH_RAW_IMAGES", 1000);
}

TEST(a_synced_database_loses_nothing_when_the_power_fails)
{
    Verdict v = run_case("synchronous=FULL, psow=0", as_the_store, LIE_NONE, dice_seed(),
                         images_wanted());

    CHECK_INT(v.images, images_wanted());
    CHECK_INT(found(&v), 0);
}

TEST(a_disk_that_ignores_one_sync_in_seven_is_noticed)
{
    Verdict v = run_case("one sync in seven ignored", as_the_store, LIE_EVERY_SEVENTH,
                         dice_seed(), images_wanted());

    CHECK(found(&v) > 0);
}

TEST(syncing_only_before_checkpoints_is_noticed)
{
    RawOptions normal = as_the_store;
    Verdict    v;

    normal.synchronous = "NORMAL";
    v = run_case("synchronous=NORMAL", normal, LIE_NONE, dice_seed(), images_wanted() / 4);
    CHECK(v.lost > 0);
    v = run_case("a disk that makes it so", as_the_store, LIE_AS_NORMAL, dice_seed(),
                 images_wanted() / 4);
    CHECK(v.lost > 0);
}

TEST(not_syncing_at_all_is_noticed)
{
    RawOptions off = as_the_store;
    Verdict    v;

    off.synchronous = "OFF";
    v = run_case("synchronous=OFF", off, LIE_NONE, dice_seed(), images_wanted() / 4);
    CHECK(v.lost > 0);
}

TEST(trust_in_power_safe_overwrite_is_noticed)
{
    RawOptions trusting = as_the_store;
    Verdict    v;

    trusting.assume_power_safe = true;
    v = run_case("psow=1", trusting, LIE_NONE, dice_seed(), images_wanted());
    CHECK(found(&v) > 0);
}

TEST(a_log_that_ends_at_any_byte_keeps_the_commits_before)
{
    const char *folder, *image = arena_c_string(unit_call()->arena, crash_folder_make("image"));
    Dice        dice = { dice_seed() };
    char        path[600], log[600], *database = malloc(CUT_BYTES_MAX), *frames;
    size_t      database_len, len, from, step = (size_t)dice_setting("CRASH_CUT_STEP", 13);
    Acks        acks = { .count = CUT_GROUPS - 1 };
    Verdict     v = { 0 };
    RawDatabase *db;

    frames = malloc(CUT_BYTES_MAX);
    REQUIRE(database && frames);
    folder = arena_c_string(unit_call()->arena, crash_folder_make("cut"));
    snprintf(path, sizeof path, "%s/raw.db", folder);
    snprintf(log, sizeof log, "%s/raw.db-wal", folder);
    from = make_log(path, log, &dice, &db);
    database_len = file_bytes(path, database, CUT_BYTES_MAX);
    len = file_bytes(log, frames, CUT_BYTES_MAX);
    CHECK(from > 4096 && len > from && len < CUT_BYTES_MAX);
    snprintf(path, sizeof path, "%s/raw.db", image);
    snprintf(log, sizeof log, "%s/raw.db-wal", image);
    for (size_t cut = from; cut <= len; cut += step) {
        clear_folder(image);
        put_bytes(path, database, database_len);
        put_bytes(log, frames, cut);
        judge(path, &acks, SIZE_MAX, &v);
    }
    printf("a log of %zu bytes cut at %llu places from byte %zu\n", len,
           (unsigned long long)v.images, from);
    CHECK_INT(found(&v), 0);
    raw_database_close(db);
    free(database);
    free(frames);
}

/* Reads everything; a NULL pointer where that fails. */
static Str read_all(Arena *a, const char *path)
{
    RawOptions   options = { .path = path, .vfs = recording_vfs_name(), .key = key };
    RawDatabase *db = raw_database_open(&options);
    Str          all = { 0 };

    if (db) {
        all = raw_database_text(db, a, "SELECT id, group_number, body FROM change ORDER BY id");
        raw_database_close(db);
    }
    return all;
}

TEST(a_bit_that_turns_over_is_noticed_or_harmless)
{
    Arena       *arena = unit_call()->arena;
    const char  *folder = arena_c_string(arena, crash_folder_make("image"));
    Dice         dice = { dice_seed() };
    char         path[600], log[600], *bytes = malloc(CUT_BYTES_MAX);
    RawDatabase *db;
    Str          before;
    size_t       len, noticed = 0, flips = (size_t)dice_setting("CRASH_FLIPS", 500);

    REQUIRE(bytes);
    snprintf(path, sizeof path, "%s/raw.db", folder);
    snprintf(log, sizeof log, "%s/raw.db-wal", folder);
    (void)make_log(path, log, &dice, &db);
    raw_database_close(db);
    before = read_all(arena, path);
    REQUIRE(before.len > 0);
    len = file_bytes(path, bytes, CUT_BYTES_MAX);
    for (size_t i = 0; i < flips; i++) {
        ArenaMark mark = arena_mark(arena);
        size_t    bit = dice_below(&dice, len * 8);
        Str       after;

        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        clear_folder(folder);
        put_bytes(path, bytes, len);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        after = read_all(arena, path);
        noticed += !after.at;
        CHECK(!after.at || str_equal(before, after));
        arena_rewind(arena, mark);
    }
    printf("%zu of %zu turned bits noticed, the others harmless\n", noticed, flips);
    CHECK(noticed > flips / 2);
    free(bytes);
}
