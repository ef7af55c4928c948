/* Commits whose writes are gathered: another connection sees each of them whole, at once. */
#include "store/driver.h"
#include "store/sqlite_gather.h"
#include "test/unit.h"

enum { COMMITS = 300, ROW_BYTES_MAX = 60000 };

static const char put_sql[] = "INSERT INTO piece (number, bytes) VALUES ($1, $2)";
static const char get_sql[] = "SELECT bytes FROM piece WHERE number = $1";

static const uint8_t key[DB_KEY_BYTES] = { 1, 2, 3 };
static const Scope   nothing;

static Db *open_db(bool reader)
{
    DbOptions options = {
        .path =
            arena_printf(unit_call()->arena, "%.*s/pieces.db%c", STR_ARG(unit_folder()), 0).at,
        .cipher = "aegis",
        .key = key,
        .create = true,
        .reader = reader,
        .scope = &nothing,
        .cache_bytes =
            64 * 1024, /* less than a transaction: pages go to the log before its end */
    };
    Db *db;

    CHECK_INT(db_open(unit_call(), &options, &db), OK);
    return db;
}

static Str piece(int number)
{
    size_t len = 1 + (size_t)number * 7919 % ROW_BYTES_MAX;
    char  *at = arena_alloc_raw(unit_call()->arena, len);

    for (size_t i = 0; i < len; i++)
        at[i] = (char)(number + (int)i * 31);
    return (Str){ at, len };
}

static bool put(Db *db, int number, const char *end)
{
    Statement *s;

    if (!db_run(db, "BEGIN IMMEDIATE"))
        return false;
    s = db_statement(db, put_sql);
    bind_int(s, number);
    bind_bytes(s, piece(number));
    return statement_run(s) && db_run(db, end);
}

static bool has(Db *db, int number)
{
    Statement *s = db_statement(db, get_sql);
    bool       same;

    bind_int(s, number);
    same = statement_step(s) == STEP_ROW && str_equal(row_bytes(s, 0), piece(number));
    statement_reset(s);
    return same;
}

TEST(another_connection_sees_each_commit_whole)
{
    Db *writer = open_db(false), *reader = NULL;
    Str finding;

    CHECK(
        db_run(writer, "CREATE TABLE piece (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL)"));
    reader = open_db(true);
    for (int i = 1; i <= COMMITS; i++) {
        ArenaMark mark = arena_mark(unit_call()->arena);

        CHECK(put(writer, i, "COMMIT"));
        CHECK(has(reader, i));
        CHECK(has(reader, 1 + i * 37 % i));
        if (i % 5 == 0) {
            CHECK(put(writer, COMMITS + i, "ROLLBACK"));
            CHECK(!has(reader, COMMITS + i) && has(writer, i));
        }
        if (i % 60 == 0)
            CHECK(db_checkpoint(writer, CHECKPOINT_RESTART));
        if (i % 20 == 0)
            CHECK(db_check(unit_call(), reader, &finding));
        arena_rewind(unit_call()->arena, mark);
    }
    db_close(reader);
    db_close(writer);
}

TEST(what_was_committed_is_there_after_opening_again)
{
    Db *db = open_db(false);

    CHECK(db_run(db, "CREATE TABLE piece (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL)"));
    for (int i = 1; i <= 40; i++)
        CHECK(put(db, i, "COMMIT"));
    db_close(db);
    db = open_db(false);
    for (int i = 1; i <= 40; i++)
        CHECK(has(db, i));
    db_close(db);
}

TEST(a_file_system_that_is_not_there_is_none)
{
    CHECK(sqlite_gather_over("nowhere") == NULL);
    CHECK(sqlite_gather_over(NULL) && sqlite_gather_over(NULL) == sqlite_gather_over("unix"));
}
