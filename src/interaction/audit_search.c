/*
 * AuditEvent: read and search. The events are made of the log's records as they are asked for; what
 * the cheap look at a record cannot rule out is made and matched like any resource. Behind them come
 * those from elsewhere, which are stored (ADR 0022).
 */
#include "base/limits.h"
#include "fhir/index.h"
#include "fhir/outcome.h"
#include "interaction/audit_look.h"
#include "interaction/listing.h"
#include "interaction/match.h"
#include "interaction/search.h"
#include "interaction/subset.h"

typedef struct Found {
    Str id, text;
} Found;

typedef struct Searching {
    AuditLooking looking; /* first: what the callbacks are given */
    Query        query;
    Subset       subset;
    Found       *found;
    uint32_t     count, most;
    uint64_t     total;
    bool         counts; /* all are counted; else it ends with the page */
    bool         more;
    uint64_t     next_place; /* where the page ended */
    uint32_t     next_part;
    SearchPage   stored;     /* those from elsewhere on this page */
    bool         stored_too; /* there are some, on the next page */
} Searching;

/* What the cursors of pages of those begin with. */
static const Str stored_pages = STR_INIT("stored.");

/* ---- the cheap look ---- */

static bool names_patient(const ClauseValue *value, const AuditRecord *r,
                          const AuditActor *actor)
{
    if (value->type && value->type != TYPE_PATIENT)
        return false;
    return audit_concerns(r, value->text)
           || (str_starts(actor->linked, STR("Patient/"))
               && str_equal(str_skip(actor->linked, 8), value->text));
}

static bool may_patient(const Clause *clause, const AuditRecord *r, const AuditActor *actor)
{
    for (uint32_t i = 0; i < clause->count; i++)
        if (names_patient(&clause->values[i], r, actor))
            return true;
    return false;
}

static bool may_date(const Clause *clause, const AuditRecord *r, const AuditActor *actor)
{
    (void)actor;
    for (uint32_t i = 0; i < clause->count; i++)
        if (match_moment(&clause->values[i], (Moment){ r->at_us, r->at_us + 1 }))
            return true;
    return false;
}

static bool may_code(const Clause *clause, Str code)
{
    for (uint32_t i = 0; i < clause->count; i++)
        if (!clause->values[i].has_code || str_equal(clause->values[i].text, code))
            return true;
    return false;
}

static bool may_action(const Clause *clause, const AuditRecord *r, const AuditActor *actor)
{
    char action = audit_event_action(r);

    (void)actor;
    return may_code(clause, (Str){ &action, 1 });
}

static bool may_outcome(const Clause *clause, const AuditRecord *r, const AuditActor *actor)
{
    (void)actor;
    return may_code(clause, audit_event_outcome(r));
}

static bool may_entity(const Clause *clause, const AuditRecord *r, const AuditActor *actor)
{
    (void)actor;
    for (uint32_t i = 0; i < clause->count; i++)
        if (str_equal(clause->values[i].text, r->id)
            || audit_concerns(r, clause->values[i].text))
            return true;
    return false;
}

/* Each says no only where the event could not match. */
static const struct Glance {
    Str name;
    bool (*may)(const Clause *clause, const AuditRecord *r, const AuditActor *actor);
} glances[] = {
    { STR_INIT("patient"), may_patient }, { STR_INIT("date"), may_date },
    { STR_INIT("action"), may_action },   { STR_INIT("outcome"), may_outcome },
    { STR_INIT("entity"), may_entity },
};

static bool may_match(const Clause *clause, const AuditRecord *r, const AuditActor *actor)
{
    for (size_t i = 0; clause->modifier == MODIFIER_NONE && i < COUNT(glances); i++)
        if (str_equal(clause->param->code, glances[i].name))
            return glances[i].may(clause, r, actor);
    return true;
}

static Fail wants(AuditLooking *looking, const AuditRecord *record, bool *wanted)
{
    Searching        *x = (Searching *)looking;
    const AuditActor *actor;

    TRY(audit_look_actor(looking->look, record->grant, &actor));
    for (uint32_t i = 0; *wanted && i < x->query.clause_count; i++)
        *wanted = may_match(&x->query.clauses[i], record, actor);
    return OK;
}

/* ---- the whole ---- */

static Fail matches(Searching *x, const AuditEvent *event, Str text, bool *match)
{
    Call       *c = x->looking.look->call;
    ReadOptions options = { .expected = TYPE_AUDIT_EVENT,
                            .values_max = LIMIT_JSON_NODES,
                            .trusted = true };
    Resource    resource;
    IndexRows   rows;

    *match = true;
    if (x->query.clause_count == 0)
        return OK;
    TRY(resource_read(c, text, &options, &resource));
    TRY(index_derive(c, &resource, event->base, &rows));
    *match = match_rows(&x->query, resource.id, &rows);
    return OK;
}

static Fail keep(Searching *x, const AuditEvent *event, Str text)
{
    Arena *kept = x->looking.look->kept;
    Str    part;

    TRY(subset_take(x->looking.look->call, &x->subset, TYPE_AUDIT_EVENT, text, &part));
    x->found[x->count].text = arena_str(kept, part);
    x->found[x->count++].id = audit_event_id(kept, event->place, event->part);
    x->next_place = event->place;
    x->next_part = event->part;
    return OK;
}

static Fail take(AuditLooking *looking, const AuditEvent *event, bool *go_on)
{
    Searching *x = (Searching *)looking;
    Str        text = audit_event_text(looking->look->call->arena, event);
    bool       match;

    TRY(matches(x, event, text, &match));
    if (!match)
        return OK;
    x->total++;
    if (x->count < x->most)
        return keep(x, event, text);
    x->more = x->more || x->most > 0;
    *go_on = x->counts;
    return OK;
}

/* ---- what is asked ---- */

static Fail refuse(Call *c, const char *name)
{
    return fail(c, FAIL_NOT_SUPPORTED, str_from(name),
                "AuditEvents cannot be searched that way");
}

static Fail check_query(Call *c, Searching *x)
{
    const Query *query = &x->query;

    if (query->shape.include_count)
        return refuse(c, "_include");
    if (query->shape.sort_count > 1
        || (query->shape.sort_count
            && !str_equal(query->shape.sort[0].param->code, STR("date"))))
        return refuse(c, "_sort");
    x->looking.up = query->shape.sort_count && !query->shape.sort[0].descending;
    for (uint32_t i = 0; i < query->clause_count; i++)
        if (!match_understands(&query->clauses[i]))
            return fail(c, FAIL_NOT_SUPPORTED, query->clauses[i].param->code,
                        "AuditEvents cannot be searched that way");
    return OK;
}

/* "812.2": behind the second part of record 812. */
static Fail take_cursor(Call *c, Searching *x)
{
    Str      place = x->query.cursor, part = { 0 };
    uint64_t number = 0;

    if (x->query.cursor.len == 0 || str_starts(x->query.cursor, stored_pages))
        return OK;
    if (!str_cut(x->query.cursor, '.', &place, &part) || !str_to_u64(place, &x->looking.place)
        || !str_to_u64(part, &number) || number > UINT32_MAX || x->looking.place == 0
        || x->looking.place > INT64_MAX)
        return fail(c, FAIL_VALUE, STR("_page"), "This is not a page of ours");
    x->looking.part = (uint32_t)number;
    return OK;
}

/* That somebody looked for one patient's events concerns that patient. */
static Str patient_asked(const Query *query)
{
    for (uint32_t i = 0; i < query->clause_count; i++)
        if (str_equal(query->clauses[i].param->code, STR("patient"))
            && query->clauses[i].count == 1)
            return query->clauses[i].values[0].text;
    return (Str){ 0 };
}

static void put_links(Call *c, Listing *l, const Searching *x)
{
    Str address = STR("AuditEvent"), page = x->query.cursor;
    Buf said = buf_new(c->arena, x->query.applied.len + 1);

    buf_put(&said, x->query.applied);
    listing_link(l, STR("self"), params_address(c, address, &said, page));
    if (x->more)
        page =
            arena_printf(c->arena, "%llu.%u", (unsigned long long)x->next_place, x->next_part);
    else if (x->stored.next.len || x->stored_too)
        page =
            arena_printf(c->arena, "%.*s%.*s", STR_ARG(stored_pages), STR_ARG(x->stored.next));
    else
        return;
    listing_link(l, STR("next"), params_address(c, address, &said, page));
}

static Fail put_answer(Call *c, const Searching *x, uint32_t issues, Answer *answer)
{
    Str     base = x->looking.look->base;
    Listing l = listing_begin(c->arena, base, STR("searchset"),
                              x->counts ? x->total : UINT64_MAX, x->count * 3000);

    put_links(c, &l, x);
    for (uint32_t i = 0; i < x->count; i++) {
        listing_entry(&l, TYPE_AUDIT_EVENT, x->found[i].id, x->found[i].text);
        listing_search_mode(&l, STR("match"));
        listing_end_entry(&l);
    }
    TRY(search_put_entries(c, &l, &x->subset, x->stored.versions, x->stored.count,
                           STR("match")));
    if (c->issue_count > issues)
        listing_outcome(&l, outcome_of(c, OK, issues));
    answer->status = 200;
    answer->rows = x->count + (uint32_t)x->stored.count;
    answer->body = listing_end(&l);
    return OK;
}

/* ---- those from elsewhere ---- */

static Fail search_stored(Call *c, Session *s, const Turn *turn, Str text, const Searching *x,
                          SearchPage *out)
{
    uint32_t issues = c->issue_count;
    bool     begun = str_starts(x->query.cursor, stored_pages);
    Search   search;
    Query    query;

    TRY(search_read(c, s, turn, text, &search));
    call_forget_issues(c, issues); /* they were told of the log's own */
    query = search.queries[0];
    query.cursor = begun ? str_skip(x->query.cursor, stored_pages.len) : (Str){ 0 };
    if (x->count && !x->query.count_only)
        query.page_count = 1; /* whether there are any */
    search.queries = &query;
    return store_search_page(c, s, &turn->permit, &search, out);
}

/* They begin on a page of their own. */
static Fail take_stored(Call *c, Session *s, const Turn *turn, Str text, Searching *x)
{
    SearchPage page;

    if (x->more && !x->counts)
        return OK;
    TRY(search_stored(c, s, turn, text, x, &page));
    if (x->counts && page.total != UINT64_MAX)
        x->total += page.total;
    if (x->count || x->query.count_only)
        x->stored_too = !x->query.count_only && page.count > 0;
    else
        x->stored = page;
    return OK;
}

Fail audit_search_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    QueryOptions options = { .lenient = turn->asked->lenient, .base = turn->asked->base };
    uint32_t     issues = c->issue_count;
    AuditLook    look;
    Searching   *x = NEW(c->arena, Searching);
    Str          text, patient;

    TRY(search_text(c, turn->asked, &text));
    TRY(query_parse(c, TYPE_AUDIT_EVENT, text, &options, &x->query));
    TRY(subset_read(c, text, &x->subset));
    TRY(check_query(c, x));
    TRY(take_cursor(c, x));
    patient = patient_asked(&x->query);
    if (patient.len)
        answer->patient = patient;
    TRY(audit_look_begin(c, s, turn, &look));
    x->looking.look = &look;
    x->looking.wants = wants;
    x->looking.take = take;
    x->most = x->query.count_only ? 0 : x->query.page_count;
    x->counts = x->query.count_only || (x->query.total_accurate && !x->query.cursor.len);
    x->found = NEW_ARRAY(look.kept, Found, x->most + 1);
    if (!str_starts(x->query.cursor, stored_pages))
        TRY(audit_look_through(&x->looking));
    TRY(take_stored(c, s, turn, text, x));
    TRY(answer_touch(c, s, answer, x->stored.versions, x->stored.count));
    return put_answer(c, x, issues, answer);
}

/* ---- read ---- */

typedef struct Reading {
    AuditLooking looking;
    uint64_t     place;
    uint32_t     part;
    Str          text;
} Reading;

static Fail take_one(AuditLooking *looking, const AuditEvent *event, bool *go_on)
{
    Reading *x = (Reading *)looking;

    *go_on = event->place == x->place && event->part < x->part;
    if (event->place == x->place && event->part == x->part)
        x->text =
            arena_str(looking->look->kept, audit_event_text(looking->look->call->arena, event));
    return OK;
}

Fail audit_read_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    AuditLook look;
    Reading   x = { .looking = { .up = true, .take = take_one } };

    if (!audit_id_read(turn->asked->id, &x.place, &x.part))
        return not_found(c, TYPE_AUDIT_EVENT, turn->asked->id);
    TRY(audit_look_begin(c, s, turn, &look));
    x.looking.look = &look;
    x.looking.place = x.looking.until = x.place;
    TRY(audit_look_through(&x.looking));
    if (x.text.len == 0)
        return not_found(c, TYPE_AUDIT_EVENT, turn->asked->id);
    answer->status = 200;
    answer->version = 1;
    answer->body = x.text;
    answer->rows = 1;
    return answer_put_part(c, turn->asked, answer);
}
