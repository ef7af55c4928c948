/* _include, _revinclude and _sort read from a query string. */
#include "base/buf.h"
#include "base/limits.h"
#include "fhir/search.h"
#include "test/unit.h"

static Fail read(TypeId type, const char *text, Query *out)
{
    QueryOptions options = { .base = STR("http://localhost/fhir") };

    call_forget_issues(unit_call(), 0);
    return query_parse(unit_call(), type, str_from(text), &options, out);
}

TEST(includes_name_a_type_a_parameter_and_perhaps_a_target)
{
    Query q;

    REQUIRE(read(TYPE_OBSERVATION,
                 "_include=Observation:subject:Patient&_revinclude:iterate=Provenance:target"
                 "&_include=*&_include=Encounter:*",
                 &q)
            == OK);
    REQUIRE(q.shape.include_count == 4);
    CHECK_INT(q.shape.includes[0].source, TYPE_OBSERVATION);
    CHECK_STR(q.shape.includes[0].param->code, STR("subject"));
    CHECK_INT(q.shape.includes[0].target, TYPE_PATIENT);
    CHECK(!q.shape.includes[0].reverse && !q.shape.includes[0].iterate);
    CHECK(q.shape.includes[1].reverse && q.shape.includes[1].iterate);
    CHECK(q.shape.includes[2].source == 0 && !q.shape.includes[2].param);
    CHECK(q.shape.includes[3].source == TYPE_ENCOUNTER && !q.shape.includes[3].param);
    CHECK_INT(q.clause_count, 0);
}

TEST(includes_that_cannot_be_are_refused)
{
    Query q;

    CHECK_INT(read(TYPE_PATIENT, "_include=Patient", &q), FAIL_VALUE);
    CHECK_INT(read(TYPE_PATIENT, "_include=Patient:nonsense", &q), FAIL_VALUE);
    CHECK_INT(read(TYPE_PATIENT, "_include=Patient:name", &q), FAIL_VALUE);
    CHECK_INT(read(TYPE_PATIENT, "_include=Nonsense:name", &q), FAIL_VALUE);
    CHECK_INT(read(TYPE_PATIENT, "_include=Patient:organization:Patient", &q), FAIL_VALUE);
    CHECK_INT(read(TYPE_PATIENT, "_include=Observation:patient:Group", &q), FAIL_VALUE);
    CHECK_INT(read(TYPE_PATIENT, "_include:never=Patient:organization", &q),
              FAIL_NOT_SUPPORTED);
    CHECK_INT(read(TYPE_PATIENT, "_include=Patient:organization&_summary=text", &q),
              FAIL_INVALID);
}

TEST(five_hundred_includes_are_refused_by_a_limit_that_is_named)
{
    Call    *c = unit_call();
    Buf      text = buf_new(c->arena, 1 << 16);
    uint16_t count, asked = 0;
    Query    q;

    for (TypeId type = 1; type <= RESOURCE_TYPES && asked < 500; type++) {
        const SearchParam *params = search_params_of(type, &count);

        for (uint16_t i = 0; i < count && asked < 500; i++)
            if (params[i].type == SEARCH_REFERENCE && params[i].indexed
                && type != TYPE_AUDIT_EVENT) {
                buf_printf(&text, "&_include=%.*s:%.*s", STR_ARG(type_name(type)),
                           STR_ARG(params[i].code));
                asked++;
            }
    }
    CHECK_INT(asked, 500);
    CHECK_INT(query_parse(c, TYPE_PATIENT, buf_str(&text), &(QueryOptions){ 0 }, &q),
              FAIL_TOO_COSTLY);
    CHECK(str_find(c->issues[0].text, STR("LIMIT_QUERY_INCLUDES")) >= 0);
}

TEST(the_same_include_twice_is_one)
{
    Query q;

    REQUIRE(
        read(TYPE_PATIENT, "_include=Patient:organization&_include=Patient:organization", &q)
        == OK);
    CHECK_INT(q.shape.include_count, 1);
}

TEST(sort_keys_come_in_their_order_and_direction)
{
    Query q;

    REQUIRE(read(TYPE_OBSERVATION, "_sort=status,-date,_id", &q) == OK);
    REQUIRE(q.shape.sort_count == 3);
    CHECK_STR(q.shape.sort[0].param->code, STR("status"));
    CHECK(!q.shape.sort[0].descending && q.shape.sort[1].descending);
    CHECK_STR(q.applied, STR("_sort=status%2C-date%2C_id"));
}

TEST(sort_keys_that_cannot_be_are_refused)
{
    QueryOptions lenient = { .lenient = true };
    Query        q;

    CHECK_INT(read(TYPE_PATIENT, "_sort=nonsense", &q), FAIL_VALUE);
    CHECK_INT(read(TYPE_PATIENT, "_sort=name,,birthdate", &q), FAIL_VALUE);
    CHECK_INT(read(TYPE_PATIENT, "_sort=--name", &q), FAIL_VALUE);
    CHECK_INT(read(TYPE_OBSERVATION, "_sort=code-value-quantity", &q), FAIL_NOT_SUPPORTED);
    call_forget_issues(unit_call(), 0);
    REQUIRE(query_parse(unit_call(), TYPE_PATIENT, STR("_sort=name,nonsense"), &lenient, &q)
            == OK);
    CHECK_INT(q.shape.sort_count, 0);
    CHECK_INT(q.applied.len, 0);
    CHECK_INT(unit_call()->issue_count, 1);
}

TEST(what_shapes_an_answer_is_no_criterion)
{
    QueryOptions options = { .conditional = true };
    Query        q;

    CHECK_INT(query_parse(unit_call(), TYPE_PATIENT, STR("_id=a&_sort=name"), &options, &q),
              FAIL_INVALID);
    CHECK_INT(query_parse(unit_call(), TYPE_PATIENT, STR("_id=a&_include=*"), &options, &q),
              FAIL_INVALID);
}
