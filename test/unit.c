/* Runs the unit tests that registered themselves: see unit.h. */
#include "test/unit.h"

#include <ftw.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

static UnitTest   *first_test, *last_test;
static unsigned    failures_of_test;
static const char *skip_reason;
static Arena      *arena;
static Call        call;
static char        folder[256];

void unit_register(UnitTest *test)
{
    if (last_test)
        last_test->next = test;
    else
        first_test = test;
    last_test = test;
}

void unit_fail(const char *file, int line, const char *format, ...)
{
    va_list args;

    failures_of_test++;
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

void unit_skip(const char *reason)
{
    skip_reason = reason;
}

Call *unit_call(void)
{
    return &call;
}

Str unit_folder(void)
{
    const char *base = getenv("TMPDIR");

    if (!folder[0]) {
        snprintf(folder, sizeof folder, "%s/hale-test-XXXXXX", base ? base : "/tmp");
        if (!mkdtemp(folder)) {
            perror("mkdtemp");
            exit(1);
        }
    }
    return str_from(folder);
}

Str unit_data(void)
{
    const char *data = getenv("DATA"), *source = getenv("SOURCE");
    static char beside[512];

    if (!data && source) {
        snprintf(beside, sizeof beside, "%s/../shared/data", source);
        data = beside;
    }
    return data && access(data, R_OK) == 0 ? str_from(data) : (Str){ 0 };
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

static bool wanted(const UnitTest *test, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(test->name, argv[i]) || strstr(test->file, argv[i]))
            return true;
    return argc < 2;
}

static void run(const UnitTest *test)
{
    failures_of_test = 0;
    skip_reason = NULL;
    arena = arena_create((size_t)1 << 30);
    call_begin(&call, arena);
    test->run();
    arena_destroy(arena);
    if (folder[0])
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    folder[0] = '\0';
}

int main(int argc, char **argv)
{
    unsigned passed = 0, failed = 0, skipped = 0;

    for (const UnitTest *test = first_test; test; test = test->next) {
        if (!wanted(test, argc, argv))
            continue;
        run(test);
        if (failures_of_test) {
            failed++;
            printf("FAILED %s\n", test->name);
        } else if (skip_reason) {
            skipped++;
            printf("skipped %s: %s\n", test->name, skip_reason);
        } else {
            passed++;
        }
    }
    printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
    return failed ? 1 : 0;
}
