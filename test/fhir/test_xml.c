/* FHIR XML: read into the JSON it means, written from it, and there and back without a loss. */
#include <dirent.h>

#include "base/limits.h"
#include "fhir/xml_read.h"
#include "fhir/xml_write.h"
#include "test/unit.h"

#define FHIR " xmlns=\"http://hl7.org/fhir\""
#define DIV "<div xmlns=\"http://www.w3.org/1999/xhtml\">"

static Str compact(Arena *a, Str json)
{
    Buf out = buf_new(a, json.len);

    json_put_compact(&out, json, 0, (uint32_t)json.len);
    return buf_str(&out);
}

static Str as_json(Str xml)
{
    Call *c = unit_call();
    Str   json;

    return xml_read_resource(c, xml, LIMIT_JSON_NODES, &json) == OK ? compact(c->arena, json)
                                                                    : (Str){ 0 };
}

static Str as_xml(Call *c, Str json)
{
    ReadOptions options = { .values_max = LIMIT_BUNDLE_NODES };
    Resource    r;
    Str         xml = { 0 };

    return resource_read(c, json, &options, &r) == OK && xml_write_resource(c, &r, &xml) == OK
               ? xml
               : (Str){ 0 };
}

static const struct {
    Str xml, json;
} samples[] = {
    { STR_INIT("<Patient" FHIR "/>"), STR_INIT("{\"resourceType\":\"Patient\"}") },
    { STR_INIT("<Patient" FHIR "><id value=\"a\"/><text><status value=\"generated\"/>" DIV
               "a &amp; <b>b</b><!-- c --></div></text><active value=\"true\"/>"
               "<name id=\"n\"><given value=\"A\"/><given id=\"g\"><extension url=\"http://e\">"
               "<valueDecimal value=\"1.50\"/></extension></given></name></Patient>"),
      STR_INIT("{\"resourceType\":\"Patient\",\"id\":\"a\",\"text\":{\"status\":\"generated\","
               "\"div\":\"<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\">a &amp; <b>b</b>"
               "<!-- c --></div>\"},\"active\":true,\"name\":[{\"id\":\"n\",\"given\":[\"A\","
               "null],\"_given\":[null,{\"id\":\"g\",\"extension\":[{\"url\":\"http://e\","
               "\"valueDecimal\":1.50}]}]}]}") },
    { STR_INIT(
          "<Patient" FHIR "><contained><Organization><id value=\"o\"/><name value=\"x\"/>"
          "</Organization></contained><birthDate value=\"1970\"><extension url=\"http://e\">"
          "<valueString value=\"a&#10;&quot;&lt;\"/></extension></birthDate>"
          "<managingOrganization><reference value=\"#o\"/></managingOrganization></Patient>"),
      STR_INIT(
          "{\"resourceType\":\"Patient\",\"contained\":[{\"resourceType\":\"Organization\","
          "\"id\":\"o\",\"name\":\"x\"}],\"birthDate\":\"1970\",\"_birthDate\":{\"extension\":"
          "[{\"url\":\"http://e\",\"valueString\":\"a\\n\\\"<\"}]},"
          "\"managingOrganization\":{\"reference\":\"#o\"}}") },
    { STR_INIT("<Bundle" FHIR "><type value=\"collection\"/><entry><fullUrl value=\"http://a/"
               "Basic/1\"/><resource><Basic><id value=\"1\"/><code><text value=\"c\"/></code>"
               "</Basic></resource></entry></Bundle>"),
      STR_INIT("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"fullUrl\":"
               "\"http://a/Basic/1\",\"resource\":{\"resourceType\":\"Basic\",\"id\":\"1\","
               "\"code\":{\"text\":\"c\"}}}]}") },
};

TEST(xml_is_read_as_the_json_it_means_and_written_from_it)
{
    for (size_t i = 0; i < COUNT(samples); i++) {
        CHECK_STR(as_json(samples[i].xml), samples[i].json);
        CHECK_STR(as_xml(unit_call(), samples[i].json), samples[i].xml);
    }
}

TEST(elements_are_written_in_the_order_of_the_definition)
{
    CHECK_STR(
        as_xml(unit_call(),
               STR("{\"gender\":\"male\",\"active\":true,\"resourceType\":\"Patient\"}")),
        STR("<Patient" FHIR "><active value=\"true\"/><gender value=\"male\"/></Patient>"));
}

TEST(prefixes_comments_and_white_space_do_not_matter)
{
    CHECK_STR(as_json(STR("\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- <x> -->\n<f:Patient "
                          "xmlns:f=\"http://hl7.org/fhir\" xmlns:x=\"urn:x\" x:y=\"z\">\n"
                          "  <f:gender value=\"male\"></f:gender><!-- ' -->\n</f:Patient>\n")),
              STR("{\"resourceType\":\"Patient\",\"gender\":\"male\"}"));
}

TEST(what_is_wrong_is_told_with_its_place)
{
    static const struct {
        Str         xml;
        Fail        fail;
        unsigned    line, column;
        const char *where;
    } rows[] = {
        { STR_INIT("<Patient" FHIR ">\n <nam value=\"x\"/></Patient>"), FAIL_STRUCTURE, 2, 2,
          "Patient" },
        { STR_INIT("<Patient" FHIR ">\n  text</Patient>"), FAIL_STRUCTURE, 2, 0, "" },
        { STR_INIT("<Patient/>"), FAIL_STRUCTURE, 1, 1, "" },
        { STR_INIT("<Nobody" FHIR "/>"), FAIL_STRUCTURE, 1, 1, "" },
        { STR_INIT("<Patient" FHIR " id=\"a\"/>"), FAIL_STRUCTURE, 1, 1, "Patient" },
        { STR_INIT("<Patient" FHIR ">\n<gender/></Patient>"), FAIL_STRUCTURE, 2, 1, "Patient" },
        { STR_INIT("<Patient" FHIR ">\n<gender value=\"male\"/>\n<gender value=\"male\"/>"
                   "</Patient>"),
          FAIL_STRUCTURE, 3, 1, "Patient" },
        { STR_INIT("<Patient" FHIR "><name/><gender value=\"male\"/>\n<name/></Patient>"),
          FAIL_STRUCTURE, 2, 1, "Patient" },
        { STR_INIT("<Patient" FHIR "><contained>\n</contained></Patient>"), FAIL_STRUCTURE, 1,
          0, "Patient" },
        { STR_INIT("<Patient" FHIR "><contained><Basic/><Basic/></contained></Patient>"),
          FAIL_STRUCTURE, 1, 0, "Patient" },
        { STR_INIT("<Patient" FHIR ">\n<name></Patient>"), FAIL_SYNTAX, 2, 0, "" },
        { STR_INIT("<Patient" FHIR ">\n<gender value=\"&male;\"/></Patient>"), FAIL_SYNTAX, 2,
          0, "" },
        { STR_INIT("<!DOCTYPE Patient [<!ENTITY a \"b\">]>\n<Patient" FHIR "/>"), FAIL_SYNTAX,
          1, 1, "" },
        { STR_INIT("<Patient" FHIR "/><Patient/>"), FAIL_SYNTAX, 1, 0, "" },
        { STR_INIT("<Patient" FHIR "><gender value=\"\xff\"/></Patient>"), FAIL_SYNTAX, 1, 0,
          "" },
        { STR_INIT("{\"resourceType\":\"Patient\"}"), FAIL_SYNTAX, 1, 1, "" },
        { STR_INIT(""), FAIL_SYNTAX, 1, 1, "" },
        { STR_INIT("<"), FAIL_SYNTAX, 1, 0, "" },
        { STR_INIT("<\0P\0/\0>\0"), FAIL_SYNTAX, 1, 1, "" },
        { STR_INIT("<Patient" FHIR
                   "><text><status value=\"generated\"/><h:div xmlns:h=\"http://"
                   "www.w3.org/1999/xhtml\"/></text></Patient>"),
          FAIL_STRUCTURE, 1, 0, "Patient.text" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        Call *c = unit_call();
        Str   json;

        call_forget_issues(c, 0);
        CHECK_INT(xml_read_resource(c, rows[i].xml, LIMIT_JSON_NODES, &json), rows[i].fail);
        REQUIRE(c->issue_count);
        CHECK_INT(c->issues[0].line, rows[i].line);
        if (rows[i].column)
            CHECK_INT(c->issues[0].column, rows[i].column);
        if (rows[i].where[0])
            CHECK_STR(c->issues[0].expression, str_from(rows[i].where));
    }
}

/* What is wrong with a value is found in the JSON, at the place that it has in the XML. */
TEST(values_are_judged_where_they_stand_in_the_xml)
{
    Call       *c = unit_call();
    ReadOptions options = { .values_max = LIMIT_JSON_NODES };
    Resource    r;
    Str         json;

    REQUIRE(xml_read_resource(c,
                              STR("<Patient" FHIR ">\n  <active value=\"no\"/>\n"
                                  "                     <birthDate value=\"x\"/>\n</Patient>"),
                              LIMIT_JSON_NODES, &json)
            == OK);
    CHECK_INT(resource_read(c, json, &options, &r), FAIL_STRUCTURE);
    REQUIRE(c->issue_count == 2);
    CHECK_INT(c->issues[0].line, 2);
    CHECK_INT(c->issues[1].line, 3);
}

TEST(what_is_too_much_is_refused)
{
    Call *c = unit_call();
    Buf   deep = buf_new(c->arena, 4096), wide = buf_new(c->arena, 4096);
    Str   json;

    for (int i = 0; i < 100000; i++)
        buf_put(&deep, STR("<a>"));
    CHECK_INT(xml_read_resource(c, buf_str(&deep), LIMIT_JSON_NODES, &json), FAIL_TOO_COSTLY);
    CHECK_INT(xml_read_resource(c, buf_str(&deep), 99999, &json), FAIL_TOO_COSTLY);
    buf_put(&wide, STR("<a"));
    for (int i = 0; i < 100; i++)
        buf_printf(&wide, " a%d=''", i);
    buf_put(&wide, STR("/>"));
    CHECK_INT(xml_read_resource(c, buf_str(&wide), LIMIT_JSON_NODES, &json), FAIL_TOO_COSTLY);
}

TEST(what_xml_cannot_say_is_not_written)
{
    Call       *c = unit_call();
    ReadOptions options = { .values_max = 100 };
    Resource    r;
    Str         xml;

    REQUIRE(resource_read(
                c, STR("{\"resourceType\":\"Patient\",\"name\":[{\"text\":\"\xef\xbf\xbf\"}]}"),
                &options, &r)
            == OK);
    CHECK_INT(xml_write_resource(c, &r, &xml), FAIL_NOT_ACCEPTABLE);
    CHECK_STR(c->issues[0].expression, STR("Patient.name[0].text"));
}

static Str file_bytes(Arena *a, const char *path)
{
    FILE  *f = fopen(path, "r");
    Buf    b = buf_new(a, 1 << 16);
    size_t n;

    if (!f)
        return (Str){ 0 };
    while ((n = fread(buf_reserve(&b, 1 << 16), 1, 1 << 16, f)) > 0)
        b.len += n;
    fclose(f);
    return buf_str(&b);
}

/* Whether all elements stand in the order of the definition, as XML wants them. */
static bool is_ordered(const Resource *r)
{
    for (uint32_t i = 1; i < r->tree->count; i++) {
        uint32_t next = node_at(r, i)->next;

        if (next && node_at(r, next)->element->order < node_at(r, i)->element->order)
            return false;
    }
    return true;
}

/* What comes back is what was there, byte for byte but for white space; where the elements were in
 * another order, they come back in that of the definition, so many bytes. */
static void check_back(Call *c, Str json, const char *name, unsigned *same, unsigned *ordered)
{
    ReadOptions options = { .values_max = LIMIT_BUNDLE_NODES };
    Resource    r, again;
    Str         xml, back;

    if (resource_read(c, json, &options, &r) != OK)
        return;
    if (xml_write_resource(c, &r, &xml) != OK
        || xml_read_resource(c, xml, LIMIT_BUNDLE_NODES, &back) != OK
        || resource_read(c, back, &options, &again) != OK) {
        unit_fail(__FILE__, __LINE__, "%s: %.*s", name, STR_ARG(c->issues[0].text));
        return;
    }
    json = compact(c->arena, json);
    back = compact(c->arena, back);
    *same += str_equal(json, back);
    *ordered += is_ordered(&r);
    CHECK_INT(back.len, json.len);
    CHECK(is_ordered(&again));
    CHECK_STR(as_xml(c, back), xml);
    if (!str_equal(json, back) && is_ordered(&r))
        unit_fail(__FILE__, __LINE__, "%s comes back changed", name);
}

TEST(the_published_examples_come_back_from_xml_unchanged)
{
    const char *packages = getenv("PACKAGES");
    Arena      *a;
    char        path[4096];
    DIR        *files;
    unsigned    same = 0, ordered = 0;

    if (!packages) {
        unit_skip("PACKAGES is not set");
        return;
    }
    snprintf(path, sizeof path, "%s/hl7.fhir.r4.examples", packages);
    files = opendir(path);
    REQUIRE(files);
    a = arena_create((size_t)1 << 30);
    for (struct dirent *file; (file = readdir(files));) {
        Str  name = str_from(file->d_name);
        Call c;

        if (!str_ends(name, STR(".json")) || name.at[0] == '.'
            || str_equal(name, STR("package.json")))
            continue;
        snprintf(path, sizeof path, "%s/hl7.fhir.r4.examples/%s", packages, file->d_name);
        call_begin(&c, a);
        check_back(&c, file_bytes(a, path), file->d_name, &same, &ordered);
        arena_reset(a);
    }
    closedir(files);
    arena_destroy(a);
    CHECK(same > 5000);
    CHECK_INT(same, ordered);
}
