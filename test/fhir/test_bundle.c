/* Bundles taken apart, and references among their entries: fhir/bundle.c. */
#include "base/limits.h"
#include "fhir/bundle.h"
#include "test/unit.h"

static const Str own_base = STR_INIT("https://own.example/fhir");

static Resource read_bundle(Str text)
{
    ReadOptions options = { .values_max = LIMIT_BUNDLE_NODES };
    Resource    r = { 0 };

    if (resource_read(unit_call(), text, &options, &r) != OK)
        unit_fail(__FILE__, __LINE__, "refused: %.*s: %.*s", STR_ARG(text),
                  STR_ARG(unit_call()->issues[0].text));
    return r;
}

static Bundle opened(const char *text)
{
    Resource r = read_bundle(str_from(text));
    Bundle   b = { 0 };

    if (bundle_open(unit_call(), &r, own_base, &b) != OK)
        unit_fail(__FILE__, __LINE__, "not opened: %s: %.*s", text,
                  STR_ARG(unit_call()->issues[0].text));
    return b;
}

static Fail result_of(const char *text)
{
    Resource r = read_bundle(str_from(text));
    Bundle   b;

    return bundle_open(unit_call(), &r, own_base, &b);
}

#define BUNDLE(type, entries)                                                                  \
    "{\"resourceType\":\"Bundle\",\"type\":\"" type "\",\"entry\":[" entries "]}"
#define POST(url, full_url, resource)                                                          \
    "{\"fullUrl\":\"" full_url "\",\"resource\":" resource                                     \
    ",\"request\":{\"method\":\"POST\",\"url\":\"" url "\"}}"
#define PATIENT "{\"resourceType\":\"Patient\",\"id\":\"p\"}"

TEST(entries_are_taken_apart)
{
    Bundle b = opened(BUNDLE(
        "transaction",
        POST(
            "Patient", "urn:uuid:a",
            PATIENT) ",{\"request\":{\"method\":\"DELETE\",\"url\":\"https://own.example/fhir/Patient/"
                     "1\",\"ifMatch\":\"W/\\\"2\\\"\"}},{\"resource\":" PATIENT
                     ",\"request\":{\"method\":\"PUT\",\"url\":\"Patient/p\",\"ifNoneMatch\":\"*\","
                     "\"ifModifiedSince\":\"2020-01-01T00:00:00Z\",\"ifNoneExist\":\"identifier=x\"}}"));

    CHECK_INT(b.kind, BUNDLE_TRANSACTION);
    REQUIRE(b.count == 3);
    CHECK_STR(b.entries[0].full_url, STR("urn:uuid:a"));
    CHECK_STR(b.entries[0].method, STR("POST"));
    CHECK(b.entries[0].has_resource);
    CHECK_INT(b.entries[0].resource.type, TYPE_PATIENT);
    CHECK_STR(b.entries[0].resource.id, STR("p"));
    CHECK(!b.entries[1].has_resource);
    CHECK_INT(b.entries[1].index, 1);
    CHECK_STR(b.entries[1].url, STR("Patient/1"));
    CHECK_STR(b.entries[1].if_match, STR("W/\"2\""));
    CHECK_STR(b.entries[2].if_none_match, STR("*"));
    CHECK_STR(b.entries[2].if_modified_since, STR("2020-01-01T00:00:00Z"));
    CHECK_STR(b.entries[2].if_none_exist, STR("identifier=x"));
}

TEST(bundles_that_cannot_be_carried_out_are_refused)
{
    static const struct {
        const char *text;
        Fail        fail;
    } cases[] = {
        { PATIENT, FAIL_INVALID },
        { BUNDLE("transaction", "{\"resource\":" PATIENT "}"), FAIL_REQUIRED },
        { BUNDLE("batch", "{\"resource\":" PATIENT "}"), OK },
        { BUNDLE("collection", "{\"resource\":" PATIENT "}"), OK },
        { BUNDLE("transaction", "{\"request\":{\"method\":\"POST\",\"url\":\"Patient\"}}"),
          FAIL_REQUIRED },
        { BUNDLE("transaction", "{\"request\":{\"method\":\"POST\",\"url\":\"Patient/$x\"}}"),
          OK },
        { BUNDLE("transaction", "{\"request\":{\"method\":\"GET\",\"url\":\"Patient/1\"}}"),
          OK },
        { BUNDLE("transaction", POST("Patient", "urn:uuid:a",
                                     PATIENT) "," POST("Patient", "urn:uuid:a", PATIENT)),
          FAIL_INVALID },
        { BUNDLE(
              "collection",
              "{\"fullUrl\":\"http://a/Patient/p\",\"resource\":{\"resourceType\":\"Patient\",\"meta\":"
              "{\"versionId\":\"1\"}}},{\"fullUrl\":\"http://a/Patient/p\",\"resource\":{"
              "\"resourceType\":\"Patient\",\"meta\":{\"versionId\":\"2\"}}}"),
          OK },
        { BUNDLE("history", POST("Patient", "http://a/Patient/p",
                                 PATIENT) "," POST("Patient", "http://a/Patient/p", PATIENT)),
          OK },
        { BUNDLE("transaction", POST("Patient", "http://a/Patient/p/_history/1", PATIENT)),
          FAIL_INVALID },
        { "{\"resourceType\":\"Bundle\",\"type\":\"transaction\"}", OK },
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        if (result_of(cases[i].text) != cases[i].fail)
            unit_fail(__FILE__, __LINE__, "%s gave %d", cases[i].text,
                      result_of(cases[i].text));
}

TEST(entries_are_capped_exactly)
{
    for (int over = 0; over < 2; over++) {
        Buf b = buf_new(unit_call()->arena, 1 << 20);

        buf_put(&b, STR("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":["));
        for (int i = 0; i < LIMIT_BUNDLE_ENTRIES + over; i++)
            buf_printf(&b, "%s{\"fullUrl\":\"urn:uuid:%d\"}", i ? "," : "", i);
        buf_put(&b, STR("]}"));
        buf_put_char(&b, '\0');
        CHECK(result_of(b.at) == (over ? FAIL_TOO_COSTLY : OK));
    }
}

TEST(targets_are_found_with_or_without_fragment)
{
    Call          *c = unit_call();
    Bundle         b = { 0 };
    BundleTargets *t = bundle_targets_new(c->arena, &b);
    TypeId         type;
    Str            id;

    for (int i = 0; i < 5000; i++)
        bundle_targets_put(t, arena_printf(c->arena, "urn:uuid:%d", i), TYPE_PATIENT,
                           arena_printf(c->arena, "p%d", i));
    bundle_targets_put(t, STR("urn:uuid:7"), TYPE_GROUP, STR("g"));
    REQUIRE(bundle_targets_find(t, STR("urn:uuid:4999#x"), &type, &id));
    CHECK_STR(id, STR("p4999"));
    REQUIRE(bundle_targets_find(t, STR("urn:uuid:7"), &type, &id));
    CHECK_INT(type, TYPE_GROUP);
    CHECK(!bundle_targets_find(t, STR("urn:uuid:5000"), &type, &id));
    CHECK(!bundle_targets_find(t, STR(""), &type, &id));
}

/* The remainder of entry `index` with all entries' targets as given, or NULL text. */
static Str rewritten(const Bundle *b, uint32_t index, const BundleTargets *t, Fail *result)
{
    Draft d;

    *result = bundle_rewrite(unit_call(), &b->entries[index], t, &d);
    return *result == OK ? draft_remainder(&d) : (Str){ 0 };
}

static BundleTargets *some_targets(const Bundle *b)
{
    BundleTargets *t = bundle_targets_new(unit_call()->arena, b);

    bundle_targets_put(t, STR("urn:uuid:a"), TYPE_PATIENT, STR("1"));
    bundle_targets_put(t, STR("urn:oid:1.2"), TYPE_BINARY, STR("2"));
    bundle_targets_put(t, STR("http://their.example/fhir/Patient/x"), TYPE_PATIENT, STR("3"));
    bundle_targets_put(t, STR("Patient?identifier=s|v"), TYPE_PATIENT, STR("4"));
    bundle_targets_put(t, STR("http://their.example/fhir/ValueSet/v"), TYPE_VALUE_SET,
                       STR("5"));
    return t;
}

TEST(references_to_other_entries_are_rewritten)
{
    static const struct {
        const char *full_url, *before, *after;
    } cases[] = {
        { "urn:uuid:o", "urn:uuid:a", "Patient/1" },
        { "urn:uuid:o", "urn:uuid:a#part", "Patient/1#part" },
        { "urn:uuid:o", "http://their.example/fhir/Patient/x", "Patient/3" },
        { "http://their.example/fhir/Observation/o", "Patient/x", "Patient/3" },
        { "http://other.example/fhir/Observation/o", "Patient/x", "Patient/x" },
        { "urn:uuid:o", "Patient/x", "Patient/x" },
        { "urn:uuid:o", "Patient?identifier=s|v", "Patient/4" },
        { "urn:uuid:o", "http://elsewhere.example/Patient/y",
          "http://elsewhere.example/Patient/y" },
        { "urn:uuid:o", "urn:uuid:b", NULL },
        { "urn:uuid:o", "Patient?identifier=other", NULL },
    };
    Arena *a = unit_call()->arena;

    for (size_t i = 0; i < COUNT(cases); i++) {
        Bundle b = opened(arena_c_string(
            a,
            arena_printf(
                a,
                "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"fullUrl\":"
                "\"%s\",\"resource\":{\"resourceType\":\"Observation\",\"status\":\"final\","
                "\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"%s\"}},\"request\":{"
                "\"method\":\"POST\",\"url\":\"Observation\"}}]}",
                cases[i].full_url, cases[i].before)));
        Fail   result;
        Str    text = rewritten(&b, 0, some_targets(&b), &result);

        CHECK_INT(result, cases[i].after ? OK : FAIL_INVALID);
        if (cases[i].after)
            CHECK_STR(text, arena_printf(
                                a,
                                "},\"status\":\"final\",\"code\":{\"text\":\"x\"},\"subject\":{"
                                "\"reference\":\"%s\"}}",
                                cases[i].after));
    }
}

TEST(a_reference_that_leads_nowhere_is_named)
{
    Bundle b = opened(BUNDLE(
        "transaction",
        POST("Patient", "urn:uuid:p", PATIENT) "," POST(
            "Patient", "urn:uuid:q",
            "{\"resourceType\":\"Patient\",\"generalPractitioner\":[{\"reference\":\"urn:uuid:z\"}]}")));
    Call  *c = unit_call();
    Fail   result;

    c->issue_count = 0;
    rewritten(&b, 1, some_targets(&b), &result);
    CHECK_INT(result, FAIL_INVALID);
    REQUIRE(c->issue_count == 1);
    CHECK_STR(c->issues[0].expression,
              STR("Bundle.entry[1].resource.generalPractitioner[0].reference"));
}

TEST(addresses_and_narrative_are_rewritten_and_names_are_not)
{
    Bundle         b = opened(BUNDLE(
                "batch",
                POST(
                    "DocumentReference", "urn:uuid:d",
                    "{\"resourceType\":\"DocumentReference\",\"status\":\"current\",\"content\":[{\"attachment\":{"
                            "\"url\":\"urn:oid:1.2#x\"}}],\"text\":{\"status\":\"generated\",\"div\":\"<div "
                            "xmlns=\\\"http://www.w3.org/1999/xhtml\\\">\\u00e9\\ud83d\\ude00 urn:uuid:a<a "
                            "href=\\\"urn:uuid:a#f\\\">\xc3\xa9</a><img src='urn:oid:1.2'/><a "
                            "href=\\\"http:\\/\\/x\\\"/></div>\"}}") "," POST("ValueSet",
                                                                      "http://their.example/fhir/ValueSet/v",
                                                                      "{\"resourceType\":\"ValueSet\",\"url\":\"http://their.example/fhir/ValueSet/v\",\"status\":"
                                                                              "\"draft\",\"compose\":{\"include\":[{\"valueSet\":[\"urn:uuid:a\"]}]}}")));
    BundleTargets *t = some_targets(&b);
    Fail           result;

    CHECK_STR(
        rewritten(&b, 0, t, &result),
        STR("},\"status\":\"current\",\"content\":[{\"attachment\":{\"url\":\"Binary/2#x\"}}],"
            "\"text\":{\"status\":\"generated\",\"div\":\"<div "
            "xmlns=\\\"http://www.w3.org/1999/xhtml\\\">\\u00e9\\ud83d\\ude00 urn:uuid:a<a "
            "href=\\\"Patient/1#f\\\">\xc3\xa9</a><img src='Binary/2'/><a "
            "href=\\\"http:\\/\\/x\\\"/></div>\"}}"));
    CHECK_INT(result, OK);
    CHECK_STR(
        rewritten(&b, 1, t, &result),
        STR("},\"url\":\"http://their.example/fhir/ValueSet/v\",\"status\":\"draft\",\"compose\":{"
            "\"include\":[{\"valueSet\":[\"Patient/1\"]}]}}"));
}

/* A fragment's escapes are the sender's: written back unescaped they would end the string. */
TEST(the_fragment_of_a_rewritten_link_stays_escaped)
{
    Bundle b = opened(
        BUNDLE("batch", POST("Patient", "urn:uuid:d",
                             "{\"resourceType\":\"Patient\",\"text\":{\"status\":"
                             "\"generated\",\"div\":\"<div xmlns='http://www.w3.org/1999/"
                             "xhtml'><a href='urn:uuid:a#\\\\x\\\",\\\"y'>z</a></div>\"}}")));
    Fail result;

    CHECK_STR(
        rewritten(&b, 0, some_targets(&b), &result),
        STR("},\"text\":{\"status\":\"generated\",\"div\":\"<div xmlns='http://www.w3.org/"
            "1999/xhtml'><a href='Patient/1#\\\\x\\\",\\\"y'>z</a></div>\"}}"));
    CHECK_INT(result, OK);
}

static void count_found(void *context, uint32_t node, Str text)
{
    (void)node;
    *(unsigned *)context += str_equal(text, STR("Patient?identifier=s|v")) ? 1 : 100;
}

TEST(conditional_references_are_found_in_their_entry_only)
{
    Bundle   b = opened(BUNDLE(
          "transaction",
          POST(
              "Patient", "urn:uuid:p",
              "{\"resourceType\":\"Patient\",\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"c\","
                "\"link\":[{\"type\":\"refer\",\"other\":{\"reference\":\"Patient?identifier=s|v\"}}]}],"
                "\"link\":[{\"type\":\"refer\",\"other\":{\"reference\":\"Patient?identifier=s|v\"}},{"
                "\"type\":\"refer\",\"other\":{\"reference\":\"Patient/1\",\"display\":\"Patient?a=b\"}}]}") "," POST("Patient",
                                                                                                                    "urn:uuid:q",
                                                                                                                    "{\"resourceType\":\"Patient\",\"link\":[{\"type\":\"refer\",\"other\":{\"reference\":"
                                                                                                                      "\"Patient?identifier=s|v\"}}]}")));
    unsigned found = 0;

    bundle_conditional_references(&b.entries[0], count_found, &found);
    CHECK_INT(found, 2);
    found = 0;
    bundle_conditional_references(&b.entries[1], count_found, &found);
    CHECK_INT(found, 1);
}
