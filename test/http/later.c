/*
 * Lets a test move the wall clock of a server: loaded in front of the C library, it adds to
 * CLOCK_REALTIME as many seconds as the file that LATER_FILE names says, eight bytes in the
 * machine's order, read anew each time. The monotonic clock goes on as it is.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *out);

static const volatile int64_t *seconds;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("LATER_FILE");
    int         file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void       *at = file < 0 ? MAP_FAILED : mmap(NULL, 8, PROT_READ, MAP_SHARED, file, 0);

    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    if (at != MAP_FAILED)
        seconds = at;
    if (file >= 0)
        close(file);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int result;

    if (!real)
        begin();
    result = real(clock, out);
    if (result == 0 && seconds && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        out->tv_sec += *seconds;
    return result;
}
