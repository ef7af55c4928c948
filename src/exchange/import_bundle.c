/* A Bundle on its way into the store: which ids its entries get, where its references lead, and
 * that a transaction goes in as a whole. R4 http.html#transaction. */
#include "base/limits.h"
#include "base/random.h"
#include "exchange/importer.h"
#include "fhir/bundle.h"

/* One entry, and what was decided about it. */
typedef struct Plan {
    const BundleEntry *entry;
    TypeId             type;
    Str                id;
    Method             method;
    bool               left;      /* nothing to be stored: it is there already, or is no data */
    Str                condition; /* "Type?criteria" of a conditional create or update */
    bool               fails;     /* rejected by itself */
} Plan;

typedef struct Unpacking {
    Lane          *lane;
    Importer      *im;
    Call          *c;
    const Piece   *piece;
    Bundle         bundle;
    bool           whole; /* all or nothing */
    bool           backwards;
    Plan          *plans;
    BundleTargets *targets;
    const Plan    *plan; /* whose references are being looked at */
    Fail           result;
} Unpacking;

bool import_unpacks(Str bundle_type)
{
    static const Str kept[] = { STR_INIT("document"), STR_INIT("message") };

    for (size_t i = 0; i < COUNT(kept); i++)
        if (str_equal(bundle_type, kept[i]))
            return false;
    return true;
}

void import_take_turn(Lane *l)
{
    Importer *im = l->importer;

    if (l->has_turn)
        return;
    pthread_mutex_lock(&im->turn_lock);
    while (im->turn != l->ticket)
        pthread_cond_wait(&im->turn_moved, &im->turn_lock);
    pthread_mutex_unlock(&im->turn_lock);
    l->has_turn = true;
}

/* What "Type?criteria" means, among all that was imported before as well. */
static Fail look_up(Unpacking *u, Str condition, Str *out)
{
    Call *c = u->c;
    Lane *l = u->lane;

    *out = known_find(u->im->known, c->arena, condition);
    if (out->len)
        return OK;
    import_take_turn(l);
    *out = known_find(u->im->known, c->arena, condition);
    if (out->len)
        return OK;
    TRY(import_flush(c, u->im));
    return import_condition(l, condition, out);
}

/* ---- which id ---- */

/* "urn:uuid:…" with a canonical UUID: that becomes the id, so that doing it again makes no
 * doubles. Empty otherwise. */
static Str uuid_of(Arena *a, Str full_url)
{
    char *id;

    if (!str_starts(full_url, STR("urn:uuid:")) || full_url.len != 9 + UUID_CHARS)
        return (Str){ 0 };
    id = arena_alloc_raw(a, UUID_CHARS);
    for (size_t i = 0; i < UUID_CHARS; i++) {
        char ch = full_url.at[9 + i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (ch >= 'A' && ch <= 'F')
            ch = (char)(ch - 'A' + 'a');
        if (dash ? ch != '-' : !((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f')))
            return (Str){ 0 };
        id[i] = ch;
    }
    return (Str){ id, UUID_CHARS };
}

static Str new_id(const Unpacking *u, const BundleEntry *e)
{
    Str id = uuid_of(u->c->arena, e->full_url);

    return id.len ? id
                  : import_derive_id(u->c->arena, node_source(&e->resource, e->resource.root),
                                     e->index);
}

static Fail entry_fail(const Unpacking *u, const BundleEntry *e, Fail kind, const char *what)
{
    return fail(u->c, kind, arena_printf(u->c->arena, "Bundle.entry[%u].request", e->index),
                "%s", what);
}

/* Conditional create or update: the id of what matches, or a new one. */
static Fail plan_condition(Unpacking *u, Plan *p, Str new)
{
    Str found, name;

    TRY(look_up(u, p->condition, &found));
    if (found.len) {
        str_cut(found, '/', &name, &p->id);
        p->left = p->method == METHOD_POST;
        return OK;
    }
    import_take_turn(u->lane); /* what we make known next must be true when others see it */
    p->id = new;
    known_put(
        u->im->known, p->condition,
        arena_printf(u->c->arena, "%.*s/%.*s", STR_ARG(type_name(p->type)), STR_ARG(new)));
    return OK;
}

static Fail plan_post(Unpacking *u, Plan *p)
{
    const BundleEntry *e = p->entry;

    p->method = METHOD_POST;
    p->id = new_id(u, e);
    if (e->if_none_exist.len == 0)
        return OK;
    p->condition = arena_printf(u->c->arena, "%.*s?%.*s", STR_ARG(type_name(p->type)),
                                STR_ARG(e->if_none_exist));
    return plan_condition(u, p, p->id);
}

static Fail plan_put(Unpacking *u, Plan *p)
{
    const BundleEntry *e = p->entry;
    Str                name, id;

    p->method = METHOD_PUT;
    if (str_find(e->url, STR("?")) >= 0) {
        p->condition = e->url;
        return plan_condition(u, p, e->resource.id.len ? e->resource.id : new_id(u, e));
    }
    if (!str_cut(e->url, '/', &name, &id) || type_find(name) != p->type
        || !resource_id_valid(id))
        return entry_fail(u, e, FAIL_INVALID, "the url does not fit the resource");
    if (e->resource.id.len && !str_equal(e->resource.id, id))
        return entry_fail(u, e, FAIL_INVALID, "the url names another id than the resource");
    p->id = id;
    return OK;
}

static Fail plan_delete(Unpacking *u, Plan *p)
{
    Str name;

    p->method = METHOD_DELETE;
    if (!str_cut(p->entry->url, '/', &name, &p->id) || !type_find(name)
        || !resource_id_valid(p->id))
        return entry_fail(u, p->entry, FAIL_NOT_SUPPORTED,
                          "an import deletes by id only: post this Bundle to the server");
    p->type = type_find(name);
    known_forget(u->im->known);
    return OK;
}

static Fail plan_entry(Unpacking *u, Plan *p)
{
    const BundleEntry *e = p->entry;

    p->type = e->has_resource ? e->resource.type : 0;
    if (str_equal(e->method, STR("DELETE")))
        return plan_delete(u, p);
    if (e->method.len == 0 && (!e->has_resource || p->type == TYPE_OPERATION_OUTCOME)) {
        p->left = true;
        return OK;
    }
    if (!e->has_resource)
        return entry_fail(
            u, e, FAIL_NOT_SUPPORTED,
            "an import takes no entries without resource: post this Bundle to the "
            "server");
    if (e->method.len == 0) {
        p->method = METHOD_PUT;
        p->id = e->resource.id.len ? e->resource.id : new_id(u, e);
        return OK;
    }
    if (str_equal(e->method, STR("POST")))
        return plan_post(u, p);
    if (str_equal(e->method, STR("PUT")))
        return plan_put(u, p);
    return entry_fail(
        u, e, FAIL_NOT_SUPPORTED,
        "an import takes POST, PUT and DELETE only: post this Bundle to the server");
}

/* ---- where references lead ---- */

static void resolve(void *context, uint32_t node, Str text)
{
    Unpacking *u = context;
    Str        found, name, id;
    TypeId     type;

    if (u->result != OK || bundle_targets_find(u->targets, text, &type, &id))
        return;
    u->result = look_up(u, text, &found);
    if (u->result != OK)
        return;
    if (found.len == 0) {
        u->result = fail(u->c, FAIL_NOT_FOUND,
                         node_expression(u->c->arena, &u->plan->entry->resource, node),
                         "nothing matches %.*s", STR_ARG(text));
        return;
    }
    str_cut(found, '/', &name, &id);
    bundle_targets_put(u->targets, text, type_find(name), id);
}

/* The entry with its references led to where they belong, read and indexed again. */
static Fail prepare(Unpacking *u, const Plan *p, Prepared *out)
{
    Call       *c = u->c;
    ReadOptions options = { .values_max = LIMIT_BUNDLE_NODES, .trusted = true };
    Draft       draft;
    Resource    resource;
    Str         text;

    if (p->method == METHOD_DELETE) {
        *out = (Prepared){ .type = p->type,
                           .id = import_id(c->arena, p->type, p->id),
                           .method = METHOD_DELETE };
        return OK;
    }
    u->plan = p;
    u->result = OK;
    bundle_conditional_references(p->entry, resolve, u);
    TRY(u->result);
    TRY(bundle_rewrite(c, p->entry, u->targets, &draft));
    text = draft_whole(c->arena, p->type, p->id, 1, 1, draft_remainder(&draft));
    if (text.len > LIMIT_BODY_BYTES)
        return fail(c, FAIL_TOO_LARGE, (Str){ 0 }, "a resource may have %d bytes at most",
                    (int)LIMIT_BODY_BYTES);
    TRY(resource_read(c, text, &options, &resource));
    return import_prepare(u->lane, &resource, p->id, p->method, out);
}

/* ---- the Bundle ---- */

/* An entry failed: all of a transaction does, of another Bundle only the entry. */
static Fail entry_failed(Unpacking *u, Plan *p, uint32_t since, Fail result)
{
    const BundleEntry *e = p->entry;

    if (u->whole || u->im->ended)
        return result;
    p->fails = true;
    if (p->condition.len)
        known_forget(
            u->im->known); /* it may have been made known as something that now is not */
    import_reject(u->im, u->c, since, u->piece,
                  e->has_resource ? node_source(&e->resource, e->resource.root) : (Str){ 0 });
    call_forget_issues(u->c, since);
    return OK;
}

static Fail make_plans(Unpacking *u)
{
    Call *c = u->c;

    u->plans = NEW_ARRAY(c->arena, Plan, u->bundle.count);
    u->targets = bundle_targets_new(c->arena, &u->bundle);
    for (uint32_t i = 0; i < u->bundle.count; i++) {
        Plan    *p = &u->plans[i];
        uint32_t since = c->issue_count;
        Fail     result;

        p->entry = &u->bundle.entries[u->backwards ? u->bundle.count - 1 - i : i];
        result = plan_entry(u, p);
        if (result != OK)
            TRY(entry_failed(u, p, since, result));
        else if (p->entry->full_url.len && p->id.len)
            bundle_targets_put(u->targets, p->entry->full_url, p->type, p->id);
    }
    return OK;
}

static Fail unpack(Unpacking *u)
{
    Call     *c = u->c;
    Prepared *ready = NEW_ARRAY(c->arena, Prepared, u->bundle.count);
    uint32_t  count = 0;

    TRY(make_plans(u));
    for (uint32_t i = 0; i < u->bundle.count; i++) {
        Plan    *p = &u->plans[i];
        uint32_t since = c->issue_count;
        Fail     result;

        if (p->left || p->fails)
            continue;
        result = prepare(u, p, &ready[count]);
        if (result != OK)
            TRY(entry_failed(u, p, since, result));
        else
            count++;
    }
    import_take_turn(u->lane);
    for (uint32_t i = 0; i < count; i++)
        TRY(import_put(c, u->im, &ready[i]));
    return OK;
}

/* ---- a Bundle with bad entries ---- */

/* Whether the resource of an entry can be read by itself. */
static Fail read_entry(Call *c, Str text)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES, .conditional = true };
    Resource    resource;

    return resource_read(c, text, &options, &resource);
}

/* The Bundle's text without the entries whose resources are faulty; those are rejected. Gives
 * an empty text if there were none, so that something else is wrong. */
static Fail without_bad_entries(Unpacking *u, const Json *json, uint32_t entries, Str *out)
{
    Call    *c = u->c;
    Str      source = json->source;
    Buf      text = buf_new(c->arena, source.len);
    bool     first = true, bad = false;
    uint32_t end = json->values[entries].after;

    buf_put(&text, str_slice(source, 0, json->values[entries].from));
    buf_put_char(&text, '[');
    for (uint32_t i = entries + 1; i < end; i = json->values[i].after) {
        const JsonValue *v = &json->values[i];
        uint32_t         member = json_member(json, i, STR("resource"));
        const JsonValue *resource = &json->values[member];
        Str      own = member ? str_slice(source, resource->from, resource->to) : (Str){ 0 };
        uint32_t since = c->issue_count, line, column;

        if (member && read_entry(c, own) != OK) {
            Piece place = *u->piece;

            json_place(source, resource->from, &line, &column);
            place.line += line - 1;
            import_reject(u->im, c, since, &place, own);
            call_forget_issues(c, since);
            bad = true;
            continue;
        }
        if (!first)
            buf_put_char(&text, ',');
        first = false;
        buf_put(&text, str_slice(source, v->from, v->to));
    }
    buf_put_char(&text, ']');
    buf_put(&text, str_skip(source, json->values[entries].to));
    *out = bad && !first ? buf_str(&text) : (Str){ 0 };
    return OK;
}

/* Reads the Bundle; where it is no transaction, faulty entries are left out. */
static Fail read_bundle(Unpacking *u)
{
    Call       *c = u->c;
    ReadOptions options = { .values_max = LIMIT_BUNDLE_NODES, .conditional = true };
    uint32_t    since = c->issue_count;
    uint64_t    rejected = u->im->rejected;
    Resource    resource;
    Fail        result = resource_read(c, u->piece->text, &options, &resource);
    Json        json;
    uint32_t    entries;
    Str         text;

    if (result != OK) {
        uint32_t noted = c->issue_count;

        if (json_parse(c, u->piece->text, LIMIT_BUNDLE_NODES, &json) != OK
            || str_equal(json_member_text(&json, 0, STR("type")), STR("transaction"))
            || !(entries = json_member(&json, 0, STR("entry")))) {
            call_forget_issues(c, noted);
            return result;
        }
        TRY(without_bad_entries(u, &json, entries, &text));
        if (text.len == 0)
            return u->im->rejected > rejected ? OK : result;
        call_forget_issues(c, since);
        TRY(resource_read(c, text, &options, &resource));
    }
    return bundle_open(c, &resource, u->im->options->base, &u->bundle);
}

Fail import_bundle(Lane *l, const Piece *piece)
{
    Unpacking u = { .lane = l, .im = l->importer, .c = &l->call, .piece = piece };
    Str       kind;

    TRY(read_bundle(&u));
    if (u.bundle.count == 0)
        return OK;
    kind = node_child_text(&u.bundle.resource, u.bundle.resource.root, STR("type"));
    u.whole = u.bundle.kind == BUNDLE_TRANSACTION;
    u.backwards = str_equal(kind, STR("history"));
    return unpack(&u);
}
