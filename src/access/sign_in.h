/*
 * Signing in: password, then a second factor, then a session of the browser. NIST SP 800-63B,
 * ASVS 6 and 7. A wrong name, a wrong password and a disabled login look alike and take alike.
 *
 * After each step the browser gets a new secret, and the old one is dead.
 */
#ifndef ACCESS_SIGN_IN_H
#define ACCESS_SIGN_IN_H

#include "access/person.h"
#include "access/proxy.h"
#include "access/totp.h"

typedef enum Stage {
    STAGE_NONE,
    STAGE_CODE,  /* the password was right; a code is wanted */
    STAGE_SETUP, /* … a second factor has to be set up first */
    STAGE_FULL,
} Stage;

/* Who a browser's session is of. */
typedef struct Person {
    Stage         stage;
    LoginSession  session;
    Login         login;
    const Role   *role;
    /* A proxy's records whose days have come and are not over; login.patient is the one that
     * person_choose() chose, or the only one. */
    LoginPatients records;
} Person;

/* The record that a proxy means from now on: false if it is none of its own. Anybody else has no
 * choice: true without one. */
bool person_choose(Person *person, Str patient);

typedef struct SignIn {
    Str      name, password, code;
    Str      network; /* throttle_network() of the client */
    Str      device;  /* what the browser brought of an earlier time, or empty */
    Str      agent;   /* what the browser calls itself, for its owner to know it by */
    unsigned wait_s;  /* with FAIL_THROTTLED: for how long */
    char     secret[TOKEN_CHARS + 1]; /* with OK: of the new session */
    Person   person;
} SignIn;

/* FAIL_LOGIN, FAIL_THROTTLED, FAIL_BUSY. */
Fail sign_in_password(Call *c, Session *s, SignIn *in) MUST_USE;

/* The second step, of a session in STAGE_CODE: a code of the clock, or a recovery code.
 * FAIL_LOGIN, FAIL_THROTTLED. */
Fail sign_in_code(Call *c, Session *s, const Person *person, SignIn *in) MUST_USE;

/* Sets up a second factor, or another in place of the one there is: a code of that key proves
 * that the app on the telephone has it. The session becomes STAGE_FULL, and is the only one left.
 * `codes` gets the recovery codes, to be shown once. FAIL_LOGIN; FAIL_FORBIDDEN where there is
 * one already and the session is not fresh. */
Fail sign_in_setup(Call *c, Session *s, const Person *person, Str key, SignIn *in,
                   RecoveryCode codes[RECOVERY_CODES]) MUST_USE;

/* Sets a password by a one-time link; the browser is not signed in by it. FAIL_NOT_FOUND. */
Fail sign_in_by_link(Call *c, Session *s, Str link, Str password) MUST_USE;

/* Whose session that secret is of; STAGE_NONE (and OK) if it is nobody's, has ended, was idle
 * too long, or its login may not be used any more. */
Fail sign_in_find(Call *c, Session *s, Str secret, Person *out) MUST_USE;

/* Whether the login may be used: not disabled, of a role there is, its last day not over. */
bool sign_in_usable(const Call *c, const Login *login);

/* Whether that session of that login may still be used. */
bool sign_in_alive(Call *c, const Person *person);

/* ---- with a session in STAGE_FULL ---- */

/* Whether what proves the person was shown within PROOF_MINUTES. Whatever gives or takes rights,
 * or opens a record in an emergency, demands it (ASVS 7.5.1). */
enum { PROOF_MINUTES = 5 };
bool sign_in_fresh(const Call *c, const Person *person);

/* Shows it again: a code where there is a second factor, else the password. The session gets a
 * new secret and keeps its age. FAIL_LOGIN, FAIL_THROTTLED, FAIL_BUSY. */
Fail sign_in_again(Call *c, Session *s, const Person *person, SignIn *in) MUST_USE;

/* A new password, by who knows the old one (in->password). All other sessions end, and browsers
 * must be known anew. FAIL_LOGIN, FAIL_THROTTLED, FAIL_BUSY. */
Fail sign_in_change_password(Call *c, Session *s, const Person *person, SignIn *in,
                             Str password) MUST_USE;

/* Fresh recovery codes in place of those there were; FAIL_FORBIDDEN without a second factor, or
 * where the session is not fresh. The same for taking the second factor away, which staff may
 * not. */
Fail sign_in_recovery(Call *c, Session *s, const Person *person,
                      RecoveryCode codes[RECOVERY_CODES]) MUST_USE;
Fail sign_in_setup_end(Call *c, Session *s, const Person *person) MUST_USE;

/* Begins a session, for who has proved themselves as far as `stage` says, in place of `instead`
 * or NULL; fills in->secret and in->person. */
Fail sign_in_turn(Call *c, Session *s, const Login *login, Stage stage,
                  const LoginSession *instead, SignIn *in) MUST_USE;

Fail sign_out(Call *c, Session *s, const Person *person) MUST_USE;

/* The mark by which a browser that has signed in is known again: it is tried apart from
 * strangers, so that they cannot lock its owner out. Names nobody. */
Str device_mark(Arena *a, const Login *login);

#endif
