/* Hidden elements: paths, which searches look at them, and texts with and without them: fhir/mask.c. */
#include "base/limits.h"
#include "fhir/mask.h"
#include "test/unit.h"

static MaskElement element_of(const char *path)
{
    MaskElement e = { 0 };

    CHECK(mask_path_read(unit_call(), str_from(path), false, &e) == OK);
    return e;
}

static bool refused(const char *path, bool read_only)
{
    uint32_t    issues = unit_call()->issue_count;
    MaskElement e;
    bool failed = mask_path_read(unit_call(), str_from(path), read_only, &e) == FAIL_VALUE;

    call_forget_issues(unit_call(), issues);
    return failed;
}

/* A set that hides those of one type. */
static const MaskSet *set_of(const char *const *paths, size_t count, const char *criteria)
{
    MaskSet *set = NEW(unit_call()->arena, MaskSet);
    MaskRow *rows = NEW_ARRAY(unit_call()->arena, MaskRow, count);

    for (size_t i = 0; i < count; i++)
        rows[i] = (MaskRow){ .element = element_of(paths[i]), .criteria = str_from(criteria) };
    *set = (MaskSet){ .rows = rows, .count = (uint32_t)count };
    return set;
}

static bool hides(const char *path, const char *type, const char *code)
{
    TypeId             id = type_find(str_from(type));
    const SearchParam *param = search_param_find(id, str_from(code));

    CHECK(param != NULL);
    return mask_hides_param(set_of(&path, 1, ""), id, param);
}

TEST(a_path_names_an_element_one_or_two_names_deep)
{
    static const char *const paths[] = { "Appointment.comment", "Appointment.meta.security",
                                         "Patient.contact.telecom", "Observation.value",
                                         "ChargeItem.extension" };

    for (size_t i = 0; i < COUNT(paths); i++) {
        MaskElement e = element_of(paths[i]);

        CHECK_STR(mask_path(unit_call()->arena, &e), str_from(paths[i]));
    }
}

TEST(what_must_be_there_or_says_whose_it_is_cannot_be_hidden)
{
    CHECK(refused("Appointment.status", false));
    CHECK(!refused("Appointment.status", true));
    CHECK(refused("Observation.subject", false));
    CHECK(refused("Appointment.participant.actor", false));
    CHECK(refused("Appointment.meta", false));
    CHECK(refused("Appointment.meta.tag", false));
    CHECK(refused("Appointment.meta.security", true));
    CHECK(refused("CodeSystem.name", false));
    CHECK(refused("Questionnaire.title", false)); /* kept once for all callers */
    CHECK(refused("Binary.data", false));
    CHECK(refused("Appointment.commentary", false));
    CHECK(refused("Appointment.extension", false));
    CHECK(refused("Patient.contact.name.family", false));
}

TEST(a_search_looks_at_what_its_expression_names_or_holds)
{
    CHECK(hides("Appointment.reasonCode", "Appointment", "reason-code"));
    CHECK(!hides("Appointment.reasonCode", "Appointment", "reason-reference"));
    CHECK(!hides("Appointment.reasonCode", "Appointment", "date"));
    CHECK(hides("Appointment.meta.security", "Appointment", "_security"));
    CHECK(!hides("Appointment.meta.security", "Appointment", "_tag"));
    CHECK(!hides("Appointment.comment", "Appointment", "_id"));
    CHECK(!hides("Appointment.comment", "Appointment", "_lastUpdated"));
    CHECK(hides("Appointment.comment", "Appointment", "_text"));
    CHECK(hides("Appointment.comment", "Appointment", "_content"));
    CHECK(hides("Patient.telecom", "Patient", "phone"));
    CHECK(hides("Patient.telecom", "Patient", "telecom"));
    CHECK(!hides("Patient.contact.telecom", "Patient", "telecom"));
    CHECK(hides("Patient.name.family", "Patient", "name"));
    CHECK(hides("Patient.name.family", "Patient", "phonetic"));
    CHECK(hides("Patient.address.city", "Patient", "address"));
    CHECK(!hides("Patient.address.city", "Patient", "address-postalcode"));
    CHECK(hides("Patient.deceased", "Patient", "death-date"));
    CHECK(hides("Patient.deceased", "Patient", "deceased"));
    CHECK(hides("Observation.value", "Observation", "value-quantity"));
    CHECK(hides("Observation.value", "Observation", "combo-value-quantity"));
    CHECK(hides("Observation.value", "Observation", "code-value-quantity"));
    CHECK(!hides("Observation.note", "Observation", "code"));
}

static const char whole_text[] =
    "{\"resourceType\":\"Patient\",\"id\":\"a\",\"meta\":{\"versionId\":\"3\",\"lastUpdated\":"
    "\"2026-01-01T00:00:00Z\",\"security\":[{\"code\":\"R\"}]},\"text\":{\"status\":"
    "\"generated\",\"div\":\"<div>x</div>\"},\"active\":true,\"_birthDate\":{\"id\":\"b\"},"
    "\"birthDate\":\"1980-01-01\",\"deceasedBoolean\":false,\"contact\":[{\"name\":{\"text\":"
    "\"A\"},\"telecom\":[{\"value\":\"1\"}]},{\"telecom\":[{\"value\":\"2\"}]}]}";

static MaskNames names_of(const MaskSet *set)
{
    MaskNames names = { 0 };

    CHECK(mask_find(unit_call(), set, TYPE_PATIENT, false, STR("a"), NULL, &names) == OK);
    return names;
}

static Str cut(const MaskSet *set, bool tag)
{
    MaskNames names = names_of(set);
    Str       out = { 0 };

    CHECK(mask_cut(unit_call(), TYPE_PATIENT, &names, tag, str_from(whole_text), &out) == OK);
    return out;
}

TEST(what_is_hidden_is_cut_out_and_the_rest_is_marked)
{
    static const char *const birth[] = { "Patient.birthDate", "Patient.deceased",
                                         "Patient.meta.security" };
    static const char *const parts[] = { "Patient.contact.telecom" };

    CHECK_STR(
        cut(set_of(birth, COUNT(birth), ""), true),
        STR("{\"resourceType\":\"Patient\",\"id\":\"a\",\"meta\":{\"versionId\":\"3\","
            "\"lastUpdated\":\"2026-01-01T00:00:00Z\",\"tag\":[{\"id\":\"withheld\","
            "\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ObservationValue\","
            "\"code\":\"SUBSETTED\"}]},\"active\":true,\"contact\":[{\"name\":{\"text\":"
            "\"A\"},\"telecom\":[{\"value\":\"1\"}]},{\"telecom\":[{\"value\":\"2\"}]}]}"));
    CHECK_STR(cut(set_of(parts, COUNT(parts), ""), false),
              STR("{\"resourceType\":\"Patient\",\"id\":\"a\",\"meta\":{\"versionId\":\"3\","
                  "\"lastUpdated\":\"2026-01-01T00:00:00Z\",\"security\":[{\"code\":\"R\"}]},"
                  "\"active\":true,\"_birthDate\":{\"id\":\"b\"},\"birthDate\":\"1980-01-01\","
                  "\"deceasedBoolean\":false,\"contact\":[{\"name\":{\"text\":\"A\"}}]}"));
}

TEST(criteria_are_asked_of_the_rows_and_hold_where_these_are_not_known)
{
    static const char *const birth[] = { "Patient.birthDate" };
    const MaskSet           *set = set_of(birth, 1, "active=true");
    IndexRow                 active = { .kind = ROW_TOKEN, .text = STR("true") };
    IndexRows                rows = { .rows = &active, .count = 1 }, none = { 0 };
    MaskNames                names;

    active.param = search_param_find(TYPE_PATIENT, STR("active"))->same_as;
    CHECK(mask_find(unit_call(), set, TYPE_PATIENT, false, STR("a"), &rows, &names) == OK);
    CHECK(names.count == 1);
    CHECK(mask_find(unit_call(), set, TYPE_PATIENT, false, STR("a"), &none, &names) == OK);
    CHECK(names.count == 0);
    CHECK(names_of(set).count == 1);
    CHECK(mask_find(unit_call(), set, TYPE_PATIENT, true, STR("a"), NULL, &names) == OK);
    CHECK(names.count == 0);
}

/* What is kept of the whole when that is sent; empty where it is refused. */
static Str kept(const char *sent)
{
    static const char *const paths[] = { "Patient.birthDate", "Patient.contact.telecom" };
    MaskNames                names = names_of(set_of(paths, COUNT(paths), ""));
    ReadOptions              options = { .values_max = LIMIT_JSON_NODES };
    uint32_t                 issues = unit_call()->issue_count;
    Resource                 r;
    Draft                    draft;
    Fail                     result;

    CHECK(resource_read(unit_call(), str_from(sent), &options, &r) == OK);
    draft = draft_new(unit_call()->arena, &r);
    result = mask_keep(unit_call(), &names, str_from(whole_text), false, &draft);
    call_forget_issues(unit_call(), issues);
    CHECK(result == OK || result == FAIL_FORBIDDEN);
    return result == OK ? draft_remainder(&draft) : (Str){ 0 };
}

TEST(what_is_hidden_is_put_back_into_what_is_sent)
{
    CHECK_STR(
        kept(
            "{\"resourceType\":\"Patient\", \"id\":\"a\", \"meta\": {\"tag\":[{\"id\":"
            "\"withheld\",\"code\":\"SUBSETTED\"}]}, \"contact\" : [ {\"name\":{\"text\":\"A\"}"
            "}, {\"name\":{\"text\":\"C\"}} ] }"),
        STR("},\"contact\":[{\"name\":{\"text\":\"A\"},\"telecom\":[{\"value\":\"1\"}]},{\"name\":"
            "{\"text\":\"C\"}},{\"telecom\":[{\"value\":\"2\"}]}],\"_birthDate\":{\"id\":\"b\"},"
            "\"birthDate\":\"1980-01-01\"}"));
    CHECK_STR(kept("{\"resourceType\":\"Patient\",\"id\":\"a\",\"birthDate\":\"1980-01-01\","
                   "\"contact\":[{\"name\":{\"text\":\"A\"}}]}"),
              (Str){ 0 });
    CHECK_STR(kept("{\"resourceType\":\"Patient\",\"id\":\"a\"}"), (Str){ 0 });
    CHECK_STR(
        kept("{\"resourceType\":\"Patient\",\"id\":\"a\",\"contact\":[{\"name\":{\"text\":"
             "\"B\"}}]}"),
        (Str){ 0 });
    CHECK_STR(
        kept("{\"resourceType\":\"Patient\",\"id\":\"a\",\"contact\":[{\"name\":{\"text\":"
             "\"A\"}},{\"telecom\":[{\"value\":\"2\"}]}]}"),
        (Str){ 0 });
}

TEST(a_tag_among_others_goes_without_them)
{
    CHECK_STR(
        kept("{\"resourceType\":\"Patient\",\"id\":\"a\",\"meta\":{\"tag\":[{\"code\":\"x\"},"
             "{\"id\":\"withheld\",\"code\":\"SUBSETTED\"}]},\"contact\":[{\"name\":{"
             "\"text\":\"A\"}}]}"),
        STR(",\"tag\":[{\"code\":\"x\"}]},\"contact\":[{\"name\":{\"text\":\"A\"},"
            "\"telecom\":[{\"value\":\"1\"}]},{\"telecom\":[{\"value\":\"2\"}]}],"
            "\"_birthDate\":{\"id\":\"b\"},\"birthDate\":\"1980-01-01\"}"));
}
