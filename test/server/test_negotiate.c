/* What request headers say: RFC 9110, RFC 7240, FHIR R4 http.html#mime-type. */
#include "server/negotiate.h"
#include "test/unit.h"

static bool is_fhir_json(const char *header)
{
    MediaType type = media_type_parse(str_from(header));

    return media_type_is_fhir_json(&type);
}

TEST(a_media_type_is_taken_apart)
{
    MediaType type =
        media_type_parse(STR("application/fhir+json ; charset=\"utf-8\";fhirVersion=4.0"));

    CHECK_STR(type.name, STR("application/fhir+json"));
    CHECK_STR(type.charset, STR("utf-8"));
    CHECK_STR(type.fhir_version, STR("4.0"));
    CHECK_STR(media_type_parse(STR("")).name, STR(""));
    CHECK_STR(media_type_parse((Str){ 0 }).name, STR(""));
}

TEST(a_semicolon_in_quotes_divides_nothing)
{
    MediaType type =
        media_type_parse(STR("text/plain; note=\"a;charset=utf-16\"; charset=utf-8"));

    CHECK_STR(type.charset, STR("utf-8"));
}

TEST(fhir_json_goes_by_several_names)
{
    CHECK(is_fhir_json("application/fhir+json"));
    CHECK(is_fhir_json("application/json"));
    CHECK(is_fhir_json("text/json"));
    CHECK(is_fhir_json("json"));
    CHECK(is_fhir_json("Application/FHIR+JSON; Charset=UTF-8"));
    CHECK(is_fhir_json("application/fhir+json; fhirVersion=4.0"));
}

TEST(other_versions_charsets_and_types_are_not_ours)
{
    CHECK(!is_fhir_json("application/fhir+json; fhirVersion=3.0"));
    CHECK(!is_fhir_json("application/fhir+json; fhirVersion=5.0"));
    CHECK(!is_fhir_json("application/json; charset=utf-16"));
    CHECK(!is_fhir_json("application/fhir+xml"));
    CHECK(!is_fhir_json("application/jsonx"));
    CHECK(!is_fhir_json(""));
}

TEST(an_accept_header_that_names_us_wants_us)
{
    CHECK_INT(accept_parse(STR("application/fhir+json")), WANTED_FHIR_JSON);
    CHECK_INT(accept_parse(STR("text/html, application/json;q=0.1")), WANTED_FHIR_JSON);
    CHECK_INT(accept_parse(STR("application/fhir+xml;q=0.5,application/fhir+json")),
              WANTED_FHIR_JSON);
    CHECK_INT(accept_parse(STR("application/fhir+json, application/fhir+xml")),
              WANTED_FHIR_JSON);
}

TEST(xml_is_wanted_where_it_is_liked_better)
{
    CHECK_INT(accept_parse(STR("application/fhir+xml")), WANTED_FHIR_XML);
    CHECK_INT(accept_parse(STR("text/xml, */*")), WANTED_FHIR_XML);
    CHECK_INT(accept_parse(STR("application/fhir+xml, application/fhir+json")),
              WANTED_FHIR_XML);
    CHECK_INT(accept_parse(STR("application/fhir+xml;q=1.0,application/fhir+json;q=0.5")),
              WANTED_FHIR_XML);
    CHECK_INT(accept_parse(STR("application/xml;q=0.5, */*")), WANTED_ANYTHING);
    CHECK_INT(accept_parse(STR("application/fhir+xml;q=0")), WANTED_OTHER);
    CHECK_INT(accept_parse(STR("application/fhir+xml; fhirVersion=3.0")), WANTED_OTHER);
    CHECK_INT(format_parse(STR("xml")), WANTED_FHIR_XML);
    CHECK_INT(format_parse(STR("text/xml")), WANTED_FHIR_XML);
    CHECK_INT(format_parse(STR("application/fhir xml")), WANTED_FHIR_XML);
}

TEST(nothing_and_wildcards_want_anything)
{
    CHECK_INT(accept_parse((Str){ 0 }), WANTED_ANYTHING);
    CHECK_INT(accept_parse(STR("")), WANTED_ANYTHING);
    CHECK_INT(accept_parse(STR("*/*")), WANTED_ANYTHING);
    CHECK_INT(accept_parse(STR("application/*;q=0.8, text/html")), WANTED_ANYTHING);
    CHECK_INT(accept_parse(STR("text/html,application/xhtml+xml,*/*;q=0.8")), WANTED_ANYTHING);
}

TEST(what_is_weighed_nought_is_not_wanted)
{
    CHECK_INT(accept_parse(STR("application/fhir+json;q=0")), WANTED_OTHER);
    CHECK_INT(accept_parse(STR("application/json; q=0.000, text/html")), WANTED_OTHER);
    CHECK_INT(accept_parse(STR("application/json;q=0.001")), WANTED_FHIR_JSON);
    CHECK_INT(accept_parse(STR("*/*;q=0")), WANTED_OTHER);
}

TEST(what_we_do_not_make_is_other)
{
    CHECK_INT(accept_parse(STR("application/xhtml+xml")), WANTED_OTHER);
    CHECK_INT(accept_parse(STR("application/fhir+json; fhirVersion=1.0")), WANTED_OTHER);
    CHECK_INT(accept_parse(STR("image/png, text/turtle")), WANTED_OTHER);
}

TEST(a_format_parameter_may_have_lost_its_plus)
{
    CHECK_INT(format_parse(STR("json")), WANTED_FHIR_JSON);
    CHECK_INT(format_parse(STR("application/fhir+json")), WANTED_FHIR_JSON);
    CHECK_INT(format_parse(STR("application/fhir json")), WANTED_FHIR_JSON);
    CHECK_INT(format_parse(STR("ttl")), WANTED_OTHER);
    CHECK_INT(format_parse(STR("application/fhir turtle")), WANTED_OTHER);
}

TEST(gzip_is_sent_to_those_who_take_it)
{
    CHECK(accept_encoding_allows_gzip(STR("gzip")));
    CHECK(accept_encoding_allows_gzip(STR("deflate, gzip;q=1.0, *;q=0.5")));
    CHECK(accept_encoding_allows_gzip(STR("*")));
    CHECK(!accept_encoding_allows_gzip(STR("")));
    CHECK(!accept_encoding_allows_gzip(STR("identity")));
    CHECK(!accept_encoding_allows_gzip(STR("gzip;q=0")));
    CHECK(!accept_encoding_allows_gzip(STR("gzip;q=0, *")));
    CHECK(!accept_encoding_allows_gzip(STR("br")));
}

static size_t language(const char *header)
{
    static const Str tags[] = { STR_INIT("en"), STR_INIT("fr") };

    return accept_language(str_from(header), tags, COUNT(tags));
}

TEST(the_language_liked_best_is_taken)
{
    CHECK_INT(language(""), 0);
    CHECK_INT(language("fr"), 1);
    CHECK_INT(language("FR-ca"), 1);
    CHECK_INT(language("fr-CA,fr;q=0.9,en;q=0.8"), 1);
    CHECK_INT(language("en-US,en;q=0.9,fr;q=0.8"), 0);
    CHECK_INT(language("fr;q=0.3, en;q=0.7"), 0);
    CHECK_INT(language("en;q=0.25, fr;q=0.251"), 1);
    CHECK_INT(language("en;q=0, fr;q=0.001"), 1);
    CHECK_INT(language("de, es"), 0);
    CHECK_INT(language("de, fr;q=0.1"), 1);
    CHECK_INT(language("fro, *;q=0.5"), 0);
    CHECK_INT(language("fr;q=0"), 0);
    CHECK_INT(language("fr;q=nonsense, en;q=0.1"), 1);
    CHECK_INT(language(";;,,;q=,q"), 0);
}

TEST(a_body_is_packed_once_or_not_at_all)
{
    CHECK_INT(content_coding_parse((Str){ 0 }), CODING_NONE);
    CHECK_INT(content_coding_parse(STR("identity")), CODING_NONE);
    CHECK_INT(content_coding_parse(STR("GZIP")), CODING_GZIP);
    CHECK_INT(content_coding_parse(STR("identity, gzip")), CODING_GZIP);
    CHECK_INT(content_coding_parse(STR("gzip, gzip")), CODING_OTHER);
    CHECK_INT(content_coding_parse(STR("br")), CODING_OTHER);
    CHECK_INT(content_coding_parse(STR("deflate")), CODING_OTHER);
}

TEST(preferences_add_up_over_headers_and_lists)
{
    Preferences p = { 0 };

    preferences_add(&p, STR("respond-async, handling=lenient"));
    preferences_add(&p, STR("return=\"minimal\"; note=x"));
    CHECK(p.respond_async);
    CHECK(p.lenient);
    CHECK(p.has_return);
    CHECK_INT(p.what_return, PREFER_MINIMAL);
}

TEST(the_first_of_contradicting_preferences_holds)
{
    Preferences p = { 0 };

    preferences_add(&p, STR("return=representation, return=minimal"));
    preferences_add(&p, STR("handling=strict, handling=lenient"));
    CHECK_INT(p.what_return, PREFER_REPRESENTATION);
    CHECK(!p.lenient);
}

TEST(preferences_that_are_not_known_are_passed_over)
{
    Preferences p = { 0 };

    preferences_add(&p, STR("return=everything, handling=maybe, wait=10, , =, ;"));
    CHECK(!p.has_return);
    CHECK(!p.has_handling);
    preferences_add(&p, STR("RETURN=operationoutcome"));
    CHECK_INT(p.what_return, PREFER_OUTCOME);
}

TEST(a_request_id_is_plain_and_short)
{
    char long_id[66];

    memset(long_id, 'a', sizeof long_id);
    CHECK(request_id_valid(STR("A-z_0.9")));
    CHECK(request_id_valid((Str){ long_id, 64 }));
    CHECK(!request_id_valid((Str){ long_id, 65 }));
    CHECK(!request_id_valid((Str){ 0 }));
    CHECK(!request_id_valid(STR("a b")));
    CHECK(!request_id_valid(STR("a\r\nSet-Cookie: b")));
    CHECK(!request_id_valid(STR("\xc3\xa9")));
}
