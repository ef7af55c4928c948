/* What a resource says as words, and what a search asks of them. */
#include "base/limits.h"
#include "fhir/words.h"
#include "test/unit.h"

#define FOLD(text, expected) CHECK_STR(words_fold(unit_call()->arena, STR(text)), STR(expected))

TEST(words_have_neither_case_nor_accents_and_marks_stand_between_them)
{
    FOLD("Müller's  follow-up (2020)", "muller s follow up 2020");
    FOLD("STRASSE Straße", "strasse strasse");
    FOLD("a\xE2\x80\x94"
         "b\xC2\xA0"
         "c \xC2\xAB"
         "d\xC2\xBB",
         "a b c d");
    FOLD("120/80 mm[Hg]", "120 80 mm hg");
    FOLD("5 \xC2\xB5g", "5 \xCE\xBC"
                        "g");
    FOLD("...", "");
}

static ResourceWords words_in(const char *json)
{
    ReadOptions   options = { .values_max = LIMIT_JSON_NODES };
    ResourceWords words = { 0 };
    Resource      resource;

    if (resource_read(unit_call(), str_from(json), &options, &resource) != OK
        || words_of(unit_call(), &resource, &words) != OK)
        unit_fail(__FILE__, __LINE__, "%s has no words", json);
    return words;
}

TEST(a_narrative_is_words_without_markup)
{
    ResourceWords w = words_in(
        "{\"resourceType\":\"Patient\",\"text\":{\"status\":\"generated\",\"div\":\"<div "
        "xmlns=\\\"http://www.w3.org/1999/xhtml\\\"><p title=\\\"hidden\\\">A caf&#233; &amp; "
        "t&#xE9;</p><!-- not > this --><b>a</b>b</div>\"},\"name\":[{\"text\":\"Anna caf\u00e9\"}]}");

    CHECK_STR(w.narrative, STR("a cafe te b"));
    CHECK_STR(w.rest, STR("anna"));
}

TEST(what_people_read_counts_and_what_machines_read_does_not)
{
    ResourceWords w = words_in(
        "{\"resourceType\":\"DocumentReference\",\"id\":\"x1\",\"status\":\"current\","
        "\"identifier\":[{\"system\":\"urn:s\",\"value\":\"V77\",\"type\":{\"text\":\"Accession\"}}],"
        "\"type\":{\"coding\":[{\"system\":\"http://loinc.org\",\"version\":\"9\",\"code\":\"34133-9\","
        "\"display\":\"Summary note\"}]},\"subject\":{\"reference\":\"Patient/p7\",\"display\":"
        "\"Anna\"},\"date\":\"2020-01-01T00:00:00Z\",\"content\":[{\"attachment\":{\"contentType\":"
        "\"text/plain\",\"data\":\"U2V2ZXJlIHBhaW4=\",\"url\":\"http://a.example/b\"}},{\"attachment\":"
        "{\"contentType\":\"application/pdf\",\"data\":\"U2VjcmV0\",\"title\":\"Scan\"}},"
        "{\"attachment\":{\"contentType\":\"text/plain\",\"data\":\"/v8=\"}}]}");

    CHECK_STR(w.narrative, STR(""));
    CHECK_STR(w.rest, STR("accession summary note anna severe pain scan"));
}

/* What a value comes to, or "?". */
static Str query_of(const char *text)
{
    Str out = STR("?");

    call_forget_issues(unit_call(), 0);
    return words_query(unit_call(), STR("_text"), str_from(text), &out) == OK ? out : STR("?");
}

#define QUERY(text, expected) CHECK_STR(query_of(text), STR(expected))

TEST(a_query_is_brought_into_one_form)
{
    QUERY("Pain", "pain");
    QUERY("severe  PAIN", "severe AND pain");
    QUERY("follow-up", "follow AND up");
    QUERY("(bone OR liver) and metastases", "( bone OR liver ) AND metastases");
    QUERY("metast* bone", "metast * AND bone");
    QUERY("a or b c", "a OR b AND c");
    QUERY("a(b)", "a AND ( b )");
    QUERY("NEAR x:y -z {a} ^b +c", "near AND x AND y AND z AND a AND b AND c");
    QUERY("orbit android", "orbit AND android");
}

TEST(a_query_that_is_none_is_refused_and_says_where)
{
    static const struct {
        const char *text;
        Fail        expected;
    } wrong[] = {
        { "", FAIL_VALUE },
        { "...", FAIL_VALUE },
        { "\"a b\"", FAIL_NOT_SUPPORTED },
        { "a and", FAIL_VALUE },
        { "or a", FAIL_VALUE },
        { "a or", FAIL_VALUE },
        { "a or or b", FAIL_VALUE },
        { "(a", FAIL_VALUE },
        { "a)", FAIL_VALUE },
        { "()", FAIL_VALUE },
        { "a (or b)", FAIL_VALUE },
        { "*", FAIL_VALUE },
        { "a *", FAIL_VALUE },
        { "a*b", FAIL_VALUE },
        { "-*", FAIL_VALUE },
        { "not a", FAIL_NOT_SUPPORTED },
        { "a (b or ) c", FAIL_VALUE },
        { "((((((((((((((((((a))))))))))))))))))", FAIL_TOO_COSTLY },
    };

    for (size_t i = 0; i < COUNT(wrong); i++) {
        Str  out;
        Fail result;

        call_forget_issues(unit_call(), 0);
        result = words_query(unit_call(), STR("_text"), str_from(wrong[i].text), &out);
        if (result != wrong[i].expected || unit_call()->issue_count != 1
            || !str_equal(unit_call()->issues[0].expression, STR("_text")))
            unit_fail(__FILE__, __LINE__, "%s: %d", wrong[i].text, result);
    }
}

TEST(words_are_there_or_not)
{
    ResourceWords w = { .narrative = STR("bone metastases"), .rest = STR("anna") };
    static const struct {
        const char *query;
        bool        anywhere, narrative;
    } asked[] = {
        { "bone", true, true },
        { "anna", true, false },
        { "bon", false, false },
        { "metast*", true, true },
        { "ann* bone", true, false },
        { "(liver or bone) metastases", true, true },
        { "liver or bone xx", false, false },
        { "liver xx or bone", true, true },
        { "((liver) or (anna (bone)))", true, false },
        { "bone metastases*", true, true },
    };

    for (size_t i = 0; i < COUNT(asked); i++) {
        Str query = query_of(asked[i].query);

        if (words_match(&w, query, false) != asked[i].anywhere
            || words_match(&w, query, true) != asked[i].narrative)
            unit_fail(__FILE__, __LINE__, "%s", asked[i].query);
    }
}
