/* Passwords, one-time codes, throttling, roles: the parts that need no server. */
#include "access/client.h"
#include "access/password.h"
#include "access/policy.h"
#include "access/throttle.h"
#include "access/totp.h"
#include "test/unit.h"

/* RFC 6238 appendix B, SHA-1, the last six digits. */
TEST(one_time_codes_are_those_of_the_standard)
{
    static const struct {
        int64_t  seconds;
        uint32_t code;
    } rows[] = {
        { 59, 287082 },       { 1111111109, 81804 },  { 1111111111, 50471 },
        { 1234567890, 5924 }, { 2000000000, 279037 }, { 20000000000, 353130 },
    };
    Str key = STR("12345678901234567890");

    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(totp_code(key, rows[i].seconds / TOTP_STEP_S), rows[i].code);
}

TEST(a_code_is_good_one_step_to_either_side)
{
    Str     key = STR("12345678901234567890");
    int64_t now = INT64_C(1111111109) * 1000000, step = 1111111109 / 30;

    CHECK_INT(totp_step_of(key, STR("081804"), now), step);
    CHECK_INT(totp_step_of(key, STR("081 804"), now), step);
    CHECK_INT(totp_step_of(key, STR("081804"), now + 30 * 1000000), step);
    CHECK_INT(totp_step_of(key, STR("081804"), now - 30 * 1000000), step);
    CHECK_INT(totp_step_of(key, STR("081804"), now + 60 * 1000000), 0);
    CHECK_INT(totp_step_of(key, STR("081804"), now - 60 * 1000000), 0);
    CHECK_INT(totp_step_of(key, STR("81804"), now), 0);
    CHECK_INT(totp_step_of(key, STR("0818040"), now), 0);
    CHECK_INT(totp_step_of(key, STR("08180x"), now), 0);
    CHECK_INT(totp_step_of(STR(""), STR("081804"), now), 0);
}

/* RFC 4648 section 10. */
TEST(base32_is_that_of_the_standard)
{
    static const struct {
        Str plain, text;
    } rows[] = {
        { STR_INIT(""), STR_INIT("") },
        { STR_INIT("f"), STR_INIT("MY") },
        { STR_INIT("fo"), STR_INIT("MZXQ") },
        { STR_INIT("foo"), STR_INIT("MZXW6") },
        { STR_INIT("foob"), STR_INIT("MZXW6YQ") },
        { STR_INIT("fooba"), STR_INIT("MZXW6YTB") },
        { STR_INIT("foobar"), STR_INIT("MZXW6YTBOI") },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        Buf out = buf_new(unit_call()->arena, 16);

        base32_put(&out, rows[i].plain);
        CHECK_STR(buf_str(&out), rows[i].text);
    }
}

TEST(recovery_codes_differ_and_are_read_as_people_type_them)
{
    RecoveryCode one = recovery_draw(), other = recovery_draw();
    Str          folded = recovery_fold(unit_call()->arena, str_from(one.text));

    CHECK_INT(strlen(one.text), RECOVERY_CHARS);
    CHECK(strcmp(one.text, other.text) != 0);
    CHECK_INT(folded.len, 16);
    CHECK_STR(recovery_fold(unit_call()->arena, STR(" AB-cd EF ")), STR("abcdef"));
}

TEST(passwords_that_others_use_are_refused)
{
    static const struct {
        Str           password;
        PasswordFault fault;
    } rows[] = {
        { STR_INIT("four plain words here"), PASSWORD_GOOD },
        { STR_INIT("correct horse battery"), PASSWORD_GOOD },
        { STR_INIT("été à la montagne"), PASSWORD_GOOD },
        { STR_INIT("elevenchars"), PASSWORD_SHORT },
        { STR_INIT("ééééééééééé"), PASSWORD_SHORT },
        { STR_INIT("Password1234"), PASSWORD_COMMON },
        { STR_INIT("!!!!dragon2024!!"), PASSWORD_COMMON },
        { STR_INIT("qwertyqwerty"), PASSWORD_COMMON },
        { STR_INIT("abababababab"), PASSWORD_COMMON },
        { STR_INIT("202401312359"), PASSWORD_COMMON },
        { STR_INIT("Gregory.House99"), PASSWORD_NAME },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(password_fault(unit_call()->arena, rows[i].password, STR("gregory.house")),
                  rows[i].fault);
}

TEST(a_password_is_kept_as_argon2id_and_found_again)
{
    Call *c = unit_call();
    Str   kept;
    bool  good = false;

    CHECK_INT(password_keep(c, STR("four plain words here"), &kept), OK);
    CHECK(str_starts(kept, STR("$argon2id$")));
    CHECK_INT(password_try(c, kept, STR("four plain words here"), &good), OK);
    CHECK(good);
    CHECK_INT(password_try(c, kept, STR("four plain words her"), &good), OK);
    CHECK(!good);
    CHECK_INT(password_try(c, (Str){ 0 }, STR(""), &good), OK);
    CHECK(!good);
    CHECK_INT(password_try(c, (Str){ 0 }, STR("\xff"), &good), OK);
    CHECK(!good);
}

TEST(failed_tries_wait_twice_as_long_each_time)
{
    ThrottleKey key = throttle_key("test", STR("name"), STR("there"));

    for (size_t i = 0; i < THROTTLE_FREE; i++)
        CHECK_INT(throttle_try(key), 0);
    CHECK_INT(throttle_try(key), 1);
    CHECK_INT(throttle_try(throttle_key("test", STR("name"), STR("elsewhere"))), 0);
    CHECK_INT(throttle_try(throttle_key("test", STR("nam"), STR("ethere"))), 0);
    throttle_forgive(key);
    CHECK_INT(throttle_try(key), 0);
}

TEST(a_bucket_runs_empty)
{
    ThrottleKey key = throttle_key("bucket", STR("x"), (Str){ 0 });
    unsigned    wait = 0;
    size_t      taken = 0;

    while (taken < 2 * BUCKET_TRIES && (wait = throttle_take(key)) == 0)
        taken++;
    CHECK(taken >= BUCKET_TRIES && taken < BUCKET_TRIES + 10);
    CHECK(wait >= 1);
}

TEST(addresses_of_one_holder_are_one_network)
{
    char one[64], other[64];

    CHECK_STR(throttle_network(STR("192.0.2.7"), one), STR("192.0.2"));
    CHECK_STR(throttle_network(STR("2001:db8:1:22ff::1"), one),
              throttle_network(STR("2001:0db8:0001:2200:9::2"), other));
    CHECK(!str_equal(throttle_network(STR("2001:db8:1:2300::1"), one),
                     throttle_network(STR("2001:db8:1:2200::1"), other)));
    CHECK_STR(throttle_network((Str){ 0 }, one), STR(""));
}

/* ---- roles ---- */

TEST(the_roles_give_what_their_table_says_and_nothing_without_a_patient)
{
    Call     *c = unit_call();
    Principal p;

    CHECK_INT(policy_rights(c, policy_shipped(), role_find(STR("patient")), STR("7"), &p), OK);
    CHECK_STR(scopes_write(c->arena, &p),
              STR("patient/*.rs patient/AuditEvent.rs patient/Consent.cu"));
    CHECK_INT(policy_rights(c, policy_shipped(), role_find(STR("patient")), (Str){ 0 }, &p),
              OK);
    CHECK_STR(scopes_write(c->arena, &p), STR(""));
    CHECK_INT(policy_rights(c, policy_shipped(), role_find(STR("proxy")), (Str){ 0 }, &p), OK);
    CHECK_STR(scopes_write(c->arena, &p), STR(""));
    CHECK_INT(
        policy_rights(c, policy_shipped(), role_find(STR("practitioner")), (Str){ 0 }, &p), OK);
    CHECK_STR(scopes_write(c->arena, &p), STR("user/*.cruds"));
    CHECK(role_find(STR("king")) == NULL);
    CHECK(role_find(STR("")) == NULL);
}

TEST(no_role_but_the_practitioners_reaches_clinical_types)
{
    static const TypeId clinical[] = {
        TYPE_OBSERVATION, TYPE_CONDITION, TYPE_ENCOUNTER,
        TYPE_COMPOSITION, TYPE_CONSENT,   TYPE_QUESTIONNAIRE_RESPONSE,
    };
    static const char *const others[] = { "front-desk", "biller", "privacy-officer",
                                          "administrator" };
    Principal                p;

    for (size_t r = 0; r < COUNT(others); r++) {
        REQUIRE(policy_rights(unit_call(), policy_shipped(), role_find(str_from(others[r])),
                              (Str){ 0 }, &p)
                == OK);
        for (size_t t = 0; t < COUNT(clinical); t++)
            for (size_t deed = 0; deed < DEEDS; deed++)
                if (clinical[t] != TYPE_CONSENT || r != 2) /* who watches over privacy */
                    CHECK(!type_set_has(&p.practice_types[deed], clinical[t])
                          && !type_set_has(&p.patient_types[deed], clinical[t]));
    }
}

TEST(only_the_privacy_officer_reads_the_log_of_all)
{
    static const char *const words[] = { "practitioner",  "front-desk",
                                         "biller",        "privacy-officer",
                                         "administrator", "patient",
                                         "proxy" };
    Principal                p;

    for (size_t i = 0; i < COUNT(words); i++) {
        REQUIRE(policy_rights(unit_call(), policy_shipped(), role_find(str_from(words[i])),
                              STR("7"), &p)
                == OK);
        CHECK(type_set_has(&p.practice_types[DEED_SEARCH], TYPE_AUDIT_EVENT)
              == (strcmp(words[i], "privacy-officer") == 0));
        CHECK(!type_set_has(&p.practice_types[DEED_UPDATE], TYPE_AUDIT_EVENT));
    }
}

TEST(narrowing_never_widens_and_keeps_patients_apart)
{
    Call     *c = unit_call();
    Principal wide, narrow, cut;

    CHECK_INT(scopes_read(c, STR("patient/*.cruds user/Patient.cruds"), STR("7"), &wide), OK);
    CHECK_INT(scopes_read(c, STR("patient/Observation.rs user/*.r"), STR("7"), &narrow), OK);
    cut = wide;
    principal_narrow(&cut, &narrow);
    CHECK_STR(scopes_write(c->arena, &cut), STR("patient/Observation.rs user/Patient.r"));
    CHECK_INT(scopes_read(c, STR("patient/Observation.rs"), STR("8"), &narrow), OK);
    cut = wide;
    principal_narrow(&cut, &narrow);
    CHECK_STR(scopes_write(c->arena, &cut), STR(""));
}

TEST(wishes_leave_out_what_is_not_for_people)
{
    Call *c = unit_call();
    Wish  wish;

    wish_read(c,
              STR("launch/patient  patient/Observation.read system/*.cruds openid user/X.rs "
                  "patient/Condition.rs?category=x patient/Patient.sr offline_access"),
              &wish);
    CHECK_STR(scopes_write(c->arena, &wish.rights),
              STR("patient/Condition.rs?category=x patient/Observation.rs"));
    CHECK(wish.launch_patient && wish.offline && !wish.online && wish.openid);
    CHECK_INT(wish.unknown, 3);
    CHECK_INT(c->issue_count, 0);
}

TEST(the_origin_of_an_address_is_what_a_policy_may_name)
{
    CHECK_STR(redirect_origin(STR("https://a.example/b?c")), STR("https://a.example"));
    CHECK_STR(redirect_origin(STR("https://a.example:8443")), STR("https://a.example:8443"));
    CHECK_STR(redirect_origin(STR("https://a.example?x")), STR("https://a.example"));
    CHECK_STR(redirect_origin(STR("com.example.app:/cb")), STR("com.example.app:"));
}
