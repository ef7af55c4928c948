/* Many at once: F10, conditions hold however the calls fall. */
#include <pthread.h>

#include "base/limits.h"
#include "interaction/interaction.h"
#include "test/unit.h"

enum { THREADS = 8, ROUNDS = 25 };

typedef struct Racer {
    pthread_t thread;
    Store    *store;
    unsigned  number;
    void (*run)(struct Racer *racer, Call *c, Session *s);
    unsigned created, found, failed;
} Racer;

static const Str base = STR_INIT("http://127.0.0.1/fhir");

static Fail ask(Call *c, Session *s, Asked asked, const char *path, Answer *answer)
{
    Principal owner = principal_owner();

    asked.base = base;
    if (asked.body.len > 0 && asked.body_type.len == 0)
        asked.body_type = STR("application/fhir+json");
    TRY(asked_route(c, &asked, str_from(path), answer));
    return interaction_answer(c, s, &owner, &asked, answer);
}

static void *race(void *context)
{
    Racer   *racer = context;
    Arena   *arena = arena_create(LIMIT_CALL_BYTES);
    Session *session;
    Call     c;

    call_begin(&c, arena);
    if (session_open(&c, racer->store, &session) == OK) {
        racer->run(racer, &c, session);
        session_close(session);
    } else {
        racer->failed++;
    }
    arena_destroy(arena);
    return NULL;
}

static Racer run_race(Store *store, void (*run)(Racer *racer, Call *c, Session *s))
{
    Racer racers[THREADS], sum = { 0 };

    for (unsigned i = 0; i < THREADS; i++) {
        racers[i] = (Racer){ .store = store, .number = i, .run = run };
        pthread_create(&racers[i].thread, NULL, race, &racers[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(racers[i].thread, NULL);
        sum.created += racers[i].created;
        sum.found += racers[i].found;
        sum.failed += racers[i].failed;
    }
    return sum;
}

static void count(Racer *racer, Fail result, const Answer *answer)
{
    if (result != OK)
        racer->failed++;
    else if (answer->status == 201)
        racer->created++;
    else
        racer->found++;
}

static void create_if_none(Racer *racer, Call *c, Session *s)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        Answer answer;
        Asked  asked = {
             .method = HTTP_POST,
             .if_none_exist = arena_printf(c->arena, "identifier=urn:race|%u", i),
             .body = arena_printf(c->arena,
                                  "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":"
                                   "\"urn:race\",\"value\":\"%u\"}]}",
                                  i),
        };

        count(racer, ask(c, s, asked, "/Patient", &answer), &answer);
    }
}

static void put(Racer *racer, Call *c, Session *s)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        Answer answer;
        Asked  asked = {
             .method = HTTP_PUT,
             .body = arena_printf(c->arena,
                                  "{\"resourceType\":\"Patient\",\"id\":\"put-%u\","
                                   "\"multipleBirthInteger\":%u}",
                                  i, racer->number + 1),
        };
        Str path = arena_printf(c->arena, "/Patient/put-%u%c", i, 0);

        count(racer, ask(c, s, asked, path.at, &answer), &answer);
    }
}

static void put_if_matching(Racer *racer, Call *c, Session *s)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        Answer answer;
        Asked  asked = {
             .method = HTTP_PUT,
             .query = arena_printf(c->arena, "identifier=urn:put|%u", i),
             .body = arena_printf(c->arena,
                                  "{\"resourceType\":\"Patient\",\"multipleBirthInteger\":%u,"
                                   "\"identifier\":[{\"system\":\"urn:put\",\"value\":\"%u\"}]}",
                                  racer->number + 1, i),
        };

        count(racer, ask(c, s, asked, "/Patient", &answer), &answer);
    }
}

static void transact(Racer *racer, Call *c, Session *s)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        Answer answer;
        Asked  asked = {
             .method = HTTP_POST,
             .body = arena_printf(
                 c->arena,
                 "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"request\":"
                  "{\"method\":\"POST\",\"url\":\"Organization\",\"ifNoneExist\":"
                  "\"identifier=urn:tx|%u\"},\"resource\":{\"resourceType\":\"Organization\","
                  "\"identifier\":[{\"system\":\"urn:tx\",\"value\":\"%u\"}]}}]}",
                 i, i),
        };

        count(racer, ask(c, s, asked, "/", &answer), &answer);
    }
}

static void add_one(Racer *racer, Call *c, Session *s)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        Answer answer;
        Asked  asked = {
             .method = HTTP_PATCH,
             .body = STR("[{\"op\":\"add\",\"path\":\"/name/-\",\"value\":{\"family\":\"x\"}}]"),
             .body_type = STR("application/json-patch+json"),
        };

        call_forget_issues(c, 0);
        count(racer, ask(c, s, asked, "/Patient/shared", &answer), &answer);
    }
}

static Store *open_store(Session **session)
{
    StoreOptions options = { .folder = unit_folder(), .create = true };
    Store       *store = NULL;

    CHECK_INT(store_open(unit_call(), &options, &store), OK);
    if (store)
        CHECK_INT(session_open(unit_call(), store, session), OK);
    return store;
}

static uint64_t resources_in(Session *session)
{
    StoreFacts facts = { 0 };

    session_rest(session);
    CHECK_INT(store_facts(unit_call(), session, &facts), OK);
    return facts.resources;
}

TEST(conditional_creates_at_once_make_one)
{
    Session *session;
    Store   *store = open_store(&session);
    Racer    sum;

    REQUIRE(store);
    sum = run_race(store, create_if_none);
    CHECK_INT(sum.failed, 0);
    CHECK_INT(sum.created, ROUNDS);
    CHECK_INT(sum.found, (THREADS - 1) * ROUNDS);
    CHECK_INT(resources_in(session), ROUNDS);
    session_close(session);
    store_close(store);
}

TEST(updates_at_once_of_what_is_not_there_make_one_and_change_it)
{
    Session *session;
    Store   *store = open_store(&session);
    Racer    sum;

    REQUIRE(store);
    sum = run_race(store, put);
    CHECK_INT(sum.failed, 0);
    CHECK_INT(sum.created, ROUNDS);
    CHECK_INT(sum.found, (THREADS - 1) * ROUNDS);
    CHECK_INT(resources_in(session), ROUNDS);
    session_close(session);
    store_close(store);
}

TEST(conditional_updates_at_once_make_one)
{
    Session *session;
    Store   *store = open_store(&session);
    Racer    sum;

    REQUIRE(store);
    sum = run_race(store, put_if_matching);
    CHECK_INT(sum.failed, 0);
    CHECK_INT(sum.created, ROUNDS);
    CHECK_INT(resources_in(session), ROUNDS);
    session_close(session);
    store_close(store);
}

TEST(transactions_at_once_make_one)
{
    Session *session;
    Store   *store = open_store(&session);

    REQUIRE(store);
    CHECK_INT(run_race(store, transact).failed, 0);
    CHECK_INT(resources_in(session), ROUNDS);
    session_close(session);
    store_close(store);
}

TEST(no_patch_is_lost_when_many_patch)
{
    Session *session;
    Store   *store = open_store(&session);
    Asked    asked = { .method = HTTP_PUT,
                       .body = STR("{\"resourceType\":\"Patient\",\"id\":\"shared\","
                                      "\"name\":[{\"family\":\"first\"}]}") };
    Answer   answer;
    Racer    sum;
    size_t   names = 0;

    REQUIRE(store);
    CHECK_INT(ask(unit_call(), session, asked, "/Patient/shared", &answer), OK);
    sum = run_race(store, add_one);
    session_rest(session);
    CHECK_INT(
        ask(unit_call(), session, (Asked){ .method = HTTP_GET }, "/Patient/shared", &answer),
        OK);
    for (Str rest = answer.body; str_find(rest, STR("\"x\"")) >= 0; names++)
        rest = str_skip(rest, (size_t)str_find(rest, STR("\"x\"")) + 3);
    /* a patch may be told to try again, but none that was accepted may be missing */
    CHECK_INT(names, sum.found);
    CHECK(sum.found > 0);
    session_close(session);
    store_close(store);
}
