/* Permits: only what is granted, and nothing from what is missing. */
#include "access/principal.h"
#include "test/unit.h"

static Permit permit;

static Fail asks(const Principal *p, Deed deed, TypeId type)
{
    return access_permit(unit_call(), p, deed, type, &permit);
}

static Principal with(const char *scopes, const char *patient)
{
    Principal p = { 0 };

    CHECK_INT(scopes_read(unit_call(), str_from(scopes), str_from(patient), &p), OK);
    p.grant = 7;
    return p;
}

TEST(nobody_is_allowed_nothing)
{
    Principal nobody = { 0 };

    for (Deed deed = DEED_NONE; deed < DEEDS; deed++)
        for (TypeId type = 0; type <= RESOURCE_TYPES; type++)
            CHECK_INT(asks(&nobody, deed, type), FAIL_LOGIN);
}

TEST(a_permit_says_what_was_granted_and_by_whom)
{
    Principal p = with("user/Patient.r", "");

    CHECK_INT(asks(&p, DEED_READ, TYPE_PATIENT), OK);
    CHECK_INT(permit.practice, 1);
    CHECK_INT(permit.deed, DEED_READ);
    CHECK_INT(permit.reach, REACH_PRACTICE);
    CHECK_INT(permit.author, 7);
    CHECK(type_set_has(&permit.types, TYPE_PATIENT));
    CHECK(!type_set_has(&permit.types, TYPE_OBSERVATION));
    CHECK_INT(asks(&p, DEED_READ, TYPE_OBSERVATION), FAIL_FORBIDDEN);
    CHECK_INT(asks(&p, DEED_SEARCH, TYPE_PATIENT), FAIL_FORBIDDEN);
    CHECK_INT(asks(&p, DEED_NONE, TYPE_PATIENT), FAIL_FORBIDDEN);
}

TEST(a_patient_scope_reaches_one_patient)
{
    Principal p = with("patient/*.rs", "p1");

    CHECK_INT(asks(&p, DEED_READ, TYPE_OBSERVATION), OK);
    CHECK_INT(permit.reach, REACH_PATIENT);
    CHECK_STR(str_from(permit.patient), STR("p1"));
    CHECK_INT(asks(&p, DEED_CREATE, TYPE_OBSERVATION), FAIL_FORBIDDEN);
}

TEST(the_wider_scope_is_used_where_both_are_held)
{
    Principal p = with("patient/*.rs user/Practitioner.r", "p1");

    CHECK_INT(asks(&p, DEED_READ, TYPE_PRACTITIONER), OK);
    CHECK_INT(permit.reach, REACH_PRACTICE);
    CHECK(!type_set_has(&permit.types, TYPE_OBSERVATION));
    CHECK_INT(asks(&p, DEED_READ, TYPE_OBSERVATION), OK);
    CHECK_INT(permit.reach, REACH_PATIENT);
}

TEST(a_missing_fact_denies)
{
    Principal p = with("patient/*.rs", "p1"), q = with("user/*.cruds", "");

    p.patient[0] = '\0';
    CHECK_INT(asks(&p, DEED_READ, TYPE_OBSERVATION), FAIL_FORBIDDEN);
    q.practice = 0;
    CHECK_INT(asks(&q, DEED_READ, TYPE_OBSERVATION), FAIL_FORBIDDEN);
}

TEST(any_type_means_those_that_are_granted)
{
    Principal p = with("user/Patient.rs user/Observation.s", ""), none = with("user/*.c", "");

    CHECK_INT(asks(&p, DEED_SEARCH, 0), OK);
    CHECK(type_set_has(&permit.types, TYPE_PATIENT));
    CHECK(type_set_has(&permit.types, TYPE_OBSERVATION));
    CHECK(!type_set_has(&permit.types, TYPE_CONDITION));
    CHECK_INT(asks(&none, DEED_SEARCH, 0), FAIL_FORBIDDEN);
}

TEST(the_owner_may_do_everything)
{
    Principal owner = principal_owner();

    for (Deed deed = DEED_CREATE; deed < DEEDS; deed++)
        for (TypeId type = 0; type <= RESOURCE_TYPES; type++)
            CHECK_INT(asks(&owner, deed, type), OK);
}

TEST(both_permits_allow_no_more_than_each)
{
    Principal p = with("user/Observation.u user/Condition.u patient/Observation.r", "p1");
    Permit    update, read, both;

    CHECK_INT(access_permit(unit_call(), &p, DEED_UPDATE, TYPE_OBSERVATION, &update), OK);
    CHECK_INT(access_permit(unit_call(), &p, DEED_READ, TYPE_OBSERVATION, &read), OK);
    both = access_both(unit_call(), &update, &read);
    CHECK_INT(both.deed, DEED_UPDATE);
    CHECK_INT(both.reach, REACH_PATIENT);
    CHECK_STR(str_from(both.patient), STR("p1"));
    CHECK(type_set_has(&both.types, TYPE_OBSERVATION));
    CHECK(!type_set_has(&both.types, TYPE_CONDITION));
    both = access_both(unit_call(), &read, &update);
    CHECK_INT(both.reach, REACH_PATIENT);
    both = access_both(unit_call(), &update, &update);
    CHECK_INT(both.reach, REACH_PRACTICE);
    read.patient[0] = 'q';
    update.reach = REACH_PATIENT;
    memcpy(update.patient, "p1", 3);
    CHECK_INT(access_both(unit_call(), &update, &read).reach, REACH_NOTHING);
    CHECK_INT(access_both(unit_call(), &update, &(Permit){ 0 }).practice, 0);
}
