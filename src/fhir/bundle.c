/*
 * Bundles taken apart, and the references among their entries rewritten: see bundle.h.
 * R4 bundle.html#references, http.html#trules; standards 1.5.
 */
#include "fhir/bundle.h"

#include "base/ensure.h"
#include "base/limits.h"
#include "base/random.h"
#include "fhir/narrative.h"
#include "fhir/reference.h"

/* --- a table of addresses ---------------------------------------------------------------- */

typedef struct Target {
    Str    url;
    Str    id;
    TypeId type; /* 0: the slot is free */
} Target;

struct BundleTargets {
    Arena   *arena;
    uint64_t seed;
    Target  *slots;
    size_t   room, count; /* room is a power of two */
};

static Target *target_slot(const BundleTargets *t, Str url)
{
    size_t at = str_hash_seeded(url, t->seed) & (t->room - 1);

    while (t->slots[at].type && !str_equal(t->slots[at].url, url))
        at = (at + 1) & (t->room - 1);
    return &t->slots[at];
}

static void targets_make_room(BundleTargets *t, size_t room)
{
    BundleTargets before = *t;

    t->slots = NEW_ARRAY(t->arena, Target, room);
    t->room = room;
    for (size_t i = 0; i < before.room; i++)
        if (before.slots[i].type)
            *target_slot(t, before.slots[i].url) = before.slots[i];
}

static BundleTargets *targets_new(Arena *a, size_t expected)
{
    BundleTargets *t = NEW(a, BundleTargets);
    size_t         room = 16;

    while (room < expected * 2)
        room *= 2;
    t->arena = a;
    random_bytes(&t->seed, sizeof t->seed);
    targets_make_room(t, room);
    return t;
}

BundleTargets *bundle_targets_new(Arena *a, const Bundle *bundle)
{
    return targets_new(a, bundle->count);
}

static Str without_fragment(Str url)
{
    Str before, fragment;

    return str_cut(url, '#', &before, &fragment) ? before : url;
}

void bundle_targets_put(BundleTargets *t, Str full_url, TypeId type, Str id)
{
    Target *slot;

    ENSURE(type_is_resource(type));
    if (t->count * 2 >= t->room)
        targets_make_room(t, t->room * 2);
    slot = target_slot(t, full_url);
    t->count += slot->type == 0;
    *slot = (Target){ .url = full_url, .id = id, .type = type };
}

bool bundle_targets_find(const BundleTargets *t, Str url, TypeId *type, Str *id)
{
    const Target *slot = target_slot(t, without_fragment(url));

    if (!slot->type)
        return false;
    *type = slot->type;
    *id = slot->id;
    return true;
}

/* --- taking a Bundle apart --------------------------------------------------------------- */

typedef struct Opening {
    Call           *call;
    const Resource *resource;
    Str             base;
    Bundle         *bundle;
    bool            history;
    Fail            result;
} Opening;

static void refuse(Opening *o, Fail kind, uint32_t node, const char *what)
{
    const JsonValue *json = node_at(o->resource, node)->json;
    uint32_t         line, column;

    json_place(o->resource->tree->json.source, json->from, &line, &column);
    fail_at(o->call, kind, node_expression(o->call->arena, o->resource, node), line, column,
            "%s", what);
    if (o->result == OK)
        o->result = kind;
}

static BundleKind kind_of(Str type)
{
    return str_equal(type, STR("transaction")) ? BUNDLE_TRANSACTION
           : str_equal(type, STR("batch"))     ? BUNDLE_BATCH
                                               : BUNDLE_COLLECTION;
}

/* An address below our own base without it. */
static Str relative_to(Str url, Str base)
{
    if (base.len && url.len > base.len && str_starts(url, base) && url.at[base.len] == '/')
        return str_skip(url, base.len + 1);
    return url;
}

static void read_request(const Resource *r, uint32_t node, Str base, BundleEntry *e)
{
    e->method = node_child_text(r, node, STR("method"));
    e->url = relative_to(node_child_text(r, node, STR("url")), base);
    e->if_match = node_child_text(r, node, STR("ifMatch"));
    e->if_none_match = node_child_text(r, node, STR("ifNoneMatch"));
    e->if_modified_since = node_child_text(r, node, STR("ifModifiedSince"));
    e->if_none_exist = node_child_text(r, node, STR("ifNoneExist"));
}

static void read_resource(const Resource *r, uint32_t node, BundleEntry *e)
{
    e->has_resource = true;
    e->resource = (Resource){ .tree = r->tree,
                              .root = node,
                              .type = node_at(r, node)->type,
                              .id = node_child_text(r, node, STR("id")) };
}

/* What a transaction cannot do without (TX-01). An operation may come without a body. */
static void check_request(Opening *o, uint32_t node, const BundleEntry *e)
{
    bool sends = str_equal(e->method, STR("POST")) || str_equal(e->method, STR("PUT"));

    if (o->bundle->kind != BUNDLE_TRANSACTION)
        return;
    if (e->method.len == 0 || e->url.len == 0)
        refuse(o, FAIL_REQUIRED, node, "an entry of a transaction must have a request");
    else if (sends && !e->has_resource && str_find(e->url, STR("$")) < 0)
        refuse(o, FAIL_REQUIRED, node, "an entry with POST or PUT must have a resource");
}

/* bdl-7 and bdl-8. `seen` has one fullUrl and version for each entry so far. */
static void check_full_url(Opening *o, uint32_t node, const BundleEntry *e, BundleTargets *seen)
{
    Str    key = e->full_url;
    TypeId type;
    Str    id;

    if (key.len == 0 || o->history)
        return;
    if (str_find(key, STR("/_history/")) >= 0)
        refuse(o, FAIL_INVALID, node, "a fullUrl may not name a version");
    if (e->has_resource) {
        uint32_t meta = node_child(&e->resource, e->resource.root, STR("meta"));
        Str version = meta ? node_child_text(&e->resource, meta, STR("versionId")) : (Str){ 0 };

        if (version.len)
            key = arena_printf(o->call->arena, "%.*s %.*s", STR_ARG(key), STR_ARG(version));
    }
    if (bundle_targets_find(seen, key, &type, &id))
        refuse(o, FAIL_INVALID, node, "another entry has the same fullUrl");
    bundle_targets_put(seen, key, TYPE_BUNDLE, (Str){ 0 });
}

static void read_entry(Opening *o, uint32_t node, BundleTargets *seen)
{
    const Resource *r = o->resource;
    BundleEntry    *e = &o->bundle->entries[o->bundle->count];
    uint32_t        request = node_child(r, node, STR("request"));
    uint32_t        resource = node_child(r, node, STR("resource"));

    e->index = o->bundle->count++;
    e->full_url = node_child_text(r, node, STR("fullUrl"));
    if (request)
        read_request(r, request, o->base, e);
    if (resource)
        read_resource(r, resource, e);
    check_request(o, node, e);
    check_full_url(o, node, e, seen);
}

Fail bundle_open(Call *c, const Resource *resource, Str base, Bundle *out)
{
    Bundle   bundle = { .resource = *resource };
    Str      type = node_child_text(resource, resource->root, STR("type"));
    Opening  o = { .call = c, .resource = resource, .base = base, .bundle = &bundle };
    uint32_t first, count = 0;

    if (resource->type != TYPE_BUNDLE)
        return fail(c, FAIL_INVALID, type_name(resource->type), "this must be a Bundle");
    bundle.kind = kind_of(type);
    o.history = str_equal(type, STR("history"));
    first = node_child(resource, resource->root, STR("entry"));
    for (uint32_t i = first; i; i = node_next_same(resource, i))
        count++;
    if (count > LIMIT_BUNDLE_ENTRIES)
        return fail(c, FAIL_TOO_COSTLY, STR("Bundle.entry"),
                    "a Bundle may have %d entries at most", LIMIT_BUNDLE_ENTRIES);
    bundle.entries = NEW_ARRAY(c->arena, BundleEntry, count);
    if (count) {
        BundleTargets *seen = targets_new(c->arena, count);

        for (uint32_t i = first; i; i = node_next_same(resource, i))
            read_entry(&o, i, seen);
    }
    TRY(o.result);
    *out = bundle;
    return OK;
}

/* --- going through an entry -------------------------------------------------------------- */

/* The nodes of a resource lie side by side, each behind its parent. */
static bool is_within(const Resource *r, uint32_t node)
{
    return node < r->tree->count && r->tree->nodes[node].parent >= r->root;
}

static bool is_reference(const Resource *r, uint32_t node)
{
    const Node *n = node_at(r, node);

    return n->json && node_at(r, n->parent)->type == TYPE_REFERENCE
           && str_equal(n->element->name, STR("reference"));
}

void bundle_conditional_references(const BundleEntry *entry,
                                   void (*found)(void *context, uint32_t node, Str text),
                                   void *context)
{
    const Resource *r = &entry->resource;

    if (!entry->has_resource)
        return;
    for (uint32_t i = r->root + 1; is_within(r, i); i++) {
        Str text = is_reference(r, i) ? node_text(node_at(r, i)) : (Str){ 0 };

        if (str_find(text, STR("?")) >= 0
            && reference_parse(text, (Str){ 0 }).form == REFERENCE_CONDITIONAL)
            found(context, i, text);
    }
}

typedef struct Rewriting {
    Call                *call;
    const Resource      *resource;
    const BundleTargets *targets;
    Str                  root; /* what fullUrls of the sender's server begin with, or empty */
    Draft               *draft;
    uint32_t             node;    /* the narrative being looked at … */
    size_t               text_at; /* … a place in its text and in the source … */
    uint32_t             source_at;
    Buf                  text; /* … and what becomes of it: its JSON up to copied_to */
    uint32_t             copied_to;
} Rewriting;

/* The part of a fullUrl in front of "Type/id": relative references continue it. */
static Str root_of(Str full_url)
{
    Reference ref = reference_parse(full_url, (Str){ 0 });
    size_t    tail;

    if (ref.form != REFERENCE_ABSOLUTE || !ref.type || ref.version.len)
        return (Str){ 0 };
    tail = type_name(ref.type).len + 1 + ref.id.len;
    return str_slice(full_url, 0, full_url.len - tail);
}

/* "Type/id", with the fragment of what stood there; false if it leads to no entry. */
static bool find_target(const Rewriting *w, Str url, Str *out)
{
    TypeId type;
    Str    id, plain = without_fragment(url), fragment = str_skip(url, plain.len);

    if (!bundle_targets_find(w->targets, url, &type, &id))
        return false;
    *out = arena_printf(w->call->arena, "%.*s/%.*s%.*s", STR_ARG(type_name(type)), STR_ARG(id),
                        STR_ARG(fragment));
    return true;
}

static Fail leads_nowhere(const Rewriting *w, uint32_t node, const char *what)
{
    uint32_t line, column;

    json_place(w->resource->tree->json.source, node_at(w->resource, node)->json->from, &line,
               &column);
    return fail_at(w->call, FAIL_INVALID, node_expression(w->call->arena, w->resource, node),
                   line, column, "%s", what);
}

static Fail rewrite_reference(const Rewriting *w, uint32_t node)
{
    Str       text = node_text(node_at(w->resource, node)), to;
    Reference ref = reference_parse(text, (Str){ 0 });

    if (find_target(w, text, &to)
        || (ref.form == REFERENCE_LOCAL && w->root.len
            && find_target(
                w, arena_printf(w->call->arena, "%.*s%.*s", STR_ARG(w->root), STR_ARG(text)),
                &to))) {
        draft_set_text(w->draft, node, to);
        return OK;
    }
    if (ref.form == REFERENCE_URN)
        return leads_nowhere(w, node, "no entry has this fullUrl");
    if (ref.form == REFERENCE_CONDITIONAL)
        return leads_nowhere(w, node, "nothing was found for this condition");
    return OK;
}

/* Where a byte of the narrative's text is in the source; asked for in order. */
static uint32_t source_of(Rewriting *w, size_t text_at)
{
    w->source_at =
        json_string_advance(w->resource->tree->json.source, w->source_at, text_at - w->text_at);
    w->text_at = text_at;
    return w->source_at;
}

/* The fragment stays as its sender escaped it: only the address in front is ours to write. */
static void rewrite_link(void *context, size_t from, size_t to)
{
    Rewriting *w = context;
    Str        source = w->resource->tree->json.source, target;
    Str url = without_fragment(str_slice(node_text(node_at(w->resource, w->node)), from, to));

    if (!find_target(w, url, &target))
        return;
    buf_put(&w->text, str_slice(source, w->copied_to, source_of(w, from)));
    buf_put(&w->text, target);
    w->copied_to = source_of(w, from + url.len);
}

static void rewrite_narrative(Rewriting *w, uint32_t node)
{
    const JsonValue *json = node_at(w->resource, node)->json;

    if (str_find(json->text, STR("href")) < 0 && str_find(json->text, STR("src")) < 0)
        return;
    w->node = node;
    w->text_at = 0;
    w->source_at = json->from + 1;
    w->text = buf_new(w->call->arena, json->text.len);
    w->copied_to = json->from;
    narrative_links(json->text, rewrite_link, w);
    if (w->copied_to == json->from)
        return;
    buf_put(&w->text, str_slice(w->resource->tree->json.source, w->copied_to, json->to));
    draft_replace(w->draft, json->from, json->to, buf_str(&w->text));
}

static void rewrite_address(const Rewriting *w, uint32_t node)
{
    Str to;

    if (find_target(w, node_text(node_at(w->resource, node)), &to))
        draft_set_text(w->draft, node, to);
}

static Fail rewrite_node(Rewriting *w, uint32_t node)
{
    const Node *n = node_at(w->resource, node);

    switch (structure(n->type)->primitive) {
    case PRIMITIVE_STRING:
        if (is_reference(w->resource, node))
            return rewrite_reference(w, node);
        break;
    case PRIMITIVE_XHTML: rewrite_narrative(w, node); break;
    case PRIMITIVE_URL: rewrite_address(w, node); break;
    case PRIMITIVE_URI:
    case PRIMITIVE_OID:
    case PRIMITIVE_UUID:
    case PRIMITIVE_CANONICAL:
        if (str_starts(node_text(n), STR("urn:")))
            rewrite_address(w, node);
        break;
    default: break;
    }
    return OK;
}

Fail bundle_rewrite(Call *c, const BundleEntry *entry, const BundleTargets *targets, Draft *out)
{
    const Resource *r = &entry->resource;
    Draft           draft = draft_new(c->arena, r);
    Rewriting       w = { .call = c, .resource = r, .targets = targets, .draft = &draft };

    ENSURE(entry->has_resource);
    w.root = root_of(entry->full_url);
    for (uint32_t i = r->root + 1; is_within(r, i); i++)
        if (node_at(r, i)->json)
            TRY(rewrite_node(&w, i));
    *out = draft;
    return OK;
}
