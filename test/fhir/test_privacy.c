/* Labels by which notes are private: which can be carried out, and whose change of them stands. */
#include "fhir/assignment.h"
#include "fhir/privacy.h"
#include "test/unit.h"

static IndexRows rows_of(const char *text)
{
    ReadOptions options = { .values_max = 10000 };
    Resource   *resource = NEW(unit_call()->arena, Resource);
    IndexRows   rows = { 0 };

    CHECK_INT(resource_read(unit_call(), str_from(text), &options, resource), OK);
    CHECK_INT(index_derive(unit_call(), resource, STR("http://localhost/fhir"), &rows), OK);
    return rows;
}

/* An Observation with those codes as labels, separated by spaces, by Practitioner/1. */
static IndexRows note(const char *codes)
{
    Buf text = buf_new(unit_call()->arena, 512);
    Str rest = str_from(codes), code;

    buf_put(&text,
            STR("{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":"
                "\"x\"},\"performer\":[{\"reference\":\"Practitioner/1\"}]"));
    for (size_t i = 0; *codes && str_next(&rest, ' ', &code); i++)
        buf_printf(&text, "%s{\"system\":\"" PRIVACY_SYSTEM "\",\"code\":\"%.*s\"}",
                   i ? "," : ",\"meta\":{\"security\":[", STR_ARG(code));
    buf_put(&text, *codes ? STR("]}}") : STR("}"));
    return rows_of(arena_c_string(unit_call()->arena, buf_str(&text)));
}

static Fail form(const char *codes)
{
    IndexRows rows = note(codes);

    return privacy_check_form(unit_call(), TYPE_OBSERVATION, &rows);
}

TEST(labels_are_carried_out_or_refused)
{
    CHECK_INT(form(""), OK);
    CHECK_INT(form("team"), OK);
    CHECK_INT(form("private author:Practitioner/1"), OK);
    CHECK_INT(form("private author:Practitioner/1 discipline:physio reader:Patient/7"), OK);
    CHECK_INT(form("private"), FAIL_UNPROCESSABLE);
    CHECK_INT(form("author:Practitioner/1"), FAIL_UNPROCESSABLE);
    CHECK_INT(form("team private author:Practitioner/1"), FAIL_UNPROCESSABLE);
    CHECK_INT(form("team discipline:physio"), FAIL_UNPROCESSABLE);
    CHECK_INT(form("private author:Practitioner/1 author:Practitioner/2"), FAIL_UNPROCESSABLE);
    CHECK_INT(form("private author:1"), FAIL_UNPROCESSABLE);
    CHECK_INT(form("private author:Practitioner/1 discipline:a,b"), FAIL_UNPROCESSABLE);
    CHECK_INT(form("private author:Practitioner/1 everybody"), FAIL_UNPROCESSABLE);
}

TEST(only_types_of_notes_have_them)
{
    TypeSet   types = privacy_types();
    IndexRows rows = note("team");

    CHECK(type_set_has(&types, TYPE_QUESTIONNAIRE_RESPONSE));
    CHECK_INT(privacy_check_form(unit_call(), TYPE_PATIENT, &rows), FAIL_UNPROCESSABLE);
}

static Fail changes(const char *from, const char *to, const char *reader)
{
    IndexRows none = { 0 }, before = from ? note(from) : none, after = note(to);

    return privacy_check(unit_call(), TYPE_OBSERVATION, &before, &after, str_from(reader),
                         false);
}

#define MINE "private author:Practitioner/1"

TEST(who_may_read_is_the_authors_to_say)
{
    CHECK_INT(changes(NULL, MINE, "Practitioner/1"), OK);
    CHECK_INT(changes(NULL, MINE, "Practitioner/2"), FAIL_FORBIDDEN);
    CHECK_INT(changes(NULL, MINE, ""), FAIL_FORBIDDEN);
    CHECK_INT(changes(MINE, MINE, ""), OK);
    CHECK_INT(changes(MINE, "team", "Practitioner/1"), OK);
    CHECK_INT(changes(MINE, "team", "Practitioner/2"), FAIL_FORBIDDEN);
    CHECK_INT(changes(MINE, "", "Practitioner/2"), FAIL_FORBIDDEN);
    CHECK_INT(changes(MINE, MINE " reader:Practitioner/2", "Practitioner/2"), FAIL_FORBIDDEN);
    CHECK_INT(changes(MINE, "private author:Practitioner/2", "Practitioner/2"), FAIL_FORBIDDEN);
    CHECK_INT(changes(MINE, "private author:Practitioner/2", "Practitioner/1"), FAIL_FORBIDDEN);
}

TEST(what_was_the_teams_is_made_private_by_who_is_named_as_its_author)
{
    CHECK_INT(changes("", MINE, "Practitioner/1"), OK);
    CHECK_INT(changes("", "private author:Practitioner/2", "Practitioner/2"), FAIL_FORBIDDEN);
    CHECK_INT(changes("", "team", "Practitioner/2"), OK);
}

TEST(whoever_may_say_it_of_all_may_say_anything)
{
    IndexRows before = note(MINE), after = note("");

    CHECK_INT(privacy_check(unit_call(), TYPE_OBSERVATION, &before, &after, (Str){ 0 }, true),
              OK);
}

static Fail assigns(const char *from, const char *to)
{
    IndexRows none = { 0 }, before = from ? rows_of(from) : none,
              after = to ? rows_of(to) : none;

    return assignment_check(unit_call(), &before, &after);
}

#define ROLE "{\"resourceType\":\"PractitionerRole\""
#define HERE ROLE ",\"practitioner\":{\"reference\":\"Practitioner/1\"}"

TEST(what_permission_goes_by_in_a_role_is_not_changed)
{
    CHECK_INT(assigns(HERE "}", HERE "}"), OK);
    CHECK_INT(assigns(HERE "}", HERE ",\"availabilityExceptions\":\"none\"}"), OK);
    CHECK_INT(assigns(NULL, ROLE ",\"availabilityExceptions\":\"none\"}"), OK);
    CHECK_INT(assigns(NULL, HERE "}"), FAIL_FORBIDDEN);
    CHECK_INT(assigns(HERE "}", NULL), FAIL_FORBIDDEN);
    CHECK_INT(assigns(HERE "}", ROLE "}"), FAIL_FORBIDDEN);
    CHECK_INT(assigns(HERE "}", HERE ",\"active\":false}"), FAIL_FORBIDDEN);
    CHECK_INT(assigns(HERE "}", HERE ",\"period\":{\"end\":\"2030\"}}"), FAIL_FORBIDDEN);
    CHECK_INT(assigns(HERE "}", HERE ",\"code\":[{\"coding\":[{\"code\":\"x\"}]}]}"),
              FAIL_FORBIDDEN);
    CHECK_INT(assigns(HERE "}", HERE ",\"organization\":{\"reference\":\"Organization/1\"}}"),
              FAIL_FORBIDDEN);
}
