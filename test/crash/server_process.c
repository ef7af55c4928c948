/* `hale serve` as a process. See server_process.h. */
#include "test/crash/server_process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ensure.h"

enum { READY_MS_MAX = 30000, STOP_MS_MAX = 10000, PATH_ROOM = 600 };

static const char *program(void)
{
    return getenv("HALE");
}

bool server_process_available(void)
{
    return program() && access(program(), X_OK) == 0;
}

/* Starts the program with its standard output and error in a file. */
static pid_t run(const char *const arguments[], const char *log)
{
    pid_t child = fork();
    int   out;

    ENSURE(child >= 0);
    if (child)
        return child;
    out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        _exit(126);
    execv(program(), (char *const *)arguments);
    _exit(127);
}

/* The first bytes of a file. */
static Str read_start(const char *path, char *room, size_t bytes)
{
    int     in = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = in >= 0 ? read(in, room, bytes) : 0;

    if (in >= 0)
        close(in);
    return (Str){ room, got > 0 ? (size_t)got : 0 };
}

/* "listening on http://127.0.0.1:40001\n" */
static bool find_port(Str said, uint16_t *port)
{
    const Str before = STR("listening on http://127.0.0.1:");
    ptrdiff_t at = str_find(said, before);
    Str       number, rest;
    uint64_t  value;

    if (at < 0 || !str_cut(str_skip(said, (size_t)at + before.len), '\n', &number, &rest)
        || !str_to_u64(str_trim(number), &value))
        return false;
    *port = (uint16_t)value;
    return true;
}

bool server_process_start(ServerProcess *p, Str folder, const char *log)
{
    char        data[PATH_ROOM], said[4096];
    const char *arguments[] = { "hale",     "serve",       "--data",  data,
                                "--listen", "127.0.0.1:0", "--quiet", NULL };
    uint64_t    start = clock_monotonic_us();
    int         status;

    snprintf(data, sizeof data, "%.*s", STR_ARG(folder));
    unlink(log);
    *p = (ServerProcess){ .pid = run(arguments, log) };
    while (!find_port(read_start(log, said, sizeof said), &p->port)) {
        if (waitpid(p->pid, &status, WNOHANG) == p->pid)
            return false;
        if (clock_monotonic_us() - start > READY_MS_MAX * 1000ull) {
            server_process_kill(p);
            return false;
        }
        usleep(500);
    }
    p->ready_us = clock_monotonic_us() - start;
    return true;
}

void server_process_kill(ServerProcess *p)
{
    int status;

    kill(p->pid, SIGKILL);
    ENSURE(waitpid(p->pid, &status, 0) == p->pid);
}

int server_process_stop(ServerProcess *p)
{
    uint64_t start = clock_monotonic_ms();
    int      status;

    kill(p->pid, SIGTERM);
    while (clock_monotonic_ms() - start < STOP_MS_MAX) {
        if (waitpid(p->pid, &status, WNOHANG) == p->pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        usleep(2000);
    }
    server_process_kill(p);
    return -1;
}

bool server_process_token(Str folder, char token[64])
{
    char        data[PATH_ROOM], log[PATH_ROOM + 8], said[4096];
    const char *arguments[] = { "hale",           "token",     "--data", data, "--scope",
                                "system/*.cruds", "--minutes", "600",    NULL };
    int         status;
    Str         line, rest;

    snprintf(data, sizeof data, "%.*s", STR_ARG(folder));
    snprintf(log, sizeof log, "%s.token", data);
    ENSURE(waitpid(run(arguments, log), &status, 0) > 0);
    line = read_start(log, said, sizeof said);
    (void)str_cut(line, '\n', &line, &rest);
    line = str_trim(line);
    unlink(log);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || line.len == 0 || line.len >= 64)
        return false;
    memcpy(token, line.at, line.len);
    token[line.len] = '\0';
    return true;
}
