/*
 * Many clients on one resource: no update is lost, no condition is met twice. In one process,
 * without HTTP, so that the thread sanitizer sees all of it.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "test/crash/crash_folder.h"
#include "test/crash/direct.h"
#include "test/unit.h"

enum { CLIENTS = 64, COUNTERS = 8, CREATORS = 8 };

typedef struct Race {
    Store            *store;
    uint64_t          rounds;
    _Atomic uint64_t  successes[COUNTERS], refusals, others, made, found;
    pthread_barrier_t barrier;
} Race;

typedef struct Client {
    Race    *race;
    Direct   direct;
    unsigned number;
    Dice     dice;
} Client;

static uint64_t value_in(Str body)
{
    const Str before = STR("\"valueInteger\":");
    ptrdiff_t at = str_find(body, before);

    return at < 0 ? UINT64_MAX : strtoull(body.at + at + before.len, NULL, 10);
}

static bool get(Client *client, const char *path, LoadAnswer *out)
{
    LoadRequest request = { .method = "GET", .path = str_from(path) };

    return direct_send(&client->direct, &request, out) && out->status == 200;
}

static bool put(Client *client, unsigned counter, uint64_t value, const char *tag,
                LoadAnswer *out)
{
    char        path[64], text[300];
    LoadRequest request = { .method = "PUT", .if_match = str_from(tag) };

    snprintf(path, sizeof path, "/Observation/counter-%u", counter);
    snprintf(text, sizeof text,
             "{\"resourceType\":\"Observation\",\"id\":\"counter-%u\",\"status\":\"final\","
             "\"code\":{\"text\":\"counter\"},\"valueInteger\":%llu}",
             counter, (unsigned long long)value);
    request.path = str_from(path);
    request.body = str_from(text);
    return direct_send(&client->direct, &request, out);
}

/* Reads a counter and writes one more, if nobody was faster. */
static void *count_up(void *context)
{
    Client *client = context;
    Race   *race = client->race;

    for (uint64_t i = 0; i < race->rounds; i++) {
        unsigned   counter = (unsigned)dice_below(&client->dice, COUNTERS);
        char       path[64], tag[32];
        LoadAnswer answer;

        snprintf(path, sizeof path, "/Observation/counter-%u", counter);
        if (!get(client, path, &answer)) {
            race->others++;
            continue;
        }
        snprintf(tag, sizeof tag, "W/\"%llu\"", (unsigned long long)answer.version);
        (void)put(client, counter, value_in(answer.body) + 1, tag, &answer);
        if (answer.status == 200)
            race->successes[counter]++;
        else if (answer.status == 412)
            race->refusals++;
        else
            race->others++;
    }
    return NULL;
}

/* All ask for the same record, if there is none, at the same moment. */
static void *create_once(void *context)
{
    Client *client = context;
    Race   *race = client->race;

    for (uint64_t i = 0; i < race->rounds; i++) {
        char        condition[64], text[200];
        LoadRequest request = { .method = "POST", .path = STR("/Patient") };
        LoadAnswer  answer;

        snprintf(condition, sizeof condition, "identifier=urn:race|%llu",
                 (unsigned long long)i);
        snprintf(text, sizeof text,
                 "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"urn:race\","
                 "\"value\":\"%llu\"}]}",
                 (unsigned long long)i);
        request.if_none_exist = str_from(condition);
        request.body = str_from(text);
        pthread_barrier_wait(&race->barrier);
        (void)direct_send(&client->direct, &request, &answer);
        race->made += answer.status == 201;
        race->found += answer.status == 200;
        race->others += answer.status != 200 && answer.status != 201;
    }
    return NULL;
}

static void run_clients(Race *race, Client *clients, unsigned count, void *(*run)(void *))
{
    pthread_t threads[CLIENTS];

    for (unsigned i = 0; i < count; i++) {
        clients[i] = (Client){ .race = race, .number = i, .dice = { 7919 * (i + 1) } };
        ENSURE(direct_begin(&clients[i].direct, race->store));
    }
    for (unsigned i = 0; i < count; i++)
        ENSURE(pthread_create(&threads[i], NULL, run, &clients[i]) == 0);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void end_clients(Client *clients, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        direct_end(&clients[i].direct);
}

static void check_counter(Client *client, unsigned counter, uint64_t successes)
{
    char       path[96];
    LoadAnswer answer;

    snprintf(path, sizeof path, "/Observation/counter-%u", counter);
    CHECK(get(client, path, &answer));
    CHECK_INT(answer.version, successes + 1);
    CHECK_INT(value_in(answer.body), successes);
    for (uint64_t version = 1; version <= successes + 1; version++) {
        snprintf(path, sizeof path, "/Observation/counter-%u/_history/%llu", counter,
                 (unsigned long long)version);
        CHECK(get(client, path, &answer));
        CHECK_INT(value_in(answer.body), version - 1);
    }
}

TEST(no_update_under_if_match_is_lost)
{
    Race   race = { .rounds = dice_setting("CRASH_RACE_ROUNDS", 100) };
    Client clients[CLIENTS], first = { .race = &race };

    race.store = direct_open_store(unit_call(), crash_folder_make("races"), false);
    REQUIRE(race.store);
    REQUIRE(direct_begin(&first.direct, race.store));
    for (unsigned i = 0; i < COUNTERS; i++) {
        LoadAnswer answer;

        CHECK(put(&first, i, 0, "", &answer));
        CHECK_INT(answer.status, 201);
    }
    run_clients(&race, clients, CLIENTS, count_up);
    for (unsigned i = 0; i < COUNTERS; i++)
        check_counter(&first, i, race.successes[i]);
    CHECK_INT(race.others, 0);
    CHECK(race.refusals > 0);
    printf("%llu increments refused\n", (unsigned long long)race.refusals);
    end_clients(clients, CLIENTS);
    direct_end(&first.direct);
    store_close(race.store);
}

TEST(a_conditional_create_makes_one_however_many_ask)
{
    Race   race = { .rounds = dice_setting("CRASH_RACE_ROUNDS", 100) };
    Client clients[CREATORS];

    race.store = direct_open_store(unit_call(), crash_folder_make("races"), false);
    REQUIRE(race.store);
    ENSURE(pthread_barrier_init(&race.barrier, NULL, CREATORS) == 0);
    run_clients(&race, clients, CREATORS, create_once);
    CHECK_INT(race.made, race.rounds);
    CHECK_INT(race.found, race.rounds * (CREATORS - 1));
    CHECK_INT(race.others, 0);
    end_clients(clients, CREATORS);
    store_close(race.store);
}
