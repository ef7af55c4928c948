/* Functions on collections: existence, filtering, subsetting, combining, tree. N1 5.1 to 5.4, 5.8 */
#include "fhir/fhirpath_machine.h"

static Fail give_all(PathMachine *m, const PathSpan *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        path_give(m, path_at(m, a, i));
    return OK;
}

static Fail is_empty(PathMachine *m, const PathSpan *a)
{
    path_give(m, path_truth(a[0].count == 0));
    return OK;
}

static Fail exists(PathMachine *m, const PathSpan *a)
{
    path_give(m, path_truth(a[0].count > 0));
    return OK;
}

static Fail count_all(PathMachine *m, const PathSpan *a)
{
    path_give(m, path_integer(a[0].count));
    return OK;
}

/* not(): N1 6.5; a single item that is no boolean is true. */
static Fail not_so(PathMachine *m, const PathSpan *a)
{
    bool truth, there;

    TRY(path_one_truth(m, a, &truth, &there));
    if (there)
        path_give(m, path_truth(!truth));
    return OK;
}

/* Whether all, or any, are `wanted`; every item must be a boolean. */
static Fail judge(PathMachine *m, const PathSpan *a, bool wanted, bool all)
{
    bool result = all;

    for (uint32_t i = 0; i < a->count; i++) {
        PathValue v = path_plain(m->call, path_at(m, a, i));

        if (v.kind != PATH_BOOLEAN)
            return path_fail(m, "booleans are needed");
        if ((v.truth == wanted) != all)
            result = !all;
    }
    path_give(m, path_truth(result));
    return OK;
}

static Fail all_true(PathMachine *m, const PathSpan *a)
{
    return judge(m, a, true, true);
}

static Fail any_true(PathMachine *m, const PathSpan *a)
{
    return judge(m, a, true, false);
}

static Fail all_false(PathMachine *m, const PathSpan *a)
{
    return judge(m, a, false, true);
}

static Fail any_false(PathMachine *m, const PathSpan *a)
{
    return judge(m, a, false, false);
}

static Fail is_subset(PathMachine *m, const PathSpan *small, const PathSpan *large)
{
    bool there = true;

    for (uint32_t i = 0; there && i < small->count; i++)
        TRY(path_among(m, path_at(m, small, i), large->from, large->count, &there));
    path_give(m, path_truth(there));
    return OK;
}

static Fail subset_of(PathMachine *m, const PathSpan *a)
{
    return is_subset(m, &a[0], &a[1]);
}

static Fail superset_of(PathMachine *m, const PathSpan *a)
{
    return is_subset(m, &a[1], &a[0]);
}

/* Those that are not there yet. */
static Fail give_distinct(PathMachine *m, const PathSpan *a, uint32_t mark)
{
    for (uint32_t i = 0; i < a->count; i++) {
        PathValue v = path_at(m, a, i);
        bool      there;

        TRY(path_among(m, v, mark, m->count - mark, &there));
        if (!there)
            path_give(m, v);
    }
    return OK;
}

static Fail distinct(PathMachine *m, const PathSpan *a)
{
    return give_distinct(m, a, m->count);
}

static Fail is_distinct(PathMachine *m, const PathSpan *a)
{
    uint32_t mark = m->count, found;

    TRY(give_distinct(m, a, mark));
    found = m->count - mark;
    m->count = mark;
    path_give(m, path_truth(found == a->count));
    return OK;
}

/* --- subsetting -------------------------------------------------------------------------- */

static Fail single(PathMachine *m, const PathSpan *a)
{
    if (a->count > 1)
        return path_fail(m, "single() finds %u values", a->count);
    return give_all(m, a);
}

static void give_slice(PathMachine *m, const PathSpan *a, int64_t from, int64_t to)
{
    for (int64_t i = from < 0 ? 0 : from; i < to && i < a->count; i++)
        path_give(m, path_at(m, a, (uint32_t)i));
}

static Fail first(PathMachine *m, const PathSpan *a)
{
    give_slice(m, a, 0, 1);
    return OK;
}

static Fail last(PathMachine *m, const PathSpan *a)
{
    give_slice(m, a, (int64_t)a->count - 1, a->count);
    return OK;
}

static Fail tail(PathMachine *m, const PathSpan *a)
{
    give_slice(m, a, 1, a->count);
    return OK;
}

static Fail skip(PathMachine *m, const PathSpan *a)
{
    int64_t number;
    bool    there;

    TRY(path_one_integer(m, &a[1], &number, &there));
    give_slice(m, a, there ? number : 0, a->count);
    return OK;
}

static Fail take(PathMachine *m, const PathSpan *a)
{
    int64_t number;
    bool    there;

    TRY(path_one_integer(m, &a[1], &number, &there));
    if (there)
        give_slice(m, a, 0, number);
    return OK;
}

/* Those of the focus that are, or are not, among the argument. */
static Fail give_shared(PathMachine *m, const PathSpan *a, bool shared, uint32_t mark)
{
    for (uint32_t i = 0; i < a[0].count; i++) {
        PathValue v = path_at(m, &a[0], i);
        bool      there, again = false;

        TRY(path_among(m, v, a[1].from, a[1].count, &there));
        if (shared && there)
            TRY(path_among(m, v, mark, m->count - mark, &again));
        if (there == shared && !again)
            path_give(m, v);
    }
    return OK;
}

static Fail intersect(PathMachine *m, const PathSpan *a)
{
    return give_shared(m, a, true, m->count);
}

static Fail exclude(PathMachine *m, const PathSpan *a)
{
    return give_shared(m, a, false, m->count);
}

static Fail unite(PathMachine *m, const PathSpan *a)
{
    uint32_t mark = m->count;

    TRY(give_distinct(m, &a[0], mark));
    return give_distinct(m, &a[1], mark);
}

static Fail combine(PathMachine *m, const PathSpan *a)
{
    TRY(give_all(m, &a[0]));
    return give_all(m, &a[1]);
}

/* --- tree -------------------------------------------------------------------------------- */

static Fail children(PathMachine *m, const PathSpan *a)
{
    for (uint32_t i = 0; i < a->count; i++) {
        PathValue v = path_at(m, a, i);

        if (v.kind != PATH_NODE)
            continue;
        for (uint32_t n = v.tree->nodes[v.node].first; n; n = v.tree->nodes[n].next)
            path_give(m, path_node(v.tree, n));
        TRY(path_work(m, 1));
    }
    return OK;
}

/* Children, their children and so on: level by level, as repeat(children()) has them. */
static Fail descendants(PathMachine *m, const PathSpan *a)
{
    uint32_t mark = m->count;

    TRY(children(m, a));
    for (uint32_t i = mark; i < m->count; i++) {
        PathValue v = m->values[i];

        for (uint32_t n = v.tree->nodes[v.node].first; n; n = v.tree->nodes[n].next)
            path_give(m, path_node(v.tree, n));
        TRY(path_work(m, 1));
    }
    return OK;
}

/* --- utility ----------------------------------------------------------------------------- */

static Fail trace(PathMachine *m, const PathSpan *a)
{
    PathTrace *note = NEW(m->call->arena, PathTrace);
    PathValue *kept = NEW_ARRAY(m->call->arena, PathValue, a[0].count);
    bool       there;

    TRY(path_one_string(m, &a[1], &note->name, &there));
    memcpy(kept, &m->values[a[0].from], a[0].count * sizeof *kept);
    note->values = (PathValues){ kept, a[0].count };
    *m->traces_end = note;
    m->traces_end = &note->next;
    return give_all(m, a);
}

static Fail give_now(PathMachine *m, PathKind kind, TimeForm form)
{
    path_give(
        m, (PathValue){ .kind = (uint8_t)kind, .time = path_time_of(m->call->now_us, form) });
    return OK;
}

static Fail now(PathMachine *m, const PathSpan *a)
{
    (void)a;
    return give_now(m, PATH_DATE_TIME, TIME_DATE_TIME);
}

static Fail today(PathMachine *m, const PathSpan *a)
{
    (void)a;
    return give_now(m, PATH_DATE, TIME_DATE);
}

static Fail time_of_day(PathMachine *m, const PathSpan *a)
{
    (void)a;
    return give_now(m, PATH_TIME, TIME_CLOCK);
}

/* sort() without keys: by the items themselves. Insertion keeps equals in their order. */
static Fail sort(PathMachine *m, const PathSpan *a)
{
    uint32_t mark = m->count;

    TRY(give_all(m, a));
    for (uint32_t i = mark + 1; i < m->count; i++) {
        PathValue v = m->values[i];
        uint32_t  at = i;
        Order     order;

        while (at > mark) {
            TRY(path_work(m, 1));
            TRY(path_order(m, m->values[at - 1], v, &order));
            if (order != ORDER_MORE)
                break;
            m->values[at] = m->values[at - 1];
            at--;
        }
        m->values[at] = v;
    }
    return OK;
}

const PathFunction path_functions_set[] = {
    { STR_INIT("empty"), 0, 0, LOOP_NONE, is_empty },
    { STR_INIT("exists"), 0, 1, LOOP_EXISTS, exists },
    { STR_INIT("all"), 1, 1, LOOP_ALL, NULL },
    { STR_INIT("allTrue"), 0, 0, LOOP_NONE, all_true },
    { STR_INIT("anyTrue"), 0, 0, LOOP_NONE, any_true },
    { STR_INIT("allFalse"), 0, 0, LOOP_NONE, all_false },
    { STR_INIT("anyFalse"), 0, 0, LOOP_NONE, any_false },
    { STR_INIT("subsetOf"), 1, 1, LOOP_NONE, subset_of },
    { STR_INIT("supersetOf"), 1, 1, LOOP_NONE, superset_of },
    { STR_INIT("count"), 0, 0, LOOP_NONE, count_all },
    { STR_INIT("distinct"), 0, 0, LOOP_NONE, distinct },
    { STR_INIT("isDistinct"), 0, 0, LOOP_NONE, is_distinct },
    { STR_INIT("where"), 1, 1, LOOP_WHERE, NULL },
    { STR_INIT("select"), 1, 1, LOOP_SELECT, NULL },
    { STR_INIT("repeat"), 1, 1, LOOP_REPEAT, NULL },
    { STR_INIT("aggregate"), 1, 2, LOOP_AGGREGATE, NULL },
    { STR_INIT("sort"), 0, PATH_ARGUMENTS_MAX, LOOP_SORT, sort },
    { STR_INIT("iif"), 2, 3, LOOP_IIF, NULL },
    { STR_INIT("trace"), 1, 2, LOOP_TRACE, trace },
    { STR_INIT("single"), 0, 0, LOOP_NONE, single },
    { STR_INIT("first"), 0, 0, LOOP_NONE, first },
    { STR_INIT("last"), 0, 0, LOOP_NONE, last },
    { STR_INIT("tail"), 0, 0, LOOP_NONE, tail },
    { STR_INIT("skip"), 1, 1, LOOP_NONE, skip },
    { STR_INIT("take"), 1, 1, LOOP_NONE, take },
    { STR_INIT("intersect"), 1, 1, LOOP_NONE, intersect },
    { STR_INIT("exclude"), 1, 1, LOOP_NONE, exclude },
    { STR_INIT("union"), 1, 1, LOOP_NONE, unite },
    { STR_INIT("combine"), 1, 1, LOOP_NONE, combine },
    { STR_INIT("children"), 0, 0, LOOP_NONE, children },
    { STR_INIT("descendants"), 0, 0, LOOP_NONE, descendants },
    { STR_INIT("not"), 0, 0, LOOP_NONE, not_so },
    { STR_INIT("now"), 0, 0, LOOP_NONE, now },
    { STR_INIT("today"), 0, 0, LOOP_NONE, today },
    { STR_INIT("timeOfDay"), 0, 0, LOOP_NONE, time_of_day },
    { { 0 }, 0, 0, LOOP_NONE, NULL },
};
