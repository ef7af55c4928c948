/*
 * The pages of a search: see store_search_page(). Each page is made anew from where the one before
 * it ended. What is unchanged since the search began comes from the index, what has changed from
 * the log; the two are brought into one order.
 */
#include <stdlib.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "store/search_link.h"
#include "store/search_past.h"
#include "store/search_sql.h"
#include "store/search_walk.h"
#include "store/words_index.h"

typedef struct Paging {
    Call         *call;
    Session      *session;
    const Permit *permit;
    const Search *search;
    const Query  *first; /* of the queries: what it says of pages holds for all */
    SearchPlan   *plans;
    Place         place;
    Matches       past;
    Matches       found;
    uint32_t      most;
    bool          more;   /* than the page holds, in its direction */
    bool          walked; /* not all that matches was found, only what is near */
} Paging;

/* ---- gathering ---- */

static int compare(const void *a, const void *b)
{
    return match_compare(a, b);
}

/* Nothing need be left out where nothing has changed since. */
static uint64_t unpinned(const Paging *p)
{
    return p->session->newest > p->place.pinned ? p->place.pinned : UINT64_MAX;
}

static Range range_of(const Paging *p, bool from_place)
{
    Range range = { .rid = INT64_MAX, .pinned = unpinned(p) };

    if (!from_place)
        return range;
    range.back = p->place.back;
    if (p->place.type)
        range.rid = p->place.rid;
    else if (range.back)
        range.rid = -1;
    return range;
}

/* Whether a match lies on the far side of where the page begins. */
static bool is_beyond(const Paging *p, const Match *match, const Match *border)
{
    int order;

    if (!p->place.type)
        return true;
    order = match_compare(match, border);
    return p->place.back ? order < 0 : order > 0;
}

/* In the order of rids each query gives as many as the page may need, and no more. */
static Fail gather_in_order(Paging *p)
{
    Match border = { .query = p->first, .rid = p->place.rid };

    for (uint32_t i = 0; i < p->search->count; i++) {
        SqlText sql;

        if (p->plans[i].start == START_NOWHERE)
            continue;
        sql = search_in_order(p->call->arena, &p->plans[i], range_of(p, true), p->most + 1);
        TRY(search_collect(p->call, p->session->db, &sql, &p->search->queries[i], false,
                           &p->found));
    }
    for (size_t i = 0; i < p->past.count; i++)
        if (is_beyond(p, &p->past.at[i], &border))
            matches_add(p->call->arena, &p->found, p->past.at[i]);
    return OK;
}

static bool is_read(const Shape *shape)
{
    for (uint32_t i = 0; i < shape->sort_count; i++)
        if (!order_is_column(&shape->sort[i]))
            return true;
    return false;
}

static Fail check_sorted(const Paging *p, bool read)
{
    if (p->found.count > LIMIT_SORTED)
        return fail(p->call, FAIL_TOO_COSTLY, STR("_sort"),
                    "more than %d matches to be sorted (LIMIT_SORTED); narrow the search",
                    LIMIT_SORTED);
    if (read && p->found.count > LIMIT_SORTED_READ)
        return fail(p->call, FAIL_TOO_COSTLY, STR("_sort"),
                    "more than %d matches to be sorted by such a parameter "
                    "(LIMIT_SORTED_READ); narrow the search",
                    LIMIT_SORTED_READ);
    return OK;
}

/* All, so that they can be sorted; if that is much, the nearest in the order of the key's rows. */
static Fail gather_unchanged(Paging *p, uint32_t i, const Match *border)
{
    const Query *query = &p->search->queries[i];
    SearchPlan  *plan = &p->plans[i];
    Session     *s = p->session;
    size_t       from = p->found.count;
    bool         read = is_read(&query->shape), much;
    SqlText      sql;

    TRY(walk_is_due(p->call, s, plan, query, range_of(p, false), &much));
    if (much) {
        WalkFrom begin = { p->place.type ? border : NULL, p->place.back, unpinned(p) };

        p->walked = true;
        TRY(walk_collect(p->call, s, plan, query, begin, p->most + 1, &p->found));
        return check_sorted(p, read);
    }
    sql = search_to_sort(p->call->arena, s->store, plan, &query->shape, range_of(p, false),
                         LIMIT_SORTED + 1);
    TRY(search_collect(p->call, s->db, &sql, query, true, &p->found));
    TRY(check_sorted(p, read));
    if (!read)
        return OK;
    return order_read(p->call, s, plan->view, false, p->found.at + from, p->found.count - from);
}

static Fail gather_one_to_sort(Paging *p, uint32_t i, const Match *border)
{
    const Query *query = &p->search->queries[i];
    size_t       past;

    if (p->plans[i].start == START_NOWHERE)
        return OK;
    TRY(gather_unchanged(p, i, border));
    past = p->found.count;
    for (size_t k = 0; k < p->past.count; k++)
        if (p->past.at[k].query == query)
            matches_add(p->call->arena, &p->found, p->past.at[k]);
    return order_read(p->call, p->session, p->plans[i].view, true, p->found.at + past,
                      p->found.count - past);
}

/* The match at which the page begins, with its values as they were. */
static Fail read_border(Paging *p, Match *border)
{
    *border = (Match){ .query = p->first, .rid = p->place.rid, .seq = p->place.seq };
    if (!p->place.type)
        return OK;
    for (uint32_t i = 0; i < p->search->count; i++)
        if (p->search->queries[i].type == p->place.type) {
            border->query = &p->search->queries[i];
            return order_read(p->call, p->session, p->plans[i].view, true, border, 1);
        }
    return fail(p->call, FAIL_VALUE, STR("_page"), "not a page of this search");
}

static Fail gather_to_sort(Paging *p, uint64_t *total)
{
    size_t kept = 0;
    Match  border;

    TRY(read_border(p, &border));
    for (uint32_t i = 0; i < p->search->count; i++)
        TRY(gather_one_to_sort(p, i, &border));
    *total = p->walked ? UINT64_MAX : p->found.count;
    for (size_t i = 0; i < p->found.count; i++)
        if (is_beyond(p, &p->found.at[i], &border))
            p->found.at[kept++] = p->found.at[i];
    p->found.count = kept;
    return OK;
}

/* ---- the page ---- */

static void cut(Paging *p)
{
    if (p->found.count)
        qsort(p->found.at, p->found.count, sizeof *p->found.at, compare);
    p->more = p->found.count > p->most;
    if (!p->more)
        return;
    if (p->place.back)
        p->found.at += p->found.count - p->most;
    p->found.count = p->most;
}

static Fail read_versions(Paging *p, SearchPage *page)
{
    Session   *s = p->session;
    VersionRow row;
    bool       found;

    page->versions = NEW_ARRAY(p->call->arena, Version, p->found.count + 1);
    for (size_t i = 0; i < p->found.count; i++) {
        const Match *match = &p->found.at[i];

        TRY(version_at(p->call, s->db, s->store->bodies,
                       scope_view(p->permit, match->query->type), match->seq, true, &row,
                       &found));
        if (!found)
            continue;
        TRY(version_show(p->call, s->store, p->permit, !match->past, &row.version));
        page->versions[page->count++] = row.version;
    }
    return OK;
}

static Str link_to(const Paging *p, bool back, const Match *match)
{
    Place place = { .pinned = p->place.pinned, .back = back };

    if (match) {
        place.type = match->query->type;
        place.rid = match->rid;
        place.seq = match->seq;
    }
    return link_make(p->call, p->session->store, p->permit, p->search->said, &place);
}

static void make_links(const Paging *p, SearchPage *page)
{
    bool begun = p->place.type != 0, back = p->place.back;
    bool before = back ? p->more : begun, after = back ? begun : p->more;

    if (p->found.count == 0 || (!before && !after))
        return;
    if (after)
        page->next = link_to(p, false, &p->found.at[p->found.count - 1]);
    if (before)
        page->previous = link_to(p, true, &p->found.at[0]);
    page->first = link_to(p, false, NULL);
    page->last = link_to(p, true, NULL);
}

static Fail count_all(Paging *p, bool exact, uint64_t *total)
{
    Db *db = p->session->db;

    *total = p->past.count;
    for (uint32_t i = 0; i < p->search->count; i++) {
        const SearchPlan *plan = &p->plans[i];
        uint64_t          count;

        if (exact)
            TRY(search_count(p->call, db, plan, range_of(p, false), &count));
        else
            TRY(search_estimate(p->call, db, plan, &p->search->queries[i], range_of(p, false),
                                &count));
        *total += count;
    }
    return OK;
}

static Fail make_plans(Paging *p)
{
    Session *s = p->session;
    bool     changed = s->newest > p->place.pinned;

    p->plans = NEW_ARRAY(p->call->arena, SearchPlan, p->search->count + 1);
    for (uint32_t i = 0; i < p->search->count; i++) {
        const Query *query = &p->search->queries[i];

        TRY(plan_make(p->call, s->store, s->db, scope_view(p->permit, query->type), query,
                      &p->plans[i]));
        if (changed && p->plans[i].start != START_NOWHERE)
            TRY(past_find(p->call, s, p->permit, &p->plans[i], query, p->place.pinned,
                          &p->past));
    }
    return OK;
}

static Fail make_page(Paging *p, SearchPage *out)
{
    SearchPage page = { .total = UINT64_MAX };
    bool       exact = p->first->total_accurate || p->first->count_only;
    bool       counted = exact || p->first->total_estimate;
    uint64_t   sorted = UINT64_MAX;

    TRY(make_plans(p));
    if (!p->first->count_only) {
        if (p->first->shape.sort_count)
            TRY(gather_to_sort(p, &sorted));
        else
            TRY(gather_in_order(p));
        cut(p);
        TRY(read_versions(p, &page));
        make_links(p, &page);
    }
    if (counted && sorted != UINT64_MAX)
        page.total = sorted;
    else if (counted)
        TRY(count_all(p, exact, &page.total));
    *out = page;
    return OK;
}

Fail store_search_page(Call *c, Session *s, const Permit *permit, const Search *search,
                       SearchPage *out)
{
    Paging p = { .call = c,
                 .session = s,
                 .permit = permit,
                 .search = search,
                 .first = &search->queries[0],
                 .place.pinned = store_newest_seq(s->store) };
    Fail   result;

    if (search->count == 0) {
        *out = (SearchPage){ 0 };
        return OK;
    }
    p.most = p.first->page_count < LIMIT_COUNT ? p.first->page_count : LIMIT_COUNT;
    if (p.first->cursor.len)
        TRY(link_read(c, s->store, permit, search->said, p.first->cursor, &p.place));
    TRY(words_reach(c, s, search, p.place.pinned));
    TRY(session_enter(c, s, permit));
    result = make_page(&p, out);
    session_leave(s);
    return result;
}

Fail store_search(Call *c, Session *s, const Permit *permit, const Query *query,
                  SearchPage *out)
{
    Search search = { .queries = query, .count = 1, .said = query->applied };

    return store_search_page(c, s, permit, &search, out);
}
