/* The life of one exchange: see exchange.h. */
#include "server/exchange.h"

#include "base/clock.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "base/log.h"
#include "fhir/definitions.h"
#include "server/metrics.h"
#include "server/slow.h"

enum {
    KEPT_EXCHANGES = 256,             /* with their arenas, by each connection thread */
    BODY_ROOM_AT_FIRST = 1024 * 1024, /* whatever a client announces */
    BODY_ASK_FIRST = 64 * 1024,       /* longer bodies are only read from who may send them */
};

/* ---- beginning ---- */

static Exchange *take_free(Server *server)
{
    Desk     *desk = desk_here(server);
    Exchange *x = desk->free;

    if (!x)
        return server_memory(server, 1, sizeof *x);
    desk->free = x->next;
    desk->free_count--;
    return x;
}

/* "http://host/path" -> "/path" (RFC 9112 3.2.2); the host is not looked at. */
static Str origin_form(Str target)
{
    static const Str schemes[] = { STR_INIT("http://"), STR_INIT("https://") };

    for (size_t i = 0; i < COUNT(schemes); i++) {
        Str rest, host;

        if (target.len < schemes[i].len
            || !str_equal_ascii_nocase(str_slice(target, 0, schemes[i].len), schemes[i]))
            continue;
        rest = str_skip(target, schemes[i].len);
        return str_cut(rest, '/', &host, &rest) ? (Str){ rest.at - 1, rest.len + 1 } : STR("/");
    }
    return target;
}

Exchange *exchange_begin(Server *server, Link *link, Str target, bool owner)
{
    Exchange *x = take_free(server);
    Arena    *arena = x->arena ? x->arena : arena_create(LIMIT_CALL_BYTES);

    *x = (Exchange){ .server = server, .arena = arena, .link = link };
    x->request.owner = owner;
    x->request.address = link ? str_from(link->address) : (Str){ 0 };
    if (target.len > LIMIT_HEADER_BYTES) {
        exchange_refuse(x, FAIL_URI_TOO_LONG, 0, "The address is too long");
        target = STR("/");
    }
    target = origin_form(arena_str(arena, target));
    if (!str_cut(target, '?', &x->request.path, &x->request.query))
        x->request.path = target;
    metrics_gauge(GAUGE_UNDER_WAY, 1);
    return x;
}

void exchange_refuse(Exchange *x, Fail why, int status, const char *text)
{
    if (x->request.refusal.fail == OK)
        x->request.refusal = (Refusal){ why, status, text };
}

/* ---- the headers ---- */

/* How the body is framed must be said once and in one way: what two programs understand
 * differently is how requests are smuggled (RFC 9112 6.1, 6.3). */
static void check_framing(Exchange *x)
{
    const Request *r = &x->request;
    Str            length = { 0 }, coding = { 0 };

    for (size_t i = 0; i < r->header_count; i++) {
        const Header *h = &r->headers[i];

        if (str_equal_ascii_nocase(h->name, STR("Content-Length"))) {
            if (length.at)
                exchange_refuse(x, FAIL_INVALID, 0, "Content-Length is given twice");
            length = h->value;
        } else if (str_equal_ascii_nocase(h->name, STR("Transfer-Encoding"))) {
            if (coding.at || !str_equal_ascii_nocase(h->value, STR("chunked")))
                exchange_refuse(x, FAIL_INVALID, 0,
                                "Of transfer codings only chunked, once, is understood");
            coding = h->value;
        }
    }
    if (length.at && coding.at)
        exchange_refuse(x, FAIL_INVALID, 0,
                        "Content-Length and Transfer-Encoding contradict each other");
    x->body_expected = 0;
    if (coding.at)
        x->body_expected = UINT64_MAX;
    else if (length.at && !str_to_u64(length, &x->body_expected))
        exchange_refuse(x, FAIL_INVALID, 0, "Content-Length is not a number");
    x->has_body = x->body_expected > 0;
}

static void check_limits(Exchange *x)
{
    const Request *r = &x->request;
    size_t         bytes = r->path.len + r->query.len;
    Str            expect = request_header(r, STR("Expect"));

    for (size_t i = 0; i < r->header_count; i++)
        bytes += r->headers[i].name.len + r->headers[i].value.len + 4;
    if (bytes > LIMIT_HEADER_BYTES)
        exchange_refuse(x, FAIL_TOO_LARGE, 431, "The headers are too long");
    if (expect.len && !str_equal_ascii_nocase(expect, STR("100-continue")))
        exchange_refuse(x, FAIL_INVALID, 417,
                        "Of expectations only 100-continue is understood");
    x->body_max = reply_body_bytes_max(r->method, r->path);
    if (x->body_expected != UINT64_MAX && x->body_expected > x->body_max)
        exchange_refuse(x, FAIL_TOO_LARGE, 0, "The body is too long");
    if (x->body_max > LIMIT_BODY_BYTES)
        arena_set_cap(x->arena, LIMIT_BUNDLE_CALL_BYTES);
}

/* The few threads of connections answer most reads. */
static Fail open_session(Exchange *x, Desk *desk, bool quick)
{
    Store *store = x->server->store;

    return quick || desk->roomy ? session_open_roomy(&x->call, store, &desk->session)
                                : session_open(&x->call, store, &desk->session);
}

/* Runs reply_make() with this thread's session. */
static void make_reply(Exchange *x, Desk *desk, const ReplyContext *context)
{
    arena_set_cap(x->arena,
                  x->body_max > LIMIT_BODY_BYTES ? LIMIT_BUNDLE_CALL_BYTES : LIMIT_CALL_BYTES);
    pthread_mutex_lock(&desk->lock);
    if (!desk->session && open_session(x, desk, context->quick) != OK) {
        x->reply = (Reply){ 0 };
        reply_fail(&x->call, context, FAIL_SYSTEM, &x->reply);
    } else {
        desk->used = true;
        reply_make(&x->call, desk->session, context, &x->request, &x->reply);
        x->request.again = true;
    }
    pthread_mutex_unlock(&desk->lock);
}

/* A long body is not worth reading if its sender may not send it. */
static bool may_go_on(Exchange *x)
{
    if (x->request.refusal.fail != OK)
        return false;
    if (!x->has_body || x->body_expected <= BODY_ASK_FIRST)
        return true;
    call_begin(&x->call, x->arena);
    x->request.pending = true;
    make_reply(x, desk_here(x->server), &x->server->quick_context);
    x->request.pending = false;
    return x->reply.go_on;
}

bool exchange_take_head(Exchange *x, bool *ready)
{
    x->began_us = clock_monotonic_us();
    x->counted = true;
    atomic_fetch_add(&x->server->under_way, 1);
    check_framing(x);
    check_limits(x);
    if (may_go_on(x)) {
        if (x->link && x->has_body)
            link_enter(x->link, LINK_BODY);
        return true;
    }
    x->closing = true;
    if (x->link && x->has_body)
        x->link->linger = true;
    metrics_count(COUNTER_REFUSED_EARLY, 1);
    *ready = exchange_answer(x);
    return false;
}

/* ---- the body ---- */

static bool body_grow(Exchange *x, Str bytes)
{
    if (setjmp(*arena_boundary(x->arena))) {
        arena_forget_boundary(x->arena);
        return false;
    }
    if (!x->body.at)
        x->body =
            buf_new(x->arena, x->body_expected < BODY_ROOM_AT_FIRST ? (size_t)x->body_expected
                                                                    : BODY_ROOM_AT_FIRST);
    buf_put(&x->body, bytes);
    arena_forget_boundary(x->arena);
    return true;
}

bool exchange_take_body(Exchange *x, Str bytes)
{
    if (bytes.len > x->body_max - x->body.len)
        exchange_refuse(x, FAIL_TOO_LARGE, 0, "The body is too long");
    else if (metrics_gauge_value(GAUGE_BODY_BYTES) > LIMIT_BODIES_BYTES || !body_grow(x, bytes))
        exchange_refuse(x, FAIL_BUSY, 0, "Too many long bodies are being received");
    if (x->request.refusal.fail != OK)
        return false;
    metrics_gauge(GAUGE_BODY_BYTES, (int64_t)bytes.len);
    if (x->link)
        atomic_fetch_add_explicit(&x->link->body_bytes, bytes.len, memory_order_relaxed);
    return true;
}

/* ---- the answer ---- */

/* From here on the exchange is its connection's again, and may be gone at once: a client that
 * went away is only noticed now. */
static void end_waiting(Exchange *x)
{
    Server *server = x->server;

    http_resume(x);
    atomic_fetch_sub(&server->waiting, 1);
}

/* On the store's writer thread. */
static void audited(void *context, Fail result)
{
    Exchange *x = context;

    x->late = result;
    end_waiting(x);
}

void exchange_conclude(Exchange *x)
{
    if (x->late == OK)
        return;
    if (x->late == FAIL_BUSY)
        metrics_count(COUNTER_REFUSED_BUSY, 1);
    reply_fail(&x->call, &x->server->context, x->late, &x->reply);
}

/* From here on the connection waits. False if the server has stopped: then the call is refused. */
static bool may_wait(Exchange *x)
{
    atomic_fetch_add(&x->server->waiting, 1);
    if (atomic_load(&x->server->stopped)) {
        atomic_fetch_sub(&x->server->waiting, 1);
        x->late = FAIL_BUSY;
        exchange_conclude(x);
        return false;
    }
    x->waiting = true;
    return true;
}

static bool begin_waiting(Exchange *x)
{
    if (x->waiting)
        return true;
    if (!may_wait(x))
        return false;
    http_suspend(x);
    return true;
}

/* Answers when the audit record is durable; if it is already, at once. Where there is more of the
 * request to come, the library would go on reading it behind what is held. */
static bool settle(Exchange *x)
{
    if (!x->reply.unaudited)
        return true;
    if (!x->waiting && !x->closing) {
        if (!may_wait(x))
            return true;
        http_hold(x);
        return false;
    }
    if (!begin_waiting(x))
        return true;
    if (!store_audit_then(x->server->store, &x->reply.audit, 1, audited, x))
        audited(x, FAIL_BUSY);
    return false;
}

static bool hand_to_worker(Exchange *x)
{
    if (!begin_waiting(x))
        return true;
    metrics_gauge(GAUGE_QUEUED, 1);
    if (!queue_put(x->server->queue, x)) {
        metrics_gauge(GAUGE_QUEUED, -1);
        audited(x, FAIL_BUSY);
    }
    return false;
}

bool exchange_answer(Exchange *x)
{
    if (x->link)
        link_enter(x->link, LINK_WORK);
    x->request.body = buf_str(&x->body);
    call_begin(&x->call, x->arena);
    make_reply(x, desk_here(x->server), &x->server->quick_context);
    return x->reply.wants_worker ? hand_to_worker(x) : settle(x);
}

static void not_waited_for(void *context, Fail result)
{
    (void)context, (void)result;
}

/* The record of a refusal need not be waited for: nothing is told. */
void exchange_answer_refusal(Exchange *x)
{
    x->closing = true;
    if (x->link)
        x->link->linger = true;
    metrics_count(COUNTER_REFUSED_EARLY, 1);
    call_begin(&x->call, x->arena);
    make_reply(x, desk_here(x->server), &x->server->quick_context);
    if (x->reply.unaudited)
        store_audit_then(x->server->store, &x->reply.audit, 1, not_waited_for, NULL);
}

/* What only reads waits for nobody, so there is no use in more of it at a time than there are
 * cores, and the fewer sessions it takes turns on, the more of what it needs is there. */
static void read_on_lent_desk(Exchange *x, Desk *desk, CallShare *share)
{
    Desk *lent = desk_borrow(x->server);

    share->until_us = clock_thread_us() + LIMIT_SHARE_US;
    x->call.share = share;
    make_reply(x, lent ? lent : desk, &x->server->context);
    x->call.share = NULL;
    if (lent)
        desk_give_back(x->server, lent);
}

static void work(Exchange *x, Desk *desk)
{
    CallShare share = { 0 };

    if (call_late(&x->call)) {
        audited(x, FAIL_TIMEOUT);
        return;
    }
    if (x->reply.only_reads)
        read_on_lent_desk(x, desk, &share);
    else
        make_reply(x, desk, &x->server->context);
    if (share.over) {
        metrics_count(COUNTER_LONG, 1);
        if (!slow_put(x->server->slow, x))
            audited(x, FAIL_BUSY);
    } else if (settle(x)) {
        end_waiting(x);
    }
}

void exchange_answer_long(Exchange *x)
{
    if (call_late(&x->call)) {
        audited(x, FAIL_TIMEOUT);
        return;
    }
    call_forget_issues(&x->call, 0);
    x->call.issues_left_out = 0;
    make_reply(x, desk_here(x->server), &x->server->context);
    if (settle(x))
        end_waiting(x);
}

void *worker_run(void *context)
{
    Server *server = context;
    Desk   *desk = desk_here(server);

    for (;;) {
        Exchange *x = queue_take(server->queue, 0);

        if (!x)
            x = queue_take(server->queue, -1);
        if (!x)
            return NULL;
        metrics_gauge(GAUGE_QUEUED, -1);
        work(x, desk);
    }
}

/* ---- the end ---- */

static const char *const method_names[] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "other",
};

/* Words of our own and numbers: no path, query, id or token. Security rule B10. */
static void log_call(const Exchange *x, uint64_t us, bool sent)
{
    const Reply   *reply = &x->reply;
    const LogField fields[] = {
        { "id", str_from(x->call.request_id), 0 },
        { "method", str_from(method_names[x->request.method]), 0 },
        { "route", str_from(reply->route ? reply->route : "none"), 0 },
        { "interaction", interaction_name(reply->kind), 0 },
        { "type", reply->audit.type ? type_name(reply->audit.type) : STR(""), 0 },
        { "status", { 0 }, reply->status },
        { "us", { 0 }, (int64_t)us },
        { "bytes", { 0 }, (int64_t)reply->body.len },
        { "sent", { 0 }, sent },
    };

    log_event(LOG_LEVEL_INFO, "call", fields, COUNT(fields));
}

static void give_back(Exchange *x)
{
    Desk *desk = desk_here(x->server);

    arena_reset(x->arena);
    if (desk->free_count >= KEPT_EXCHANGES) {
        arena_destroy(x->arena);
        x->arena = NULL;
    }
    x->next = desk->free;
    desk->free = x;
    desk->free_count++;
}

void exchange_end(Exchange *x, bool sent)
{
    uint64_t us = x->began_us ? clock_monotonic_us() - x->began_us : 0;

    metrics_gauge(GAUGE_UNDER_WAY, -1);
    if (x->counted)
        atomic_fetch_sub(&x->server->under_way, 1);
    if (x->body.len)
        metrics_gauge(GAUGE_BODY_BYTES, -(int64_t)x->body.len);
    if (x->reply.status) {
        metrics_call(x->reply.kind, x->reply.status, us);
        metrics_count(COUNTER_BYTES_OUT, x->reply.body.len);
        if (!x->server->quiet)
            log_call(x, us, sent);
    }
    if (x->link)
        link_enter(x->link, LINK_IDLE);
    give_back(x);
}
