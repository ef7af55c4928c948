/* The OpenMetrics text: cumulative buckets, escaped nothing, one end. */
#include "server/metrics.h"
#include "test/unit.h"

static Str text(void)
{
    StoreFacts facts = { .commits = 3, .changes = 70, .batch_max = 64 };
    Buf        out = buf_new(unit_call()->arena, 1024);

    metrics_write(&out, &facts);
    return buf_str(&out);
}

static bool has(Str all, const char *line)
{
    return str_find(all, str_from(line)) >= 0;
}

TEST(calls_are_counted_by_interaction_and_status)
{
    metrics_call(INTERACTION_VREAD, 200, 90);
    metrics_call(INTERACTION_VREAD, 404, 700);
    metrics_call(INTERACTION_VREAD, 404, 20 * 1000 * 1000);
    CHECK(has(text(), "hale_calls_total{interaction=\"vread\",status=\"2xx\"} 1\n"));
    CHECK(has(text(), "hale_calls_total{interaction=\"vread\",status=\"4xx\"} 2\n"));
    CHECK(has(text(), "hale_call_seconds_bucket{interaction=\"vread\",le=\"0.0001\"} 1\n"));
    CHECK(has(text(), "hale_call_seconds_bucket{interaction=\"vread\",le=\"0.0005\"} 1\n"));
    CHECK(has(text(), "hale_call_seconds_bucket{interaction=\"vread\",le=\"0.001\"} 2\n"));
    CHECK(has(text(), "hale_call_seconds_bucket{interaction=\"vread\",le=\"10\"} 2\n"));
    CHECK(has(text(), "hale_call_seconds_bucket{interaction=\"vread\",le=\"+Inf\"} 3\n"));
    CHECK(has(text(), "hale_call_seconds_count{interaction=\"vread\"} 3\n"));
    CHECK(has(text(), "hale_call_seconds_sum{interaction=\"vread\"} 20.000790\n"));
}

TEST(what_never_happened_has_no_line)
{
    CHECK(!has(text(), "interaction=\"export\""));
}

TEST(a_kind_that_cannot_be_is_counted_as_other)
{
    metrics_call((Interaction)200, 777, 1);
    CHECK(has(text(), "hale_calls_total{interaction=\"other\",status=\"0xx\"} 1\n"));
}

TEST(gauges_go_up_and_down_and_the_store_adds_its_own)
{
    metrics_gauge(GAUGE_QUEUED, 5);
    metrics_gauge(GAUGE_QUEUED, -2);
    CHECK_INT(metrics_gauge_value(GAUGE_QUEUED), 3);
    CHECK(has(text(), "\nhale_http_queue_length 3\n"));
    CHECK(has(text(), "\nhale_writer_commits_total 3\n"));
    CHECK(has(text(), "\nhale_writer_batch_max 64\n"));
    metrics_gauge(GAUGE_QUEUED, -3);
}

TEST(the_text_ends_as_it_must)
{
    CHECK(str_ends(text(), STR("\n# EOF\n")));
    CHECK_INT(str_find(text(), STR("# EOF")), (long long)text().len - 6);
}
