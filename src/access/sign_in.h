/*
 * Signing in: password, then a second factor, then a session of the browser. NIST SP 800-63B,
 * ASVS 6 and 7. A wrong name, a wrong password and a disabled login look alike and take alike.
 *
 * After each step the browser gets a new secret, and the old one is dead.
 */
#ifndef ACCESS_SIGN_IN_H
#define ACCESS_SIGN_IN_H

#include "access/person.h"
#include "access/totp.h"

typedef enum Stage {
    STAGE_NONE,
    STAGE_CODE,  /* the password was right; a code is wanted */
    STAGE_SETUP, /* … a second factor has to be set up first */
    STAGE_FULL,
} Stage;

/* Who a browser's session is of. */
typedef struct Person {
    Stage        stage;
    LoginSession session;
    Login        login;
    const Role  *role;
} Person;

typedef struct SignIn {
    Str      name, password, code;
    Str      network; /* throttle_network() of the client */
    Str      device;  /* what the browser brought of an earlier time, or empty */
    unsigned wait_s;  /* with FAIL_THROTTLED: for how long */
    char     secret[TOKEN_CHARS + 1]; /* with OK: of the new session */
    Person   person;
} SignIn;

/* FAIL_LOGIN, FAIL_THROTTLED, FAIL_BUSY. */
Fail sign_in_password(Call *c, Session *s, SignIn *in) MUST_USE;

/* The second step, of a session in STAGE_CODE: a code of the clock, or a recovery code.
 * FAIL_LOGIN, FAIL_THROTTLED. */
Fail sign_in_code(Call *c, Session *s, const Person *person, SignIn *in) MUST_USE;

/* Sets up a second factor: a code of that key proves that the app on the telephone has it. The
 * session becomes STAGE_FULL. `codes` gets the recovery codes, to be shown once. FAIL_LOGIN. */
Fail sign_in_setup(Call *c, Session *s, const Person *person, Str key, SignIn *in,
                   RecoveryCode codes[RECOVERY_CODES]) MUST_USE;

/* Sets a password by a one-time link; the browser is not signed in by it. FAIL_NOT_FOUND. */
Fail sign_in_by_link(Call *c, Session *s, Str link, Str password) MUST_USE;

/* Whose session that secret is of; STAGE_NONE (and OK) if it is nobody's, has ended, was idle
 * too long, or its login may not be used any more. */
Fail sign_in_find(Call *c, Session *s, Str secret, Person *out) MUST_USE;

/* Whether that session of that login may still be used. */
bool sign_in_alive(Call *c, const Person *person);

Fail sign_out(Call *c, Session *s, const Person *person) MUST_USE;

/* The mark by which a browser that has signed in is known again: it is tried apart from
 * strangers, so that they cannot lock its owner out. Names nobody. */
Str device_mark(Arena *a, const Login *login);

#endif
