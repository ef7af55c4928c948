/* What is found, for each type of search parameter and each modifier and prefix. */
#include "test/store/store_help.h"

static void put(const char *json)
{
    REQUIRE(help_put(json) == OK);
}

static void observations(void)
{
    put("{\"resourceType\":\"Observation\",\"id\":\"o1\",\"status\":\"final\",\"code\":{\"coding\":["
        "{\"system\":\"http://loinc.org\",\"code\":\"8867-4\"}]},\"subject\":{\"reference\":"
        "\"Patient/p1\"},\"effectiveDateTime\":\"2020-02-10\",\"valueQuantity\":{\"value\":100,"
        "\"unit\":\"beats/min\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"/min\"},"
        "\"identifier\":[{\"system\":\"urn:lab\",\"value\":\"A-1\"}]}");
    put("{\"resourceType\":\"Observation\",\"id\":\"o2\",\"status\":\"amended\",\"code\":{\"coding\":["
        "{\"system\":\"urn:other\",\"code\":\"8867-4\"},{\"code\":\"bare\"}]},\"subject\":"
        "{\"reference\":\"Group/p1\"},\"effectivePeriod\":{\"start\":\"2020-01-01\",\"end\":"
        "\"2020-12-31\"},\"valueQuantity\":{\"value\":100.4,\"unit\":\"mg\"},"
        "\"identifier\":[{\"system\":\"urn:clinic\",\"value\":\"A-1\"}]}");
    put("{\"resourceType\":\"Observation\",\"id\":\"o3\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
        "\"subject\":{\"reference\":\"http://elsewhere.example/Patient/p1\"},"
        "\"effectivePeriod\":{\"start\":\"2021-03-01\"},\"valueQuantity\":{\"value\":101,"
        "\"comparator\":\">\",\"unit\":\"mg\"}}");
    put("{\"resourceType\":\"Observation\",\"id\":\"o4\",\"status\":\"registered\",\"code\":{\"text\":"
        "\"x\"},\"subject\":{\"identifier\":{\"system\":\"urn:mrn\",\"value\":\"77\"}}}");
}

#define FINDS(type, query, expected) CHECK_STR(help_find(type, query, NULL), STR(expected))
#define O(query, expected) FINDS(TYPE_OBSERVATION, query, expected)

TEST(tokens_match_with_and_without_their_system)
{
    observations();
    O("code=8867-4", "o2 o1");
    O("code=http://loinc.org|8867-4", "o1");
    O("code=|bare", "o2");
    O("code=|8867-4", "");
    O("code=urn:other|", "o2");
    O("code=unknown", "");
    O("code=urn:never|8867-4", "");
    O("code=bare,http://loinc.org|8867-4", "o2 o1");
    O("code=8867-4&status=final", "o1");
    O("status:not=final", "o4 o2");
    O("code:not=8867-4", "o4 o3");
    O("code:not=unknown", "o4 o3 o2 o1");
    O("code:missing=true", "o4 o3");
    O("code:missing=false&status=final", "o1");
    help_close();
}

TEST(identifiers_match_with_and_without_their_system)
{
    observations();
    O("identifier=A-1", "o2 o1");
    O("identifier=urn:lab|A-1", "o1");
    O("identifier=urn:lab|", "o1");
    O("identifier=|A-1", "");
    O("identifier=urn:lab|A-1,urn:clinic|A-1", "o2 o1");
    O("identifier=urn:nobody|A-1", "");
    O("identifier:missing=true", "o4 o3");
    help_close();
}

TEST(references_match_by_id_type_address_and_identifier)
{
    observations();
    O("subject=Patient/p1", "o1");
    O("subject=Group/p1", "o2");
    O("subject=p1", "o2 o1");
    O("subject:Patient=p1", "o1");
    O("patient=p1", "o1");
    O("patient=Patient/p1", "o1");
    O("subject=http://localhost/fhir/Patient/p1", "o1");
    O("subject=http://elsewhere.example/Patient/p1", "o3");
    O("subject:identifier=urn:mrn|77", "o4");
    O("subject:identifier=77", "o4");
    O("subject=Patient/nobody", "");
    O("patient=p1,nobody", "o1");
    O("patient=p1&code=8867-4", "o1");
    O("patient=p1&code=bare", "");
    O("patient:missing=true", "o4 o3 o2");
    help_close();
}

TEST(dates_match_as_intervals)
{
    observations();
    O("date=2020", "o2 o1");
    O("date=2020-02", "o1");
    O("date=2020-02-10", "o1");
    O("date=2020-02-10T10:00", "");
    O("date=ne2020-02", "o3 o2");
    O("date=gt2020-02-10", "o3 o2");
    O("date=lt2020-02-10", "o2");
    O("date=ge2020-02-10", "o3 o2 o1");
    O("date=le2020-02-10", "o2 o1");
    O("date=sa2020-06", "o3");
    O("date=eb2020-06", "o1");
    O("date=eb2021-01", "o2 o1");
    O("date=ge2020-02-01&date=le2020-02-28", "o2 o1");
    O("date=2019,2020-02", "o1");
    O("date=gt2999", "o3");
    O("date:missing=true", "o4");
    O("patient=p1&date=2020", "o1");
    help_close();
}

TEST(periods_match_by_what_they_share_with_the_value)
{
    put("{\"resourceType\":\"CarePlan\",\"id\":\"closed\",\"status\":\"active\",\"intent\":\"plan\","
        "\"subject\":{\"reference\":\"Patient/p1\"},\"period\":{\"start\":\"2012-11-19T00:58:36Z\","
        "\"end\":\"2013-01-23T08:40:05Z\"}}");
    put("{\"resourceType\":\"CarePlan\",\"id\":\"begun\",\"status\":\"active\",\"intent\":\"plan\","
        "\"subject\":{\"reference\":\"Patient/p1\"},\"period\":{\"start\":\"2012-11-19\"}}");
    put("{\"resourceType\":\"CarePlan\",\"id\":\"ended\",\"status\":\"active\",\"intent\":\"plan\","
        "\"subject\":{\"reference\":\"Patient/p1\"},\"period\":{\"end\":\"2013-01-23\"}}");
    FINDS(TYPE_CARE_PLAN, "date=ge2013", "ended begun closed");
    FINDS(TYPE_CARE_PLAN, "date=ge2013-01-24", "begun");
    FINDS(TYPE_CARE_PLAN, "date=gt2013", "begun");
    FINDS(TYPE_CARE_PLAN, "date=gt2013-01", "begun");
    FINDS(TYPE_CARE_PLAN, "date=le2012", "ended begun closed");
    FINDS(TYPE_CARE_PLAN, "date=le2012-11-18", "ended");
    FINDS(TYPE_CARE_PLAN, "date=lt2012-11-19", "ended");
    FINDS(TYPE_CARE_PLAN, "date=lt2012-11-20", "ended begun closed");
    FINDS(TYPE_CARE_PLAN, "date=2012", "");
    FINDS(TYPE_CARE_PLAN, "date=ne2012", "ended begun closed");
    FINDS(TYPE_CARE_PLAN, "date=sa2012-11-18", "begun closed");
    FINDS(TYPE_CARE_PLAN, "date=eb2013-01-24", "ended closed");
    FINDS(TYPE_CARE_PLAN, "date=ap2012-12-24", "ended begun closed");
    FINDS(TYPE_CARE_PLAN, "date=ge2013&date=lt2016", "ended begun closed");
    help_close();
}

TEST(separators_behind_a_backslash_belong_to_the_value)
{
    put("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"name\":[{\"family\":\"Hill, Inc.\"}],"
        "\"identifier\":[{\"system\":\"urn:a,b|c\",\"value\":\"1|2$3,4\\\\5\"}]}");
    put("{\"resourceType\":\"Patient\",\"id\":\"p2\",\"name\":[{\"family\":\"Hill\"}]}");
    FINDS(TYPE_PATIENT, "family=hill,%20inc.", "p2 p1");
    FINDS(TYPE_PATIENT, "family=hill%2C%20inc.", "p2 p1");
    FINDS(TYPE_PATIENT, "family=hill%5C%2C%20inc.", "p1");
    FINDS(TYPE_PATIENT, "family:exact=Hill%5C%2C%20Inc.", "p1");
    FINDS(TYPE_PATIENT, "identifier=1%5C|2%5C$3%5C,4%5C%5C5", "p1");
    FINDS(TYPE_PATIENT, "identifier=urn:a%5C,b%5C|c|1%5C|2%5C$3%5C,4%5C%5C5", "p1");
    FINDS(TYPE_PATIENT, "identifier=1%5C|2$3%5C,4%5C%5C5", "p1");
    help_close();
}

TEST(quantities_match_by_precision_prefix_and_unit)
{
    observations();
    O("value-quantity=100", "o2 o1");
    O("value-quantity=100.0", "o1");
    O("value-quantity=100.4", "o2");
    O("value-quantity=gt100", "o3 o2");
    O("value-quantity=ge100", "o3 o2 o1");
    O("value-quantity=lt100.4", "o1");
    O("value-quantity=le100", "o1");
    O("value-quantity=gt1000", "o3");
    O("value-quantity=sa100", "o3 o2");
    O("value-quantity=eb101", "o2 o1");
    O("value-quantity=ap101", "o3 o2 o1");
    O("value-quantity=ne100", "o3");
    O("value-quantity=100|http://unitsofmeasure.org|/min", "o1");
    O("value-quantity=100||mg", "o2");
    O("value-quantity=100||beats/min", "o1");
    O("value-quantity=100||/min", "o1");
    O("value-quantity=100|urn:wrong|mg", "");
    help_close();
}

static void patients(void)
{
    put("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"name\":[{\"family\":\"M\xc3\xbcller\","
        "\"given\":[\"Anna Maria\"]}],\"birthDate\":\"1980-05-05\",\"active\":true}");
    put("{\"resourceType\":\"Patient\",\"id\":\"p2\",\"name\":[{\"family\":\"Muller\"}],"
        "\"telecom\":[{\"system\":\"phone\",\"value\":\"555\"}]}");
    put("{\"resourceType\":\"Patient\",\"id\":\"p3\",\"name\":[{\"family\":\"100% O'Neil_x\"}],"
        "\"deceasedBoolean\":true}");
}

TEST(strings_match_by_beginning_exactly_or_anywhere)
{
    patients();
    FINDS(TYPE_PATIENT, "name=mull", "p2 p1");
    FINDS(TYPE_PATIENT, "name=M%C3%9CLL", "p2 p1");
    FINDS(TYPE_PATIENT, "family:exact=M%C3%BCller", "p1");
    FINDS(TYPE_PATIENT, "family:exact=Muller", "p2");
    FINDS(TYPE_PATIENT, "family:exact=muller", "");
    FINDS(TYPE_PATIENT, "name:contains=mari", "p1");
    FINDS(TYPE_PATIENT, "name:contains=ull", "p2 p1");
    FINDS(TYPE_PATIENT, "name=maria", "");
    FINDS(TYPE_PATIENT, "family:contains=neil", "p3");
    FINDS(TYPE_PATIENT, "name=mull,anna", "p2 p1");
    FINDS(TYPE_PATIENT, "name=mull&given=anna", "p1");
    help_close();
}

TEST(other_criteria_of_patients)
{
    patients();
    FINDS(TYPE_PATIENT, "_id=p2", "p2");
    FINDS(TYPE_PATIENT, "_id=p3,p1,nobody", "p3 p1");
    FINDS(TYPE_PATIENT, "_id=nobody", "");
    FINDS(TYPE_PATIENT, "_id=p2&name=mull", "p2");
    FINDS(TYPE_PATIENT, "birthdate=1980", "p1");
    FINDS(TYPE_PATIENT, "birthdate=lt1980-05-05", "");
    FINDS(TYPE_PATIENT, "active=true", "p1");
    FINDS(TYPE_PATIENT, "phone=555", "p2");
    FINDS(TYPE_PATIENT, "telecom=555", "p2");
    FINDS(TYPE_PATIENT, "deceased=true", "p3");
    FINDS(TYPE_PATIENT, "deceased=false", "p2 p1");
    FINDS(TYPE_PATIENT, "", "p3 p2 p1");
    FINDS(TYPE_PATIENT, "_lastUpdated=gt2020-01-01", "p3 p2 p1");
    FINDS(TYPE_PATIENT, "_lastUpdated=lt2020-01-01", "");
    help_close();
}

TEST(what_is_changed_or_deleted_is_found_as_it_is_now)
{
    patients();
    put("{\"resourceType\":\"Patient\",\"id\":\"p2\",\"name\":[{\"family\":\"Meier\"}]}");
    REQUIRE(help_delete(TYPE_PATIENT, "p1") == OK);
    FINDS(TYPE_PATIENT, "name=mull", "");
    FINDS(TYPE_PATIENT, "name=meier", "p2");
    FINDS(TYPE_PATIENT, "telecom=555", "");
    FINDS(TYPE_PATIENT, "", "p3 p2");
    put("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"name\":[{\"family\":\"Neu\"}]}");
    FINDS(TYPE_PATIENT, "name=neu", "p1");
    FINDS(TYPE_PATIENT, "active=true", "");
    help_close();
}

TEST(pages_follow_each_other_without_gap_or_repetition)
{
    Permit       permit = help_permit(DEED_SEARCH);
    QueryOptions options = { 0 };
    SearchPage   page = { 0 };
    Query        query;
    int          seen = 0, pages = 0;
    char         json[120];

    for (int i = 0; i < 57; i++) {
        snprintf(json, sizeof json,
                 "{\"resourceType\":\"Patient\",\"id\":\"p%d\",\"active\":%s}", i,
                 i % 2 ? "true" : "false");
        put(json);
    }
    REQUIRE(query_parse(unit_call(), TYPE_PATIENT, STR("active=true&_count=5&_total=accurate"),
                        &options, &query)
            == OK);
    do {
        query.cursor = page.next;
        REQUIRE(store_search(unit_call(), help_session(), &permit, &query, &page) == OK);
        CHECK_INT(page.total, 28);
        /* What changes meanwhile does not move. */
        put("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"active\":true}");
        put("{\"resourceType\":\"Patient\",\"id\":\"late\",\"active\":false}");
        seen += (int)page.count;
        pages++;
    } while (page.next.len && pages < 20);
    CHECK_INT(seen, 28);
    CHECK_INT(pages, 6);
    query.cursor = STR("12; DROP TABLE version");
    CHECK_INT(store_search(unit_call(), help_session(), &permit, &query, &page), FAIL_VALUE);
    query.cursor = (Str){ 0 };
    query.count_only = true;
    REQUIRE(store_search(unit_call(), help_session(), &permit, &query, &page) == OK);
    CHECK_INT(page.total, 28);
    CHECK_INT(page.count, 0);
    help_close();
}

TEST(sql_in_a_value_is_only_a_value)
{
    patients();
    FINDS(TYPE_PATIENT, "name=x'%20OR%20'1'='1", "");
    FINDS(TYPE_PATIENT, "family:exact=%27%29%3B%20DROP%20TABLE%20version%3B--", "");
    FINDS(TYPE_PATIENT, "identifier=a%27|b%27", "");
    FINDS(TYPE_PATIENT, "", "p3 p2 p1");
    help_close();
}

TEST(very_long_values_are_found_whole)
{
    Call *c = unit_call();
    char  value[3001];
    Str   json;

    memset(value, 'x', 3000);
    value[3000] = '\0';
    json = arena_printf(c->arena,
                        "{\"resourceType\":\"Patient\",\"id\":\"long\",\"identifier\":[{"
                        "\"value\":\"%s\"}]}%c",
                        value, 0);
    put(json.at);
    value[2999] = 'y';
    json = arena_printf(c->arena,
                        "{\"resourceType\":\"Patient\",\"id\":\"long2\",\"identifier\":[{"
                        "\"value\":\"%s\"}]}%c",
                        value, 0);
    put(json.at);
    CHECK_STR(
        help_find(TYPE_PATIENT, arena_printf(c->arena, "identifier=%s%c", value, 0).at, NULL),
        STR("long2"));
    help_close();
}
