/* Queries against resources that are not stored yet. */
#include "interaction/match.h"

#include "fhir/resource.h"
#include "test/unit.h"

static const char patient[] =
    "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"urn:a\",\"value\":\"1\"},"
    "{\"value\":\"2\"}],\"name\":[{\"family\":\"Ångström\"}],\"gender\":\"female\","
    "\"generalPractitioner\":[{\"reference\":\"Practitioner/d\"}]}";

static bool matches(const char *query_text)
{
    Call        *c = unit_call();
    ReadOptions  read = { .values_max = 1000 };
    QueryOptions options = { .conditional = true };
    Resource     resource;
    IndexRows    rows;
    Query        query;

    CHECK_INT(resource_read(c, str_from(patient), &read, &resource), OK);
    resource.id = STR("p");
    CHECK_INT(index_derive(c, &resource, (Str){ 0 }, &rows), OK);
    CHECK_INT(query_parse(c, TYPE_PATIENT, str_from(query_text), &options, &query), OK);
    return match_rows(&query, STR("p"), &rows);
}

TEST(identifiers_match_by_system_and_value)
{
    CHECK(matches("identifier=urn:a|1"));
    CHECK(matches("identifier=1"));
    CHECK(matches("identifier=9,urn:a|1"));
    CHECK(matches("identifier=|2"));
    CHECK(!matches("identifier=|1"));
    CHECK(!matches("identifier=urn:b|1"));
    CHECK(!matches("identifier=urn:a|2"));
}

TEST(all_clauses_must_hold)
{
    CHECK(matches("identifier=urn:a|1&gender=female"));
    CHECK(!matches("identifier=urn:a|1&gender=male"));
    CHECK(matches("_id=p&gender=female"));
    CHECK(!matches("_id=q&gender=female"));
}

TEST(names_and_references_match)
{
    CHECK(matches("family=angs"));
    CHECK(!matches("family=strom"));
    CHECK(matches("family:exact=Ångström"));
    CHECK(!matches("family:exact=Angstrom"));
    CHECK(matches("general-practitioner=Practitioner/d"));
    CHECK(matches("general-practitioner=d"));
    CHECK(!matches("general-practitioner=Organization/d"));
}

TEST(what_is_not_understood_matches_nothing)
{
    CHECK(!matches("birthdate=lt2999-01-01"));
    CHECK(!matches("gender:not=male"));
    CHECK(!matches("gender:missing=false"));
}
