/* Codes in use: those of what the permit shows, and no others. */
#include "test/store/store_help.h"

#define TAG(code) "{\"system\":\"urn:t\",\"code\":\"" code "\"}"
#define OBSERVATION(id, patient, meta)                                                               \
    "{\"resourceType\":\"Observation\",\"id\":\"" id "\",\"meta\":{" meta                            \
    "},\"status\":\"final\",\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/" patient \
    "\"}}"

static void fill(void)
{
    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"anna\",\"meta\":{\"tag\":[" TAG(
                "of-anna") ",{\"code\":\"bare\"}]}}")
            == OK);
    REQUIRE(help_put("{\"resourceType\":\"Patient\",\"id\":\"bob\",\"meta\":{\"tag\":[" TAG(
                "of-bob") "]}}")
            == OK);
    REQUIRE(
        help_put("{\"resourceType\":\"Practitioner\",\"id\":\"doc\",\"meta\":{\"tag\":[" TAG(
            "of-doc") "]}}")
        == OK);
    REQUIRE(help_put("{\"resourceType\":\"Basic\",\"id\":\"b\",\"code\":{\"text\":\"x\"},"
                     "\"meta\":{\"tag\":[" TAG("basic") "]}}")
            == OK);
    REQUIRE(help_put(OBSERVATION("a1", "anna", "\"tag\":[" TAG("both") "," TAG("mine") "]"))
            == OK);
    REQUIRE(help_put(OBSERVATION("b1", "bob", "\"tag\":[" TAG("both") "," TAG("his") "]"))
            == OK);
    REQUIRE(
        help_put(OBSERVATION(
            "a2", "anna", "\"profile\":[\"http://example.org/p\"],\"security\":[" TAG("R") "]"))
        == OK);
}

/* "system|code …" */
static Str used(const Permit *permit, TypeId type, const char *param)
{
    Buf       out = buf_new(unit_call()->arena, 256);
    UsedCode *codes;
    size_t    count = 0;

    CHECK(store_used_codes(unit_call(), help_session(), permit, type, str_from(param), &codes,
                           &count)
          == OK);
    for (size_t i = 0; i < count; i++)
        buf_printf(&out, "%s%.*s|%.*s", i ? " " : "", STR_ARG(codes[i].system),
                   STR_ARG(codes[i].code));
    return buf_str(&out);
}

TEST(codes_in_use_are_told_of_a_type_or_of_all)
{
    Permit all = help_permit(DEED_SEARCH), some = help_permit(DEED_SEARCH);

    fill();
    CHECK_STR(used(&all, TYPE_OBSERVATION, "_tag"), STR("urn:t|both urn:t|mine urn:t|his"));
    CHECK_STR(used(&all, TYPE_OBSERVATION, "_profile"), STR("|http://example.org/p"));
    CHECK_STR(used(&all, TYPE_OBSERVATION, "_security"), STR("urn:t|R"));
    CHECK_STR(used(&all, TYPE_CONDITION, "_tag"), STR(""));
    CHECK_STR(used(&all, 0, "_tag"),
              STR("|bare urn:t|of-anna urn:t|of-bob urn:t|of-doc urn:t|basic urn:t|both"
                  " urn:t|mine urn:t|his"));
    some.types = (TypeSet){ 0 };
    type_set_add(&some.types, TYPE_PATIENT);
    CHECK_STR(used(&some, 0, "_tag"), STR("|bare urn:t|of-anna urn:t|of-bob"));
    CHECK_STR(used(&some, TYPE_OBSERVATION, "_tag"), STR(""));
    help_close();
}

TEST(a_patients_permit_hears_of_the_codes_of_that_record_alone)
{
    Permit anna = help_patient_permit(DEED_SEARCH, "anna");
    Permit unknown = help_patient_permit(DEED_SEARCH, "carl");
    Permit none = { 0 };

    fill();
    CHECK_STR(used(&anna, TYPE_OBSERVATION, "_tag"), STR("urn:t|both urn:t|mine"));
    CHECK_STR(used(&anna, TYPE_PATIENT, "_tag"), STR("|bare urn:t|of-anna"));
    CHECK_STR(used(&anna, TYPE_BASIC, "_tag"), STR(""));
    CHECK_STR(used(&anna, 0, "_tag"),
              STR("|bare urn:t|of-anna urn:t|of-doc urn:t|both urn:t|mine"));
    CHECK_STR(used(&anna, 0, "_security"), STR("urn:t|R"));
    CHECK_STR(used(&unknown, 0, "_tag"), STR("urn:t|of-doc"));
    CHECK_STR(used(&none, 0, "_tag"), STR(""));
    help_close();
}

TEST(codes_of_what_is_gone_are_not_in_use)
{
    Permit all = help_permit(DEED_SEARCH);

    fill();
    REQUIRE(help_delete(TYPE_OBSERVATION, "a1") == OK);
    REQUIRE(help_put(OBSERVATION("b1", "bob", "\"tag\":[" TAG("new") "]")) == OK);
    CHECK_STR(used(&all, TYPE_OBSERVATION, "_tag"), STR("urn:t|new"));
    help_close();
}

TEST(a_code_too_long_to_be_kept_whole_is_left_out)
{
    Permit all = help_permit(DEED_SEARCH);
    char   code[1100] = { 0 };

    memset(code, 'x', sizeof code - 1);
    REQUIRE(help_put(arena_printf(unit_call()->arena,
                                  OBSERVATION("a1", "anna", "\"tag\":[" TAG("%s") "]") "%c",
                                  code, 0)
                         .at)
            == OK);
    CHECK_STR(used(&all, TYPE_OBSERVATION, "_tag"), STR(""));
    help_close();
}
