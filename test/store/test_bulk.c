/* What comes in by bulk import is the same as what comes in one by one. */
#include <dirent.h>

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

        if (count < most && i % 7 == 0 && str_ends(name, STR(".json"))
            && name.at[0] >= 'A' && name.at[0] <= 'Z'
            && (f = fopen(arena_printf(unit_call()->arena, "%s/%s%c", packages, name.at, 0).at, "r"))) {
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
            Change change = { .method = METHOD_PUT, .permit = &permit, .type = item.type,
                              .id = item.id, .may_create = true, .rows = item.rows,
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
    CHECK(system(arena_printf(unit_call()->arena, "rm -rf %.*s/data%c", STR_ARG(unit_folder()), 0).at)
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
    CHECK(store_read(unit_call(), help_session(), &permit, TYPE_OBSERVATION, STR("o"), &v) == OK);
    CHECK_INT(v.version, 4);
    CHECK_INT(v.at_us, 1600000000000003);
    CHECK(store_vread(unit_call(), help_session(), &permit, TYPE_OBSERVATION, STR("o"), 3, &v) == OK);
    CHECK(v.deleted);
    help_close();
    CHECK(system(arena_printf(unit_call()->arena, "rm -rf %.*s/data%c", STR_ARG(unit_folder()), 0).at)
          == 0);
    add_versions(false);
    CHECK_STR(help_dump(), one_run);
    help_close();
}
