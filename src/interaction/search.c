/*
 * search: of one type, of several or all, in a compartment; by GET or by POST _search.
 * R4 http.html#search, compartmentdefinition.html
 */
#include "interaction/search.h"

#include "base/limits.h"
#include "codec/url.h"
#include "fhir/outcome.h"
#include "interaction/listing.h"
#include "interaction/search_include.h"
#include "interaction/subset.h"

/* SRCH-37 */
Fail search_text(Call *c, const Asked *asked, Str *out)
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

/* ---- which types ---- */

typedef struct Wanted {
    TypeSet types;
    bool    named;     /* by _type, or in the address */
    Str     type_text; /* of _type, for the links */
    Str     text;      /* the other parameters */
    Query  *queries;
    size_t  count;
} Wanted;

static Fail take_types(Call *c, const Turn *turn, Str value, Wanted *wanted)
{
    Str rest = value, name;

    while (str_next(&rest, ',', &name)) {
        TypeId type = type_find(name);

        if (!type)
            return fail(c, FAIL_VALUE, STR("_type"), "There is no resource type %.*s in R4",
                        STR_ARG(str_slice(name, 0, 100)));
        if (!type_is_record(type))
            return fail(c, FAIL_NOT_SUPPORTED, STR("_type"),
                        "AuditEvents are searched at their own address");
        if (!type_set_has(&turn->permit.types, type))
            return fail(c, FAIL_FORBIDDEN, STR("_type"),
                        "The token does not allow its bearer to search for %.*s",
                        STR_ARG(type_name(type)));
        type_set_add(&wanted->types, type);
    }
    wanted->named = true;
    wanted->type_text = value;
    return OK;
}

/* Takes _type out of the parameters. */
static Fail split_types(Call *c, const Turn *turn, Str text, Wanted *wanted)
{
    Buf       rest = buf_new(c->arena, text.len + 64);
    UrlParam *params;
    size_t    count;

    TRY(url_params(c, text, &params, &count));
    for (size_t i = 0; i < count; i++) {
        if (str_equal(params[i].name, STR("_type")) && params[i].value.len > 0) {
            if (wanted->named)
                return fail(c, FAIL_VALUE, STR("_type"), "more than one _type");
            TRY(take_types(c, turn, params[i].value, wanted));
            continue;
        }
        if (rest.len)
            buf_put_char(&rest, '&');
        url_encode(&rest, params[i].name);
        buf_put_char(&rest, '=');
        url_encode(&rest, params[i].value);
    }
    wanted->text = buf_str(&rest);
    return OK;
}

static bool in_compartment(TypeId owner, TypeId type)
{
    const CompartmentRule *rule = compartment_rule_of(owner, type);

    return type == owner || (rule && rule->count > 0);
}

static bool is_wanted(const Turn *turn, const Wanted *wanted, TypeId type)
{
    if (turn->asked->type)
        return turn->asked->type == type;
    if (wanted->named && !type_set_has(&wanted->types, type))
        return false;
    return type_set_has(&turn->permit.types, type) && type_is_record(type)
           && (turn->asked->compartment.len == 0 || in_compartment(turn->asked->owner, type));
}

/* ---- queries ---- */

/* What is understood for one type must be so for all: a criterion that only some know would be
 * left out for the others. */
static Fail check_alike(Call *c, const Wanted *wanted)
{
    for (size_t i = 1; i < wanted->count; i++)
        if (!str_equal(wanted->queries[0].applied, wanted->queries[i].applied))
            return fail(c, FAIL_NOT_SUPPORTED, STR("_type"),
                        "a parameter that %.*s and %.*s do not share",
                        STR_ARG(type_name(wanted->queries[0].type)),
                        STR_ARG(type_name(wanted->queries[i].type)));
    return OK;
}

static Fail read_queries(Call *c, const Turn *turn, Wanted *wanted)
{
    QueryOptions options = { .lenient = turn->asked->lenient,
                             .base = turn->asked->base,
                             .hidden = turn->permit.masks };
    uint32_t     issues = c->issue_count;

    wanted->queries =
        NEW_ARRAY(c->arena, Query, turn->asked->type ? 1 : (size_t)RESOURCE_TYPES);
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++) {
        Query *query = &wanted->queries[wanted->count];

        if (!is_wanted(turn, wanted, type))
            continue;
        TRY(query_parse(c, type, wanted->text, &options, query));
        query->compartment = turn->asked->compartment;
        query->owner = turn->asked->owner;
        if (wanted->count++ == 0)
            issues = c->issue_count;
        call_forget_issues(c, issues); /* warnings are told once */
    }
    return check_alike(c, wanted);
}

static Fail read_wanted(Call *c, const Turn *turn, Str text, Wanted *wanted)
{
    *wanted = (Wanted){ .text = text };
    if (!turn->asked->type)
        TRY(split_types(c, turn, text, wanted));
    return read_queries(c, turn, wanted);
}

/* ---- the answer ---- */

/* The address below the base that says this search again, as it was understood (SRCH-35). */
static Str address_of(Call *c, const Asked *asked, const Wanted *wanted)
{
    Str applied = wanted->count ? wanted->queries[0].applied : (Str){ 0 };
    Buf address = buf_new(c->arena, applied.len + 256);

    if (asked->compartment.len)
        buf_printf(&address, "%.*s/%.*s/%s", STR_ARG(type_name(asked->owner)),
                   STR_ARG(asked->compartment), asked->type ? "" : "*");
    if (asked->type)
        buf_put(&address, type_name(asked->type));
    if (wanted->type_text.len) {
        buf_put(&address, STR("?_type="));
        url_encode(&address, wanted->type_text);
    }
    if (applied.len)
        buf_printf(&address, "%c%.*s", wanted->type_text.len ? '&' : '?', STR_ARG(applied));
    return buf_str(&address);
}

Fail search_read(Call *c, Session *s, const Turn *turn, Str text, Search *out)
{
    Wanted wanted;

    TRY(read_wanted(c, turn, text, &wanted));
    TRY(search_settle_codes(c, s, turn, wanted.queries, wanted.count));
    *out = (Search){ .queries = wanted.queries,
                     .count = (uint32_t)wanted.count,
                     .said = address_of(c, turn->asked, &wanted) };
    return OK;
}

static void put_links(Listing *l, Call *c, Str address, Str cursor, const SearchPage *page)
{
    const struct {
        Str relation, cursor;
    } links[] = {
        { STR("next"), page->next },
        { STR("previous"), page->previous },
        { STR("first"), page->first },
        { STR("last"), page->last },
    };
    char mark = memchr(address.at, '?', address.len) ? '&' : '?';

    if (cursor.len)
        listing_link(l, STR("self"),
                     arena_printf(c->arena, "%.*s%c_page=%.*s", STR_ARG(address), mark,
                                  STR_ARG(cursor)));
    else
        listing_link(l, STR("self"), address);
    for (size_t i = 0; i < COUNT(links); i++)
        if (links[i].cursor.len)
            listing_link(l, links[i].relation,
                         arena_printf(c->arena, "%.*s%c_page=%.*s", STR_ARG(address), mark,
                                      STR_ARG(links[i].cursor)));
}

Fail search_put_entries(Call *c, Listing *l, const Subset *subset, const Version *versions,
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

static size_t bytes_of(const Version *versions, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += versions[i].body.len + 256;
    return bytes;
}

Fail search_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    const Asked *asked = turn->asked;
    uint32_t     issues = c->issue_count;
    Search       search;
    SearchPage   page;
    Included     included = { 0 };
    Subset       subset;
    Listing      l;
    Str          text;

    TRY(search_text(c, asked, &text));
    TRY(search_read(c, s, turn, text, &search));
    TRY(subset_read(c, text, &subset));
    TRY(store_search_page(c, s, &turn->permit, &search, &page));
    if (search.count)
        TRY(search_include(c, s, turn, &search.queries[0].shape, page.versions, page.count,
                           &included));
    l = listing_begin(c->arena, asked->base, STR("searchset"), page.total,
                      bytes_of(page.versions, page.count)
                          + bytes_of(included.versions, included.count));
    put_links(&l, c, search.said, search.count ? search.queries[0].cursor : (Str){ 0 }, &page);
    TRY(search_put_entries(c, &l, &subset, page.versions, page.count, STR("match")));
    TRY(search_put_entries(c, &l, &subset, included.versions, included.count, STR("include")));
    if (c->issue_count > issues)
        listing_outcome(&l, outcome_of(c, OK, issues));
    TRY(answer_touch(c, s, answer, page.versions, page.count));
    TRY(answer_touch(c, s, answer, included.versions, included.count));
    answer->status = 200;
    answer->rows = (uint32_t)(page.count + included.count);
    answer->body = listing_end(&l);
    return OK;
}
