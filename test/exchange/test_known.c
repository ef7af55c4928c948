/* What conditions are known to mean: exchange/known.c. */
#include "exchange/known.h"
#include "test/unit.h"

TEST(what_was_made_known_is_found_until_it_is_forgotten)
{
    Arena *a = unit_call()->arena;
    Known *k = known_create();

    CHECK(known_find(k, a, STR("Patient?identifier=a|1")).len == 0);
    known_put(k, STR("Patient?identifier=a|1"), STR("Patient/1"));
    known_put(k, STR("Patient?identifier=a|2"), STR("Patient/2"));
    CHECK_STR(known_find(k, a, STR("Patient?identifier=a|1")), STR("Patient/1"));
    known_put(k, STR("Patient?identifier=a|1"), STR("Patient/3"));
    CHECK_STR(known_find(k, a, STR("Patient?identifier=a|1")), STR("Patient/3"));
    CHECK_STR(known_find(k, a, STR("Patient?identifier=a|2")), STR("Patient/2"));
    known_forget(k);
    CHECK(known_find(k, a, STR("Patient?identifier=a|2")).len == 0);
    known_destroy(k);
}

TEST(a_million_conditions_stay_in_bounds)
{
    Arena *a = unit_call()->arena;
    Known *k = known_create();
    Str    last = { 0 };

    for (unsigned i = 0; i < 1000000; i++) {
        ArenaMark mark = arena_mark(a);

        known_put(k, arena_printf(a, "Patient?identifier=number|%u", i),
                  arena_printf(a, "Patient/%u", i));
        arena_rewind(a, mark);
    }
    last = known_find(k, a, STR("Patient?identifier=number|999999"));
    CHECK_STR(last, STR("Patient/999999"));
    known_destroy(k);
}
