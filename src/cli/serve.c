/* hale serve: the server on a data folder, until it is told to end. */
#include "cli/serve.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "access/client.h"
#include "access/person.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/options.h"

enum { WORKERS_MAX = 256 };

/* Signals to end are waited for by the main thread; all others inherit that they are blocked. */
static void block_signals(sigset_t *ends)
{
    sigemptyset(ends);
    sigaddset(ends, SIGTERM);
    sigaddset(ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, ends, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static Fail open_store(Call *c, const Serving *serving, const Listening *listening, Store **out)
{
    StoreOptions options = {
        .folder = serving->server.folder,
        .create = true,
        .base = arena_printf(c->arena, "%.*s/fhir", STR_ARG(listening->base_url)),
    };

    return store_open(c, &options, out);
}

static Fail prepare(Call *c, const Serving *serving, Store *store)
{
    return serving->prepare ? serving->prepare(c, store, serving->context) : OK;
}

static bool note_login(void *context, const Login *login)
{
    (void)login;
    *(bool *)context = true;
    return false;
}

/* Where nobody can sign in yet, `link` gets what the first login is made with: there is no
 * password to begin with. Else it stays empty. */
static Fail draw_first_link(Call *c, Store *store, char link[TOKEN_CHARS + 1])
{
    bool     any = false;
    Session *session;
    Fail     result;

    link[0] = '\0';
    TRY(session_open(c, store, &session));
    result = store_login_each(c, session, note_login, &any);
    session_close(session);
    if (result == OK && !any)
        person_first_draw(c->arena, link);
    return result;
}

static void announce(const Listening *listening, char link[TOKEN_CHARS + 1])
{
    printf("listening on %.*s\n", STR_ARG(listening->url));
    if (link[0])
        printf("nobody has a login yet; make the first, within an hour, at "
               "%.*s/welcome?link=%s\n",
               STR_ARG(listening->base_url), link);
    explicit_bzero(link, TOKEN_CHARS + 1);
    fflush(stdout);
}

/* Serves from here on; true when all calls came to their end. */
static bool serve_until_told(Server *server, const sigset_t *ends)
{
    int told;

    while (sigwait(ends, &told) != 0)
        ;
    log_event(LOG_LEVEL_INFO, "stopping", NULL, 0);
    return server_stop(server);
}

static Fail serve(Call *c, const Serving *serving, const sigset_t *ends)
{
    Listening listening;
    Store    *store;
    Server   *server;
    char      link[TOKEN_CHARS + 1];
    Fail      result;

    TRY(server_listen(c, &serving->server, &listening));
    TRY(open_store(c, serving, &listening, &store));
    c->deadline_ms = 0;
    result = prepare(c, serving, store);
    if (result == OK)
        result = store_fill_start(c, store);
    if (result == OK)
        store_follow(store);
    if (result == OK)
        result = client_keep_own(c, store);
    if (result == OK)
        result = draw_first_link(c, store, link);
    if (result == OK)
        result = server_start(c, store, &serving->server, &listening, &server);
    if (result == OK)
        announce(&listening, link);
    if (result == OK && !serve_until_told(server, ends)) {
        log_event(LOG_LEVEL_WARNING, "calls cut off", NULL, 0);
        log_stop();
        _exit(EXIT_FINE);
    }
    store_close(store);
    return result;
}

int serve_folder(const Serving *serving)
{
    sigset_t ends;
    Arena   *arena = arena_create(LIMIT_CALL_BYTES);
    Call     call;
    Fail     result;
    int      status = EXIT_FINE;

    block_signals(&ends);
    log_start();
    call_begin(&call, arena);
    result = serve(&call, serving, &ends);
    log_stop();
    if (result != OK)
        status = options_complain(serving->command, &call, result);
    arena_destroy(arena);
    return status;
}

int command_serve(int argc, char **argv)
{
    Serving  serving = { .command = "serve", .server = { .listen = STR("127.0.0.1:8080") } };
    uint64_t workers = 0;
    Words    words;
    int      status;

    const Option options[] = {
        { "data", OPTION_TEXT, "DIR", "the data folder; made at the first start",
          .required = true, .text = &serving.server.folder },
        { "listen", OPTION_TEXT, "ADDR:PORT", "where to listen; default 127.0.0.1:8080",
          .text = &serving.server.listen },
        { "base-url", OPTION_TEXT, "URL", "the public address, without /fhir",
          .text = &serving.server.base_url },
        { "tls-certificate", OPTION_TEXT, "FILE", "PEM file: the certificate and its chain",
          .text = &serving.server.certificate },
        { "tls-key", OPTION_TEXT, "FILE", "PEM file: its key, for the owner's eyes only (0600)",
          .text = &serving.server.key },
        { "behind-proxy", OPTION_FLAG, NULL, "a proxy in front does TLS: plain HTTP is wanted",
          .flag = &serving.server.behind_proxy },
        { "fetch-from", OPTION_TEXT, "ORIGINS",
          "where keys may be fetched from though it is in a private network or without TLS: "
          "https://host[:port], several separated by spaces",
          .text = &serving.server.fetch_from },
        { "messages", OPTION_TEXT, "FILE",
          "how e-mail and SMS go out: for the owner's eyes only (0600)",
          .text = &serving.server.messages },
        { "workers", OPTION_NUMBER, "N", "threads for what waits or takes long", .min = 1,
          .max = WORKERS_MAX, .number = &workers },
        { "quiet", OPTION_FLAG, NULL, "no log line for each call",
          .flag = &serving.server.quiet },
    };
    const Usage usage = {
        .command = "serve",
        .summary = "Serves the records of a data folder over FHIR until SIGTERM or SIGINT.",
        .options = options,
        .option_count = COUNT(options),
    };

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    serving.server.workers = (unsigned)workers;
    return serve_folder(&serving);
}
