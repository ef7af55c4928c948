/* JSON read strictly, its places, its array, its two ways of writing: codec/json.c. */
#include "base/limits.h"
#include "codec/json.h"
#include "test/unit.h"

static Json parsed(Str text)
{
    Json json = { 0 };

    if (json_parse(unit_call(), text, LIMIT_JSON_NODES, &json) != OK)
        unit_fail(__FILE__, __LINE__, "refused: %.*s", STR_ARG(text));
    return json;
}

static Fail result_of(Str text)
{
    Json json;

    return json_parse(unit_call(), text, LIMIT_JSON_NODES, &json);
}

static Str repeated(Str part, size_t times)
{
    Buf b = buf_new(unit_call()->arena, part.len * times);

    while (times--)
        buf_put(&b, part);
    return buf_str(&b);
}

static Str joined(Str a, Str b, Str c)
{
    return arena_printf(unit_call()->arena, "%.*s%.*s%.*s", STR_ARG(a), STR_ARG(b), STR_ARG(c));
}

TEST(values_lie_in_document_order_with_their_bytes)
{
    Str text =
        STR(" { \"a\" : [ 1 , \"x\\ny\" , { } ] ,\n\"b\":null,\"c\":false, \"d\" : true } ");
    Json j = parsed(text);
    static const struct {
        const char *key, *source, *content;
        JsonKind    kind;
        uint32_t    count, after;
    } expected[] = {
        { "", "", "", JSON_OBJECT, 4, 8 },
        { "a", "[ 1 , \"x\\ny\" , { } ]", "", JSON_ARRAY, 3, 5 },
        { "", "1", "1", JSON_NUMBER, 0, 3 },
        { "", "\"x\\ny\"", "x\ny", JSON_STRING, 0, 4 },
        { "", "{ }", "", JSON_OBJECT, 0, 5 },
        { "b", "null", "null", JSON_NULL, 0, 6 },
        { "c", "false", "false", JSON_FALSE, 0, 7 },
        { "d", "true", "true", JSON_TRUE, 0, 8 },
    };

    REQUIRE(j.count == COUNT(expected));
    for (uint32_t i = 0; i < j.count; i++) {
        const JsonValue *v = &j.values[i];

        CHECK_STR(v->key, str_from(expected[i].key));
        CHECK_STR(v->text, str_from(expected[i].content));
        CHECK_INT(v->kind, expected[i].kind);
        CHECK_INT(v->count, expected[i].count);
        CHECK_INT(v->after, expected[i].after);
        if (i)
            CHECK_STR(str_slice(text, v->from, v->to), str_from(expected[i].source));
        if (v->key.len)
            CHECK(j.source.at[v->key_from] == '"'
                  && j.source.at[v->key_from + 1] == v->key.at[0]);
    }
    CHECK_STR(str_slice(text, j.values[0].from, j.values[0].to), str_trim(text));
}

TEST(strings_are_unescaped_and_keep_their_bytes)
{
    Str text = STR(
        "[\"\",\"\\\"\",\"\\\\\",\"a\\\\\\\"b\",\"\\u00e9\xc3\xa9\",\"\\ud83d\\ude00\",\"\\/\\b\\f\\t\"]");
    Json                     j = parsed(text);
    static const char *const content[] = {
        "", "\"", "\\", "a\\\"b", "\xc3\xa9\xc3\xa9", "\xf0\x9f\x98\x80", "/\b\f\t"
    };
    uint32_t at = 1;

    REQUIRE(j.count == 1 + COUNT(content));
    for (uint32_t i = 1; i < j.count; i++) {
        CHECK_STR(j.values[i].text, str_from(content[i - 1]));
        CHECK_INT(j.values[i].from, at);
        at = j.values[i].to + 1;
    }
    CHECK_INT(at, text.len);
}

TEST(numbers_keep_their_digits)
{
    Str  text = STR("[1.10,0.0,-0,1E+2,1e-2,12345678901234567890.123456789]");
    Json j = parsed(text);

    CHECK_STR(j.values[1].text, STR("1.10"));
    CHECK_STR(j.values[3].text, STR("-0"));
    CHECK_STR(j.values[4].text, STR("1E+2"));
    CHECK_STR(j.values[6].text, STR("12345678901234567890.123456789"));
}

TEST(a_single_value_is_a_document)
{
    CHECK_INT(parsed(STR(" 12 ")).values[0].kind, JSON_NUMBER);
    CHECK_STR(parsed(STR("\"a\"")).values[0].text, STR("a"));
    CHECK_INT(parsed(STR("null")).values[0].kind, JSON_NULL);
    CHECK_INT(parsed(STR("[]")).values[0].count, 0);
}

TEST(a_byte_order_mark_is_tolerated_once)
{
    Json j = parsed(STR("\xef\xbb\xbf{\"a\":1}"));

    CHECK_STR(j.source, STR("{\"a\":1}"));
    CHECK_INT(j.values[1].key_from, 1);
    CHECK(result_of(STR("\xef\xbb\xbf\xef\xbb\xbf{}")) == FAIL_SYNTAX);
    CHECK(result_of(STR("\xef\xbb\xbf")) == FAIL_SYNTAX);
}

TEST(what_is_not_json_is_refused)
{
    static const Str bad[] = {
        STR_INIT(""),          STR_INIT("   "),        STR_INIT("{"),
        STR_INIT("[1,2"),      STR_INIT("[1,]"),       STR_INIT("{\"a\":1,}"),
        STR_INIT("{\"a\"}"),   STR_INIT("{\"a\":}"),   STR_INIT("{a:1}"),
        STR_INIT("{'a':1}"),   STR_INIT("[1 2]"),      STR_INIT("[,]"),
        STR_INIT("[1,,2]"),    STR_INIT("]"),          STR_INIT("[}"),
        STR_INIT("{]"),        STR_INIT("{} {}"),      STR_INIT("{}x"),
        STR_INIT("[1]]"),      STR_INIT("/* */{}"),    STR_INIT("{}//"),
        STR_INIT("NaN"),       STR_INIT("[Infinity]"), STR_INIT("[01]"),
        STR_INIT("[+1]"),      STR_INIT("[.5]"),       STR_INIT("[1.]"),
        STR_INIT("[1e]"),      STR_INIT("[-]"),        STR_INIT("[0x10]"),
        STR_INIT("[True]"),    STR_INIT("[nul]"),      STR_INIT("\"abc"),
        STR_INIT("\"a\nb\""),  STR_INIT("\"a\tb\""),   STR_INIT("\"\\x\""),
        STR_INIT("\"\\u12\""), STR_INIT("\"\\"),       STR_INIT("\"\\\""),
        STR_INIT("[\"a\\\"]"), STR_INIT("\v[]"),       STR_INIT("\xc2\xa0[]"),
    };

    for (size_t i = 0; i < COUNT(bad); i++)
        if (result_of(bad[i]) != FAIL_SYNTAX)
            unit_fail(__FILE__, __LINE__, "not refused: %.*s", STR_ARG(bad[i]));
}

TEST(bad_text_in_strings_is_refused)
{
    static const Str bad[] = {
        STR_INIT("\"\\u0000\""),
        STR_INIT("{\"\\u0000\":1}"),
        STR_INIT("\"\\ud800\""),
        STR_INIT("\"\\udc00\""),
        STR_INIT("\"\\ud800\\u0041\""),
        STR_INIT("\"\x80\""),
        STR_INIT("\"\xc0\x80\""),
        STR_INIT("\"\xed\xa0\x80\""),
        STR_INIT("\"\xf4\x90\x80\x80\""),
        STR_INIT("\"\xe2\x82\""),
        STR_INIT("\"\xff\""),
        STR_INIT("\"a\0b\""),
        STR_INIT("[\0]"),
    };

    for (size_t i = 0; i < COUNT(bad); i++)
        if (result_of(bad[i]) != FAIL_SYNTAX)
            unit_fail(__FILE__, __LINE__, "text %zu not refused", i);
}

TEST(a_fault_is_named_by_line_and_column)
{
    Call *c = unit_call();

    CHECK(result_of(STR("{\n  \"\xc3\xa9\": tru\n}")) == FAIL_SYNTAX);
    REQUIRE(c->issue_count == 1);
    CHECK_INT(c->issues[0].line, 2);
    CHECK_INT(c->issues[0].column, 8);
    CHECK(result_of(STR("{\"a\":1,\n \"b\":2,\n  \"a\":3}")) == FAIL_SYNTAX);
    CHECK_INT(c->issues[1].line, 3);
    CHECK_INT(c->issues[1].column, 3);
}

TEST(a_name_may_stand_once_in_an_object)
{
    CHECK(result_of(STR("{\"a\":1,\"a\":2}")) == FAIL_SYNTAX);
    CHECK(result_of(STR("{\"a\":{\"b\":1,\"c\":2,\"b\":3}}")) == FAIL_SYNTAX);
    CHECK(result_of(STR("{\"ab\":1,\"a\\u0062\":2}")) == FAIL_SYNTAX);
    CHECK(result_of(STR("{\"\":1,\"\":2}")) == FAIL_SYNTAX);
    CHECK(result_of(STR("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}")) == OK);
    CHECK(result_of(STR("[{\"a\":1},{\"a\":2}]")) == OK);
}

/* An object of n members whose names differ, then one more. */
static Str many_members(unsigned n, const char *last)
{
    Buf b = buf_new(unit_call()->arena, n * 40);

    buf_put_char(&b, '{');
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "\"observation-%u-of-the-patient\":%u,", i, i);
    buf_printf(&b, "\"%s\":0}", last);
    return buf_str(&b);
}

TEST(many_names_are_compared_without_growing_quadratic)
{
    static const unsigned sizes[] = { 7, 15, 16, 17, 63, 64, 65, 1000, 400000 };

    for (size_t i = 0; i < COUNT(sizes); i++) {
        CHECK(result_of(many_members(sizes[i], "observation-6-of-the-patient")) == FAIL_SYNTAX);
        CHECK(result_of(many_members(sizes[i], "another")) == OK);
    }
}

TEST(nesting_is_capped_exactly)
{
    for (int open = 0; open < 2; open++) {
        Str left = open ? STR("[") : STR("{\"a\":"), right = open ? STR("]") : STR("}");
        Str fits = joined(repeated(left, LIMIT_JSON_DEPTH), STR("1"),
                          repeated(right, LIMIT_JSON_DEPTH));
        Str over = joined(repeated(left, LIMIT_JSON_DEPTH + 1), STR("1"),
                          repeated(right, LIMIT_JSON_DEPTH + 1));

        CHECK(result_of(fits) == OK);
        CHECK(result_of(over) == FAIL_TOO_COSTLY);
    }
    CHECK(result_of(repeated(STR("["), 100001)) == FAIL_TOO_COSTLY);
    CHECK(result_of(repeated(STR("[]"), 100001)) == FAIL_SYNTAX);
}

TEST(values_are_capped_exactly)
{
    Json json;
    Str  text = STR("{\"a\":[1,2,[],{}, \"x,y,[z\"],\"b\":{\"c\":null}}");

    CHECK(json_parse(unit_call(), text, 9, &json) == OK);
    CHECK_INT(json.count, 9);
    CHECK(json_parse(unit_call(), text, 10, &json) == OK);
    CHECK(json_parse(unit_call(), text, 8, &json) == FAIL_TOO_COSTLY);
    CHECK(result_of(joined(STR("["), repeated(STR("1,"), LIMIT_JSON_NODES), STR("1]")))
          == FAIL_TOO_COSTLY);
    CHECK(result_of(joined(STR("["), repeated(STR("1,"), LIMIT_JSON_NODES - 2), STR("1]")))
          == OK);
}

TEST(digits_are_capped_exactly)
{
    CHECK(result_of(repeated(STR("1"), LIMIT_NUMBER_CHARS)) == OK);
    CHECK(result_of(repeated(STR("1"), LIMIT_NUMBER_CHARS + 1)) == FAIL_SYNTAX);
    CHECK(result_of(joined(STR("["), repeated(STR("9"), 5000), STR("]"))) == FAIL_SYNTAX);
}

TEST(members_are_found_by_name)
{
    Json j = parsed(STR("{\"a\":{\"b\":\"deep\"},\"b\":\"x\",\"n\":1,\"\":\"\"}"));

    CHECK_INT(json_member(&j, 0, STR("b")), 3);
    CHECK_INT(json_member(&j, 1, STR("b")), 2);
    CHECK_INT(json_member(&j, 0, STR("c")), 0);
    CHECK_INT(json_member(&j, 3, STR("b")), 0);
    CHECK_STR(json_member_text(&j, 0, STR("b")), STR("x"));
    CHECK(json_member_text(&j, 0, STR("n")).at == NULL);
    CHECK(json_member_text(&j, 0, STR("c")).at == NULL);
    CHECK(json_member_text(&j, 0, STR("")).at != NULL);
}

TEST(compact_text_loses_space_outside_strings_only)
{
    Str text = STR(" {\r\n \"a b\" :\t[ 1 ,  \" x \\\" y \" ] } ");
    Buf b = buf_new(unit_call()->arena, 0);

    json_put_compact(&b, text, 0, (uint32_t)text.len);
    CHECK_STR(buf_str(&b), STR("{\"a b\":[1,\" x \\\" y \"]}"));
    json_put_compact(&b, text, 13, 17);
    CHECK_STR(buf_str(&b), STR("{\"a b\":[1,\" x \\\" y \"]}[1"));
}

TEST(pretty_text_is_indented_and_says_the_same)
{
    Str text = STR("{\"a\":[1.0,{\"b\":\"c,d\"},[],{}],\"e\":{}}");
    Str pretty = json_pretty(unit_call()->arena, text);
    Buf b = buf_new(unit_call()->arena, 0);

    CHECK_STR(pretty,
              STR("{\n  \"a\": [\n    1.0,\n    {\n      \"b\": \"c,d\"\n    },\n    [],\n"
                  "    {}\n  ],\n  \"e\": {}\n}"));
    json_put_compact(&b, pretty, 0, (uint32_t)pretty.len);
    CHECK_STR(buf_str(&b), text);
    CHECK_STR(json_pretty(unit_call()->arena, STR("[]")), STR("[]"));
}

TEST(places_in_text_are_found_in_the_source)
{
    Str               source = STR("[\"a\\n\\u00e9\xc3\xa9\\ud83d\\ude00\\u0041z\"]");
    Json              j = parsed(source);
    Str               text = j.values[1].text;
    static const char expected[] = { 'a', '\\', '\\', 0,    '\xc3', '\xa9', '\\',
                                     0,   0,    0,    '\\', 'z',    '"' };

    REQUIRE(text.len + 1 == sizeof expected);
    for (size_t i = 0; i <= text.len; i++) {
        uint32_t at = json_string_advance(source, 2, i);

        if (expected[i])
            CHECK_INT(source.at[at], expected[i]);
    }
    CHECK_INT(json_string_advance(source, json_string_advance(source, 2, 4), 8),
              source.len - 2);
    CHECK_INT(json_string_advance(source, 2, 1000), source.len);
}

TEST(places_are_counted_on_from_the_last)
{
    Str  text = STR("{\"a\": 1,\n \"\xc3\xbc\": [2,\n\n 3], \"b\": 4}");
    Json json;

    CHECK(json_parse(unit_call(), text, 100, &json) == OK);
    for (uint32_t from = 0; from < text.len; from += 3) /* there and back again */
        for (uint32_t i = 0; i < text.len; i++) {
            uint32_t  at = i < from ? from - i : i, line, column;
            JsonPlace next = json_place_next(&json, at);

            json_place(text, at, &line, &column);
            CHECK(next.line == line && next.column == column);
        }
}
