/* Scopes: what is understood, and that nothing that is not is ever granted. */
#include "access/principal.h"
#include "test/unit.h"

static Principal principal;

static Fail reads(const char *scopes, const char *patient)
{
    return scopes_read(unit_call(), str_from(scopes), str_from(patient), &principal);
}

static bool practice(Deed deed, TypeId type)
{
    return type_set_has(&principal.practice_types[deed], type);
}

static bool patient(Deed deed, TypeId type)
{
    return type_set_has(&principal.patient_types[deed], type);
}

TEST(each_letter_grants_its_own_deed)
{
    static const struct {
        const char *scope;
        Deed        deed;
    } rows[] = {
        { "system/Patient.c", DEED_CREATE }, { "system/Patient.r", DEED_READ },
        { "system/Patient.u", DEED_UPDATE }, { "system/Patient.d", DEED_DELETE },
        { "system/Patient.s", DEED_SEARCH },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_INT(reads(rows[i].scope, ""), OK);
        for (Deed deed = DEED_CREATE; deed < DEEDS; deed++) {
            CHECK_INT(practice(deed, TYPE_PATIENT), deed == rows[i].deed);
            CHECK(!practice(deed, TYPE_OBSERVATION));
            CHECK(!patient(deed, TYPE_PATIENT));
        }
    }
}

TEST(version_1_scopes_mean_what_they_meant)
{
    CHECK_INT(reads("user/Patient.read", ""), OK);
    CHECK(practice(DEED_READ, TYPE_PATIENT) && practice(DEED_SEARCH, TYPE_PATIENT));
    CHECK(!practice(DEED_CREATE, TYPE_PATIENT) && !practice(DEED_DELETE, TYPE_PATIENT));
    CHECK_INT(reads("user/Patient.write", ""), OK);
    CHECK(practice(DEED_CREATE, TYPE_PATIENT) && practice(DEED_UPDATE, TYPE_PATIENT)
          && practice(DEED_DELETE, TYPE_PATIENT));
    CHECK(!practice(DEED_READ, TYPE_PATIENT) && !practice(DEED_SEARCH, TYPE_PATIENT));
    CHECK_INT(reads("system/*.*", ""), OK);
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++)
        for (Deed deed = DEED_CREATE; deed < DEEDS; deed++)
            CHECK(practice(deed, type));
}

TEST(several_scopes_add_up)
{
    CHECK_INT(reads("user/Patient.r  user/Observation.cs ", ""), OK);
    CHECK(practice(DEED_READ, TYPE_PATIENT));
    CHECK(practice(DEED_CREATE, TYPE_OBSERVATION) && practice(DEED_SEARCH, TYPE_OBSERVATION));
    CHECK(!practice(DEED_READ, TYPE_OBSERVATION) && !practice(DEED_CREATE, TYPE_PATIENT));
    CHECK(!principal.patient_bound);
}

TEST(patient_scopes_are_for_one_record)
{
    CHECK_INT(reads("patient/*.rs", ""), FAIL_VALUE);
    CHECK_INT(reads("patient/*.rs", "not an id"), FAIL_VALUE);
    CHECK_INT(reads("patient/*.rs", "p1"), OK);
    CHECK(patient(DEED_READ, TYPE_PATIENT) && !practice(DEED_READ, TYPE_PATIENT));
    CHECK(principal.patient_bound);
    CHECK_STR(str_from(principal.patient), STR("p1"));
    CHECK_INT(reads("patient/*.rs user/Practitioner.r", "p1"), OK);
    CHECK(!principal.patient_bound);
}

TEST(what_is_not_understood_is_refused_by_name)
{
    static const char *const bad[] = {
        "",
        "   ",
        "system",
        "system/",
        "system/Patient",
        "system/Patient.",
        "system/Patient.sr",
        "system/Patient.rr",
        "system/Patient.x",
        "system/Patient.cruds1",
        "system/Patient.READ",
        "system/patient.r",
        "system/Nonsense.r",
        "system/HumanName.r",
        "system/DomainResource.r",
        "System/Patient.r",
        "admin/Patient.r",
        "/Patient.r",
        "system/Patient.r?category=x",
        "system/*.rs nonsense",
        "openid",
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        Principal before = principal;

        CHECK_INT(reads(bad[i], "p1"), FAIL_VALUE);
        CHECK(memcmp(&before, &principal, sizeof before) == 0);
    }
    CHECK_INT(reads("system/*.rs user/Patient.sr", ""), FAIL_VALUE);
    CHECK(
        str_find(unit_call()->issues[unit_call()->issue_count - 1].text, STR("user/Patient.sr"))
        >= 0);
}
