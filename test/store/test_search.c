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
    O("patient:missing=true", "o4 o2");
    O("patient=http://elsewhere.example/Patient/p1", "o3");
    O("subject:missing=true", "");
    O("subject:missing=false&status=registered", "o4");
    O("performer:missing=true", "o4 o3 o2 o1");
    help_close();
}

TEST(ids_and_times_are_never_missing)
{
    observations();
    O("_id:not=o2,o3", "o4 o1");
    O("_id:not=nobody", "o4 o3 o2 o1");
    O("_id:not=o2&_id=o2,o4", "o4");
    O("_id:missing=true", "");
    O("_id:missing=false", "o4 o3 o2 o1");
    O("_lastUpdated:missing=true", "");
    O("_lastUpdated:missing=false&status=final", "o3 o1");
    O("_filter=_id pr true and not (_id eq o1)", "o4 o3 o2");
    help_close();
}

TEST(lists_have_names)
{
    observations();
    put("{\"resourceType\":\"List\",\"id\":\"l1\",\"status\":\"current\",\"mode\":\"working\","
        "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"11450-4\"}]},"
        "\"entry\":[{\"item\":{\"reference\":\"Observation/o1\"}}]}");
    put("{\"resourceType\":\"List\",\"id\":\"l2\",\"status\":\"retired\",\"mode\":\"working\","
        "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"11450-4\"}]},"
        "\"entry\":[{\"item\":{\"reference\":\"Observation/o2\"}}]}");
    O("_list=l2", "o2");
    O("_list=$current-problems", "o1");
    O("_list=$current-problems&patient=p1", "o1");
    O("_list=$current-problems&patient=p2", "");
    O("_list=$current-allergies", "");
    help_close();
}

TEST(brackets_hold_for_what_is_referred_to)
{
    observations();
    put("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"active\":true,\"name\":[{\"family\":"
        "\"Ames\"}]}");
    O("_filter=subject:Patient[active eq true].family eq Ames", "o1");
    O("_filter=subject:Patient[active eq false].family eq Ames", "");
    O("_filter=subject:Patient[active eq true or family eq x].family ne Bell", "o1");
    O("_filter=(subject:Patient[active eq true].family eq Ames) or status eq amended", "o2 o1");
    O("_filter=date po 2020-05", "o2");
    O("_filter=date po 2020-02-10", "o2 o1");
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

/* ---- chains, _has, _list, _filter ---- */

static void practice(void)
{
    patients();
    put("{\"resourceType\":\"Organization\",\"id\":\"org\",\"name\":\"North Clinic\"}");
    put("{\"resourceType\":\"Practitioner\",\"id\":\"doc\",\"name\":[{\"family\":\"Weber\"}]}");
    put("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"name\":[{\"family\":\"M\xc3\xbcller\"}],"
        "\"gender\":\"female\",\"managingOrganization\":{\"reference\":\"Organization/org\"},"
        "\"generalPractitioner\":[{\"reference\":\"Practitioner/doc\"}]}");
    put("{\"resourceType\":\"Patient\",\"id\":\"p2\",\"name\":[{\"family\":\"Muller\"}],"
        "\"gender\":\"male\"}");
    put("{\"resourceType\":\"Device\",\"id\":\"dev\",\"deviceName\":[{\"name\":\"Muller 3000\","
        "\"type\":\"model-name\"}]}");
    put("{\"resourceType\":\"Encounter\",\"id\":\"e1\",\"status\":\"finished\",\"class\":"
        "{\"code\":\"AMB\"},\"subject\":{\"reference\":\"Patient/p1\"}}");
    put("{\"resourceType\":\"Observation\",\"id\":\"o1\",\"status\":\"final\",\"code\":{\"coding\":["
        "{\"code\":\"a\"}]},\"subject\":{\"reference\":\"Patient/p1\"},\"encounter\":{\"reference\":"
        "\"Encounter/e1\"},\"performer\":[{\"reference\":\"Practitioner/doc\"}]}");
    put("{\"resourceType\":\"Observation\",\"id\":\"o2\",\"status\":\"final\",\"code\":{\"coding\":["
        "{\"code\":\"b\"}]},\"subject\":{\"reference\":\"Patient/p2\"}}");
    put("{\"resourceType\":\"Observation\",\"id\":\"o3\",\"status\":\"final\",\"code\":{\"coding\":["
        "{\"code\":\"a\"}]},\"subject\":{\"reference\":\"Device/dev\"}}");
    put("{\"resourceType\":\"List\",\"id\":\"42\",\"status\":\"current\",\"mode\":\"working\","
        "\"entry\":[{\"item\":{\"reference\":\"Patient/p2\"}},{\"item\":{\"reference\":"
        "\"Observation/o3\"}}]}");
}

#define P(query, expected) FINDS(TYPE_PATIENT, query, expected)

TEST(chains_follow_references)
{
    practice();
    O("subject:Patient.name=muller", "o2 o1");
    O("patient.gender=female", "o1");
    O("patient.gender:not=female", "o2");
    O("subject:Device.device-name=muller", "o3");
    O("patient.organization.name=north", "o1");
    O("patient.organization.name=south", "");
    O("patient.general-practitioner:Practitioner.family:exact=Weber", "o1");
    O("patient._id=p2", "o2");
    O("patient._id=nobody", "");
    O("encounter.class=AMB", "o1");
    O("encounter.patient.gender=female", "o1");
    O("encounter:missing=true&patient.gender=male,female", "o2");
    O("patient.gender=female&code=b", "");
    O("patient.gender=female,male&code=b", "o2");
    O("subject._lastUpdated=gt2020", "o3 o2 o1");
    P("organization.name=north&general-practitioner:Practitioner.name=weber", "p1");
    REQUIRE(help_delete(TYPE_PATIENT, "p2") == OK);
    O("patient.gender=male", "");
    help_close();
}

TEST(a_chain_through_several_types_finds_what_fits_any)
{
    put("{\"resourceType\":\"Practitioner\",\"id\":\"d\",\"identifier\":[{\"value\":\"77\"}]}");
    put("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"identifier\":[{\"value\":\"77\"}]}");
    observations();
    put("{\"resourceType\":\"Observation\",\"id\":\"o5\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
        "\"performer\":[{\"reference\":\"Practitioner/d\"},{\"reference\":\"Patient/p1\"}]}");
    O("subject.identifier=77", "o1");
    O("performer.identifier=77", "o5");
    O("performer.identifier=78", "");
    O("performer.identifier=77&status=final", "o5");
    help_close();
}

TEST(has_follows_references_backwards)
{
    practice();
    P("_has:Observation:patient:code=a", "p1");
    P("_has:Observation:patient:code=a,b", "p2 p1");
    P("_has:Observation:patient:code=c", "");
    P("_has:Observation:patient:code:not=a", "p2");
    P("_has:Observation:patient:encounter.class=AMB", "p1");
    P("_has:Encounter:patient:_has:Observation:encounter:code=a", "p1");
    P("_has:Encounter:patient:_has:Observation:encounter:code=b", "");
    P("_has:Observation:patient:code=a&gender=male", "");
    P("_has:Observation:patient:code=b&gender=male", "p2");
    FINDS(TYPE_PRACTITIONER, "_has:Observation:performer:patient.gender=female", "doc");
    FINDS(TYPE_PRACTITIONER, "_has:Patient:general-practitioner:name=mull", "doc");
    FINDS(TYPE_ORGANIZATION, "_has:Patient:organization:gender=male", "");
    O("patient._has:Encounter:patient:class=AMB", "o1");
    P("_list=42", "p2");
    O("_list=42", "o3");
    O("_list=41", "");
    help_close();
}

TEST(a_filter_puts_comparisons_together)
{
    practice();
    P("_filter=family eq \"muller\"", "p2 p1");
    P("_filter=family eq \"mull\"", "");
    P("_filter=family sw mull and gender eq male", "p2");
    P("_filter=family sw mull and not (gender eq male)", "p1");
    P("_filter=gender eq male or gender eq female", "p2 p1");
    P("_filter=gender eq male or gender eq female and organization.name sw north", "p2 p1");
    P("_filter=(gender eq male or gender eq female) and organization.name sw north", "p1");
    P("_filter=gender pr false", "p3");
    P("_filter=gender pr true", "p2 p1");
    P("_filter=family ew ller", "p2 p1");
    P("_filter=family co \"neil\"", "p3");
    P("_filter=family ne \"muller\"", "p3");
    P("_filter=_has:Observation:patient:code eq a", "p1");
    O("_filter=subject re Patient/p1 or code eq b", "o2 o1");
    O("_filter=not (patient.gender eq female)", "o3 o2");
    O("_filter=_lastUpdated ge 2020-01-01 and status eq final", "o3 o2 o1");
    help_close();
}

/* ---- who may not see this ---- */

static Permit only_types(Permit permit, const TypeId *types, size_t count)
{
    memset(&permit.types, 0, sizeof permit.types);
    for (size_t i = 0; i < count; i++)
        type_set_add(&permit.types, types[i]);
    return permit;
}

TEST(a_chain_through_a_type_that_is_not_granted_never_matches)
{
    static const TypeId observation[] = { TYPE_OBSERVATION };
    static const TypeId both[] = { TYPE_OBSERVATION, TYPE_PATIENT };
    Permit              one, two;

    practice();
    one = only_types(help_permit(DEED_SEARCH), observation, COUNT(observation));
    two = only_types(help_permit(DEED_SEARCH), both, COUNT(both));
#define FINDS_BY(permit, type, query, expected)                                                \
    CHECK_STR(help_find(type, query, &(permit)), STR(expected))
    FINDS_BY(one, TYPE_OBSERVATION, "code=a", "o3 o1");
    FINDS_BY(one, TYPE_OBSERVATION, "patient.gender=female", "");
    FINDS_BY(one, TYPE_OBSERVATION, "patient.gender:not=male", "");
    FINDS_BY(one, TYPE_OBSERVATION, "patient.gender:missing=false", "");
    FINDS_BY(one, TYPE_OBSERVATION, "patient._id=p1", "");
    FINDS_BY(one, TYPE_OBSERVATION, "patient._lastUpdated=gt2000", "");
    FINDS_BY(one, TYPE_OBSERVATION, "_filter=patient.gender eq female or code eq b", "o2");
    FINDS_BY(two, TYPE_OBSERVATION, "patient.gender=female", "o1");
    FINDS_BY(two, TYPE_OBSERVATION, "patient.organization.name=north", "");
    FINDS_BY(two, TYPE_PATIENT, "_has:Encounter:patient:class=AMB", "");
    FINDS_BY(two, TYPE_PATIENT, "_has:Observation:patient:code=a", "p1");
    FINDS_BY(two, TYPE_PATIENT, "_has:Observation:patient:encounter.class=AMB", "");
    FINDS_BY(two, TYPE_PATIENT, "_list=42", "");
    help_close();
}

/* What is only counted is not looked up one by one: the type must be asked for all the same. */
TEST(totals_count_only_types_that_are_granted)
{
    static const TypeId      patient[] = { TYPE_PATIENT };
    static const char *const queries[] = {
        "code=a",   "code=a&status=final",   "subject=Patient/p1",
        "code=a,b", "patient.gender=female", "status=final&_sort=-date"
    };
    Permit all = help_permit(DEED_SEARCH), one;

    practice();
    one = only_types(all, patient, COUNT(patient));
    for (size_t i = 0; i < COUNT(queries); i++) {
        QueryOptions options = { 0 };
        SearchPage   page;
        Query        query;

        REQUIRE(
            query_parse(unit_call(), TYPE_OBSERVATION, str_from(queries[i]), &options, &query)
            == OK);
        query.total_accurate = true;
        REQUIRE(store_search(unit_call(), help_session(), &one, &query, &page) == OK);
        CHECK_INT(page.total, 0);
        CHECK_INT(page.count, 0);
        REQUIRE(store_search(unit_call(), help_session(), &all, &query, &page) == OK);
        CHECK(page.total > 0 && page.total == page.count);
    }
    help_close();
}

TEST(a_patients_app_follows_only_within_its_record)
{
    Permit one, two;

    practice();
    put("{\"resourceType\":\"Observation\",\"id\":\"o4\",\"status\":\"final\",\"code\":{\"coding\":["
        "{\"code\":\"d\"}]},\"subject\":{\"reference\":\"Patient/p2\"},\"hasMember\":[{\"reference\":"
        "\"Observation/o1\"}],\"performer\":[{\"reference\":\"Practitioner/doc\"}]}");
    one = help_patient_permit(DEED_SEARCH, "p1");
    two = help_patient_permit(DEED_SEARCH, "p2");
    FINDS_BY(one, TYPE_OBSERVATION, "patient.gender=female", "o1");
    FINDS_BY(one, TYPE_OBSERVATION, "patient.gender=male", "");
    FINDS_BY(two, TYPE_OBSERVATION, "patient.gender=male", "o4 o2");
    /* What is nobody's record is seen; what is in another's is not, from either side. */
    FINDS_BY(one, TYPE_OBSERVATION, "performer:Practitioner.name=weber", "o1");
    FINDS_BY(one, TYPE_OBSERVATION, "patient.organization.name=north", "o1");
    FINDS_BY(two, TYPE_OBSERVATION, "has-member:Observation.code=a", "");
    FINDS_BY(one, TYPE_OBSERVATION, "_has:Observation:has-member:code=d", "");
    FINDS_BY(one, TYPE_PATIENT, "_has:Observation:patient:code=a", "p1");
    FINDS_BY(two, TYPE_PATIENT, "_has:Observation:patient:code=a", "");
    FINDS_BY(one, TYPE_PRACTITIONER, "_has:Observation:performer:code=a", "doc");
    FINDS_BY(one, TYPE_PRACTITIONER, "_has:Observation:performer:code=d", "");
    FINDS_BY(one, TYPE_PATIENT, "_list=42", "");
    help_close();
}
