/* Handing things from thread to thread. */
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/queue.h"
#include "test/unit.h"

TEST(a_full_queue_says_no_at_once)
{
    Queue *q = queue_create(2);
    int    a, b, c;

    CHECK(queue_put(q, &a));
    CHECK(queue_put(q, &b));
    CHECK(!queue_put(q, &c));
    CHECK(queue_take(q, 0) == &a);
    CHECK(queue_put(q, &c));
    CHECK(queue_take(q, 0) == &b);
    CHECK(queue_take(q, 0) == &c);
    CHECK(queue_take(q, 0) == NULL);
    queue_destroy(q);
}

TEST(waiting_ends_when_its_time_is_over)
{
    Queue   *q = queue_create(1);
    uint64_t before = clock_monotonic_ms();

    CHECK(queue_take(q, 30) == NULL);
    CHECK(clock_monotonic_ms() - before >= 29);
    queue_destroy(q);
}

TEST(a_closed_queue_gives_what_it_holds_and_takes_no_more)
{
    Queue *q = queue_create(4);
    int    a;

    queue_put(q, &a);
    queue_close(q);
    CHECK(!queue_put(q, &a));
    CHECK(queue_take(q, -1) == &a);
    CHECK(queue_take(q, -1) == NULL);
    queue_destroy(q);
}

enum { ITEMS = 20000, TAKERS = 3 };

static char           things[ITEMS];
static _Atomic size_t taken;

static void *take_all(void *queue)
{
    void *items[16];

    for (;;) {
        size_t n = queue_take_many(queue, items, COUNT(items), -1);

        if (n == 0)
            return NULL;
        for (size_t i = 0; i < n; i++)
            (*(char *)items[i])++;
        atomic_fetch_add(&taken, n);
    }
}

TEST(every_item_arrives_exactly_once_with_several_takers)
{
    Queue    *q = queue_create(64);
    pthread_t takers[TAKERS];

    for (int i = 0; i < TAKERS; i++)
        REQUIRE(pthread_create(&takers[i], NULL, take_all, q) == 0);
    for (size_t i = 0; i < ITEMS;)
        i += queue_put(q, &things[i]);
    queue_close(q);
    for (int i = 0; i < TAKERS; i++)
        pthread_join(takers[i], NULL);
    CHECK_INT(taken, ITEMS);
    for (size_t i = 0; i < ITEMS; i++)
        REQUIRE(things[i] == 1);
    queue_destroy(q);
}
