/* Principals that are remembered for a second, and shared. */
#include <pthread.h>

#include "access/remembered.h"
#include "test/unit.h"

static const Store *const here = (const Store *)1;

/* Everything of one made up from a number, so that a mixture of two would be seen. */
static Remembered made_up(uint32_t number)
{
    Remembered r = { .store = here, .ends_us = number, .principal.grant = number };
    Str        bytes = { (const char *)&number, sizeof number };

    digest_sha256(bytes, r.hash);
    r.principal.denial_count = number;
    return r;
}

static bool is_sound(const Remembered *r)
{
    return r->ends_us == r->principal.grant && r->principal.denial_count == r->principal.grant;
}

static void call_of_its_own(Call *c)
{
    *c = (Call){ 0 };
    call_begin(c, arena_create(1024 * 1024));
}

TEST(what_was_kept_is_found_until_another_store_asks)
{
    Remembered        r = made_up(1);
    const Remembered *found;

    remembered_keep(unit_call(), &r);
    found = remembered_find(unit_call(), here, r.hash);
    REQUIRE(found);
    CHECK_INT(found->principal.grant, 1);
    CHECK(!remembered_find(unit_call(), (const Store *)2, r.hash));
    r.hash[5] ^= 1;
    CHECK(!remembered_find(unit_call(), here, r.hash));
}

TEST(what_a_call_holds_stays_though_newer_ones_come)
{
    Call              c;
    Remembered        r = made_up(2);
    const Remembered *held;

    call_of_its_own(&c);
    held = remembered_keep(&c, &r);
    for (uint32_t i = 0; i < 5000; i++) {
        Call       other;
        Remembered next = made_up(1000 + i);

        memcpy(next.hash, r.hash, 2); /* the same places */
        call_of_its_own(&other);
        remembered_keep(&other, &next);
        arena_destroy(other.arena);
    }
    CHECK_INT(held->principal.grant, 2);
    CHECK(is_sound(held));
    arena_destroy(c.arena);
}

TEST(with_all_places_held_a_call_has_its_own)
{
    Call c;

    call_of_its_own(&c);
    arena_set_cap(c.arena, 64 * 1024 * 1024);
    for (uint32_t i = 0; i < 1000; i++) {
        Remembered r = made_up(10000 + i);

        CHECK_INT(remembered_keep(&c, &r)->principal.grant, 10000 + i);
    }
    arena_destroy(c.arena);
}

static void *hurry(void *context)
{
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t          number = 20000 + (i * 7 + (uint32_t)(uintptr_t)context) % 40;
        Remembered        wanted = made_up(number);
        const Remembered *found;
        Call              c;

        wanted.hash[0] = wanted.hash[1] = (uint8_t)(number % 8); /* few places */
        call_of_its_own(&c);
        found = remembered_find(&c, here, wanted.hash);
        if (!found)
            found = remembered_keep(&c, &wanted);
        if (found->principal.grant != number || !is_sound(found))
            return (void *)1;
        arena_destroy(c.arena);
    }
    return NULL;
}

TEST(threads_never_see_what_is_half_another_s)
{
    pthread_t threads[4];

    for (uintptr_t i = 0; i < COUNT(threads); i++)
        REQUIRE(pthread_create(&threads[i], NULL, hurry, (void *)i) == 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *wrong = NULL;

        pthread_join(threads[i], &wrong);
        CHECK(!wrong);
    }
}
