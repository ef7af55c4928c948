/*
 * Assertions about our own code, never about input. They stay on in production: a broken
 * invariant ends the process, which is restarted and recovers, rather than go on with a wrong
 * record. The message names the place only; no value, so no patient's data.
 */
#ifndef BASE_ENSURE_H
#define BASE_ENSURE_H

_Noreturn void ensure_failed(const char *file, int line, const char *what);

#define ENSURE(condition)                                                                      \
    (__builtin_expect(!!(condition), 1) ? (void)0                                              \
                                        : ensure_failed(__FILE__, __LINE__, #condition))

#endif
