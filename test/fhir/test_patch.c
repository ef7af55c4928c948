/* JSON Patch, by the RFC's own cases and ours: fhir/patch.c, patch_equal.c. */
#include "base/limits.h"
#include "codec/json.h"
#include "fhir/patch.h"
#include "fhir/patch_equal.h"
#include "test/unit.h"

typedef struct Case {
    const char *document, *patch;
    const char *result; /* NULL: refused as `fail` says */
    Fail        fail;
} Case;

static void check_cases(const Case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        Str  out = { 0 };
        Fail fail = patch_json(unit_call(), str_from(cases[i].document),
                               str_from(cases[i].patch), &out);

        if (fail != cases[i].fail)
            unit_fail(__FILE__, __LINE__, "%s %s gave %d", cases[i].document, cases[i].patch,
                      fail);
        else if (fail == OK)
            CHECK_STR(out, str_from(cases[i].result));
    }
}

TEST(operations_do_what_the_rfc_says)
{
    static const Case cases[] = {
        { "{\"a\":1}", "[]", "{\"a\":1}", OK },
        { "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b\",\"value\":[ 1 , {} ]}]",
          "{\"a\":1,\"b\":[1,{}]}", OK },
        { "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":2}]", "{\"a\":2}", OK },
        { "{\"a\":[1,2]}", "[{\"op\":\"add\",\"path\":\"/a/0\",\"value\":0}]",
          "{\"a\":[0,1,2]}", OK },
        { "{\"a\":[1,2]}", "[{\"op\":\"add\",\"path\":\"/a/2\",\"value\":3}]",
          "{\"a\":[1,2,3]}", OK },
        { "{\"a\":[1,2]}", "[{\"op\":\"add\",\"path\":\"/a/-\",\"value\":3}]",
          "{\"a\":[1,2,3]}", OK },
        { "{\"a\":[]}", "[{\"op\":\"add\",\"path\":\"/a/0\",\"value\":3}]", "{\"a\":[3]}", OK },
        { "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":[1]}]", "[1]", OK },
        { "{\"a\":1,\"b\":2}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", "{\"b\":2}", OK },
        { "{\"a\":[1,2,3]}", "[{\"op\":\"remove\",\"path\":\"/a/1\"}]", "{\"a\":[1,3]}", OK },
        { "{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/0\"}]", "{\"a\":[]}", OK },
        { "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", "{}", OK },
        { "{\"a\":{\"b\":1}}", "[{\"op\":\"replace\",\"path\":\"/a/b\",\"value\":1.50}]",
          "{\"a\":{\"b\":1.50}}", OK },
        { "{\"a\":1,\"b\":2}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":null}]",
          "{\"a\":null,\"b\":2}", OK },
        { "{\"a\":{\"b\":1},\"c\":{}}",
          "[{\"op\":\"move\",\"from\":\"/a/b\",\"path\":\"/c/d\"}]",
          "{\"a\":{},\"c\":{\"d\":1}}", OK },
        { "{\"a\":[1,2,3]}", "[{\"op\":\"move\",\"from\":\"/a/0\",\"path\":\"/a/2\"}]",
          "{\"a\":[2,3,1]}", OK },
        { "{\"a\":1,\"b\":2}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"}]",
          "{\"b\":1}", OK },
        { "{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a\"}]", "{\"a\":1}", OK },
        { "{\"a\":{\"b\":[1]}}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/b/-\"}]",
          "{\"a\":{\"b\":[1,{\"b\":[1]}]}}", OK },
        { "{\"a\":{\"b\":[1]}}",
          "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c\"},{\"op\":\"add\",\"path\":\"/c/b/0\","
          "\"value\":0}]",
          "{\"a\":{\"b\":[1]},\"c\":{\"b\":[0,1]}}", OK },
        { "{\"a~b\":1,\"c/d\":2,\"\":3}",
          "[{\"op\":\"test\",\"path\":\"/a~0b\",\"value\":1},{\"op\":\"replace\",\"path\":\"/c~1d\","
          "\"value\":4},{\"op\":\"remove\",\"path\":\"/\"}]",
          "{\"a~b\":1,\"c/d\":4}", OK },
        { "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/q\\\"\\n\",\"value\":1}]",
          "{\"a\":1,\"q\\\"\\n\":1}", OK },
    };

    check_cases(cases, COUNT(cases));
}

TEST(what_is_not_touched_keeps_its_bytes)
{
    static const Case cases[] = {
        { "{ \"a\\u0062\" : 1.10, \"c\": [ \"\\u00e9  \\/\" , 1E+2 ], \"d\": {\"e\": 0.0} }",
          "[{\"op\":\"replace\",\"path\":\"/d/e\",\"value\":2.50},{\"op\":\"add\",\"path\":\"/c/0\","
          "\"value\":\"\\u00e9\"}]",
          "{\"a\\u0062\":1.10,\"c\":[\"\\u00e9\",\"\\u00e9  \\/\",1E+2],\"d\":{\"e\":2.50}}",
          OK },
    };

    check_cases(cases, COUNT(cases));
}

TEST(what_cannot_be_applied_is_refused)
{
    static const Case cases[] = {
        { "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/b\"}]", NULL, FAIL_UNPROCESSABLE },
        { "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/b\",\"value\":1}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b/c\",\"value\":1}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/a/c\",\"value\":1}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/2\",\"value\":1}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/01\",\"value\":1}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/x\",\"value\":1}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/-1\",\"value\":1}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/-\"}]", NULL, FAIL_UNPROCESSABLE },
        { "{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/99999999999999999999\"}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"\"}]", NULL, FAIL_UNPROCESSABLE },
        { "{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/c\"}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":[{\"b\":1},{\"c\":2}]}",
          "[{\"op\":\"move\",\"from\":\"/a/0\",\"path\":\"/a/0/d\"}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":[1,2]}", "[{\"op\":\"remove\",\"path\":\"/a/01\"}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":1}", "[{\"op\":\"move\",\"from\":\"\",\"path\":\"/a\"}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"/b\",\"path\":\"/c\"}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/b\",\"value\":1}]", NULL,
          FAIL_UNPROCESSABLE },
        { "{\"a\":1}",
          "[{\"op\":\"add\",\"path\":\"/b\",\"value\":1},{\"op\":\"remove\",\"path\":\"/c\"}]",
          NULL, FAIL_UNPROCESSABLE },
    };

    check_cases(cases, COUNT(cases));
}

TEST(what_is_no_patch_is_refused)
{
    static const Case cases[] = {
        { "{}", "{}", NULL, FAIL_SYNTAX },
        { "{}", "[1]", NULL, FAIL_SYNTAX },
        { "{}", "[{}]", NULL, FAIL_SYNTAX },
        { "{}", "[{\"op\":\"add\",\"value\":1}]", NULL, FAIL_SYNTAX },
        { "{}", "[{\"op\":\"add\",\"path\":1,\"value\":1}]", NULL, FAIL_SYNTAX },
        { "{}", "[{\"op\":\"add\",\"path\":\"/a\"}]", NULL, FAIL_SYNTAX },
        { "{}", "[{\"op\":\"replace\",\"path\":\"/a\"}]", NULL, FAIL_SYNTAX },
        { "{}", "[{\"op\":\"test\",\"path\":\"/a\"}]", NULL, FAIL_SYNTAX },
        { "{}", "[{\"op\":\"move\",\"path\":\"/a\"}]", NULL, FAIL_SYNTAX },
        { "{}", "[{\"op\":\"copy\",\"path\":\"/a\"}]", NULL, FAIL_SYNTAX },
        { "{}", "[{\"op\":\"merge\",\"path\":\"/a\",\"value\":1}]", NULL, FAIL_SYNTAX },
        { "{}", "[{\"path\":\"/a\",\"value\":1}]", NULL, FAIL_SYNTAX },
        { "{}", "[{\"op\":\"add\",\"path\":\"a\",\"value\":1}]", NULL, FAIL_SYNTAX },
        { "{}", "[{\"op\":\"add\",\"path\":\"/a~2\",\"value\":1}]", NULL, FAIL_SYNTAX },
        { "{}", "[{\"op\":\"add\",\"path\":\"/a~\",\"value\":1}]", NULL, FAIL_SYNTAX },
        { "{}", "[{\"op\":\"add\",\"op\":\"add\",\"path\":\"/a\",\"value\":1}]", NULL,
          FAIL_SYNTAX },
        { "{}", "[", NULL, FAIL_SYNTAX },
    };

    check_cases(cases, COUNT(cases));
}

TEST(a_refusal_names_the_operation)
{
    Call *c = unit_call();
    Str   out;

    CHECK(
        patch_json(
            c, STR("{\"a\":1}"),
            STR("[{\"op\":\"test\",\"path\":\"/a\",\"value\":1},\n {\"op\":\"remove\",\"path\":"
                "\"/secret\"}]"),
            &out)
        == FAIL_UNPROCESSABLE);
    REQUIRE(c->issue_count == 1);
    CHECK(str_starts(c->issues[0].text, STR("operation 2 of the patch: ")));
    CHECK_INT(c->issues[0].line, 2);
    CHECK_INT(c->issues[0].column, 2);
}

#define PATIENT                                                                                       \
    "{\"resourceType\":\"Patient\",\"id\":\"a\",\"meta\":{\"versionId\":\"1\",\"lastUpdated\":\"x\"," \
    "\"tag\":[]},\"active\":true}"

TEST(what_the_server_owns_cannot_be_changed)
{
    static const Case cases[] = {
        { PATIENT, "[{\"op\":\"replace\",\"path\":\"/id\",\"value\":\"b\"}]", NULL,
          FAIL_UNPROCESSABLE },
        { PATIENT, "[{\"op\":\"remove\",\"path\":\"/id\"}]", NULL, FAIL_UNPROCESSABLE },
        { PATIENT, "[{\"op\":\"replace\",\"path\":\"/resourceType\",\"value\":\"Group\"}]",
          NULL, FAIL_UNPROCESSABLE },
        { PATIENT, "[{\"op\":\"remove\",\"path\":\"/meta\"}]", NULL, FAIL_UNPROCESSABLE },
        { PATIENT, "[{\"op\":\"replace\",\"path\":\"/meta/versionId\",\"value\":\"2\"}]", NULL,
          FAIL_UNPROCESSABLE },
        { PATIENT, "[{\"op\":\"move\",\"from\":\"/meta/lastUpdated\",\"path\":\"/x\"}]", NULL,
          FAIL_UNPROCESSABLE },
        { PATIENT, "[{\"op\":\"add\",\"path\":\"\",\"value\":{}}]", NULL, FAIL_UNPROCESSABLE },
        { PATIENT,
          "[{\"op\":\"test\",\"path\":\"/id\",\"value\":\"a\"},{\"op\":\"remove\",\"path\":"
          "\"/meta/tag\"},{\"op\":\"remove\",\"path\":\"/active\"}]",
          "{\"resourceType\":\"Patient\",\"id\":\"a\",\"meta\":{\"versionId\":\"1\",\"lastUpdated\":\"x\"}}",
          OK },
    };

    check_cases(cases, COUNT(cases));
}

TEST(copies_cannot_grow_without_bound)
{
    Call *c = unit_call();
    Buf   b = buf_new(c->arena, 0);
    Str   out;

    buf_put(&b, STR("[{\"op\":\"add\",\"path\":\"/a\",\"value\":\"0123456789012345\"}"));
    for (int i = 0; i < 40; i++)
        buf_put(
            &b,
            STR(",{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"},{\"op\":\"add\",\"path\":"
                "\"/a\",\"value\":{}},{\"op\":\"copy\",\"from\":\"/b\",\"path\":\"/a/x\"},"
                "{\"op\":\"move\",\"from\":\"/b\",\"path\":\"/a/y\"}"));
    buf_put_char(&b, ']');
    CHECK(patch_json(c, STR("{}"), buf_str(&b), &out) == FAIL_TOO_COSTLY);
    b.len = 0;
    buf_put(&b, STR("[{\"op\":\"add\",\"path\":\"/a\",\"value\":\""));
    memset(buf_reserve(&b, 100000), 'x', 100000);
    b.len += 100000;
    buf_put(&b, STR("\"}"));
    for (int i = 0; i < 200; i++)
        buf_printf(&b, ",{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b%d\"}", i);
    buf_put_char(&b, ']');
    CHECK(patch_json(c, STR("{}"), buf_str(&b), &out) == FAIL_TOO_LARGE);
    CHECK(str_starts(c->issues[c->issue_count - 1].text, STR("operation 1")));
}

TEST(operations_are_capped_exactly)
{
    for (int over = 0; over < 2; over++) {
        Call *c = unit_call();
        Buf   b = buf_new(c->arena, 0);
        Str   out;

        for (int i = 0; i < LIMIT_PATCH_OPERATIONS + over; i++)
            buf_printf(&b, "%c{\"op\":\"add\",\"path\":\"/a\",\"value\":%d}", i ? ',' : '[', i);
        buf_put_char(&b, ']');
        CHECK(patch_json(c, STR("{}"), buf_str(&b), &out) == (over ? FAIL_TOO_COSTLY : OK));
    }
}

static bool equal(const char *left, const char *right)
{
    Call *c = unit_call();
    Json  a, b;

    if (json_parse(c, str_from(left), LIMIT_JSON_NODES, &a)
        || json_parse(c, str_from(right), LIMIT_JSON_NODES, &b)) {
        unit_fail(__FILE__, __LINE__, "%s or %s is not JSON", left, right);
        return false;
    }
    return patch_equal(c->arena, &a, 0, &b, 0);
}

TEST(values_are_compared_by_what_they_mean)
{
    CHECK(equal("1.0", "1"));
    CHECK(equal("100", "1e2"));
    CHECK(equal("0.00100", "1E-3"));
    CHECK(equal("-0", "0.0e9"));
    CHECK(equal("1e000000000000000000000002", "100"));
    CHECK(!equal("1", "-1"));
    CHECK(!equal("1", "1.0000000000000000000000000000000001"));
    CHECK(!equal("10", "1"));
    CHECK(!equal("1", "\"1\""));
    CHECK(!equal("true", "false"));
    CHECK(!equal("null", "0"));
    CHECK(equal("\"\\u00e9\"", "\"\xc3\xa9\""));
    CHECK(equal("{\"a\":1,\"b\":{\"c\":2,\"d\":3}}", "{\"b\":{\"d\":3,\"c\":2.0},\"a\":1}"));
    CHECK(!equal("{\"a\":1}", "{\"b\":1}"));
    CHECK(!equal("{\"a\":1}", "{\"a\":1,\"b\":1}"));
    CHECK(equal("[1,[2,{}],[]]", "[1,[2,{}],[]]"));
    CHECK(!equal("[1,2]", "[2,1]"));
    CHECK(!equal("[]", "{}"));
}

/* The cases of others: `expected` or `error`. */
TEST(published_cases_give_what_they_expect)
{
    Call  *c = unit_call();
    char  *bytes = arena_alloc(c->arena, 1, 1 << 20);
    FILE  *f;
    Json   json;
    size_t len;

    if (unit_data().len == 0) {
        unit_skip("DATA is not set");
        return;
    }
    f = fopen(
        arena_c_string(c->arena, arena_printf(c->arena, "%.*s/patch/json-patch-tests.json",
                                              STR_ARG(unit_data()))),
        "r");
    REQUIRE(f);
    len = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    REQUIRE(json_parse(c, (Str){ bytes, len }, LIMIT_JSON_NODES, &json) == OK);
    CHECK(json.values[0].count > 5);
    for (uint32_t i = 1; i < json.count; i = json.values[i].after) {
        const JsonValue *doc = &json.values[json_member(&json, i, STR("doc"))];
        const JsonValue *patch = &json.values[json_member(&json, i, STR("patch"))];
        uint32_t         expected = json_member(&json, i, STR("expected"));
        Str              out = { 0 };
        Json             result;
        Fail             fail = patch_json(c, str_slice(json.source, doc->from, doc->to),
                                           str_slice(json.source, patch->from, patch->to), &out);

        if ((fail == OK) != (expected != 0))
            unit_fail(__FILE__, __LINE__, "%.*s",
                      STR_ARG(json_member_text(&json, i, STR("comment"))));
        else if (fail == OK)
            CHECK(json_parse(c, out, LIMIT_JSON_NODES, &result) == OK
                  && patch_equal(c->arena, &result, 0, &json, expected));
    }
}
