/* Lines whose references are searches, as Synthea's bulk exports have them. */
#include <unistd.h>

#include "codec/gzip.h"
#include "exchange/importer.h"
#include "test/exchange/exchange_help.h"

#define NPI(number)                                                                            \
    "\"identifier\":[{\"system\":\"http://hl7.org/fhir/sid/us-npi\",\"value\":\"" number "\"}]"
#define PRACTITIONER(id, npi)                                                                  \
    "{\"resourceType\":\"Practitioner\",\"id\":\"" id "\"," NPI(npi) "}\n"
#define ROLE(id, npi)                                                                          \
    "{\"resourceType\":\"PractitionerRole\",\"id\":\"" id                                      \
    "\"," NPI("role-" npi) ",\"practitioner\":{\"reference\":"                                 \
                           "\"Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|" npi     \
                           "\"}}\n"
#define PATIENT(id) "{\"resourceType\":\"Patient\",\"id\":\"" id "\"}\n"
#define ENCOUNTER(id, npi)                                                                     \
    "{\"resourceType\":\"Encounter\",\"id\":\"" id "\",\"status\":\"finished\",\"class\":"     \
    "{\"code\":\"AMB\"},\"subject\":{\"reference\":\"Patient/p\"},\"participant\":["           \
    "{\"individual\":{\"reference\" : "                                                        \
    "\"Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|" npi "\"}}]}\n"
#define BY_ROLE(id, npi)                                                                       \
    "{\"resourceType\":\"Encounter\",\"id\":\"" id "\",\"status\":\"finished\",\"class\":"     \
    "{\"code\":\"AMB\"},\"participant\":[{\"individual\":{\"reference\":"                      \
    "\"PractitionerRole?identifier=role-" npi "\"}}]}\n"

static bool holds(Str text, const char *part)
{
    return str_find(text, str_from(part)) >= 0;
}

TEST(a_search_in_a_reference_is_seen_without_reading_the_line)
{
    CHECK(import_is_late(STR("{\"reference\":\"Patient?identifier=1\"}")));
    CHECK(import_is_late(STR("{\"x\":\"?\",\"reference\" :\t\"Patient?identifier=1\"}")));
    CHECK(!import_is_late(STR("{\"reference\":\"Patient/1\",\"display\":\"who?\"}")));
    CHECK(!import_is_late(STR("{\"reference\":\"http://x/Patient?identifier=1\"}")));
    CHECK(!import_is_late(STR("{\"text\":\"\\\"reference\\\":\\\"Patient?x\\\"\"}")));
    CHECK(!import_is_late(STR("?")));
    CHECK(!import_is_late(STR("")));
}

TEST(lines_find_what_comes_later_and_in_other_files)
{
    Store      *s = help_store("data");
    const char *paths[] = {
        help_file("Encounter.ndjson", STR(ENCOUNTER("e1", "77") ENCOUNTER("e2", "78"))),
        help_file("Patient.ndjson", STR(PATIENT("p"))),
        help_file("Practitioner.ndjson", STR(PRACTITIONER("a", "77") PRACTITIONER("b", "78"))),
    };
    ImportFacts facts = help_import(s, 3, paths, 3);

    CHECK_INT(facts.taken, 5);
    CHECK_INT(facts.rejected, 0);
    CHECK(holds(help_body(s, TYPE_ENCOUNTER, "e1"), "\"Practitioner/a\""));
    CHECK(holds(help_body(s, TYPE_ENCOUNTER, "e2"), "\"Practitioner/b\""));
    facts = help_import(s, 3, paths, 3);
    CHECK_INT(facts.taken, 5);
    CHECK_INT(facts.unchanged, 5);
    CHECK_INT(help_version(s, TYPE_ENCOUNTER, "e1"), 1);
    store_close(s);
}

TEST(lines_find_what_was_put_off_itself)
{
    Store      *s = help_store("data");
    const char *path = help_file(
        "all.ndjson", STR(BY_ROLE("e1", "77") ROLE("r", "77") PRACTITIONER("a", "77")));
    ImportFacts facts = help_import(s, 2, &path, 1);

    CHECK_INT(facts.taken, 3);
    CHECK_INT(facts.rejected, 0);
    CHECK(holds(help_body(s, TYPE_PRACTITIONER_ROLE, "r"), "\"Practitioner/a\""));
    CHECK(holds(help_body(s, TYPE_ENCOUNTER, "e1"), "\"PractitionerRole/r\""));
    store_close(s);
}

TEST(lines_that_refer_to_nothing_or_to_several_are_rejected_with_the_reason)
{
    Store      *s = help_store("data");
    const char *path =
        help_file("all.ndjson", STR(ENCOUNTER("e1", "77") ENCOUNTER("e2", "none")
                                        ENCOUNTER("e3", "two") PRACTITIONER("a", "77")
                                            PRACTITIONER("b", "two") PRACTITIONER("c", "two")));
    ImportFacts facts = help_import(s, 2, &path, 1);
    Str         kept =
        help_read_file(arena_printf(unit_call()->arena, "%s.rejected.ndjson%c", path, 0).at);

    CHECK_INT(facts.taken, 4);
    CHECK_INT(facts.rejected, 2);
    CHECK(help_body(s, TYPE_ENCOUNTER, "e1").len > 0);
    CHECK(help_body(s, TYPE_ENCOUNTER, "e2").len == 0);
    CHECK(help_body(s, TYPE_ENCOUNTER, "e3").len == 0);
    CHECK(holds(help_faults(),
                "all.ndjson, line 2: Encounter.participant[0].individual.reference: nothing "
                "matches Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|none"));
    CHECK(holds(help_faults(), "all.ndjson, line 3: "));
    CHECK(holds(help_faults(), "match more than one Practitioner"));
    CHECK(holds(kept, "\"e2\""));
    CHECK(holds(kept, "\"e3\""));
    CHECK(!holds(kept, "\"e1\""));
    store_close(s);
}

TEST(a_line_put_off_is_checked_like_any_other)
{
    Store      *s = help_store("data");
    const char *path =
        help_file("all.ndjson",
                  STR(PRACTITIONER("a", "77") "{\"resourceType\":\"Encounter\",\"id\":\"e\","
                                              "\"participant\":[{\"individual\":{\"reference\":"
                                              "\"Practitioner?colour=blue\"}}]}\n"
                                              "{\"resourceType\":\"Patient\",\"id\":\"p\","
                                              "\"generalPractitioner\":[{\"reference\":"
                                              "\"Practitioner?colour=blue\"}]}\n"));
    ImportFacts facts = help_import(s, 1, &path, 1);

    CHECK_INT(facts.taken, 1);
    CHECK_INT(facts.rejected, 2);
    CHECK(holds(help_faults(), "line 2: Encounter"));
    CHECK(holds(help_faults(), "line 3: "));
    CHECK(holds(help_faults(), "colour"));
    store_close(s);
}

TEST(a_packed_file_is_read_again_too)
{
    Store      *s = help_store("data");
    const char *path = help_file(
        "all.ndjson.gz",
        gzip_pack(unit_call()->arena, STR(ENCOUNTER("e1", "77") PRACTITIONER("a", "77"))));
    ImportFacts facts = help_import(s, 1, &path, 1);

    CHECK_INT(facts.rejected, 0);
    CHECK(holds(help_body(s, TYPE_ENCOUNTER, "e1"), "\"Practitioner/a\""));
    store_close(s);
}

TEST(what_cannot_be_read_again_is_held)
{
    const Str   text = STR(ENCOUNTER("e1", "77") ENCOUNTER("e2", "78") ROLE("r", "77")
                               BY_ROLE("e3", "77") PRACTITIONER("a", "77"));
    Store      *s = help_store("data");
    const char *path;
    ImportFacts facts;
    char        name[32];
    int         ends[2];

    REQUIRE(pipe(ends) == 0);
    REQUIRE(write(ends[1], text.at, text.len) == (ssize_t)text.len);
    close(ends[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    path = name;
    facts = help_import(s, 2, &path, 1);
    close(ends[0]);
    CHECK_INT(facts.taken, 4);
    CHECK_INT(facts.rejected, 1);
    CHECK(holds(help_body(s, TYPE_ENCOUNTER, "e1"), "\"Practitioner/a\""));
    CHECK(holds(help_body(s, TYPE_ENCOUNTER, "e3"), "\"PractitionerRole/r\""));
    CHECK(help_body(s, TYPE_ENCOUNTER, "e2").len == 0);
    store_close(s);
}
