/*
 * Passwords: which are good enough, and trying them. Trying one costs 50 ms of a core on
 * purpose, so it is done by a thread of low priority beside all others: many who try at once
 * wait for each other, or are told that it is busy; nobody else waits for them.
 */
#ifndef ACCESS_PASSWORD_H
#define ACCESS_PASSWORD_H

#include "base/call.h"
#include "codec/secret.h"

enum { PASSWORD_CHARS_MIN = 12, PASSWORD_BYTES_MAX = 256 };

/* FAIL_VALUE with a reason: shorter than PASSWORD_CHARS_MIN, on the list of common ones (also
 * with digits and signs around it, or said several times), or made of the login's own name. */
typedef enum PasswordFault {
    PASSWORD_GOOD,
    PASSWORD_SHORT,
    PASSWORD_LONG,
    PASSWORD_COMMON,
    PASSWORD_NAME,
} PasswordFault;

PasswordFault password_fault(Arena *a, Str password, Str name);

/* Starts the thread; without it trying is done by the caller. */
void password_thread_start(void);
void password_thread_stop(void);

/* Whether it is the password behind the digest; an empty digest takes as long as any and is
 * nobody's. FAIL_BUSY if too many wait. */
Fail password_try(Call *c, Str hash, Str password, bool *good) MUST_USE;

/* A digest to keep, on the call's arena. FAIL_BUSY as above. */
Fail password_keep(Call *c, Str password, Str *hash) MUST_USE;

#endif
