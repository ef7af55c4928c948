/* Percent-encoding and query strings. */
#include "base/limits.h"
#include "codec/url.h"
#include "test/unit.h"

static bool decodes(Str text, Str expected)
{
    Str out;

    return url_decode(unit_call()->arena, text, false, &out) && str_equal(out, expected);
}

static bool is_refused(Str text)
{
    Str out;

    return !url_decode(unit_call()->arena, text, false, &out);
}

TEST(an_escape_becomes_its_byte)
{
    CHECK(decodes(STR("%41b%2bc"), STR("Ab+c")));
    CHECK(decodes(STR("%C3%BC"), STR("\xC3\xBC")));
    CHECK(decodes(STR(""), STR("")));
    CHECK(decodes(STR("a+b"), STR("a+b")));
}

TEST(a_plus_is_a_space_in_a_form)
{
    Str out;

    CHECK(url_decode(unit_call()->arena, STR("a+b%2B"), true, &out));
    CHECK_STR(out, STR("a b+"));
}

TEST(escapes_are_undone_once)
{
    CHECK(decodes(STR("%2541"), STR("%41")));
}

TEST(escapes_that_are_none_are_refused)
{
    CHECK(is_refused(STR("%")));
    CHECK(is_refused(STR("%4")));
    CHECK(is_refused(STR("a%4")));
    CHECK(is_refused(STR("%4g")));
    CHECK(is_refused(STR("%%41")));
}

TEST(nul_and_bad_utf8_are_refused)
{
    static const char *const bad[] = {
        "%00",          "%FF",          "%C0%AF", "%C3",  "%C3%28", "%E0%80%AF", "%ED%A0%80",
        "%F4%90%80%80", "%F0%82%82%AC", "%80",    "\xFF", "%E2%82", "%F0%9F%98",
    };

    for (size_t i = 0; i < COUNT(bad); i++)
        if (!is_refused(str_from(bad[i])))
            unit_fail(__FILE__, __LINE__, "%s was taken", bad[i]);
    CHECK(decodes(STR("%F0%9F%98%80%E2%82%AC%ED%9F%BF"),
                  STR("\xF0\x9F\x98\x80\xE2\x82\xAC\xED\x9F\xBF")));
}

TEST(only_unreserved_characters_stand_unescaped)
{
    Buf b = buf_new(unit_call()->arena, 0);

    url_encode(&b, STR("aZ9-._~ /|\xC3\xBC"));
    CHECK_STR(buf_str(&b), STR("aZ9-._~%20%2F%7C%C3%BC"));
}

TEST(whatever_is_encoded_decodes_to_itself)
{
    char all[255];
    Str  out;
    Buf  b = buf_new(unit_call()->arena, 0);

    for (int i = 0; i < 127; i++)
        all[i] = (char)(i + 1);
    url_encode(&b, (Str){ all, 127 });
    CHECK(url_decode(unit_call()->arena, buf_str(&b), true, &out));
    CHECK(str_equal(out, (Str){ all, 127 }));
}

TEST(pairs_come_in_order_and_decoded)
{
    UrlParam *params;
    size_t    count;

    REQUIRE(url_params(unit_call(), STR("a=1&b%3Ac=x%26y&a=&d&&e=f=g"), &params, &count) == OK);
    REQUIRE(count == 5);
    CHECK_STR(params[0].name, STR("a"));
    CHECK_STR(params[0].value, STR("1"));
    CHECK_STR(params[1].name, STR("b:c"));
    CHECK_STR(params[1].value, STR("x&y"));
    CHECK_STR(params[2].value, STR(""));
    CHECK_STR(params[3].name, STR("d"));
    CHECK_STR(params[3].value, STR(""));
    CHECK_STR(params[4].value, STR("f=g"));
}

TEST(an_empty_query_has_no_pairs)
{
    UrlParam *params;
    size_t    count;

    REQUIRE(url_params(unit_call(), (Str){ 0 }, &params, &count) == OK);
    CHECK_INT(count, 0);
}

TEST(a_bad_escape_names_its_parameter)
{
    Call     *c = unit_call();
    UrlParam *params;
    size_t    count;

    CHECK_INT(url_params(c, STR("a=1&name=%zz"), &params, &count), FAIL_VALUE);
    REQUIRE(c->issue_count == 1);
    CHECK_STR(c->issues[0].expression, STR("name"));
}

TEST(a_query_beyond_the_limit_is_refused)
{
    Call     *c = unit_call();
    char     *text = arena_alloc(c->arena, LIMIT_QUERY_BYTES + 1, 1);
    UrlParam *params;
    size_t    count;

    memset(text, 'a', LIMIT_QUERY_BYTES + 1);
    CHECK_INT(url_params(c, (Str){ text, LIMIT_QUERY_BYTES }, &params, &count), OK);
    CHECK_INT(url_params(c, (Str){ text, LIMIT_QUERY_BYTES + 1 }, &params, &count),
              FAIL_URI_TOO_LONG);
}
