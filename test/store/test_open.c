/* What a folder may be, and who may open it. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/migrate.h"
#include "store/writer.h"
#include "test/store/store_help.h"

static const char *in_folder(const char *name)
{
    return arena_printf(unit_call()->arena, "%.*s/data/%s%c", STR_ARG(unit_folder()), name, 0)
        .at;
}

static Fail open_again(bool create)
{
    StoreOptions options = { .folder = arena_printf(unit_call()->arena, "%.*s/data",
                                                    STR_ARG(unit_folder())),
                             .create = create };
    Store       *s;
    Fail         result = store_open(unit_call(), &options, &s);

    if (result == OK)
        store_close(s);
    return result;
}

static bool said(const char *words)
{
    Call *c = unit_call();

    return c->issue_count && str_find(c->issues[c->issue_count - 1].text, str_from(words)) >= 0;
}

TEST(a_folder_that_is_not_there_is_not_made_unless_asked)
{
    CHECK_INT(open_again(false), FAIL_NOT_FOUND);
    CHECK_INT(open_again(true), OK);
    CHECK_INT(open_again(false), OK);
}

TEST(the_folder_is_the_owners_alone)
{
    struct stat about;

    help_open();
    CHECK(stat(in_folder("."), &about) == 0 && (about.st_mode & 0777) == 0700);
    CHECK(stat(in_folder("hale.db"), &about) == 0 && (about.st_mode & 0777) == 0600);
    CHECK(stat(in_folder("hale.db-wal"), &about) == 0 && (about.st_mode & 0777) == 0600);
    help_close();
}

TEST(a_folder_in_use_is_refused)
{
    help_open();
    CHECK_INT(open_again(false), FAIL_CONFLICT);
    CHECK(said("in use"));
    help_close();
    CHECK_INT(open_again(false), OK);
}

TEST(a_wrong_key_is_refused_and_changes_nothing)
{
    FILE *f;

    help_open();
    help_close();
    f = fopen(in_folder("keyring"), "w");
    fprintf(f, "hale keyring 1 aegis\n%064d\n", 7);
    fclose(f);
    CHECK_INT(open_again(false), FAIL_LOGIN);
    CHECK(said("keyring"));
    unlink(in_folder("keyring"));
    CHECK_INT(open_again(true), FAIL_LOGIN);
    CHECK(access(in_folder("keyring"), F_OK) != 0);
}

static Fail raise_schema(Call *c, Writer *w, void *context)
{
    (void)context;
    return setting_put(c, w->db, STR("schema"), STR("9999"));
}

TEST(a_later_schema_is_refused)
{
    REQUIRE(writer_run(unit_call(), help_open(), raise_schema, NULL, false) == OK);
    help_close();
    CHECK_INT(open_again(false), FAIL_NOT_SUPPORTED);
    CHECK(said("later Hale"));
}

TEST(nothing_of_the_record_can_be_read_from_the_files)
{
    static const char *const files[] = { "hale.db", "hale.db-wal" };

    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"p\",\"name\":[{\"family\":"
                     "\"Kanarienvogel\"}]}")
            == OK);
    for (size_t i = 0; i < COUNT(files); i++) {
        char  *bytes = arena_alloc(unit_call()->arena, 4000000, 1);
        FILE  *f = fopen(in_folder(files[i]), "r");
        size_t len = fread(bytes, 1, 4000000, f);

        fclose(f);
        CHECK(str_find((Str){ bytes, len }, STR("anarienvogel")) < 0);
        CHECK(str_find((Str){ bytes, len }, STR("SQLite format")) < 0);
        CHECK(str_find((Str){ bytes, len }, STR("CREATE TABLE")) < 0);
    }
    help_close();
}

TEST(the_sqlcipher_format_can_be_chosen)
{
    StoreOptions options = { .folder = arena_printf(unit_call()->arena, "%.*s/data",
                                                    STR_ARG(unit_folder())),
                             .create = true,
                             .cipher = STR("sqlcipher") };
    Store       *s;

    REQUIRE(store_open(unit_call(), &options, &s) == OK);
    store_close(s);
    options.cipher = STR("rot13");
    CHECK_INT(open_again(false), OK);
    options.folder = arena_printf(unit_call()->arena, "%.*s/other", STR_ARG(unit_folder()));
    CHECK_INT(store_open(unit_call(), &options, &s), FAIL_VALUE);
}

TEST(what_was_stored_before_a_dictionary_is_read_after_it)
{
    Fail       result;
    char       json[300];
    StoreFacts facts;

    for (int i = 0; i < 2600; i++) {
        snprintf(
            json, sizeof json,
            "{\"resourceType\":\"Observation\",\"id\":\"o%d\",\"status\":\"final\",\"code\":"
            "{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"8867-4\"}],\"text\":"
            "\"number %d\"},\"valueQuantity\":{\"value\":%d,\"unit\":\"kg\"}}",
            i, i * 7919, i);
        REQUIRE(help_put(json) == OK);
    }
    for (int wait = 0; wait < 100 && bodies_newest(help_open()->bodies) == 0; wait++)
        usleep(100000);
    CHECK_INT(bodies_newest(help_open()->bodies), 1);
    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"p\"}") == OK);
    help_reopen();
    CHECK(help_read(TYPE_OBSERVATION, "o7", &result).len > 0);
    CHECK(help_read(TYPE_PATIENT, "p", &result).len > 0);
    REQUIRE(store_facts(unit_call(), help_session(), &facts) == OK);
    CHECK_INT(facts.resources, 2601);
    help_close();
}

TEST(another_address_makes_the_index_stale_until_it_is_made_anew)
{
    StoreOptions options = { .folder = arena_printf(unit_call()->arena, "%.*s/data",
                                                    STR_ARG(unit_folder())) };
    StoreFacts   facts;
    Session     *session;
    Store       *s;

    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"p\"}") == OK);
    help_close();
    REQUIRE(store_open(unit_call(), &options, &s) == OK);
    CHECK_STR(store_base(s), STR("http://localhost/fhir"));
    CHECK(!atomic_load(&s->index_stale));
    store_close(s);
    options.base = STR("https://elsewhere.example/fhir");
    REQUIRE(store_open(unit_call(), &options, &s) == OK);
    REQUIRE(session_open(unit_call(), s, &session) == OK);
    CHECK(store_facts(unit_call(), session, &facts) == OK && facts.index_stale);
    CHECK(store_reindex(unit_call(), s, NULL, NULL) == OK);
    CHECK(store_facts(unit_call(), session, &facts) == OK && !facts.index_stale);
    session_close(session);
    store_close(s);
    REQUIRE(store_open(unit_call(), &options, &s) == OK);
    CHECK(!atomic_load(&s->index_stale));
    store_close(s);
}

/* A page that was changed on the disk is found, and never read as if it were good. */
TEST(a_bit_that_fell_over_is_found)
{
    bool  sound;
    Str   finding;
    char  json[100];
    FILE *f;
    int   was;

    for (int i = 0; i < 300; i++) {
        snprintf(json, sizeof json, "{\"resourceType\":\"Patient\",\"id\":\"p%d\"}", i);
        REQUIRE(help_put(json) == OK);
    }
    help_reopen();
    REQUIRE(store_check(unit_call(), help_open(), &sound, &finding) == OK);
    CHECK(sound);
    help_close();
    f = fopen(in_folder("hale.db"), "r+");
    fseek(f, 9 * 4096 + 100, SEEK_SET);
    was = fgetc(f);
    fseek(f, 9 * 4096 + 100, SEEK_SET);
    fputc(was ^ 1, f);
    fclose(f);
    if (open_again(false) != OK)
        return;
    REQUIRE(store_check(unit_call(), help_open(), &sound, &finding) == OK);
    CHECK(!sound);
    help_close();
}
