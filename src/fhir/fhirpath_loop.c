/* The loops of FHIRPath: bodies that run for each item, and iif(). Frames hold what is under way. */
#include <stdlib.h>

#include "base/ensure.h"
#include "fhir/fhirpath_machine.h"

static Fail push_frame(PathMachine *m, PathFrame **out)
{
    PathFrame *f;

    ENSURE(m->frame_count <= m->program->depth);
    f = &m->frames[m->frame_count];
    *f = (PathFrame){ .index = path_frame(m)->index };
    m->frame_count++;
    *out = f;
    return OK;
}

static void take_totals(PathMachine *m, PathFrame *f)
{
    PathSpan   total = path_pop_span(m);
    PathValue *kept = NEW_ARRAY(m->call->arena, PathValue, total.count);

    memcpy(kept, &m->values[total.from], total.count * sizeof *kept);
    m->count = total.from;
    f->totals = kept;
    f->total = (PathSpan){ 0, total.count };
}

static Fail note_trace(PathMachine *m, Str name, uint32_t from, uint32_t count)
{
    PathTrace *trace = NEW(m->call->arena, PathTrace);
    PathValue *kept = NEW_ARRAY(m->call->arena, PathValue, count);

    memcpy(kept, &m->values[from], count * sizeof *kept);
    *trace = (PathTrace){ .name = name, .values = { kept, count } };
    *m->traces_end = trace;
    m->traces_end = &trace->next;
    return OK;
}

/* A value of one sort key, or nothing; an order for those that cannot be told apart is theirs. */
typedef struct SortItem {
    PathMachine *machine;
    PathFrame   *frame;
    uint32_t     place;
} SortItem;

static int compare_items(const void *a, const void *b)
{
    const SortItem *x = a, *y = b;
    PathFrame      *f = x->frame;

    for (uint32_t i = 0; i < f->kept; i++) {
        const PathValue *v = &f->keys[x->place * f->kept + i],
                        *w = &f->keys[y->place * f->kept + i];
        Order order = ORDER_EQUAL;
        bool  none = v->kind == PATH_KINDS, other = w->kind == PATH_KINDS;

        if (none || other)
            order = none == other ? ORDER_EQUAL : none ? ORDER_LESS : ORDER_MORE;
        else if (path_order(x->machine, *v, *w, &order) != OK || order == ORDER_UNKNOWN)
            order = ORDER_EQUAL;
        if (order != ORDER_EQUAL)
            return f->downwards >> (i & 63) & 1 ? -(int)order : (int)order;
    }
    return x->place < y->place ? -1 : 1;
}

static Fail end_sort(PathMachine *m, PathFrame *f)
{
    uint32_t   count = f->items.count, noted = m->call->issue_count;
    SortItem  *order = NEW_ARRAY(m->call->arena, SortItem, count);
    PathValue *items = NEW_ARRAY(m->call->arena, PathValue, count);

    TRY(path_work(m, (uint64_t)count * 16));
    memcpy(items, &m->values[f->items.from], count * sizeof *items);
    for (uint32_t i = 0; i < count; i++)
        order[i] = (SortItem){ m, f, i };
    qsort(order, count, sizeof *order, compare_items);
    if (m->call->issue_count > noted)
        return FAIL_UNPROCESSABLE;
    for (uint32_t i = 0; i < count; i++)
        m->values[f->items.from + i] = items[order[i].place];
    m->count = f->items.from + count;
    return OK;
}

/* The loop has gone through all items: its result takes their place. */
static Fail end_loop(PathMachine *m, uint32_t *next)
{
    PathFrame *f = path_frame(m);
    uint32_t   from = f->items.from;

    *next = f->end;
    m->frame_count--;
    switch (f->loop) {
    case LOOP_WHERE: m->count = from + f->kept; break;
    case LOOP_SELECT: path_settle(m, from, from + f->items.count); break;
    case LOOP_REPEAT: path_settle(m, from, from + f->kept); break;
    case LOOP_ALL:
    case LOOP_EXISTS:
        m->count = from;
        path_give(m, path_truth(f->loop == LOOP_ALL));
        break;
    case LOOP_AGGREGATE:
        m->count = from;
        for (uint32_t i = 0; i < f->total.count; i++)
            path_give(m, f->totals[i]);
        break;
    case LOOP_TRACE:
        TRY(note_trace(m, f->name, from + f->items.count, m->count - from - f->items.count));
        m->count = from + f->items.count;
        break;
    case LOOP_SORT: TRY(end_sort(m, f)); break;
    default: ENSURE(false && "a loop");
    }
    path_push_span(m, from);
    return OK;
}

/* Goes to the body for the next item, or ends the loop. */
static Fail go_on(PathMachine *m, uint32_t body, uint32_t *next)
{
    PathFrame *f = path_frame(m);

    if (f->index >= f->items.count)
        return end_loop(m, next);
    f->item = m->values[f->items.from + (uint32_t)f->index];
    f->depth = m->depth;
    *next = body;
    return path_work(m, 1);
}

Fail path_run_loop(PathMachine *m, uint32_t at, uint32_t *next)
{
    PathFrame *f;
    Str        name = { 0 };
    bool       there = true;

    if (m->step->count == LOOP_TRACE) {
        TRY(path_one_string(m, path_top_span(m), &name, &there));
        path_drop_span(m);
    }
    TRY(push_frame(m, &f));
    f->loop = m->step->count;
    f->items = path_pop_span(m);
    f->index = 0;
    f->name = name;
    f->end = m->step->to;
    f->kept = f->loop == LOOP_REPEAT ? f->items.count : 0;
    if (f->loop == LOOP_AGGREGATE && m->step->flag) {
        f->starting = true;
        *next = m->step->to;
        return OK;
    }
    return go_on(m, at + 1, next);
}

Fail path_run_key(PathMachine *m)
{
    PathFrame *f = path_frame(m);
    PathSpan   key = path_pop_span(m);
    PathValue  v = { .kind = PATH_KINDS };
    uint32_t   number = f->total.count; /* keys read of this item */

    if (key.count > 1)
        return path_fail(m, "a key of sort() is a single value");
    if (key.count)
        v = path_plain(m->call, m->values[key.from]);
    m->count = key.from;
    if (f->index == 0) {
        f->keys =
            arena_grow(m->call->arena, f->keys, number * sizeof v, (number + 1) * sizeof v);
        f->kept = number + 1;
        if (m->step->flag)
            f->downwards |= (uint64_t)1 << (number & 63);
    }
    f->keys[(uint32_t)f->index * f->kept + number] = v;
    f->total.count++;
    return OK;
}

/* After the first item it is known how many keys there are. */
static void next_sort_item(PathMachine *m, PathFrame *f)
{
    if (f->index == 0)
        f->keys = arena_grow(m->call->arena, f->keys, f->kept * sizeof *f->keys,
                             (size_t)f->kept * f->items.count * sizeof *f->keys);
    f->total.count = 0;
}

static bool seen_node(const PathMachine *m, PathValue v, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        if (m->values[i].kind == PATH_NODE && m->values[i].node == v.node
            && m->values[i].tree == v.tree)
            return true;
    return false;
}

/* Adds what the body of repeat() gave to what it goes through, but for what is there. */
static Fail take_repeated(PathMachine *m, PathFrame *f, PathSpan body)
{
    uint32_t kept = body.from;

    for (uint32_t i = 0; i < body.count; i++) {
        PathValue v = m->values[body.from + i];
        uint32_t  from = f->items.from + f->kept;
        bool      there;

        TRY(path_work(m, 1 + (kept - from) / 8));
        if (v.kind == PATH_NODE)
            there = seen_node(m, v, from, kept);
        else
            TRY(path_among(m, v, from, kept - from, &there));
        if (!there)
            m->values[kept++] = v;
    }
    m->count = kept;
    f->items.count = kept - f->items.from;
    return OK;
}

static Fail judge(PathMachine *m, PathFrame *f, bool *ended)
{
    bool truth, there;

    TRY(path_one_truth(m, path_top_span(m), &truth, &there));
    path_drop_span(m);
    truth = there && truth;
    if (f->loop == LOOP_WHERE && truth)
        m->values[f->items.from + f->kept++] = f->item;
    *ended = (f->loop == LOOP_ALL && !truth) || (f->loop == LOOP_EXISTS && truth);
    return OK;
}

Fail path_run_next(PathMachine *m, uint32_t *next)
{
    PathFrame *f = path_frame(m);
    bool       ended = false;

    switch (f->loop) {
    case LOOP_WHERE:
    case LOOP_ALL:
    case LOOP_EXISTS: TRY(judge(m, f, &ended)); break;
    case LOOP_SELECT:
    case LOOP_TRACE: path_pop_span(m); break;
    case LOOP_REPEAT: TRY(take_repeated(m, f, path_pop_span(m))); break;
    case LOOP_AGGREGATE: take_totals(m, f); break;
    default: next_sort_item(m, f);
    }
    if (ended) {
        *next = f->end;
        m->count = f->items.from;
        m->frame_count--;
        path_push_value(m, path_truth(f->loop == LOOP_EXISTS));
        return OK;
    }
    f->index++;
    return go_on(m, m->step->to, next);
}

Fail path_run_iif(PathMachine *m)
{
    PathSpan   a = path_pop_span(m);
    PathFrame *f;

    if (a.count > 1)
        return path_fail(m, "iif() is asked of a single item");
    TRY(push_frame(m, &f));
    f->loop = LOOP_IIF;
    f->items = a;
    f->whole = a.count == 0;
    if (a.count)
        f->item = m->values[a.from];
    return OK;
}

Fail path_run_unless(PathMachine *m, uint32_t *next)
{
    PathSpan  a = *path_top_span(m);
    PathValue v;

    if (a.count > 1)
        return path_fail(m, "the condition of iif() is a single boolean");
    v = a.count ? path_plain(m->call, m->values[a.from]) : path_truth(false);
    if (v.kind != PATH_BOOLEAN)
        return path_fail(m, "the condition of iif() is a boolean");
    path_drop_span(m);
    if (!v.truth)
        *next = m->step->to;
    return OK;
}

/* The start value of aggregate() is there. */
Fail path_run_begin(PathMachine *m, uint32_t at, uint32_t *next)
{
    PathFrame *f = path_frame(m);

    take_totals(m, f);
    f->end = at + 1;
    f->starting = false;
    return go_on(m, m->step->to, next);
}

void path_run_end_iif(PathMachine *m)
{
    PathSpan   result = path_pop_span(m);
    PathFrame *f = path_frame(m);

    path_settle(m, f->items.from, result.from);
    m->frame_count--;
    path_push_span(m, f->items.from);
}
