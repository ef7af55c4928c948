/* Opening and checking sockets and PEM files: see listen.h. */
#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,
    PEM_BYTES_MAX = 256 * 1024,
};

typedef union Address {
    struct sockaddr     any;
    struct sockaddr_in  four;
    struct sockaddr_in6 six;
} Address;

static bool read_host(Call *c, Str host, uint16_t port, Address *out, socklen_t *len)
{
    bool brackets = host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';

    if (brackets)
        host = str_slice(host, 1, host.len - 1);
    if (str_equal(host, STR("localhost")))
        host = STR("127.0.0.1");
    *out = (Address){ .six = { .sin6_family = AF_INET6, .sin6_port = htons(port) } };
    *len = sizeof out->six;
    if (inet_pton(AF_INET6, arena_c_string(c->arena, host), &out->six.sin6_addr) == 1)
        return brackets;
    *out = (Address){ .four = { .sin_family = AF_INET, .sin_port = htons(port) } };
    *len = sizeof out->four;
    return !brackets
           && inet_pton(AF_INET, arena_c_string(c->arena, host), &out->four.sin_addr) == 1;
}

static bool is_loopback(const Address *a)
{
    if (a->any.sa_family == AF_INET)
        return ntohl(a->four.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&a->six.sin6_addr);
}

static Str authority_of(Call *c, const Address *a)
{
    char text[INET6_ADDRSTRLEN] = "";

    if (a->any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &a->four.sin_addr, text, sizeof text);
        return arena_printf(c->arena, "%s:%u", text, ntohs(a->four.sin_port));
    }
    inet_ntop(AF_INET6, &a->six.sin6_addr, text, sizeof text);
    return arena_printf(c->arena, "[%s]:%u", text, ntohs(a->six.sin6_port));
}

static Fail bind_failed(Call *c, Str address, int error)
{
    if (error == EADDRINUSE)
        return fail(c, FAIL_CONFLICT, STR("listen"),
                    "%.*s is taken by another program: choose another with --listen",
                    STR_ARG(address));
    if (error == EACCES)
        return fail(c, FAIL_FORBIDDEN, STR("listen"),
                    "This user may not listen on %.*s: ports below 1024 need the capability "
                    "CAP_NET_BIND_SERVICE, or choose another with --listen",
                    STR_ARG(address));
    return fail(c, FAIL_SYSTEM, STR("listen"), "Cannot listen on %.*s: %s", STR_ARG(address),
                strerror(error));
}

static Fail open_socket(Call *c, Str address, const Address *a, socklen_t len, int *out)
{
    int one = 1, error;
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return bind_failed(c, address, errno);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (a->any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, &a->any, len) != 0 || listen(fd, BACKLOG) != 0) {
        error = errno;
        close(fd);
        return bind_failed(c, address, error);
    }
    *out = fd;
    return OK;
}

Fail listen_open(Call *c, Str address, Listener *out)
{
    Str       host, port_text;
    uint64_t  port;
    Address   a;
    socklen_t len;
    int       fd = -1;

    if (!str_cut_last(address, ':', &host, &port_text) || !str_to_u64(port_text, &port)
        || port > UINT16_MAX || !read_host(c, host, (uint16_t)port, &a, &len))
        return fail(c, FAIL_VALUE, STR("listen"),
                    "\"%.*s\" is not ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080",
                    STR_ARG(address));
    TRY(open_socket(c, address, &a, len, &fd));
    getsockname(fd, &a.any, &len);
    *out = (Listener){ .socket = fd,
                       .authority = authority_of(c, &a),
                       .loopback = is_loopback(&a) };
    return OK;
}

/* ---- the owner's socket ---- */

/* Addresses of such sockets are short; a long path is reached through the open folder. The
 * descriptor in *folder_fd must stay open while the address is used. */
static bool owner_address(Str folder, struct sockaddr_un *out, int *folder_fd)
{
    char path[4096];
    int  len;

    *folder_fd = -1;
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    len = snprintf(out->sun_path, sizeof out->sun_path, "%.*s/hale.sock", STR_ARG(folder));
    if (len > 0 && (size_t)len < sizeof out->sun_path)
        return true;
    if (folder.len >= sizeof path)
        return false;
    snprintf(path, sizeof path, "%.*s", STR_ARG(folder));
    *folder_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder_fd < 0)
        return false;
    snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/hale.sock", *folder_fd);
    return true;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

Fail listen_open_owner(Call *c, Str folder, int *out)
{
    struct sockaddr_un a;
    int                folder_fd, fd;
    bool               fine;
    mode_t             mask;

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    fine = fd >= 0 && owner_address(folder, &a, &folder_fd);
    if (fine) {
        unlink(a.sun_path);
        mask = umask(0177);
        fine = bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 16) == 0;
        umask(mask);
        close_if_open(folder_fd);
    }
    if (!fine) {
        int error = errno;

        close_if_open(fd);
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "Cannot make the owner's socket in %.*s: %s",
                    STR_ARG(folder), strerror(error));
    }
    *out = fd;
    return OK;
}

void listen_remove_owner(Str folder)
{
    struct sockaddr_un a;
    int                folder_fd;

    if (!owner_address(folder, &a, &folder_fd))
        return;
    unlink(a.sun_path);
    close_if_open(folder_fd);
}

Fail listen_call_owner(Call *c, Str folder, int *out)
{
    struct sockaddr_un a;
    int                folder_fd = -1;
    int                fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool               fine = fd >= 0 && owner_address(folder, &a, &folder_fd)
                && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;

    close_if_open(folder_fd);
    if (!fine) {
        close_if_open(fd);
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 },
                    "No server answers on the owner's socket of %.*s", STR_ARG(folder));
    }
    *out = fd;
    return OK;
}

bool listen_peer_is_owner(int socket)
{
    struct ucred peer = { .uid = (uid_t)-1 };
    socklen_t    len = sizeof peer;

    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0
           && (peer.uid == geteuid() || peer.uid == 0);
}

/* ---- TLS ---- */

static Fail check_secret(Call *c, Str path, const struct stat *info)
{
    if ((info->st_mode & 077) == 0)
        return OK;
    return fail(c, FAIL_FORBIDDEN, (Str){ 0 },
                "%.*s can be read by others: make it its owner's alone with chmod 600",
                STR_ARG(path));
}

static Fail read_whole(Call *c, Str path, int fd, Str *out)
{
    char   *text = arena_alloc_raw(c->arena, PEM_BYTES_MAX + 1);
    size_t  len = 0;
    ssize_t n;

    while ((n = read(fd, text + len, PEM_BYTES_MAX - len)) > 0)
        len += (size_t)n;
    if (n < 0 || len == PEM_BYTES_MAX)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "Cannot read %.*s", STR_ARG(path));
    text[len] = '\0';
    *out = (Str){ text, len };
    return OK;
}

Fail listen_read_file(Call *c, Str path, bool secret, Str *out)
{
    int         fd = open(arena_c_string(c->arena, path), O_RDONLY | O_CLOEXEC);
    struct stat info;
    Fail        result = OK;

    if (fd < 0 || fstat(fd, &info) != 0) {
        int error = errno;

        close_if_open(fd);
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "Cannot open %.*s: %s", STR_ARG(path),
                    strerror(error));
    }
    if (secret)
        result = check_secret(c, path, &info);
    if (result == OK)
        result = read_whole(c, path, fd, out);
    close(fd);
    return result;
}

Fail listen_read_pem(Call *c, Str path, bool secret, Str *out)
{
    TRY(listen_read_file(c, path, secret, out));
    if (str_find(*out, STR("-----BEGIN ")) < 0)
        return fail(c, FAIL_SYNTAX, (Str){ 0 }, "%.*s is not a PEM file", STR_ARG(path));
    return OK;
}
