/* Histories: in order, in pages, since a time, at a time. */
#include "base/clock.h"
#include "test/store/store_help.h"

enum { SECOND = 1000000 };

static const int64_t start = 1700000000LL * SECOND;

static void at_second(int second)
{
    clock_set_wall_us(start + (int64_t)second * SECOND);
}

static void put_at(int second, const char *type, const char *id)
{
    at_second(second);
    REQUIRE(help_put(arena_printf(unit_call()->arena,
                                  "{\"resourceType\":\"%s\",\"id\":\"%s\"}%c", type, id, 0)
                         .at)
            == OK);
}

static void fill(void)
{
    put_at(10, "Patient", "a");
    put_at(20, "Patient", "b");
    put_at(30, "Patient", "a");
    at_second(40);
    REQUIRE(help_delete(TYPE_PATIENT, "b") == OK);
    put_at(50, "Person", "x");
    put_at(60, "Patient", "a");
    clock_set_wall_us(0);
}

static Str history(HistoryQuery query)
{
    Permit      permit = help_permit(DEED_READ);
    VersionPage page;
    Buf         out = buf_new(unit_call()->arena, 100);

    if (!query.count)
        query.count = 100;
    if (store_history(unit_call(), help_session(), &permit, &query, &page) != OK)
        return STR("failed");
    for (size_t i = 0; i < page.count; i++)
        buf_printf(&out, "%s%.*s%llu%s", i ? " " : "", STR_ARG(page.versions[i].id),
                   (unsigned long long)page.versions[i].version,
                   page.versions[i].deleted ? "!" : "");
    if (page.more)
        buf_put(&out, STR(" …"));
    return buf_str(&out);
}

#define HISTORY(expected, ...) CHECK_STR(history((HistoryQuery){ __VA_ARGS__ }), STR(expected))

TEST(histories_are_newest_first)
{
    fill();
    HISTORY("a3 a2 a1", .type = TYPE_PATIENT, .id = STR("a"));
    HISTORY("b2! b1", .type = TYPE_PATIENT, .id = STR("b"));
    HISTORY("a3 b2! a2 b1 a1", .type = TYPE_PATIENT);
    HISTORY("a3 x1 b2! a2 b1 a1", );
    HISTORY("failed", .type = TYPE_PATIENT, .id = STR("nobody"));
    HISTORY("", .type = TYPE_BASIC);
    help_close();
}

TEST(histories_come_in_pages_pinned_to_a_place)
{
    fill();
    HISTORY("a3 x1 …", .count = 2);
    HISTORY("b2! a2 …", .count = 2, .before_seq = 5, .pinned_seq = 6);
    HISTORY("b1 a1", .count = 2, .before_seq = 3, .pinned_seq = 6);
    HISTORY("a2 …", .type = TYPE_PATIENT, .id = STR("a"), .count = 1, .before_seq = 6);
    HISTORY("a2 b1 a1", .type = TYPE_PATIENT, .pinned_seq = 3);
    HISTORY("a2 a1", .type = TYPE_PATIENT, .id = STR("a"), .pinned_seq = 5);
    help_close();
}

TEST(histories_since_a_time)
{
    fill();
    HISTORY("a3 x1 b2!", .since_us = start + 40LL * SECOND);
    HISTORY("a3", .type = TYPE_PATIENT, .since_us = start + 41LL * SECOND);
    HISTORY("a3 a2", .type = TYPE_PATIENT, .id = STR("a"), .since_us = start + 30LL * SECOND);
    HISTORY("", .since_us = start + 100LL * SECOND);
    help_close();
}

TEST(histories_at_a_time_hold_what_was_in_force_then)
{
    fill();
    HISTORY("a2 b1", .at_low_us = start + 35LL * SECOND, .at_high_us = start + 36LL * SECOND);
    HISTORY("a2", .type = TYPE_PATIENT, .id = STR("a"), .at_low_us = start + 35LL * SECOND,
            .at_high_us = start + 36LL * SECOND);
    HISTORY("a2 b1 a1", .type = TYPE_PATIENT, .at_low_us = start + 25LL * SECOND,
            .at_high_us = start + 36LL * SECOND);
    HISTORY("", .at_low_us = start, .at_high_us = start + 1);
    help_close();
}

TEST(times_grow_even_when_the_clock_goes_back)
{
    Permit  permit = help_permit(DEED_READ);
    Version one, two;

    put_at(100, "Patient", "a");
    REQUIRE(store_read(unit_call(), help_session(), &permit, TYPE_PATIENT, STR("a"), &one)
            == OK);
    put_at(50, "Patient", "a");
    REQUIRE(store_read(unit_call(), help_session(), &permit, TYPE_PATIENT, STR("a"), &two)
            == OK);
    CHECK(two.at_us > one.at_us);
    clock_set_wall_us(0);
    help_close();
}

static int record(const char *patient, uint64_t *after, uint32_t count, Str *ids)
{
    Permit           permit = help_permit(DEED_READ);
    CompartmentQuery query = { .patient = str_from(patient), .after = *after, .count = count };
    CompartmentPage  page = { 0 };
    Buf              out = buf_new(unit_call()->arena, 100);

    CHECK(store_compartment(unit_call(), help_session(), &permit, &query, &page) == OK);
    for (size_t i = 0; i < page.count; i++)
        buf_printf(&out, "%s%.*s", i ? " " : "", STR_ARG(page.versions[i].id));
    *after = page.next;
    *ids = buf_str(&out);
    return (int)page.count;
}

TEST(a_patients_record_begins_with_the_patient_and_comes_in_pages)
{
    uint64_t after = 0;
    char     json[200];
    Str      ids;

    for (int i = 0; i < 5; i++) {
        snprintf(
            json, sizeof json,
            "{\"resourceType\":\"Observation\",\"id\":\"o%d\",\"status\":\"final\",\"code\":"
            "{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/%s\"}}",
            i, i == 2 ? "q" : "p");
        REQUIRE(help_put(json) == OK);
    }
    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"p\"}") == OK);
    CHECK_INT(record("p", &after, 100, &ids), 5);
    CHECK_STR(ids, STR("p o0 o1 o3 o4"));
    CHECK_INT(after, 0);
    CHECK_INT(record("p", &after, 2, &ids), 2);
    CHECK_STR(ids, STR("p o0"));
    CHECK(after > 0);
    CHECK_INT(record("p", &after, 2, &ids), 2);
    CHECK_STR(ids, STR("o1 o3"));
    CHECK_INT(record("p", &after, 2, &ids), 1);
    CHECK_STR(ids, STR("o4"));
    CHECK_INT(after, 0);
    CHECK_INT(record("nobody", &after, 2, &ids), 0);
    help_close();
}

/* "id id … |" for each page of the records of all patients. */
static Str records(const Permit *permit, uint32_t count, const TypeSet *types)
{
    CompartmentQuery query = { .count = count, .types = types };
    CompartmentPage  page = { .more = true };
    Buf              out = buf_new(unit_call()->arena, 100);

    for (int i = 0; i < 50 && page.more; i++) {
        CHECK(store_compartment(unit_call(), help_session(), permit, &query, &page) == OK);
        for (size_t k = 0; k < page.count; k++)
            buf_printf(&out, "%.*s ", STR_ARG(page.versions[k].id));
        buf_put_char(&out, '|');
        query.after_patient = page.next_patient;
        query.after = page.next;
    }
    return buf_str(&out);
}

static void put_observation(const char *id, const char *patient)
{
    REQUIRE(help_put(arena_printf(unit_call()->arena,
                                  "{\"resourceType\":\"Observation\",\"id\":\"%s\","
                                  "\"status\":\"final\",\"code\":{\"text\":\"x\"},"
                                  "\"subject\":{\"reference\":\"Patient/%s\"}}%c",
                                  id, patient, 0)
                         .at)
            == OK);
}

TEST(the_records_of_all_patients_come_one_after_the_other_in_pages)
{
    Permit  all = help_permit(DEED_READ), none = { 0 };
    Permit  q = help_patient_permit(DEED_READ, "q");
    TypeSet observations = { 0 };

    type_set_add(&observations, TYPE_OBSERVATION);
    CHECK_STR(records(&all, 10, NULL), STR("|"));
    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"p\"}") == OK);
    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"q\"}") == OK);
    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"r\"}") == OK);
    put_observation("p1", "p");
    put_observation("q1", "q");
    put_observation("p2", "p");
    put_observation("r1", "r");
    CHECK_STR(records(&all, 100, NULL), STR("p p1 p2 q q1 r r1 |"));
    CHECK_STR(records(&all, 1, NULL), STR("p |p1 |p2 |q |q1 |r |r1 |"));
    CHECK_STR(records(&all, 2, NULL), STR("p p1 |p2 q |q1 r |r1 |"));
    CHECK_STR(records(&all, 3, NULL), STR("p p1 p2 |q q1 r |r1 |"));
    CHECK_STR(records(&all, 2, &observations), STR("p1 p2 |q1 r1 |"));
    CHECK_STR(records(&q, 1, NULL), STR("q |q1 |"));
    CHECK_STR(records(&none, 10, NULL), STR("|"));
    REQUIRE(help_delete(TYPE_PATIENT, "q") == OK);
    CHECK_STR(records(&all, 2, NULL), STR("p p1 |p2 r |r1 |"));
    help_close();
}
