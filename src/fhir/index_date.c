/* Date parameters: everything is an interval. SRCH-02. */
#include "fhir/indexer.h"

static void add_moment(Indexing *x, const SearchParam *param, Moment moment)
{
    indexing_add(x, ROW_DATE, param->index)->moment = moment;
}

/* Without a start it is open to the past, without an end to the future. */
static bool period_moment(const Resource *r, uint32_t node, Moment *out)
{
    Moment start, end;
    bool   starts =
        moment_parse(node_child_text(r, node, STR("start")), MOMENT_DATE_TIME, &start);
    bool ends = moment_parse(node_child_text(r, node, STR("end")), MOMENT_DATE_TIME, &end);

    out->low = starts ? start.low : MOMENT_MIN;
    out->high = ends ? end.high : MOMENT_MAX;
    return starts || ends;
}

/* From the first to the last of its events and bounds; how often in between is not looked at. */
static bool timing_moment(const Resource *r, uint32_t node, Moment *out)
{
    uint32_t repeat = node_child(r, node, STR("repeat"));
    uint32_t bounds = repeat ? node_child(r, repeat, STR("bounds")) : 0;
    Moment   one;
    bool     any =
        bounds && node_at(r, bounds)->type == TYPE_PERIOD && period_moment(r, bounds, out);

    for (uint32_t at = node_child(r, node, STR("event")); at; at = node_next_same(r, at)) {
        if (!moment_parse(node_text(node_at(r, at)), MOMENT_DATE_TIME, &one))
            continue;
        if (!any || one.low < out->low)
            out->low = one.low;
        if (!any || one.high > out->high)
            out->high = one.high;
        any = true;
    }
    return any;
}

void index_date(Indexing *x, const SearchParam *param, uint32_t node)
{
    const Resource *r = x->resource;
    const Node     *n = node_at(r, node);
    Moment          moment = { 0 };
    bool            found;

    switch (n->type) {
    case TYPE_PERIOD: found = period_moment(r, node, &moment); break;
    case TYPE_TIMING: found = timing_moment(r, node, &moment); break;
    default: found = moment_parse(node_text(n), MOMENT_DATE_TIME, &moment);
    }
    if (found)
        add_moment(x, param, moment);
}
