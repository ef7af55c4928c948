/* What comes in by bulk import is the same as what comes in one by one. */
#include <dirent.h>
#include <pthread.h>

#include "base/limits.h"
#include "fhir/draft.h"
#include "test/store/store_help.h"

enum { EXAMPLES = 400 };

/* Resources of the published examples, in the order of their names. */
static size_t examples(Str *out, size_t most)
{
    const char     *packages = getenv("PACKAGES");
    struct dirent **names;
    size_t          count = 0;
    int             found;

    if (!packages)
        return 0;
    packages = arena_printf(unit_call()->arena, "%s/hl7.fhir.r4.examples%c", packages, 0).at;
    found = scandir(packages, &names, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        Str   name = str_from(names[i]->d_name);
        FILE *f;
        char *text;

        if (count < most && i % 7 == 0 && str_ends(name, STR(".json")) && name.at[0] >= 'A'
            && name.at[0] <= 'Z'
            && (f = fopen(arena_printf(unit_call()->arena, "%s/%s%c", packages, name.at, 0).at,
                          "r"))) {
            text = arena_alloc(unit_call()->arena, 400001, 1);
            if (fread(text, 1, 400000, f) < 400000)
                out[count++] = str_from(text);
            fclose(f);
        }
        free(names[i]);
    }
    if (found > 0)
        free(names);
    return count;
}

static bool read_item(Str json, BulkItem *item)
{
    Call       *c = unit_call();
    ReadOptions options = { .values_max = LIMIT_JSON_NODES };
    Resource    r;
    Draft       draft;
    uint32_t    issues = c->issue_count;

    if (resource_read(c, json, &options, &r) != OK || !r.id.len) {
        call_forget_issues(c, issues);
        return false;
    }
    draft = draft_new(c->arena, &r);
    *item = (BulkItem){ .method = METHOD_PUT, .type = r.type, .id = r.id, .skip_same = true };
    item->remainder = draft_remainder(&draft);
    return index_derive(c, &r, STR("http://localhost/fhir"), &item->rows) == OK;
}

static size_t add_all(const Str *texts, size_t count, size_t *unchanged)
{
    Permit   permit = help_permit(DEED_UPDATE);
    size_t   added = 0;
    Bulk    *b;
    BulkItem item;
    bool     same;

    *unchanged = 0;
    if (store_bulk_begin(unit_call(), help_open(), &permit, &b) != OK)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (read_item(texts[i], &item)) {
            CHECK(store_bulk_add(unit_call(), b, &item, &same) == OK);
            added++;
            *unchanged += same;
        }
    CHECK(store_bulk_end(unit_call(), b) == OK);
    return added;
}

static void write_all(const Str *texts, size_t count)
{
    Permit   permit = help_permit(DEED_UPDATE);
    BulkItem item;

    for (size_t i = 0; i < count; i++)
        if (read_item(texts[i], &item)) {
            Change change = { .method = METHOD_PUT,
                              .permit = &permit,
                              .type = item.type,
                              .id = item.id,
                              .may_create = true,
                              .rows = item.rows,
                              .remainder = item.remainder };
            Write  write = { .changes = &change, .change_count = 1 };

            CHECK(store_write(unit_call(), help_open(), &write) == OK);
        }
}

TEST(an_import_leaves_the_same_rows_as_single_writes)
{
    Str    texts[EXAMPLES], one, many;
    size_t count = examples(texts, EXAMPLES), unchanged;

    if (!count) {
        unit_skip("PACKAGES does not name the published examples");
        return;
    }
    CHECK(add_all(texts, count, &unchanged) > EXAMPLES / 2);
    many = help_dump();
    help_close();
    CHECK(
        system(arena_printf(unit_call()->arena, "rm -rf %.*s/data%c", STR_ARG(unit_folder()), 0)
                   .at)
        == 0);
    write_all(texts, count);
    one = help_dump();
    help_close();
    CHECK(many.len > 10000);
    CHECK_STR(str_slice(many, 0, 200), str_slice(one, 0, 200));
    CHECK(str_equal(one, many));
}

TEST(an_import_repeated_changes_nothing)
{
    Str    texts[EXAMPLES], before;
    size_t count = examples(texts, EXAMPLES), added, unchanged;

    if (!count) {
        unit_skip("PACKAGES does not name the published examples");
        return;
    }
    added = add_all(texts, count, &unchanged);
    before = help_dump();
    CHECK_INT(add_all(texts, count, &unchanged), added);
    CHECK_INT(unchanged, added);
    CHECK(str_equal(help_dump(), before));
    help_close();
}

static const char *const observation[] = {
    "{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\",\"code\":{\"text\":\"a\"},"
    "\"subject\":{\"reference\":\"Patient/one\"}}",
    "{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"amended\",\"code\":{\"text\":\"b\"},"
    "\"subject\":{\"reference\":\"Patient/two\"}}",
};

static void add_versions(bool in_one_run)
{
    Permit   permit = help_permit(DEED_UPDATE);
    BulkItem items[4];
    Bulk    *b;
    bool     same;

    REQUIRE(read_item(str_from(observation[0]), &items[0]));
    REQUIRE(read_item(str_from(observation[1]), &items[1]));
    items[2] = (BulkItem){ .method = METHOD_DELETE, .type = TYPE_OBSERVATION, .id = STR("o") };
    items[3] = items[0];
    REQUIRE(store_bulk_begin(unit_call(), help_open(), &permit, &b) == OK);
    for (uint64_t i = 0; i < 4; i++) {
        items[i].version = i + 1;
        items[i].at_us = 1600000000000000 + (int64_t)i;
        CHECK(store_bulk_add(unit_call(), b, &items[i], &same) == OK);
        CHECK(!same);
        if (!in_one_run) {
            CHECK(store_bulk_end(unit_call(), b) == OK);
            REQUIRE(store_bulk_begin(unit_call(), help_open(), &permit, &b) == OK);
        }
    }
    CHECK(store_bulk_end(unit_call(), b) == OK);
}

TEST(versions_of_one_resource_come_in_exactly_in_one_run_or_in_several)
{
    Permit  permit = help_permit(DEED_READ);
    Version v;
    Str     one_run;

    add_versions(true);
    one_run = help_dump();
    CHECK(store_read(unit_call(), help_session(), &permit, TYPE_OBSERVATION, STR("o"), &v)
          == OK);
    CHECK_INT(v.version, 4);
    CHECK_INT(v.at_us, 1600000000000003);
    CHECK(store_vread(unit_call(), help_session(), &permit, TYPE_OBSERVATION, STR("o"), 3, &v)
          == OK);
    CHECK(v.deleted);
    help_close();
    CHECK(
        system(arena_printf(unit_call()->arena, "rm -rf %.*s/data%c", STR_ARG(unit_folder()), 0)
                   .at)
        == 0);
    add_versions(false);
    CHECK_STR(help_dump(), one_run);
    help_close();
}

/* ---- several items of one resource ---- */

#define OBSERVATION(id, patient)                                                               \
    "{\"resourceType\":\"Observation\",\"id\":\"" id                                           \
    "\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"                                       \
    "\"subject\":{\"reference\":\"Patient/" patient "\"}}"

static BulkItem item_of(Method method, const char *json)
{
    BulkItem item = { 0 };

    CHECK(read_item(str_from(json), &item));
    item.method = method;
    return item;
}

static Fail import(const Permit *permit, const BulkItem *items, size_t count, size_t *unchanged)
{
    Bulk *b;
    Fail  result = OK;
    bool  same;

    *unchanged = 0;
    if (store_bulk_begin(unit_call(), help_open(), permit, &b) != OK)
        return FAIL_FORBIDDEN;
    for (size_t i = 0; i < count && result == OK; i++) {
        result = store_bulk_add(unit_call(), b, &items[i], &same);
        *unchanged += same;
    }
    CHECK(store_bulk_end(unit_call(), b) == OK);
    return result;
}

TEST(what_is_deleted_and_revived_in_one_run_leaves_the_chart_it_was_in)
{
    Permit permit = help_permit(DEED_UPDATE);
    Permit a = help_patient_permit(DEED_SEARCH, "a"), b = help_patient_permit(DEED_SEARCH, "b");
    BulkItem items[] = { item_of(METHOD_DELETE, OBSERVATION("o", "a")),
                         item_of(METHOD_PUT, OBSERVATION("o", "b")) };
    size_t   unchanged;

    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"a\"}") == OK);
    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"b\"}") == OK);
    REQUIRE(help_put(OBSERVATION("o", "a")) == OK);
    CHECK_INT(import(&permit, items, 2, &unchanged), OK);
    CHECK_STR(help_find(TYPE_OBSERVATION, "", &a), STR(""));
    CHECK_STR(help_find(TYPE_OBSERVATION, "", &b), STR("o"));
    help_close();
}

TEST(a_deletion_alone_leaves_the_chart_as_it_was)
{
    Permit   permit = help_permit(DEED_UPDATE), a = help_patient_permit(DEED_READ, "a");
    BulkItem items[] = { item_of(METHOD_DELETE, OBSERVATION("o", "a")) };
    Version  v;
    size_t   unchanged;

    REQUIRE(help_put(OBSERVATION("o", "a")) == OK);
    CHECK_INT(import(&permit, items, 1, &unchanged), OK);
    REQUIRE(store_read(unit_call(), help_session(), &a, TYPE_OBSERVATION, STR("o"), &v) == OK);
    CHECK(v.deleted);
    help_close();
}

TEST(deleting_in_bulk_what_never_was_makes_no_version)
{
    Permit   permit = help_permit(DEED_UPDATE);
    BulkItem items[] = { item_of(METHOD_DELETE, OBSERVATION("never", "a")) };
    size_t   unchanged;

    CHECK_INT(import(&permit, items, 1, &unchanged), OK);
    CHECK_INT(unchanged, 1);
    CHECK_INT(store_newest_seq(help_open()), 0);
    help_close();
}

TEST(an_import_keeps_to_its_permit)
{
    Permit   permit = help_permit(DEED_UPDATE);
    BulkItem items[] = { item_of(METHOD_PUT, OBSERVATION("o", "a")) };
    size_t   unchanged;

    help_open();
    permit.types = (TypeSet){ 0 };
    CHECK_INT(import(&permit, items, 1, &unchanged), FAIL_FORBIDDEN);
    permit = help_permit(DEED_READ);
    CHECK_INT(import(&permit, items, 1, &unchanged), FAIL_FORBIDDEN);
    permit = help_patient_permit(DEED_UPDATE, "a");
    CHECK_INT(import(&permit, items, 1, &unchanged), FAIL_FORBIDDEN);
    permit = help_permit(DEED_UPDATE);
    permit.practice = 0;
    CHECK_INT(import(&permit, items, 1, &unchanged), FAIL_FORBIDDEN);
    CHECK_INT(store_newest_seq(help_open()), 0);
    help_close();
}

TEST(another_text_under_a_version_that_is_there_is_a_conflict)
{
    Permit   permit = help_permit(DEED_UPDATE);
    BulkItem same = item_of(METHOD_PUT, OBSERVATION("o", "a"));
    BulkItem other = item_of(METHOD_PUT, OBSERVATION("o", "b"));
    BulkItem both[] = { same, other };
    size_t   unchanged;

    same.version = other.version = both[0].version = both[1].version = 1;
    REQUIRE(help_put(OBSERVATION("o", "a")) == OK);
    REQUIRE(help_put(OBSERVATION("o", "c")) == OK);
    CHECK_INT(import(&permit, &same, 1, &unchanged), OK);
    CHECK_INT(unchanged, 1);
    CHECK_INT(import(&permit, &other, 1, &unchanged), FAIL_CONFLICT);
    both[0].id = both[1].id = STR("new");
    CHECK_INT(import(&permit, both, 2, &unchanged), FAIL_CONFLICT);
    CHECK_INT(store_newest_seq(help_open()), 3);
    help_close();
}

enum { LANES = 4, LANE_ITEMS = 400 };

static Bulk *shared;

/* Each lane changes one resource of its own again and again, and adds others. */
static void *lane(void *context)
{
    Arena *a = arena_create(LIMIT_CALL_BYTES);
    char   json[200];
    bool   same;

    for (int i = 0; i < LANE_ITEMS; i++) {
        ReadOptions options = { .values_max = LIMIT_JSON_NODES };
        BulkItem    item;
        Resource    r;
        Draft       draft;
        Call        c;

        arena_reset(a);
        call_begin(&c, a);
        snprintf(json, sizeof json,
                 "{\"resourceType\":\"Basic\",\"id\":\"%s%d-%d\",\"code\":{\"text\":\"n%d\"}}",
                 i % 2 ? "same" : "other", *(int *)context, i % 2 ? 0 : i, i);
        if (resource_read(&c, str_from(json), &options, &r) != OK)
            abort();
        draft = draft_new(a, &r);
        item = (BulkItem){ .method = METHOD_PUT, .type = r.type, .id = r.id };
        item.remainder = draft_remainder(&draft);
        if (index_derive(&c, &r, (Str){ 0 }, &item.rows) != OK
            || store_bulk_add(&c, shared, &item, &same) != OK || same)
            abort();
    }
    arena_destroy(a);
    return NULL;
}

TEST(versions_of_one_resource_count_up_across_runs_filled_by_several_threads)
{
    Permit    permit = help_permit(DEED_UPDATE), reading = help_permit(DEED_READ);
    pthread_t threads[LANES];
    int       numbers[LANES];
    Version   v;

    help_open()->run_items = 7;
    REQUIRE(store_bulk_begin(unit_call(), help_open(), &permit, &shared) == OK);
    for (int i = 0; i < LANES; i++) {
        numbers[i] = i;
        REQUIRE(pthread_create(&threads[i], NULL, lane, &numbers[i]) == 0);
    }
    for (int i = 0; i < LANES; i++)
        pthread_join(threads[i], NULL);
    REQUIRE(store_bulk_end(unit_call(), shared) == OK);
    CHECK_INT(store_newest_seq(help_open()), LANES * LANE_ITEMS);
    for (int i = 0; i < LANES; i++) {
        Str          id = arena_printf(unit_call()->arena, "same%d-0", i);
        HistoryQuery query = { .type = TYPE_BASIC, .id = id, .count = LANE_ITEMS };
        VersionPage  page;

        REQUIRE(store_read(unit_call(), help_session(), &reading, TYPE_BASIC, id, &v) == OK);
        CHECK_INT(v.version, LANE_ITEMS / 2);
        REQUIRE(store_history(unit_call(), help_session(), &reading, &query, &page) == OK);
        CHECK_INT(page.count, LANE_ITEMS / 2);
        CHECK_INT(help_count(TYPE_BASIC,
                             arena_printf(unit_call()->arena, "_id=%.*s%c", STR_ARG(id), 0).at,
                             NULL),
                  1);
    }
    help_close();
}

TEST(the_last_run_is_written_though_the_one_before_it_still_is)
{
    Permit permit = help_permit(DEED_UPDATE);
    Store *s = help_open();
    Bulk  *bulk;
    bool   same;
    char   json[64];

    s->run_items = 40;
    for (int round = 1; round <= 5; round++) {
        REQUIRE(store_bulk_begin(unit_call(), s, &permit, &bulk) == OK);
        for (int i = 0; i < 60; i++) {
            BulkItem item;

            snprintf(json, sizeof json, "{\"resourceType\":\"Patient\",\"id\":\"r%d-%d\"}",
                     round, i);
            item = item_of(METHOD_PUT, json);
            REQUIRE(store_bulk_add(unit_call(), bulk, &item, &same) == OK);
        }
        REQUIRE(store_bulk_end(unit_call(), bulk) == OK);
        CHECK_INT(store_newest_seq(s), 60 * round);
    }
    help_close();
}

/* After so many looks in vain an import reads once what there is, and looks up only that. */
TEST(what_was_there_before_a_large_import_is_found_by_it)
{
    enum { MANY = 10500 };
    Permit   permit = help_permit(DEED_UPDATE), reading = help_permit(DEED_READ);
    BulkItem old = item_of(METHOD_PUT, OBSERVATION("o", "two"));
    Bulk    *b;
    Version  v;
    bool     same;

    REQUIRE(help_put(OBSERVATION("o", "one")) == OK);
    REQUIRE(store_bulk_begin(unit_call(), help_open(), &permit, &b) == OK);
    for (int i = 0; i < MANY; i++) {
        BulkItem item = old;

        item.id = arena_printf(unit_call()->arena, "n%d", i);
        CHECK(store_bulk_add(unit_call(), b, &item, &same) == OK && !same);
    }
    CHECK(store_bulk_add(unit_call(), b, &old, &same) == OK && !same);
    old.id = STR("n7");
    old.skip_same = true;
    CHECK(store_bulk_add(unit_call(), b, &old, &same) == OK && same);
    CHECK(store_bulk_end(unit_call(), b) == OK);
    CHECK(store_read(unit_call(), help_session(), &reading, TYPE_OBSERVATION, STR("o"), &v)
          == OK);
    CHECK_INT(v.version, 2);
    CHECK(store_read(unit_call(), help_session(), &reading, TYPE_OBSERVATION, STR("n7"), &v)
          == OK);
    CHECK_INT(v.version, 1);
    help_close();
}

TEST(no_import_stores_an_audit_event_under_a_name_of_the_log)
{
    Permit   permit = help_permit(DEED_UPDATE);
    BulkItem item = item_of(METHOD_PUT, OBSERVATION("o", "a"));
    size_t   unchanged;

    item.type = TYPE_AUDIT_EVENT;
    item.id = STR("17");
    CHECK(import(&permit, &item, 1, &unchanged) == FAIL_FORBIDDEN);
    item.id = STR("imported-17");
    CHECK_INT(import(&permit, &item, 1, &unchanged), OK);
    help_close();
}
