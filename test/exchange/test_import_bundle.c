/* Importing Bundles: exchange/import_bundle.c. */
#include "test/exchange/exchange_help.h"

#define IMPORT(store, path) help_import((store), 2, &(const char *){ path }, 1)

#define UUID_A "0b1f2f4e-6a2b-4a57-9b3a-0f6f5c1d2e3f"
#define UUID_B "1c2f3f4e-6a2b-4a57-9b3a-0f6f5c1d2e3f"

static const Str transaction = STR_INIT(
    "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[\n"
    "{\"fullUrl\":\"urn:uuid:" UUID_A
    "\",\"resource\":{\"resourceType\":\"Patient\",\"active\":true},"
    "\"request\":{\"method\":\"POST\",\"url\":\"Patient\"}},\n"
    "{\"fullUrl\":\"urn:uuid:" UUID_B "\",\"resource\":{\"resourceType\":\"Observation\","
    "\"status\":\"final\",\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"urn:uuid:" UUID_A
    "\"}},\"request\":{\"method\":\"POST\",\"url\":\"Observation\"}}\n]}\n");

TEST(a_transaction_goes_in_with_its_references_led_home)
{
    Store      *s = help_store("data");
    ImportFacts facts = IMPORT(s, help_file("a.json", transaction));

    CHECK_INT(facts.taken, 2);
    CHECK_INT(help_version(s, TYPE_PATIENT, UUID_A), 1);
    CHECK(str_find(help_body(s, TYPE_OBSERVATION, UUID_B),
                   STR("\"subject\":{\"reference\":\"Patient/" UUID_A "\"}"))
          >= 0);
    store_close(s);
}

TEST(a_transaction_done_again_makes_no_doubles)
{
    Store      *s = help_store("data");
    const char *path = help_file("a.json", transaction);
    ImportFacts facts;

    IMPORT(s, path);
    facts = IMPORT(s, path);
    CHECK_INT(facts.unchanged, 2);
    CHECK_INT(help_count(s, TYPE_PATIENT), 1);
    CHECK_INT(help_version(s, TYPE_OBSERVATION, UUID_B), 1);
    store_close(s);
}

TEST(of_a_transaction_with_a_bad_entry_nothing_goes_in)
{
    Store      *s = help_store("data");
    const char *path = help_file(
        "a.json",
        STR("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[\n"
            "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"a\"},"
            "\"request\":{\"method\":\"PUT\",\"url\":\"Patient/a\"}},\n"
            "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"b\",\"gender\":\"blue\"},"
            "\"request\":{\"method\":\"PUT\",\"url\":\"Patient/b\"}}]}"));
    ImportFacts facts = IMPORT(s, path);

    CHECK_INT(facts.taken, 0);
    CHECK_INT(facts.rejected, 1);
    CHECK_INT(help_count(s, TYPE_PATIENT), 0);
    CHECK(str_find(help_faults(), STR("a.json, line 3: Bundle.entry[1].resource.gender: "))
          >= 0);
    store_close(s);
}

TEST(of_a_transaction_with_a_dangling_reference_nothing_goes_in)
{
    Store      *s = help_store("data");
    ImportFacts facts = IMPORT(
        s,
        help_file("a.json",
                  STR("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["
                      "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"a\"},"
                      "\"request\":{\"method\":\"PUT\",\"url\":\"Patient/a\"}},"
                      "{\"resource\":{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":"
                      "\"final\",\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":"
                      "\"urn:uuid:" UUID_A "\"}},"
                      "\"request\":{\"method\":\"PUT\",\"url\":\"Observation/o\"}}]}")));

    CHECK_INT(facts.taken, 0);
    CHECK_INT(facts.rejected, 1);
    CHECK_INT(help_count(s, TYPE_PATIENT), 0);
    store_close(s);
}

TEST(of_a_batch_or_collection_the_good_entries_go_in)
{
    static const char *const kinds[] = { "batch", "collection", "searchset" };

    for (size_t i = 0; i < COUNT(kinds); i++) {
        Call       *c = unit_call();
        Store      *s = help_store(kinds[i]);
        const char *request =
            i ? "" : ",\"request\":{\"method\":\"PUT\",\"url\":\"Patient/a\"}";
        const char *path = help_file(
            "a.json",
            arena_printf(c->arena,
                         "{\"resourceType\":\"Bundle\",\"type\":\"%s\",\"entry\":[\n"
                         "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"a\"}%s},\n"
                         "{\"resource\":\n{\"resourceType\":\"Patient\",\"id\":\"b\","
                         "\"gender\":\"blue\"}%s}]}",
                         kinds[i], request, request));
        ImportFacts facts = IMPORT(s, path);
        Str kept = help_read_file(arena_printf(c->arena, "%s.rejected.ndjson%c", path, 0).at);

        CHECK_INT(facts.taken, 1);
        CHECK_INT(facts.rejected, 1);
        CHECK_INT(help_version(s, TYPE_PATIENT, "a"), 1);
        CHECK_STR(kept,
                  STR("{\"resourceType\":\"Patient\",\"id\":\"b\",\"gender\":\"blue\"}\n"));
        CHECK(str_find(help_faults(), STR("a.json, line 4: Patient.gender: ")) >= 0);
        store_close(s);
    }
}

static const Str practitioners = STR_INIT(
    "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":["
    "{\"fullUrl\":\"urn:uuid:" UUID_A "\",\"resource\":{\"resourceType\":\"Practitioner\","
    "\"identifier\":[{\"system\":\"urn:npi\",\"value\":\"77\"}]},\"request\":{\"method\":\"POST\","
    "\"url\":\"Practitioner\",\"ifNoneExist\":\"identifier=urn:npi|77\"}},"
    "{\"fullUrl\":\"urn:uuid:" UUID_B "\",\"resource\":{\"resourceType\":\"Practitioner\","
    "\"identifier\":[{\"system\":\"urn:npi\",\"value\":\"77\"}]},\"request\":{\"method\":\"POST\","
    "\"url\":\"Practitioner\",\"ifNoneExist\":\"identifier=urn:npi|77\"}}]}");

static const Str referring = STR_INIT(
    "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"resource\":{"
    "\"resourceType\":\"Patient\",\"id\":\"p\",\"generalPractitioner\":[{\"reference\":"
    "\"Practitioner?identifier=urn:npi|77\"}]},\"request\":{\"method\":\"PUT\",\"url\":"
    "\"Patient/p\"}}]}");

TEST(conditional_creates_and_references_find_what_came_before)
{
    Store      *s = help_store("data");
    const char *paths[] = { help_file("a.json", practitioners),
                            help_file("b.json", referring) };
    ImportFacts facts = help_import(s, 2, paths, 2);

    CHECK_INT(facts.taken, 2);
    CHECK_INT(help_count(s, TYPE_PRACTITIONER), 1);
    CHECK(str_find(help_body(s, TYPE_PATIENT, "p"), STR("\"Practitioner/" UUID_A "\"")) >= 0);
    facts = help_import(s, 2, paths, 2);
    CHECK_INT(facts.taken, 1);
    CHECK_INT(facts.unchanged, 1);
    CHECK_INT(help_count(s, TYPE_PRACTITIONER), 1);
    store_close(s);
}

TEST(conditional_references_find_what_was_stored_long_ago_or_are_refused)
{
    Store      *s = help_store("data");
    ImportFacts facts = IMPORT(s, help_file("b.json", referring));

    CHECK_INT(facts.rejected, 1);
    CHECK(str_find(help_faults(), STR("nothing matches Practitioner?identifier=urn:npi|77"))
          >= 0);
    IMPORT(s,
           help_file("n.ndjson", STR("{\"resourceType\":\"Practitioner\",\"id\":\"old\","
                                     "\"identifier\":[{\"system\":\"urn:npi\",\"value\":\"77\"}"
                                     "]}\n")));
    facts = IMPORT(s, help_file("b.json", referring));
    CHECK_INT(facts.rejected, 0);
    CHECK(str_find(help_body(s, TYPE_PATIENT, "p"), STR("\"Practitioner/old\"")) >= 0);
    store_close(s);
}

TEST(conditional_references_find_lines_of_the_same_import)
{
    Store      *s = help_store("data");
    const char *paths[] = {
        help_file("n.ndjson",
                  STR("{\"resourceType\":\"Practitioner\",\"id\":\"new\",\"identifier\""
                      ":[{\"system\":\"urn:npi\",\"value\":\"77\"}]}\n")),
        help_file("b.json", referring),
    };
    ImportFacts facts = help_import(s, 3, paths, 2);

    CHECK_INT(facts.rejected, 0);
    CHECK(str_find(help_body(s, TYPE_PATIENT, "p"), STR("\"Practitioner/new\"")) >= 0);
    store_close(s);
}

TEST(deletions_in_a_bundle_are_carried_out)
{
    Store *s = help_store("data");

    IMPORT(s, help_file("a.json", transaction));
    IMPORT(s, help_file("d.json",
                        STR("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{"
                            "\"request\":{\"method\":\"DELETE\",\"url\":\"Observation/" UUID_B
                            "\"}}]}")));
    CHECK(help_body(s, TYPE_OBSERVATION, UUID_B).len == 0);
    CHECK_INT(help_version(s, TYPE_OBSERVATION, UUID_B), 2);
    store_close(s);
}

TEST(what_an_import_cannot_do_is_said)
{
    Store      *s = help_store("data");
    ImportFacts facts = IMPORT(
        s, help_file("a.json",
                     STR("{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":["
                         "{\"request\":{\"method\":\"GET\",\"url\":\"Patient/1\"}},"
                         "{\"request\":{\"method\":\"DELETE\",\"url\":\"Patient?name=x\"}},"
                         "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\"},"
                         "\"request\":{\"method\":\"PUT\",\"url\":\"Patient/2\"}},"
                         "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"3\"},"
                         "\"request\":{\"method\":\"PUT\",\"url\":\"Patient/3\"}}]}")));

    CHECK_INT(facts.taken, 1);
    CHECK_INT(facts.rejected, 3);
    CHECK(str_find(help_faults(), STR("Bundle.entry[0].request: ")) >= 0);
    CHECK(str_find(help_faults(), STR("Bundle.entry[1].request: ")) >= 0);
    CHECK(str_find(help_faults(), STR("Bundle.entry[2].request: ")) >= 0);
    store_close(s);
}

TEST(a_document_bundle_is_kept_whole)
{
    Store      *s = help_store("data");
    ImportFacts facts = IMPORT(
        s, help_file("a.json",
                     STR("{\"resourceType\":\"Bundle\",\"id\":\"doc\",\"type\":\"document\","
                         "\"entry\":[{\"fullUrl\":\"http://x.example/Patient/1\",\"resource\":{"
                         "\"resourceType\":\"Patient\",\"id\":\"1\"}}]}")));

    CHECK_INT(facts.taken, 1);
    CHECK_INT(help_count(s, TYPE_BUNDLE), 1);
    CHECK_INT(help_count(s, TYPE_PATIENT), 0);
    store_close(s);
}

TEST(a_history_is_taken_oldest_first)
{
    Store      *s = help_store("data");
    ImportFacts facts = IMPORT(
        s, help_file("a.json",
                     STR("{\"resourceType\":\"Bundle\",\"type\":\"history\",\"entry\":["
                         "{\"fullUrl\":\"http://x.example/Patient/1\",\"resource\":{"
                         "\"resourceType\":\"Patient\",\"id\":\"1\",\"gender\":\"female\"},"
                         "\"request\":{\"method\":\"PUT\",\"url\":\"Patient/1\"},"
                         "\"response\":{\"status\":\"200\"}},"
                         "{\"fullUrl\":\"http://x.example/Patient/1\",\"resource\":{"
                         "\"resourceType\":\"Patient\",\"id\":\"1\",\"gender\":\"unknown\"},"
                         "\"request\":{\"method\":\"PUT\",\"url\":\"Patient/1\"},"
                         "\"response\":{\"status\":\"201\"}}]}")));

    CHECK_INT(facts.rejected, 0);
    CHECK_INT(help_version(s, TYPE_PATIENT, "1"), 2);
    CHECK(str_find(help_body(s, TYPE_PATIENT, "1"), STR("\"female\"")) >= 0);
    store_close(s);
}

TEST(bundles_may_stand_one_a_line)
{
    Call  *c = unit_call();
    Store *s = help_store("data");
    Buf    text = buf_new(c->arena, 65536);

    for (unsigned i = 0; i < 200; i++)
        buf_printf(
            &text,
            "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"resource\":{"
            "\"resourceType\":\"Patient\",\"id\":\"p%u\",\"multipleBirthInteger\":%u},"
            "\"request\":{\"method\":\"PUT\",\"url\":\"Patient/p%u\"}}]}\n",
            i % 5, i, i % 5);
    IMPORT(s, help_file("a.ndjson", buf_str(&text)));
    CHECK_INT(help_count(s, TYPE_PATIENT), 5);
    CHECK_INT(help_version(s, TYPE_PATIENT, "p3"), 40);
    CHECK(str_find(help_body(s, TYPE_PATIENT, "p3"), STR(":198}")) >= 0);
    store_close(s);
}
