/* A code system as an image: codes, what lies beneath what, and what is refused. */
#include "fhir/concepts_make.h"
#include "test/unit.h"

/* a is above b and c; d lies beneath b and c; e beneath d; f stands alone. */
static ConceptsMaker *diamond(bool folds)
{
    ConceptsMaker *m = concepts_maker_new(unit_call()->arena, folds);
    const char    *codes[] = { "d", "a", "b", "c", "e", "f" };
    uint32_t       handles[6];

    for (size_t i = 0; i < 6; i++)
        handles[i] = concepts_make_concept(m, str_from(codes[i]), STR("shown"), (Str){ 0 });
    concepts_make_parent(m, handles[2], handles[1]);
    concepts_make_parent(m, handles[3], handles[1]);
    concepts_make_parent(m, handles[0], handles[2]);
    concepts_make_parent(m, handles[0], handles[3]);
    concepts_make_parent(m, handles[4], handles[0]);
    return m;
}

static bool is_a(const Concepts *s, const char *code, const char *of)
{
    return concepts_is_a(s, concepts_find(s, str_from(code)), concepts_find(s, str_from(of)));
}

TEST(what_lies_beneath_is_known_on_every_way)
{
    Concepts s;
    Str      image;

    REQUIRE(concepts_make_image(unit_call(), diamond(false), &image) == OK);
    REQUIRE(concepts_open(unit_call(), image, &s) == OK);
    CHECK_INT(s.count, 6);
    CHECK(is_a(&s, "e", "a") && is_a(&s, "e", "b") && is_a(&s, "e", "c") && is_a(&s, "e", "d"));
    CHECK(is_a(&s, "d", "c") && is_a(&s, "d", "b") && is_a(&s, "a", "a"));
    CHECK(!is_a(&s, "a", "e") && !is_a(&s, "b", "c") && !is_a(&s, "f", "a"));
    CHECK(concepts_is_child(&s, concepts_find(&s, STR("d")), concepts_find(&s, STR("c"))));
    CHECK(!concepts_is_child(&s, concepts_find(&s, STR("e")), concepts_find(&s, STR("c"))));
    CHECK_INT(concepts_find(&s, STR("g")), CONCEPT_NONE);
    CHECK_INT(concepts_find(&s, STR("A")), CONCEPT_NONE);
}

TEST(case_counts_only_where_it_is_said_to)
{
    Concepts s;
    Str      image;

    REQUIRE(concepts_make_image(unit_call(), diamond(true), &image) == OK);
    REQUIRE(concepts_open(unit_call(), image, &s) == OK);
    CHECK_INT(concepts_find(&s, STR("A")), concepts_find(&s, STR("a")));
}

TEST(a_ring_and_a_code_that_stands_twice_are_refused)
{
    ConceptsMaker *m = diamond(false);
    Str            image;

    concepts_make_parent(m, concepts_make_find(m, STR("a")), concepts_make_find(m, STR("e")));
    CHECK_INT(concepts_make_image(unit_call(), m, &image), FAIL_INVALID);
    call_forget_issues(unit_call(), 0);
    m = diamond(false);
    concepts_make_concept(m, STR("e"), (Str){ 0 }, (Str){ 0 });
    CHECK_INT(concepts_make_image(unit_call(), m, &image), FAIL_DUPLICATE);
    CHECK(str_find(unit_call()->issues[0].text, STR("'e'")) > 0);
}

TEST(properties_and_designations_stand_with_their_concept)
{
    ConceptsMaker *m = diamond(false);
    ConceptDetail  status = { .kind = CONCEPT_VALUE_CODE,
                              .name = STR("status"),
                              .value = STR("retired") };
    ConceptDetail  french = { .name = STR("fr"), .value = STR("montré") };
    Concepts       s;
    Str            image;
    uint32_t       e;

    concepts_make_detail(m, concepts_make_find(m, STR("e")), &status);
    concepts_make_detail(m, concepts_make_find(m, STR("f")), &status);
    concepts_make_detail(m, concepts_make_find(m, STR("e")), &french);
    REQUIRE(concepts_make_image(unit_call(), m, &image) == OK);
    REQUIRE(concepts_open(unit_call(), image, &s) == OK);
    e = concepts_find(&s, STR("e"));
    CHECK_INT(concepts_detail_count(&s, e), 2);
    CHECK_STR(concepts_property(&s, e, STR("status")), STR("retired"));
    CHECK_STR(concepts_detail(&s, e, 1).value, STR("montré"));
    CHECK_INT(concepts_detail_count(&s, concepts_find(&s, STR("a"))), 0);
}

TEST(a_damaged_image_is_refused_or_answers_without_a_crash)
{
    Concepts s;
    Str      image;
    char    *bytes;

    REQUIRE(concepts_make_image(unit_call(), diamond(false), &image) == OK);
    for (size_t len = 0; len < image.len; len++) {
        call_forget_issues(unit_call(), 0);
        CHECK(concepts_open(unit_call(), str_slice(image, 0, len), &s) == FAIL_SYNTAX);
    }
    bytes = arena_alloc_raw(unit_call()->arena, image.len);
    for (size_t at = sizeof(ConceptsHeader); at < image.len; at++) {
        memcpy(bytes, image.at, image.len);
        bytes[at] = (char)0xFF;
        REQUIRE(concepts_open(unit_call(), (Str){ bytes, image.len }, &s) == OK);
        for (uint32_t i = 0; i < s.count; i++)
            (void)(concepts_is_a(&s, i, 0) + concepts_code(&s, i).len
                   + concepts_detail(&s, i, 0).value.len + concepts_above(&s, i));
        (void)concepts_find(&s, STR("e"));
    }
}
