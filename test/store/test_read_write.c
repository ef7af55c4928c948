/* Creating, reading, updating, deleting; what is durable; what is refused. */
#include "test/store/store_help.h"

#define PATIENT                                                                                \
    "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"name\":[{\"family\":\"Muster\"}]}"

TEST(what_was_written_is_read_with_its_head)
{
    Fail result;
    Str  body;

    help_open();
    REQUIRE(help_put(PATIENT) == OK);
    body = help_read(TYPE_PATIENT, "p1", &result);
    CHECK_INT(result, OK);
    CHECK(str_starts(
        body,
        STR("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"meta\":{\"versionId\":\"1\"")));
    CHECK(str_ends(body, STR(",\"name\":[{\"family\":\"Muster\"}]}")));
    help_close();
}

TEST(what_was_written_is_there_after_opening_again)
{
    Fail result;
    Str  before, after;

    REQUIRE(help_put(PATIENT) == OK);
    before = help_read(TYPE_PATIENT, "p1", &result);
    help_reopen();
    after = help_read(TYPE_PATIENT, "p1", &result);
    CHECK(before.len > 0);
    CHECK_STR(after, before);
    help_close();
}

TEST(an_update_is_the_next_version_and_a_deletion_another)
{
    Permit  permit = help_permit(DEED_READ);
    Version v;
    Fail    result;

    REQUIRE(help_put(PATIENT) == OK);
    REQUIRE(help_put(PATIENT) == OK);
    REQUIRE(help_delete(TYPE_PATIENT, "p1") == OK);
    help_read(TYPE_PATIENT, "p1", &result);
    CHECK_INT(result, FAIL_GONE);
    REQUIRE(store_read(unit_call(), help_session(), &permit, TYPE_PATIENT, STR("p1"), &v)
            == OK);
    CHECK_INT(v.version, 3);
    CHECK(store_vread(unit_call(), help_session(), &permit, TYPE_PATIENT, STR("p1"), 2, &v)
          == OK);
    CHECK_INT(v.version, 2);
    CHECK(v.body.len > 0);
    REQUIRE(help_put(PATIENT) == OK);
    help_read(TYPE_PATIENT, "p1", &result);
    CHECK_INT(result, OK);
    CHECK_INT(store_vread(unit_call(), help_session(), &permit, TYPE_PATIENT, STR("p1"), 9, &v),
              FAIL_NOT_FOUND);
    help_close();
}
