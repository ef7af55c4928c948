/*
 * `hale serve` as a process of its own, to be killed. The program is the one the variable HALE
 * names.
 */
#ifndef TEST_CRASH_SERVER_PROCESS_H
#define TEST_CRASH_SERVER_PROCESS_H

#include <sys/types.h>

#include "base/str.h"

typedef struct ServerProcess {
    pid_t    pid;
    uint16_t port;
    uint64_t ready_us; /* from its start to "listening on" */
} ServerProcess;

/* Whether there is a program to start. */
bool server_process_available(void);

/* Starts it and waits until it is ready. What it says is in LOG. False if it ended before. */
bool server_process_start(ServerProcess *p, Str folder, const char *log);

/* SIGKILL, and waits. */
void server_process_kill(ServerProcess *p);

/* SIGTERM; its exit status, -1 if it did not end by itself within ten seconds. */
int server_process_stop(ServerProcess *p);

/* What `hale token` prints for the whole practice; with or without a server on the folder. */
bool server_process_token(Str folder, char token[64]);

#endif
