/* search of one type, by GET or by POST _search. R4 http.html#search */
#include "fhir/search.h"

#include "fhir/outcome.h"
#include "interaction/listing.h"
#include "interaction/search_include.h"
#include "interaction/subset.h"

/* The parameters of the address and of a form in the body count alike (SRCH-37). */
static Fail query_text(Call *c, const Asked *asked, Str *out)
{
    Buf text;

    *out = asked->query;
    if (asked->method != HTTP_POST || asked->body.len == 0)
        return OK;
    if (!str_equal_ascii_nocase(asked->body_type, STR("application/x-www-form-urlencoded")))
        return fail(c, FAIL_MEDIA_TYPE, STR("Content-Type"),
                    "A search is posted as application/x-www-form-urlencoded");
    text = buf_new(c->arena, asked->query.len + asked->body.len + 1);
    buf_put(&text, asked->query);
    if (asked->query.len > 0)
        buf_put_char(&text, '&');
    buf_put(&text, asked->body);
    *out = buf_str(&text);
    return OK;
}

static void put_links(Listing *l, Call *c, const Asked *asked, const Query *query, Str next)
{
    Str name = type_name(asked->type);
    Buf address = buf_new(c->arena, query->applied.len + 128);

    buf_put(&address, name);
    if (query->applied.len > 0)
        buf_printf(&address, "?%.*s", STR_ARG(query->applied));
    listing_link(l, STR("self"), buf_str(&address));
    if (next.len == 0)
        return;
    buf_printf(&address, "%c_page=%.*s", query->applied.len ? '&' : '?', STR_ARG(next));
    listing_link(l, STR("next"), buf_str(&address));
}

static Fail put_entries(Call *c, Listing *l, const Subset *subset, const Version *versions,
                        size_t count, Str mode)
{
    for (size_t i = 0; i < count; i++) {
        const Version *version = &versions[i];
        Str            body;

        TRY(subset_take(c, subset, version->type, version->body, &body));
        listing_entry(l, version->type, version->id, body);
        listing_search_mode(l, mode);
        listing_end_entry(l);
    }
    return OK;
}

Fail search_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    const Asked *asked = turn->asked;
    QueryOptions options = { .lenient = asked->lenient, .base = asked->base };
    uint32_t     issues = c->issue_count;
    Subset       subset;
    SearchPage   page;
    Included     included;
    size_t       bytes = 0;
    Query        query;
    Listing      l;
    Str          text;

    TRY(query_text(c, asked, &text));
    TRY(query_parse(c, asked->type, text, &options, &query));
    TRY(subset_read(c, text, &subset));
    TRY(store_search(c, s, &turn->permit, &query, &page));
    TRY(search_include(c, s, turn, &query.shape, page.versions, page.count, &included));
    for (size_t i = 0; i < page.count; i++)
        bytes += page.versions[i].body.len + 256;
    for (size_t i = 0; i < included.count; i++)
        bytes += included.versions[i].body.len + 256;
    l = listing_begin(c->arena, asked->base, STR("searchset"), page.total, bytes);
    put_links(&l, c, asked, &query, page.next);
    TRY(put_entries(c, &l, &subset, page.versions, page.count, STR("match")));
    TRY(put_entries(c, &l, &subset, included.versions, included.count, STR("include")));
    if (c->issue_count > issues)
        listing_outcome(&l, outcome_of(c, OK, issues));
    answer->status = 200;
    answer->rows = (uint32_t)(page.count + included.count);
    answer->body = listing_end(&l);
    return OK;
}
