/* Entity tags and what the caller has already. */
#include "interaction/turn.h"
#include "test/unit.h"

TEST(entity_tags_match_by_version)
{
    CHECK(etag_matches(STR("W/\"3\""), 3));
    CHECK(etag_matches(STR("\"3\""), 3));
    CHECK(etag_matches(STR("3"), 3));
    CHECK(etag_matches(STR(" W/\"1\" , W/\"3\""), 3));
    CHECK(etag_matches(STR("*"), 3));
    CHECK(!etag_matches(STR("W/\"33\""), 3));
    CHECK(!etag_matches(STR("W/\"\""), 3));
    CHECK(!etag_matches(STR("W/\"x\""), 3));
    CHECK(!etag_matches(STR("\""), 3));
    CHECK(!etag_matches(STR(""), 3));
    CHECK(!etag_matches(STR("W/\"-3\""), 3));
    CHECK(!etag_matches(STR("W/\"99999999999999999999\""), 3));
}

TEST(a_tag_outweighs_a_date)
{
    Version version = { .version = 2, .at_us = INT64_C(1700000000000000) };
    Asked   asked = { .if_none_match = STR("W/\"1\""),
                      .if_modified_since = STR("Wed, 01 Jan 2025 00:00:00 GMT") };

    CHECK(!answer_is_known(&asked, &version));
    asked.if_none_match = (Str){ 0 };
    CHECK(answer_is_known(&asked, &version));
    asked.if_modified_since = STR("Sun, 01 Jan 2023 00:00:00 GMT");
    CHECK(!answer_is_known(&asked, &version));
    asked.if_modified_since = STR("nonsense");
    CHECK(!answer_is_known(&asked, &version));
}
