/* Made anew, the index is the same as it was; also while others write, and after a stop. */
#include "store/writer.h"
#include "test/store/store_help.h"

static void fill(void)
{
    char json[400];

    for (int i = 0; i < 700; i++) {
        snprintf(
            json, sizeof json,
            "{\"resourceType\":\"Observation\",\"id\":\"o%d\",\"status\":\"final\",\"code\":"
            "{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"c%d\"}]},\"subject\":"
            "{\"reference\":\"Patient/p%d\"},\"effectiveDateTime\":\"2020-01-%02d\","
            "\"valueQuantity\":{\"value\":%d.5,\"unit\":\"kg\"}}",
            i % 500, i % 9, i % 4, 1 + i % 28, i);
        REQUIRE(help_put(json) == OK);
    }
    REQUIRE(
        help_put(
            "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"name\":[{\"family\":\"\xc3\x84\"}]}")
        == OK);
    for (int i = 0; i < 30; i++) {
        snprintf(json, sizeof json, "o%d", i);
        REQUIRE(help_delete(TYPE_OBSERVATION, json) == OK);
    }
}

static bool empty_tables(Call *c, Writer *w)
{
    static const char *const emptied[] = {
        "DELETE FROM index_token",
        "DELETE FROM index_date",
        "DELETE FROM index_reference",
        "DELETE FROM compartment",
        "DELETE FROM current WHERE rid % 3 = 0",
        "DELETE FROM index_string",
        "DELETE FROM gone WHERE rid % 2 = 0",
    };

    (void)c;
    for (size_t i = 0; i < COUNT(emptied); i++)
        if (!db_run(w->db, emptied[i]))
            return false;
    return true;
}

static Fail spoil(Call *c, Writer *w, void *context)
{
    (void)context;
    return empty_tables(c, w) ? OK : db_fail(c, w->db);
}

TEST(reindexing_restores_what_was_lost)
{
    Str before;

    fill();
    before = help_dump();
    REQUIRE(writer_run(unit_call(), help_open(), spoil, NULL, true) == OK);
    CHECK(!str_equal(help_dump(), before));
    CHECK(store_reindex(unit_call(), help_open(), NULL, NULL) == OK);
    CHECK(str_equal(help_dump(), before));
    CHECK_INT(help_count(TYPE_OBSERVATION, "code=c3&_count=1000", NULL),
              help_count(TYPE_OBSERVATION, "code=http://loinc.org|c3&_count=1000", NULL));
    help_close();
}

static bool stop_after(void *context, uint64_t done, uint64_t total)
{
    (void)done, (void)total;
    return --*(int *)context > 0;
}

TEST(reindexing_goes_on_after_a_stop_and_takes_in_what_was_written_meanwhile)
{
    Str  expected;
    char json[200];

    fill();
    for (int steps = 1; steps < 5; steps++) {
        int left = 1;

        CHECK_INT(store_reindex(unit_call(), help_open(), stop_after, &left), FAIL_TIMEOUT);
        snprintf(
            json, sizeof json,
            "{\"resourceType\":\"Observation\",\"id\":\"o%d\",\"status\":\"amended\",\"code\":"
            "{\"text\":\"later\"},\"subject\":{\"reference\":\"Patient/p%d\"}}",
            steps * 31, steps);
        CHECK(help_put(json) == OK);
        snprintf(json, sizeof json, "o%d", 400 + steps);
        CHECK(help_delete(TYPE_OBSERVATION, json) == OK);
        help_reopen();
    }
    expected = help_dump();
    CHECK(store_reindex(unit_call(), help_open(), NULL, NULL) == OK);
    CHECK(str_equal(help_dump(), expected));
    CHECK(help_put("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"active\":true}") == OK);
    help_close();
}

TEST(an_import_after_an_interrupted_reindexing_is_taken_in)
{
    Permit   permit = help_permit(DEED_UPDATE);
    BulkItem item = { .method = METHOD_PUT };
    Change   change;
    Str      expected;
    Bulk    *b;
    bool     same;
    int      left = 3;

    fill();
    CHECK_INT(store_reindex(unit_call(), help_open(), stop_after, &left), FAIL_TIMEOUT);
    help_reopen();
    REQUIRE(store_bulk_begin(unit_call(), help_open(), &permit, &b) == OK);
    for (int i = 20; i < 60; i++) {
        change = help_change(
            METHOD_PUT, &permit,
            arena_printf(unit_call()->arena,
                         "{\"resourceType\":\"Observation\",\"id\":\"o%d\",\"status\":"
                         "\"amended\",\"code\":{\"text\":\"later\"},\"subject\":"
                         "{\"reference\":\"Patient/p%d\"}}%c",
                         i * 10, i % 5, 0)
                .at);
        item.type = change.type;
        item.id = change.id;
        item.rows = change.rows;
        item.remainder = change.remainder;
        CHECK(store_bulk_add(unit_call(), b, &item, &same) == OK);
    }
    REQUIRE(store_bulk_end(unit_call(), b) == OK);
    expected = help_dump();
    CHECK(store_reindex(unit_call(), help_open(), NULL, NULL) == OK);
    CHECK(str_equal(help_dump(), expected));
    help_close();
}
