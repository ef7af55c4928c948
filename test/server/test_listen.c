/* Addresses, the owner's socket, PEM files: what is taken and what is refused. */
#include "server/listen.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/unit.h"

static Fail try_address(const char *address, Listener *out)
{
    Fail result = listen_open(unit_call(), str_from(address), out);

    if (result == OK)
        close(out->socket);
    return result;
}

TEST(a_free_port_is_found_and_named)
{
    Listener l;
    uint64_t port = 0;

    REQUIRE(try_address("127.0.0.1:0", &l) == OK);
    CHECK(str_starts(l.authority, STR("127.0.0.1:")));
    CHECK(str_to_u64(str_skip(l.authority, 10), &port) && port > 0);
    CHECK(l.loopback);
}

TEST(localhost_is_loopback_and_all_addresses_are_not)
{
    Listener l;

    REQUIRE(try_address("localhost:0", &l) == OK);
    CHECK(l.loopback);
    REQUIRE(try_address("0.0.0.0:0", &l) == OK);
    CHECK(!l.loopback);
}

TEST(version_six_addresses_stand_in_brackets)
{
    Listener l;

    if (try_address("[::1]:0", &l) != OK) {
        unit_skip("no IPv6 here");
        return;
    }
    CHECK(l.loopback);
    CHECK(str_starts(l.authority, STR("[::1]:")));
    CHECK_INT(try_address("::1:0", &l), FAIL_VALUE);
}

TEST(what_is_no_address_is_refused)
{
    static const char *const bad[] = {
        "",
        "8080",
        ":8080",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "example.org:80",
        "[127.0.0.1]:80",
        "[::1:80",
        "300.0.0.1:80",
    };
    Listener l;

    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_INT(try_address(bad[i], &l), FAIL_VALUE);
}

TEST(a_port_that_is_taken_is_refused_with_advice)
{
    Listener first, second;
    Call    *c = unit_call();

    REQUIRE(listen_open(c, STR("127.0.0.1:0"), &first) == OK);
    CHECK_INT(listen_open(c, first.authority, &second), FAIL_CONFLICT);
    REQUIRE(c->issue_count == 1);
    CHECK(str_find(c->issues[0].text, STR("--listen")) > 0);
    close(first.socket);
}

TEST(the_owners_socket_is_for_its_owner_alone)
{
    struct stat info;
    int         listening, called, accepted;
    Call       *c = unit_call();
    Str         path = arena_printf(c->arena, "%.*s/hale.sock", STR_ARG(unit_folder()));

    REQUIRE(listen_open_owner(c, unit_folder(), &listening) == OK);
    REQUIRE(stat(arena_c_string(c->arena, path), &info) == 0);
    CHECK_INT(info.st_mode & 0777, 0600);
    REQUIRE(listen_call_owner(c, unit_folder(), &called) == OK);
    accepted = accept(listening, NULL, NULL);
    CHECK(accepted >= 0 && listen_peer_is_owner(accepted));
    close(accepted);
    close(called);
    close(listening);
    listen_remove_owner(unit_folder());
    CHECK(stat(arena_c_string(c->arena, path), &info) != 0);
}

TEST(a_socket_left_behind_is_replaced)
{
    int   first, second;
    Call *c = unit_call();

    REQUIRE(listen_open_owner(c, unit_folder(), &first) == OK);
    close(first);
    CHECK_INT(listen_call_owner(c, unit_folder(), &second), FAIL_NOT_FOUND);
    REQUIRE(listen_open_owner(c, unit_folder(), &first) == OK);
    REQUIRE(listen_call_owner(c, unit_folder(), &second) == OK);
    close(first);
    close(second);
}

TEST(a_folder_with_a_long_name_has_its_socket_too)
{
    int   listening, called;
    char  name[150];
    Str   folder;
    Call *c = unit_call();

    memset(name, 'n', sizeof name);
    folder =
        arena_printf(c->arena, "%.*s/%.*s", STR_ARG(unit_folder()), (int)sizeof name, name);
    REQUIRE(mkdir(arena_c_string(c->arena, folder), 0700) == 0);
    REQUIRE(listen_open_owner(c, folder, &listening) == OK);
    CHECK_INT(listen_call_owner(c, folder, &called), OK);
    close(called);
    close(listening);
    listen_remove_owner(folder);
}

static Str write_file(const char *name, const char *text, mode_t mode)
{
    Call       *c = unit_call();
    Str         path = arena_printf(c->arena, "%.*s/%s", STR_ARG(unit_folder()), name);
    const char *c_path = arena_c_string(c->arena, path);
    int         fd = open(c_path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    CHECK(chmod(c_path, mode) == 0);
    return path;
}

TEST(a_key_that_others_can_read_is_refused)
{
    static const char pem[] = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";
    Call             *c = unit_call();
    Str               text;

    CHECK_INT(listen_read_pem(c, write_file("a", pem, 0600), true, &text), OK);
    CHECK_STR(text, str_from(pem));
    CHECK_INT(text.at[text.len], 0);
    CHECK_INT(listen_read_pem(c, write_file("b", pem, 0640), true, &text), FAIL_FORBIDDEN);
    CHECK_INT(listen_read_pem(c, write_file("c", pem, 0604), true, &text), FAIL_FORBIDDEN);
    CHECK_INT(listen_read_pem(c, write_file("d", pem, 0644), false, &text), OK);
}

TEST(a_file_that_is_no_pem_is_refused)
{
    Call *c = unit_call();
    Str   text;

    CHECK_INT(listen_read_pem(c, write_file("a", "nothing", 0600), true, &text), FAIL_SYNTAX);
    CHECK_INT(listen_read_pem(c, STR("/nowhere/at/all"), true, &text), FAIL_NOT_FOUND);
}
