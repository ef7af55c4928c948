/* What tools/compile_sqlite mends in SQLite's trees: rows put in order fill their pages, and looking on
 * the page where the cursor stands finds what going down from the root would. */
#include "base/ensure.h"
#include "store/driver.h"
#include "test/unit.h"

static const uint8_t key[DB_KEY_BYTES] = { 1, 2, 3 };
static const Scope   nothing;

#define NUMBERS(count)                                                                         \
    "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT " count ") "
#define TABLE                                                                                  \
    "CREATE TABLE fact (a INTEGER, b INTEGER, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID"

static Db *open_db(void)
{
    DbOptions options = {
        .path =
            arena_printf(unit_call()->arena, "%.*s/order.db%c", STR_ARG(unit_folder()), 0).at,
        .cipher = "aegis",
        .key = key,
        .create = true,
        .scope = &nothing,
        .cache_bytes = 4 * 1024 * 1024,
    };
    Db *db;

    ENSURE(db_open(unit_call(), &options, &db) == OK);
    ENSURE(db_run(db, TABLE));
    return db;
}

static int64_t number_of(Db *db, const char *sql)
{
    Statement *s = db_statement(db, sql);
    int64_t    number = -1;

    if (s && statement_step(s) == STEP_ROW) {
        number = row_int(s, 0);
        statement_reset(s);
    }
    return number;
}

static void check_sound(Db *db)
{
    Str finding;

    CHECK(db_check(unit_call(), db, &finding));
    CHECK_STR(finding, STR("ok"));
}

TEST(rows_put_in_order_fill_their_pages)
{
    Db *db = open_db();

    CHECK(db_run(db, NUMBERS("60000") "INSERT INTO fact SELECT i / 50, i * 3 FROM n"));
    CHECK_INT(number_of(db, "SELECT sum(unused) * 50 < sum(pgsize) FROM dbstat"
                            " WHERE name = 'fact' AND pagetype = 'leaf'"),
              1);
    CHECK_INT(number_of(db, "SELECT count(*) FROM fact"), 60000);
    check_sound(db);
    db_close(db);
}

/* Runs of neighbours put between what is there, from both sides and in no order, and some taken out. */
TEST(rows_put_between_others_in_any_order_are_all_found)
{
    static const char *const deeds[] = {
        NUMBERS("20000") "INSERT INTO fact SELECT i * 7919 % 20011, 0 FROM n",
        NUMBERS("60000") "INSERT INTO fact SELECT i / 4 * 4 * 31 % 20011, 1 + i FROM n",
        NUMBERS("30000") "INSERT INTO fact SELECT 20011 - i / 2, -1 - i FROM n",
        "DELETE FROM fact WHERE (a * 31 + b) % 5 = 0",
        NUMBERS("20000") "INSERT INTO fact SELECT i / 3, 1000000 + i FROM n",
    };
    Db *db = open_db();

    for (size_t i = 0; i < COUNT(deeds); i++) {
        CHECK(db_run(db, deeds[i]));
        check_sound(db);
    }
    CHECK(db_run(db, "CREATE TEMP TABLE copy (a INTEGER, b INTEGER)"));
    CHECK(db_run(db, "INSERT INTO copy SELECT a, b FROM fact"));
    CHECK(number_of(db, "SELECT count(*) FROM copy") > 90000);
    CHECK_INT(number_of(db,
                        "SELECT (SELECT count(*) FROM copy) - count(*) FROM copy c CROSS JOIN"
                        " fact f WHERE f.a = c.a AND f.b = c.b"),
              0);
    CHECK_INT(number_of(db,
                        "SELECT (SELECT count(*) FROM copy) - count(*) FROM (SELECT a, b FROM"
                        " copy ORDER BY b * 7919 % 10007, a DESC) c CROSS JOIN fact f"
                        " WHERE f.a = c.a AND f.b = c.b"),
              0);
    CHECK_INT(number_of(db, "SELECT count(*) FROM copy c CROSS JOIN fact f WHERE f.a = c.a"
                            " AND f.b = c.b + 2000000"),
              0);
    db_close(db);
}
