/*
 * What the check of a bearer token costs: from the header to what its bearer may do, for one that was
 * found within the last second, and for one that must be looked up. One line of JSON for each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "access/token.h"

enum { TOKENS = 200, ROUNDS = 200000 };

static char tokens[TOKENS][TOKEN_CHARS + 1];

/* Processor time: others at work on the machine count for nothing. */
static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static Fail check(Call *c, Session *s, const char *token)
{
    const Principal *found;
    Fail             result;

    result =
        principal_from_authorization(c, s, arena_printf(c->arena, "Bearer %s", token), &found);
    arena_reset(c->arena);
    return result;
}

static Fail measure(Call *c, Session *s)
{
    double begin = now_us(), looked_up, remembered;

    for (int i = 0; i < TOKENS; i++)
        TRY(check(c, s, tokens[i]));
    looked_up = (now_us() - begin) / TOKENS;
    begin = now_us();
    for (int i = 0; i < ROUNDS; i++)
        TRY(check(c, s, tokens[i % 4]));
    remembered = (now_us() - begin) / ROUNDS;
    printf("{\"name\":\"token check, looked up\",\"us\":%.2f}\n", looked_up);
    printf("{\"name\":\"token check, remembered\",\"us\":%.2f}\n", remembered);
    return OK;
}

static Fail run(Call *c, Str folder)
{
    StoreOptions options = { .folder = folder, .create = true };
    Store       *store;
    Session     *s;
    Fail         result = OK;

    TRY(store_open(c, &options, &store));
    for (int i = 0; i < TOKENS && result == OK; i++)
        result = token_create(c, store, STR("user/*.cruds patient/Observation.rs"), STR("p1"),
                              STR("bench"), 60, tokens[i]);
    if (result == OK)
        result = session_open(c, store, &s);
    if (result == OK) {
        result = measure(c, s);
        session_close(s);
    }
    store_close(store);
    return result;
}

int main(int argc, char **argv)
{
    Call c = { 0 };

    if (argc != 2) {
        fprintf(stderr, "usage: token FOLDER\n");
        return 2;
    }
    call_begin(&c, arena_create(64 * 1024 * 1024));
    c.deadline_ms = 0;
    if (run(&c, str_from(argv[1])) != OK) {
        fprintf(stderr, "token: it failed\n");
        return 1;
    }
    return 0;
}
