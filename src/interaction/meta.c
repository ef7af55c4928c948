/*
 * $meta, $meta-add and $meta-delete on one resource, and $meta of a type or of everything: the
 * profiles, tags and security labels in use there. Adding and taking away make a new version, as
 * every change does: labels decide who may see a record, so who changed them when belongs in its
 * history (R4 leaves it open). Only callers with the whole practice may take a security label
 * away. R4 resource-operations.html, resource-operation-meta.html
 */
#include "base/limits.h"
#include "interaction/change.h"
#include "interaction/check_write.h"

enum { LISTS = 3 };

static const Str lists[LISTS] = { STR_INIT("profile"), STR_INIT("security"), STR_INIT("tag") };

static Fail read_stored(Call *c, Str body, Resource *out)
{
    ReadOptions options = { .values_max = UINT32_MAX, .trusted = true };

    return resource_read(c, body, &options, out);
}

static Str parameters(Call *c, Str meta)
{
    Buf text = buf_new(c->arena, meta.len + 96);

    buf_put(&text, STR("{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"return\","
                       "\"valueMeta\":"));
    buf_put(&text, meta);
    buf_put(&text, STR("}]}"));
    return buf_str(&text);
}

static Str meta_text(const Resource *r)
{
    uint32_t meta = node_child(r, r->root, STR("meta"));

    return meta ? node_source(r, meta) : STR("{}");
}

static Fail show_meta(Call *c, Str base, Str whole, Str *body)
{
    Resource resource;

    (void)base;
    TRY(read_stored(c, whole, &resource));
    *body = parameters(c, meta_text(&resource));
    return OK;
}

/* ---- in use ---- */

static const Str list_params[LISTS] = { STR_INIT("_profile"), STR_INIT("_security"),
                                        STR_INIT("_tag") };

static void put_code(Buf *out, Str list, const UsedCode *code)
{
    if (str_equal(list, lists[0])) {
        buf_put_json_string(out, code->code);
        return;
    }
    buf_put_char(out, '{');
    if (code->system.len) {
        buf_put(out, STR("\"system\":"));
        buf_put_json_string(out, code->system);
    }
    if (code->code.len) {
        buf_put(out, code->system.len ? STR(",\"code\":") : STR("\"code\":"));
        buf_put_json_string(out, code->code);
    }
    buf_put_char(out, '}');
}

/* A list that is hidden in one of the types is not summed up. */
static bool hides_list(const Permit *permit, TypeId only, Str code)
{
    for (TypeId type = only ? only : 1; type <= (only ? only : RESOURCE_TYPES); type++)
        if (permit->masks
            && mask_hides_param(permit->masks, type, search_param_find(type, code)))
            return true;
    return false;
}

/* Such a sum tells of many resources: that takes the right to search as well as to read. */
static Fail meta_in_use(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    Buf    meta = buf_new(c->arena, 1024);
    Permit search, both;

    TRY(access_permit(c, turn->principal, DEED_SEARCH, turn->asked->type, &search));
    both = access_both(c, &turn->permit, &search);
    buf_put_char(&meta, '{');
    for (size_t i = 0; i < LISTS; i++) {
        UsedCode *codes;
        size_t    count;

        if (hides_list(&both, turn->asked->type, list_params[i]))
            continue;
        TRY(store_used_codes(c, s, &both, turn->asked->type, list_params[i], &codes, &count));
        if (count == 0)
            continue;
        buf_printf(&meta, "%s\"%.*s\":[", meta.len > 1 ? "," : "", STR_ARG(lists[i]));
        for (size_t k = 0; k < count; k++) {
            if (k)
                buf_put_char(&meta, ',');
            put_code(&meta, lists[i], &codes[k]);
        }
        buf_put_char(&meta, ']');
    }
    buf_put_char(&meta, '}');
    answer->status = 200;
    answer->body = parameters(c, buf_str(&meta));
    return OK;
}

Fail meta_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    const Asked *asked = turn->asked;
    Version      version;

    TRY(params_take_operation(c, asked, NULL, 0, NULL, NULL));
    if (asked->id.len == 0)
        return meta_in_use(c, s, turn, answer);
    TRY(store_read(c, s, &turn->permit, asked->type, asked->id, &version));
    if (version.deleted)
        return fail(c, FAIL_GONE, (Str){ 0 }, "%.*s/%.*s was deleted",
                    STR_ARG(type_name(asked->type)), STR_ARG(asked->id));
    answer_put_version(answer, &version);
    TRY(answer_touch(c, s, answer, &version, 1));
    return show_meta(c, turn->asked->base, version.body, &answer->body);
}

/* ---- adding and taking away ---- */

/* The Meta that a Parameters resource gives as "meta". */
static Fail meta_given(Call *c, const Step *step, Resource *parameters_read, uint32_t *meta)
{
    const Asked *asked = step->turn.asked;
    ReadOptions  options = { .expected = TYPE_PARAMETERS, .values_max = LIMIT_JSON_NODES };
    uint32_t     parameter;

    if (asked->resource)
        *parameters_read = *asked->resource;
    else if (asked->body.len == 0)
        return fail(c, FAIL_REQUIRED, STR("Parameters"), "This needs Parameters in the body");
    else
        TRY(resource_read(c, asked->body, &options, parameters_read));
    parameter = node_child(parameters_read, parameters_read->root, STR("parameter"));
    for (; parameter; parameter = node_next_same(parameters_read, parameter)) {
        uint32_t value = node_child(parameters_read, parameter, STR("value"));

        if (str_equal(node_child_text(parameters_read, parameter, STR("name")), STR("meta"))
            && value && node_at(parameters_read, value)->type == TYPE_META) {
            *meta = value;
            return OK;
        }
    }
    return fail(c, FAIL_REQUIRED, STR("Parameters.parameter"),
                "A parameter meta with a valueMeta is needed");
}

/* A tag or label is its system and code, a profile its address; version and display do not
 * count (R4, operation meta-add). */
static bool same_entry(const Resource *a, uint32_t x, const Resource *b, uint32_t y)
{
    if (node_at(a, x)->type == TYPE_CANONICAL)
        return str_equal(node_text(node_at(a, x)), node_text(node_at(b, y)));
    return str_equal(node_child_text(a, x, STR("system")), node_child_text(b, y, STR("system")))
           && str_equal(node_child_text(a, x, STR("code")), node_child_text(b, y, STR("code")));
}

static bool among(const Resource *r, uint32_t first, const Resource *other, uint32_t entry)
{
    for (uint32_t each = first; each; each = node_next_same(r, each))
        if (same_entry(r, each, other, entry))
            return true;
    return false;
}

typedef struct Merge {
    const Resource *old, *given;
    uint32_t        old_meta, given_meta;
    bool            adds; /* else takes away */
} Merge;

static void put_entry(Buf *out, const Resource *r, uint32_t entry, size_t *count)
{
    Str source = node_source(r, entry);

    if ((*count)++)
        buf_put_char(out, ',');
    json_put_compact(out, source, 0, (uint32_t)source.len);
}

/* SUBSETTED is said by the server of what it shows, never of what is kept. */
static Fail refuse_subsetted(Call *c, const Resource *given, uint32_t meta)
{
    uint32_t tag = node_child(given, meta, STR("tag"));

    for (; tag; tag = node_next_same(given, tag))
        if (str_equal(node_child_text(given, tag, STR("code")), STR("SUBSETTED")))
            return fail(c, FAIL_UNPROCESSABLE, node_expression(c->arena, given, tag),
                        "The tag SUBSETTED cannot be given to what is kept");
    return OK;
}

/* `,"tag":[…]` with what the merge leaves; nothing if it leaves nothing. */
static void put_list(Buf *out, const Merge *m, Str list)
{
    uint32_t old = m->old_meta ? node_child(m->old, m->old_meta, list) : 0;
    uint32_t given = node_child(m->given, m->given_meta, list);
    size_t   count = 0;
    Buf      entries = buf_new(out->arena, 256);

    for (uint32_t each = old; each; each = node_next_same(m->old, each))
        if (m->adds || !among(m->given, given, m->old, each))
            put_entry(&entries, m->old, each, &count);
    for (uint32_t each = given; m->adds && each; each = node_next_same(m->given, each))
        if (!among(m->old, old, m->given, each))
            put_entry(&entries, m->given, each, &count);
    if (count > 0)
        buf_printf(out, ",\"%.*s\":[%.*s]", STR_ARG(list), STR_ARG(buf_str(&entries)));
}

static bool is_remade(const Merge *m, Str key)
{
    static const Str others[] = { STR_INIT("versionId"), STR_INIT("lastUpdated") };

    for (size_t i = 0; i < COUNT(others); i++)
        if (str_equal(key, others[i]))
            return true;
    for (size_t i = 0; i < LISTS; i++)
        if (str_equal(key, lists[i]))
            return true;
    /* extensions of profiles stand beside them by position */
    return str_equal(key, STR("_profile")) && node_child(m->given, m->given_meta, lists[0]);
}

/* The remainder of the new version: the other members of meta, the merged lists, the rest. */
static Str merged_remainder(Call *c, const Merge *m)
{
    const Json      *json = &m->old->tree->json;
    const JsonValue *meta = node_at(m->old, m->old_meta)->json;
    uint32_t         at = (uint32_t)(meta - json->values);
    Buf              text = buf_new(c->arena, json->source.len + 1024);

    for (uint32_t i = at + 1; i < meta->after; i = json->values[i].after) {
        if (is_remade(m, json->values[i].key))
            continue;
        buf_put_char(&text, ',');
        buf_put(&text, str_slice(json->source, json->values[i].key_from, json->values[i].to));
    }
    for (size_t i = 0; i < LISTS; i++)
        put_list(&text, m, lists[i]);
    buf_put_char(&text, '}');
    buf_put(&text, str_skip(json->source, meta->to));
    return buf_str(&text);
}

/* A profile or a label is held against what the practice asks for as any other change is. */
static Fail check_merged(Call *c, Session *s, const Change *change)
{
    Resource *merged = NEW(c->arena, Resource);
    Str       whole =
        draft_whole(c->arena, change->type, change->id, 1, c->now_us, change->remainder);

    if (mask_has(change->permit->masks, change->type, false))
        return check_write_hidden(c, s, change->type, whole);
    TRY(read_stored(c, whole, merged));
    return check_write(c, s, merged, false);
}

static Fail prepare(Call *c, Session *s, Step *step, bool adds)
{
    const Turn  *turn = &step->turn;
    const Asked *asked = turn->asked;
    Merge        merge = { .adds = adds };
    Resource     old, given;
    Permit       read, both;
    Version      version;
    Change      *change;

    TRY(params_take(c, asked, NULL, 0, NULL));
    TRY(access_permit(c, turn->principal, DEED_READ, asked->type, &read));
    both = access_both(c, &turn->permit, &read);
    TRY(meta_given(c, step, &given, &merge.given_meta));
    if (adds)
        TRY(refuse_subsetted(c, &given, merge.given_meta));
    if (!adds && turn->permit.reach != REACH_PRACTICE
        && node_child(&given, merge.given_meta, STR("security")))
        return fail(c, FAIL_FORBIDDEN, STR("Parameters.parameter"),
                    "The token does not allow its bearer to take security labels away");
    TRY(change_current(c, s, &both, asked->type, asked->id, false, &version));
    if (version.deleted)
        return fail(c, FAIL_GONE, (Str){ 0 }, "%.*s/%.*s was deleted",
                    STR_ARG(type_name(asked->type)), STR_ARG(asked->id));
    TRY(change_preconditions(c, asked, &version));
    TRY(read_stored(c, version.whole, &old));
    merge.old = &old;
    merge.given = &given;
    merge.old_meta = node_child(&old, old.root, STR("meta"));
    change = change_add(c, step, METHOD_PATCH, &turn->permit, asked->id);
    change->if_seq = version.seq;
    step->answer.status = 200;
    step->show = show_meta;
    TRY(change_compose_text(c, step, merged_remainder(c, &merge), false, change));
    TRY(masked_check(c, step, &version, change));
    if (change_is_idle(c, change, &version))
        return change_leave(c, s, step, &version);
    return check_merged(c, s, change);
}

Fail meta_add_prepare(Call *c, Session *s, Step *step)
{
    return prepare(c, s, step, true);
}

Fail meta_delete_prepare(Call *c, Session *s, Step *step)
{
    return prepare(c, s, step, false);
}
