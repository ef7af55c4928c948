/* Conditions, versions and many writers at once: what is refused, and what never happens. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/random.h"
#include "fhir/draft.h"
#include "test/store/store_help.h"

#define PATIENT "{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true}"

static Fail put_if(const char *json, uint64_t version, uint64_t seq, Method method)
{
    Permit permit = help_permit(DEED_UPDATE);
    Change change = help_change(method, &permit, json);
    Write  write = { .changes = &change, .change_count = 1 };

    change.if_version = version;
    change.if_seq = seq;
    change.may_create = false;
    return store_write(unit_call(), help_open(), &write);
}

TEST(a_change_is_refused_where_its_conditions_do_not_hold)
{
    help_open();
    CHECK_INT(put_if(PATIENT, 0, 0, METHOD_PUT), FAIL_NOT_FOUND);
    CHECK_INT(put_if(PATIENT, 0, 0, METHOD_PATCH), FAIL_NOT_FOUND);
    CHECK_INT(put_if(PATIENT, 0, 0, METHOD_POST), OK);
    CHECK_INT(put_if(PATIENT, 0, 0, METHOD_POST), FAIL_CONFLICT);
    CHECK_INT(put_if(PATIENT, 2, 0, METHOD_PUT), FAIL_PRECONDITION);
    CHECK_INT(put_if(PATIENT, 1, 0, METHOD_PUT), OK);
    CHECK_INT(put_if(PATIENT, 1, 0, METHOD_PUT), FAIL_PRECONDITION);
    CHECK_INT(put_if(PATIENT, 0, 1, METHOD_PATCH), FAIL_STALE);
    CHECK_INT(put_if(PATIENT, 0, 2, METHOD_PATCH), OK);
    REQUIRE(help_delete(TYPE_PATIENT, "p") == OK);
    CHECK_INT(put_if(PATIENT, 0, 0, METHOD_PATCH), FAIL_GONE);
    CHECK_INT(put_if(PATIENT, 4, 0, METHOD_PUT), FAIL_PRECONDITION);
    CHECK_INT(put_if(PATIENT, 0, 0, METHOD_PUT), FAIL_NOT_FOUND);
    CHECK_INT(help_put(PATIENT), OK);
    help_close();
}

TEST(deleting_what_is_not_there_is_no_change)
{
    Permit permit = help_permit(DEED_DELETE);
    Change change = {
        .method = METHOD_DELETE, .permit = &permit, .type = TYPE_PATIENT, .id = STR("nobody")
    };
    Write write = { .changes = &change, .change_count = 1 };

    REQUIRE(store_write(unit_call(), help_open(), &write) == OK);
    CHECK(change.absent);
    CHECK_INT(store_newest_seq(help_open()), 0);
    help_close();
}

TEST(of_several_changes_all_are_made_or_none)
{
    Permit permit = help_permit(DEED_UPDATE);
    Change changes[3] = {
        help_change(METHOD_PUT, &permit, "{\"resourceType\":\"Patient\",\"id\":\"one\"}"),
        help_change(METHOD_PUT, &permit, "{\"resourceType\":\"Patient\",\"id\":\"two\"}"),
        help_change(METHOD_PUT, &permit, "{\"resourceType\":\"Patient\",\"id\":\"three\"}"),
    };
    Write write = { .changes = changes, .change_count = 3 };
    Fail  result;

    changes[2].if_version = 5;
    CHECK_INT(store_write(unit_call(), help_open(), &write), FAIL_PRECONDITION);
    CHECK_INT(write.failed_change, 2);
    help_read(TYPE_PATIENT, "one", &result);
    CHECK_INT(result, FAIL_NOT_FOUND);
    changes[2].if_version = 0;
    CHECK_INT(store_write(unit_call(), help_open(), &write), OK);
    CHECK_INT(store_newest_seq(help_open()), 3);
    changes[1] = changes[0];
    CHECK_INT(store_write(unit_call(), help_open(), &write), FAIL_INVALID);
    help_close();
}

/* ---- many at once ---- */

enum { THREADS = 8, ROUNDS = 60 };

typedef struct Race {
    Store      *store;
    atomic_int  created, stale, failed, wins;
    const char *json;
} Race;

static Change change_of(Call *c, const Permit *permit, const char *json)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES };
    Change      change = { .method = METHOD_PUT, .permit = permit };
    Resource    r;
    Draft       draft;

    if (resource_read(c, str_from(json), &options, &r) != OK)
        abort();
    draft = draft_new(c->arena, &r);
    change.type = r.type;
    change.id = r.id;
    change.remainder = draft_remainder(&draft);
    if (index_derive(c, &r, (Str){ 0 }, &change.rows) != OK)
        abort();
    return change;
}

/* "If nobody has this identifier yet, create": the same by all at once. */
static void *create_once(void *context)
{
    Race        *race = context;
    Arena       *a = arena_create(LIMIT_CALL_BYTES);
    Permit       permit = help_permit(DEED_CREATE), search = help_permit(DEED_SEARCH);
    QueryOptions options = { 0 };
    Query        query;
    Call         c;

    for (int i = 0; i < ROUNDS; i++) {
        char      json[200], text[60], id[UUID_CHARS + 1];
        Condition condition = { .query = &query, .permit = &search };
        Change    change;
        Write     write = { .changes = &change,
                            .change_count = 1,
                            .conditions = &condition,
                            .condition_count = 1 };
        Fail      result;

        arena_reset(a);
        call_begin(&c, a);
        random_uuid(c.now_us, id);
        snprintf(text, sizeof text, "identifier=urn:x|%d", i);
        snprintf(json, sizeof json,
                 "{\"resourceType\":\"Patient\",\"id\":\"%s\",\"identifier\":"
                 "[{\"system\":\"urn:x\",\"value\":\"%d\"}]}",
                 id, i);
        if (query_parse(&c, TYPE_PATIENT, str_from(text), &options, &query) != OK)
            abort();
        change = change_of(&c, &permit, json);
        change.method = METHOD_POST;
        change.creates = true;
        result = store_write(&c, race->store, &write);
        if (result == OK)
            race->created++;
        else if (result == FAIL_STALE)
            race->stale++;
        else
            race->failed++;
    }
    arena_destroy(a);
    return NULL;
}

static void run(Race *race, void *(*work)(void *))
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, work, race) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

enum { TOGETHER = 40 };

static Change one_of_many(const Permit *permit, int number)
{
    return help_change(
        METHOD_PUT, permit,
        arena_printf(
            unit_call()->arena,
            "{\"resourceType\":\"Observation\",\"id\":\"o%d\",\"status\":\"final\","
            "\"identifier\":[{\"system\":\"http://a\",\"value\":\"%d\"}],"
            "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"%d\","
            "\"display\":\"Weight\"}]},\"subject\":{\"reference\":\"Patient/p%d\"},"
            "\"effectiveDateTime\":\"2020-01-%02d\",\"valueQuantity\":{\"value\":%d,"
            "\"unit\":\"g\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"g\"}}%c",
            number, number, number % 7, number % 3, 1 + number % 28, 60 - number, 0)
            .at);
}

/* Writes all of them, so many at a time; what is derived then, as text. */
static Str dump_of_many(size_t at_a_time)
{
    Permit permit = help_permit(DEED_UPDATE);
    Change changes[TOGETHER];
    Str    dump;

    for (int i = 0; i < TOGETHER; i++)
        changes[i] = one_of_many(&permit, i);
    for (size_t from = 0; from < TOGETHER; from += at_a_time) {
        Write write = { .changes = changes + from, .change_count = at_a_time };

        CHECK_INT(store_write(unit_call(), help_open(), &write), OK);
    }
    dump = help_dump();
    help_close();
    CHECK(
        system(arena_printf(unit_call()->arena, "rm -rf %.*s/data%c", STR_ARG(unit_folder()), 0)
                   .at)
        == 0);
    return dump;
}

TEST(many_changes_in_one_write_leave_the_rows_of_single_ones)
{
    Str one = dump_of_many(1), many = dump_of_many(TOGETHER), some = dump_of_many(8);

    CHECK(one.len > 5000);
    CHECK(str_equal(one, many));
    CHECK(str_equal(one, some));
}

TEST(a_conditional_create_by_many_at_once_creates_one)
{
    Race race = { .store = help_open() };
    char query[60];

    run(&race, create_once);
    CHECK_INT(race.failed, 0);
    CHECK_INT(race.created, ROUNDS);
    CHECK_INT(race.stale, ROUNDS * (THREADS - 1));
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(query, sizeof query, "identifier=urn:x|%d", i);
        CHECK_INT(help_count(TYPE_PATIENT, query, NULL), 1);
    }
    help_close();
}

/* Reads the version, writes the next: only one of those who read the same may win. */
static void *increment(void *context)
{
    Race    *race = context;
    Arena   *a = arena_create(LIMIT_CALL_BYTES);
    Permit   permit = help_permit(DEED_UPDATE), reading = help_permit(DEED_READ);
    Session *session;
    Call     c;

    call_begin(&c, a);
    if (session_open(&c, race->store, &session) != OK)
        abort();
    for (int i = 0; i < ROUNDS; i++) {
        Change  change;
        Write   write = { .changes = &change, .change_count = 1 };
        Version v;
        Fail    result;

        arena_reset(a);
        call_begin(&c, a);
        if (store_read(&c, session, &reading, TYPE_PATIENT, STR("p"), &v) != OK)
            abort();
        change = change_of(&c, &permit, PATIENT);
        change.if_version = v.version;
        result = store_write(&c, race->store, &write);
        if (result == OK) {
            race->wins++;
            /* What one has written one reads. */
            if (store_read(&c, session, &reading, TYPE_PATIENT, STR("p"), &v) != OK
                || v.version < change.version)
                race->failed++;
        } else if (result != FAIL_PRECONDITION) {
            race->failed++;
        }
    }
    session_close(session);
    arena_destroy(a);
    return NULL;
}

TEST(of_many_updates_from_one_version_one_wins)
{
    Race    race = { .store = help_open() };
    Permit  reading = help_permit(DEED_READ);
    Version v;

    REQUIRE(help_put(PATIENT) == OK);
    run(&race, increment);
    CHECK_INT(race.failed, 0);
    REQUIRE(store_read(unit_call(), help_session(), &reading, TYPE_PATIENT, STR("p"), &v)
            == OK);
    CHECK_INT(v.version, race.wins + 1);
    help_close();
}
