#include "store/bulk_samples.h"
#include "test/unit.h"

static void add(Samples *s, TypeId type, int from, int count)
{
    for (int i = from; i < from + count; i++)
        samples_add(s, type, arena_printf(unit_call()->arena, "%d", i), 1);
}

static int count_between(const Str *texts, size_t count, uint64_t low, uint64_t high)
{
    int      found = 0;
    uint64_t number;

    for (size_t i = 0; i < count; i++)
        if (str_to_u64(texts[i], &number))
            found += number >= low && number < high;
    return found;
}

TEST(what_came_late_is_among_the_samples_like_what_came_early)
{
    Samples s = samples_new();
    Str    *texts;
    size_t  count;

    add(&s, TYPE_OBSERVATION, 0, 40000);
    add(&s, TYPE_PATIENT, 90000, 50);
    texts = samples_take(&s, unit_call()->arena, &count);
    CHECK(count > 5000);
    CHECK_INT(count_between(texts, count, 90000, 90050), 50);
    CHECK(count_between(texts, count, 0, 10000) > (int)count / 5);
    CHECK(count_between(texts, count, 30000, 40000) > (int)count / 5);
    samples_release(&s);
}

TEST(few_of_a_type_are_all_kept)
{
    Samples s = samples_new();
    Str    *texts;
    size_t  count;

    add(&s, TYPE_PATIENT, 90000, 100);
    add(&s, TYPE_OBSERVATION, 0, 40000);
    texts = samples_take(&s, unit_call()->arena, &count);
    CHECK_INT(count_between(texts, count, 90000, 90100), 100);
    samples_release(&s);
}

TEST(a_dictionary_is_made_again_when_there_is_much_more_and_not_at_the_end)
{
    Samples s = samples_new();
    size_t  count;

    add(&s, TYPE_OBSERVATION, 0, 100);
    CHECK(!samples_ready(&s, 0, false));
    CHECK(samples_ready(&s, 0, true));
    add(&s, TYPE_OBSERVATION, 0, 29900);
    CHECK(samples_ready(&s, 0, false));
    samples_take(&s, unit_call()->arena, &count);
    CHECK(!samples_ready(&s, 0, false));
    CHECK(!samples_ready(&s, 0, true));
    add(&s, TYPE_OBSERVATION, 0, 90000);
    CHECK(!samples_ready(&s, 1, false));
    add(&s, TYPE_OBSERVATION, 0, 70000);
    CHECK(samples_ready(&s, 1, false));
    CHECK(!samples_ready(&s, 1, true));
    samples_release(&s);
}
