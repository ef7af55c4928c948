/* Where the server does not go, whoever asks it to. */
#include "exchange/fetch.h"
#include "test/unit.h"

TEST(addresses_of_the_machine_and_its_neighbours_are_not_public)
{
    static const char *const here[] = {
        "0.0.0.0",
        "127.0.0.1",
        "127.255.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "203.0.113.9",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2001::1",
        "100::1",
        "",
        "localhost",
        "1",
    };
    static const char *const there[] = { "8.8.8.8",    "172.15.0.1",     "172.32.0.1",
                                         "100.63.0.1", "::ffff:8.8.8.8", "2606:4700::1111",
                                         "2a00::1" };

    for (size_t i = 0; i < COUNT(here); i++)
        CHECK(!fetch_address_public(here[i]));
    for (size_t i = 0; i < COUNT(there); i++)
        CHECK(fetch_address_public(there[i]));
}

TEST(addresses_that_are_read_in_two_ways_are_not_fetched_from)
{
    static const char *const odd[] = {
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "https://good.example@evil.example/",
        "https://a\\b/",
        "https://a/#b",
        "https://a b/",
        "https://a/\r\nX: y",
        "HTTPS://a/",
        "//a/",
        "",
        /* the origin that is allowed, and something behind it */
        "http://inner.example.evil.example/",
        "http://inner.example@evil.example/",
        "http://inner.example:81/",
    };
    Fetched out;

    for (size_t i = 0; i < COUNT(odd); i++) {
        FetchAsked asked = { .url = str_from(odd[i]),
                             .allowed = STR("http://inner.example"),
                             .bytes_max = 100 };

        CHECK(fetch_get(unit_call(), &asked, &out) == FAIL_FORBIDDEN);
    }
}
