/*
 * kill -9 under load: clients create, update, delete, transact and read over HTTP; the server is
 * killed at a random moment, started again, killed again. What it acknowledged must be there
 * with its audit records, and no transaction may be half there.
 *
 * This does not show that anything is safe on the disk (test_power_loss.c does), but that the
 * process may end anywhere. CRASH_KILLS, CRASH_SEED.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "test/crash/crash_folder.h"
#include "test/crash/direct.h"
#include "test/crash/http_client.h"
#include "test/crash/server_process.h"
#include "test/unit.h"

enum { CLIENTS = 8, LOAD_MS_MAX = 300, CHECK_EVERY = 20, READY_GOAL_MS = 2000 };

typedef struct Client {
    HttpClient http;
    Load      *load;
    pthread_t  thread;
} Client;

typedef struct Killing {
    Str      folder;
    char     log[600];
    Diary   *diary;
    Client   clients[CLIENTS];
    uint64_t ready_us_max, ready_us_sum, starts;
    char     token[64];
} Killing;

static void *load_until_it_dies(void *context)
{
    Client *client = context;

    while (load_step(client->load))
        ;
    return NULL;
}

/* One life of the server: started, loaded, killed. */
static bool live_and_die(Killing *k, Dice *dice)
{
    ServerProcess server;

    if (!server_process_start(&server, k->folder, k->log)) {
        unit_fail(__FILE__, __LINE__, "the server does not start: see %s", k->log);
        return false;
    }
    k->starts++;
    k->ready_us_sum += server.ready_us;
    if (server.ready_us > k->ready_us_max)
        k->ready_us_max = server.ready_us;
    for (unsigned i = 0; i < CLIENTS; i++) {
        Client *client = &k->clients[i];

        http_client_begin(&client->http, server.port, k->token);
        ENSURE(pthread_create(&client->thread, NULL, load_until_it_dies, client) == 0);
    }
    usleep((useconds_t)dice_below(dice, LOAD_MS_MAX * 1000));
    server_process_kill(&server);
    for (unsigned i = 0; i < CLIENTS; i++) {
        pthread_join(k->clients[i].thread, NULL);
        http_client_end(&k->clients[i].http);
    }
    return true;
}

/* Opens the folder itself and compares it with the diary. */
static bool compare(Killing *k, DiaryReport *report)
{
    Arena *arena = arena_create((size_t)4 << 30);
    Call   call;
    Direct direct;
    Store *store;
    bool   good = false;

    call_begin(&call, arena);
    store = direct_open_store(&call, k->folder, false);
    if (!store || !direct_begin(&direct, store)) {
        unit_fail(__FILE__, __LINE__, "the store does not open: %s", direct_why(&call));
        return false;
    }
    if (diary_check(&call, k->diary, direct.session, SIZE_MAX, report) != OK)
        unit_fail(__FILE__, __LINE__, "the store cannot be read: %s", direct_why(&call));
    else if (report->faults)
        unit_fail(__FILE__, __LINE__, "%llu faults; kept in %s\n%.*s",
                  (unsigned long long)report->faults, k->folder.at, STR_ARG(report->findings));
    else
        good = true;
    direct_end(&direct);
    store_close(store);
    arena_destroy(arena);
    return good;
}

TEST(nothing_acknowledged_is_lost_when_the_process_is_killed)
{
    uint64_t       kills = dice_setting("CRASH_KILLS", 100), seed = dice_seed(), refused = 0, i;
    static Killing k;
    Dice           dice = { seed };
    DiaryReport    report = { 0 };

    if (!server_process_available()) {
        unit_skip("HALE names no program");
        return;
    }
    k.folder = crash_folder_make("killed");
    snprintf(k.log, sizeof k.log, "%s.log", k.folder.at);
    k.diary = diary_new((uint32_t)(kills * 4000 + 1000));
    REQUIRE(server_process_token(k.folder, k.token));
    for (unsigned c = 0; c < CLIENTS; c++)
        k.clients[c].load = load_new(k.diary, http_client_send, &k.clients[c].http, c, seed);
    for (i = 0; i < kills && live_and_die(&k, &dice); i++)
        if (i % CHECK_EVERY == CHECK_EVERY - 1 && !compare(&k, &report))
            break;
    CHECK_INT(i, kills);
    CHECK(compare(&k, &report));
    for (unsigned c = 0; c < CLIENTS; c++) {
        refused += k.clients[c].load->refused;
        load_free(k.clients[c].load);
    }
    CHECK(report.operations_done > kills);
    CHECK_INT(refused, 0);
    CHECK(k.ready_us_max < READY_GOAL_MS * 1000);
    printf("%llu kills: %llu operations acknowledged, %llu versions, %llu audit records; ready"
           " after %.1f ms on average, %.1f ms at most (seed %llu)\n",
           (unsigned long long)i, (unsigned long long)report.operations_done,
           (unsigned long long)report.versions, (unsigned long long)report.audit_records,
           (double)k.ready_us_sum / 1e3 / (double)(k.starts + !k.starts),
           (double)k.ready_us_max / 1e3, (unsigned long long)seed);
    diary_free(k.diary);
}
