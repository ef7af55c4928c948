/*
 * HTTP/1.1 by libmicrohttpd: the threads it runs on, its callbacks, its traps. Nothing is decided
 * here; bytes become an Exchange and a Reply becomes bytes.
 *
 * What to know of the library:
 * - An answer that is queued when the handler is first called (headers only) closes the
 *   connection afterwards. So that is done for refusals only.
 * - Releases before 1.0 read laxly: bare line feeds, folded headers, blanks before the colon,
 *   NUL inside a line. They leave the header lines where they came in, each zero-terminated in
 *   place; lines_are_plain() sees from that whether they were as RFC 9112 wants them.
 * - What it cannot read it refuses by itself, with pages of HTML; it has no option for others.
 *   It queues them by its own public function, and our definition of that goes first: see
 *   MHD_queue_response() below. Where it says nothing (a first line that is hardly one, a TLS
 *   greeting in the clear) the connection just ends.
 * - With every request the whole memory pool of the connection is zeroed: so it is kept small.
 * - Its log lines hold addresses, which hold ids of patients: it is given no log.
 */
#include "server/http.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "server/held.h"
#include "server/listen.h"

enum {
    POOL_BYTES =
        LIMIT_HEADER_BYTES + 4 * 1024, /* of one connection: request and answer heads */
    HEADERS_MAX = 64,
    HELD_MS = 1, /* the longest a lane sleeps with answers held */
};

static const char tls_priorities[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:"
    "+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:-MAC-ALL:+AEAD:-SIGN-RSA-SHA1";

/* One daemon of the library, the thread that runs it, and the connections it has. */
typedef struct Lane {
    struct MHD_Daemon *daemon;
    Http              *http;
    pthread_t          thread;
    atomic_bool        ending;
    _Atomic unsigned   open;
    Held               held;
    bool               unfinished; /* the library has something to go on with at once */
    Inbox              inbox;
    Arrival            arrivals[ARRIVALS_MAX];
} Lane;

/* Connections are taken by a thread of our own and given to the lane that has fewest: where the
 * library's threads take them for themselves, one easily gets most of them. */
struct Http {
    Server   *server;
    int       socket;
    bool      owner;
    bool      accepting;
    pthread_t acceptor;
    unsigned  lane_count, connections_max;
    Lane     *lanes;
};

/* The lane whose thread this is. */
static _Thread_local Lane *lane_here;

/* ---- connections ---- */

static Str peer_address(struct MHD_Connection *connection, char *text, size_t room)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info ? info->client_addr : NULL;

    text[0] = '\0';
    if (a && a->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text, (socklen_t)room);
    else if (a && a->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, text,
                  (socklen_t)room);
    return str_from(text);
}

static int socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info ? info->connect_fd : -1;
}

static Link *link_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **link,
                          enum MHD_ConnectionNotificationCode what)
{
    Lane  *lane = context;
    Guard *guard = lane->http->server->guard;
    char   text[INET6_ADDRSTRLEN];

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        atomic_fetch_sub(&lane->open, 1);
        if (*link)
            guard_remove(guard, *link);
        *link = NULL;
        return;
    }
    *link =
        guard_add(guard, socket_of(connection), peer_address(connection, text, sizeof text));
}

/* ---- a request comes in ---- */

/* The library would cut the query into parameters, each of which takes room in the connection's
 * memory; with some two hundred there is none left, and it refuses the request and goes on reading it
 * where the memory was. Nobody asks it for them, so it is given an empty query: it has found the '?'
 * already, and looks at what stands behind only now. The buffer is its own, and it writes there
 * itself. */
static void hide_query(const char *target)
{
    char *mark = strchr((char *)(uintptr_t)target, '?');

    if (mark && mark[1])
        mark[1] = '\0';
}

static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    Http     *http = ((Lane *)context)->http;
    Link     *link = link_of(connection);
    Exchange *x;

    if (link)
        link_enter(link, LINK_HEADERS);
    x = exchange_begin(http->server, link, str_from(target), http->owner);
    x->connection = connection;
    x->lane = context;
    x->target = str_from(target);
    hide_query(target);
    return x;
}

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len)
{
    Exchange *x = context;
    Request  *r = &x->request;

    (void)kind;
    r->headers[r->header_count++] =
        (Header){ { name, name_len }, { value ? value : "", value_len } };
    return MHD_YES;
}

static void check_headers(Exchange *x)
{
    Request *r = &x->request;

    for (size_t i = 0; i < r->header_count; i++) {
        if (!header_is_well_formed(&r->headers[i]))
            exchange_refuse(x, FAIL_INVALID, 0, "A header is not well-formed");
        r->headers[i].value = str_trim(r->headers[i].value);
    }
}

#if MHD_VERSION < 0x01000000
/* Whether a line that ended at `end` was ended by CR LF and the next begins at `next`. The
 * library has put NUL in place of both. */
static bool line_ended(const char *end, const char *next)
{
    return next == end + 2 && end[0] == '\0' && end[1] == '\0';
}

/* Whether request line and headers lie in memory as they must if every line was ended by CR LF
 * and none was folded, cut by a NUL, or spaced out. */
static bool lines_are_plain(const Exchange *x, const char *method, const char *version)
{
    const Request *r = &x->request;
    const char    *end = version + strlen(version);

    if (x->target.at != method + strlen(method) + 1
        || version != x->target.at + x->target.len + 1)
        return false;
    for (size_t i = 0; i < r->header_count; i++) {
        const Header *h = &r->headers[i];

        if (!line_ended(end, h->name.at) || h->value.at <= h->name.at + h->name.len)
            return false;
        end = h->value.at + h->value.len;
    }
    return end[0] == '\0' && end[1] == '\0' && end[2] == '\0' && end[3] == '\0';
}
#else
static bool lines_are_plain(const Exchange *x, const char *method, const char *version)
{
    (void)x, (void)method, (void)version; /* the library is strict by itself */
    return true;
}
#endif

static void take_head(Exchange *x, const char *method, const char *version)
{
    int count = MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, NULL, NULL);

    x->request.method = method_parse(str_from(method));
    x->request.headers = NEW_ARRAY(x->arena, Header, (size_t)count);
    if (count > HEADERS_MAX)
        exchange_refuse(x, FAIL_TOO_LARGE, 431, "There are too many headers");
    MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, take_header, x);
    if (!lines_are_plain(x, method, version))
        exchange_refuse(x, FAIL_INVALID, 0, "The request's lines are not well-formed");
    check_headers(x);
    if (strcmp(version, "HTTP/1.1") != 0
        && request_header(&x->request, STR("Transfer-Encoding")).at)
        exchange_refuse(x, FAIL_INVALID, 0, "HTTP/1.0 knows no transfer codings");
}

/* ---- an answer goes out ---- */

typedef enum MHD_Result QueueResponse(struct MHD_Connection *connection, unsigned status,
                                      struct MHD_Response *response);
typedef ssize_t         TlsSend(void *session, const void *data, size_t len);

/* Found when the first server starts. */
static QueueResponse *queue_response; /* the library's own */
static TlsSend       *tls_send;       /* of the TLS library that came with it, or NULL */

static void find_functions(void)
{
    *(void **)&queue_response = dlsym(RTLD_NEXT, "MHD_queue_response");
    *(void **)&tls_send = dlsym(RTLD_DEFAULT, "gnutls_record_send");
    ENSURE(queue_response);
}

static struct MHD_Response *response_of(Exchange *x)
{
    const Reply         *reply = &x->reply;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->body.len, (void *)(uintptr_t)reply->body.at, MHD_RESPMEM_PERSISTENT);

    if (!response)
        return NULL;
    for (size_t i = 0; i < reply->header_count; i++)
        MHD_add_response_header(response, arena_c_string(x->arena, reply->headers[i].name),
                                arena_c_string(x->arena, reply->headers[i].value));
    if (x->closing || x->server->stopping)
        MHD_add_response_header(response, "Connection", "close");
    return response;
}

/* The body stays the exchange's: it is given back when the library says the request is over. */
static enum MHD_Result send_reply(Exchange *x)
{
    struct MHD_Response *response = response_of(x);
    enum MHD_Result      result;

    if (!response)
        return MHD_NO;
    if (x->link)
        link_enter(x->link, LINK_ANSWER);
    result = queue_response(x->connection, (unsigned)x->reply.status, response);
    ((Lane *)x->lane)->unfinished = true;
    MHD_destroy_response(response);
    return result;
}

/* Writes the reply past the library, which then ends the connection. */
static void send_past(Exchange *x, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    Buf out = buf_new(x->arena, 1024);

    buf_printf(&out, "HTTP/1.1 %d Refused\r\nConnection: close\r\nContent-Length: %zu\r\n",
               x->reply.status, x->reply.body.len);
    for (size_t i = 0; i < x->reply.header_count; i++)
        buf_printf(&out, "%.*s: %.*s\r\n", STR_ARG(x->reply.headers[i].name),
                   STR_ARG(x->reply.headers[i].value));
    buf_put(&out, STR("\r\n"));
    buf_put(&out, x->reply.body);
    if (!info || !info->tls_session)
        send(socket_of(connection), out.at, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    else if (tls_send)
        tls_send(info->tls_session, out.at, out.len);
}

/* In the middle of a body the library takes no answer. */
static enum MHD_Result cut_off(Exchange *x)
{
    exchange_answer_refusal(x);
    send_past(x, x->connection);
    return MHD_NO;
}

static const struct LibraryRefusal {
    unsigned    status;
    Fail        why;
    const char *text;
} library_refusals[] = {
    { 413, FAIL_TOO_LARGE, "The body is too long" },
    { 414, FAIL_TOO_LARGE, "The address is too long" },
    { 431, FAIL_TOO_LARGE, "The headers are too long" },
    { 500, FAIL_SYSTEM, "The request could not be read" },
    { 503, FAIL_BUSY, "There is no room for the request" },
    { 505, FAIL_NOT_SUPPORTED, "Only HTTP/1.1 and HTTP/1.0 are understood" },
};

static struct LibraryRefusal library_refusal(unsigned status)
{
    for (size_t i = 0; i < COUNT(library_refusals); i++)
        if (library_refusals[i].status == status)
            return library_refusals[i];
    return (struct LibraryRefusal){ status, FAIL_INVALID,
                                    "The request is not well-formed HTTP" };
}

/* Whoever calls this is the library itself, with a page of its own, on its lane's thread. Ours is
 * sent instead, on an exchange of its own; told that its page was not taken, the library ends the
 * connection. (It puts some of its pages out with two heads, too.) Where a library is bound so
 * that it does not come by here, its pages go out as they are. */
enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned status,
                                   struct MHD_Response *page)
{
    struct LibraryRefusal refusal = library_refusal(status);
    Link                 *link = link_of(connection);
    Exchange             *x;

    if (!lane_here)
        return queue_response(connection, status, page);
    if (link)
        link->linger = true;
    x = exchange_begin(lane_here->http->server, NULL, (Str){ 0 }, false);
    exchange_refuse(x, refusal.why, (int)status, refusal.text);
    exchange_answer_refusal(x);
    send_past(x, connection);
    exchange_end(x, true);
    return MHD_NO;
}

void http_hold(Exchange *x)
{
    held_add(&((Lane *)x->lane)->held, x);
}

void http_suspend(Exchange *x)
{
    MHD_suspend_connection(x->connection);
}

void http_resume(Exchange *x)
{
    inbox_put_reply(&((Lane *)x->lane)->inbox, x);
}

/* Called when the headers are in, for each part of the body, at its end, and after a resume. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *part, size_t *part_len, void **exchange)
{
    Exchange *x = *exchange;
    bool      ready = true;

    (void)context, (void)connection, (void)url;
    if (!x)
        return MHD_NO;
    if (x->round)
        return MHD_YES; /* and it will ask again */
    if (x->waiting) {
        exchange_conclude(x);
        return send_reply(x);
    }
    if (!x->began_us) {
        take_head(x, method, version);
        if (exchange_take_head(x, &ready))
            return MHD_YES;
        return ready ? send_reply(x) : MHD_YES;
    }
    if (*part_len) {
        if (!exchange_take_body(x, (Str){ part, *part_len }))
            return cut_off(x);
        *part_len = 0;
        ((Lane *)x->lane)->unfinished = true;
        return MHD_YES;
    }
    return exchange_answer(x) ? send_reply(x) : MHD_YES;
}

static void on_end(void *context, struct MHD_Connection *connection, void **exchange,
                   enum MHD_RequestTerminationCode why)
{
    Exchange *x = *exchange;

    (void)connection;
    if (x && x->round)
        held_forget(&((Lane *)context)->held, x);
    if (x)
        exchange_end(x, why == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    *exchange = NULL;
}

/* The path is decoded by the router, once; the library shall leave it alone. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context, (void)connection;
    return strlen(text);
}

/* ---- beginning and end ---- */

static struct MHD_Daemon *daemon_start(Lane *lane, const HttpOptions *o)
{
    bool     tls = o->key.len > 0;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET
                     | (tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls_items[] = {
        { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->key.at },
        { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)o->certificate.at },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)tls_priorities },
        { MHD_OPTION_END, 0, NULL },
    };
    struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, lane, MHD_OPTION_URI_LOG_CALLBACK,
                            on_target, lane, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
                            MHD_OPTION_NOTIFY_COMPLETED, on_end, lane,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, lane,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
                            MHD_OPTION_CONNECTION_LIMIT, o->connections / o->threads + 1,
                            MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_ARRAY, tls ? tls_items : none, MHD_OPTION_END);
}

/* NULL if there are as many connections as there may be. */
static Lane *emptiest_lane(Http *http)
{
    Lane    *best = NULL;
    unsigned all = 0, fewest = UINT_MAX;

    for (unsigned i = 0; i < http->lane_count; i++) {
        unsigned open = atomic_load(&http->lanes[i].open);

        all += open;
        if (open < fewest) {
            fewest = open;
            best = &http->lanes[i];
        }
    }
    return all < http->connections_max ? best : NULL;
}

/* A lane's connections are counted here already: its thread may take a while to see them. */
static void give_to_lane(Http *http, Arrival arrival)
{
    Lane *lane = emptiest_lane(http);

    if (!lane || (http->owner && !listen_peer_is_owner(arrival.socket))) {
        close(arrival.socket);
        return;
    }
    atomic_fetch_add(&lane->open, 1);
    while (!inbox_put_arrival(&lane->inbox, &arrival))
        usleep(1000);
}

/* Until the listening socket is shut down. Where the machine has no more files or memory for a
 * connection, it is tried again in a moment. */
static void *take_connections(void *context)
{
    Http *http = context;

    for (;;) {
        Arrival arrival = { .len = sizeof arrival.address };

        arrival.socket = accept4(http->socket, (struct sockaddr *)&arrival.address,
                                 &arrival.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (arrival.socket >= 0)
            give_to_lane(http, arrival);
        else if (errno == EINVAL)
            return NULL;
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            usleep(10000);
    }
}

/* Replies that are ready go out, and new connections come in. */
static void empty_inbox(Lane *lane)
{
    size_t    count = inbox_take_arrivals(&lane->inbox, lane->arrivals);
    Exchange *x = inbox_take_replies(&lane->inbox), *next;

    for (; x; x = next) {
        next = x->next;
        MHD_resume_connection(x->connection);
    }
    for (size_t i = 0; i < count; i++) {
        const Arrival *a = &lane->arrivals[i];

        if (MHD_add_connection(lane->daemon, a->socket, (const struct sockaddr *)&a->address,
                               a->len)
            != MHD_YES)
            atomic_fetch_sub(&lane->open, 1); /* the library has closed it */
    }
}

/* Milliseconds until the library wants to be run though nothing happens; -1: never. With answers held
 * it would always be run at once; that is only worth it where something else is unfinished, and in the
 * rare case that this cannot be seen from outside the next millisecond is soon enough. */
static int patience(Lane *lane)
{
    MHD_UNSIGNED_LONG_LONG ms;

    if (lane->held.count && !lane->unfinished)
        return HELD_MS;
    if (MHD_get_timeout(lane->daemon, &ms) != MHD_YES)
        return -1;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

static void lane_turn(Lane *lane)
{
    empty_inbox(lane);
    held_let_go(&lane->held);
    lane->unfinished = false;
    MHD_run(lane->daemon);
    held_hand_over(&lane->held);
}

/* The library has threads of its own, but wakes them for each connection that is resumed. Of a
 * commit that dozens of readers have waited for, this one hears once. */
static void *lane_run(void *context)
{
    Lane                       *lane = context;
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(lane->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd polls[] = { { .fd = info->epoll_fd, .events = POLLIN },
                              { .fd = lane->inbox.wake, .events = POLLIN } };

    lane_here = lane;
    while (!atomic_load(&lane->ending)) {
        poll(polls, COUNT(polls), patience(lane));
        if (polls[1].revents)
            inbox_quiet(&lane->inbox);
        lane_turn(lane);
    }
    lane_turn(lane);
    MHD_stop_daemon(lane->daemon);
    return NULL;
}

static bool lane_start(Lane *lane, Http *http, const HttpOptions *o)
{
    lane->http = http;
    lane->daemon = daemon_start(lane, o);
    if (!lane->daemon)
        return false;
    inbox_open(&lane->inbox);
    held_open(&lane->held, http->server, &lane->inbox);
    if (pthread_create(&lane->thread, NULL, lane_run, lane) == 0)
        return true;
    MHD_stop_daemon(lane->daemon);
    inbox_close(&lane->inbox);
    return false;
}

static bool lanes_start(Http *http, const HttpOptions *o)
{
    http->lanes = server_memory(http->server, o->threads, sizeof http->lanes[0]);
    for (unsigned i = 0; i < o->threads; i++) {
        if (!lane_start(&http->lanes[i], http, o))
            return false;
        http->lane_count++;
    }
    return true;
}

static void lanes_stop(Http *http)
{
    for (unsigned i = 0; i < http->lane_count; i++) {
        Lane *lane = &http->lanes[i];

        atomic_store(&lane->ending, true);
        inbox_wake(&lane->inbox);
        pthread_join(lane->thread, NULL);
        inbox_close(&lane->inbox);
    }
    http->lane_count = 0;
}

Http *http_start(Server *server, const HttpOptions *options)
{
    Http *http = server_memory(server, 1, sizeof *http);
    int   flags = fcntl(options->socket, F_GETFL);

    find_functions();
    http->server = server;
    http->owner = options->owner;
    http->socket = options->socket;
    http->connections_max = options->connections;
    fcntl(http->socket, F_SETFL, flags & ~O_NONBLOCK);
    if (!lanes_start(http, options)
        || pthread_create(&http->acceptor, NULL, take_connections, http) != 0) {
        lanes_stop(http);
        return NULL;
    }
    http->accepting = true;
    return http;
}

void http_quiesce(Http *http)
{
    if (!http->accepting)
        return;
    shutdown(http->socket, SHUT_RDWR);
    pthread_join(http->acceptor, NULL);
    close(http->socket);
    http->accepting = false;
}

void http_stop(Http *http)
{
    lanes_stop(http);
}
