/* Importing resources and lines: exchange/import.c, import_resource.c, import_fault.c. */
#include <unistd.h>

#include "codec/gzip.h"
#include "practice/synthetic.h"
#include "test/exchange/exchange_help.h"

#define IMPORT(store, path) help_import((store), 2, &(const char *){ path }, 1)

static Str lines_of(unsigned count)
{
    Buf text = buf_new(unit_call()->arena, 65536);

    for (unsigned i = 0; i < count; i++)
        buf_printf(&text,
                   "{\"resourceType\":\"Patient\",\"id\":\"p%u\",\"gender\":\"female\"}\n", i);
    return buf_str(&text);
}

TEST(lines_keep_their_ids)
{
    Store      *s = help_store("data");
    ImportFacts facts = IMPORT(s, help_file("a.ndjson", lines_of(1000)));

    CHECK_INT(facts.taken, 1000);
    CHECK_INT(facts.rejected, 0);
    CHECK_INT(help_count(s, TYPE_PATIENT), 1000);
    CHECK(str_ends(help_body(s, TYPE_PATIENT, "p999"), STR(",\"gender\":\"female\"}")));
    store_close(s);
}

TEST(doing_it_again_changes_nothing)
{
    Store      *s = help_store("data");
    const char *path = help_file("a.ndjson", lines_of(500));
    ImportFacts facts;

    IMPORT(s, path);
    facts = IMPORT(s, path);
    CHECK_INT(facts.taken, 500);
    CHECK_INT(facts.unchanged, 500);
    CHECK_INT(help_version(s, TYPE_PATIENT, "p7"), 1);
    store_close(s);
}

TEST(a_changed_line_makes_a_new_version_of_that_resource_only)
{
    Store *s = help_store("data");

    IMPORT(s, help_file("a.ndjson", lines_of(3)));
    IMPORT(s, help_file(
                  "b.ndjson",
                  STR("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"gender\":\"male\"}\n"
                      "{\"resourceType\":\"Patient\",\"id\":\"p2\",\"gender\":\"female\"}\n")));
    CHECK_INT(help_version(s, TYPE_PATIENT, "p1"), 2);
    CHECK_INT(help_version(s, TYPE_PATIENT, "p2"), 1);
    store_close(s);
}

TEST(versions_of_one_id_in_one_file_come_in_their_order)
{
    Store *s = help_store("data");
    Buf    text = buf_new(unit_call()->arena, 65536);

    for (unsigned i = 1; i <= 900; i++)
        buf_printf(
            &text,
            "{\"resourceType\":\"Patient\",\"id\":\"p%u\",\"multipleBirthInteger\":%u}\n",
            i % 3, i);
    IMPORT(s, help_file("a.ndjson", buf_str(&text)));
    CHECK_INT(help_version(s, TYPE_PATIENT, "p0"), 300);
    CHECK(str_ends(help_body(s, TYPE_PATIENT, "p0"), STR("\"multipleBirthInteger\":900}")));
    CHECK(str_ends(help_body(s, TYPE_PATIENT, "p2"), STR("\"multipleBirthInteger\":899}")));
    store_close(s);
}

TEST(what_has_no_id_gets_the_same_each_time)
{
    Store      *s = help_store("data");
    const char *path =
        help_file("a.json", STR("{\"resourceType\":\"Patient\",\"active\":true}"));

    IMPORT(s, path);
    IMPORT(s, path);
    CHECK_INT(help_count(s, TYPE_PATIENT), 1);
    store_close(s);
}

TEST(a_bad_line_is_told_and_kept_and_the_rest_goes_in)
{
    Store      *s = help_store("data");
    const char *path = help_file(
        "a.ndjson",
        STR("{\"resourceType\":\"Patient\",\"id\":\"a\"}\n"
            "{\"resourceType\":\"Patient\",\"id\":\"b\",\"birthDate\":\"1990-02-30\"}\n"
            "not json at all\n"
            "{\"resourceType\":\"Patient\",\"id\":\"c\"}\n"
            "{\"resourceType\":\"Unheard\",\"id\":\"d\"}\n"));
    ImportFacts facts = IMPORT(s, path);
    Str         kept =
        help_read_file(arena_printf(unit_call()->arena, "%s.rejected.ndjson%c", path, 0).at);

    CHECK_INT(facts.taken, 2);
    CHECK_INT(facts.rejected, 3);
    CHECK_INT(help_count(s, TYPE_PATIENT), 2);
    CHECK(str_find(help_faults(), STR("a.ndjson, line 2: Patient.birthDate: ")) >= 0);
    CHECK(str_find(help_faults(), STR("a.ndjson, line 3: ")) >= 0);
    CHECK(str_find(help_faults(), STR("a.ndjson, line 5: ")) >= 0);
    CHECK(str_find(kept, STR("\"birthDate\":\"1990-02-30\"}\n")) >= 0);
    CHECK(str_find(kept, STR("not json at all\n")) >= 0);
    CHECK(str_find(kept, STR("\"id\":\"c\"")) < 0);
    store_close(s);
}

TEST(a_second_attempt_begins_the_reject_file_anew)
{
    Store      *s = help_store("data");
    const char *path = help_file("a.ndjson", STR("{\"x\":1}\n{\"y\":1}\n"));

    IMPORT(s, path);
    IMPORT(s, path);
    CHECK_INT(
        help_read_file(arena_printf(unit_call()->arena, "%s.rejected.ndjson%c", path, 0).at)
            .len,
        strlen("{\"x\":1}\n{\"y\":1}\n"));
    store_close(s);
}

TEST(packed_files_are_known_by_their_bytes)
{
    Store      *s = help_store("data");
    Str         packed = gzip_pack(unit_call()->arena, lines_of(1000));
    ImportFacts facts = IMPORT(s, help_file("a.ndjson", packed));

    CHECK_INT(facts.taken, 1000);
    facts = IMPORT(s, help_file("cut.gz", str_slice(packed, 0, packed.len - 20)));
    CHECK(facts.unchanged > 900);
    CHECK_INT(facts.rejected, 1);
    CHECK(str_find(help_faults(), STR("cut.gz: : the gzip file is cut off")) >= 0);
    store_close(s);
}

TEST(a_missing_file_is_told_and_the_others_go_in)
{
    Store      *s = help_store("data");
    const char *paths[] = { help_file("a.ndjson", lines_of(10)), "/nowhere/b.ndjson",
                            help_file("c.ndjson", lines_of(20)) };
    ImportFacts facts = help_import(s, 0, paths, COUNT(paths));

    CHECK_INT(facts.taken, 30);
    CHECK_INT(facts.rejected, 1);
    CHECK(str_find(help_faults(), STR("/nowhere/b.ndjson")) >= 0);
    store_close(s);
}

TEST(hostile_lines_are_refused_in_bounds)
{
    Call       *c = unit_call();
    Store      *s = help_store("data");
    Buf         text = buf_new(c->arena, 1 << 20);
    ImportFacts facts;

    for (int i = 0; i < 100001; i++)
        buf_put_char(&text, '[');
    buf_put_char(&text, '\n');
    buf_put(&text, STR("{\"resourceType\":\"Patient\",\"id\":\"a\",\"multipleBirthInteger\":"));
    for (int i = 0; i < 5000; i++)
        buf_put_char(&text, '1');
    buf_put(&text, STR("}\n{\"resourceType\":\"Patient\",\"id\":\"b\",\"id\":\"b\"}\n"));
    buf_put(&text, STR("{\"resourceType\":\"Patient\",\"id\":\"\xff\"}\n"));
    buf_put(&text, STR("{\"resourceType\":\"Patient\",\"id\":\"n\0\"}\n"));
    buf_put(&text, STR("{\"resourceType\":\"Patient\",\"id\":\"good\"}\n"));
    facts = IMPORT(s, help_file("a.ndjson", buf_str(&text)));
    CHECK_INT(facts.taken, 1);
    CHECK_INT(facts.rejected, 5);
    CHECK_INT(help_count(s, TYPE_PATIENT), 1);
    store_close(s);
}

TEST(an_import_is_in_the_audit)
{
    Store *s = help_store("data");

    IMPORT(s, help_file("a.ndjson", lines_of(10)));
    CHECK(str_find(help_audit(s), STR("\"interaction\":\"import\",\"outcome\":\"done\"")) >= 0);
    CHECK(str_find(help_audit(s), STR("10 resources, 0 unchanged, 0 rejected")) >= 0);
    store_close(s);
}

/* ---- stopping ---- */

typedef struct Stopping {
    atomic_bool stop;
} Stopping;

static void stop_soon(void *context, const ImportFacts *facts)
{
    Stopping *st = context;

    if (facts->taken > 0)
        atomic_store(&st->stop, true);
}

TEST(an_import_that_is_told_to_stop_can_be_gone_on_with)
{
    Call         *c = unit_call();
    Store        *s = help_store("data");
    Principal     owner = principal_owner();
    Stopping      stopping = { 0 };
    const char   *path = help_file("a.ndjson", lines_of(60000));
    char         *copy = (char *)path;
    ImportFacts   facts;
    ImportOptions options = { .paths = &copy,
                              .path_count = 1,
                              .threads = 2,
                              .stop = &stopping.stop,
                              .progress = stop_soon,
                              .context = &stopping };

    atomic_store(&stopping.stop, true);
    REQUIRE(import_files(c, s, &owner, &options, &facts) == OK);
    CHECK(facts.stopped);
    CHECK_INT(facts.taken, 0);
    facts = IMPORT(s, path);
    CHECK(!facts.stopped);
    CHECK_INT(facts.taken, 60000);
    CHECK_INT(help_count(s, TYPE_PATIENT), 60000);
    store_close(s);
}

/* ---- many ---- */

static void put_line(void *context, const SyntheticResource *r)
{
    buf_put(context, r->text);
    buf_put_char(context, '\n');
}

TEST(threads_of_any_number_make_the_same_record)
{
    Call            *c = unit_call();
    Buf              text = buf_new(c->arena, 1 << 20);
    SyntheticOptions made = { .seed = 1, .today = SYNTHETIC_TODAY };
    Arena           *a = arena_create((size_t)64 << 20);
    const char      *path;
    Store           *one, *many;

    for (uint32_t n = 0; n < 4; n++)
        synthetic_record(a, &made, n, put_line, &text);
    arena_destroy(a);
    path = help_file("a.ndjson", buf_str(&text));
    one = help_store("one");
    help_import(one, 1, &path, 1);
    many = help_store("many");
    help_import(many, 7, &path, 1);
    CHECK(help_count(one, TYPE_OBSERVATION) > 100);
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        CHECK_INT(help_count(many, type), help_count(one, type));
    store_close(one);
    store_close(many);
}
