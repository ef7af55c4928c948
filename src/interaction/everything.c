/*
 * Patient/[id]/$everything: the compartment, and beside it what its resources refer to that is
 * nobody's record (practitioners, places, medications, devices …). Each page brings the
 * supporting resources its own entries need. Patient/$everything: the same of every patient the
 * caller may see, always in pages. R4 operation-patient-everything.html
 */
#include "base/limits.h"
#include "fhir/index.h"
#include "fhir/reference.h"
#include "interaction/listing.h"
#include "interaction/met.h"

enum { ROUND = 500 }; /* resources taken from the store at a time when no page is asked for */

typedef struct Wanted {
    CompartmentQuery query;
    TypeSet          types;
    bool             paged, by_type, by_date;
    Moment           dates; /* the care dates asked for */
    Buf              said;
} Wanted;

static Fail take_count(Call *c, Str name, Str value, void *into)
{
    Wanted *wanted = into;

    TRY(param_count(c, name, value, &wanted->query.count));
    if (wanted->query.count == 0)
        return fail(c, FAIL_VALUE, name, "A page has at least one resource");
    wanted->paged = true;
    return OK;
}

static Fail take_since(Call *c, Str name, Str value, void *into)
{
    Wanted *wanted = into;
    Moment  moment;

    TRY(param_moment(c, name, value, &moment));
    wanted->query.since_us = moment.low;
    return OK;
}

static Fail take_start(Call *c, Str name, Str value, void *into)
{
    Wanted *wanted = into;
    Moment  moment;

    TRY(param_moment(c, name, value, &moment));
    wanted->dates.low = moment.low;
    wanted->by_date = true;
    return OK;
}

static Fail take_end(Call *c, Str name, Str value, void *into)
{
    Wanted *wanted = into;
    Moment  moment;

    TRY(param_moment(c, name, value, &moment));
    wanted->dates.high = moment.high;
    wanted->by_date = true;
    return OK;
}

static Fail take_types(Call *c, Str name, Str value, void *into)
{
    Wanted *wanted = into;
    Str     rest = value, type_text;

    while (str_next(&rest, ',', &type_text)) {
        TypeId type = type_find(type_text);

        if (!type_is_resource(type))
            return fail(c, FAIL_VALUE, name, "There is no resource type %.*s in R4",
                        STR_ARG(type_text));
        type_set_add(&wanted->types, type);
    }
    wanted->by_type = true;
    return OK;
}

/* "812", or of all patients "90.812": behind place 812, in the record of patient 90. */
static Fail take_page(Call *c, Str name, Str value, void *into)
{
    Wanted *wanted = into;
    Str     patient, after = value;

    if ((str_cut(value, '.', &patient, &after)
         && (!str_to_u64(patient, &wanted->query.after_patient)
             || wanted->query.after_patient > INT64_MAX))
        || !str_to_u64(after, &wanted->query.after) || wanted->query.after > INT64_MAX)
        return fail(c, FAIL_VALUE, name, "This is not a page of ours");
    return OK;
}

static const ParamRow param_rows[] = {
    { STR_INIT("start"), take_start },  { STR_INIT("end"), take_end },
    { STR_INIT("_since"), take_since }, { STR_INIT("_type"), take_types },
    { STR_INIT("_count"), take_count }, { STR_INIT("_page"), take_page, true },
};

/* ---- supporting resources ---- */

typedef struct Gathering {
    Session      *session;
    const Turn   *turn;
    const Wanted *wanted;
    Answer       *answer;
    Listing       listing;
    MetSet        seen;
    Met          *wished; /* in the order they were met */
    size_t        wished_count, wished_room;
} Gathering;

static bool is_supporting(TypeId type)
{
    const CompartmentRule *rule = compartment_rule(type);

    return type != TYPE_PATIENT && (!rule || rule->count == 0);
}

static void wish(Call *c, Gathering *g, TypeId type, Str id)
{
    if (!is_supporting(type) || (g->wanted->by_type && !type_set_has(&g->wanted->types, type))
        || !met_first(c, &g->seen, type, id))
        return;
    if (g->wished_count == g->wished_room) {
        size_t room = g->wished_room ? g->wished_room * 2 : 64;

        g->wished = arena_grow(c->arena, g->wished, g->wished_room * sizeof *g->wished,
                               room * sizeof *g->wished);
        g->wished_room = room;
    }
    g->wished[g->wished_count++] = (Met){ type, arena_str(c->arena, id) };
}

/* In the stored text, which has no white space outside strings and escapes quotes inside them,
 * a reference can be nothing but `"reference":"…"`: so it need not be parsed. */
static void wish_references(Call *c, Gathering *g, Str body)
{
    const Str key = STR("\"reference\":\"");

    for (ptrdiff_t at; (at = str_find(body, key)) >= 0;) {
        Str       text;
        Reference reference;

        body = str_skip(body, (size_t)at + key.len);
        if (!str_cut(body, '"', &text, &body))
            return;
        reference = reference_parse(text, g->turn->asked->base);
        if (reference.form == REFERENCE_LOCAL)
            wish(c, g, reference.type, reference.id);
    }
}

/* Whether any of the dates it is found by touches the time asked for; what has no date does. */
static bool in_time(const Wanted *wanted, const IndexRows *rows)
{
    bool dated = false;

    for (uint32_t i = 0; i < rows->count; i++) {
        const IndexRow *row = &rows->rows[i];

        if (row->kind != ROW_DATE || search_param_at(row->param)->code.at[0] == '_')
            continue;
        dated = true;
        if (row->moment.low < wanted->dates.high && row->moment.high > wanted->dates.low)
            return true;
    }
    return !dated;
}

static Fail put(Call *c, Gathering *g, const Version *version, Str mode)
{
    listing_entry(&g->listing, version->type, version->id, version->body);
    listing_search_mode(&g->listing, mode);
    listing_end_entry(&g->listing);
    return answer_touch(c, g->session, g->answer, version, 1);
}

/* The same for a stored version; the memory it takes is given back. */
static Fail version_in_time(Call *c, const Gathering *g, const Version *version, bool *keep)
{
    ReadOptions options = { .values_max = UINT32_MAX, .trusted = true };
    ArenaMark   mark = arena_mark(c->arena);
    Resource    resource;
    IndexRows   rows;

    TRY(resource_read(c, version->body, &options, &resource));
    TRY(index_derive(c, &resource, g->turn->asked->base, &rows));
    *keep = in_time(g->wanted, &rows);
    arena_rewind(c->arena, mark);
    return OK;
}

static Fail take_in(Call *c, Gathering *g, const Version *version)
{
    bool keep = true;

    if (!met_first(c, &g->seen, version->type,
                   version->id)) /* it lies in two records of this page */
        return OK;
    if (g->wanted->by_date && version->type != TYPE_PATIENT)
        TRY(version_in_time(c, g, version, &keep));
    if (keep) {
        TRY(put(c, g, version, STR("match")));
        wish_references(c, g, version->body);
    }
    return OK;
}

/* What may not be read, is gone or is not there is left out without a word. */
static Fail take_in_wished(Call *c, Gathering *g)
{
    for (size_t i = 0; i < g->wished_count; i++) {
        uint32_t issues = c->issue_count;
        Met      one = g->wished[i];
        Permit   permit;
        Version  version;
        Fail     result = access_permit(c, g->turn->principal, DEED_READ, one.type, &permit);

        if (result == OK)
            result = store_read(c, g->session, &permit, one.type, one.id, &version);
        if (result == OK && !version.deleted && version.at_us >= g->wanted->query.since_us)
            result = put(c, g, &version, STR("include"));
        if (result == FAIL_FORBIDDEN || result == FAIL_NOT_FOUND)
            call_forget_issues(c, issues);
        else
            TRY(result);
    }
    return OK;
}

static void put_links(Listing *l, Call *c, const Turn *turn, const Wanted *wanted,
                      const CompartmentPage *page)
{
    bool one = turn->asked->id.len > 0;
    Str  path =
        one ? arena_printf(c->arena, "Patient/%.*s/$everything", STR_ARG(turn->asked->id))
             : STR("Patient/$everything");
    Str next;

    listing_link(l, STR("self"), params_address(c, path, &wanted->said, (Str){ 0 }));
    if (!wanted->paged || !page->more)
        return;
    next = one ? arena_printf(c->arena, "%llu", (unsigned long long)page->next)
               : arena_printf(c->arena, "%llu.%llu", (unsigned long long)page->next_patient,
                              (unsigned long long)page->next);
    listing_link(l, STR("next"), params_address(c, path, &wanted->said, next));
}

/* Read and search are both needed for each type that goes out (SC-5); others are left out. */
static Fail permit_everything(Call *c, const Turn *turn, Permit *out)
{
    Permit search;

    TRY(access_permit(c, turn->principal, DEED_SEARCH, TYPE_PATIENT, &search));
    *out = access_both(c, &turn->permit, &search);
    return OK;
}

/* FAIL_NOT_FOUND, FAIL_GONE for a patient that is named and is not there to be seen. */
static Fail check_patient(Call *c, Session *s, const Permit *permit, Str id)
{
    Version patient;

    if (id.len == 0)
        return OK;
    TRY(store_read(c, s, permit, TYPE_PATIENT, id, &patient));
    if (patient.deleted)
        return fail(c, FAIL_GONE, (Str){ 0 }, "Patient/%.*s was deleted", STR_ARG(id));
    return OK;
}

static Fail take_pages(Call *c, Gathering *g, Wanted *wanted, const Permit *permit)
{
    CompartmentPage page;

    TRY(store_compartment(c, g->session, permit, &wanted->query, &page));
    put_links(&g->listing, c, g->turn, wanted, &page);
    for (;;) {
        for (size_t i = 0; i < page.count; i++)
            TRY(take_in(c, g, &page.versions[i]));
        if (wanted->paged || !page.more)
            return OK;
        wanted->query.after = page.next;
        TRY(store_compartment(c, g->session, permit, &wanted->query, &page));
    }
}

Fail everything_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    const Asked *asked = turn->asked;
    bool         one = asked->id.len > 0;
    Wanted       wanted = { .query = { .patient = asked->id,
                                       .count = one ? ROUND : LIMIT_COUNT_DEFAULT },
                            .paged = !one,
                            .dates = { MOMENT_MIN, MOMENT_MAX },
                            .said = buf_new(c->arena, 128) };
    Gathering    g = { .session = s, .turn = turn, .wanted = &wanted, .answer = answer };
    Permit       permit;

    g.seen = met_none();
    TRY(params_take_operation(c, asked, param_rows, COUNT(param_rows), &wanted, &wanted.said));
    TRY(permit_everything(c, turn, &permit));
    TRY(check_patient(c, s, &permit, asked->id));
    wanted.query.types = wanted.by_type ? &wanted.types : NULL;
    g.listing = listing_begin(c->arena, asked->base, STR("searchset"), UINT64_MAX, 64 * 1024);
    TRY(take_pages(c, &g, &wanted, &permit));
    TRY(take_in_wished(c, &g));
    answer->status = 200;
    if (one)
        answer->patient = asked->id;
    answer->rows = g.listing.entries;
    answer->body = listing_end(&g.listing);
    return OK;
}
