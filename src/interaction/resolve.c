/*
 * Who is who in a transaction: the ids its entries stand for, and where references lead.
 * A conditional reference may match what is stored or what the transaction itself makes;
 * together there must be exactly one. R4 http.html#trules
 */
#include "base/random.h"
#include "fhir/reference.h"
#include "interaction/match.h"
#include "interaction/transaction.h"

/* ---- a table of texts ---- */

typedef struct Slot {
    Str   text;
    void *thing;
} Slot;

typedef struct Table {
    Slot    *slots;
    size_t   room; /* a power of two */
    uint64_t seed; /* the texts are chosen by others */
} Table;

static Table table_new(Call *c, size_t count)
{
    Table t = { .room = 16 };

    while (t.room < count * 2)
        t.room *= 2;
    t.slots = NEW_ARRAY(c->arena, Slot, t.room);
    random_bytes(&t.seed, sizeof t.seed);
    return t;
}

static Slot *table_slot(Table *t, Str text)
{
    size_t at = str_hash_seeded(text, t->seed) & (t->room - 1);

    while (t->slots[at].thing && !str_equal(t->slots[at].text, text))
        at = (at + 1) & (t->room - 1);
    return &t->slots[at];
}

/* ---- ids ---- */

/* Two creates with the same criteria: the second finds what the first made. */
static Fail resolve_create(Call *c, Session *s, Entry *e, Table *creates)
{
    Slot *slot;
    Str   found, key;

    e->id = e->new_id;
    if (e->asked.if_none_exist.len == 0)
        return OK;
    TRY(change_condition(c, s, &e->step, e->asked.if_none_exist, &found));
    if (found.len > 0) {
        e->id = found;
        return OK;
    }
    key = arena_printf(c->arena, "%u?%.*s", e->asked.type, STR_ARG(e->asked.if_none_exist));
    slot = table_slot(creates, key);
    if (slot->thing) {
        e->same_as = slot->thing;
        e->id = e->same_as->id;
    } else {
        *slot = (Slot){ key, e };
    }
    return OK;
}

static Fail resolve_update(Call *c, Session *s, Entry *e)
{
    Str found;

    TRY(change_condition(c, s, &e->step, e->asked.query, &found));
    if (found.len > 0)
        e->id = found;
    else if (e->bundled->has_resource && e->bundled->resource.id.len > 0)
        e->id = e->bundled->resource.id;
    else
        e->id = e->new_id;
    return OK;
}

static Fail resolve_id(Call *c, Session *s, Entry *e, Table *creates)
{
    e->same_as = NULL;
    e->step = (Step){ .turn = e->turn,
                      .session = s,
                      .answer = { .type = e->asked.type, .id = e->asked.id },
                      .id = e->new_id };
    switch (e->row->kind) {
    case INTERACTION_CREATE: return resolve_create(c, s, e, creates);
    case INTERACTION_CONDITIONAL_UPDATE: return resolve_update(c, s, e);
    default: e->id = e->asked.id; return OK;
    }
}

/* ---- conditional references ---- */

typedef struct Wish {
    Str          text;
    const Entry *entry; /* the first that says it */
} Wish;

typedef struct Wishes {
    Call        *call;
    const Entry *entry;
    Table        seen;
    Wish        *wishes;
    size_t       count, room;
} Wishes;

static void note_wish(void *context, uint32_t node, Str text)
{
    Wishes *w = context;
    Slot   *slot;

    (void)node;
    if (w->count == w->room) {
        size_t room = w->room ? w->room * 2 : 64;
        Table  wider = table_new(w->call, room);

        w->wishes = arena_grow(w->call->arena, w->wishes, w->room * sizeof *w->wishes,
                               room * sizeof *w->wishes);
        w->room = room;
        for (size_t i = 0; i < w->count; i++)
            *table_slot(&wider, w->wishes[i].text) = (Slot){ w->wishes[i].text, w };
        w->seen = wider;
    }
    slot = table_slot(&w->seen, text);
    if (slot->thing)
        return;
    *slot = (Slot){ text, w };
    w->wishes[w->count++] = (Wish){ text, w->entry };
}

static bool makes(const Entry *e, TypeId type)
{
    return e->asked.type == type && e->bundled->has_resource && !e->same_as
           && (e->row->kind == INTERACTION_CREATE || e->row->kind == INTERACTION_UPDATE
               || e->row->kind == INTERACTION_CONDITIONAL_UPDATE)
           && !(e->row->kind == INTERACTION_CREATE && e->step.found.len > 0);
}

/* ---- what the transaction itself makes ---- */

/* The entries that say a value somewhere, later ones first. */
typedef struct Sayers {
    Entry         *entry;
    struct Sayers *next;
} Sayers;

static Fail derive_rows(Call *c, Entry *e)
{
    Resource resource = e->bundled->resource;

    if (e->has_rows)
        return OK;
    resource.id = e->id;
    TRY(index_derive(c, &resource, e->asked.base, &e->rows));
    e->has_rows = true;
    return OK;
}

static void note_sayer(Call *c, Table *values, Str text, Entry *e)
{
    Slot   *slot = table_slot(values, text);
    Sayers *first = slot->thing, *sayer;

    if (first && first->entry == e)
        return;
    sayer = NEW(c->arena, Sayers);
    *sayer = (Sayers){ e, first };
    *slot = (Slot){ text, sayer };
}

/* What the entries that make a type say as codes and identifiers. */
static Fail note_sayers(Call *c, Transaction *t, Table *values, TypeId type)
{
    size_t count = 0;

    for (uint32_t i = 0; i < t->count; i++) {
        if (!makes(&t->entries[i], type))
            continue;
        TRY(derive_rows(c, &t->entries[i]));
        count += t->entries[i].rows.count;
    }
    *values = table_new(c, count);
    for (uint32_t i = 0; i < t->count; i++) {
        Entry *e = &t->entries[i];

        for (uint32_t k = 0; makes(e, type) && k < e->rows.count; k++)
            if (e->rows.rows[k].kind == ROW_TOKEN || e->rows.rows[k].kind == ROW_IDENTIFIER)
                note_sayer(c, values, e->rows.rows[k].text, e);
    }
    return OK;
}

/* A clause that names one code or identifier; NULL if there is none. */
static const Clause *naming_clause(const Query *query)
{
    for (uint32_t i = 0; i < query->clause_count; i++) {
        const Clause *clause = &query->clauses[i];

        if (clause->param->type == SEARCH_TOKEN && clause->param->indexed
            && clause->modifier == MODIFIER_NONE && clause->count == 1
            && clause->values[0].has_code)
            return clause;
    }
    return NULL;
}

static void count_match(const Query *query, const Entry *e, Str *out, size_t *count)
{
    if (!match_rows(query, e->id, &e->rows))
        return;
    *out = e->id;
    (*count)++;
}

/* The resources of the transaction itself that the query finds. */
static Fail own_match(Call *c, Transaction *t, Table **sayers, const Query *query, Str *out,
                      size_t *count)
{
    const Clause *naming = naming_clause(query);
    Table        *values = sayers[query->type];

    if (!values) {
        values = sayers[query->type] = NEW(c->arena, Table);
        TRY(note_sayers(c, t, values, query->type));
    }
    if (naming) {
        const Sayers *sayer = table_slot(values, naming->values[0].text)->thing;

        for (; sayer; sayer = sayer->next)
            count_match(query, sayer->entry, out, count);
        return OK;
    }
    for (uint32_t i = 0; i < t->count; i++)
        if (makes(&t->entries[i], query->type))
            count_match(query, &t->entries[i], out, count);
    return OK;
}

/* Whether the transaction itself changes or removes that resource: then its new content, which
 * own_match() has looked at, is what counts. */
static bool is_changed_here(const Transaction *t, TypeId type, Str id)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->entries[i].asked.type == type && str_equal(t->entries[i].id, id)
            && t->entries[i].rank != RANK_GET && t->entries[i].row->kind != INTERACTION_CREATE)
            return true;
    return false;
}

static Fail grant_wish(Call *c, Session *s, Transaction *t, Table **sayers, Str text)
{
    QueryOptions options = { .conditional = true, .base = t->turn->asked->base };
    Reference    reference = reference_parse(text, t->turn->asked->base);
    Permit      *permit = NEW(c->arena, Permit);
    Query       *query = NEW(c->arena, Query);
    size_t       count = 0;
    Str          stored, match = { 0 };

    TRY(access_permit(c, t->turn->principal, DEED_SEARCH, reference.type, permit));
    options.hidden = permit->masks;
    TRY(query_parse(c, reference.type, reference.query, &options, query));
    TRY(store_condition(c, s, permit, query, &stored));
    TRY(own_match(c, t, sayers, query, &match, &count));
    if (stored.len > 0 && !is_changed_here(t, reference.type, stored)) {
        match = stored;
        count++;
    }
    if (count != 1)
        return fail(c, count ? FAIL_MULTIPLE : FAIL_PRECONDITION, (Str){ 0 },
                    "A conditional reference to %.*s matches %s",
                    STR_ARG(type_name(reference.type)),
                    count ? "more than one resource" : "nothing");
    t->conditions[t->condition_count++] =
        (Condition){ .query = query, .permit = permit, .found = stored };
    bundle_targets_put(t->targets, text, reference.type, match);
    return OK;
}

static Fail resolve_references(Call *c, Session *s, Transaction *t)
{
    Wishes  w = { .call = c, .seen = table_new(c, 16) };
    Table **sayers = NEW_ARRAY(c->arena, Table *, RESOURCE_TYPES + 1); /* of each type */

    for (uint32_t i = 0; i < t->count; i++) {
        w.entry = &t->entries[i];
        if (t->entries[i].bundled->has_resource)
            bundle_conditional_references(t->entries[i].bundled, note_wish, &w);
    }
    t->conditions = NEW_ARRAY(c->arena, Condition, w.count + 1);
    t->condition_count = 0;
    for (size_t i = 0; i < w.count; i++) {
        uint32_t issues = c->issue_count;
        Fail     result = grant_wish(c, s, t, sayers, w.wishes[i].text);

        if (result == OK && call_late(c))
            result = fail(c, FAIL_TIMEOUT, STR("Bundle"), "The Bundle took too long");
        if (result != OK) {
            entry_name_issues(c, w.wishes[i].entry->bundled, issues);
            return result;
        }
    }
    return OK;
}

Fail transaction_resolve(Call *c, Session *s, Transaction *t)
{
    Table creates = table_new(c, t->count);

    t->targets = bundle_targets_new(c->arena, t->bundle);
    for (uint32_t i = 0; i < t->count; i++) {
        Entry   *e = &t->entries[i];
        uint32_t issues = c->issue_count;
        Fail     result = resolve_id(c, s, e, &creates);

        if (result != OK) {
            entry_name_issues(c, e->bundled, issues);
            return result;
        }
        if (!t->of_batch && e->bundled->full_url.len > 0 && e->bundled->has_resource
            && e->id.len > 0 && e->rank != RANK_GET)
            bundle_targets_put(t->targets, e->bundled->full_url, e->asked.type, e->id);
    }
    return resolve_references(c, s, t);
}
