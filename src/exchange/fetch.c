/* The guarded way out, by libcurl: see fetch.h. */
#include "exchange/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/ensure.h"

static pthread_once_t prepared = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    ENSURE(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

/* ---- which addresses are public ---- */

/* What is not: RFC 6890 and the registries it began, as network and bits. */
static const struct Block {
    const char *network;
    int         bits;
} blocks[] = {
    { "0.0.0.0", 8 },      { "10.0.0.0", 8 },     { "100.64.0.0", 10 }, { "127.0.0.0", 8 },
    { "169.254.0.0", 16 }, { "172.16.0.0", 12 },  { "192.0.0.0", 24 },  { "192.0.2.0", 24 },
    { "192.88.99.0", 24 }, { "192.168.0.0", 16 }, { "198.18.0.0", 15 }, { "198.51.100.0", 24 },
    { "203.0.113.0", 24 }, { "224.0.0.0", 4 },    { "240.0.0.0", 4 },
};

/* Of IPv6 only global unicast is public, without what leads into IPv4 or is for examples. */
static const struct Block blocks_6[] = {
    { "2001::", 23 },
    { "2001:db8::", 32 },
    { "2002::", 16 },
    { "3fff::", 20 },
};

static bool lies_in(const uint8_t *address, const uint8_t *network, int bits)
{
    int whole = bits / 8, rest = bits % 8;

    return memcmp(address, network, (size_t)whole) == 0
           && (rest == 0 || (address[whole] ^ network[whole]) >> (8 - rest) == 0);
}

static bool lies_in_any(int family, const uint8_t *address, const struct Block *list,
                        size_t count)
{
    uint8_t network[16];

    for (size_t i = 0; i < count; i++) {
        ENSURE(inet_pton(family, list[i].network, network) == 1);
        if (lies_in(address, network, list[i].bits))
            return true;
    }
    return false;
}

static bool is_public_4(const uint8_t *address)
{
    return !lies_in_any(AF_INET, address, blocks, COUNT(blocks));
}

static bool is_public_6(const uint8_t *address)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

    if (memcmp(address, mapped, sizeof mapped) == 0)
        return is_public_4(address + 12);
    return address[0] >> 5 == 1 && !lies_in_any(AF_INET6, address, blocks_6, COUNT(blocks_6));
}

bool fetch_address_public(const char *address)
{
    uint8_t bytes[16];

    if (inet_pton(AF_INET, address, bytes) == 1)
        return is_public_4(bytes);
    return inet_pton(AF_INET6, address, bytes) == 1 && is_public_6(bytes);
}

/* ---- one fetch ---- */

typedef struct Fetching {
    const FetchAsked *asked;
    Buf               body;
    bool              anywhere; /* the administrator named the origin */
    bool              kept_off; /* a connection was not made */
    bool              too_much;
    Fetched           result;
} Fetching;

static bool is_public(const struct sockaddr *address)
{
    struct sockaddr_in  four;
    struct sockaddr_in6 six;

    if (address->sa_family == AF_INET) {
        memcpy(&four, address, sizeof four);
        return is_public_4((const uint8_t *)&four.sin_addr);
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(&six, address, sizeof six);
    return is_public_6(six.sin6_addr.s6_addr);
}

/* Where the connection really goes is known here. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    Fetching *f = context;

    if (purpose != CURLSOCKTYPE_IPCXN || (!f->anywhere && !is_public(&to->addr))) {
        f->kept_off = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    Fetching *f = context;

    f->too_much = f->body.len + size * count > f->asked->bytes_max;
    if (f->too_much)
        return 0;
    buf_put(&f->body, (Str){ bytes, size * count });
    return size * count;
}

/* Cache-Control (RFC 9111 5.2.2). */
static void take_freshness(Fetching *f, Str directives)
{
    Str      one, name, value;
    uint64_t seconds;

    f->result.fresh_said = true;
    while (str_next(&directives, ',', &one)) {
        one = str_trim(one);
        if (str_equal_ascii_nocase(one, STR("no-store"))
            || str_equal_ascii_nocase(one, STR("no-cache"))) {
            f->result.fresh_s = 0;
            return;
        }
        if (str_cut(one, '=', &name, &value) && str_equal_ascii_nocase(name, STR("max-age"))
            && str_to_u64(value, &seconds))
            f->result.fresh_s = seconds < 86400 ? (unsigned)seconds : 86400;
    }
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    Str name, value;

    if (str_cut((Str){ bytes, size * count }, ':', &name, &value)
        && str_equal_ascii_nocase(name, STR("Cache-Control")))
        take_freshness(context, str_trim(value));
    return size * count;
}

/* ---- what may be asked for ---- */

static bool is_allowed(Str allowed, Str url)
{
    Str origin;

    while (str_next(&allowed, ' ', &origin))
        if (origin.len && str_starts(url, origin)
            && (url.len == origin.len || url.at[origin.len] == '/'
                || url.at[origin.len] == '?'))
            return true;
    return false;
}

/* A name before the host, or signs that programs read in different ways. */
static bool is_odd(Str url)
{
    for (size_t i = 0; i < url.len; i++)
        if (url.at[i] <= ' ' || url.at[i] > '~' || strchr("\\@#\"<>^`{|}", url.at[i]))
            return true;
    return false;
}

static Fail check(Call *c, const FetchAsked *asked, Fetching *f)
{
    f->anywhere = is_allowed(asked->allowed, asked->url);
    if (is_odd(asked->url)
        || !(str_starts(asked->url, STR("https://"))
             || (f->anywhere && str_starts(asked->url, STR("http://")))))
        return fail(c, FAIL_FORBIDDEN, STR("url"), "That address is not fetched from");
    return OK;
}

static void set_up(CURL *curl, Fetching *f, const char *url, struct curl_slist *headers)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, f->anywhere ? "http,https" : "https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)FETCH_MS);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)FETCH_CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "Hale/" HALE_VERSION);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, f);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, f);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, f);
}

/* All memory was reserved before: nothing may jump out of libcurl, nor leave its things behind. */
static Fail perform(Call *c, Fetching *f)
{
    const char *url = arena_c_string(c->arena, f->asked->url);
    const char *accept = arena_c_string(
        c->arena, arena_printf(c->arena, "Accept: %.*s", STR_ARG(f->asked->accept)));
    CURL              *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, accept);
    CURLcode           went;
    long               status = 0;

    ENSURE(curl && headers);
    set_up(curl, f, url, headers);
    went = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    if (f->kept_off && went != CURLE_OK)
        return fail(c, FAIL_FORBIDDEN, STR("url"), "That address is not fetched from");
    if (went != CURLE_OK || status != 200)
        return fail(c, FAIL_NOT_FOUND, STR("url"), "There was no good answer from there");
    return OK;
}

Fail fetch_get(Call *c, const FetchAsked *asked, Fetched *out)
{
    Fetching f = { .asked = asked, .body = buf_new(c->arena, asked->bytes_max + 1) };

    pthread_once(&prepared, prepare);
    TRY(check(c, asked, &f));
    TRY(perform(c, &f));
    f.result.body = buf_str(&f.body);
    *out = f.result;
    return OK;
}
