/* The generated tables say what R4 says. */
#include "fhir/definitions.h"
#include "test/unit.h"

static const Element *element(TypeId type, const char *name)
{
    const Element *e = structure_element(type, str_from(name));

    if (!e)
        unit_fail(__FILE__, __LINE__, "%.*s has no %s", STR_ARG(type_name(type)), name);
    return e;
}

static const SearchParam *param(TypeId type, const char *code)
{
    const SearchParam *p = search_param_find(type, str_from(code));

    if (!p)
        unit_fail(__FILE__, __LINE__, "%.*s has no parameter %s", STR_ARG(type_name(type)),
                  code);
    return p;
}

TEST(resource_types_are_in_alphabetical_order)
{
    CHECK_INT(RESOURCE_TYPES, 146);
    for (TypeId type = 1; type < RESOURCE_TYPES; type++)
        CHECK(str_compare(type_name(type), type_name(type + 1)) < 0);
    CHECK_STR(type_name(1), STR("Account"));
    CHECK_STR(type_name(RESOURCE_TYPES), STR("VisionPrescription"));
}

TEST(every_structure_is_found_by_its_name)
{
    for (TypeId type = 1; type <= STRUCTURE_COUNT; type++)
        CHECK_INT(structure_find(type_name(type)), type);
}

TEST(only_resources_that_can_exist_are_types)
{
    CHECK_INT(type_find(STR("Patient")), TYPE_PATIENT);
    CHECK_INT(type_find(STR("Resource")), 0);
    CHECK_INT(type_find(STR("DomainResource")), 0);
    CHECK_INT(type_find(STR("HumanName")), 0);
    CHECK_INT(type_find(STR("patient")), 0);
    CHECK_INT(type_find(STR("Patien")), 0);
    CHECK_INT(type_find(STR("")), 0);
    CHECK_INT(type_find((Str){ 0 }), 0);
    CHECK_INT(structure_find(STR("Patient.contact")), TYPE_PATIENT_CONTACT);
    CHECK_INT(structure_find(STR("dateTime")), TYPE_DATE_TIME);
}

TEST(every_element_is_found_by_its_name)
{
    for (TypeId type = 1; type <= STRUCTURE_COUNT; type++) {
        for (uint16_t order = 0; order < structure(type)->element_count; order++) {
            const Element *e = structure_element_at(type, order);

            CHECK_INT(e->order, order);
            CHECK(structure_element(type, e->name) == e);
            CHECK(e->type >= 1 && e->type <= STRUCTURE_COUNT);
        }
    }
}

TEST(names_that_are_no_elements_are_not_found)
{
    CHECK(!structure_element(TYPE_PATIENT, STR("resourceType")));
    CHECK(!structure_element(TYPE_PATIENT, STR("Name")));
    CHECK(!structure_element(TYPE_PATIENT, STR("nam")));
    CHECK(!structure_element(TYPE_PATIENT, STR("names")));
    CHECK(!structure_element(TYPE_PATIENT, STR("deceased")));
    CHECK(!structure_element(TYPE_PATIENT, STR("")));
    CHECK(!structure_element(TYPE_PATIENT, (Str){ 0 }));
    CHECK(!structure_element(TYPE_BUNDLE, STR("text")));
    CHECK(!structure_element(TYPE_STRING, STR("value")));
    CHECK(!structure_element(0, STR("id")));
}

TEST(a_choice_has_a_property_for_each_type)
{
    const Element *quantity = element(TYPE_OBSERVATION, "valueQuantity");
    const Element *period = element(TYPE_OBSERVATION, "valuePeriod");
    const Element *effective = element(TYPE_OBSERVATION, "effectivePeriod");

    REQUIRE(quantity && period && effective);
    CHECK_STR(quantity->path, STR("value"));
    CHECK_INT(quantity->type, TYPE_QUANTITY);
    CHECK_INT(period->type, TYPE_PERIOD);
    CHECK(quantity->choice != 0);
    CHECK_INT(quantity->choice, period->choice);
    CHECK(effective->choice != quantity->choice);
    CHECK_INT(element(TYPE_OBSERVATION, "code")->choice, 0);
}

TEST(cardinality_comes_from_the_definition)
{
    CHECK_INT(element(TYPE_OBSERVATION, "status")->min, 1);
    CHECK(!element(TYPE_OBSERVATION, "status")->many);
    CHECK(element(TYPE_OBSERVATION, "component")->many);
    CHECK_INT(element(TYPE_EXTENSION, "url")->min, 1);
    CHECK_INT(element(TYPE_EXTENSION, "url")->type, TYPE_URI);
    CHECK(element(TYPE_HUMAN_NAME, "given")->many);
}

TEST(ids_of_resources_are_ids_and_of_elements_strings)
{
    CHECK_INT(element(TYPE_PATIENT, "id")->type, TYPE_ID);
    CHECK_INT(element(TYPE_HUMAN_NAME, "id")->type, TYPE_STRING);
    CHECK_INT(element(TYPE_PATIENT_CONTACT, "extension")->type, TYPE_EXTENSION);
    CHECK_INT(element(TYPE_CODE, "extension")->type, TYPE_EXTENSION);
}

TEST(content_references_lead_to_the_structure_they_name)
{
    CHECK_INT(element(TYPE_OBSERVATION_COMPONENT, "referenceRange")->type,
              TYPE_OBSERVATION_REFERENCE_RANGE);
    CHECK_INT(element(TYPE_QUESTIONNAIRE_ITEM, "item")->type, TYPE_QUESTIONNAIRE_ITEM);
}

TEST(any_resource_may_stand_in_a_bundle)
{
    CHECK_INT(element(TYPE_BUNDLE_ENTRY, "resource")->type, TYPE_RESOURCE);
    CHECK_INT(element(TYPE_PATIENT, "contained")->type, TYPE_RESOURCE);
    CHECK(structure(TYPE_PATIENT)->domain);
    CHECK(!structure(TYPE_BUNDLE)->domain);
    CHECK(!structure(TYPE_BINARY)->domain);
}

TEST(modifiers_and_summary_are_marked)
{
    CHECK(element(TYPE_OBSERVATION, "status")->modifier);
    CHECK(element(TYPE_PATIENT, "active")->modifier);
    CHECK(element(TYPE_PATIENT, "modifierExtension")->modifier);
    CHECK(!element(TYPE_PATIENT, "gender")->modifier);
    CHECK(element(TYPE_PATIENT, "name")->summary);
    CHECK(!element(TYPE_PATIENT, "photo")->summary);
}

TEST(required_codes_are_known)
{
    uint16_t gender = element(TYPE_PATIENT, "gender")->codes;

    CHECK(gender != 0);
    CHECK(codes_contain(gender, STR("male")));
    CHECK(codes_contain(gender, STR("other")));
    CHECK(!codes_contain(gender, STR("Male")));
    CHECK(!codes_contain(gender, STR("")));
    CHECK_STR(codes_system(gender, STR("male")),
              STR("http://hl7.org/fhir/administrative-gender"));
    CHECK(codes_contain(element(TYPE_TIMING_REPEAT, "periodUnit")->codes, STR("wk")));
    CHECK(codes_contain(element(TYPE_OBSERVATION, "status")->codes, STR("entered-in-error")));
}

TEST(not_only_patients_have_compartments)
{
    const CompartmentRule *rule = compartment_rule_of(TYPE_ENCOUNTER, TYPE_OBSERVATION);
    REQUIRE(rule && rule->count == 1);
    CHECK_STR(search_param_at(rule->params[0])->code, STR("encounter"));
    CHECK(compartment_rule_of(TYPE_PATIENT, TYPE_TASK) == compartment_rule(TYPE_TASK));
    CHECK(!compartment_rule_of(TYPE_DEVICE, TYPE_ENCOUNTER));
    CHECK(!compartment_rule_of(TYPE_ORGANIZATION, TYPE_PATIENT));
    CHECK(type_has_compartment(TYPE_RELATED_PERSON));
    CHECK(!type_has_compartment(TYPE_ORGANIZATION));
}

TEST(codes_of_one_set_may_come_from_several_systems)
{
    uint16_t intent = element(TYPE_TASK, "intent")->codes;

    CHECK_STR(codes_system(intent, STR("unknown")), STR("http://hl7.org/fhir/task-intent"));
    CHECK_STR(codes_system(intent, STR("plan")), STR("http://hl7.org/fhir/request-intent"));
    CHECK_STR(codes_system(intent, STR("none")), STR(""));
}

TEST(what_cannot_be_enumerated_is_not_checked)
{
    CHECK_INT(element(TYPE_ATTACHMENT, "contentType")->codes, 0);
    CHECK_INT(element(TYPE_PATIENT, "language")->codes, 0);
    CHECK_INT(element(TYPE_MONEY, "currency")->codes, 0); /* the list published is of 2018 */
    CHECK(!codes_contain(0, STR("x")));
    CHECK_STR(codes_system(0, STR("a")), STR(""));
}

TEST(references_know_their_targets)
{
    uint16_t practitioner = element(TYPE_PATIENT, "generalPractitioner")->targets;

    CHECK(targets_contain(practitioner, TYPE_ORGANIZATION));
    CHECK(targets_contain(practitioner, TYPE_PRACTITIONER_ROLE));
    CHECK(!targets_contain(practitioner, TYPE_PATIENT));
    CHECK(!targets_contain(practitioner, 0));
    CHECK_INT(element(TYPE_OBSERVATION, "focus")->targets, 0);
    CHECK(targets_contain(0, TYPE_VISION_PRESCRIPTION));
    CHECK(!targets_contain(0, TYPE_HUMAN_NAME));
}

TEST(every_parameter_is_found_by_its_code)
{
    for (uint16_t i = 0; i < search_param_count; i++) {
        const SearchParam *p = search_param_at(i);

        CHECK_INT(p->index, i);
        CHECK(search_param_find(p->base, p->code) == p);
        CHECK(p->type < SEARCH_TYPES);
        CHECK(p->url.len > 0);
    }
}

TEST(parameters_of_all_types_are_parameters_of_each)
{
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++) {
        CHECK(search_param_find(type, STR("_id")) != NULL);
        CHECK(search_param_find(type, STR("_lastUpdated")) != NULL);
        CHECK(search_param_find(type, STR("_profile")) != NULL);
    }
    CHECK(!search_param_find(TYPE_BUNDLE, STR("_text")));
    CHECK(!search_param_find(TYPE_PATIENT, STR("code")));
    CHECK(!search_param_find(TYPE_PATIENT, STR("zzz")));
    CHECK(!search_param_find(TYPE_PATIENT, STR("")));
    CHECK(!search_param_find(0, STR("_id")));
}

TEST(a_narrower_parameter_reads_the_rows_of_the_wider)
{
    const SearchParam *patient = param(TYPE_OBSERVATION, "patient");
    const SearchParam *subject = param(TYPE_OBSERVATION, "subject");

    REQUIRE(patient && subject);
    CHECK_INT(patient->same_as, subject->index);
    CHECK_INT(patient->only_type, TYPE_PATIENT);
    CHECK_INT(subject->same_as, subject->index);
    CHECK_INT(subject->only_type, 0);
    CHECK_INT(patient->also, patient->same_as);
}

TEST(a_union_of_two_parameters_reads_the_rows_of_both)
{
    const SearchParam *combo = param(TYPE_OBSERVATION, "combo-code");

    REQUIRE(combo);
    CHECK_STR(search_param_at(combo->same_as)->code, STR("code"));
    CHECK_STR(search_param_at(combo->also)->code, STR("component-code"));
}

TEST(owners_of_rows_own_their_rows)
{
    for (uint16_t i = 0; i < search_param_count; i++) {
        const SearchParam *p = search_param_at(i), *owner = search_param_at(p->same_as);

        CHECK_INT(owner->same_as, owner->index);
        CHECK_INT(search_param_at(p->also)->same_as, p->also);
        CHECK_INT(owner->base, p->base);
        CHECK_INT(owner->type, p->type);
        CHECK_INT(p->indexed, p->kinds != 0);
        CHECK(owner->only_type == 0 || owner->only_type == p->only_type);
    }
}

TEST(parameters_of_us_core_are_there)
{
    CHECK(param(TYPE_PATIENT, "race")->indexed);
    CHECK(param(TYPE_PATIENT, "ethnicity")->indexed);
    CHECK(param(TYPE_CONDITION, "asserted-date")->indexed);
    CHECK(param(TYPE_ENCOUNTER, "discharge-disposition")->indexed);
    CHECK(param(TYPE_CARE_TEAM, "role")->indexed);
    CHECK(param(TYPE_GOAL, "description")->indexed);
}

TEST(examples_of_the_standard_are_not_taken_for_parameters)
{
    CHECK(!search_param_find(TYPE_PATIENT, STR("part-agree")));
    CHECK_STR(param(TYPE_PATIENT, "_id")->url,
              STR("http://hl7.org/fhir/SearchParameter/Resource-id"));
}

/* Everything but what is answered otherwise, or cannot be answered at all. */
TEST(nearly_every_parameter_is_indexed)
{
    static const char *const others[] = {
        "_id",
        "_lastUpdated",
        "_text",
        "_content",
        "_query",
        "_filter",
        "near",
        "composition",
        "message",
        "age",
        "birthOrderBoolean",
    };
    int left_out = 0;

    for (uint16_t i = 0; i < search_param_count; i++) {
        const SearchParam *p = search_param_at(i);
        bool               known = p->indexed;

        for (size_t k = 0; k < COUNT(others); k++)
            known |= str_equal(p->code, str_from(others[k]));
        if (!known)
            unit_fail(__FILE__, __LINE__, "%.*s.%.*s is not indexed",
                      STR_ARG(type_name(p->base)), STR_ARG(p->code));
        left_out += !p->indexed;
    }
    CHECK(left_out > 0);
}

static bool rule_has(const uint16_t *params, uint16_t count, const char *code)
{
    for (uint16_t i = 0; i < count; i++)
        if (str_equal(search_param_at(params[i])->code, str_from(code)))
            return true;
    return false;
}

TEST(a_performer_is_not_the_subject)
{
    const CompartmentRule *rule = compartment_rule(TYPE_OBSERVATION);

    REQUIRE(rule);
    CHECK(rule_has(rule->params, rule->count, "performer"));
    CHECK(!rule_has(rule->subject_params, rule->subject_count, "performer"));
    CHECK(!rule_has(rule->subject_params, rule->subject_count, "focus"));
    CHECK(rule_has(rule->subject_params, rule->subject_count, "subject"));
}

TEST(types_the_standard_forgets_have_a_subject)
{
    CHECK(compartment_rule(TYPE_DEVICE)->subject_count == 1);
    CHECK(compartment_rule(TYPE_TASK)->subject_count == 1);
    CHECK(compartment_rule(TYPE_GROUP)->subject_count == 0);
    CHECK(!compartment_rule(TYPE_PRACTITIONER));
    CHECK(!compartment_rule(TYPE_MEDICATION));
}

TEST(the_fingerprint_is_a_digest)
{
    CHECK_INT(definitions_fingerprint.len, 64);
    for (size_t i = 0; i < definitions_fingerprint.len; i++)
        CHECK(strchr("0123456789abcdef", definitions_fingerprint.at[i]) != NULL);
}
