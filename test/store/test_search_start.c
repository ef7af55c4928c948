/* Where searches start that look at two clauses together, and at stretches of time; that they find
 * what looking at each resource by itself finds. */
#include "fhir/draft.h"
#include "store/search_plan.h"
#include "store/search_window.h"
#include "store/writer.h"
#include "test/store/store_help.h"

enum { MANY = 3000, FOUND_MAX = 1000 };

/* Each second one has a year for its day of birth: long enough to stand among the long ones. */
static Str patient(Arena *a, unsigned i)
{
    unsigned year = 1950 + i % 50, day = 1 + i % 28;
    Str      date = i % 2 ? arena_printf(a, "%u", year)
                          : arena_printf(a, "%u-%02u-%02u", year, 1 + i % 12, day);

    return arena_printf(a,
                        "{\"resourceType\":\"Patient\",\"id\":\"m%u\",\"gender\":\"%s\","
                        "\"active\":%s,\"birthDate\":\"%.*s\"}",
                        i, i % 10 ? "female" : "male", i % 7 ? "false" : "true", STR_ARG(date));
}

/* ---- starts ---- */

static Fail check_starts(Call *c, Writer *w, void *context)
{
    static const struct {
        const char *query;
        Start       start;
        uint64_t    estimate; /* UINT64_MAX: not looked at */
    } rows[] = {
        { "gender=male&active=true", START_BOTH, UINT64_MAX },
        { "active=true&gender=male&birthdate:missing=false", START_BOTH, UINT64_MAX },
        { "gender=female&active=false", START_ORDERED, UINT64_MAX }, /* most have both */
        { "gender=male", START_ORDERED, UINT64_MAX },
        { "birthdate=ge1960-03-01&birthdate=lt1960-04-01", START_GATHERED, 0 },
        { "birthdate=lt1961&birthdate=ge1960", START_GATHERED, 60 },
        { "birthdate=ge1999-06", START_GATHERED, UINT64_MAX },
        { "birthdate=lt1960-04-01&birthdate=ge1960-03-01&gender=male", START_GATHERED, 0 },
    };
    Permit       permit = help_permit(DEED_SEARCH);
    QueryOptions options = { 0 };

    (void)context;
    w->store->writer_scope = scope_of(&permit);
    for (size_t i = 0; i < COUNT(rows); i++) {
        SearchPlan plan;
        Query      query;

        TRY(query_parse(c, TYPE_PATIENT, str_from(rows[i].query), &options, &query));
        TRY(plan_make(c, w->store, w->db, VIEW_PRACTICE, &query, &plan));
        if (plan.start != rows[i].start)
            unit_fail(__FILE__, __LINE__, "%s starts at %d, not at %d", rows[i].query,
                      plan.start, rows[i].start);
        if (rows[i].estimate != UINT64_MAX && plan.estimate > 200)
            unit_fail(__FILE__, __LINE__, "%s: %llu looked at", rows[i].query,
                      (unsigned long long)plan.estimate);
    }
    w->store->writer_scope = (Scope){ 0 };
    return OK;
}

TEST(what_two_clauses_have_in_common_is_stepped_to)
{
    help_import(MANY, patient);
    CHECK_INT(writer_run(unit_call(), help_open(), check_starts, NULL, false), OK);
    help_close();
}

/* ---- what is found ---- */

static Str expected_both(Arena *a)
{
    Buf out = buf_new(a, 4096);

    for (unsigned i = MANY; i-- > 0;)
        if (i % 70 == 0)
            buf_printf(&out, "%sm%u", out.len ? " " : "", i);
    return buf_str(&out);
}

/* All pages one after the other, and back again. */
static void walk_pages(const char *text, bool back, Str *found)
{
    Call        *c = unit_call();
    Permit       permit = help_permit(DEED_SEARCH);
    QueryOptions options = { 0 };
    Buf          out = buf_new(c->arena, 4096);
    Query        query;
    Search       search = { .queries = &query, .count = 1, .said = STR("x") };
    SearchPage   page;

    REQUIRE(query_parse(c, TYPE_PATIENT, str_from(text), &options, &query) == OK);
    REQUIRE(store_search_page(c, help_session(), &permit, &search, &page) == OK);
    query.cursor = back ? page.last : query.cursor;
    for (unsigned turns = 0; turns < FOUND_MAX; turns++) {
        REQUIRE(store_search_page(c, help_session(), &permit, &search, &page) == OK);
        for (size_t i = 0; i < page.count; i++)
            buf_printf(&out, "%s%.*s", out.len ? " " : "",
                       STR_ARG(page.versions[back ? page.count - 1 - i : i].id));
        query.cursor = back ? page.previous : page.next;
        if (!query.cursor.len)
            break;
    }
    *found = buf_str(&out);
}

static Str pages(const char *text, bool back)
{
    Str found = { 0 };

    walk_pages(text, back, &found);
    return found;
}

static Str reversed(Arena *a, Str list)
{
    Buf out = buf_new(a, list.len + 1);
    Str before, last;

    while (str_cut_last(list, ' ', &before, &last)) {
        buf_printf(&out, "%.*s ", STR_ARG(last));
        list = before;
    }
    buf_put(&out, list);
    return buf_str(&out);
}

TEST(what_two_clauses_have_in_common_is_found_on_every_page)
{
    Str expected;

    help_import(MANY, patient);
    expected = expected_both(unit_call()->arena);
    CHECK_STR(pages("gender=male&active=true&_count=4", false), expected);
    CHECK_STR(pages("gender=male&active=true&_count=4", true),
              reversed(unit_call()->arena, expected));
    CHECK_STR(pages("active=true&gender=male,unknown&_count=7", false), expected);
    CHECK_INT(help_count(TYPE_PATIENT, "gender=male&active=true&_count=1000", NULL),
              (MANY + 69) / 70);
    CHECK_INT(
        help_count(TYPE_PATIENT, "gender=male&active=true&_sort=birthdate&_count=1000", NULL),
        (MANY + 69) / 70);
    help_close();
}

/* The same asked of each resource by itself: a clause that only looks puts no window together. */
static void check_window(const char *bounds)
{
    Call *c = unit_call();
    Str   with = arena_printf(c->arena, "%s&_count=1000%c", bounds, 0);
    Buf   apart = buf_new(c->arena, 256);
    Str   rest = str_from(bounds), bound;

    buf_put(&apart, STR("_filter="));
    while (str_next(&rest, '&', &bound)) {
        Str name, value;

        REQUIRE(str_cut(bound, '=', &name, &value));
        if (apart.len > 8)
            buf_put(&apart, STR(" and "));
        buf_printf(&apart, "birthdate %.2s %.*s", value.at, (int)value.len - 2, value.at + 2);
    }
    buf_printf(&apart, "&_count=1000%c", 0);
    CHECK_STR(help_find(TYPE_PATIENT, with.at, NULL),
              help_find(TYPE_PATIENT, buf_str(&apart).at, NULL));
}

TEST(dates_between_two_bounds_are_found_long_and_short)
{
    help_import(MANY, patient);
    check_window("birthdate=ge1960-03-01&birthdate=lt1960-09-01");
    check_window("birthdate=gt1960-03-01&birthdate=le1961-02");
    check_window("birthdate=le1950-12-31&birthdate=ge1950-01-01");
    check_window("birthdate=ge1998&birthdate=le1998-01-01");
    check_window("birthdate=gt1999-05-05");
    check_window("birthdate=lt1952&birthdate=ge1951&birthdate=gt1951-03-03");
    check_window("birthdate=ge1980&birthdate=lt1970");
    help_close();
}

/* Of several values one may be early enough, and another late enough. */
TEST(bounds_of_what_has_several_dates_may_be_met_by_different_ones)
{
    REQUIRE(help_put("{\"resourceType\":\"Encounter\",\"id\":\"e\",\"status\":\"finished\","
                     "\"class\":{\"code\":\"AMB\"},\"location\":["
                     "{\"location\":{\"display\":\"a\"},\"period\":{\"start\":\"2010-01-01\","
                     "\"end\":\"2010-01-02\"}},"
                     "{\"location\":{\"display\":\"b\"},\"period\":{\"start\":\"2020-01-01\","
                     "\"end\":\"2020-01-02\"}}]}")
            == OK);
    CHECK_STR(help_find(TYPE_ENCOUNTER, "location-period=ge2015&location-period=lt2012", NULL),
              STR("e"));
    CHECK_STR(help_find(TYPE_ENCOUNTER, "location-period=ge2021", NULL), STR(""));
    CHECK(!search_param_find(TYPE_ENCOUNTER, STR("location-period"))->single);
    CHECK(search_param_find(TYPE_ENCOUNTER, STR("date"))->single);
    CHECK(search_param_find(TYPE_OBSERVATION, STR("date"))->single);
    CHECK(search_param_find(TYPE_CONDITION, STR("onset-date"))->single);
    CHECK(!search_param_find(TYPE_PATIENT, STR("name"))->single);
    help_close();
}

/* ---- what is remembered ---- */

TEST(a_count_is_remembered_until_an_eighth_may_have_changed)
{
    SearchCounts *counts = counts_create(unit_call()->arena);
    uint64_t      found = 7;

    CHECK(!counts_find(counts, 11, 100, 64, &found));
    counts_keep(counts, 11, 100, 64, 16);
    CHECK(counts_find(counts, 11, 102, 10, &found) && found == 10);
    CHECK(counts_find(counts, 11, 102, 5000, &found) && found == 16);
    CHECK(!counts_find(counts, 11, 103, 64, &found));
    CHECK(!counts_find(counts, 11, 99, 64, &found));
    CHECK(!counts_find(counts, 13, 100, 64, &found));
    counts_keep(counts, 13, 100, 64, 64); /* or more */
    CHECK(counts_find(counts, 13, 100, 64, &found) && found == 64);
    CHECK(!counts_find(counts, 13, 100, 65, &found));
    counts_keep(counts, 15, 100, 64, 0);
    CHECK(counts_find(counts, 15, 100, 64, &found) && found == 0);
    CHECK(!counts_find(counts, 15, 101, 64, &found));
}

TEST(an_estimate_is_exact_while_small_and_near_when_large)
{
    static const struct {
        const char *query;
        uint64_t    low, high;
    } rows[] = { { "gender=male&active=true&_total=estimate", 43, 43 },
                 { "gender=male&_total=estimate", 300, 300 },
                 { "gender=unknown&_total=estimate", 0, 0 },
                 { "gender=female&_total=estimate", 2600, 2800 },
                 { "_total=estimate&_sort=birthdate", 2900, 3100 },
                 { "gender=female&_total=accurate", 2700, 2700 } };

    help_import(MANY, patient);
    for (size_t i = 0; i < COUNT(rows); i++) {
        Call        *c = unit_call();
        Permit       permit = help_permit(DEED_SEARCH);
        QueryOptions options = { 0 };
        Query        query;
        SearchPage   page;

        CHECK_INT(query_parse(c, TYPE_PATIENT, str_from(rows[i].query), &options, &query), OK);
        CHECK_INT(store_search(c, help_session(), &permit, &query, &page), OK);
        if (page.total < rows[i].low || page.total > rows[i].high)
            unit_fail(__FILE__, __LINE__, "%s: %llu", rows[i].query,
                      (unsigned long long)page.total);
    }
    help_close();
}

/* ---- what is told of them ---- */

static SearchReport explained(const char *text)
{
    Call        *c = unit_call();
    Permit       permit = help_permit(DEED_SEARCH);
    QueryOptions options = { 0 };
    Query        query;
    Search       search = { .queries = &query, .count = 1 };
    SearchReport report = { 0 };

    CHECK_INT(query_parse(c, TYPE_PATIENT, str_from(text), &options, &query), OK);
    CHECK_INT(store_search_explain(c, help_session(), &permit, &search, &report), OK);
    return report;
}

TEST(a_walk_in_the_order_of_a_key_tells_how_much_it_met)
{
    SearchReport report;

    help_import(MANY, patient);
    help_open()->sorted_at_once = 100;
    report = explained("gender=female&_sort=-birthdate&_count=10");
    CHECK(str_find(str_from(report.order), STR("walked")) >= 0);
    CHECK_INT(report.matched, 10);
    CHECK(report.visited >= 10 && report.visited < 30); /* nine of ten are female */
    report = explained("active:not=false&_sort=-birthdate&_count=10");
    CHECK_INT(report.matched, 10);
    CHECK(report.visited > 30 && report.visited < 300); /* every seventh is active */
    report = explained("gender=female&_sort=-_lastUpdated&_count=10");
    CHECK(report.visited >= 10 && report.visited < 30);
    help_close();
}
