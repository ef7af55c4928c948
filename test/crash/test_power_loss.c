/*
 * The promise: what was acknowledged is there after the power failed, with its audit record, and
 * nothing is half there. A session of the real store is recorded below the ciphers, from the
 * making of the folder through restarts and checkpoints; then the power fails at random
 * events, the folder that could be found is opened by the real store and compared with the
 * diary. Images are judged in a child, so that one that ends the process is one fault.
 *
 * CRASH_IMAGES, CRASH_SEED. The folder of the first bad image is kept, its name printed.
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "exchange/import.h"
#include "test/crash/crash_folder.h"
#include "test/crash/direct.h"
#include "test/crash/power_loss.h"
#include "test/unit.h"

enum {
    THREADS = 3,
    STEPS = 6, /* of each thread, before and after a pause in which the log is copied */
    PAUSE_US = 700000,
    SESSIONS = 3,   /* of one recording: the store is closed in between */
    IMPORTING = 1,  /* the session behind which something is imported … */
    REINDEXING = 2, /* … and that behind which the index is made anew */
    IMPORTED = 40,
    IMAGES_A_ROUND = 250, /* of one recording */
    AGAIN_EVERY = 16,     /* images in which the power fails a second time */
    DEEP_EVERY = 32,      /* images that are reindexed and compared */
    RECORDINGS_MAX = 10,  /* until a lie is caught */
};

/* Shared with the children. */
typedef struct Verdict {
    uint64_t at, images, again, deep, bad, crashed, operations;
    char     findings[2000];
} Verdict;

typedef struct Round {
    Recording *recording;
    Diary     *diary;
    Str        recorded, image; /* folders */
    uint64_t   seed;
    Lie        lie;
    Verdict   *verdict;
} Round;

static void *load_thread(void *context)
{
    for (unsigned i = 0; i < 2 * STEPS && load_step(context); i++)
        if (i == STEPS - 1)
            usleep(PAUSE_US);
    return NULL;
}

/* Resources that come in by import, each an operation of its own. */
static bool import_some(const Round *round, Store *store)
{
    Call         *c = unit_call();
    Principal     owner = principal_owner();
    ImportFacts   facts = { 0 };
    char          path[600], *paths[] = { path };
    ImportOptions options = { .paths = paths, .path_count = 1, .threads = 2 };
    uint32_t      numbers[IMPORTED];
    FILE         *out;

    snprintf(path, sizeof path, "%.*s/import.ndjson", STR_ARG(unit_folder()));
    out = fopen(path, "we");
    ENSURE(out);
    for (unsigned i = 0; i < IMPORTED; i++) {
        Operation *o = diary_begin(round->diary, &numbers[i]);

        o->imported = true;
        o->change_count = 1;
        o->text_seed = round->seed + i;
        o->changes[0] = (DiaryChange){ .observation = true, .version = 1 };
        snprintf(o->changes[0].id, sizeof o->changes[0].id, "imported-%u", i);
        fprintf(out, "{\"resourceType\":\"Observation\",\"id\":\"imported-%u\"%.*s\n", i,
                STR_ARG(diary_text(c->arena, numbers[i], o, 0)));
    }
    fclose(out);
    if (import_files(c, store, &owner, &options, &facts) != OK || facts.taken != IMPORTED)
        return false;
    for (unsigned i = 0; i < IMPORTED; i++)
        diary_end(diary_at(round->diary, numbers[i]), OPERATION_DONE,
                  recording_vfs_now(round->recording));
    return true;
}

/* What is done to the whole store behind the load of a session. */
static bool do_more(const Round *round, unsigned session, Store *store)
{
    if (session == IMPORTING)
        return import_some(round, store);
    if (session == REINDEXING)
        return store_reindex(unit_call(), store, NULL, NULL) == OK;
    return true;
}

/* One session: the store is opened, several threads work, and it is closed. */
static bool record_session(const Round *round, unsigned session)
{
    Call     *c = unit_call();
    Store    *store = direct_open_store(c, round->recorded, true);
    Direct    direct[THREADS];
    Load     *load[THREADS];
    pthread_t thread[THREADS];
    unsigned  refused = 0, open = 0;
    bool      more;

    if (!store) {
        fprintf(stderr, "the store does not open: %s\n", direct_why(c));
        return false;
    }
    for (unsigned i = 0; i < THREADS; i++) {
        ENSURE(direct_begin(&direct[i], store));
        load[i] =
            load_new(round->diary, direct_send, &direct[i], session * THREADS + i, round->seed);
        load[i]->recording = round->recording;
        ENSURE(pthread_create(&thread[i], NULL, load_thread, load[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        refused += load[i]->refused;
        open += load[i]->open;
        load_free(load[i]);
        direct_end(&direct[i]);
    }
    more = do_more(round, session, store);
    if (!more)
        fprintf(stderr, "session %u: %s\n", session, direct_why(c));
    store_close(store);
    CHECK_INT(refused, 0);
    CHECK_INT(open, 0);
    return more;
}

/* Opens the folder as after a power loss and compares it. True if all is well. */
static bool judge(const Round *round, Diary *diary, size_t point, bool recorded)
{
    Arena       *arena = arena_create((size_t)1 << 30);
    Call         call;
    Direct       direct;
    DiaryReport  report = { 0 };
    Store       *store;
    char        *out = round->verdict->findings;
    const size_t room = sizeof round->verdict->findings;

    call_begin(&call, arena);
    store = direct_open_store(&call, round->image, recorded);
    if (!store) {
        snprintf(out, room, "the store does not open: %s\n", direct_why(&call));
        arena_destroy(arena);
        return false;
    }
    report.faults = 1;
    if (!direct_begin(&direct, store)
        || diary_check(&call, diary, direct.session, point, &report) != OK)
        snprintf(out, room, "the store cannot be read: %s\n", direct_why(&call));
    else if (report.faults)
        snprintf(out, room, "%.*s", STR_ARG(report.findings));
    round->verdict->operations += report.operations_done;
    direct_end(&direct);
    store_close(store);
    arena_destroy(arena);
    return report.faults == 0;
}

/* Goes on working in the image, fails the power once more, and judges that. */
static bool judge_again(const Round *round, size_t point, Dice *dice)
{
    Arena     *arena = arena_create((size_t)1 << 30);
    Recording *second = recording_vfs_new(arena);
    Diary     *diary = diary_as_of(round->diary, point, 100);
    Call       call;
    Store     *store;
    Direct     direct;
    Load      *load;
    PowerLoss *loss;
    bool       good;

    call_begin(&call, arena_create((size_t)1 << 30));
    recording_vfs_into(second);
    store = direct_open_store(&call, round->image, true);
    if (!store || !direct_begin(&direct, store)) {
        snprintf(round->verdict->findings, sizeof round->verdict->findings,
                 "the store does not open again: %s\n", direct_why(&call));
        return false;
    }
    load = load_new(diary, direct_send, &direct, 1000, dice_next(dice));
    load->recording = second;
    for (unsigned i = 0; i < 10; i++)
        load_step(load);
    good = load->refused + load->open == 0;
    direct_end(&direct);
    store_close(store);
    recording_vfs_into(NULL);
    if (!good)
        snprintf(round->verdict->findings, sizeof round->verdict->findings,
                 "what is asked after recovery is refused: %d\n", load->last_status);
    point = dice_below(dice, second->event_count + 1);
    loss = power_loss_new(second, LIE_NONE);
    power_loss_advance(loss, point);
    crash_folder_clear(round->image);
    crash_folder_copy(round->recorded, round->image, second);
    power_loss_write(loss, dice, round->image);
    power_loss_free(loss);
    good = good && judge(round, diary, point, false);
    load_free(load);
    diary_free(diary);
    arena_destroy(call.arena);
    arena_destroy(arena);
    return good;
}

/* Whether rebuilding what is derived from the versions gives what was there. */
static bool judge_deeply(const Round *round)
{
    return crash_folder_is_sound(round->image, round->verdict->findings,
                                 sizeof round->verdict->findings);
}

static void judge_image(const Round *round, PowerLoss *loss, uint64_t number, size_t point)
{
    Verdict *v = round->verdict;
    Dice     dice = { round->seed ^ (number * 0x9e3779b97f4a7c15u) };
    bool     good;

    v->at = number;
    crash_folder_clear(round->image);
    power_loss_advance(loss, point);
    power_loss_write(loss, &dice, round->image);
    crash_folder_copy(round->recorded, round->image, round->recording);
    good = judge(round, round->diary, point, false);
    if (good && number % DEEP_EVERY == 0) {
        v->deep++;
        good = judge_deeply(round);
    }
    if (good && number % AGAIN_EVERY == 1) {
        v->again++;
        good = judge_again(round, point, &dice);
    }
    v->images++;
    if (good)
        return;
    if (v->bad++ == 0 && round->lie == LIE_NONE)
        printf("image %llu of seed %llu, power lost before event %zu: kept in %s\n%s",
               (unsigned long long)number, (unsigned long long)round->seed, point,
               crash_folder_keep(round->image), v->findings);
    fflush(stdout);
}

static void judge_images(const Round *round, uint64_t from, uint64_t count)
{
    Arena     *arena = arena_create((size_t)1 << 30);
    Dice       dice = { round->seed };
    size_t    *points = power_loss_points(arena, round->recording, &dice, count);
    PowerLoss *loss = power_loss_new(round->recording, round->lie);

    for (uint64_t i = from; i < count; i++)
        judge_image(round, loss, i, points[i]);
    power_loss_free(loss);
    arena_destroy(arena);
}

/* Judges them in a child; one that ends the child is bad, and another child goes on behind it. */
static void judge_in_children(const Round *round, uint64_t count)
{
    uint64_t from = 0;
    int      status;

    while (from < count) {
        pid_t child;

        fflush(stdout);
        child = fork();
        ENSURE(child >= 0);
        if (child == 0) {
            if (round->lie != LIE_NONE)
                crash_folder_hush();
            judge_images(round, from, count);
            _exit(0);
        }
        ENSURE(waitpid(child, &status, 0) == child);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            return;
        round->verdict->crashed++;
        round->verdict->bad++;
        round->verdict->images++;
        if (round->lie == LIE_NONE)
            printf("image %llu of seed %llu ended the process (status %#x): kept in %s\n",
                   (unsigned long long)round->verdict->at, (unsigned long long)round->seed,
                   status, crash_folder_keep(round->image));
        from = round->verdict->at + 1;
    }
}

static void run_round(uint64_t seed, Lie lie, uint64_t images, Verdict *verdict)
{
    Arena *arena = arena_create((size_t)1 << 30);
    Round  round = {
         .recording = recording_vfs_new(arena),
         .diary = diary_new(2 * STEPS * THREADS * SESSIONS + IMPORTED),
         .recorded = crash_folder_make("recorded"),
         .image = crash_folder_make("image"),
         .seed = seed,
         .lie = lie,
         .verdict = verdict,
    };
    bool recorded = true;

    crash_folder_clear(round.recorded);
    recording_vfs_into(round.recording);
    for (unsigned i = 0; i < SESSIONS && recorded; i++)
        recorded = record_session(&round, i);
    recording_vfs_into(NULL);
    CHECK(recorded);
    if (recorded)
        judge_in_children(&round, images);
    diary_free(round.diary);
    arena_destroy(arena);
}

static void run_rounds(const char *name, Lie lie, uint64_t images, Verdict *out)
{
    Verdict *v =
        mmap(NULL, sizeof *v, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t seed = dice_seed(), start = clock_monotonic_us(), round = 0;

    ENSURE(v != MAP_FAILED);
    for (; round * IMAGES_A_ROUND < images; round++) {
        uint64_t left = images - round * IMAGES_A_ROUND;

        run_round(seed + round, lie, left < IMAGES_A_ROUND ? left : IMAGES_A_ROUND, v);
    }
    printf("%s: %llu images of %llu recordings, %.0f/s with recording; %llu with a second power"
           " loss, %llu reindexed; %.1f operations acknowledged in each; %llu bad, %llu of them"
           " ended the process (seed %llu)\n",
           name, (unsigned long long)v->images, (unsigned long long)round,
           (double)v->images * 1e6 / (double)(clock_monotonic_us() - start + 1),
           (unsigned long long)v->again, (unsigned long long)v->deep,
           (double)v->operations / (double)(v->images + v->again + 1),
           (unsigned long long)v->bad, (unsigned long long)v->crashed,
           (unsigned long long)seed);
    *out = *v;
    munmap(v, sizeof *v);
}

TEST(nothing_acknowledged_is_lost_when_the_power_fails)
{
    uint64_t images = dice_setting("CRASH_IMAGES", 2000);
    Verdict  v;

    run_rounds("power loss", LIE_NONE, images, &v);
    CHECK_INT(v.images, images);
    CHECK_INT(v.bad, 0);
}

/* In one recording what was left out may have been of no consequence: then there is another. */
static bool is_caught(const char *name, Lie lie)
{
    Verdict v = { 0 };

    for (int i = 0; i < RECORDINGS_MAX && v.bad == 0; i++)
        run_rounds(name, lie, dice_setting("CRASH_IMAGES", 2000) / 5, &v);
    return v.bad > 0;
}

TEST(a_store_on_a_disk_that_ignores_one_sync_in_seven_is_caught)
{
    CHECK(is_caught("one sync in seven ignored", LIE_EVERY_SEVENTH));
}

TEST(a_store_that_syncs_only_before_checkpoints_is_caught)
{
    CHECK(is_caught("as synchronous=NORMAL", LIE_AS_NORMAL));
}
