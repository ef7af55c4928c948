/* Relaxed atomic counters, and their text: see metrics.h. */
#include "server/metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static const uint32_t bucket_us[] = {
    100,   250,    500,    1000,   2500,    5000,    10000,   25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

enum {
    BUCKETS = COUNT(bucket_us) + 1, /* the last is "longer" */
    STATUS_CLASSES = 6,             /* by the first digit */
};

typedef struct Tally {
    _Atomic uint64_t by_class[STATUS_CLASSES];
    _Atomic uint64_t by_time[BUCKETS];
    _Atomic uint64_t sum_us;
} Tally;

static Tally            tallies[INTERACTIONS];
static _Atomic uint64_t counters[COUNTERS];
static _Atomic int64_t  gauges[GAUGES];

/* A row of the text: how the store's and the process's own figures are called. */
typedef struct Named {
    const char *name;
    const char *help;
} Named;

static const Named gauge_names[GAUGES] = {
    [GAUGE_CONNECTIONS] = { "hale_http_connections", "Open connections." },
    [GAUGE_QUEUED] = { "hale_http_queue_length", "Calls waiting for a worker." },
    [GAUGE_UNDER_WAY] = { "hale_http_calls_under_way", "Calls begun and not yet sent." },
    [GAUGE_BODY_BYTES] = { "hale_http_body_bytes", "Bytes of request bodies being received." },
    [GAUGE_REINDEX_DONE] = { "hale_reindex_done", "Versions a reindex has been through." },
    [GAUGE_REINDEX_ALL] = { "hale_reindex_all", "Versions it goes through; 0: none is run." },
};

static const Named counter_names[COUNTERS] = {
    [COUNTER_REFUSED_BUSY] = { "hale_http_busy", "Calls refused because a queue was full." },
    [COUNTER_REFUSED_EARLY] = { "hale_http_refused",
                                "Requests refused while they were received." },
    [COUNTER_CUT_SLOW] = { "hale_http_slow", "Connections closed for being too slow." },
    [COUNTER_BYTES_OUT] = { "hale_http_sent_bytes", "Bytes of answers' bodies." },
    [COUNTER_LONG] = { "hale_http_long", "Calls that took long and went on on the slow lane." },
};

static void add(_Atomic uint64_t *to, uint64_t more)
{
    atomic_fetch_add_explicit(to, more, memory_order_relaxed);
}

static uint64_t get(_Atomic uint64_t *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

void metrics_call(Interaction kind, int status, uint64_t us)
{
    Tally *t = &tallies[kind < INTERACTIONS ? kind : INTERACTION_NONE];
    unsigned class = (unsigned)status / 100;
    size_t bucket = 0;

    while (bucket < COUNT(bucket_us) && us > bucket_us[bucket])
        bucket++;
    add(&t->by_class[class < STATUS_CLASSES ? class : 0], 1);
    add(&t->by_time[bucket], 1);
    add(&t->sum_us, us);
}

void metrics_count(Counter counter, uint64_t more)
{
    add(&counters[counter], more);
}

void metrics_gauge(Gauge gauge, int64_t change)
{
    atomic_fetch_add_explicit(&gauges[gauge], change, memory_order_relaxed);
}

void metrics_gauge_set(Gauge gauge, int64_t value)
{
    atomic_store_explicit(&gauges[gauge], value, memory_order_relaxed);
}

int64_t metrics_gauge_value(Gauge gauge)
{
    return atomic_load_explicit(&gauges[gauge], memory_order_relaxed);
}

static void put_head(Buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static void put_gauge(Buf *out, const char *name, const char *help, uint64_t value)
{
    put_head(out, name, "gauge", help);
    buf_printf(out, "%s %llu\n", name, (unsigned long long)value);
}

static void put_counter(Buf *out, const char *name, const char *help, uint64_t value)
{
    put_head(out, name, "counter", help);
    buf_printf(out, "%s_total %llu\n", name, (unsigned long long)value);
}

static uint64_t calls_of(Tally *t)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < STATUS_CLASSES; i++)
        sum += get(&t->by_class[i]);
    return sum;
}

static Str kind_name(Interaction kind)
{
    return kind == INTERACTION_NONE ? STR("other") : interaction_name(kind);
}

static void put_calls(Buf *out)
{
    put_head(out, "hale_calls", "counter", "Calls answered, by interaction and status.");
    for (Interaction kind = 0; kind < INTERACTIONS; kind++) {
        for (unsigned class = 0; class < STATUS_CLASSES; class ++) {
            uint64_t n = get(&tallies[kind].by_class[class]);

            if (n)
                buf_printf(out, "hale_calls_total{interaction=\"%.*s\",status=\"%uxx\"} %llu\n",
                           STR_ARG(kind_name(kind)), class, (unsigned long long)n);
        }
    }
}

/* Buckets are cumulative, as OpenMetrics wants them. */
static void put_times_of(Buf *out, Interaction kind)
{
    Tally   *t = &tallies[kind];
    Str      name = kind_name(kind);
    uint64_t sum = 0;

    if (calls_of(t) == 0)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        sum += get(&t->by_time[i]);
        if (i < COUNT(bucket_us))
            buf_printf(out, "hale_call_seconds_bucket{interaction=\"%.*s\",le=\"%g\"} %llu\n",
                       STR_ARG(name), bucket_us[i] / 1e6, (unsigned long long)sum);
        else
            buf_printf(out, "hale_call_seconds_bucket{interaction=\"%.*s\",le=\"+Inf\"} %llu\n",
                       STR_ARG(name), (unsigned long long)sum);
    }
    buf_printf(out, "hale_call_seconds_count{interaction=\"%.*s\"} %llu\n", STR_ARG(name),
               (unsigned long long)sum);
    buf_printf(out, "hale_call_seconds_sum{interaction=\"%.*s\"} %.6f\n", STR_ARG(name),
               (double)get(&t->sum_us) / 1e6);
}

/* The second word of /proc/self/statm, in pages. */
static uint64_t resident_bytes(void)
{
    FILE    *file = fopen("/proc/self/statm", "re");
    char     line[128];
    Str      rest, word = { 0 };
    uint64_t pages = 0;

    if (!file)
        return 0;
    if (fgets(line, sizeof line, file)) {
        rest = str_from(line);
        str_next(&rest, ' ', &word);
        str_next(&rest, ' ', &word);
        str_to_u64(word, &pages);
    }
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void put_store(Buf *out, const StoreFacts *f)
{
    put_counter(out, "hale_writer_commits", "Group commits.", f->commits);
    put_counter(out, "hale_writer_changes", "Changes committed.", f->changes);
    put_gauge(out, "hale_writer_batch_max", "Most items in one commit since the start.",
              f->batch_max);
    put_gauge(out, "hale_writer_queue_length", "Items waiting for the writer.",
              f->queue_length);
    put_counter(out, "hale_checkpoints", "Checkpoints of the write-ahead log.", f->checkpoints);
    put_gauge(out, "hale_database_bytes", "Size of the database files.", f->bytes);
    put_gauge(out, "hale_database_resources", "Resources that are there now.", f->resources);
    put_gauge(out, "hale_database_versions", "Versions kept.", f->versions);
    put_gauge(out, "hale_database_full", "1 if the last write found no room.", f->disk_full);
    put_gauge(out, "hale_search_parameters",
              "The practice's own search parameters in force, by types.", f->custom_params);
    put_gauge(out, "hale_search_parameters_making",
              "Those of them that cannot be searched by yet.", f->custom_making);
    put_gauge(out, "hale_search_parameters_percent",
              "How far the last of them is with what was there before it.", f->custom_percent);
    put_gauge(out, "hale_index_stale", "1 if hale reindex is due.", f->index_stale);
}

void metrics_write(Buf *out, const StoreFacts *facts)
{
    put_calls(out);
    put_head(out, "hale_call_seconds", "histogram", "Time from a whole request to its answer.");
    for (Interaction kind = 0; kind < INTERACTIONS; kind++)
        put_times_of(out, kind);
    for (size_t i = 0; i < GAUGES; i++) {
        int64_t value = metrics_gauge_value((Gauge)i);

        put_gauge(out, gauge_names[i].name, gauge_names[i].help,
                  value > 0 ? (uint64_t)value : 0);
    }
    for (size_t i = 0; i < COUNTERS; i++)
        put_counter(out, counter_names[i].name, counter_names[i].help, get(&counters[i]));
    if (facts)
        put_store(out, facts);
    put_gauge(out, "process_resident_memory_bytes", "Resident memory.", resident_bytes());
    buf_put(out, STR("# EOF\n"));
}
