/* Deadlines for clients: see guard.h. Byte counts come from the kernel (TCP_INFO). */
#include "server/guard.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "server/metrics.h"

enum {
    TICK_MS = 100,     /* how often the tick function runs */
    LOOK_MS = 1000,    /* how often connections are looked at */
    LOOK_AT_ONCE = 64, /* links looked at under one taking of the lock */
    LINGER_MS = 2000,
    LINGERING_MAX = 64,
    RATE_BYTES_PER_S = 1024, /* the least a body must come, or an answer be taken, at … */
    RATE_AFTER_MS = 10000,   /* … once this much time has passed */
    TCP_CLOSE_WAIT = 8,      /* the kernel's number for: the other side will send no more */
};

#define NO_LINK UINT32_MAX

typedef struct Lingering {
    int      socket;
    uint64_t until_ms;
} Lingering;

struct Guard {
    pthread_mutex_t lock;
    pthread_t       thread;
    int             wake; /* eventfd */
    bool            ending;
    Link           *links;
    unsigned        room, top; /* links[top…] were never used */
    uint32_t        free;      /* list by place */
    Lingering       lingering[LINGERING_MAX];
    size_t          lingering_count;
    void (*tick)(void *context);
    void *context;
};

void link_enter(Link *link, LinkPhase phase)
{
    atomic_store_explicit(&link->since_ms, clock_coarse_ms(), memory_order_relaxed);
    if (phase == LINK_BODY)
        atomic_store_explicit(&link->body_bytes, 0, memory_order_relaxed);
    atomic_store_explicit(&link->phase, (uint8_t)phase, memory_order_relaxed);
    atomic_fetch_add_explicit(&link->turns, 1, memory_order_release);
}

Link *guard_add(Guard *g, int socket, Str address)
{
    Link *link = NULL;

    pthread_mutex_lock(&g->lock);
    if (g->free != NO_LINK) {
        link = &g->links[g->free];
        g->free = link->next_free;
    } else if (g->top < g->room) {
        link = &g->links[g->top++];
    }
    if (link) {
        *link = (Link){ .socket = socket };
        if (address.len < sizeof link->address)
            memcpy(link->address, address.at, address.len);
        link_enter(link, LINK_IDLE);
    }
    pthread_mutex_unlock(&g->lock);
    metrics_gauge(GAUGE_CONNECTIONS, link != NULL);
    return link;
}

static void wake(Guard *g)
{
    uint64_t one = 1;
    ssize_t  n = write(g->wake, &one, sizeof one);

    (void)n; /* a full counter wakes as well */
}

void guard_remove(Guard *g, Link *link)
{
    pthread_mutex_lock(&g->lock);
    if (link->linger && g->lingering_count < LINGERING_MAX) {
        int copy = dup(link->socket);

        if (copy >= 0)
            g->lingering[g->lingering_count++] =
                (Lingering){ copy, clock_monotonic_ms() + LINGER_MS };
        wake(g);
    }
    link->socket = -1;
    link->next_free = g->free;
    g->free = (uint32_t)(link - g->links);
    pthread_mutex_unlock(&g->lock);
    metrics_gauge(GAUGE_CONNECTIONS, -1);
}

/* What the kernel counts: bytes received, and bytes the other side has acknowledged. False
 * where it does not (the owner's socket). */
static bool socket_info(int socket, struct tcp_info *out)
{
    socklen_t len = sizeof *out;

    return getsockopt(socket, IPPROTO_TCP, TCP_INFO, out, &len) == 0;
}

/* Half a request, and nothing will follow. The library does not see an end that came together
 * with the last bytes. */
static bool has_ended(const struct tcp_info *info)
{
    return info->tcpi_state == TCP_CLOSE_WAIT;
}

static bool rate_too_low(uint64_t bytes, uint64_t ms)
{
    return ms > RATE_AFTER_MS && bytes * 1000 / ms < RATE_BYTES_PER_S;
}

/* The beginning of a next request is seen by its bytes; from then on its headers have their
 * time, from the end of the last request the silence has. */
static bool idle_too_long(Link *l, uint64_t now, uint64_t since, uint32_t turns)
{
    struct tcp_info info = { 0 };
    uint64_t        in;

    if (now - since > LIMIT_IDLE_MS)
        return true;
    if (!socket_info(l->socket, &info))
        return false;
    in = info.tcpi_bytes_received;
    if (turns != l->seen_turns) {
        l->first_byte_ms = 0;
        l->seen_in = turns == 1 ? 0 : in; /* a new connection begins with no byte */
    }
    if (in > l->seen_in && l->first_byte_ms == 0)
        l->first_byte_ms = now;
    l->seen_in = in;
    return has_ended(&info) || (l->first_byte_ms && now - l->first_byte_ms > LIMIT_HEADER_MS);
}

static bool headers_too_slow(const Link *l, uint64_t now, uint64_t since)
{
    struct tcp_info info = { 0 };

    return now - since > LIMIT_HEADER_MS || (socket_info(l->socket, &info) && has_ended(&info));
}

static bool body_too_slow(Link *l, uint64_t now, uint64_t since)
{
    struct tcp_info info = { 0 };
    uint64_t        bytes = atomic_load_explicit(&l->body_bytes, memory_order_relaxed);

    return rate_too_low(bytes, now - since)
           || (socket_info(l->socket, &info) && has_ended(&info));
}

static bool answer_too_slow(Link *l, uint64_t now, uint64_t since, bool changed)
{
    struct tcp_info info = { 0 };
    uint64_t        out;

    if (!socket_info(l->socket, &info))
        return false;
    out = info.tcpi_bytes_acked;
    if (changed)
        l->taken_before = out;
    if (changed || out > l->seen_out)
        l->progress_ms = now;
    l->seen_out = out;
    return now - l->progress_ms > LIMIT_STALL_MS
           || (now - since > LIMIT_STALL_MS
               && rate_too_low(out - l->taken_before, now - since));
}

static bool is_too_slow(Link *l, uint64_t now)
{
    uint32_t turns = atomic_load_explicit(&l->turns, memory_order_acquire);
    uint8_t  phase = atomic_load_explicit(&l->phase, memory_order_relaxed);
    uint64_t since = atomic_load_explicit(&l->since_ms, memory_order_relaxed);
    bool     changed = turns != l->seen_turns;
    bool     slow = false;

    if (since > now)
        since = now;
    switch (phase) {
    case LINK_IDLE: slow = idle_too_long(l, now, since, turns); break;
    case LINK_HEADERS: slow = headers_too_slow(l, now, since); break;
    case LINK_BODY: slow = body_too_slow(l, now, since); break;
    case LINK_ANSWER: slow = answer_too_slow(l, now, since, changed); break;
    default: break;
    }
    l->seen_turns = turns;
    /* what was judged must still be so */
    return slow && turns == atomic_load_explicit(&l->turns, memory_order_acquire);
}

/* Shutting a socket down makes the library see its end; it then closes in its own time. */
static void look_at_links(Guard *g)
{
    uint64_t now = clock_monotonic_ms();
    unsigned i = 0;

    pthread_mutex_lock(&g->lock);
    while (i < g->top) {
        for (unsigned n = 0; n < LOOK_AT_ONCE && i < g->top; n++, i++) {
            Link *l = &g->links[i];

            if (l->socket < 0 || l->closing || !is_too_slow(l, now))
                continue;
            l->closing = true;
            shutdown(l->socket, SHUT_RDWR);
            metrics_count(COUNTER_CUT_SLOW, 1);
        }
        pthread_mutex_unlock(&g->lock);
        pthread_mutex_lock(&g->lock);
    }
    pthread_mutex_unlock(&g->lock);
}

/* Reads and throws away; true when the connection is done with. */
static bool drain(const Lingering *l, uint64_t now)
{
    char    waste[16 * 1024];
    ssize_t n;

    do
        n = recv(l->socket, waste, sizeof waste, MSG_DONTWAIT);
    while (n > 0);
    return n == 0 || now > l->until_ms;
}

/* Waits until something happens on a lingering socket, the guard is woken, or the time is up. */
static void wait_and_drain(Guard *g)
{
    struct pollfd polls[LINGERING_MAX + 1] = { { .fd = g->wake, .events = POLLIN } };
    size_t        count, kept = 0;
    uint64_t      now, unused;
    ssize_t       n;

    pthread_mutex_lock(&g->lock);
    count = g->lingering_count;
    for (size_t i = 0; i < count; i++)
        polls[i + 1] = (struct pollfd){ .fd = g->lingering[i].socket, .events = POLLIN };
    pthread_mutex_unlock(&g->lock);

    poll(polls, count + 1, TICK_MS);
    if (polls[0].revents) {
        n = read(g->wake, &unused, sizeof unused);
        (void)n;
    }

    now = clock_monotonic_ms();
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < g->lingering_count; i++) {
        if (drain(&g->lingering[i], now))
            close(g->lingering[i].socket);
        else
            g->lingering[kept++] = g->lingering[i];
    }
    g->lingering_count = kept;
    pthread_mutex_unlock(&g->lock);
}

static void *watch(void *context)
{
    Guard   *g = context;
    uint64_t looked_ms = 0;
    bool     ending = false;

    while (!ending) {
        uint64_t now;

        wait_and_drain(g);
        g->tick(g->context);
        now = clock_monotonic_ms();
        if (now - looked_ms >= LOOK_MS) {
            look_at_links(g);
            looked_ms = now;
        }
        pthread_mutex_lock(&g->lock);
        ending = g->ending;
        pthread_mutex_unlock(&g->lock);
    }
    return NULL;
}

Guard *guard_start(Arena *a, unsigned connections, void (*tick)(void *), void *context)
{
    Guard *g = NEW(a, Guard);

    g->room = connections;
    g->links = arena_alloc_raw(a, connections * sizeof g->links[0]);
    g->free = NO_LINK;
    g->tick = tick;
    g->context = context;
    g->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ENSURE(g->wake >= 0);
    ENSURE(pthread_mutex_init(&g->lock, NULL) == 0);
    ENSURE(pthread_create(&g->thread, NULL, watch, g) == 0);
    return g;
}

void guard_stop(Guard *g)
{
    pthread_mutex_lock(&g->lock);
    g->ending = true;
    pthread_mutex_unlock(&g->lock);
    wake(g);
    pthread_join(g->thread, NULL);
    for (size_t i = 0; i < g->lingering_count; i++)
        close(g->lingering[i].socket);
    close(g->wake);
    pthread_mutex_destroy(&g->lock);
}
