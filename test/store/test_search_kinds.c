/* What is found by the rarer kinds of search parameters, modifiers and units. */
#include "base/limits.h"
#include "test/store/store_help.h"

static void put(const char *json)
{
    REQUIRE(help_put(json) == OK);
}

#define FINDS(type, query, expected) CHECK_STR(help_find(type, query, NULL), STR(expected))
#define O(query, expected) FINDS(TYPE_OBSERVATION, query, expected)

#define UCUM "\"system\":\"http://unitsofmeasure.org\""
#define OBSERVATION(id, rest)                                                                  \
    put("{\"resourceType\":\"Observation\",\"id\":\"" id "\",\"status\":\"final\",\"code\":"   \
        "{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"c-" id "\"}]}," rest "}")
#define QUANTITY(value, code)                                                                  \
    "\"valueQuantity\":{\"value\":" value "," UCUM ",\"code\":\"" code "\"}"

TEST(quantities_are_compared_in_one_unit)
{
    OBSERVATION("mg", QUANTITY("5.4", "mg"));
    OBSERVATION("g", QUANTITY("0.0054", "g"));
    OBSERVATION("kg", QUANTITY("0.0000054", "kg"));
    OBSERVATION("foot", QUANTITY("5.4", "foot"));
    OBSERVATION("cel", QUANTITY("37.0", "Cel"));
    OBSERVATION("degf", QUANTITY("98.6", "[degF]"));
    OBSERVATION("beats", QUANTITY("72", "{beats}/min"));
    O("value-quantity=5.4|http://unitsofmeasure.org|mg", "kg g mg");
    O("value-quantity=5.40|http://unitsofmeasure.org|mg", "kg g mg");
    O("value-quantity=5400|http://unitsofmeasure.org|ug", "kg g mg");
    O("value-quantity=0.0054|http://unitsofmeasure.org|g", "kg g mg");
    O("value-quantity=0.0055|http://unitsofmeasure.org|g", "");
    O("value-quantity=ne5.4|http://unitsofmeasure.org|mg", "");
    O("value-quantity=gt5|http://unitsofmeasure.org|mg", "kg g mg");
    O("value-quantity=lt5.4|http://unitsofmeasure.org|mg", "");
    O("value-quantity=le5.4|http://unitsofmeasure.org|mg", "kg g mg");
    O("value-quantity=5.4", "foot mg");
    O("value-quantity=5.4||mg", "mg");
    O("value-quantity=0.0054", "g");
    O("value-quantity=5.4|http://unitsofmeasure.org|foot", "foot");
    O("value-quantity=37.0|http://unitsofmeasure.org|Cel", "degf cel");
    O("value-quantity=98.6|http://unitsofmeasure.org|[degF]", "degf cel");
    O("value-quantity=72|http://unitsofmeasure.org|/min", "beats");
    O("value-quantity=1.2|http://unitsofmeasure.org|/s", "beats");
    O("value-quantity=72|http://unitsofmeasure.org|{beats}/min", "beats");
    O("value-quantity=5.4|http://unitsofmeasure.org|mg,37|http://unitsofmeasure.org|Cel",
      "degf cel kg g mg");
    O("value-quantity=5.4|http://unitsofmeasure.org|mg,5.4||foot", "foot kg g mg");
    help_close();
}

TEST(numbers_match_by_precision_and_prefix)
{
#define RISK(id, value)                                                                        \
    put("{\"resourceType\":\"RiskAssessment\",\"id\":\"" id                                    \
        "\",\"status\":\"final\",\"subject\":"                                                 \
        "{\"reference\":\"Patient/p1\"},\"prediction\":[{\"probabilityDecimal\":" value "}]}")
#define R(query, expected) FINDS(TYPE_RISK_ASSESSMENT, query, expected)
    RISK("half", "0.5");
    RISK("more", "0.54");
    RISK("most", "0.9");
    R("probability=0.5", "more half");
    R("probability=0.50", "half");
    R("probability=5e-1", "more half");
    R("probability=eq0.9", "most");
    R("probability=ne0.5", "most");
    R("probability=gt0.5", "most more");
    R("probability=lt0.54", "half");
    R("probability=ge0.5", "most more half");
    R("probability=le0.54", "more half");
    R("probability=sa0.54", "most");
    R("probability=eb0.54", "half");
    R("probability=ap0.5", "more half");
    R("probability:missing=false", "most more half");
    R("probability=0.9,0.50", "most half");
    help_close();
}

#define PART(code, value)                                                                      \
    "{\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"" code "\"}]},"        \
    "\"valueQuantity\":{\"value\":" value "," UCUM ",\"code\":\"mm[Hg]\"}}"

TEST(composites_hold_within_one_place)
{
    OBSERVATION("high", "\"component\":[" PART("8480-6", "150") "," PART("8462-4", "80") "]");
    OBSERVATION("low", "\"component\":[" PART("8480-6", "110") "," PART("8462-4", "95") "]");
    OBSERVATION("plain", QUANTITY("150", "mm[Hg]"));
    OBSERVATION("coded", "\"valueCodeableConcept\":{\"coding\":[{\"system\":\"urn:v\",\"code\":"
                         "\"positive\"}]}");
    OBSERVATION("said", "\"valueString\":\"Clear and bright\"");
    OBSERVATION("dated", "\"valueDateTime\":\"2020-02-10\"");
    O("component-code-value-quantity=8480-6$gt140", "high");
    O("component-code-value-quantity=8480-6$150", "high");
    O("component-code-value-quantity=http://loinc.org|8462-4$gt90", "low");
    O("component-code-value-quantity=urn:other|8462-4$gt90", "");
    O("component-code-value-quantity=8462-4$gt90|http://unitsofmeasure.org|mm[Hg]", "low");
    O("component-code-value-quantity=8480-6$gt140,8462-4$gt90", "low high");
    O("component-code-value-quantity=8480-6$gt140&status=final", "high");
    O("combo-code-value-quantity=8480-6$gt140", "high");
    O("combo-code-value-quantity=c-plain$gt140", "plain");
    O("code-value-quantity=c-plain$gt140", "plain");
    O("code-value-quantity=c-plain$gt160", "");
    O("code-value-quantity=c-coded$gt1", "");
    O("code-value-quantity=c-plain$20|http://unitsofmeasure.org|kPa", "plain");
    O("code-value-quantity=c-plain$gt20|http://unitsofmeasure.org|kPa", "");
    O("component-code-value-quantity=8480-6$gt14|http://unitsofmeasure.org|kPa", "low high");
    O("component-code-value-quantity=http://loinc.org|$gt140", "high");
    O("component-code-value-quantity=http://loinc.org|$gt19|http://unitsofmeasure.org|kPa",
      "high");
    O("component-code-value-quantity=urn:never|$gt19|http://unitsofmeasure.org|kPa", "");
    O("code-value-concept=c-coded$positive", "coded");
    O("code-value-concept=c-coded$urn:v|positive", "coded");
    O("code-value-concept=c-plain$positive", "");
    O("combo-code-value-concept=c-coded$positive", "coded");
    O("code-value-string=c-said$clear", "said");
    O("code-value-date=c-dated$2020-02", "dated");
    O("code-value-date=c-dated$gt2020-03", "");
    put("{\"resourceType\":\"DocumentReference\",\"id\":\"new\",\"status\":\"current\",\"content\":[{"
        "\"attachment\":{\"title\":\"x\"}}],\"relatesTo\":[{\"code\":\"replaces\",\"target\":{"
        "\"reference\":\"DocumentReference/old\"}}]}");
    FINDS(TYPE_DOCUMENT_REFERENCE, "relationship=DocumentReference/old$replaces", "new");
    FINDS(TYPE_DOCUMENT_REFERENCE, "relationship=DocumentReference/old$appends", "");
    put("{\"resourceType\":\"Observation\",\"id\":\"high\",\"status\":\"final\",\"code\":{\"text\":\"x\"}}");
    O("component-code-value-quantity=8480-6$gt140", "");
    help_close();
}

#define SEQUENCE(name, chromosome, window, variants)                                           \
    put("{\"resourceType\":\"MolecularSequence\",\"id\":\"" name "\",\"coordinateSystem\":0,"  \
        "\"patient\":{\"reference\":\"Patient/p1\"},"                                          \
        "\"referenceSeq\":{\"chromosome\":{\"coding\":[{\"system\":\"urn:c\",\"code\":"        \
        "\"" chromosome "\"}]},\"referenceSeqId\":{\"coding\":[{\"system\":\"urn:r\","         \
        "\"code\":\"NC-" chromosome "\"}]}," window "},\"variant\":[" variants "]}")
#define WINDOW(from, to) "\"windowStart\":" from ",\"windowEnd\":" to
#define VARIANT(from, to) "{\"start\":" from ",\"end\":" to "}"
#define S(query, expected) FINDS(TYPE_MOLECULAR_SEQUENCE, query, expected)

TEST(composites_of_three_hold_within_one_place)
{
    Permit other = help_patient_permit(DEED_SEARCH, "p2");

    put("{\"resourceType\":\"Patient\",\"id\":\"p1\"}");
    put("{\"resourceType\":\"Patient\",\"id\":\"p2\"}");
    SEQUENCE("two", "1", WINDOW("100", "900"), VARIANT("150", "160") "," VARIANT("700", "800"));
    SEQUENCE("one", "2", WINDOW("100", "500"), VARIANT("150", "160"));
    SEQUENCE("back", "1", WINDOW("20", "10"), "{\"start\":5}");
    S("chromosome-variant-coordinate=1$gt100$lt200", "two");
    S("chromosome-variant-coordinate=urn:c|1$150$160", "two");
    S("chromosome-variant-coordinate=1$150$800", ""); /* of different variants */
    S("chromosome-variant-coordinate=1$160$150", "");
    S("chromosome-variant-coordinate=urn:c|$ge150$le160", "one two");
    S("chromosome-variant-coordinate=urn:x|$ge150$le160", "");
    S("chromosome-variant-coordinate=urn:x|1$ge150$le160", "");
    S("chromosome-variant-coordinate=1$150$ne160", "");
    S("chromosome-variant-coordinate=1$ne150$ne160", "two");
    S("chromosome-variant-coordinate=1$sa699$eb801", "two");
    S("chromosome-variant-coordinate=2$ap140$ap170", "one");
    S("chromosome-variant-coordinate=1$700$800,2$150$160", "one two");
    S("chromosome-variant-coordinate=1$5$5", ""); /* says not where it ends */
    S("chromosome-window-coordinate=1$100$900", "two");
    S("chromosome-window-coordinate=1$100$500", "");
    S("chromosome-window-coordinate=1$20$10", "back");
    S("chromosome-window-coordinate=1$lt30$lt20", "back");
    S("referenceseqid-window-coordinate=urn:r|NC-2$100$500", "one");
    S("referenceseqid-variant-coordinate=NC-1$gt600$lt900", "two");
    S("referenceseqid-variant-coordinate=1$gt600$lt900", "");
    S("patient=p1&chromosome-variant-coordinate=1$gt100$lt200", "two");
    CHECK_STR(
        help_find(TYPE_MOLECULAR_SEQUENCE, "chromosome-variant-coordinate=1$150$160", &other),
        STR(""));
    SEQUENCE("two", "1", WINDOW("100", "900"), VARIANT("300", "310"));
    S("chromosome-variant-coordinate=1$150$160", "");
    S("chromosome-variant-coordinate=1$300$310", "two");
    help_close();
}

TEST(composites_of_definitions_are_seen_by_a_patients_app)
{
    Permit app = help_patient_permit(DEED_SEARCH, "p1");

    put("{\"resourceType\":\"Patient\",\"id\":\"p1\"}");
    put("{\"resourceType\":\"Questionnaire\",\"id\":\"q\",\"status\":\"active\",\"useContext\":[{"
        "\"code\":{\"code\":\"age\"},\"valueQuantity\":{\"value\":7,\"unit\":\"a\"}}]}");
    CHECK_STR(help_find(TYPE_QUESTIONNAIRE, "context-type-quantity=age$7", &app), STR("q"));
    CHECK_STR(help_find(TYPE_QUESTIONNAIRE, "context-type-quantity=age$8", &app), STR(""));
    help_close();
}

TEST(codes_are_found_by_their_texts)
{
    put("{\"resourceType\":\"Condition\",\"id\":\"c1\",\"subject\":{\"reference\":\"Patient/p1\"},"
        "\"code\":{\"coding\":[{\"system\":\"urn:s\",\"code\":\"73211009\",\"display\":"
        "\"Diabetes mellitus\"}],\"text\":\"Sugar disease\"}}");
    put("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"identifier\":[{\"type\":{\"text\":\"Chart no.\","
        "\"coding\":[{\"system\":\"urn:t\",\"code\":\"MR\"}]},\"system\":\"urn:h\",\"value\":\"446\"},"
        "{\"type\":{\"coding\":[{\"system\":\"urn:t\",\"code\":\"SS\"}]},\"value\":\"555\"}]}");
    FINDS(TYPE_CONDITION, "code:text=diabetes", "c1");
    FINDS(TYPE_CONDITION, "code:text=DIABETES%20MEL", "c1");
    FINDS(TYPE_CONDITION, "code:text=sugar", "c1");
    FINDS(TYPE_CONDITION, "code:text=mellitus", "");
    FINDS(TYPE_CONDITION, "code:text=x,sugar", "c1");
    FINDS(TYPE_CONDITION, "code=sugar%20disease", "");
    FINDS(TYPE_CONDITION, "code:text=73211009", "");
    FINDS(TYPE_PATIENT, "identifier:text=chart", "p1");
    FINDS(TYPE_PATIENT, "identifier:of-type=urn:t|MR|446", "p1");
    FINDS(TYPE_PATIENT, "identifier:ofType=urn:t|MR|446", "p1");
    FINDS(TYPE_PATIENT, "identifier:of-type=urn:t|MR|555", "");
    FINDS(TYPE_PATIENT, "identifier:of-type=urn:x|MR|446", "");
    FINDS(TYPE_PATIENT, "identifier:of-type=|MR|446", "p1");
    FINDS(TYPE_PATIENT, "identifier:of-type=urn:t|MR|446,urn:t|SS|555", "p1");
    FINDS(TYPE_PATIENT, "identifier=urn:h|446", "p1");
    FINDS(TYPE_PATIENT, "identifier=446", "p1");
    help_close();
}

static void value_set(const char *id, const char *url)
{
    put(arena_printf(unit_call()->arena,
                     "{\"resourceType\":\"ValueSet\",\"id\":\"%s\",\"status\":\"active\","
                     "\"url\":\"%s\"}%c",
                     id, url, 0)
            .at);
}

TEST(addresses_are_found_above_and_below)
{
    value_set("a", "http://acme.org/fhir");
    value_set("b", "http://acme.org/fhir/ValueSet/123");
    value_set("c", "http://acme.org/fhir2/ValueSet/123");
    value_set("d", "http://acme.org");
    FINDS(TYPE_VALUE_SET, "url:below=http://acme.org/fhir", "b a");
    FINDS(TYPE_VALUE_SET, "url:below=http://acme.org/fhir/", "b");
    FINDS(TYPE_VALUE_SET, "url:below=http://acme.org", "d c b a");
    FINDS(TYPE_VALUE_SET, "url:below=http://acme", "");
    FINDS(TYPE_VALUE_SET, "url:above=http://acme.org/fhir/ValueSet/123/x", "d b a");
    FINDS(TYPE_VALUE_SET, "url:above=http://acme.org/fhir2", "d");
    FINDS(TYPE_VALUE_SET, "url=http://acme.org/fhir", "a");
    help_close();
}

TEST(places_are_found_by_their_distance)
{
#define PLACE(id, latitude, longitude)                                                         \
    put("{\"resourceType\":\"Location\",\"id\":\"" id                                          \
        "\",\"position\":{\"latitude\":" latitude ",\"longitude\":" longitude "}}")
    PLACE("dam", "52.3731", "4.8926");
    PLACE("west", "52.3748", "4.8838"); /* 630 m from there */
    PLACE("utrecht", "52.0907", "5.1214");
    PLACE("fiji", "-17.0", "179.9");
    PLACE("samoa", "-17.0", "-179.9");
    FINDS(TYPE_LOCATION, "near=52.3731|4.8926|1|m", "dam");
    FINDS(TYPE_LOCATION, "near=52.3731|4.8926|600|m", "dam");
    FINDS(TYPE_LOCATION, "near=52.3731|4.8926|640|m", "west dam");
    FINDS(TYPE_LOCATION, "near=52.3731|4.8926", "west dam");
    FINDS(TYPE_LOCATION, "near=52.3731|4.8926|50", "utrecht west dam");
    FINDS(TYPE_LOCATION, "near=52.3731|4.8926|20|[mi_i]", "west dam");
    FINDS(TYPE_LOCATION, "near=-17|180|11|km", "samoa fiji");
    FINDS(TYPE_LOCATION, "near=-17|180|10|km", "");
    FINDS(TYPE_LOCATION, "near=0|0|40000|km", "samoa fiji utrecht west dam");
    FINDS(TYPE_LOCATION, "near=52.3731|4.8926|1|m,-17|180|11|km", "samoa fiji dam");
    help_close();
}

TEST(references_match_by_version_where_one_is_named)
{
    OBSERVATION("now", "\"subject\":{\"reference\":\"Patient/p1\"}");
    OBSERVATION("then", "\"subject\":{\"reference\":\"Patient/p1/_history/2\"}");
    O("subject=Patient/p1", "then now");
    O("subject=p1", "then now");
    O("subject=Patient/p1/_history/2", "then");
    O("subject=Patient/p1/_history/3", "");
    O("subject=http://localhost/fhir/Patient/p1/_history/2", "then");
    help_close();
}

/* A query of as many values as one clause takes. */
static Str many(const char *name, const char *form)
{
    Buf out = buf_new(unit_call()->arena, 50000);

    buf_printf(&out, "%s=", name);
    for (int i = 0; i < LIMIT_QUERY_VALUES; i++) {
        if (i)
            buf_put_char(&out, ',');
        for (const char *at = form; *at; at++)
            if (*at == '#')
                buf_put_u64(&out, 1000 + (uint64_t)i);
            else
                buf_put_char(&out, *at);
    }
    return buf_str(&out);
}

/* Whatever is asked, the database takes the statement, or the search is refused before. */
static Fail ask_many(TypeId type, const char *name, const char *form)
{
    Permit       permit = help_permit(DEED_SEARCH);
    QueryOptions options = { .base = STR("http://localhost/fhir") };
    SearchPage   page;
    Query        query;
    Fail         result = query_parse(unit_call(), type, many(name, form), &options, &query);

    return result == OK ? store_search(unit_call(), help_session(), &permit, &query, &page)
                        : result;
}

TEST(a_thousand_values_are_looked_for_or_too_costly)
{
    static const struct {
        TypeId      type;
        const char *name, *form;
        Fail        expected;
    } asked[] = {
        { TYPE_OBSERVATION, "code", "c#", OK },
        { TYPE_OBSERVATION, "code", "http://loinc.org|c#", OK },
        { TYPE_OBSERVATION, "code:not", "c#", OK },
        { TYPE_OBSERVATION, "code:text", "t#", OK },
        { TYPE_OBSERVATION, "identifier", "urn:lab|#", OK },
        { TYPE_OBSERVATION, "date", "#", OK },
        { TYPE_OBSERVATION, "subject", "Patient/#", OK },
        { TYPE_OBSERVATION, "subject", "#", OK },
        { TYPE_OBSERVATION, "_id", "#", OK },
        { TYPE_OBSERVATION, "patient.name", "n#", OK },
        { TYPE_OBSERVATION, "value-quantity", "#", FAIL_TOO_COSTLY },
        { TYPE_OBSERVATION, "value-quantity", "#|http://unitsofmeasure.org|mg",
          FAIL_TOO_COSTLY },
        { TYPE_OBSERVATION, "code-value-quantity", "c$#", FAIL_TOO_COSTLY },
        { TYPE_PATIENT, "name", "n#", OK },
        { TYPE_PATIENT, "name:contains", "n#", OK },
        { TYPE_PATIENT, "name:exact", "n#", OK },
        { TYPE_PATIENT, "_has:Observation:patient:code", "c#", OK },
        { TYPE_VALUE_SET, "url:below", "http://example.org/#", OK },
        { TYPE_VALUE_SET, "url:above", "http://example.org/#", FAIL_TOO_COSTLY },
        { TYPE_RISK_ASSESSMENT, "probability", "0.#", OK },
        { TYPE_LOCATION, "near", "1|1|#", FAIL_TOO_COSTLY },
    };

    put("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"name\":[{\"family\":\"n1000\"}]}");
    put("{\"resourceType\":\"Observation\",\"id\":\"o1\",\"status\":\"final\",\"code\":{\"coding\":[{"
        "\"system\":\"http://loinc.org\",\"code\":\"c1000\"}]},\"identifier\":[{\"system\":\"urn:lab\","
        "\"value\":\"1000\"}],\"subject\":{\"reference\":\"Patient/p1\"}}");
    for (size_t i = 0; i < COUNT(asked); i++) {
        Fail result = ask_many(asked[i].type, asked[i].name, asked[i].form);

        if (result != asked[i].expected)
            unit_fail(__FILE__, __LINE__, "%s=%s…: failure %d", asked[i].name, asked[i].form,
                      result);
    }
    help_close();
}

/* The ids of all pages of two; after the first, every resource is changed. */
static Str pages_while_changing(const char *text)
{
    Permit       permit = help_permit(DEED_SEARCH);
    QueryOptions options = { .base = STR("http://localhost/fhir") };
    Buf          ids = buf_new(unit_call()->arena, 256);
    SearchPage   page = { 0 };
    Query        query;
    int          pages = 0;

    for (char id[] = "o1"; id[1] <= '5'; id[1]++)
        put(arena_printf(unit_call()->arena,
                         "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"final\","
                         "\"code\":{\"coding\":[{\"code\":\"bp\",\"display\":\"Pressure\"}]},"
                         "\"subject\":{\"reference\":\"Patient/p1\"},\"component\":[" PART(
                             "8480-6", "150") "]," QUANTITY("2", "kg") "}%c",
                         id, 0)
                .at);
    CHECK(query_parse(unit_call(), TYPE_OBSERVATION, str_from(text), &options, &query) == OK);
    do {
        query.cursor = page.next;
        CHECK(store_search(unit_call(), help_session(), &permit, &query, &page) == OK);
        for (size_t i = 0; i < page.count; i++)
            buf_printf(&ids, "%.*s ", STR_ARG(page.versions[i].id));
        for (char id[] = "o1"; pages == 0 && id[1] <= '5'; id[1]++)
            put(arena_printf(unit_call()->arena,
                             "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":"
                             "\"final\",\"code\":{\"text\":\"x\"}}%c",
                             id, 0)
                    .at);
    } while (page.next.len && ++pages < 9);
    return buf_str(&ids);
}

TEST(pages_show_what_was_also_by_chains_composites_units_and_texts)
{
    static const char *const queries[] = {
        "patient.gender=female&_count=2",
        "patient.gender:not=male&_count=2",
        "subject._id=p1&_count=2",
        "_has:Provenance:target:_id=v&_count=2",
        "component-code-value-quantity=8480-6$gt140&_count=2",
        "value-quantity=2000|http://unitsofmeasure.org|g&_count=2",
        "code:text=press&_count=2",
        "_filter=patient.gender eq female and code eq bp&_count=2",
    };

    put("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"gender\":\"female\"}");
    put("{\"resourceType\":\"Provenance\",\"id\":\"v\",\"recorded\":\"2020-01-01T00:00:00Z\",\"agent\":["
        "{\"who\":{\"display\":\"x\"}}],\"target\":[{\"reference\":\"Observation/o1\"},{\"reference\":"
        "\"Observation/o2\"},{\"reference\":\"Observation/o3\"},{\"reference\":\"Observation/o4\"},"
        "{\"reference\":\"Observation/o5\"}]}");
    for (size_t i = 0; i < COUNT(queries); i++) {
        Str ids = pages_while_changing(queries[i]);

        if (!str_equal(ids, STR("o5 o4 o3 o2 o1 ")))
            unit_fail(__FILE__, __LINE__, "%s gave %.*s", queries[i], STR_ARG(ids));
    }
    help_close();
}

/* Both ends are met exactly, also in another unit, whose digits binary numbers round. */
TEST(the_ends_of_a_range_are_exact)
{
    static const struct {
        const char *low, *high;
    } rows[] = {
        { "1", "20" }, { "5", "100" }, { "20", "100" }, { "0.1", "0.7" }, { "3", "1000000" }
    };

    for (unsigned i = 0; i < COUNT(rows); i++) {
        Arena *a = unit_call()->arena;

        put(arena_printf(
                a,
                "{\"resourceType\":\"ValueSet\",\"id\":\"v%u\",\"status\":\"active\","
                "\"useContext\":[{\"code\":{\"code\":\"age\"},\"valueRange\":{\"low\":"
                "{\"value\":%s,\"system\":\"http://unitsofmeasure.org\",\"code\":\"mg\"},"
                "\"high\":{\"value\":%s,\"system\":\"http://unitsofmeasure.org\","
                "\"code\":\"mg\"}}}]}%c",
                i, rows[i].low, rows[i].high, 0)
                .at);
        for (unsigned k = 0; k < 4; k++) {
            static const char *const prefix[] = { "lt", "le", "gt", "ge" };
            const char              *end = k < 2 ? rows[i].low : rows[i].high;
            Str                      query = arena_printf(a,
                                                          "_id=v%u&context-quantity=%s%s|"
                                                                               "http://unitsofmeasure.org|mg%c",
                                                          i, prefix[k], end, 0);

            CHECK_INT(help_count(TYPE_VALUE_SET, query.at, NULL), k % 2);
        }
    }
    help_close();
}
