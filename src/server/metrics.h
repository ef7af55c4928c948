/*
 * What the process counts about itself, and the OpenMetrics text of it. No name or label says
 * anything about a patient: labels are interactions and classes of status.
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "base/buf.h"
#include "interaction/interaction.h"

typedef enum Gauge {
    GAUGE_CONNECTIONS,  /* open now */
    GAUGE_QUEUED,       /* calls waiting for a worker now */
    GAUGE_UNDER_WAY,    /* calls begun and not yet sent */
    GAUGE_BODY_BYTES,   /* of request bodies being received now */
    GAUGE_REINDEX_DONE, /* versions a reindex has been through … */
    GAUGE_REINDEX_ALL,  /* … of so many; 0 when none is under way */
    GAUGES
} Gauge;

typedef enum Counter {
    COUNTER_REFUSED_BUSY,  /* answered 503 because a queue was full */
    COUNTER_REFUSED_EARLY, /* refused while their headers or body came in */
    COUNTER_CUT_SLOW,      /* connections closed because the client was too slow */
    COUNTER_BYTES_OUT,     /* of answers' bodies */
    COUNTER_LONG,          /* calls that went over to the slow lane */
    COUNTERS
} Counter;

/* One call was answered. */
void metrics_call(Interaction kind, int status, uint64_t us);

void    metrics_count(Counter counter, uint64_t more);
void    metrics_gauge(Gauge gauge, int64_t change);
void    metrics_gauge_set(Gauge gauge, int64_t value);
int64_t metrics_gauge_value(Gauge gauge);

/* Adds the whole text, with what the store says of itself. */
void metrics_write(Buf *out, const StoreFacts *facts);

#endif
