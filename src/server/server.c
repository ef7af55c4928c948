/* Putting the parts together, and taking them apart in the right order: see server.h. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "access/password.h"
#include "base/chunk.h"
#include "base/clock.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "exchange/courier.h"
#include "practice/billing.h"
#include "practice/note.h"
#include "server/http.h"
#include "server/listen.h"
#include "server/metrics.h"
#include "server/remind.h"
#include "server/slow.h"

enum {
    TRIM_MS = 2000, /* how long memory waits for its next use */
    ARENA_BYTES = 256 * 1024 * 1024,
    FILES_KEPT_BACK = 256, /* for the database, logs, the owner */
    OWNER_CONNECTIONS = 16,
    WORKERS_PER_CORE = 16, /* most of them wait for the disk */
    FINISH_MS = 10 * 1000,
};

static unsigned cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n > 0 ? (unsigned)n : 1;
}

/* As many open files as the machine lets us have. */
static unsigned connections_max(void)
{
    struct rlimit files = { 0 };

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
        getrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur < 2 * FILES_KEPT_BACK)
        return FILES_KEPT_BACK;
    if (files.rlim_cur - FILES_KEPT_BACK > LIMIT_CONNECTIONS)
        return LIMIT_CONNECTIONS;
    return (unsigned)(files.rlim_cur - FILES_KEPT_BACK);
}

/* ---- listening ---- */

static Fail check_options(Call *c, const ServerOptions *o)
{
    if ((o->certificate.len == 0) != (o->key.len == 0))
        return fail(c, FAIL_VALUE, (Str){ 0 },
                    "TLS needs both --tls-certificate FILE and --tls-key FILE");
    if (o->base_url.len && !str_starts(o->base_url, STR("http://"))
        && !str_starts(o->base_url, STR("https://")))
        return fail(c, FAIL_VALUE, (Str){ 0 },
                    "--base-url must begin with http:// or https://, without /fhir at its end");
    return OK;
}

/* "https://ehr.example.org/" -> "https://ehr.example.org" */
static Str without_end_slash(Str url)
{
    while (str_ends(url, STR("/")))
        url.len--;
    return url;
}

Fail server_listen(Call *c, const ServerOptions *o, Listening *out)
{
    Listener listener;
    bool     tls = o->key.len > 0;

    TRY(check_options(c, o));
    TRY(listen_open(c, o->listen.len ? o->listen : STR("127.0.0.1:8080"), &listener));
    if (!listener.loopback && !tls && !o->behind_proxy) {
        close(listener.socket);
        return fail(c, FAIL_FORBIDDEN, (Str){ 0 },
                    "%.*s can be reached from other machines, and records must not travel "
                    "unencrypted: give --tls-certificate and --tls-key, or say --behind-proxy "
                    "if a proxy in front does TLS",
                    STR_ARG(listener.authority));
    }
    out->socket = listener.socket;
    out->url = arena_printf(c->arena, "%s://%.*s", tls ? "https" : "http",
                            STR_ARG(listener.authority));
    out->base_url = o->base_url.len ? without_end_slash(o->base_url) : out->url;
    return OK;
}

/* ---- beginning ---- */

static void tick(void *context)
{
    Server  *s = context;
    uint64_t now_ms = clock_monotonic_ms();

    desks_rest(s);
    if (now_ms - s->trimmed_ms < TRIM_MS)
        return;
    chunk_trim();
    s->trimmed_ms = now_ms;
}

static Server *server_new(Store *store, const ServerOptions *o, const Listening *listening)
{
    Arena  *arena = arena_create(ARENA_BYTES);
    Server *s = NEW(arena, Server);

    s->arena = arena;
    ENSURE(pthread_mutex_init(&s->lock, NULL) == 0);
    s->store = store;
    s->folder = arena_str(arena, o->folder);
    s->quiet = o->quiet;
    s->context = (ReplyContext){
        .base_url = arena_str(arena, listening->base_url),
        .tls = o->key.len > 0,
        .behind_proxy = o->behind_proxy,
        .fetch_from = arena_str(arena, o->fetch_from),
        .stopping = &s->stopping,
    };
    s->quick_context = s->context;
    s->quick_context.quick = true;
    s->queue = queue_create(LIMIT_QUEUE);
    return s;
}

static void start_workers(Server *s, unsigned count)
{
    s->workers = server_memory(s, count, sizeof s->workers[0]);
    for (unsigned i = 0; i < count; i++) {
        ENSURE(pthread_create(&s->workers[i], NULL, worker_run, s) == 0);
        s->worker_count++;
    }
}

static Fail read_pems(Call *c, const ServerOptions *o, HttpOptions *http)
{
    if (o->key.len == 0)
        return OK;
    TRY(listen_read_pem(c, o->certificate, false, &http->certificate));
    return listen_read_pem(c, o->key, true, &http->key);
}

static Fail start_front(Call *c, Server *s, const ServerOptions *o, int socket)
{
    HttpOptions http = { .socket = socket,
                         .threads = cores(),
                         .connections = connections_max() };
    Fail        result = read_pems(c, o, &http);

    if (result == OK) {
        s->front = http_start(s, &http);
        if (!s->front)
            result = fail(c, FAIL_SYSTEM, (Str){ 0 }, "The HTTP library would not start%s",
                          o->key.len ? ": do certificate and key belong together?" : "");
    }
    if (http.key.len)
        explicit_bzero((void *)(uintptr_t)http.key.at, http.key.len);
    if (result != OK)
        close(socket);
    return result;
}

static Fail start_owner(Call *c, Server *s)
{
    HttpOptions http = { .threads = 1, .connections = OWNER_CONNECTIONS, .owner = true };

    if (s->folder.len == 0)
        return OK;
    TRY(listen_open_owner(c, s->folder, &http.socket));
    s->owner = http_start(s, &http);
    return s->owner ? OK : fail(c, FAIL_SYSTEM, (Str){ 0 }, "The owner's socket does not work");
}

static Fail start_messages(Call *c, Server *s, const ServerOptions *o)
{
    CourierSettings settings;
    Fail            result;
    Str             text;

    if (o->messages.len == 0)
        return OK;
    TRY(listen_read_file(c, o->messages, true, &text));
    result = courier_settings(c, text, &settings);
    if (result == OK) {
        s->courier = courier_start(s->store, &settings);
        s->context.mails = s->quick_context.mails = settings.mail.url.len > 0;
        s->context.texts = s->quick_context.texts = settings.sms.url.len > 0;
        s->remind = remind_start(s->store, s->context.base_url);
    }
    explicit_bzero((void *)(uintptr_t)text.at, text.len);
    return result;
}

Fail server_start(Call *c, Store *store, const ServerOptions *o, const Listening *listening,
                  Server **out)
{
    Server *s = server_new(store, o, listening);
    Fail    result;

    s->guard = guard_start(s->arena, LIMIT_CONNECTIONS + OWNER_CONNECTIONS, tick, s);
    desks_prepare(s, cores());
    billing_offer();
    note_offer();
    password_thread_start();
    start_workers(s, o->workers ? o->workers : cores() * WORKERS_PER_CORE);
    s->slow = slow_start(s, cores());
    result = start_messages(c, s, o);
    if (result == OK)
        result = start_front(c, s, o, listening->socket);
    else
        close(listening->socket);
    if (result == OK)
        result = start_owner(c, s);
    if (result != OK) {
        server_stop(s);
        return result;
    }
    *out = s;
    return OK;
}

/* ---- end ---- */

static bool wait_until_none(_Atomic uint32_t *count)
{
    uint64_t until = clock_monotonic_ms() + FINISH_MS;

    while (atomic_load(count) > 0) {
        if (clock_monotonic_ms() > until)
            return false;
        usleep(2000);
    }
    return true;
}

static void stop_workers(Server *s)
{
    queue_close(s->queue);
    for (unsigned i = 0; i < s->worker_count; i++)
        pthread_join(s->workers[i], NULL);
    queue_destroy(s->queue);
}

/* First nothing new comes in; then what was begun goes out; then nothing may wait any more,
 * because the library cannot be stopped while a connection is suspended. */
bool server_stop(Server *s)
{
    atomic_store(&s->stopping, true);
    if (s->front)
        http_quiesce(s->front);
    if (s->owner) {
        http_quiesce(s->owner);
        listen_remove_owner(s->folder);
    }
    wait_until_none(&s->under_way);
    atomic_store(&s->stopped, true);
    if (!wait_until_none(&s->waiting))
        return false;
    if (s->front)
        http_stop(s->front);
    if (s->owner)
        http_stop(s->owner);
    stop_workers(s);
    remind_stop(s->remind);
    courier_stop(s->courier);
    slow_stop(s->slow);
    password_thread_stop();
    guard_stop(s->guard);
    desks_clear(s);
    pthread_mutex_destroy(&s->lock);
    arena_destroy(s->arena);
    return true;
}
