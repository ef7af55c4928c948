/*
 * A disk that is really full, under a live server: a small file system of its own, filled while
 * clients write. Changes are answered with 507, reads and their audit records go on, and once
 * there is room again changes go through within five seconds, without a restart.
 *
 * CRASH_FULL_MS: how long it stays full.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "test/crash/crash_folder.h"
#include "test/crash/direct.h"
#include "test/crash/http_client.h"
#include "test/crash/server_process.h"
#include "test/unit.h"

enum {
    WRITERS = 3,
    FULL_BY_MS = 60000,
    RECOVERY_MS = 5000,
    PATH_ROOM = 700,
    FILLER_BYTES = 24 * 1024 * 1024
};

typedef enum Phase { FILLING, FULL, ROOM_AGAIN, ENDED } Phase;

typedef struct Scene {
    Diary           *diary;
    _Atomic int      phase;
    _Atomic uint64_t full_answers, room_at_ms, changed_at_ms;
    _Atomic uint64_t reads, reads_failed, odd; /* while full: an answer neither 2xx nor 507 */
    _Atomic int      odd_status, read_status;
    uint16_t         port;
    char             token[64];
} Scene;

typedef struct Client {
    Scene     *scene;
    HttpClient http;
    Load      *load;
    pthread_t  thread;
    bool       reads;
} Client;

static bool write_text(const char *path, const char *text)
{
    int  out = open(path, O_WRONLY | O_CLOEXEC);
    bool done = out >= 0 && write(out, text, strlen(text)) == (ssize_t)strlen(text);

    if (out >= 0)
        close(out);
    return done;
}

/* A file system of its own in a mount namespace of this process; as root, or as a user who may
 * have such namespaces. */
static bool mount_small(const char *path)
{
    char  map[64];
    uid_t user = getuid();
    gid_t group = getgid();

    if (unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
            return false;
        snprintf(map, sizeof map, "0 %u 1", user);
        if (!write_text("/proc/self/setgroups", "deny")
            || !write_text("/proc/self/uid_map", map))
            return false;
        snprintf(map, sizeof map, "0 %u 1", group);
        if (!write_text("/proc/self/gid_map", map))
            return false;
    }
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
           && mount("tmpfs", path, "tmpfs", 0, "size=48m,mode=0700") == 0;
}

/* Reads while there is something to read; what it reads it has made before the disk was full. */
static void *keep_reading(void *context)
{
    Client *client = context;
    Scene  *scene = client->scene;

    for (unsigned i = 0; i < 20; i++)
        (void)load_change(client->load);
    while (scene->phase != ENDED) {
        if (!load_read(client->load))
            break;
        scene->reads++;
        if (client->load->last_status / 100 != 2) {
            scene->reads_failed++;
            scene->read_status = client->load->last_status;
        }
        usleep(2000);
    }
    return NULL;
}

static void *keep_writing(void *context)
{
    Client *client = context;
    Scene  *scene = client->scene;

    while (scene->phase != ENDED) {
        int phase = scene->phase, status;

        if (!load_change(client->load))
            break;
        status = client->load->last_status;
        if (status == 507)
            scene->full_answers++;
        else if (status / 100 != 2 && phase != FILLING) {
            scene->odd++;
            scene->odd_status = status;
        }
        if (status / 100 == 2 && phase == ROOM_AGAIN && !scene->changed_at_ms)
            scene->changed_at_ms = clock_monotonic_ms();
        if (phase != FILLING)
            usleep(5000);
    }
    return NULL;
}

/* Takes half of the disk beforehand. The server fills the rest with its log by itself: filling on
 * beside it could take what it gives back for its audit. */
static void fill(const char *filler)
{
    int out = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    ENSURE(out >= 0 && posix_fallocate(out, 0, FILLER_BYTES) == 0);
    close(out);
}

/* Waits until the disk is full, makes room, waits for a change to go through. */
static void play(Scene *scene, const char *filler)
{
    uint64_t start = clock_monotonic_ms();

    while (!scene->full_answers && clock_monotonic_ms() - start < FULL_BY_MS)
        usleep(10000);
    CHECK(scene->full_answers > 0);
    scene->phase = FULL;
    usleep((useconds_t)dice_setting("CRASH_FULL_MS", 5000) * 1000);
    ENSURE(unlink(filler) == 0);
    scene->room_at_ms = clock_monotonic_ms();
    scene->phase = ROOM_AGAIN;
    while (!scene->changed_at_ms && clock_monotonic_ms() - scene->room_at_ms < RECOVERY_MS)
        usleep(1000);
    CHECK(scene->changed_at_ms);
    usleep(200000);
    scene->phase = ENDED;
}

static void run_clients(Scene *scene, const char *filler)
{
    static Client clients[WRITERS + 2];
    unsigned      made;

    for (made = 0; made < COUNT(clients); made++) {
        Client *client = &clients[made];

        client->scene = scene;
        http_client_begin(&client->http, scene->port, scene->token);
        client->load =
            load_new(scene->diary, http_client_send, &client->http, made, dice_seed());
        ENSURE(pthread_create(&client->thread, NULL,
                              made < WRITERS ? keep_writing : keep_reading, client)
               == 0);
    }
    play(scene, filler);
    while (made-- > 0) {
        pthread_join(clients[made].thread, NULL);
        http_client_end(&clients[made].http);
        load_free(clients[made].load);
    }
}

static void compare(Scene *scene, Str folder)
{
    Call       *c = unit_call();
    Direct      direct;
    DiaryReport report = { 0 };
    Store      *store = direct_open_store(c, folder, false);

    REQUIRE(store && direct_begin(&direct, store));
    CHECK_INT(diary_check(c, scene->diary, direct.session, SIZE_MAX, &report), OK);
    if (report.faults)
        unit_fail(__FILE__, __LINE__, "%.*s", STR_ARG(report.findings));
    printf("%llu changes answered with 507; %llu reads, %llu of them failed; a change went"
           " through %lld ms after there was room; %llu operations acknowledged\n",
           (unsigned long long)scene->full_answers, (unsigned long long)scene->reads,
           (unsigned long long)scene->reads_failed,
           (long long)(scene->changed_at_ms - scene->room_at_ms),
           (unsigned long long)report.operations_done);
    direct_end(&direct);
    store_close(store);
}

TEST(a_full_disk_stops_changes_but_neither_reads_nor_audit)
{
    static Scene  scene;
    ServerProcess server;
    Str           disk = crash_folder_make("small-disk");
    char          folder[PATH_ROOM], filler[PATH_ROOM], log[PATH_ROOM];

    if (!server_process_available()) {
        unit_skip("HALE names no program");
        return;
    }
    if (!mount_small(disk.at)) {
        unit_skip("no file system can be mounted here");
        return;
    }
    snprintf(folder, sizeof folder, "%s/data", disk.at);
    snprintf(filler, sizeof filler, "%s/filler", disk.at);
    snprintf(log, sizeof log, "%s.log", disk.at);
    scene.diary = diary_new(400000);
    fill(filler);
    REQUIRE(server_process_token(str_from(folder), scene.token));
    REQUIRE(server_process_start(&server, str_from(folder), log));
    scene.port = server.port;
    run_clients(&scene, filler);
    CHECK_INT(server_process_stop(&server), 0);
    CHECK_INT(scene.odd, 0);
    if (scene.odd)
        printf("an answer to a change was %d\n", scene.odd_status);
    CHECK_INT(scene.reads_failed, 0);
    if (scene.reads_failed)
        printf("an answer to a read was %d\n", scene.read_status);
    CHECK(scene.reads > 100);
    compare(&scene, str_from(folder));
    umount2(disk.at, MNT_DETACH);
    diary_free(scene.diary);
}
