/* The forms of references. */
#include "fhir/reference.h"
#include "test/unit.h"

#define BASE STR("https://clinic.example/fhir")

static Reference parsed(const char *text)
{
    return reference_parse(str_from(text), BASE);
}

TEST(a_type_and_an_id_are_local)
{
    Reference r = parsed("Patient/p-1.2");

    CHECK_INT(r.form, REFERENCE_LOCAL);
    CHECK_INT(r.type, TYPE_PATIENT);
    CHECK_STR(r.id, STR("p-1.2"));
    CHECK_STR(r.version, STR(""));
}

TEST(a_version_may_follow)
{
    Reference r = parsed("Patient/1/_history/3");

    CHECK_INT(r.form, REFERENCE_LOCAL);
    CHECK_STR(r.id, STR("1"));
    CHECK_STR(r.version, STR("3"));
}

TEST(our_own_address_is_local)
{
    Reference r = parsed("https://clinic.example/fhir/Patient/1");

    CHECK_INT(r.form, REFERENCE_LOCAL);
    CHECK_INT(r.type, TYPE_PATIENT);
    CHECK_STR(r.id, STR("1"));
}

TEST(an_address_that_only_begins_like_ours_is_not_local)
{
    CHECK_INT(parsed("https://clinic.example/fhirx/Patient/1").form, REFERENCE_ABSOLUTE);
    CHECK_INT(parsed("https://clinic.example/fhir2/fhir/Patient/1").form, REFERENCE_ABSOLUTE);
    CHECK_INT(reference_parse(STR("https://clinic.example/fhir/Patient/1"), (Str){ 0 }).form,
              REFERENCE_ABSOLUTE);
}

TEST(another_servers_address_may_tell_type_and_id)
{
    Reference r = parsed("http://other.example/r4/Patient/1/_history/2");

    CHECK_INT(r.form, REFERENCE_ABSOLUTE);
    CHECK_INT(r.type, TYPE_PATIENT);
    CHECK_STR(r.id, STR("1"));
    CHECK_STR(r.version, STR("2"));
    r = parsed("http://other.example/Questionnaires/phq-9");
    CHECK_INT(r.form, REFERENCE_ABSOLUTE);
    CHECK_INT(r.type, 0);
    CHECK_STR(r.id, STR(""));
}

TEST(urns_and_fragments_are_told_apart)
{
    CHECK_INT(parsed("urn:uuid:8d0a4d8f-ac4c-4c2c-8b22-1b7a3f9a8f58").form, REFERENCE_URN);
    CHECK_INT(parsed("urn:oid:1.2.3").form, REFERENCE_URN);
    CHECK_INT(parsed("#med").form, REFERENCE_CONTAINED);
    CHECK_STR(parsed("#med").id, STR("med"));
    CHECK_INT(parsed("#").form, REFERENCE_CONTAINED);
}

TEST(a_query_makes_it_conditional)
{
    Reference r = parsed("Patient?identifier=http://x|1");

    CHECK_INT(r.form, REFERENCE_CONDITIONAL);
    CHECK_INT(r.type, TYPE_PATIENT);
    CHECK_STR(r.query, STR("identifier=http://x|1"));
}

TEST(what_is_no_reference_is_none)
{
    static const char *const bad[] = {
        "",
        "Patient",
        "Patient/",
        "/Patient/1",
        "patient/1",
        "HumanName/1",
        "Patient/1/2",
        "Patient/1/_history",
        "Patient/1/_history/",
        "Patient/a_b",
        "Patient?",
        "Foo?x=1",
        "Patient/ 1",
        "Patient/1 ",
        "1",
        "Resource/1",
        "javascript:alert(1)",
        "Patient/1#x",
        "Patient/01234567890123456789012345678901234567890123456789012345678901234",
    };

    for (size_t i = 0; i < COUNT(bad); i++)
        if (parsed(bad[i]).form != REFERENCE_NONE)
            unit_fail(__FILE__, __LINE__, "\"%s\" was taken for a reference", bad[i]);
    CHECK_INT(reference_parse((Str){ 0 }, BASE).form, REFERENCE_NONE);
}
