/*
 * A load generator for HTTP/1.1 over loopback: one thread, epoll, keep-alive, one request at a
 * time on each connection. What is asked is in a file, one request a line:
 *     GET /fhir/Patient/1
 *     PUT /fhir/Patient/1<TAB>{"resourceType":"Patient",…}
 * so every workload is data, made by bench/run. Closed loop: each connection asks again as soon
 * as it has its answer. Open loop (--rate): requests are due on a clock and latency counts from
 * when they were due, so that a server that stalls cannot hide it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "bench/histogram.h"
#include "cli/options.h"

enum { CONNECTIONS_MAX = 20000, HEAD_BYTES = 512, EVENTS = 256, TELL_ERRORS = 5 };

typedef enum Order {
    ORDER_UNIFORM, /* drawn at random */
    ORDER_ZIPF,    /* drawn so that few lines make up most requests */
    ORDER_ONCE,    /* each line once, in order; ends when all are answered */
    ORDER_ROUND,   /* in order, beginning again at the end */
} Order;

typedef struct Line {
    Str method, path, body;
} Line;

typedef struct Connection {
    int      fd;
    bool     busy;
    uint64_t began_ns; /* or when it was due */
    char    *out;      /* the request's head */
    size_t   out_room, out_len, out_sent;
    Str      body;
    size_t   body_sent;
    char    *in; /* the answer: its head, and the body until that is known to be fine */
    size_t   in_len, in_room;
    size_t   head_len; /* 0 while the head is not complete */
    uint64_t body_left;
    bool     chunked;
    int      status;
} Connection;

typedef struct Load {
    Str                host_port, token, header, type;
    struct sockaddr_in address;
    Line              *lines;
    size_t             line_count, next_line;
    Order              order;
    uint64_t           chance;
    uint64_t           connections, seconds, warm_seconds, rate;
    Connection        *all;
    int                epoll;
    size_t             busy;
    bool               ending;
    uint64_t           measure_from_ns, end_ns, due_ns;
    Histogram          latency;
    uint64_t           answers, answers_all, wrong, broken, bytes, told, last_ns;
} Load;

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- what to ask ---- */

static void read_lines(Load *l, const char *path)
{
    struct stat info;
    int         fd = open(path, O_RDONLY | O_CLOEXEC);
    Str         rest, text;
    size_t      room = 0;
    void       *at;

    if (fd < 0 || fstat(fd, &info) != 0)
        die(path);
    at = mmap(NULL, (size_t)info.st_size + 1, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED)
        die(path);
    close(fd);
    rest = (Str){ at, (size_t)info.st_size };
    while (str_next(&rest, '\n', &text)) {
        Line line = { 0 };
        Str  head = text;

        if (text.len == 0)
            continue;
        str_cut(text, '\t', &head, &line.body);
        if (!str_cut(head, ' ', &line.method, &line.path)) {
            fprintf(stderr, "load: a line of %s is not \"METHOD /path\"\n", path);
            exit(2);
        }
        if (l->line_count == room) {
            room = room ? room * 2 : 1024;
            l->lines = realloc(l->lines, room * sizeof *l->lines);
            if (!l->lines)
                die("memory");
        }
        l->lines[l->line_count++] = line;
    }
    if (l->line_count == 0) {
        fprintf(stderr, "load: %s is empty\n", path);
        exit(2);
    }
}

static uint64_t draw(Load *l)
{
    uint64_t x = l->chance;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return l->chance = x;
}

/* The most popular tenth of a thousandth is asked for as often as the next ninth of a
 * thousandth, and so on: 1/x by halving the range, good enough for caches to notice. */
static size_t draw_zipf(Load *l)
{
    uint64_t bits = 64 - (uint64_t)__builtin_clzll(l->line_count);
    uint64_t span = (uint64_t)1 << (1 + draw(l) % bits);
    uint64_t rank = draw(l) % span % l->line_count;

    return (size_t)(rank * 0x9e3779b97f4a7c15 % l->line_count); /* spread over the file */
}

static const Line *line_next(Load *l)
{
    switch (l->order) {
    case ORDER_UNIFORM: return &l->lines[draw(l) % l->line_count];
    case ORDER_ZIPF: return &l->lines[draw_zipf(l)];
    case ORDER_ONCE: return l->next_line < l->line_count ? &l->lines[l->next_line++] : NULL;
    case ORDER_ROUND: return &l->lines[l->next_line++ % l->line_count];
    }
    return NULL;
}

/* ---- connections ---- */

static void watch(Load *l, Connection *c, int operation, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = c };

    if (epoll_ctl(l->epoll, operation, c->fd, &event) != 0)
        die("epoll");
}

static void connection_open(Load *l, Connection *c)
{
    int one = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&l->address, sizeof l->address) != 0)
        die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    watch(l, c, EPOLL_CTL_ADD, EPOLLIN);
}

/* Sends what it can; the rest when the socket is writable again. */
static bool connection_send(Load *l, Connection *c)
{
    while (c->out_sent < c->out_len || c->body_sent < c->body.len) {
        struct iovec parts[2] = {
            { c->out + c->out_sent, c->out_len - c->out_sent },
            { (char *)c->body.at + c->body_sent, c->body.len - c->body_sent },
        };
        ssize_t sent = writev(c->fd, parts, 2);

        if (sent < 0 && errno == EAGAIN) {
            watch(l, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            return true;
        }
        if (sent < 0)
            return false;
        if ((size_t)sent > parts[0].iov_len) {
            c->body_sent += (size_t)sent - parts[0].iov_len;
            c->out_sent = c->out_len;
        } else {
            c->out_sent += (size_t)sent;
        }
    }
    return true;
}

/* Room for a head: what of it is always there fits into HEAD_BYTES beside the texts. */
static void head_reserve(const Load *l, Connection *c, const Line *line)
{
    size_t wanted = HEAD_BYTES + line->method.len + line->path.len + l->host_port.len
                    + l->token.len + l->header.len;

    if (wanted <= c->out_room)
        return;
    c->out = realloc(c->out, wanted);
    if (!c->out)
        die("memory");
    c->out_room = wanted;
}

__attribute__((format(printf, 2, 3))) static void head_put(Connection *c, const char *format,
                                                           ...)
{
    va_list args;
    int     len;

    va_start(args, format);
    len = vsnprintf(c->out + c->out_len, c->out_room - c->out_len, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= c->out_room - c->out_len) {
        fprintf(stderr, "load: a request's head is too long\n");
        exit(2);
    }
    c->out_len += (size_t)len;
}

static bool connection_ask(Load *l, Connection *c, uint64_t began_ns)
{
    const Line *line = line_next(l);

    if (!line)
        return false;
    head_reserve(l, c, line);
    c->out_len = 0;
    head_put(c, "%.*s %.*s HTTP/1.1\r\nHost: %.*s\r\n", STR_ARG(line->method),
             STR_ARG(line->path), STR_ARG(l->host_port));
    if (l->token.len)
        head_put(c, "Authorization: Bearer %.*s\r\n", STR_ARG(l->token));
    if (l->header.len)
        head_put(c, "%.*s\r\n", STR_ARG(l->header));
    if (line->body.len)
        head_put(c, "Content-Type: %.*s\r\nContent-Length: %zu\r\n", STR_ARG(l->type),
                 line->body.len);
    head_put(c, "\r\n");
    c->out_sent = c->body_sent = c->in_len = c->head_len = 0;
    c->body = line->body;
    c->began_ns = began_ns;
    c->busy = true;
    l->busy++;
    if (!connection_send(l, c))
        die("send");
    return true;
}

/* ---- answers ---- */

static Str header(Str head, Str name)
{
    Str line, key, value;

    while (str_next(&head, '\n', &line))
        if (str_cut(line, ':', &key, &value) && str_equal_ascii_nocase(key, name))
            return str_trim(value);
    return (Str){ 0 };
}

static bool read_head(Connection *c)
{
    ptrdiff_t end = str_find((Str){ c->in, c->in_len }, STR("\r\n\r\n"));
    Str       head = { c->in, end < 0 ? 0 : (size_t)end }, length;

    if (end < 0)
        return true;
    c->head_len = (size_t)end + 4;
    if (!str_starts(head, STR("HTTP/1.1 ")) || head.len < 12)
        return false;
    c->status = (c->in[9] - '0') * 100 + (c->in[10] - '0') * 10 + (c->in[11] - '0');
    length = header(head, STR("content-length"));
    c->chunked = str_equal_ascii_nocase(header(head, STR("transfer-encoding")), STR("chunked"));
    c->body_left = 0;
    return c->chunked || c->status == 204 || c->status == 304
           || str_to_u64(length, &c->body_left);
}

static void tell(Load *l, const Connection *c)
{
    size_t body = c->in_len - c->head_len;

    if (l->told++ < TELL_ERRORS)
        fprintf(stderr, "load: status %d for %.*s: %.*s\n", c->status,
                (int)(strchr(c->out, '\r') - c->out), c->out, (int)(body < 500 ? body : 500),
                c->in + c->head_len);
}

static void connection_answered(Load *l, Connection *c)
{
    uint64_t now = now_ns();
    bool     fine = c->status / 100 == 2 || c->status == 304;

    if (!fine)
        tell(l, c);
    l->answers_all++;
    if (now >= l->measure_from_ns) {
        histogram_add(&l->latency, now - c->began_ns);
        l->answers++;
        l->wrong += !fine;
        l->bytes += c->in_len;
        l->last_ns = now;
    }
    c->busy = false;
    l->busy--;
}

static bool answer_complete(const Connection *c)
{
    if (c->head_len == 0)
        return false;
    if (c->chunked)
        return str_ends((Str){ c->in, c->in_len }, STR("0\r\n\r\n"));
    return c->in_len - c->head_len >= c->body_left;
}

/* Takes what has arrived. False: the connection is of no more use. */
static bool connection_receive(Load *l, Connection *c)
{
    for (;;) {
        ssize_t got;

        if (c->in_room - c->in_len < 65536) {
            c->in_room = c->in_room ? c->in_room * 2 : 131072;
            c->in = realloc(c->in, c->in_room);
            if (!c->in)
                die("memory");
        }
        got = read(c->fd, c->in + c->in_len, c->in_room - c->in_len);
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got <= 0)
            return false;
        c->in_len += (size_t)got;
        if (c->head_len == 0 && !read_head(c))
            return false;
        if (answer_complete(c)) {
            connection_answered(l, c);
            return true;
        }
    }
}

static void connection_broken(Load *l, Connection *c)
{
    if (c->busy) {
        l->busy--;
        l->broken++;
        c->busy = false;
    }
    close(c->fd);
    connection_open(l, c);
}

/* ---- the loop ---- */

/* Gives idle connections something to do; in the open loop only what is due. */
static void ask_more(Load *l, Connection *c)
{
    uint64_t now;

    if (c->busy || l->ending)
        return;
    now = now_ns();
    if (l->rate) {
        if (l->due_ns > now)
            return;
        if (connection_ask(l, c, l->due_ns))
            l->due_ns += 1000000000u / l->rate;
        else
            l->ending = true;
        return;
    }
    if (!connection_ask(l, c, now))
        l->ending = true;
}

static void serve_event(Load *l, const struct epoll_event *event)
{
    Connection *c = event->data.ptr;
    bool        good = true;

    if (event->events & EPOLLOUT) {
        watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
        good = connection_send(l, c);
    }
    if (good && event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        good = connection_receive(l, c);
    if (!good)
        connection_broken(l, c);
    if (!l->rate)
        ask_more(l, c);
}

static void run(Load *l)
{
    struct epoll_event events[EVENTS];
    uint64_t           start = now_ns();

    l->measure_from_ns = start + l->warm_seconds * 1000000000u;
    l->end_ns = l->measure_from_ns + l->seconds * 1000000000u;
    l->due_ns = start;
    for (size_t i = 0; i < l->connections; i++)
        ask_more(l, &l->all[i]);
    while (!l->ending || l->busy) {
        uint64_t        now = now_ns();
        struct timespec wait = { .tv_nsec = 100000000 };
        int             count;

        if (now >= l->end_ns)
            l->ending = true;
        if (l->rate && !l->ending)
            wait.tv_nsec = l->due_ns > now ? (long)(l->due_ns - now) % 100000000 : 0;
        count = epoll_pwait2(l->epoll, events, EVENTS, &wait, NULL);
        for (int i = 0; i < count; i++)
            serve_event(l, &events[i]);
        for (size_t i = 0; l->rate && i < l->connections && l->due_ns <= now_ns(); i++)
            ask_more(l, &l->all[i]);
        if (l->ending && now > l->end_ns + 60000000000u)
            break;
    }
}

static void report(const Load *l)
{
    double seconds = (double)(l->last_ns - l->measure_from_ns) / 1e9;

    if (l->answers == 0)
        seconds = 0;
    printf(
        "{\"requests\":%llu,\"requests_all\":%llu,\"seconds\":%.3f,\"per_second\":%.1f,\"megabytes_per_second\":%.1f,"
        "\"wrong\":%llu,\"broken\":%llu,\"connections\":%llu,\"mean_us\":%.1f",
        (unsigned long long)l->answers, (unsigned long long)l->answers_all, seconds,
        seconds > 0 ? (double)l->answers / seconds : 0,
        seconds > 0 ? (double)l->bytes / seconds / 1e6 : 0, (unsigned long long)l->wrong,
        (unsigned long long)l->broken, (unsigned long long)l->connections,
        l->answers ? (double)l->latency.sum / (double)l->answers / 1e3 : 0);
    printf(",\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f}\n",
           (double)histogram_at(&l->latency, 5000) / 1e3,
           (double)histogram_at(&l->latency, 9900) / 1e3,
           (double)histogram_at(&l->latency, 9990) / 1e3, (double)l->latency.max / 1e3);
}

static bool read_order(Str word, Order *out)
{
    static const char *const words[] = {
        [ORDER_UNIFORM] = "uniform",
        [ORDER_ZIPF] = "zipf",
        [ORDER_ONCE] = "once",
        [ORDER_ROUND] = "round",
    };

    for (size_t i = 0; i < COUNT(words); i++) {
        if (str_equal(word, str_from(words[i]))) {
            *out = (Order)i;
            return true;
        }
    }
    return false;
}

static void prepare(Load *l, Str address)
{
    static char host[64];
    Str         name, port;
    uint64_t    number;

    if (!str_cut_last(address, ':', &name, &port) || !str_to_u64(port, &number)
        || name.len >= sizeof host) {
        fprintf(stderr, "load: --to must be ADDRESS:PORT\n");
        exit(2);
    }
    memcpy(host, name.at, name.len);
    l->address =
        (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)number) };
    if (inet_pton(AF_INET, host, &l->address.sin_addr) != 1) {
        fprintf(stderr, "load: --to must be a numeric IPv4 address and a port\n");
        exit(2);
    }
    l->host_port = address;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->all = calloc(l->connections, sizeof *l->all);
    if (l->epoll < 0 || !l->all)
        die("start");
    for (size_t i = 0; i < l->connections; i++)
        connection_open(l, &l->all[i]);
}

int main(int argc, char **argv)
{
    static Load  l = { .connections = 64,
                       .seconds = 10,
                       .chance = 88172645463325252,
                       .type = STR_INIT("application/fhir+json") };
    Str          to = { 0 }, order = STR("uniform");
    const Option options[] = {
        { "to", OPTION_TEXT, "ADDRESS:PORT", "where the server listens", .required = true,
          .text = &to },
        { "token", OPTION_TEXT, "TOKEN", "bearer token", .text = &l.token },
        { "header", OPTION_TEXT, "LINE", "one more header: 'Accept-Encoding: gzip'",
          .text = &l.header },
        { "type", OPTION_TEXT, "TYPE", "of bodies; FHIR JSON if not given", .text = &l.type },
        { "connections", OPTION_NUMBER, "N", "connections; 64 if not given", .min = 1,
          .max = CONNECTIONS_MAX, .number = &l.connections },
        { "seconds", OPTION_NUMBER, "N", "how long to measure; 10 if not given", .min = 1,
          .number = &l.seconds },
        { "warm", OPTION_NUMBER, "N", "seconds before that, not counted",
          .number = &l.warm_seconds },
        { "rate", OPTION_NUMBER, "N", "open loop: requests a second", .max = 1000000,
          .number = &l.rate },
        { "order", OPTION_TEXT, "WORD", "uniform, zipf, once or round", .text = &order },
    };
    const Usage usage = { .command = "load",
                          .summary = "Asks what the lines of FILE say, and counts.",
                          .operands = "FILE",
                          .operands_min = 1,
                          .operands_max = 1,
                          .options = options,
                          .option_count = COUNT(options) };
    Words       words;
    int         status;

    if (!options_read(&usage, argc, argv, &words, &status))
        return status;
    if (!read_order(order, &l.order)) {
        fprintf(stderr, "load: --order must be uniform, zipf, once or round\n");
        return EXIT_USAGE;
    }
    read_lines(&l, words.at[0]);
    prepare(&l, to);
    run(&l);
    report(&l);
    return l.wrong || l.broken ? EXIT_PARTLY : EXIT_FINE;
}
