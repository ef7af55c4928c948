/* Criteria that are more than a look at the resource itself: chains, _has, lists, composites, places,
 * _filter. */
#include "base/buf.h"
#include "base/limits.h"
#include "test/fhir/search_help.h"

TEST(chains_are_steps_through_every_type_that_fits)
{
    STEPS(TYPE_OBSERVATION, "subject:Patient.name=x", "TM.");
    STEPS(TYPE_OBSERVATION, "patient.name=x", "TM.");
    STEPS(TYPE_OBSERVATION, "subject.birthdate=2000", "TM.");
    STEPS(TYPE_OBSERVATION, "subject.name=x", "OTM.TM..");
    STEPS(TYPE_OBSERVATION, "subject:Patient.general-practitioner:Practitioner.name:exact=x",
          "TTM..");
    STEPS(TYPE_PATIENT, "_has:Observation:patient:code=x", "RM.");
    STEPS(TYPE_PATIENT, "_has:Observation:patient:_has:Provenance:target:agent=x", "RRM..");
    STEPS(TYPE_PATIENT, "_has:Observation:patient:encounter.class=x", "RTM..");
    STEPS(TYPE_OBSERVATION, "patient._has:Group:member:_id=x", "TRM..");
    STEPS(TYPE_PATIENT, "_list=42", "RM.");
    STEPS(TYPE_PATIENT, "name=x", "");
}

TEST(chains_that_lead_nowhere_are_refused)
{
    CHECK_REFUSED(TYPE_OBSERVATION, "subject.foo=x", FAIL_NOT_SUPPORTED, "subject.foo");
    CHECK_REFUSED(TYPE_OBSERVATION, "code.name=x", FAIL_NOT_SUPPORTED, "code.name");
    CHECK_REFUSED(TYPE_OBSERVATION, "subject:Foo.name=x", FAIL_NOT_SUPPORTED,
                  "subject:Foo.name");
    CHECK_REFUSED(TYPE_OBSERVATION, "subject:Encounter.class=x", FAIL_NOT_SUPPORTED,
                  "subject:Encounter.class");
    CHECK_REFUSED(TYPE_OBSERVATION, "subject.name:foo=x", FAIL_NOT_SUPPORTED,
                  "subject.name:foo");
    CHECK_REFUSED(TYPE_OBSERVATION, "patient.birthdate=x", FAIL_VALUE, "patient.birthdate");
    CHECK_REFUSED(TYPE_OBSERVATION, "patient.=x", FAIL_NOT_SUPPORTED, "patient.");
    CHECK_REFUSED(TYPE_OBSERVATION, "focus._id=x", FAIL_TOO_COSTLY, "focus._id");
    CHECK_REFUSED(TYPE_PATIENT, "_has:Observation=x", FAIL_VALUE, "_has:Observation");
    CHECK_REFUSED(TYPE_PATIENT, "_has:Foo:patient:code=x", FAIL_VALUE, "_has:Foo:patient:code");
    CHECK_REFUSED(TYPE_PATIENT, "_has:Observation:encounter:code=x", FAIL_VALUE,
                  "_has:Observation:encounter:code");
    CHECK_REFUSED(TYPE_PATIENT, "_has:Observation:code:code=x", FAIL_NOT_SUPPORTED,
                  "_has:Observation:code:code");
    CHECK_REFUSED(TYPE_PATIENT, "link.link.link.link.link.link.link.link.link.name=x",
                  FAIL_TOO_COSTLY, "link.link.link.link.link.link.link.link.link.name");
}

TEST(a_lenient_search_leaves_out_chains_it_does_not_know)
{
    QueryOptions options = { .lenient = true, .base = BASE };
    Call        *c = unit_call();
    Query        q;

    REQUIRE(query_parse(c, TYPE_OBSERVATION, STR("subject.foo=1&code=x"), &options, &q) == OK);
    CHECK_INT(q.clause_count, 1);
    CHECK_STR(q.applied, STR("code=x"));
    CHECK_INT(c->issue_count, 1);
    CHECK_INT(query_parse(c, TYPE_OBSERVATION, STR("patient.birthdate=x"), &options, &q),
              FAIL_VALUE);
}

TEST(a_lenient_search_may_leave_out_more_than_it_tells)
{
    QueryOptions options = { .lenient = true, .base = BASE };
    Call        *c = unit_call();
    Buf          text = buf_new(c->arena, 0);
    Query        q;

    for (int i = 0; i < 2 * LIMIT_ISSUES; i++)
        buf_printf(&text, "foo%d=x&subject.foo%d=y&", i, i);
    buf_put(&text, STR("code=x"));
    REQUIRE(query_parse(c, TYPE_OBSERVATION, buf_str(&text), &options, &q) == OK);
    CHECK_INT(q.clause_count, 1);
    CHECK_INT(c->issue_count, LIMIT_ISSUES);
}

TEST(composites_have_two_values)
{
    Query q;

    REQUIRE(query_read(TYPE_OBSERVATION,
                       "code-value-quantity=http://loinc.org|8480-6$gt140|u|mmHg", &q)
            == OK);
    CHECK_STR(q.clauses[0].key->system, STR("http://loinc.org"));
    CHECK_STR(q.clauses[0].key->text, STR("8480-6"));
    CHECK_INT(q.clauses[0].values[0].prefix, PREFIX_GT);
    CHECK_STR(q.clauses[0].values[0].text, STR("mmHg"));
    STEPS(TYPE_OBSERVATION, "code-value-concept=a$b,c$d", "OMM.");
    CHECK_REFUSED(TYPE_OBSERVATION, "code-value-quantity=8480-6", FAIL_VALUE,
                  "code-value-quantity");
    CHECK_REFUSED(TYPE_OBSERVATION, "code-value-quantity=a$1$2", FAIL_VALUE,
                  "code-value-quantity");
    CHECK_REFUSED(TYPE_OBSERVATION, "code-value-quantity=a$x", FAIL_VALUE,
                  "code-value-quantity");
    CHECK_REFUSED(TYPE_OBSERVATION, "code-value-quantity:missing=true", FAIL_NOT_SUPPORTED,
                  "code-value-quantity:missing");
}

TEST(composites_of_three_have_a_code_a_beginning_and_an_end)
{
    Query q;

    REQUIRE(query_read(TYPE_MOLECULAR_SEQUENCE,
                       "chromosome-variant-coordinate=urn:c|1$gt100$lt2.5e2", &q)
            == OK);
    CHECK_STR(q.clauses[0].key->system, STR("urn:c"));
    CHECK_STR(q.clauses[0].key->text, STR("1"));
    CHECK_INT(q.clauses[0].values[0].prefix, PREFIX_GT);
    CHECK(q.clauses[0].values[0].value == 100);
    REQUIRE(q.clauses[0].values[0].end);
    CHECK_INT(q.clauses[0].values[0].end->prefix, PREFIX_LT);
    CHECK(q.clauses[0].values[0].end->value == 250);
    STEPS(TYPE_MOLECULAR_SEQUENCE, "referenceseqid-window-coordinate=a$1$2,b$1$2", "OMM.");
    CHECK_REFUSED(TYPE_MOLECULAR_SEQUENCE, "chromosome-variant-coordinate=1$100", FAIL_VALUE,
                  "chromosome-variant-coordinate");
    CHECK_REFUSED(TYPE_MOLECULAR_SEQUENCE, "chromosome-variant-coordinate=1$1$2$3", FAIL_VALUE,
                  "chromosome-variant-coordinate");
    CHECK_REFUSED(TYPE_MOLECULAR_SEQUENCE, "chromosome-variant-coordinate=1$$2", FAIL_VALUE,
                  "chromosome-variant-coordinate");
    CHECK_REFUSED(TYPE_MOLECULAR_SEQUENCE, "chromosome-variant-coordinate=1$1$x", FAIL_VALUE,
                  "chromosome-variant-coordinate");
    CHECK_REFUSED(TYPE_MOLECULAR_SEQUENCE, "chromosome-variant-coordinate:missing=true",
                  FAIL_NOT_SUPPORTED, "chromosome-variant-coordinate:missing");
}

TEST(a_place_needs_latitude_and_longitude)
{
    ClauseValue v = query_value(TYPE_LOCATION, "near=0|90|1|km");

    CHECK(v.place->at[0] == 0 && v.place->at[2] == 1);
    CHECK(v.place->chord > 1.5e-4 && v.place->chord < 1.6e-4);
    CHECK_REFUSED(TYPE_LOCATION, "near=1", FAIL_VALUE, "near");
    CHECK_REFUSED(TYPE_LOCATION, "near=91|2", FAIL_VALUE, "near");
    CHECK_REFUSED(TYPE_LOCATION, "near=1|181", FAIL_VALUE, "near");
    CHECK_REFUSED(TYPE_LOCATION, "near=1|2|-3", FAIL_VALUE, "near");
    CHECK_REFUSED(TYPE_LOCATION, "near=1|2|3|kg", FAIL_VALUE, "near");
    CHECK_REFUSED(TYPE_LOCATION, "near=1|2|3|km|5", FAIL_VALUE, "near");
    CHECK_REFUSED(TYPE_LOCATION, "near:exact=1|2", FAIL_NOT_SUPPORTED, "near:exact");
}

TEST(a_filter_is_read_into_steps)
{
    STEPS(TYPE_PATIENT, "_filter=given eq \"peter\"", "");
    STEPS(TYPE_PATIENT, "_filter=given eq peter and birthdate ge 2014-10-10", "AMM.");
    STEPS(TYPE_PATIENT, "_filter=given eq peter and active eq true or gender eq male",
          "OAMM.M.");
    STEPS(TYPE_PATIENT, "_filter=given eq peter and (active eq true or gender eq male)",
          "AMOMM..");
    STEPS(TYPE_PATIENT, "_filter=not (given eq peter)", "NM.");
    STEPS(TYPE_PATIENT, "_filter=((given ne peter))", "NM.");
    STEPS(TYPE_PATIENT, "_filter=name pr true", "NM.");
    STEPS(TYPE_OBSERVATION, "_filter=subject:Patient.name co \"pet\"", "TM.");
    STEPS(TYPE_OBSERVATION, "_filter=code eq http://loinc.org|1234-5", "");
    STEPS(TYPE_OBSERVATION, "_filter=date po 2020", "");
    STEPS(TYPE_OBSERVATION, "_filter=value-quantity gt 5|http://unitsofmeasure.org|mm[Hg]",
          "OMM.");
}

TEST(brackets_in_a_filter_say_more_of_what_a_name_leads_to)
{
    STEPS(TYPE_OBSERVATION, "_filter=encounter[status eq finished].class eq AMB", "TMM.");
    STEPS(TYPE_OBSERVATION,
          "_filter=subject:Patient[name co a or active eq true].gender eq male", "TOMM.M.");
    STEPS(TYPE_OBSERVATION, "_filter=encounter[not (status eq finished)].class ne AMB",
          "TNM.NM..");
    STEPS(TYPE_OBSERVATION, "_filter=encounter.patient[active eq true].name sw a", "TTMM..");
    STEPS(TYPE_OBSERVATION, "_filter=encounter[patient[active eq true].name sw a].class eq B",
          "TTMM.M.");
    STEPS(
        TYPE_OBSERVATION,
        "_filter=encounter[status eq a].patient[active eq true].name sw a and status eq final",
        "ATMTMM..M.");
    STEPS(TYPE_OBSERVATION, "_filter=(encounter[status eq a].class eq b) or status eq final",
          "OTMM.M.");
}

TEST(brackets_that_are_none_are_refused)
{
    static const char *const wrong[] = {
        "encounter[status eq a]",
        "encounter[status eq a] eq b",
        "encounter[status eq a.class eq b",
        "encounter[status eq a].(class eq b)",
        "encounter[].class eq b",
        "[status eq a].class eq b",
        "encounter[status eq a).class eq b",
        "(encounter[status eq a].class eq b]",
        "encounter:Nonsense[status eq a].class eq b",
        "code[status eq a].class eq b",
        "encounter[birthdate eq 2000].class eq b",
    };
    char text[100];

    for (size_t i = 0; i < COUNT(wrong); i++) {
        snprintf(text, sizeof text, "_filter=%s", wrong[i]);
        unit_call()->issue_count = 0;
        CHECK(query_steps(TYPE_OBSERVATION, text).at[0] == '?');
        CHECK(unit_call()->issue_count > 0);
    }
    CHECK_REFUSED(TYPE_OBSERVATION, "_filter=subject[name eq a].name eq b", FAIL_VALUE,
                  "_filter");
    CHECK_REFUSED(TYPE_OBSERVATION, "_filter=date in http://x", FAIL_NOT_SUPPORTED, "_filter");
}

TEST(lists_with_a_name_are_looked_for_by_code_and_status)
{
    STEPS(TYPE_CONDITION, "_list=42", "RM.");
    STEPS(TYPE_CONDITION, "_list=$current-problems", "RMM.");
    CHECK_REFUSED(TYPE_CONDITION, "_list=$current-nonsense", FAIL_VALUE, "_list");
    CHECK_REFUSED(TYPE_CONDITION, "_list=$current-problems,42", FAIL_VALUE, "_list");
}

TEST(a_filter_that_is_not_one_is_refused)
{
    static const char *const wrong[] = {
        "given",
        "given eq",
        "given eq \"pet",
        "(given eq a",
        "given eq a)",
        "given eq a and",
        "given eq a xor b eq c",
        "and given eq a",
        "()",
        "not given eq a",
        "given eq a given eq b",
        "birthdate ge monday",
        "given eq \"a\\",
    };
    char text[100];

    for (size_t i = 0; i < COUNT(wrong); i++) {
        snprintf(text, sizeof text, "_filter=%s", wrong[i]);
        unit_call()->issue_count = 0;
        CHECK(query_steps(TYPE_PATIENT, text).at[0] == '?');
        CHECK(unit_call()->issue_count > 0);
    }
    CHECK_REFUSED(TYPE_PATIENT, "_filter=foo eq a", FAIL_NOT_SUPPORTED, "foo");
    CHECK_REFUSED(TYPE_PATIENT, "_filter=given gt a", FAIL_NOT_SUPPORTED, "_filter");
    CHECK_REFUSED(TYPE_PATIENT, "_filter=given zz a", FAIL_NOT_SUPPORTED, "_filter");
    CHECK_REFUSED(TYPE_PATIENT, "_filter=gender ss a", FAIL_VALUE, "gender");
    CHECK_REFUSED(TYPE_PATIENT, "_filter=identifier in http://x", FAIL_NOT_SUPPORTED,
                  "_filter");
    CHECK_REFUSED(TYPE_PATIENT, "_filter=((((((((((((((((given eq a))))))))))))))))",
                  FAIL_TOO_COSTLY, "_filter");
}
