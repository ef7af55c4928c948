/* The smallest HTTP client there can be: one request, read to the end. See owner_client.h. */
#include "cli/owner_client.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "server/listen.h"

static Fail broken(Call *c)
{
    return fail(c, FAIL_SYSTEM, (Str){ 0 }, "The server's answer was cut off");
}

static Fail send_all(Call *c, int fd, Str text)
{
    while (text.len) {
        ssize_t n = send(fd, text.at, text.len, MSG_NOSIGNAL);

        if (n <= 0)
            return broken(c);
        text = str_skip(text, (size_t)n);
    }
    return OK;
}

static Fail read_to_end(Call *c, int fd, Str *out)
{
    Buf     text = buf_new(c->arena, 4096);
    ssize_t n;

    do {
        n = recv(fd, buf_reserve(&text, 4096), 4096, 0);
        if (n > 0)
            text.len += (size_t)n;
    } while (n > 0);
    *out = buf_str(&text);
    return n < 0 ? broken(c) : OK;
}

/* "HTTP/1.1 200 OK", headers, an empty line, the body. The server closes behind it, and sends
 * no chunks, so the body is what is left. */
static Fail take_apart(Call *c, Str text, OwnerAnswer *out)
{
    ptrdiff_t head = str_find(text, STR("\r\n\r\n"));
    uint64_t  status;

    if (head < 0 || !str_starts(text, STR("HTTP/1.1 "))
        || !str_to_u64(str_slice(text, 9, 12), &status))
        return broken(c);
    *out = (OwnerAnswer){ .status = (int)status, .body = str_skip(text, (size_t)head + 4) };
    return OK;
}

static Fail exchange(Call *c, int fd, Str request, OwnerAnswer *out)
{
    Str text;

    TRY(send_all(c, fd, request));
    TRY(read_to_end(c, fd, &text));
    return take_apart(c, text, out);
}

Fail owner_call(Call *c, Str folder, const char *method, const char *path, Str body,
                OwnerAnswer *out)
{
    Str  request = arena_printf(c->arena,
                                "%s %s HTTP/1.1\r\nHost: owner\r\nConnection: close\r\n"
                                 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
                                 "%.*s",
                                method, path, body.len, STR_ARG(body));
    int  fd;
    Fail result;

    TRY(listen_call_owner(c, folder, &fd));
    result = exchange(c, fd, request, out);
    close(fd);
    return result;
}
