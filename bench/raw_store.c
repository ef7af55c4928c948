/*
 * What the disk, the memory and the database library alone reach on this machine: syncs, copies,
 * and rows of a body with a unique id and nothing else, at several sizes of a commit, plain and
 * encrypted as Hale does it. One JSON object a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/options.h"

enum { BODY_BYTES = 360, COPY_BYTES = 64 << 20, PATH_BYTES = 4096 };

static const char *folder;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

_Noreturn static void die(const char *what, const char *why)
{
    fprintf(stderr, "raw_store: %s: %s\n", what, why);
    exit(1);
}

static void say(const char *name, double count, double seconds, const char *unit)
{
    printf("{\"name\":\"%s\",\"per_second\":%.1f,\"unit\":\"%s\"}\n", name, count / seconds,
           unit);
    fflush(stdout);
}

static uint64_t next(uint64_t *chance)
{
    *chance ^= *chance << 13;
    *chance ^= *chance >> 7;
    *chance ^= *chance << 17;
    return *chance;
}

static void measure_sync(void)
{
    char   path[PATH_BYTES], block[4096] = { 1 };
    double start = now(), end = start + 2;
    double count = 0;
    int    fd;

    snprintf(path, sizeof path, "%s/sync", folder);
    fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        die(path, strerror(errno));
    for (; now() < end; count++)
        if (write(fd, block, sizeof block) != sizeof block || fdatasync(fd) != 0)
            die("fdatasync", strerror(errno));
    say("append 4 KB + fdatasync", count, now() - start, "1/s");
    close(fd);
    unlink(path);
}

static void measure_copy(void)
{
    char  *from = malloc(COPY_BYTES), *to = malloc(COPY_BYTES);
    double start, bytes = 0;

    if (!from || !to)
        die("memory", strerror(errno));
    memset(from, 1, COPY_BYTES);
    memset(to, 2, COPY_BYTES);
    for (start = now(); now() < start + 1; bytes += COPY_BYTES) {
        memcpy(to, from, COPY_BYTES);
        __asm__ volatile("" : : "r"(to) : "memory");
    }
    say("memcpy", bytes / 1e6, now() - start, "MB/s");
    free(from);
    free(to);
}

static void run_sql(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(db));
}

static sqlite3 *open_database(const char *path, bool encrypted)
{
    sqlite3 *db;

    if (sqlite3_open(path, &db) != SQLITE_OK)
        die(path, sqlite3_errmsg(db));
    if (encrypted) {
        run_sql(db, "PRAGMA cipher = 'aegis'");
        run_sql(db, "PRAGMA key = \"raw:000102030405060708090a0b0c0d0e0f"
                    "101112131415161718191a1b1c1d1e1f\"");
    }
    run_sql(db, "PRAGMA journal_mode = WAL");
    run_sql(db, "PRAGMA synchronous = FULL");
    run_sql(db, "PRAGMA wal_autocheckpoint = 16000");
    run_sql(db, "PRAGMA cache_size = -65536");
    run_sql(db, "CREATE TABLE body (seq INTEGER PRIMARY KEY, id BLOB UNIQUE, body BLOB)");
    return db;
}

/* Bodies of the size that compressed resources have, random so that nothing helps. */
static void measure_insert(bool encrypted, unsigned per_commit)
{
    char          path[PATH_BYTES], name[80];
    uint64_t      body[BODY_BYTES / 8], id[2], chance = 88172645463325252;
    sqlite3      *db;
    sqlite3_stmt *insert;
    double        start, count = 0;

    snprintf(path, sizeof path, "%s/raw.db", folder);
    db = open_database(path, encrypted);
    if (sqlite3_prepare_v2(db, "INSERT INTO body (id, body) VALUES ($1, $2)", -1, &insert, NULL)
        != SQLITE_OK)
        die("insert", sqlite3_errmsg(db));
    for (start = now(); now() < start + 3;) {
        run_sql(db, "BEGIN IMMEDIATE");
        for (unsigned i = 0; i < per_commit; i++, count++) {
            for (size_t k = 0; k < BODY_BYTES / 8; k++)
                body[k] = next(&chance);
            id[0] = next(&chance);
            id[1] = next(&chance);
            sqlite3_bind_blob(insert, 1, id, sizeof id, SQLITE_STATIC);
            sqlite3_bind_blob(insert, 2, body, sizeof body, SQLITE_STATIC);
            if (sqlite3_step(insert) != SQLITE_DONE)
                die("insert", sqlite3_errmsg(db));
            sqlite3_reset(insert);
        }
        run_sql(db, "COMMIT");
    }
    snprintf(name, sizeof name, "SQLite insert, %u a commit, %s", per_commit,
             encrypted ? "encrypted" : "plain");
    say(name, count, now() - start, "rows/s");
    sqlite3_finalize(insert);
    sqlite3_close(db);
    for (int i = 0; i < 3; i++) {
        static const char *const ends[] = { "", "-wal", "-shm" };

        snprintf(path, sizeof path, "%s/raw.db%s", folder, ends[i]);
        unlink(path);
    }
}

int main(int argc, char **argv)
{
    static const unsigned sizes[] = { 1, 64, 20000 };
    const Usage           usage = { .command = "raw_store",
                                    .summary = "Measures syncs, copies and bare rows in a folder.",
                                    .operands = "DIR",
                                    .operands_min = 1,
                                    .operands_max = 1 };
    Words                 words;
    int                   status;

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    folder = words.at[0];
    printf("{\"name\":\"SQLite version\",\"text\":\"%s\"}\n", sqlite3_libversion());
    measure_sync();
    measure_copy();
    for (int encrypted = 0; encrypted < 2; encrypted++)
        for (size_t i = 0; i < COUNT(sizes); i++)
            measure_insert(encrypted, sizes[i]);
    return EXIT_FINE;
}
