/* Snapshots and profiles: fhir/snapshot.c, profile*.c, validation_*.c. */
#include "base/limits.h"
#include "fhir/profiles.h"
#include "fhir/published.h"
#include "fhir/validate.h"
#include "test/unit.h"

typedef struct Shelf {
    const char *const *texts;
    size_t             count;
} Shelf;

static Fail candidates(Call *c, void *context, TypeId type, Str url, const TermDef ***out,
                       size_t *count)
{
    const Shelf *shelf = context;
    uint32_t     rows, first = published_find(type, url, &rows);

    *count = 0;
    *out = NEW_ARRAY(c->arena, const TermDef *, shelf->count + rows + 1);
    for (size_t i = 0; i < shelf->count; i++) {
        const TermDef *def;
        Json           json;

        TRY(json_parse(c, str_from(shelf->texts[i]), LIMIT_JSON_NODES, &json));
        if (type_find(json_member_text(&json, 0, STR("resourceType"))) != type
            || !str_equal(json_member_text(&json, 0, STR("url")), url))
            continue;
        TRY(term_define(c, c->arena, type, str_from(shelf->texts[i]), &def));
        (*out)[(*count)++] = def;
    }
    for (uint32_t i = 0; i < rows; i++) {
        Str json;

        TRY(published_json(c, first + i, &json));
        TRY(term_define(c, c->arena, type, json, &(*out)[*count]));
        ++*count;
    }
    return OK;
}

static Terms *terms_of(const char *const *texts, size_t count)
{
    Call  *c = unit_call();
    Shelf *shelf = NEW(c->arena, Shelf);
    Terms *terms = NEW(c->arena, Terms);

    *shelf = (Shelf){ texts, count };
    *terms = (Terms){ .call = c, .context = shelf, .candidates = candidates };
    return terms;
}

#define PROFILE(name, type, base, elements)                                                    \
    "{\"resourceType\":\"StructureDefinition\",\"url\":\"http://x/" name "\",\"type\":\"" type \
    "\",\"derivation\":\"constraint\",\"baseDefinition\":\"" base                              \
    "\",\"differential\":{\"element\":[" elements "]}}"
#define CORE "http://hl7.org/fhir/StructureDefinition/"

/* The issue that is an error, or an empty text: there must be at most one. */
static Str fault(Terms *terms, const char *profile, const char *text)
{
    Call           *c = terms->call;
    ReadOptions     options = { .values_max = LIMIT_JSON_NODES };
    Str             url = str_from(profile);
    ValidateOptions how = { .terms = terms, .profiles = &url, .profile_count = 1 };
    Resource        resource;
    uint32_t        before = c->issue_count;
    Str             found = { 0 };
    Fail            result;

    if (resource_read(c, str_from(text), &options, &resource) != OK) {
        unit_fail(__FILE__, __LINE__, "%s cannot be read", text);
        return found;
    }
    result = validate_resource(c, &resource, &how);
    for (uint32_t i = before; i < c->issue_count; i++) {
        if (c->issues[i].warning)
            continue;
        CHECK(result != OK);
        found = arena_printf(c->arena, "%.*s %.*s", STR_ARG(c->issues[i].expression),
                             STR_ARG(c->issues[i].text));
    }
    call_forget_issues(c, before);
    return found;
}

static void check_fault(Terms *terms, const char *profile, const char *text, const char *word)
{
    Str found = fault(terms, profile, text);

    if (word ? str_find(found, str_from(word)) < 0 : found.len > 0)
        unit_fail(__FILE__, __LINE__, "%s gave: %.*s", text, STR_ARG(found));
}

#define OBSERVATION                                                                            \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"}"

TEST(a_profile_without_a_snapshot_holds)
{
    static const char *const texts[] = {
        PROFILE(
            "vital", "Observation", CORE "Observation",
            "{\"id\":\"Observation.subject\",\"path\":\"Observation.subject\",\"min\":1},"
            "{\"id\":\"Observation.code.text\",\"path\":\"Observation.code.text\",\"fixedString\":\"x\"},"
            "{\"id\":\"Observation.note\",\"path\":\"Observation.note\",\"max\":\"0\"},"
            "{\"id\":\"Observation\",\"path\":\"Observation\",\"constraint\":[{\"key\":\"own-1\","
            "\"severity\":\"error\",\"human\":\"h\",\"expression\":\"id.exists() or value.exists()\"}]}")
    };
    Terms      *terms = terms_of(texts, COUNT(texts));
    const char *good =
        OBSERVATION ",\"valueString\":\"y\",\"subject\":{\"reference\":\"Patient/1\"}}";

    check_fault(terms, "http://x/vital", good, NULL);
    check_fault(terms, "http://x/vital", OBSERVATION ",\"valueString\":\"y\"}",
                "Observation.subject");
    check_fault(terms, "http://x/vital",
                OBSERVATION ",\"subject\":{\"reference\":\"Patient/1\"}}", "own-1");
    check_fault(
        terms, "http://x/vital",
        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"z\"},"
        "\"valueString\":\"y\",\"subject\":{\"reference\":\"Patient/1\"}}",
        "Observation.code.text");
    check_fault(terms, "http://x/vital",
                OBSERVATION ",\"valueString\":\"y\",\"subject\":{\"reference\":\"Patient/1\"},"
                            "\"note\":[{\"text\":\"n\"}]}",
                "at most 0");
}

#define SLICED                                                                                     \
    "{\"id\":\"Observation.component\",\"path\":\"Observation.component\",\"slicing\":{"           \
    "\"discriminator\":[{\"type\":\"pattern\",\"path\":\"code\"}],\"rules\":\"closed\","           \
    "\"ordered\":true}},"                                                                          \
    "{\"id\":\"Observation.component:a\",\"path\":\"Observation.component\",\"sliceName\":\"a\","  \
    "\"min\":1,\"max\":\"1\"},"                                                                    \
    "{\"id\":\"Observation.component:a.code\",\"path\":\"Observation.component.code\","            \
    "\"patternCodeableConcept\":{\"coding\":[{\"system\":\"http://s\",\"code\":\"a\"}]}},"         \
    "{\"id\":\"Observation.component:b\",\"path\":\"Observation.component\",\"sliceName\":\"b\"}," \
    "{\"id\":\"Observation.component:b.code\",\"path\":\"Observation.component.code\","            \
    "\"patternCodeableConcept\":{\"coding\":[{\"system\":\"http://s\",\"code\":\"b\"}]}},"         \
    "{\"id\":\"Observation.component:b.value[x]\",\"path\":\"Observation.component.value[x]\","    \
    "\"min\":1,\"type\":[{\"code\":\"string\"}]}"
#define PART(code, more)                                                                       \
    "{\"code\":{\"coding\":[{\"system\":\"http://s\",\"code\":\"" code "\"}]}" more "}"

TEST(slices_are_told_apart_by_patterns)
{
    static const char *const texts[] = { PROFILE("sliced", "Observation", CORE "Observation",
                                                 SLICED) };
    static const struct {
        const char *parts, *fault;
    } cases[] = {
        { PART("a", ""), NULL },
        { PART("a", "") "," PART("b", ",\"valueString\":\"v\""), NULL },
        { PART("b", ",\"valueString\":\"v\""), "Observation.component:a: at least 1" },
        { PART("a", "") "," PART("a", ""), "Observation.component:a: at most 1" },
        { PART("a", "") "," PART("b", ""), "Observation.component.value[x]: at least 1" },
        { PART("a", "") "," PART("b", ",\"valueBoolean\":true"), "must be string" },
        { PART("a", "") "," PART("c", ""), "belongs to no slice" },
        { PART("b", ",\"valueString\":\"v\"") "," PART("a", ""), "not in their order" },
    };
    Terms *terms = terms_of(texts, COUNT(texts));

    for (size_t i = 0; i < COUNT(cases); i++)
        check_fault(
            terms, "http://x/sliced",
            arena_c_string(terms->call->arena,
                           arena_printf(terms->call->arena, OBSERVATION ",\"component\":[%s]}",
                                        cases[i].parts)),
            cases[i].fault);
}

TEST(profiles_based_on_themselves_are_refused)
{
    static const char *const texts[] = {
        PROFILE("one", "Patient", "http://x/two", ""),
        PROFILE("two", "Patient", "http://x/one", ""),
    };
    Terms         *terms = terms_of(texts, COUNT(texts));
    const Profile *profile;

    CHECK(profiles_find(terms, STR("http://x/one"), &profile) == FAIL_UNPROCESSABLE);
    CHECK(str_find(terms->call->issues[0].text, STR("based on itself")) >= 0);
}

TEST(a_differential_of_what_is_not_there_is_refused)
{
    static const char *const texts[] = {
        PROFILE("bad", "Patient", CORE "Patient", "{\"path\":\"Patient.colour\",\"min\":1}"),
        PROFILE("gone", "Patient", "http://x/unknown", ""),
    };
    Terms         *terms = terms_of(texts, COUNT(texts));
    const Profile *profile;

    CHECK(profiles_find(terms, STR("http://x/bad"), &profile) == FAIL_UNPROCESSABLE);
    CHECK(str_find(terms->call->issues[0].text, STR("Patient.colour")) >= 0);
    CHECK(profiles_find(terms, STR("http://x/gone"), &profile) == FAIL_UNPROCESSABLE);
}

TEST(references_that_lead_in_a_circle_come_to_an_end)
{
    static const char *const texts[] = { PROFILE(
        "link", "Patient", CORE "Patient",
        "{\"id\":\"Patient.gender\",\"path\":\"Patient.gender\",\"min\":1},"
        "{\"id\":\"Patient.link.other\",\"path\":\"Patient.link.other\",\"type\":[{\"code\":"
        "\"Reference\",\"targetProfile\":[\"http://x/link\"]}]}") };
    Terms                   *terms = terms_of(texts, COUNT(texts));
#define LINKED(gender)                                                                                \
    "{\"resourceType\":\"Patient\",\"gender\":\"male\",\"contained\":[{\"resourceType\":\"Patient\"," \
    "\"id\":\"a\"" gender                                                                             \
    ",\"link\":[{\"type\":\"seealso\",\"other\":{\"reference\":\"#\"}}]}],"                           \
    "\"link\":[{\"type\":\"seealso\",\"other\":{\"reference\":\"#a\"}}]}"

    check_fault(terms, "http://x/link", LINKED(",\"gender\":\"male\""), NULL);
    check_fault(terms, "http://x/link", LINKED(""), "fits none of the profiles");
}
