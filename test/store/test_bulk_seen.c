#include "store/bulk_seen.h"
#include "test/unit.h"

static Str name(int number)
{
    return arena_printf(unit_call()->arena, "name-%d", number);
}

TEST(what_was_added_is_never_missed_and_what_was_not_seldom_taken_for_it)
{
    enum { NAMES = 200 * 1000 };
    Seen *s = seen_create();
    int   wrong = 0;

    for (int i = 0; i < NAMES; i++)
        seen_add(s, TYPE_OBSERVATION, name(i));
    for (int i = 0; i < NAMES; i++)
        if (!seen_perhaps(s, TYPE_OBSERVATION, name(i)))
            wrong++;
    CHECK_INT(wrong, 0);
    for (int i = NAMES; i < 2 * NAMES; i++)
        wrong += seen_perhaps(s, TYPE_OBSERVATION, name(i));
    CHECK(wrong < NAMES / 50);
    CHECK(wrong > 0); /* else it is no filter that was tried */
    seen_destroy(s);
}

TEST(the_same_id_of_another_type_is_another_resource)
{
    Seen *s = seen_create();
    int   wrong = 0;

    for (int i = 0; i < 1000; i++)
        seen_add(s, TYPE_OBSERVATION, name(i));
    for (int i = 0; i < 1000; i++)
        wrong += seen_perhaps(s, TYPE_PATIENT, name(i));
    CHECK(wrong < 50);
    seen_destroy(s);
}
