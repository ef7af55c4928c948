/* A small HTTP client. See http_client.h. RFC 9112. */
#include "test/crash/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ensure.h"

enum { ANSWER_BYTES_MAX = 4 << 20 };

void http_client_begin(HttpClient *h, uint16_t port, const char *token)
{
    *h = (HttpClient){ .port = port, .socket = -1, .timeout_s = 10, .room = ANSWER_BYTES_MAX };
    snprintf(h->token, sizeof h->token, "%s", token);
    h->buffer = malloc(h->room);
    ENSURE(h->buffer);
}

static void hang_up(HttpClient *h)
{
    if (h->socket >= 0)
        close(h->socket);
    h->socket = -1;
}

void http_client_end(HttpClient *h)
{
    hang_up(h);
    free(h->buffer);
}

static bool dial(HttpClient *h)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(h->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct timeval timeout = { .tv_sec = h->timeout_s };
    int            on = 1;

    if (h->socket >= 0)
        return true;
    h->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ENSURE(h->socket >= 0);
    setsockopt(h->socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(h->socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    setsockopt(h->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(h->socket, (struct sockaddr *)&address, sizeof address) == 0)
        return true;
    hang_up(h);
    return false;
}

static bool send_all(HttpClient *h, Str bytes)
{
    while (bytes.len) {
        ssize_t sent = send(h->socket, bytes.at, bytes.len, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes = str_skip(bytes, (size_t)sent);
    }
    return true;
}

static bool receive_more(HttpClient *h)
{
    ssize_t got;

    if (h->len == h->room)
        return false;
    do
        got = recv(h->socket, h->buffer + h->len, h->room - h->len, 0);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    h->len += (size_t)got;
    return true;
}

/* The value of a header, or an empty text. */
static Str header(Str head, Str name)
{
    Str line, before, after;

    while (str_next(&head, '\n', &line))
        if (str_cut(line, ':', &before, &after) && str_equal_ascii_nocase(before, name))
            return str_trim(after);
    return (Str){ 0 };
}

/* Reads the chunks of a body that begins at `from`; false if the connection ends before. The
 * chunks are moved together. */
static bool receive_chunks(HttpClient *h, size_t from)
{
    size_t at = from, end = from;

    for (;;) {
        char         *line_end;
        unsigned long size;

        while (!(line_end = memchr(h->buffer + at, '\n', h->len - at)))
            if (!receive_more(h))
                return false;
        size = strtoul(h->buffer + at, NULL, 16);
        at = (size_t)(line_end - h->buffer) + 1;
        while (h->len < at + size + 2)
            if (!receive_more(h))
                return false;
        memmove(h->buffer + end, h->buffer + at, size);
        end += size;
        at += size + 2;
        if (size == 0) {
            h->body = (Str){ h->buffer + from, end - from };
            return true;
        }
    }
}

/* W/"3" */
static uint64_t version_of(Str etag)
{
    uint64_t version = 0;
    Str      before, after, number;

    return str_cut(etag, '"', &before, &after) && str_cut(after, '"', &number, &before)
                   && str_to_u64(number, &version)
               ? version
               : 0;
}

static bool receive_answer(HttpClient *h, LoadAnswer *out)
{
    ptrdiff_t head_end;
    Str       head, length;
    uint64_t  body_len = 0;

    h->len = 0;
    while ((head_end = str_find((Str){ h->buffer, h->len }, STR("\r\n\r\n"))) < 0)
        if (!receive_more(h))
            return false;
    head = (Str){ h->buffer, (size_t)head_end };
    if (head.len < 12 || !str_starts(head, STR("HTTP/1.1 ")))
        return false;
    out->status = (int)strtol(head.at + 9, NULL, 10);
    snprintf(out->location, sizeof out->location, "%.*s",
             STR_ARG(header(head, STR("Location"))));
    out->version = version_of(header(head, STR("ETag")));
    if (str_equal(header(head, STR("Transfer-Encoding")), STR("chunked")))
        return receive_chunks(h, head.len + 4);
    length = header(head, STR("Content-Length"));
    if (length.len && !str_to_u64(length, &body_len))
        return false;
    while (h->len < head.len + 4 + body_len)
        if (!receive_more(h))
            return false;
    h->body = (Str){ h->buffer + head.len + 4, body_len };
    if (str_equal_ascii_nocase(header(head, STR("Connection")), STR("close")))
        hang_up(h);
    return true;
}

static bool exchange(HttpClient *h, Str head, Str body, LoadAnswer *out)
{
    *out = (LoadAnswer){ 0 };
    if (dial(h) && send_all(h, head) && send_all(h, body) && receive_answer(h, out)) {
        out->body = h->body;
        return true;
    }
    hang_up(h);
    return false;
}

static void put_header(Buf *out, const char *name, Str value)
{
    if (value.len)
        buf_printf(out, "%s: %.*s\r\n", name, STR_ARG(value));
}

bool http_client_send(void *context, const LoadRequest *r, LoadAnswer *out)
{
    HttpClient *h = context;
    Arena      *a = arena_create((size_t)1 << 20);
    Buf         head = buf_new(a, 2048);
    bool        answered;

    buf_printf(&head, "%s /fhir%.*s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %zu\r\n",
               r->method, STR_ARG(r->path), r->body.len);
    if (h->token[0])
        buf_printf(&head, "Authorization: Bearer %s\r\n", h->token);
    put_header(&head, "Content-Type", r->body.len ? STR("application/fhir+json") : (Str){ 0 });
    put_header(&head, "If-Match", r->if_match);
    put_header(&head, "If-None-Exist", r->if_none_exist);
    put_header(&head, "X-Request-Id", r->request_id);
    buf_put(&head, STR("Prefer: return=minimal\r\n\r\n"));
    answered = exchange(h, buf_str(&head), r->body, out);
    arena_destroy(a);
    return answered;
}

int http_client_get(HttpClient *h, const char *path)
{
    LoadAnswer answer;
    char       head[300];
    int len = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);

    return exchange(h, (Str){ head, (size_t)len }, (Str){ 0 }, &answer) ? answer.status : 0;
}
