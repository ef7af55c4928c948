/*
 * Reading resources: what is laid out, and every way in which a body can be wrong.
 * fhir/resource.c, resource_check.c, primitive.c, node.c.
 */
#include "base/limits.h"
#include "fhir/resource.h"
#include "test/unit.h"

static Fail read_as(Str text, const ReadOptions *options, Resource *out)
{
    return resource_read(unit_call(), text, options, out);
}

static Fail result_of(const char *text)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES };
    Resource    r;

    return read_as(str_from(text), &options, &r);
}

static Resource taken(const char *text)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES };
    Resource    r = { 0 };

    if (read_as(str_from(text), &options, &r) != OK)
        unit_fail(__FILE__, __LINE__, "refused: %s: %.*s", text,
                  STR_ARG(unit_call()->issues[unit_call()->issue_count - 1].text));
    return r;
}

typedef struct Case {
    const char *text;
    Fail        fail;
    const char *expression; /* of the last issue noted */
} Case;

static void check_cases(const Case *cases, size_t count)
{
    Call *c = unit_call();

    for (size_t i = 0; i < count; i++) {
        Fail result;

        c->issue_count = 0;
        result = result_of(cases[i].text);
        if (result != cases[i].fail)
            unit_fail(__FILE__, __LINE__, "%s gave %d, not %d", cases[i].text, result,
                      cases[i].fail);
        else if (result != OK
                 && !str_equal(c->issues[c->issue_count - 1].expression,
                               str_from(cases[i].expression)))
            unit_fail(__FILE__, __LINE__, "%s: at %.*s, not %s", cases[i].text,
                      STR_ARG(c->issues[c->issue_count - 1].expression), cases[i].expression);
    }
}

/* --- what is laid out -------------------------------------------------------------------- */

TEST(elements_become_nodes_with_their_definitions)
{
    Resource r = taken(
        "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"active\":true,\"name\":[{\"family\":"
        "\"A\",\"given\":[\"B\",\"C\"]},{\"text\":\"D\"}],\"multipleBirthInteger\":2}");
    uint32_t name = node_child(&r, 0, STR("name")), given, birth;

    CHECK_INT(r.type, TYPE_PATIENT);
    CHECK_STR(r.id, STR("p1"));
    CHECK_STR(node_child_text(&r, 0, STR("active")), STR("true"));
    REQUIRE(name);
    CHECK_INT(node_at(&r, name)->type, TYPE_HUMAN_NAME);
    given = node_child(&r, name, STR("given"));
    CHECK_STR(node_text(node_at(&r, given)), STR("B"));
    given = node_next_same(&r, given);
    CHECK_STR(node_text(node_at(&r, given)), STR("C"));
    CHECK_STR(node_expression(unit_call()->arena, &r, given), STR("Patient.name[0].given[1]"));
    CHECK_INT(node_next_same(&r, given), 0);
    name = node_next_same(&r, name);
    CHECK_STR(node_child_text(&r, name, STR("text")), STR("D"));
    CHECK_STR(node_source(&r, name), STR("{\"text\":\"D\"}"));
    birth = node_child(&r, 0, STR("multipleBirth"));
    CHECK_INT(node_at(&r, birth)->type, TYPE_INTEGER);
    CHECK_STR(node_expression(unit_call()->arena, &r, birth), STR("Patient.multipleBirth"));
    CHECK_INT(node_child(&r, 0, STR("gender")), 0);
}

TEST(a_primitive_and_its_extensions_are_one_node_in_either_order)
{
    static const char *const texts[] = {
        "{\"resourceType\":\"Patient\",\"birthDate\":\"2000-01-01\",\"_birthDate\":{\"extension\":[{"
        "\"url\":\"http://x\",\"valueInteger\":1}]}}",
        "{\"resourceType\":\"Patient\",\"_birthDate\":{\"extension\":[{\"url\":\"http://x\","
        "\"valueInteger\":1}]},\"gender\":\"male\",\"birthDate\":\"2000-01-01\"}",
    };

    for (size_t i = 0; i < COUNT(texts); i++) {
        Resource    r = taken(texts[i]);
        uint32_t    birth = node_child(&r, 0, STR("birthDate"));
        uint32_t    extension = node_child(&r, birth, STR("extension"));
        const Node *n = node_at(&r, birth);

        REQUIRE(birth && extension);
        CHECK_INT(node_next_same(&r, birth), 0);
        CHECK_STR(node_text(n), STR("2000-01-01"));
        CHECK(n->extra && n->extra->kind == JSON_OBJECT);
        CHECK_STR(node_child_text(&r, extension, STR("value")), STR("1"));
        CHECK_STR(node_expression(unit_call()->arena, &r, extension),
                  STR("Patient.birthDate.extension[0]"));
    }
}

TEST(arrays_of_primitives_are_paired_with_their_extensions_item_by_item)
{
    static const char *const texts[] = {
        "{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"A\",null,\"C\"],"
        "\"_given\":[null,{\"id\":\"b\"},{\"id\":\"c\"}]}]}",
        "{\"resourceType\":\"Patient\",\"name\":[{\"_given\":[null,{\"id\":\"b\"},{\"id\":\"c\"}],"
        "\"family\":\"X\",\"given\":[\"A\",null,\"C\"]}]}",
    };

    for (size_t i = 0; i < COUNT(texts); i++) {
        Resource r = taken(texts[i]);
        uint32_t a = node_child(&r, node_child(&r, 0, STR("name")), STR("given"));
        uint32_t b = node_next_same(&r, a), c = node_next_same(&r, b);

        REQUIRE(a && b && c);
        CHECK_INT(node_next_same(&r, c), 0);
        CHECK(!node_at(&r, a)->extra && node_at(&r, c)->extra);
        CHECK(!node_at(&r, b)->json);
        CHECK_STR(node_text(node_at(&r, b)), STR(""));
        CHECK_STR(node_child_text(&r, b, STR("id")), STR("b"));
        CHECK_STR(node_text(node_at(&r, c)), STR("C"));
        CHECK_STR(node_child_text(&r, c, STR("id")), STR("c"));
    }
}

TEST(a_resource_may_say_its_type_last)
{
    Resource r =
        taken("{\"name\":[{\"text\":\"A\"}],\"contained\":[{\"id\":\"o\",\"name\":\"B\","
              "\"resourceType\":\"Organization\"}],\"managingOrganization\":{"
              "\"reference\":\"#o\"},\"resourceType\":\"Patient\"}");
    uint32_t inner = node_child(&r, 0, STR("contained"));

    CHECK_INT(r.type, TYPE_PATIENT);
    CHECK_INT(node_at(&r, inner)->type, TYPE_ORGANIZATION);
    CHECK_STR(node_child_text(&r, inner, STR("name")), STR("B"));
}

TEST(resources_in_bundles_and_parameters_are_typed_nodes)
{
    Resource r =
        taken("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":{"
              "\"resourceType\":\"Patient\",\"id\":\"a\"}},{\"resource\":{\"resourceType\":"
              "\"Parameters\",\"parameter\":[{\"name\":\"x\",\"resource\":{\"resourceType\":"
              "\"Basic\",\"code\":{\"text\":\"t\"}}}]}}]}");
    uint32_t entry = node_child(&r, 0, STR("entry"));
    uint32_t patient = node_child(&r, entry, STR("resource")), parameters, basic;
    Resource view = { .tree = r.tree, .root = patient, .type = TYPE_PATIENT };

    CHECK_INT(node_at(&r, patient)->type, TYPE_PATIENT);
    CHECK_STR(node_child_text(&view, view.root, STR("id")), STR("a"));
    parameters = node_child(&r, node_next_same(&r, entry), STR("resource"));
    basic = node_child(&r, node_child(&r, parameters, STR("parameter")), STR("resource"));
    CHECK_INT(node_at(&r, basic)->type, TYPE_BASIC);
    CHECK_STR(node_expression(unit_call()->arena, &r, basic),
              STR("Bundle.entry[1].resource.parameter[0].resource"));
}

/* --- what is refused --------------------------------------------------------------------- */

TEST(what_is_no_resource_is_refused)
{
    static const Case cases[] = {
        { "[]", FAIL_STRUCTURE, "" },
        { "\"Patient\"", FAIL_STRUCTURE, "" },
        { "{}", FAIL_STRUCTURE, "" },
        { "{\"id\":\"a\"}", FAIL_STRUCTURE, "" },
        { "{\"resourceType\":\"Patent\"}", FAIL_STRUCTURE, "" },
        { "{\"resourceType\":\"DomainResource\"}", FAIL_STRUCTURE, "" },
        { "{\"resourceType\":\"HumanName\"}", FAIL_STRUCTURE, "" },
        { "{\"resourceType\":1}", FAIL_STRUCTURE, "" },
        { "{\"resourceType\":\"Patient\"", FAIL_SYNTAX, "" },
        { "{\"resourceType\":\"Patient\"}", OK, "" },
    };

    check_cases(cases, COUNT(cases));
}

TEST(unknown_elements_and_wrong_shapes_are_refused)
{
    static const Case cases[] = {
        { "{\"resourceType\":\"Patient\",\"nam\":1}", FAIL_STRUCTURE, "Patient" },
        { "{\"resourceType\":\"Patient\",\"Active\":true}", FAIL_STRUCTURE, "Patient" },
        { "{\"resourceType\":\"Patient\",\"\":1}", FAIL_STRUCTURE, "Patient" },
        { "{\"resourceType\":\"Patient\",\"_\":{}}", FAIL_STRUCTURE, "Patient" },
        { "{\"resourceType\":\"Patient\",\"_name\":[{\"id\":\"a\"}]}", FAIL_STRUCTURE,
          "Patient" },
        { "{\"resourceType\":\"Patient\",\"name\":[{\"resourceType\":\"HumanName\"}]}",
          FAIL_STRUCTURE, "Patient.name[0]" },
        { "{\"resourceType\":\"Patient\",\"deceased\":true}", FAIL_STRUCTURE, "Patient" },
        { "{\"resourceType\":\"Patient\",\"multipleBirth\":true}", FAIL_STRUCTURE, "Patient" },
        { "{\"resourceType\":\"Patient\",\"name\":{\"text\":\"a\"}}", FAIL_STRUCTURE,
          "Patient.name[0]" },
        { "{\"resourceType\":\"Patient\",\"active\":[true]}", FAIL_STRUCTURE,
          "Patient.active" },
        { "{\"resourceType\":\"Patient\",\"active\":\"true\"}", FAIL_STRUCTURE,
          "Patient.active" },
        { "{\"resourceType\":\"Patient\",\"active\":1}", FAIL_STRUCTURE, "Patient.active" },
        { "{\"resourceType\":\"Patient\",\"gender\":1}", FAIL_STRUCTURE, "Patient.gender" },
        { "{\"resourceType\":\"Patient\",\"gender\":{\"x\":1}}", FAIL_STRUCTURE,
          "Patient.gender" },
        { "{\"resourceType\":\"Patient\",\"maritalStatus\":\"M\"}", FAIL_STRUCTURE,
          "Patient.maritalStatus" },
        { "{\"resourceType\":\"Patient\",\"name\":[\"A\"]}", FAIL_STRUCTURE,
          "Patient.name[0]" },
        { "{\"resourceType\":\"Patient\",\"name\":[{\"text\":\"A\"},[]]}", FAIL_STRUCTURE,
          "Patient.name[1]" },
        { "{\"resourceType\":\"Patient\",\"name\":[{\"given\":[[\"A\"]]}]}", FAIL_STRUCTURE,
          "Patient.name[0].given[0]" },
        { "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
          "\"valueQuantity\":{\"value\":\"1\"}}",
          FAIL_STRUCTURE, "Observation.value.value" },
    };

    check_cases(cases, COUNT(cases));
}

TEST(nothing_empty_is_accepted)
{
    static const Case cases[] = {
        { "{\"resourceType\":\"Patient\",\"name\":[]}", FAIL_STRUCTURE, "Patient.name[0]" },
        { "{\"resourceType\":\"Patient\",\"name\":[{}]}", FAIL_STRUCTURE, "Patient.name[0]" },
        { "{\"resourceType\":\"Patient\",\"name\":[null]}", FAIL_STRUCTURE, "Patient.name[0]" },
        { "{\"resourceType\":\"Patient\",\"name\":null}", FAIL_STRUCTURE, "Patient.name[0]" },
        { "{\"resourceType\":\"Patient\",\"active\":null}", FAIL_STRUCTURE, "Patient.active" },
        { "{\"resourceType\":\"Patient\",\"maritalStatus\":{}}", FAIL_STRUCTURE,
          "Patient.maritalStatus" },
        { "{\"resourceType\":\"Patient\",\"gender\":\"\"}", FAIL_VALUE, "Patient.gender" },
        { "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"\"}]}", FAIL_VALUE,
          "Patient.name[0].family" },
        { "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\" \\n\"}]}", FAIL_VALUE,
          "Patient.name[0].family" },
        { "{\"resourceType\":\"Patient\",\"_active\":{}}", FAIL_STRUCTURE, "Patient.active" },
        { "{\"resourceType\":\"Patient\",\"_active\":null}", FAIL_STRUCTURE, "Patient.active" },
        { "{\"resourceType\":\"Patient\",\"_active\":[{\"id\":\"a\"}]}", FAIL_STRUCTURE,
          "Patient.active" },
        { "{\"resourceType\":\"Patient\",\"name\":[{\"given\":[null]}]}", FAIL_STRUCTURE,
          "Patient.name[0].given[0]" },
        { "{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"a\",null],\"_given\":[null,null]}]}",
          FAIL_STRUCTURE, "Patient.name[0].given[1]" },
        { "{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"a\"],\"_given\":[null,{\"id\":\"b\"}"
          "]}]}",
          FAIL_STRUCTURE, "Patient.name[0].given[0]" },
    };

    check_cases(cases, COUNT(cases));
}

#define OBSERVATION                                                                            \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"

TEST(a_choice_is_made_once)
{
    static const Case cases[] = {
        { OBSERVATION "\"valueString\":\"a\",\"valueInteger\":1}", FAIL_STRUCTURE,
          "Observation" },
        { OBSERVATION "\"valueString\":\"a\",\"_valueInteger\":{\"id\":\"x\"}}", FAIL_STRUCTURE,
          "Observation" },
        { OBSERVATION "\"valueString\":\"a\",\"_valueString\":{\"id\":\"x\"}}", OK, "" },
        { OBSERVATION "\"valueString\":\"a\",\"effectiveDateTime\":\"2020\"}", OK, "" },
        { OBSERVATION "\"valueDecimal\":1}", FAIL_STRUCTURE, "Observation" },
    };

    check_cases(cases, COUNT(cases));
}

TEST(what_must_stand_must_stand)
{
    static const Case cases[] = {
        { "{\"resourceType\":\"Observation\",\"status\":\"final\"}", FAIL_REQUIRED,
          "Observation" },
        { "{\"resourceType\":\"Observation\",\"code\":{\"text\":\"x\"}}", FAIL_REQUIRED,
          "Observation" },
        { "{\"resourceType\":\"Observation\",\"_status\":{\"extension\":[{\"url\":\"http://x\","
          "\"valueCode\":\"unknown\"}]},\"code\":{\"text\":\"x\"}}",
          OK, "" },
        { "{\"resourceType\":\"Patient\",\"extension\":[{\"valueInteger\":1}]}", FAIL_REQUIRED,
          "Patient.extension[0]" },
        { "{\"resourceType\":\"Patient\",\"link\":[{\"type\":\"refer\"}]}", FAIL_REQUIRED,
          "Patient.link[0]" },
        { "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"intent\":\"order\","
          "\"subject\":{\"reference\":\"Patient/1\"}}",
          FAIL_REQUIRED, "MedicationRequest" },
        { "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"intent\":\"order\","
          "\"subject\":{\"reference\":\"Patient/1\"},\"medicationCodeableConcept\":{\"text\":\"x\"}}",
          OK, "" },
    };

    check_cases(cases, COUNT(cases));
}

TEST(codes_of_required_value_sets_are_checked)
{
    static const Case cases[] = {
        { "{\"resourceType\":\"Patient\",\"gender\":\"female\"}", OK, "" },
        { "{\"resourceType\":\"Patient\",\"gender\":\"Female\"}", FAIL_CODE, "Patient.gender" },
        { "{\"resourceType\":\"Patient\",\"gender\":\"f\"}", FAIL_CODE, "Patient.gender" },
        { "{\"resourceType\":\"Patient\",\"telecom\":[{\"system\":\"phone\"},{\"system\":\"tel\"}]}",
          FAIL_CODE, "Patient.telecom[1].system" },
    };

    check_cases(cases, COUNT(cases));
}

/* Each primitive by a way to write it: an extension's value. */
static void check_primitive(const char *property, const char *const *good,
                            const char *const *bad)
{
    static const char head[] =
        "{\"resourceType\":\"Basic\",\"code\":{\"text\":\"x\"},\"extension\":[{"
        "\"url\":\"http://x\",\"";
    Arena *a = unit_call()->arena;

    for (; *good; good++)
        if (result_of(
                arena_c_string(a, arena_printf(a, "%s%s\":%s}]}", head, property, *good))))
            unit_fail(__FILE__, __LINE__, "%s %s is refused", property, *good);
    for (; *bad; bad++)
        if (!result_of(
                arena_c_string(a, arena_printf(a, "%s%s\":%s}]}", head, property, *bad))))
            unit_fail(__FILE__, __LINE__, "%s %s is accepted", property, *bad);
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

TEST(primitives_have_their_forms)
{
    check_primitive("valueInteger", LIST("0", "-1", "2147483647", "-2147483648"),
                    LIST("1.0", "1e1", "2147483648", "-2147483649", "\"1\"", "true"));
    check_primitive("valueUnsignedInt", LIST("0", "2147483647"),
                    LIST("-1", "2147483648", "0.5"));
    check_primitive("valuePositiveInt", LIST("1", "2147483647"), LIST("0", "-1", "2147483648"));
    check_primitive("valueDecimal", LIST("0", "1.10", "-1e-5", "12345678901234567890.5"),
                    LIST("\"1.1\"", "true"));
    check_primitive("valueBoolean", LIST("true", "false"), LIST("\"true\"", "1"));
    check_primitive(
        "valueString", LIST("\"a\"", "\" a \"", "\"a\\nb\\t\\r\"", "\"\xc3\xa9\""),
        LIST("\"\"", "\" \"", "\"\\t\"", "\"a\\u0001\"", "\"a\\u001f\"", "\"\\b\""));
    check_primitive("valueMarkdown", LIST("\"# a\\n\\n* b\""), LIST("\"a\\u0007\""));
    check_primitive("valueCode", LIST("\"a\"", "\"a b\"", "\"a-b_c\""),
                    LIST("\" a\"", "\"a \"", "\"a  b\"", "\"a\\n b\""));
    check_primitive(
        "valueId",
        LIST("\"a\"", "\"A-1.b\"",
             "\"0123456789012345678901234567890123456789012345678901234567890123\""),
        LIST("\"a_b\"", "\"a b\"", "\"a/b\"",
             "\"01234567890123456789012345678901234567890123456789012345678901234\""));
    check_primitive("valueUri", LIST("\"http://a\"", "\"urn:oid:1.2\"", "\"a\""),
                    LIST("\"http://a b\"", "\" a\"", "\"a\\n\""));
    check_primitive("valueUrl", LIST("\"http://a\""), LIST("\"http://a b\""));
    check_primitive("valueCanonical", LIST("\"http://a|1\""), LIST("\"http://a |1\""));
    check_primitive("valueOid",
                    LIST("\"urn:oid:1.2.840\"", "\"urn:oid:0.0\"", "\"urn:oid:2.16\""),
                    LIST("\"1.2.3\"", "\"urn:oid:3.1\"", "\"urn:oid:1\"", "\"urn:oid:1.02\"",
                         "\"urn:oid:1..2\"", "\"urn:oid:1.2.\"", "\"urn:oid:1.a\""));
    check_primitive("valueUuid", LIST("\"urn:uuid:c757873d-ec9a-4326-a141-556f43239520\""),
                    LIST("\"c757873d-ec9a-4326-a141-556f43239520\"",
                         "\"urn:uuid:C757873D-ec9a-4326-a141-556f43239520\"",
                         "\"urn:uuid:c757873dec9a-4326-a141-556f43239520-\""));
    check_primitive("valueBase64Binary",
                    LIST("\"QUJD\"", "\"QUI=\"", "\"QQ==\"", "\"QU\\nJD \""),
                    LIST("\"QUJ\"", "\"Q===\"", "\"QU=D\"", "\"QU-D\"", "\"====\"", "\" \""));
}

TEST(dates_and_times_have_their_forms)
{
    check_primitive("valueDate", LIST("\"2020\"", "\"2020-02\"", "\"2020-02-29\""),
                    LIST("\"20\"", "\"2021-02-29\"", "\"2020-13\"", "\"2020-1-1\"",
                         "\"2020-02-29T00\"", "\"2020-02-29T00:00:00Z\"", "\"0000\""));
    check_primitive("valueDateTime",
                    LIST("\"2020\"", "\"2020-02-03\"", "\"2020-02-03T10:20:30Z\"",
                         "\"2020-02-03T10:20:30.123456789+14:00\"", "\"2016-12-31T23:59:60Z\""),
                    LIST("\"2020-02-03T10:20\"", "\"2020-02-03T10:20:30\"",
                         "\"2020-02-03T10:20Z\"", "\"2020-02-03T24:00:00Z\"",
                         "\"2020-02-03T10:20:30+15:00\"", "\"2020-02-03 10:20:30Z\""));
    check_primitive("valueInstant",
                    LIST("\"2020-02-03T10:20:30Z\"", "\"2020-02-03T10:20:30.1-05:00\""),
                    LIST("\"2020-02-03\"", "\"2020-02-03T10:20:30\""));
    check_primitive("valueTime", LIST("\"10:20:30\"", "\"23:59:59.999\""),
                    LIST("\"10:20\"", "\"24:00:00\"", "\"10:20:30Z\""));
}

TEST(references_have_their_forms)
{
    static const Case cases[] = {
        { OBSERVATION "\"subject\":{\"reference\":\"Patient/1\"}}", OK, "" },
        { OBSERVATION "\"subject\":{\"reference\":\"Patient/1/_history/2\"}}", OK, "" },
        { OBSERVATION "\"subject\":{\"reference\":\"https://a.example/fhir/Patient/1\"}}", OK,
          "" },
        { OBSERVATION
          "\"subject\":{\"reference\":\"urn:uuid:c757873d-ec9a-4326-a141-556f43239520\"}}",
          OK, "" },
        { OBSERVATION "\"subject\":{\"display\":\"somebody\"}}", OK, "" },
        { OBSERVATION "\"subject\":{\"reference\":\"Patient\"}}", FAIL_VALUE,
          "Observation.subject.reference" },
        { OBSERVATION "\"subject\":{\"reference\":\"Patent/1\"}}", FAIL_VALUE,
          "Observation.subject.reference" },
        { OBSERVATION "\"subject\":{\"reference\":\"Patient/a_b\"}}", FAIL_VALUE,
          "Observation.subject.reference" },
        { OBSERVATION "\"subject\":{\"reference\":\"Patient/1 \"}}", FAIL_VALUE,
          "Observation.subject.reference" },
        { OBSERVATION "\"subject\":{\"reference\":\"javascript:alert(1)\"}}", FAIL_VALUE,
          "Observation.subject.reference" },
        { OBSERVATION "\"subject\":{\"reference\":\"#p\"}}", FAIL_INVARIANT,
          "Observation.subject.reference" },
        { OBSERVATION
          "\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"p\"}],\"subject\":{"
          "\"reference\":\"#p\"}}",
          OK, "" },
        { OBSERVATION "\"subject\":{\"reference\":\"Patient?identifier=a\"}}", FAIL_VALUE,
          "Observation.subject.reference" },
    };

    check_cases(cases, COUNT(cases));
}

TEST(a_type_that_is_not_foreseen_is_worth_a_warning)
{
    Call *c = unit_call();

    CHECK(result_of(OBSERVATION "\"subject\":{\"reference\":\"Medication/1\"}}") == OK);
    REQUIRE(c->issue_count == 1);
    CHECK(c->issues[0].warning);
    CHECK_STR(c->issues[0].expression, STR("Observation.subject.reference"));
}

#define ENTRY                                                                                   \
    "\",\"entry\":[{\"resource\":" OBSERVATION                                                  \
    "\"subject\":{\"reference\":\"Patient?identifier=a|b\"}},\"request\":{\"method\":\"POST\"," \
    "\"url\":\"Observation\"}}]}"

TEST(a_reference_may_be_a_search_where_it_will_be_resolved)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES, .conditional = true };
    Resource    r;

    CHECK(result_of("{\"resourceType\":\"Bundle\",\"type\":\"transaction" ENTRY) == OK);
    CHECK(result_of("{\"resourceType\":\"Bundle\",\"type\":\"batch" ENTRY) == OK);
    CHECK(result_of("{\"resourceType\":\"Bundle\",\"type\":\"collection" ENTRY) == FAIL_VALUE);
    CHECK(read_as(STR(OBSERVATION "\"subject\":{\"reference\":\"Patient?identifier=a\"}}"),
                  &options, &r)
          == OK);
}

TEST(contained_resources_keep_their_rules)
{
    static const Case cases[] = {
        { OBSERVATION "\"contained\":[{\"resourceType\":\"Patient\"}]}", FAIL_INVARIANT,
          "Observation.contained[0]" },
        { OBSERVATION "\"contained\":[{\"id\":\"a\"}]}", FAIL_STRUCTURE,
          "Observation.contained[0]" },
        { OBSERVATION
          "\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"a\",\"contained\":[{"
          "\"resourceType\":\"Patient\",\"id\":\"b\"}]}]}",
          FAIL_INVARIANT, "Observation.contained[0].contained[0]" },
        { OBSERVATION "\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"a\",\"meta\":{"
                      "\"versionId\":\"1\"}}]}",
          FAIL_INVARIANT, "Observation.contained[0].meta" },
        { OBSERVATION "\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"a\",\"meta\":{"
                      "\"security\":[{\"code\":\"R\"}]}}]}",
          FAIL_INVARIANT, "Observation.contained[0].meta" },
        { OBSERVATION "\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"a\",\"meta\":{"
                      "\"profile\":[\"http://x\"]}}]}",
          OK, "" },
        /* '#' is looked up in the outermost resource, and each entry has its own */
        { OBSERVATION "\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"a\","
                      "\"managingOrganization\":{\"reference\":\"#o\"}},"
                      "{\"resourceType\":\"Organization\",\"id\":\"o\"}]}",
          OK, "" },
        { "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":{"
          "\"resourceType\":\"Patient\",\"contained\":[{\"resourceType\":\"Organization\",\"id\":"
          "\"o\"}]}},{\"resource\":{\"resourceType\":\"Patient\",\"managingOrganization\":{"
          "\"reference\":\"#o\"}}}]}",
          FAIL_INVARIANT, "Bundle.entry[1].resource.managingOrganization.reference" },
    };

    check_cases(cases, COUNT(cases));
}

TEST(another_type_than_expected_is_refused)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES, .expected = TYPE_PATIENT };
    Resource    r;

    CHECK(read_as(STR("{\"resourceType\":\"Basic\",\"code\":{\"text\":\"x\"}}"), &options, &r)
          == FAIL_INVALID);
    CHECK(read_as(STR("{\"resourceType\":\"Patient\"}"), &options, &r) == OK);
}

/* --- telling --------------------------------------------------------------------------------- */

TEST(every_fault_is_named_with_its_place)
{
    Call *c = unit_call();

    CHECK(result_of("{\"resourceType\": \"Observation\",\n"
                    "  \"foo\": 1,\n"
                    "  \"status\": \"finished\",\n"
                    "  \"effectiveDateTime\": \"yesterday\",\n"
                    "  \"component\": [{\"valueString\": \"\"}]\n"
                    "}")
          == FAIL_STRUCTURE);
    REQUIRE(c->issue_count == 6);
    CHECK_INT(c->issues[0].fail, FAIL_STRUCTURE);
    CHECK_INT(c->issues[0].line, 2);
    CHECK_INT(c->issues[0].column, 3);
    CHECK_INT(c->issues[1].fail, FAIL_CODE);
    CHECK_STR(c->issues[1].expression, STR("Observation.status"));
    CHECK_INT(c->issues[1].line, 3);
    CHECK_INT(c->issues[1].column, 13);
    CHECK_STR(c->issues[2].expression, STR("Observation.effective"));
    CHECK_STR(c->issues[3].expression, STR("Observation.component[0].value"));
    CHECK_INT(c->issues[4].fail, FAIL_REQUIRED);
    CHECK_STR(c->issues[4].expression, STR("Observation.component[0]"));
    CHECK_STR(c->issues[5].expression, STR("Observation"));
}

TEST(faults_beyond_the_limit_end_the_reading)
{
    Call *c = unit_call();
    Buf   b = buf_new(c->arena, 1 << 20);

    buf_put(&b, STR("{\"resourceType\":\"Patient\",\"name\":["));
    for (int i = 0; i < 200000; i++)
        buf_put(&b, STR("{\"given\":[null,null]},"));
    buf_put(&b, STR("{\"text\":\"x\"}]}"));
    buf_put_char(&b, '\0');
    CHECK(result_of(b.at) == FAIL_STRUCTURE);
    CHECK_INT(c->issue_count, LIMIT_ISSUES);
}

TEST(names_from_outside_are_shown_harmlessly)
{
    Call *c = unit_call();

    CHECK(result_of("{\"resourceType\":\"Patient\",\"a\\u0001\\n\\\"b\":1}") == FAIL_STRUCTURE);
    REQUIRE(c->issue_count == 1);
    CHECK(str_find(c->issues[0].text, STR("'a???b'")) >= 0);
}

TEST(active_narrative_is_refused_with_its_place)
{
    Call *c = unit_call();

    CHECK(
        result_of(
            "{\"resourceType\":\"Patient\",\"text\":{\"status\":\"generated\",\n\"div\":\"<div "
            "xmlns=\\\"http://www.w3.org/1999/xhtml\\\"><script>1</script></div>\"}}")
        == FAIL_INVARIANT);
    REQUIRE(c->issue_count == 1);
    CHECK_STR(c->issues[0].expression, STR("Patient.text.div"));
    CHECK_INT(c->issues[0].line, 2);
    CHECK_INT(c->issues[0].column, 52);
}

TEST(our_own_text_is_laid_out_without_judging_values)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES, .trusted = true };
    Resource    r;

    CHECK(read_as(STR("{\"resourceType\":\"Patient\",\"gender\":\"x\",\"birthDate\":\"y\"}"),
                  &options, &r)
          == OK);
    CHECK_STR(node_child_text(&r, 0, STR("gender")), STR("x"));
}

TEST(deep_and_wide_bodies_are_bounded)
{
    Call *c = unit_call();
    Buf   b = buf_new(c->arena, 1 << 20);

    buf_put(&b, STR("{\"resourceType\":\"Basic\",\"code\":{\"text\":\"x\"},\"extension\":["));
    for (int i = 0; i < 60; i++)
        buf_put(&b, STR("{\"url\":\"http://x\",\"extension\":["));
    CHECK(resource_read(c, buf_str(&b), &(ReadOptions){ .values_max = LIMIT_JSON_NODES },
                        &(Resource){ 0 })
          == FAIL_TOO_COSTLY);
    CHECK(resource_read(c, STR("{\"resourceType\":\"Patient\",\"active\":true}"),
                        &(ReadOptions){ .values_max = 2 }, &(Resource){ 0 })
          == FAIL_TOO_COSTLY);
}
