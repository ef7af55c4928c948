/* Scopes: what is understood, and that nothing that is not is ever granted. */
#include "access/rights.h"
#include "base/buf.h"
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
            CHECK(practice(deed, type) == type_is_record(type));
    CHECK_INT(reads("system/AuditEvent.rs", ""), OK); /* only by its name */
    CHECK(practice(DEED_SEARCH, TYPE_AUDIT_EVENT));
}

static const char *writes(const char *scopes)
{
    CHECK_INT(reads(scopes, "p1"), OK);
    return arena_c_string(unit_call()->arena, scopes_write(unit_call()->arena, &principal));
}

TEST(a_constraint_limits_its_own_type_and_deeds)
{
    CHECK_INT(reads("user/Observation.rs?category=a user/Observation.r user/Patient.r", ""),
              OK);
    CHECK(practice(DEED_READ, TYPE_OBSERVATION) && practice(DEED_SEARCH, TYPE_OBSERVATION));
    CHECK_INT(rights_whole(&principal, false, TYPE_OBSERVATION), 1 << DEED_READ);
    CHECK_INT(rights_whole(&principal, true, TYPE_OBSERVATION), 0);
    CHECK_INT(rights_whole(&principal, false, TYPE_PATIENT), 1 << DEED_READ);
}

TEST(scopes_with_and_without_constraints_add_up)
{
    CHECK_STR(str_from(writes("patient/Observation.rs?category=a patient/Observation.rs")),
              STR("patient/Observation.rs"));
    CHECK_STR(str_from(writes("patient/*.rs patient/Observation.rs?category=a")),
              STR("patient/*.rs"));
    CHECK_STR(str_from(writes("patient/Observation.rs?category=a "
                              "patient/Observation.rs?category=b")),
              STR("patient/Observation.rs?category=a patient/Observation.rs?category=b"));
    CHECK_STR(str_from(writes("patient/Observation.r?category=a "
                              "patient/Observation.s?category=a")),
              STR("patient/Observation.rs?category=a"));
    CHECK_STR(str_from(writes("patient/Observation.r patient/Observation.rs?category=a")),
              STR("patient/Observation.r patient/Observation.s?category=a"));
    CHECK_STR(str_from(writes("user/Observation.rs?category=a patient/Observation.rs")),
              STR("patient/Observation.rs user/Observation.rs?category=a"));
}

TEST(what_is_cut_down_is_what_both_allow)
{
    static const struct {
        const char *one, *other, *both;
    } rows[] = {
        { "user/Observation.rs?category=a", "user/Observation.rs",
          "user/Observation.rs?category=a" },
        { "user/*.cruds", "user/Observation.rs?category=a", "user/Observation.rs?category=a" },
        { "user/Observation.rs?category=a", "user/Observation.r?category=b",
          "user/Observation.r?category=a&category=b" },
        { "user/Observation.rs?category=a", "user/Observation.s?category=a",
          "user/Observation.s?category=a" },
        { "user/Observation.rs?category=a", "patient/Observation.rs", "" },
        { "user/Observation.rs?category=a user/Observation.rs?category=b",
          "user/Observation.rs?category=c user/Observation.rs?category=a",
          "user/Observation.rs?category=a user/Observation.rs?category=b&category=c" },
        { "user/Observation.rs?category=a", "user/Condition.rs?category=a", "" },
        { "user/Observation.rs?category=a user/Observation.rs?category=b",
          "user/Observation.rs?status=final",
          "user/Observation.rs?category=a&status=final "
          "user/Observation.rs?category=b&status=final" },
        { "user/Observation.r user/Observation.s?category=a",
          "user/Observation.rs?status=final",
          "user/Observation.s?category=a&status=final user/Observation.r?status=final" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        Principal other;

        CHECK_INT(reads(rows[i].other, "p1"), OK);
        other = principal;
        CHECK_INT(reads(rows[i].one, "p1"), OK);
        principal_narrow(&principal, &other);
        CHECK_STR(scopes_write(unit_call()->arena, &principal), str_from(rows[i].both));
    }
}

TEST(where_constraints_are_too_many_less_is_given_and_never_more)
{
    Buf many = buf_new(unit_call()->arena, 4096), others = buf_new(unit_call()->arena, 99);
    Principal other;

    for (int i = 0; i < SCOPE_LIMITS; i++)
        buf_printf(&many, "%suser/Observation.rs?category=c%d", i ? " " : "", i);
    CHECK_INT(reads(arena_c_string(unit_call()->arena, buf_str(&many)), ""), OK);
    buf_put(&many, STR(" user/Observation.rs?category=more"));
    CHECK_INT(reads(arena_c_string(unit_call()->arena, buf_str(&many)), ""), FAIL_TOO_COSTLY);
    buf_put(&others,
            STR("user/Observation.rs?status=final user/Observation.rs?status=amended"));
    other = principal;
    CHECK_INT(reads(arena_c_string(unit_call()->arena, buf_str(&others)), ""), OK);
    principal_narrow(&principal, &other);
    CHECK_INT(rights_whole(&principal, false, TYPE_OBSERVATION), 0);
    CHECK(!practice(DEED_READ, TYPE_OBSERVATION));
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
        "system/Observation.r?",
        "system/*.r?_tag=x",
        "system/Observation.r?category",
        "system/Observation.r?date=2020",
        "system/Observation.r?code:text=x",
        "system/Observation.r?subject.name=x",
        "system/Observation.r?_has:Provenance:target:agent=x",
        "system/Observation.r?category=http://x|",
        "system/Observation.r?_count=5",
        "system/Observation.r?_include=*",
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
