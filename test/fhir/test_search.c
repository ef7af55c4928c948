/* Query strings: what is understood, and how what is not understood is refused. */
#include "base/buf.h"
#include "base/limits.h"
#include "fhir/search.h"
#include "test/fhir/search_help.h"

TEST(an_empty_query_finds_everything)
{
    Query q;

    REQUIRE(query_read(TYPE_PATIENT, "", &q) == OK);
    CHECK_INT(q.clause_count, 0);
    CHECK_INT(q.page_count, LIMIT_COUNT_DEFAULT);
    CHECK(!q.count_only);
    CHECK_INT(q.type, TYPE_PATIENT);
}

TEST(a_code_comes_with_any_system_one_or_none)
{
    ClauseValue v = query_value(TYPE_OBSERVATION, "code=http://loinc.org|8867-4");

    CHECK(v.has_system && v.has_code);
    CHECK_STR(v.system, STR("http://loinc.org"));
    CHECK_STR(v.text, STR("8867-4"));
    v = query_value(TYPE_OBSERVATION, "code=8867-4");
    CHECK(!v.has_system && v.has_code);
    v = query_value(TYPE_OBSERVATION, "code=|8867-4");
    CHECK(v.has_system && v.has_code && v.system.len == 0);
    v = query_value(TYPE_OBSERVATION, "code=http://loinc.org|");
    CHECK(v.has_system && !v.has_code);
}

TEST(commas_are_or_and_repetition_is_and)
{
    Query q;

    REQUIRE(query_read(TYPE_OBSERVATION, "status=final,amended&code=a&code=b", &q) == OK);
    REQUIRE(q.clause_count == 3);
    REQUIRE(q.clauses[0].count == 2);
    CHECK_STR(q.clauses[0].values[0].text, STR("final"));
    CHECK_STR(q.clauses[0].values[1].text, STR("amended"));
    CHECK_STR(q.clauses[1].values[0].text, STR("a"));
    CHECK_STR(q.clauses[2].values[0].text, STR("b"));
}

TEST(a_backslash_keeps_marks_in_the_value)
{
    ClauseValue v = query_value(TYPE_OBSERVATION, "code=a%5C%7Cb|c%5C,d%5C%5C%5C$");

    CHECK_STR(v.system, STR("a|b"));
    CHECK_STR(v.text, STR("c,d\\$"));
    CHECK_REFUSED(TYPE_OBSERVATION, "code=a%5Cb", FAIL_VALUE, "code");
    CHECK_REFUSED(TYPE_OBSERVATION, "code=a%5C", FAIL_VALUE, "code");
}

TEST(percent_decoding_comes_first_and_once)
{
    Query q;

    REQUIRE(query_read(TYPE_OBSERVATION, "code=a%2Cb", &q) == OK);
    CHECK_INT(q.clauses[0].count, 2);
    CHECK_STR(query_value(TYPE_OBSERVATION, "code=a%252Cb").text, STR("a%2Cb"));
}

TEST(token_values_that_say_nothing_are_refused)
{
    CHECK_REFUSED(TYPE_OBSERVATION, "code=|", FAIL_VALUE, "code");
    CHECK_REFUSED(TYPE_OBSERVATION, "code=a|b|c", FAIL_VALUE, "code");
    CHECK_REFUSED(TYPE_OBSERVATION, "code=a,,b", FAIL_VALUE, "code");
    CHECK_REFUSED(TYPE_OBSERVATION, "code=,", FAIL_VALUE, "code");
}

TEST(a_parameter_without_value_is_passed_over)
{
    Query q;

    REQUIRE(query_read(TYPE_OBSERVATION, "code=&status=final&_count=", &q) == OK);
    CHECK_INT(q.clause_count, 1);
    CHECK_STR(q.applied, STR("status=final"));
}

TEST(a_reference_is_an_id_a_type_and_id_or_an_address)
{
    ClauseValue v = query_value(TYPE_OBSERVATION, "subject=23");

    CHECK_INT(v.type, 0);
    CHECK_STR(v.text, STR("23"));
    v = query_value(TYPE_OBSERVATION, "subject=Patient/23");
    CHECK_INT(v.type, TYPE_PATIENT);
    CHECK_STR(v.text, STR("23"));
    v = query_value(TYPE_OBSERVATION, "subject=https://clinic.example/fhir/Patient/23");
    CHECK_INT(v.type, TYPE_PATIENT);
    CHECK_STR(v.text, STR("23"));
    v = query_value(TYPE_OBSERVATION, "subject=http://other.example/Patient/23");
    CHECK_INT(v.type, 0);
    CHECK_STR(v.text, STR("http://other.example/Patient/23"));
    v = query_value(TYPE_QUESTIONNAIRE_RESPONSE, "questionnaire=http://x.example/q|2.0");
    CHECK_STR(v.text, STR("http://x.example/q"));
    CHECK_STR(v.version, STR("2.0"));
}

TEST(a_bare_id_means_the_only_type_there_is)
{
    CHECK_INT(query_value(TYPE_OBSERVATION, "patient=23").type, TYPE_PATIENT);
    CHECK_INT(query_value(TYPE_IMMUNIZATION, "patient=23").type, TYPE_PATIENT);
    CHECK_INT(query_value(TYPE_OBSERVATION, "subject:Patient=23").type, TYPE_PATIENT);
    CHECK_INT(query_value(TYPE_OBSERVATION, "encounter=23").type, TYPE_ENCOUNTER);
}

TEST(a_reference_to_the_wrong_type_is_refused)
{
    CHECK_REFUSED(TYPE_OBSERVATION, "patient=Practitioner/1", FAIL_VALUE, "patient");
    CHECK_REFUSED(TYPE_OBSERVATION, "subject:Patient=Group/1", FAIL_VALUE, "subject:Patient");
    CHECK_REFUSED(TYPE_OBSERVATION, "subject:Medication=1", FAIL_VALUE, "subject:Medication");
    CHECK_REFUSED(TYPE_OBSERVATION, "subject=Patient/1/2", FAIL_VALUE, "subject");
    CHECK_REFUSED(TYPE_OBSERVATION, "subject=a%20b", FAIL_VALUE, "subject");
    CHECK_REFUSED(TYPE_OBSERVATION, "subject=%23a", FAIL_VALUE, "subject");
}

TEST(a_reference_may_be_looked_for_by_its_identifier)
{
    Query q;

    REQUIRE(query_read(TYPE_OBSERVATION, "subject:identifier=http://x|1", &q) == OK);
    CHECK_INT(q.clauses[0].modifier, MODIFIER_IDENTIFIER);
    CHECK_STR(q.clauses[0].values[0].system, STR("http://x"));
    CHECK_STR(q.clauses[0].values[0].text, STR("1"));
}

TEST(dates_have_prefixes)
{
    static const struct {
        const char *text;
        Prefix      prefix;
    } rows[] = {
        { "birthdate=1970", PREFIX_EQ },   { "birthdate=eq1970", PREFIX_EQ },
        { "birthdate=ne1970", PREFIX_NE }, { "birthdate=gt1970", PREFIX_GT },
        { "birthdate=lt1970", PREFIX_LT }, { "birthdate=ge1970", PREFIX_GE },
        { "birthdate=le1970", PREFIX_LE }, { "birthdate=sa1970", PREFIX_SA },
        { "birthdate=eb1970", PREFIX_EB },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        ClauseValue v = query_value(TYPE_PATIENT, rows[i].text);

        CHECK_INT(v.prefix, rows[i].prefix);
        CHECK_INT(v.moment.low, 0);
        CHECK_INT(v.moment.high, INT64_C(365) * 86400 * 1000000);
    }
}

TEST(about_a_date_is_a_tenth_of_its_distance_from_now)
{
    Call       *c = unit_call();
    ClauseValue v;

    c->now_us = INT64_C(101) * 86400 * 1000000;
    v = query_value(TYPE_PATIENT, "birthdate=ap1970-01-01");
    CHECK_INT(v.prefix, PREFIX_AP);
    CHECK_INT(v.moment.low, -INT64_C(868320) * 1000000);
    CHECK_INT(v.moment.high, INT64_C(86400) * 1000000 - v.moment.low);
}

TEST(a_plus_that_became_a_space_is_still_a_zone)
{
    CHECK_INT(query_value(TYPE_OBSERVATION, "date=ge1970-01-01T01:00:00+01:00").moment.low, 0);
    CHECK_INT(query_value(TYPE_OBSERVATION, "date=ge1970-01-01T01:00:00%2B01:00").moment.low,
              0);
}

TEST(what_is_no_date_is_refused)
{
    CHECK_REFUSED(TYPE_OBSERVATION, "date=abc", FAIL_VALUE, "date");
    CHECK_REFUSED(TYPE_OBSERVATION, "date=xx2020", FAIL_VALUE, "date");
    CHECK_REFUSED(TYPE_OBSERVATION, "date=2020-02-30", FAIL_VALUE, "date");
    CHECK_REFUSED(TYPE_OBSERVATION, "date=ge", FAIL_VALUE, "date");
    CHECK_REFUSED(TYPE_OBSERVATION, "date=2020-01-01,x", FAIL_VALUE, "date");
}

TEST(a_string_is_folded_unless_it_must_be_exact)
{
    Query q;

    CHECK_STR(query_value(TYPE_PATIENT, "name=M%C3%9CLLER-O'Neil").text, STR("muller oneil"));
    REQUIRE(query_read(TYPE_PATIENT, "name:exact=M%C3%BCller", &q) == OK);
    CHECK_INT(q.clauses[0].modifier, MODIFIER_EXACT);
    CHECK_STR(q.clauses[0].values[0].text, STR("M\xC3\xBCller"));
    REQUIRE(query_read(TYPE_PATIENT, "name:contains=ELL", &q) == OK);
    CHECK_INT(q.clauses[0].modifier, MODIFIER_CONTAINS);
    CHECK_STR(q.clauses[0].values[0].text, STR("ell"));
    CHECK_STR(query_value(TYPE_PATIENT, "name=gt5").text, STR("gt5"));
    CHECK_REFUSED(TYPE_PATIENT, "name=---", FAIL_VALUE, "name");
}

TEST(a_number_means_the_interval_of_its_digits)
{
    ClauseValue v = query_value(TYPE_RISK_ASSESSMENT, "probability=0.80");

    CHECK(v.value == 0.8 && v.low == 0.795 && v.high == 0.805);
    v = query_value(TYPE_RISK_ASSESSMENT, "probability=gt100");
    CHECK_INT(v.prefix, PREFIX_GT);
    CHECK(v.value == 100 && v.low == 99.5 && v.high == 100.5);
    v = query_value(TYPE_RISK_ASSESSMENT, "probability=ap-100");
    CHECK(v.low == -110 && v.high == -90);
    CHECK_REFUSED(TYPE_RISK_ASSESSMENT, "probability=abc", FAIL_VALUE, "probability");
    CHECK_REFUSED(TYPE_RISK_ASSESSMENT, "probability=1.", FAIL_VALUE, "probability");
    CHECK_REFUSED(TYPE_RISK_ASSESSMENT, "probability=1e999", FAIL_VALUE, "probability");
    CHECK_REFUSED(TYPE_RISK_ASSESSMENT, "probability=gt", FAIL_VALUE, "probability");
}

TEST(a_quantity_may_name_its_unit)
{
    ClauseValue v =
        query_value(TYPE_OBSERVATION, "value-quantity=ge5.4|http://unitsofmeasure.org|foot");

    CHECK_INT(v.prefix, PREFIX_GE);
    CHECK(v.has_system && v.has_code);
    CHECK_STR(v.system, STR("http://unitsofmeasure.org"));
    CHECK_STR(v.text, STR("foot"));
    v = query_value(TYPE_OBSERVATION, "value-quantity=5.4||mg");
    CHECK(!v.has_system && v.has_code);
    v = query_value(TYPE_OBSERVATION, "value-quantity=5.4");
    CHECK(!v.has_system && !v.has_code);
    CHECK_REFUSED(TYPE_OBSERVATION, "value-quantity=5.4|mg", FAIL_VALUE, "value-quantity");
    CHECK_REFUSED(TYPE_OBSERVATION, "value-quantity=|x|mg", FAIL_VALUE, "value-quantity");
}

/* 12 digits are kept of what is converted: a value with more of them still means itself. */
TEST(a_quantity_with_many_digits_is_found_when_it_is_converted)
{
    static const char *const values[] = { "100000000000.0", "10000000000000.00",
                                          "-3333333333333.33", "1234567890123.45" };

    for (size_t i = 0; i < COUNT(values); i++) {
        Query       q;
        ClauseValue v;

        REQUIRE(query_read(
                    TYPE_OBSERVATION,
                    arena_c_string(unit_call()->arena, arena_printf(unit_call()->arena,
                                                                    "value-quantity=%s|http://"
                                                                    "unitsofmeasure.org|pg/dL",
                                                                    values[i])),
                    &q)
                == OK);
        REQUIRE(q.clauses[0].step_count > 0);
        for (uint32_t k = 0; k < q.clauses[0].step_count; k++) {
            if (!q.clauses[0].steps[k].match)
                continue;
            v = q.clauses[0].steps[k].match->values[0];
            CHECK(v.low <= v.value && v.value < v.high);
        }
    }
}

TEST(missing_takes_true_or_false)
{
    Query q;

    REQUIRE(query_read(TYPE_PATIENT, "birthdate:missing=true", &q) == OK);
    CHECK_INT(q.clauses[0].modifier, MODIFIER_MISSING);
    CHECK(q.clauses[0].values[0].truth);
    CHECK_REFUSED(TYPE_PATIENT, "birthdate:missing=yes", FAIL_VALUE, "birthdate:missing");
    CHECK_REFUSED(TYPE_PATIENT, "birthdate:missing=true,false", FAIL_VALUE,
                  "birthdate:missing");
}

TEST(not_belongs_to_codes)
{
    Query q;

    REQUIRE(query_read(TYPE_PATIENT, "gender:not=male,female", &q) == OK);
    CHECK_INT(q.clauses[0].modifier, MODIFIER_NOT);
    CHECK_INT(q.clauses[0].count, 2);
    CHECK_REFUSED(TYPE_PATIENT, "name:not=x", FAIL_NOT_SUPPORTED, "name:not");
}

TEST(modifiers_that_are_not_offered_are_refused_even_if_lenient)
{
    QueryOptions options = { .lenient = true, .base = BASE };
    Query        q;

    CHECK_REFUSED(TYPE_PATIENT, "name:text=x", FAIL_NOT_SUPPORTED, "name:text");
    CHECK_REFUSED(TYPE_OBSERVATION, "code:foo=x", FAIL_NOT_SUPPORTED, "code:foo");
    CHECK_REFUSED(TYPE_OBSERVATION, "code:=x", FAIL_NOT_SUPPORTED, "code:");
    CHECK_REFUSED(TYPE_OBSERVATION, "code:exact=x", FAIL_NOT_SUPPORTED, "code:exact");
    CHECK_REFUSED(TYPE_OBSERVATION, "_id:text=a", FAIL_NOT_SUPPORTED, "_id:text");
    CHECK_REFUSED(TYPE_OBSERVATION, "_lastUpdated:not=2020", FAIL_NOT_SUPPORTED,
                  "_lastUpdated:not");
    CHECK_REFUSED(TYPE_OBSERVATION, "code-value-quantity:missing=true", FAIL_NOT_SUPPORTED,
                  "code-value-quantity:missing");
    CHECK_INT(query_parse(unit_call(), TYPE_OBSERVATION, STR("code:exact=x"), &options, &q),
              FAIL_NOT_SUPPORTED);
}

static Fail answer_two(Call *c, void *context, const Clause *asked, ClauseValue **values,
                       uint32_t *count)
{
    int *calls = context;

    CHECK_INT(asked->count, 1);
    *count = ++*calls < 3 ? 2 : 0;
    *values = NEW_ARRAY(c->arena, ClauseValue, 2);
    for (uint32_t i = 0; i < *count; i++)
        (*values)[i] =
            (ClauseValue){ .has_system = true, .has_code = true, .text = STR("found") };
    return OK;
}

TEST(what_is_asked_of_a_code_system_is_settled_into_codes)
{
    int   calls = 0;
    Query q;

    REQUIRE(query_read(TYPE_OBSERVATION,
                       "code:in=http://x|1&subject:Patient.gender:not-in=http://y"
                       "&category:below=s|a&status=final",
                       &q)
            == OK);
    CHECK(query_asks_codes(&q));
    CHECK_STR(q.clauses[0].values[0].text, STR("http://x|1"));
    REQUIRE(query_settle_codes(unit_call(), &q, answer_two, &calls) == OK);
    CHECK_INT(calls, 3);
    CHECK(!query_asks_codes(&q));
    CHECK_INT(q.clauses[0].modifier, MODIFIER_NONE);
    CHECK_INT(q.clauses[0].count, 2);
    CHECK_INT(q.clauses[1].steps[1].match->modifier, MODIFIER_NOT);
    CHECK_INT(q.clauses[2].count, 1); /* of none: what nothing has */
    CHECK_INT(q.clauses[2].values[0].text.len, 0);
    CHECK_STR(q.clauses[3].values[0].text, STR("final"));
}

TEST(only_codes_can_be_asked_of_a_code_system)
{
    QueryOptions condition = { .conditional = true, .base = BASE };
    Query        q;

    CHECK_REFUSED(TYPE_PATIENT, "identifier:in=http://x", FAIL_NOT_SUPPORTED, "identifier:in");
    CHECK_REFUSED(TYPE_PATIENT, "name:in=http://x", FAIL_NOT_SUPPORTED, "name:in");
    CHECK_REFUSED(TYPE_PATIENT, "_id:in=http://x", FAIL_NOT_SUPPORTED, "_id:in");
    CHECK_REFUSED(TYPE_OBSERVATION, "code:below=x", FAIL_VALUE, "code:below");
    CHECK_REFUSED(TYPE_OBSERVATION, "code:above=|x", FAIL_VALUE, "code:above");
    CHECK_REFUSED(TYPE_OBSERVATION, "code:below=s|", FAIL_VALUE, "code:below");
    CHECK_INT(
        query_parse(unit_call(), TYPE_OBSERVATION, STR("code:in=http://x"), &condition, &q),
        FAIL_NOT_SUPPORTED);
    CHECK_INT(query_parse(unit_call(), TYPE_OBSERVATION, STR("_filter=code in http://x"),
                          &condition, &q),
              FAIL_NOT_SUPPORTED);
}

TEST(unknown_parameters_are_refused)
{
    CHECK_REFUSED(TYPE_PATIENT, "foo=1", FAIL_NOT_SUPPORTED, "foo");
    CHECK_REFUSED(TYPE_PATIENT, "code=1", FAIL_NOT_SUPPORTED, "code");
    CHECK_REFUSED(TYPE_PATIENT, "=1", FAIL_NOT_SUPPORTED, "");
    CHECK_REFUSED(TYPE_PATIENT, "Name=1", FAIL_NOT_SUPPORTED, "Name");
}

TEST(what_search_does_not_offer_yet_is_refused_by_name)
{
    CHECK_REFUSED(TYPE_PATIENT, "_contained=true", FAIL_NOT_SUPPORTED, "_contained");
    CHECK_REFUSED(TYPE_PATIENT, "_query=x", FAIL_NOT_SUPPORTED, "_query");
}

TEST(words_have_no_modifiers_and_make_no_conditions)
{
    QueryOptions conditional = { .conditional = true, .base = BASE };
    Query        q;

    CHECK_STR(query_value(TYPE_PATIENT, "_content=Anna%20or%20bob*").text,
              STR("anna OR bob *"));
    CHECK_REFUSED(TYPE_PATIENT, "_text:missing=true", FAIL_NOT_SUPPORTED, "_text:missing");
    CHECK_REFUSED(TYPE_PATIENT, "_content:exact=x", FAIL_NOT_SUPPORTED, "_content:exact");
    CHECK_REFUSED(TYPE_PATIENT, "_content=a%22b", FAIL_NOT_SUPPORTED, "_content");
    CHECK_REFUSED(TYPE_PATIENT, "_text=a,(b", FAIL_VALUE, "_text");
    CHECK_REFUSED(TYPE_PATIENT, "_sort=_text", FAIL_NOT_SUPPORTED, "_sort");
    CHECK_REFUSED(TYPE_PATIENT, "_filter=_text eq a", FAIL_NOT_SUPPORTED, "_filter");
    CHECK_REFUSED(TYPE_BINARY, "_text=a", FAIL_NOT_SUPPORTED, "_text");
    call_forget_issues(unit_call(), 0);
    CHECK_INT(query_parse(unit_call(), TYPE_PATIENT, STR("_content=a"), &conditional, &q),
              FAIL_NOT_SUPPORTED);
}

TEST(lenient_leaves_out_and_tells)
{
    QueryOptions options = { .lenient = true, .base = BASE };
    Call        *c = unit_call();
    Query        q;

    REQUIRE(query_parse(c, TYPE_PATIENT, STR("foo=1&gender=male"), &options, &q) == OK);
    CHECK_INT(q.clause_count, 1);
    CHECK_STR(q.applied, STR("gender=male"));
    REQUIRE(c->issue_count == 1);
    CHECK(c->issues[0].warning);
    CHECK_STR(c->issues[0].expression, STR("foo"));
}

TEST(ids_and_times_of_change_are_clauses)
{
    Query q;

    REQUIRE(query_read(TYPE_PATIENT, "_id=a,b&_lastUpdated=gt2020", &q) == OK);
    REQUIRE(q.clause_count == 2);
    CHECK_STR(q.clauses[0].param->code, STR("_id"));
    CHECK_STR(q.clauses[0].values[1].text, STR("b"));
    CHECK_INT(q.clauses[1].values[0].prefix, PREFIX_GT);
    CHECK_REFUSED(TYPE_PATIENT, "_id=a_b", FAIL_VALUE, "_id");
}

TEST(page_size_is_capped_and_zero_only_counts)
{
    Query q;

    REQUIRE(query_read(TYPE_PATIENT, "_count=7", &q) == OK);
    CHECK_INT(q.page_count, 7);
    REQUIRE(query_read(TYPE_PATIENT, "_count=99999999", &q) == OK);
    CHECK_INT(q.page_count, LIMIT_COUNT);
    REQUIRE(query_read(TYPE_PATIENT, "_count=0", &q) == OK);
    CHECK(q.count_only);
    REQUIRE(query_read(TYPE_PATIENT, "_summary=count&_total=accurate", &q) == OK);
    CHECK(q.count_only && q.total_accurate);
    REQUIRE(query_read(TYPE_PATIENT, "_summary=true&_total=none", &q) == OK);
    CHECK(!q.count_only && !q.total_accurate);
    CHECK_REFUSED(TYPE_PATIENT, "_count=-1", FAIL_VALUE, "_count");
    CHECK_REFUSED(TYPE_PATIENT, "_count=x", FAIL_VALUE, "_count");
    CHECK_REFUSED(TYPE_PATIENT, "_summary=x", FAIL_VALUE, "_summary");
    CHECK_REFUSED(TYPE_PATIENT, "_total=x", FAIL_VALUE, "_total");
    CHECK_REFUSED(TYPE_PATIENT, "_count:missing=true", FAIL_NOT_SUPPORTED, "_count:missing");
}

TEST(the_self_link_says_what_was_honoured_but_not_the_page)
{
    Query q;

    REQUIRE(query_read(TYPE_OBSERVATION,
                       "subject:Patient=Patient/1&_page=abc&_count=5&_pretty=true", &q)
            == OK);
    CHECK_STR(q.applied, STR("subject%3APatient=Patient%2F1&_count=5&_pretty=true"));
    CHECK_STR(q.cursor, STR("abc"));
}

TEST(criteria_need_a_criterion_and_nothing_else)
{
    QueryOptions options = { .conditional = true, .lenient = true, .base = BASE };
    Call        *c = unit_call();
    Query        q;

    CHECK_INT(query_parse(c, TYPE_PATIENT, STR("identifier=a|b&_format=json"), &options, &q),
              OK);
    CHECK_INT(query_parse(c, TYPE_PATIENT, STR(""), &options, &q), FAIL_INVALID);
    CHECK_INT(query_parse(c, TYPE_PATIENT, STR("_format=json"), &options, &q), FAIL_INVALID);
    CHECK_INT(query_parse(c, TYPE_PATIENT, STR("identifier=a&_count=1"), &options, &q),
              FAIL_INVALID);
    CHECK_INT(query_parse(c, TYPE_PATIENT, STR("identifier=&active=true"), &options, &q),
              FAIL_VALUE);
    CHECK_INT(query_parse(c, TYPE_PATIENT, STR("identifier=a&foo=b"), &options, &q),
              FAIL_NOT_SUPPORTED);
}

TEST(too_many_values_or_clauses_are_too_costly)
{
    Call *c = unit_call();
    Buf   many = buf_new(c->arena, 0), long_list = buf_new(c->arena, 0);
    Query q;

    for (int i = 0; i <= LIMIT_QUERY_CLAUSES; i++)
        buf_put(&many, STR("code=a&"));
    for (int i = 0; i <= LIMIT_QUERY_VALUES; i++)
        buf_put(&long_list, i ? STR(",a") : STR("code=a"));
    CHECK_INT(query_parse(c, TYPE_OBSERVATION, buf_str(&many), &(QueryOptions){ 0 }, &q),
              FAIL_TOO_COSTLY);
    CHECK_INT(query_parse(c, TYPE_OBSERVATION, buf_str(&long_list), &(QueryOptions){ 0 }, &q),
              FAIL_TOO_COSTLY);
}

TEST(an_issue_never_repeats_more_than_a_line_of_what_was_sent)
{
    Call *c = unit_call();
    Buf   name = buf_new(c->arena, 0);
    Query q;

    for (int i = 0; i < 5000; i++)
        buf_put_char(&name, 'x');
    buf_put(&name, STR("=1"));
    CHECK_INT(query_parse(c, TYPE_PATIENT, buf_str(&name), &(QueryOptions){ 0 }, &q),
              FAIL_NOT_SUPPORTED);
    REQUIRE(c->issue_count == 1);
    CHECK(c->issues[0].expression.len <= 100);
}
