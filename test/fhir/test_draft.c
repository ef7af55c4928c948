/* Stored text from sent text, by example and at random: fhir/draft.c. */
#include "base/limits.h"
#include "fhir/draft.h"
#include "test/fhir/random_resource.h"
#include "test/unit.h"

static Resource taken(Str text)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES };
    Resource    r = { 0 };

    if (resource_read(unit_call(), text, &options, &r) != OK)
        unit_fail(__FILE__, __LINE__, "refused: %.*s: %.*s at %.*s", STR_ARG(text),
                  STR_ARG(unit_call()->issues[0].text),
                  STR_ARG(unit_call()->issues[0].expression));
    return r;
}

static Str remainder_of(const char *text)
{
    Resource r = taken(str_from(text));
    Draft    d = draft_new(unit_call()->arena, &r);

    return draft_remainder(&d);
}

TEST(the_head_comes_from_the_row_and_the_rest_from_what_was_sent)
{
    CHECK_STR(draft_whole(unit_call()->arena, TYPE_PATIENT, STR("a"), 12, 1, STR("}}")),
              STR("{\"resourceType\":\"Patient\",\"id\":\"a\",\"meta\":{\"versionId\":\"12\","
                  "\"lastUpdated\":\"1970-01-01T00:00:00.000001Z\"}}"));
    CHECK_STR(remainder_of("{\"resourceType\":\"Patient\"}"), STR("}}"));
    CHECK_STR(remainder_of(
                  "{\"id\":\"x\",\"resourceType\":\"Patient\",\"meta\":{\"versionId\":\"1\"}}"),
              STR("}}"));
    CHECK_STR(remainder_of("{\"resourceType\":\"Patient\",\"active\" : true }"),
              STR("},\"active\":true}"));
    CHECK_STR(
        remainder_of(
            "{\"active\":true,\"resourceType\":\"Patient\",\"gender\":\"male\",\"id\":\"x\"}"),
        STR("},\"active\":true,\"gender\":\"male\"}"));
    CHECK_STR(
        remainder_of(
            "{\"resourceType\":\"Patient\",\"meta\":{\"source\":\"a\",\"versionId\":\"1\","
            "\"_versionId\":{\"id\":\"b\"},\"lastUpdated\":\"2020-01-01T00:00:00Z\","
            "\"tag\":[{\"code\":\"c\"}]},\"active\":true}"),
        STR(",\"source\":\"a\",\"tag\":[{\"code\":\"c\"}]},\"active\":true}"));
}

TEST(digits_escapes_and_order_stay_as_sent)
{
    CHECK_STR(
        remainder_of(
            "{\"resourceType\":\"Observation\",\"valueQuantity\":{\"value\":1.10,"
            "\"unit\":\"\\u006dg \\/ l\"},\"status\":\"final\",\"code\":{\"text\":\" a  b \"}}"),
        STR("},\"valueQuantity\":{\"value\":1.10,\"unit\":\"\\u006dg \\/ l\"},\"status\":\"final\","
            "\"code\":{\"text\":\" a  b \"}}"));
}

TEST(edits_are_spliced_in)
{
    Resource r = taken(
        STR("{\"resourceType\":\"Patient\",\"id\":\"x\",\"meta\":{\"versionId\":\"1\"},"
            " \"generalPractitioner\":[{\"reference\":\"urn:uuid:1\"},{ \"reference\" : "
            "\"urn:uuid:2\"}], \"managingOrganization\":{\"reference\":\"urn:uuid:3\"}}"));
    Draft            d = draft_new(unit_call()->arena, &r);
    uint32_t         first = node_child(&r, 0, STR("generalPractitioner"));
    uint32_t         second = node_next_same(&r, first);
    uint32_t         meta = node_child(&r, 0, STR("meta"));
    const JsonValue *root = node_at(&r, 0)->json;

    draft_set_text(&d, node_child(&r, second, STR("reference")), STR("Practitioner/\"2\""));
    draft_set_text(&d, node_child(&r, first, STR("reference")), STR("Practitioner/1"));
    draft_replace(&d, node_at(&r, meta)->json->to - 1, node_at(&r, meta)->json->to - 1,
                  STR(",\"tag\":[{\"code\":\"t\"}]"));
    draft_replace(&d, root->to - 1, root->to - 1, STR(",\"active\":true"));
    CHECK_STR(draft_remainder(&d),
              STR(",\"tag\":[{\"code\":\"t\"}]},\"generalPractitioner\":[{\"reference\":"
                  "\"Practitioner/1\"},{\"reference\":\"Practitioner/\\\"2\\\"\"}],"
                  "\"managingOrganization\":{\"reference\":\"urn:uuid:3\"},\"active\":true}"));
}

TEST(many_edits_in_any_order_cost_no_more_than_their_sum)
{
    Call    *c = unit_call();
    Buf      b = buf_new(c->arena, 1 << 20), expected = buf_new(c->arena, 1 << 20);
    Resource r;
    Draft    d;

    buf_put(&b, STR("{\"resourceType\":\"Patient\",\"generalPractitioner\":["));
    buf_put(&expected, STR("},\"generalPractitioner\":["));
    for (int i = 0; i < 20000; i++) {
        buf_printf(&b, "%s{\"reference\":\"urn:uuid:%d\"}", i ? "," : "", i);
        buf_printf(&expected, "%s{\"reference\":\"Practitioner/%d\"}", i ? "," : "", i);
    }
    buf_put(&b, STR("]}"));
    buf_put(&expected, STR("]}"));
    r = taken(buf_str(&b));
    d = draft_new(c->arena, &r);
    for (uint32_t i = r.tree->count - 1; i > 0; i--)
        if (str_starts(node_text(node_at(&r, i)), STR("urn:")))
            draft_set_text(&d, i,
                           arena_printf(c->arena, "Practitioner/%.*s",
                                        STR_ARG(str_skip(node_text(node_at(&r, i)), 9))));
    CHECK_INT(d.count, 20000);
    CHECK(str_equal(draft_remainder(&d), buf_str(&expected)));
}

TEST(the_resource_of_an_entry_is_stored_like_one_sent_alone)
{
    Resource r = taken(
        STR("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":"
            "{ \"active\" : true, \"resourceType\":\"Patient\",\"id\":\"p\" }}]}"));
    uint32_t node = node_child(&r, node_child(&r, 0, STR("entry")), STR("resource"));
    Resource entry = { .tree = r.tree, .root = node, .type = TYPE_PATIENT };
    Draft    d = draft_new(unit_call()->arena, &entry);

    CHECK_STR(draft_remainder(&d), STR("},\"active\":true}"));
}

TEST(random_resources_of_every_type_are_read_and_stored_byte_for_byte)
{
    Call    *c = unit_call();
    unsigned seen[RESOURCE_TYPES + 1] = { 0 }, types = 0;

    for (uint64_t seed = 1; seed <= 3000; seed++) {
        ArenaMark      mark = arena_mark(c->arena);
        RandomResource random = random_resource(c->arena, seed);
        Resource       r = taken(random.sent), again;
        Draft          d;
        Str            stored;

        REQUIRE(c->issue_count == 0);
        CHECK_INT(r.type, random.type);
        CHECK_STR(r.id, STR("sent"));
        d = draft_new(c->arena, &r);
        stored = draft_whole(c->arena, r.type, STR("the-id"), 7, 0, draft_remainder(&d));
        CHECK_STR(stored, random.stored);
        again = taken(stored);
        d = draft_new(c->arena, &again);
        CHECK_STR(draft_whole(c->arena, r.type, STR("the-id"), 7, 0, draft_remainder(&d)),
                  stored);
        types += seen[r.type]++ == 0;
        arena_rewind(c->arena, mark);
    }
    CHECK_INT(types, RESOURCE_TYPES);
}
