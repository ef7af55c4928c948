#include "store/keyring.h"

#include <sys/stat.h>
#include <unistd.h>

#include "test/unit.h"

static const char *path(void)
{
    return arena_printf(unit_call()->arena, "%.*s/keyring%c", STR_ARG(unit_folder()), 0).at;
}

static void put(const char *text)
{
    FILE *f = fopen(path(), "w");

    fputs(text, f);
    fclose(f);
    chmod(path(), 0600);
}

TEST(a_keyring_is_made_once_and_read_back)
{
    Keyring     made, read;
    struct stat about;

    REQUIRE(keyring_open(unit_call(), unit_folder(), "aegis", &made) == OK);
    REQUIRE(keyring_open(unit_call(), unit_folder(), "sqlcipher", &read) == OK);
    CHECK_STR(str_from(read.cipher), STR("aegis"));
    CHECK(memcmp(made.key, read.key, sizeof made.key) == 0);
    CHECK(stat(path(), &about) == 0 && (about.st_mode & 0777) == 0600);
}

TEST(a_missing_keyring_is_not_replaced)
{
    Keyring k;

    CHECK_INT(keyring_open(unit_call(), unit_folder(), NULL, &k), FAIL_LOGIN);
    CHECK(access(path(), F_OK) != 0);
}

TEST(a_keyring_that_others_may_read_is_refused)
{
    Keyring k;

    REQUIRE(keyring_open(unit_call(), unit_folder(), "aegis", &k) == OK);
    chmod(path(), 0640);
    CHECK_INT(keyring_open(unit_call(), unit_folder(), NULL, &k), FAIL_FORBIDDEN);
}

TEST(damaged_keyrings_are_refused)
{
    static const char *const damaged[] = {
        "",
        "\n",
        "hale keyring",
        "hale keyring 1 aegis",
        "hale keyring 1 aegis\n",
        "hale keyring 1 aegis\n0123\n",
        "something else\n0123\n",
        "hale keyring 1 rot13\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
        "hale keyring 1 aegis\n0123456789abcdef0123456789abcdeg0123456789abcdef0123456789abcdef\n",
    };
    Keyring k;

    for (size_t i = 0; i < COUNT(damaged); i++) {
        put(damaged[i]);
        CHECK_INT(keyring_open(unit_call(), unit_folder(), NULL, &k), FAIL_LOGIN);
    }
    put("hale keyring 2 aegis\nff\n");
    CHECK_INT(keyring_open(unit_call(), unit_folder(), NULL, &k), FAIL_NOT_SUPPORTED);
}
