/*
 * history of a resource, a type or the whole system, newest first. The first page pins the
 * newest place in the log, so that later pages do not shift. R4 http.html#history
 */
#include "base/limits.h"
#include "interaction/listing.h"

typedef struct Wanted {
    HistoryQuery query;
    Buf          said; /* parameters for the links, without the page */
} Wanted;

static Fail take_count(Call *c, Str name, Str value, void *into)
{
    Wanted *wanted = into;

    return param_count(c, name, value, &wanted->query.count);
}

static Fail take_since(Call *c, Str name, Str value, void *into)
{
    Wanted *wanted = into;
    Moment  moment;

    TRY(param_moment(c, name, value, &moment));
    wanted->query.since_us = moment.low;
    return OK;
}

static Fail take_at(Call *c, Str name, Str value, void *into)
{
    Wanted *wanted = into;
    Moment  moment;

    TRY(param_moment(c, name, value, &moment));
    wanted->query.at_low_us = moment.low;
    wanted->query.at_high_us = moment.high;
    return OK;
}

/* "812.90": only what is older than place 812, seen from place 90. */
static Fail take_page(Call *c, Str name, Str value, void *into)
{
    Wanted *wanted = into;
    Str     before, pinned;

    if (!str_cut(value, '.', &before, &pinned) || !str_to_u64(before, &wanted->query.before_seq)
        || !str_to_u64(pinned, &wanted->query.pinned_seq))
        return fail(c, FAIL_VALUE, name, "This is not a page of ours");
    return OK;
}

static const ParamRow param_rows[] = {
    { STR_INIT("_count"), take_count },
    { STR_INIT("_since"), take_since },
    { STR_INIT("_at"), take_at },
    { STR_INIT("_page"), take_page, true },
};

static Str page_text(Call *c, uint64_t before_seq, uint64_t pinned_seq)
{
    return arena_printf(c->arena, "%llu.%llu", (unsigned long long)before_seq,
                        (unsigned long long)pinned_seq);
}

static void put_links(Listing *l, Call *c, const Asked *asked, const Wanted *wanted,
                      const VersionPage *page)
{
    const HistoryQuery *query = &wanted->query;
    Buf                 path = buf_new(c->arena, 128);
    Str                 here = { 0 };

    if (asked->type)
        buf_printf(&path, "%.*s/", STR_ARG(type_name(asked->type)));
    if (asked->id.len > 0)
        buf_printf(&path, "%.*s/", STR_ARG(asked->id));
    buf_put(&path, STR("_history"));
    if (query->before_seq)
        here = page_text(c, query->before_seq, query->pinned_seq);
    listing_link(l, STR("self"), params_address(c, buf_str(&path), &wanted->said, here));
    if (!page->more || page->count == 0)
        return;
    here = page_text(c, page->versions[page->count - 1].seq, page->pinned_seq);
    listing_link(l, STR("next"), params_address(c, buf_str(&path), &wanted->said, here));
}

Fail history_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    const Asked *asked = turn->asked;
    Wanted       wanted = {
              .query = { .type = asked->type, .id = asked->id, .count = LIMIT_COUNT_DEFAULT },
              .said = buf_new(c->arena, 128)
    };
    VersionPage page;
    Listing     l;
    size_t      bytes = 0;

    TRY(params_take_said(c, asked, param_rows, COUNT(param_rows), &wanted, &wanted.said));
    TRY(store_history(c, s, &turn->permit, &wanted.query, &page));
    for (size_t i = 0; i < page.count; i++)
        bytes += page.versions[i].body.len + 512;
    l = listing_begin(c->arena, asked->base, STR("history"), page.total, bytes);
    put_links(&l, c, asked, &wanted, &page);
    for (size_t i = 0; i < page.count; i++) {
        listing_entry(&l, page.versions[i].type, page.versions[i].id, page.versions[i].body);
        listing_changed(&l, &page.versions[i]);
        listing_end_entry(&l);
    }
    TRY(answer_touch(c, s, answer, page.versions, page.count));
    answer->status = 200;
    answer->rows = l.entries;
    answer->body = listing_end(&l);
    return OK;
}
