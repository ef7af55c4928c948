/*
 * The practice's own search parameters in a store: made beside writing, stopped and gone on with,
 * taken out of use, indexed anew; and at the end each finds what a naive look at all resources
 * finds.
 */
#include "fhir/custom.h"
#include "store/custom.h"
#include "test/store/store_help.h"

enum { PEOPLE = 900 };

static void put_person(int number, const char *family, const char *colour)
{
    char json[400];

    snprintf(json, sizeof json,
             "{\"resourceType\":\"Patient\",\"id\":\"p%d\",\"name\":[{\"family\":\"%s\"}],"
             "\"extension\":[{\"url\":\"http://x/colour\",\"valueCode\":\"%s\"}]}",
             number, family, colour);
    REQUIRE(help_put(json) == OK);
}

static const char *colour_of(int number)
{
    static const char *const colours[] = { "red", "green", "blue" };

    return colours[number % 3];
}

static void put_people(void)
{
    char family[20];

    for (int i = 0; i < PEOPLE; i++) {
        snprintf(family, sizeof family, "f%d", i % 10);
        put_person(i, family, colour_of(i));
    }
}

static Fail put_parameter(const char *id, const char *code, const char *status,
                          const char *base, const char *type, const char *expression)
{
    char json[700];

    snprintf(json, sizeof json,
             "{\"resourceType\":\"SearchParameter\",\"id\":\"%s\",\"url\":\"https://x/%s\","
             "\"name\":\"N\",\"status\":\"%s\",\"description\":\"d\",\"code\":\"%s\","
             "\"base\":[\"%s\"],\"type\":\"%s\",\"expression\":\"%s\"}",
             id, id, status, code, base, type, expression);
    return help_put(json);
}

static Fail put_colour(const char *status)
{
    return put_parameter("colour", "colour", status, "Patient", "token",
                         "Patient.extension('http://x/colour').value");
}

/* By the bodies, without any index. */
static int naive_count(const char *colour)
{
    char word[30];
    int  found = 0;

    snprintf(word, sizeof word, "\"valueCode\":\"%s\"", colour);
    for (int i = 0; i < PEOPLE + 20; i++) {
        char id[20];
        Fail result;
        Str  body;

        snprintf(id, sizeof id, "p%d", i);
        body = help_read(TYPE_PATIENT, id, &result);
        found += result == OK && str_find(body, str_from(word)) >= 0;
    }
    return found;
}

static Fail parse(Call *c, TypeId type, const char *text)
{
    QueryOptions options = { .base = STR("https://clinic.example/fhir") };
    Query        query;

    return query_parse(c, type, str_from(text), &options, &query);
}

static Fail parse_leniently(Call *c, TypeId type, const char *text)
{
    QueryOptions options = { .base = STR("https://clinic.example/fhir"), .lenient = true };
    Query        query;

    return query_parse(c, type, str_from(text), &options, &query);
}

static bool is_ready(const char *code)
{
    const SearchParam *param = search_param_find(TYPE_PATIENT, str_from(code));

    return param && custom_percent(param) == 100;
}

static void check_agrees(void)
{
    CHECK_INT(help_count(TYPE_PATIENT, "colour=red&_count=1000", NULL), naive_count("red"));
    CHECK_INT(help_count(TYPE_PATIENT, "colour=green&_count=1000", NULL), naive_count("green"));
    CHECK_INT(help_count(TYPE_PATIENT, "colour=blue&_count=1000", NULL), naive_count("blue"));
    CHECK_INT(help_count(TYPE_PATIENT, "colour:missing=true", NULL), 0);
}

typedef struct Stop {
    int steps; /* so many are let go */
    int change;
} Stop;

/* While the filling is under way others write: behind where it is, before it, and new ones. */
static bool write_and_stop(void *context, uint64_t done, uint64_t total)
{
    Stop *stop = context;

    CHECK(done <= total + 20);
    put_person(stop->change, "changed", "blue");
    put_person(PEOPLE - 1 - stop->change, "changed", "red");
    put_person(PEOPLE + stop->change, "new", "green");
    stop->change++;
    CHECK(!is_ready("colour"));
    CHECK(parse(unit_call(), TYPE_PATIENT, "colour=red") == FAIL_BUSY);
    return stop->steps-- > 0;
}

TEST(a_parameter_is_filled_beside_writing_and_after_a_stop)
{
    Stop stop = { .steps = 2 };

    put_people();
    REQUIRE(put_colour("active") == OK);
    CHECK(!is_ready("colour"));
    CHECK(parse(unit_call(), TYPE_PATIENT, "colour=red") == FAIL_BUSY);
    CHECK(parse(unit_call(), TYPE_PATIENT, "_sort=colour") == FAIL_BUSY);
    CHECK(parse_leniently(unit_call(), TYPE_PATIENT, "colour=red") == FAIL_BUSY);
    CHECK(parse_leniently(unit_call(), TYPE_PATIENT, "_sort=colour") == FAIL_BUSY);
    CHECK(parse(unit_call(), TYPE_OBSERVATION, "subject:Patient.colour=red") == FAIL_BUSY);
    CHECK(parse(unit_call(), TYPE_PRACTITIONER, "_has:Patient:general-practitioner:colour=red")
          == FAIL_BUSY);
    CHECK(store_fill(unit_call(), help_open(), write_and_stop, &stop) == FAIL_TIMEOUT);
    CHECK(!is_ready("colour"));
    help_reopen();
    CHECK(parse(unit_call(), TYPE_PATIENT, "colour=red") == FAIL_BUSY);
    stop.steps = 100;
    REQUIRE(store_fill(unit_call(), help_open(), write_and_stop, &stop) == OK);
    CHECK(stop.steps > 90); /* it went on where it was */
    REQUIRE(is_ready("colour"));
    check_agrees();
    help_reopen();
    REQUIRE(is_ready("colour"));
    check_agrees();
    help_close();
}

TEST(what_changes_afterwards_is_indexed_at_once)
{
    put_people();
    REQUIRE(put_colour("active") == OK);
    REQUIRE(store_fill(unit_call(), help_open(), NULL, NULL) == OK);
    put_person(0, "x", "green");
    put_person(PEOPLE, "x", "red");
    REQUIRE(help_delete(TYPE_PATIENT, "p3") == OK);
    check_agrees();
    help_close();
}

TEST(reindexing_honours_them)
{
    put_people();
    REQUIRE(put_colour("active") == OK);
    REQUIRE(store_reindex(unit_call(), help_open(), NULL, NULL) == OK);
    REQUIRE(is_ready("colour"));
    check_agrees();
    put_person(0, "x", "green");
    REQUIRE(store_reindex(unit_call(), help_open(), NULL, NULL) == OK);
    check_agrees();
    help_close();
}

/* One that comes while the tables are made anew is made from the beginning afterwards. */
static bool add_meanwhile(void *context, uint64_t done, uint64_t total)
{
    bool *added = context;

    (void)total;
    if (done > 200 && !*added) {
        *added = true;
        CHECK(put_colour("active") == OK);
        CHECK(store_fill(unit_call(), help_open(), NULL, NULL) == OK);
    }
    return true;
}

TEST(one_made_during_a_reindexing_is_complete_in_the_end)
{
    bool added = false;

    put_people();
    REQUIRE(store_reindex(unit_call(), help_open(), add_meanwhile, &added) == OK);
    CHECK(added);
    CHECK(!is_ready("colour"));
    REQUIRE(store_fill(unit_call(), help_open(), NULL, NULL) == OK);
    check_agrees();
    help_close();
}

TEST(retired_redefined_and_deleted_ones_are_out_of_use)
{
    put_people();
    REQUIRE(put_colour("active") == OK);
    REQUIRE(store_fill(unit_call(), help_open(), NULL, NULL) == OK);
    REQUIRE(put_colour("retired") == OK);
    CHECK(!search_param_find(TYPE_PATIENT, STR("colour")));
    put_person(1, "x", "red");
    REQUIRE(put_colour("active") == OK);
    CHECK(!is_ready("colour"));
    REQUIRE(store_fill(unit_call(), help_open(), NULL, NULL) == OK);
    check_agrees();
    REQUIRE(
        put_parameter("colour", "colour", "active", "Patient", "string", "Patient.name.family")
        == OK);
    CHECK(!is_ready("colour"));
    REQUIRE(store_fill(unit_call(), help_open(), NULL, NULL) == OK);
    CHECK_INT(help_count(TYPE_PATIENT, "colour=red", NULL), 0);
    CHECK_INT(help_count(TYPE_PATIENT, "colour=f3&_count=1000", NULL), PEOPLE / 10);
    REQUIRE(help_delete(TYPE_SEARCH_PARAMETER, "colour") == OK);
    CHECK(!search_param_find(TYPE_PATIENT, STR("colour")));
    help_reopen();
    CHECK(!search_param_find(TYPE_PATIENT, STR("colour")));
    help_close();
}

TEST(a_new_title_leaves_the_rows_as_they_are)
{
    put_people();
    REQUIRE(put_colour("active") == OK);
    REQUIRE(store_fill(unit_call(), help_open(), NULL, NULL) == OK);
    REQUIRE(help_put("{\"resourceType\":\"SearchParameter\",\"id\":\"colour\",\"url\":"
                     "\"https://x/colour\",\"name\":\"Another\",\"status\":\"active\","
                     "\"description\":\"e\",\"code\":\"colour\",\"base\":[\"Patient\"],"
                     "\"type\":\"token\",\"expression\":"
                     "\"Patient.extension('http://x/colour').value\"}")
            == OK);
    CHECK(is_ready("colour"));
    check_agrees();
    help_close();
}

TEST(two_with_one_code_cannot_both_be_in_use)
{
    REQUIRE(put_colour("active") == OK);
    CHECK(put_parameter("other", "colour", "active", "Patient", "string", "Patient.name")
          == FAIL_DUPLICATE);
    CHECK(put_parameter("other", "colour", "draft", "Patient", "string", "Patient.name") == OK);
    CHECK(put_parameter("other", "colour", "active", "Person", "string", "Person.name") == OK);
    REQUIRE(put_colour("retired") == OK);
    CHECK(put_parameter("third", "colour", "active", "Patient", "string", "Patient.name")
          == OK);
    help_close();
}

TEST(rows_of_an_older_set_are_derived_again)
{
    Permit permit = help_permit(DEED_UPDATE);
    Change change =
        help_change(METHOD_PUT, &permit, "{\"resourceType\":\"Patient\",\"id\":\"p1\"}");
    Write write = { .changes = &change, .change_count = 1 };

    change.may_create = true;
    REQUIRE(put_colour("active") == OK);
    CHECK(store_write(unit_call(), help_open(), &write) == FAIL_STALE);
    help_close();
}

TEST(a_query_read_with_another_set_is_not_answered)
{
    Call        *c = unit_call();
    QueryOptions options = { .base = STR("https://clinic.example/fhir") };
    Permit       permit = help_permit(DEED_SEARCH);
    SearchPage   page;
    Query        query;

    put_person(1, "x", "red");
    REQUIRE(put_colour("active") == OK);
    REQUIRE(store_fill(c, help_open(), NULL, NULL) == OK);
    REQUIRE(query_parse(c, TYPE_PATIENT, STR("colour=red"), &options, &query) == OK);
    REQUIRE(store_search(c, help_session(), &permit, &query, &page) == OK);
    CHECK_INT(page.count, 1);
    REQUIRE(put_colour("retired") == OK);
    CHECK(store_search(c, help_session(), &permit, &query, &page) == FAIL_BUSY);
    help_close();
}

/* ---- an import ---- */

static void add_to(Bulk *b, const char *json)
{
    Permit   permit = help_permit(DEED_UPDATE);
    Change   change = help_change(METHOD_PUT, &permit, json);
    BulkItem item = { .method = METHOD_PUT,
                      .type = change.type,
                      .id = change.id,
                      .rows = change.rows,
                      .remainder = change.remainder };
    bool     unchanged;

    REQUIRE(store_bulk_add(unit_call(), b, &item, &unchanged) == OK);
}

TEST(an_import_brings_parameters_and_what_they_find)
{
    Permit permit = help_permit(DEED_UPDATE);
    Bulk  *b;
    char   json[300];

    REQUIRE(store_bulk_begin(unit_call(), help_open(), &permit, &b) == OK);
    for (int i = 0; i < PEOPLE; i++) {
        if (i == 500)
            add_to(b, "{\"resourceType\":\"SearchParameter\",\"id\":\"colour\",\"url\":"
                      "\"https://x/colour\",\"name\":\"N\",\"status\":\"active\","
                      "\"description\":\"d\",\"code\":\"colour\",\"base\":[\"Patient\"],"
                      "\"type\":\"token\",\"expression\":"
                      "\"Patient.extension('http://x/colour').value\"}");
        snprintf(json, sizeof json,
                 "{\"resourceType\":\"Patient\",\"id\":\"p%d\",\"extension\":[{\"url\":"
                 "\"http://x/colour\",\"valueCode\":\"%s\"}]}",
                 i, colour_of(i));
        add_to(b, json);
    }
    REQUIRE(store_bulk_end(unit_call(), b) == OK);
    CHECK(!is_ready("colour"));
    REQUIRE(store_fill(unit_call(), help_open(), NULL, NULL) == OK);
    check_agrees();
    help_close();
}

TEST(an_import_over_what_is_indexed_keeps_it_right)
{
    Permit permit = help_permit(DEED_UPDATE);
    Bulk  *b;
    char   json[300];

    put_people();
    REQUIRE(store_bulk_begin(unit_call(), help_open(), &permit, &b) == OK);
    for (int i = 0; i < 100; i++) {
        snprintf(json, sizeof json,
                 "{\"resourceType\":\"Patient\",\"id\":\"p%d\",\"extension\":[{\"url\":"
                 "\"http://x/colour\",\"valueCode\":\"%s\"}]}",
                 i, colour_of(i + 1));
        add_to(b, json);
        if (i == 50) {
            REQUIRE(put_colour("active") == OK);
            REQUIRE(store_fill(unit_call(), help_open(), NULL, NULL) == OK);
        }
    }
    REQUIRE(store_bulk_end(unit_call(), b) == OK);
    REQUIRE(store_fill(unit_call(), help_open(), NULL, NULL) == OK);
    check_agrees();
    help_close();
}
