/*
 * Calls to the disk that fail: for k = 1, 2, 3 … the k-th call of a scripted session fails, once
 * or from then on, as on a broken disk (EIO) or a full one (ENOSPC). Whatever happens, nothing
 * acknowledged is lost and nothing is half there; the process ends only where a sync failed, which it
 * must; a full disk is called that; and when the disk is well again, so is the store.
 *
 * Each k runs in a child. A failed sync loses what it should have kept, as Linux does, so that a
 * store which merely tried again would be caught. CRASH_FAULT_STEP: only every so manyth k;
 * CRASH_FAULT_K: only that one.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "test/crash/crash_folder.h"
#include "test/crash/direct.h"
#include "test/unit.h"

enum { STEPS = 8, RECOVERY_MS = 5000, SLOTS = 12 };

/* Shared with the children. */
typedef struct Outcome {
    uint64_t calls, failed;
    bool     sync_failed;
    bool     done; /* the child came to its end */
    unsigned full,
        other;     /* answers that the disk is full; answers 5xx that say something else */
    char call[16]; /* what kind of call failed */
    char complaint[500];
} Outcome;

typedef struct Plan {
    const char *name;
    Fault       fault;
    bool        lasting;
    bool        fresh; /* beginning with an empty folder */
} Plan;

static Outcome *outcome; /* for the notice of a failed sync */

static void note_sync_failure(void)
{
    outcome->sync_failed = true;
    snprintf(outcome->call, sizeof outcome->call, "sync");
}

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
    va_list args;

    if (outcome->complaint[0])
        return;
    va_start(args, format);
    vsnprintf(outcome->complaint, sizeof outcome->complaint, format, args);
    va_end(args);
}

/* The scripted session: changes, transactions and reads, always the same. The store is closed
 * behind it, for which it copies its log, while calls still fail. */
static void work(Load *load)
{
    for (unsigned i = 0; i < STEPS; i++) {
        (void)(i % 4 == 3 ? load_read(load) : load_change(load));
        outcome->full += load->last_status == 507;
        outcome->other += load->last_status >= 500 && load->last_status != 507;
    }
}

/* The disk is well again: a change goes through within five seconds, and a read. */
static void recover(Load *load)
{
    uint64_t start = clock_monotonic_ms();
    bool     changed = false, read = false;

    while ((!changed || !read) && clock_monotonic_ms() - start < RECOVERY_MS) {
        if (!changed)
            changed = load_change(load) && load->last_status / 100 == 2;
        else
            read = load_read(load) && load->last_status / 100 == 2;
        if (!changed)
            usleep(20000);
    }
    if (!changed || !read)
        complain("the disk is well again, but a %s is answered with %d",
                 changed ? "read" : "change", load->last_status);
}

/* Opens the store; if a call failed at that, once more on a disk that is well. */
static bool start(Call *c, Str folder, Store **store, Direct *direct)
{
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        *store = direct_open_store(c, folder, true);
        if (*store && direct_begin(direct, *store))
            return true;
        if (*store)
            store_close(*store);
        if (recording_vfs_failed() == 0)
            break;
        recording_vfs_fail(FAULT_NONE, 0, 0);
    }
    complain("the store does not open on a disk that is well: %s", direct_why(c));
    return false;
}

static void run_child(const Plan *plan, Str folder, Diary *diary, uint64_t k)
{
    Arena     *arena = arena_create((size_t)1 << 30), *calls = arena_create((size_t)1 << 28);
    Recording *recording = recording_vfs_new(arena);
    Direct     direct;
    Store     *store;
    Load      *load;
    Call       call;

    call_begin(&call, calls);
    recording_vfs_on_sync_failure(note_sync_failure);
    recording_vfs_into(recording);
    recording_vfs_fail(plan->fault, k, plan->lasting ? UINT64_MAX : 1);
    if (!start(&call, folder, &store, &direct))
        _exit(0);
    load = load_new(diary, direct_send, &direct, 77, 4711);
    load->recording = recording;
    work(load);
    direct_end(&direct);
    store_close(store);
    outcome->calls = recording_vfs_calls();
    outcome->failed = recording_vfs_failed();
    snprintf(outcome->call, sizeof outcome->call, "%s", recording_vfs_failed_call());
    recording_vfs_fail(FAULT_NONE, 0, 0);
    if (!start(&call, folder, &store, &direct))
        _exit(0);
    recover(load);
    direct_end(&direct);
    store_close(store);
    outcome->done = true;
    _exit(0);
}

/* Whether the child ended as it may. */
static bool ended_well(const Plan *plan, int status)
{
    if (outcome->complaint[0])
        return false;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && outcome->sync_failed)
        return true;
    if (!outcome->done)
        complain("the process ended (status %#x)", status);
    else if (outcome->sync_failed)
        complain("a sync failed, and the process went on");
    else if (plan->fault == FAULT_FULL && outcome->other)
        complain("%u answers to a full disk were 5xx other than 507", outcome->other);
    return !outcome->complaint[0];
}

static void check_after(const Plan *plan, Str folder, Diary *diary, uint64_t k)
{
    Arena      *arena = arena_create((size_t)1 << 30);
    Call        call;
    Direct      direct;
    DiaryReport report = { 0 };
    Store      *store;

    call_begin(&call, arena);
    store = direct_open_store(&call, folder, false);
    if (!store) {
        complain("the store does not open afterwards: %s", direct_why(&call));
    } else if (!direct_begin(&direct, store)) {
        complain("no session afterwards");
        store_close(store);
    } else {
        if (diary_check(&call, diary, direct.session, SIZE_MAX, &report) != OK)
            complain("the store cannot be read afterwards: %s", direct_why(&call));
        else if (report.faults)
            complain("%.*s", STR_ARG(report.findings));
        direct_end(&direct);
        store_close(store);
    }
    arena_destroy(arena);
    if (!outcome->complaint[0] && k % 16 == 0)
        (void)crash_folder_is_sound(folder, outcome->complaint, sizeof outcome->complaint);
    if (outcome->complaint[0])
        unit_fail(__FILE__, __LINE__, "%s, k = %llu (%s): %s\nkept in %s", plan->name,
                  (unsigned long long)k, outcome->call, outcome->complaint,
                  crash_folder_keep(folder));
}

/* Several sessions run at the same time, because most of their time is waiting. */
typedef struct Slot {
    pid_t    child; /* 0: free */
    uint64_t k;
    Str      folder;
    Diary   *diary;
    Outcome *outcome;
} Slot;

typedef struct Plans {
    const Plan *plan;
    Str template;
    Diary   *before;
    Slot     slots[SLOTS];
    uint64_t runs, aborts, full, calls;
} Plans;

/* One session with the k-th call failing. */
static void begin(Plans *p, Slot *slot, uint64_t k)
{
    static const Recording nothing;

    slot->k = k;
    slot->diary = diary_as_of(p->before, SIZE_MAX, 2 * STEPS + 500);
    outcome = slot->outcome;
    memset(outcome, 0, sizeof *outcome);
    crash_folder_clear(slot->folder);
    if (!p->plan->fresh)
        crash_folder_copy(p->template, slot->folder, &nothing);
    fflush(stdout);
    slot->child = fork();
    ENSURE(slot->child >= 0);
    if (slot->child)
        return;
    if (!dice_setting("CRASH_FAULT_K", 0))
        crash_folder_hush();
    run_child(p->plan, slot->folder, slot->diary, k);
}

/* Waits for any session and looks at what it left. */
static void finish(Plans *p)
{
    int   status;
    pid_t child = wait(&status);
    Slot *slot = p->slots;

    ENSURE(child > 0);
    while (slot->child != child)
        slot++;
    outcome = slot->outcome;
    (void)ended_well(p->plan, status);
    check_after(p->plan, slot->folder, slot->diary, slot->k);
    diary_free(slot->diary);
    slot->child = 0;
    p->runs++;
    p->aborts += outcome->sync_failed;
    p->full += outcome->full > 0;
    if (slot->k == UINT64_MAX)
        p->calls = outcome->calls;
}

static Slot *free_slot(Plans *p)
{
    for (;;) {
        for (unsigned i = 0; i < SLOTS; i++)
            if (!p->slots[i].child)
                return &p->slots[i];
        finish(p);
    }
}

static void finish_all(Plans *p)
{
    for (unsigned i = 0; i < SLOTS; i++)
        while (p->slots[i].child)
            finish(p);
}

/* A store with something in it, left as a killed process leaves it: with a log. */
static Diary *make_template(Str template)
{
    Diary *diary = diary_new(100);
    int    status;
    pid_t  child = fork();

    ENSURE(child >= 0);
    if (child == 0) {
        Direct direct;
        Store *store = direct_open_store(unit_call(), template, false);
        Load  *load;

        if (!store || !direct_begin(&direct, store))
            _exit(1);
        load = load_new(diary, direct_send, &direct, 1, 42);
        for (unsigned i = 0; i < 10; i++)
            load_step(load);
        _exit(load->refused + load->open ? 2 : 0);
    }
    ENSURE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return diary;
}

static void prepare(Plans *p)
{
    p->template = crash_folder_make("template");
    p->before = make_template(p->template);
    if (p->plan->fresh) {
        diary_free(p->before);
        p->before = diary_new(1);
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        char name[16];

        snprintf(name, sizeof name, "faulty-%u", i);
        p->slots[i].folder = crash_folder_make(name);
        p->slots[i].outcome = mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        ENSURE(p->slots[i].outcome != MAP_FAILED);
    }
}

static void run_plan(const Plan *plan, uint64_t stride)
{
    uint64_t step = stride * dice_setting("CRASH_FAULT_STEP", 1);
    uint64_t only = dice_setting("CRASH_FAULT_K", 0);
    Plans    p = { .plan = plan };

    prepare(&p);
    begin(&p, &p.slots[0], UINT64_MAX);
    finish(&p);
    CHECK(p.calls > 10);
    for (uint64_t k = only ? only : 1; k <= (only ? only : p.calls + 2); k += step)
        begin(&p, free_slot(&p), k);
    finish_all(&p);
    printf("%s: %llu calls, %llu sessions, %llu ended by a failed sync, %llu said 507\n",
           plan->name, (unsigned long long)p.calls, (unsigned long long)p.runs,
           (unsigned long long)p.aborts, (unsigned long long)p.full);
    CHECK(only || step > stride || (plan->fault == FAULT_FULL ? p.full > 0 : p.aborts > 0));
    diary_free(p.before);
    for (unsigned i = 0; i < SLOTS; i++)
        munmap(p.slots[i].outcome, sizeof *outcome);
}

/* "From then on" differs from "once" by what follows; some of the places are enough for that. */
TEST(a_call_that_fails_once_loses_nothing)
{
    run_plan(&(Plan){ "EIO once", FAULT_BROKEN, false, false }, 1);
}

TEST(a_disk_that_fails_from_some_call_on_loses_nothing)
{
    run_plan(&(Plan){ "EIO from then on", FAULT_BROKEN, true, false }, 5);
}

TEST(a_call_that_fails_while_the_store_is_made_loses_nothing)
{
    run_plan(&(Plan){ "EIO once at the first start", FAULT_BROKEN, false, true }, 2);
}

TEST(a_full_disk_is_called_that_and_loses_nothing)
{
    run_plan(&(Plan){ "ENOSPC once", FAULT_FULL, false, false }, 1);
    run_plan(&(Plan){ "ENOSPC from then on", FAULT_FULL, true, false }, 4);
    run_plan(&(Plan){ "ENOSPC at the first start", FAULT_FULL, true, true }, 4);
}
