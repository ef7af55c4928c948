/* Hidden elements taken out of a text, and put back into another: see mask.h. */
#include "base/limits.h"
#include "fhir/mask.h"
#include "fhir/patch_equal.h"

static const Str tag_text =
    STR_INIT("{\"id\":\"withheld\",\"system\":"
             "\"http://terminology.hl7.org/CodeSystem/v3-ObservationValue\","
             "\"code\":\"SUBSETTED\"}");

/* A text taken apart, and what is hidden in it. */
typedef struct Masking {
    Call            *c;
    TypeId           type;
    const MaskNames *names;
    bool             tag;
} Masking;

static Fail read_json(Call *c, Str text, Json *out)
{
    return json_parse(c, text, LIMIT_BUNDLE_NODES, out);
}

static Str bare(Str key)
{
    return str_starts(key, STR("_")) ? str_skip(key, 1) : key;
}

/* The name in paths of a member: of "valueString" and "_valueString" it is "value". */
static Str path_of(TypeId type, Str key)
{
    const Element *element = structure_element(type, bare(key));

    return element ? element->path : (Str){ 0 };
}

static bool goes_along(const Masking *m, Str key)
{
    return structure(m->type)->domain
           && (str_equal(bare(key), STR("text")) || str_equal(key, STR("contained")));
}

static bool is_hidden(const Masking *m, Str key)
{
    Str path = path_of(m->type, key);

    for (uint32_t i = 0; path.len && i < m->names->count; i++)
        if (m->names->names[i].second.len == 0 && str_equal(m->names->names[i].first, path))
            return true;
    return goes_along(m, key);
}

/* Whether something in that member of the resource is hidden. */
static bool holds_hidden(const Masking *m, Str key)
{
    for (uint32_t i = 0; i < m->names->count; i++)
        if (m->names->names[i].second.len && str_equal(m->names->names[i].first, key))
            return true;
    return false;
}

static bool is_hidden_in(const Masking *m, Str first, Str key)
{
    for (uint32_t i = 0; i < m->names->count; i++) {
        const struct MaskName *name = &m->names->names[i];

        if (name->second.len && str_equal(name->first, first)
            && str_equal(name->second, path_of(name->inside, key)))
            return true;
    }
    return false;
}

/* ---- taking out ---- */

static void put_member(Buf *out, const Json *json, uint32_t value)
{
    const JsonValue *v = &json->values[value];

    if (out->len && out->at[out->len - 1] != '{')
        buf_put_char(out, ',');
    json_put_compact(out, json->source, v->key_from, v->to);
}

/* The members of an object of `first` that are hidden, or those that are not, with commas between. */
static Str members_of(const Masking *m, const Json *json, uint32_t object, Str first,
                      bool hidden)
{
    Buf out = buf_new(m->c->arena, 256);

    if (json->values[object].kind != JSON_OBJECT)
        return (Str){ 0 };
    for (uint32_t i = object + 1; i < json->values[object].after; i = json->values[i].after)
        if (is_hidden_in(m, first, json->values[i].key) == hidden)
            put_member(&out, json, i);
    return buf_str(&out);
}

static void put_object(Buf *out, Str members)
{
    buf_put_char(out, '{');
    buf_put(out, members);
    buf_put_char(out, '}');
}

/* `[{…},{…}]`, or one object; what has nothing left is left out. */
static Str rest_of(const Masking *m, const Json *json, uint32_t value, Str first)
{
    Buf      out = buf_new(m->c->arena, 256);
    uint32_t end = json->values[value].after;
    Str      members;

    if (json->values[value].kind != JSON_ARRAY) {
        members = members_of(m, json, value, first, false);
        if (members.len)
            put_object(&out, members);
        return buf_str(&out);
    }
    for (uint32_t i = value + 1; i < end; i = json->values[i].after) {
        members = members_of(m, json, i, first, false);
        if (!members.len)
            continue;
        buf_put_char(&out, out.len ? ',' : '[');
        put_object(&out, members);
    }
    if (out.len)
        buf_put_char(&out, ']');
    return buf_str(&out);
}

/* meta, marked as that of a part. */
static void put_meta(const Masking *m, const Json *json, uint32_t meta, Buf *out)
{
    bool tagged = !m->tag;

    buf_put(out, STR("\"meta\":{"));
    for (uint32_t i = meta + 1; i < json->values[meta].after; i = json->values[i].after) {
        if (is_hidden_in(m, STR("meta"), json->values[i].key))
            continue;
        put_member(out, json, i);
        if (tagged || !str_equal(json->values[i].key, STR("tag")))
            continue;
        out->len--;
        buf_put_char(out, ',');
        buf_put(out, tag_text);
        buf_put_char(out, ']');
        tagged = true;
    }
    if (!tagged) {
        buf_put(out, out->at[out->len - 1] == '{' ? STR("\"tag\":[") : STR(",\"tag\":["));
        buf_put(out, tag_text);
        buf_put_char(out, ']');
    }
    buf_put_char(out, '}');
}

static void cut_member(const Masking *m, const Json *json, uint32_t value, Buf *out)
{
    Str key = json->values[value].key, rest;

    if (str_equal(key, STR("meta"))) {
        buf_put_char(out, ',');
        put_meta(m, json, value, out);
    } else if (is_hidden(m, key)) {
        return;
    } else if (holds_hidden(m, key)) {
        rest = rest_of(m, json, value, key);
        if (rest.len)
            buf_printf(out, ",\"%.*s\":%.*s", STR_ARG(key), STR_ARG(rest));
    } else {
        put_member(out, json, value);
    }
}

Fail mask_cut(Call *c, TypeId type, const MaskNames *hidden, bool tag, Str whole, Str *out)
{
    Masking m = { .c = c, .type = type, .names = hidden, .tag = tag };
    Buf     text = buf_new(c->arena, whole.len + 128);
    Json    json;

    TRY(read_json(c, whole, &json));
    buf_put_char(&text, '{');
    for (uint32_t i = 1; i < json.values[0].after; i = json.values[i].after)
        cut_member(&m, &json, i, &text);
    buf_put_char(&text, '}');
    *out = buf_str(&text);
    return OK;
}

/* ---- putting back ---- */

uint32_t mask_tag_find(const Resource *r)
{
    uint32_t meta = node_child(r, r->root, STR("meta"));
    uint32_t tag = meta ? node_child(r, meta, STR("tag")) : 0;

    for (; tag; tag = node_next_same(r, tag))
        if (str_equal(node_child_text(r, tag, STR("code")), STR("SUBSETTED"))
            && str_equal(node_child_text(r, tag, STR("id")), STR("withheld")))
            return tag;
    return 0;
}

/* A text that was sent, being completed from the one that is stored. */
typedef struct Keeping {
    Masking     m;
    const Json *sent, *old;
    uint32_t    root; /* of what was sent */
    Json        shown;
    Draft      *draft;
    Buf         more; /* members for the root */
} Keeping;

static Fail withheld(const Keeping *k, Str first, Str second)
{
    Str place = arena_printf(k->m.c->arena, "%.*s.%.*s%s%.*s", STR_ARG(type_name(k->m.type)),
                             STR_ARG(first), second.len ? "." : "", STR_ARG(second));

    return fail(k->m.c, FAIL_FORBIDDEN, place,
                "This element is withheld from the caller, who cannot write it either");
}

static Fail check_inside(const Keeping *k, uint32_t object, Str first)
{
    const JsonValue *values = k->sent->values;

    for (uint32_t i = object + 1;
         values[object].kind == JSON_OBJECT && i < values[object].after; i = values[i].after)
        if (is_hidden_in(&k->m, first, values[i].key))
            return withheld(k, first, values[i].key);
    return OK;
}

/* Nothing that is sent may stand where something is hidden. */
static Fail check_sent(const Keeping *k)
{
    const JsonValue *values = k->sent->values;

    for (uint32_t i = k->root + 1; i < values[k->root].after; i = values[i].after) {
        if (is_hidden(&k->m, values[i].key))
            return withheld(k, values[i].key, STR(""));
        if (!holds_hidden(&k->m, values[i].key))
            continue;
        TRY(check_inside(k, i, values[i].key));
        for (uint32_t item = i + 1; values[i].kind == JSON_ARRAY && item < values[i].after;
             item = values[item].after)
            TRY(check_inside(k, item, values[i].key));
    }
    return OK;
}

static void keep_in_object(Keeping *k, uint32_t sent, Str hidden)
{
    if (hidden.len)
        draft_replace(k->draft, k->sent->values[sent].to - 1, k->sent->values[sent].to - 1,
                      arena_printf(k->m.c->arena, ",%.*s", STR_ARG(hidden)));
}

static Fail list_changed(const Keeping *k, Str key)
{
    return fail(
        k->m.c, FAIL_FORBIDDEN,
        arena_printf(k->m.c->arena, "%.*s.%.*s", STR_ARG(type_name(k->m.type)), STR_ARG(key)),
        "Parts of these are withheld from the caller, who can add to them, but must send "
        "those that are there as they are shown, in their order");
}

/* Items that were shown must come first, as they were shown; each gets its hidden parts back. An item
 * of which nothing was shown is put behind all. */
static Fail keep_list(Keeping *k, uint32_t old, uint32_t sent, uint32_t shown, Str key)
{
    const Json *o = k->old, *s = k->sent;
    uint32_t    end = sent ? s->values[sent].after : 0, at = sent + 1;
    uint32_t    see = shown + 1;
    Buf         unseen = buf_new(k->m.c->arena, 256);

    for (uint32_t i = old + 1; i < o->values[old].after; i = o->values[i].after) {
        if (members_of(&k->m, o, i, key, false).len == 0) {
            buf_put_char(&unseen, ',');
            json_put_compact(&unseen, o->source, o->values[i].from, o->values[i].to);
            continue;
        }
        if (at >= end || !patch_equal(k->m.c->arena, &k->shown, see, s, at))
            return list_changed(k, key);
        keep_in_object(k, at, members_of(&k->m, o, i, key, true));
        see = k->shown.values[see].after;
        at = s->values[at].after;
    }
    if (unseen.len && sent)
        draft_replace(k->draft, s->values[sent].to - 1, s->values[sent].to - 1,
                      buf_str(&unseen));
    else if (unseen.len)
        buf_printf(&k->more, ",\"%.*s\":[%.*s]", STR_ARG(key),
                   STR_ARG(str_skip(buf_str(&unseen), 1)));
    return OK;
}

static Fail keep_member(Keeping *k, uint32_t old, bool text)
{
    const JsonValue *v = &k->old->values[old];
    uint32_t         sent = json_member(k->sent, k->root, v->key);
    Str              hidden;

    if (is_hidden(&k->m, v->key)) {
        if (text || !str_equal(bare(v->key), STR("text"))) {
            buf_put_char(&k->more, ',');
            json_put_compact(&k->more, k->old->source, v->key_from, v->to);
        }
        return OK;
    }
    if (!holds_hidden(&k->m, v->key) || str_equal(v->key, STR("meta"))) /* labels: carry.c */
        return OK;
    if (v->kind == JSON_ARRAY)
        return keep_list(k, old, sent, json_member(&k->shown, 0, v->key), v->key);
    hidden = members_of(&k->m, k->old, old, v->key, true);
    if (sent)
        keep_in_object(k, sent, hidden);
    else if (hidden.len)
        buf_printf(&k->more, ",\"%.*s\":{%.*s}", STR_ARG(v->key), STR_ARG(hidden));
    return OK;
}

/* The tag says something of the text that was read, not of the one that is kept. */
static void drop_tag(Keeping *k)
{
    const Resource  *r = k->draft->resource;
    uint32_t         tag = mask_tag_find(r), list, at, before = 0;
    const JsonValue *values = k->sent->values;

    if (!tag)
        return;
    at = (uint32_t)(node_at(r, tag)->json - values);
    list = json_member(k->sent, json_member(k->sent, k->root, STR("meta")), STR("tag"));
    for (uint32_t i = list + 1; i < at; i = values[i].after)
        before = i;
    if (before)
        draft_replace(k->draft, values[before].to, values[at].to, (Str){ 0 });
    else if (values[at].after < values[list].after)
        draft_replace(k->draft, values[at].from, values[values[at].after].from, (Str){ 0 });
    else
        draft_drop(k->draft, list);
}

Fail mask_keep(Call *c, const MaskNames *hidden, Str whole, bool text, Draft *draft)
{
    const Resource *r = draft->resource;
    Keeping         k = { .m = { .c = c, .type = r->type, .names = hidden },
                          .sent = &r->tree->json,
                          .draft = draft,
                          .more = buf_new(c->arena, 512) };
    Json            old;
    uint32_t        end;
    Str             shown;

    k.root = (uint32_t)(node_at(r, r->root)->json - k.sent->values);
    drop_tag(&k);
    if (whole.len == 0)
        return OK;
    TRY(check_sent(&k));
    TRY(mask_cut(c, r->type, hidden, false, whole, &shown));
    TRY(read_json(c, shown, &k.shown));
    TRY(read_json(c, whole, &old));
    k.old = &old;
    for (uint32_t i = 1; i < old.values[0].after; i = old.values[i].after)
        TRY(keep_member(&k, i, text));
    end = k.sent->values[k.root].to - 1;
    if (k.more.len)
        draft_replace(draft, end, end, buf_str(&k.more));
    return OK;
}

/* ---- comparing ---- */

/* What the text says of one name: the members, or those inside of each item, as one object. */
static void put_said(const Masking *m, const Json *json, const struct MaskName *name, Buf *out)
{
    Buf items = buf_new(m->c->arena, 128);

    for (uint32_t i = 1; i < json->values[0].after; i = json->values[i].after) {
        const JsonValue *v = &json->values[i];

        if (!str_equal(path_of(m->type, v->key), name->first))
            continue;
        if (name->second.len == 0) {
            put_member(out, json, i);
            continue;
        }
        items.len = 0;
        for (uint32_t at = v->kind == JSON_ARRAY ? i + 1 : i; at < v->after;
             at = json->values[at].after) {
            Str members = members_of(m, json, at, name->first, true);

            if (members.len)
                buf_printf(&items, "%s{%.*s}", items.len ? "," : "", STR_ARG(members));
        }
        if (items.len)
            buf_printf(out, "%s\"%.*s\":[%.*s]", out->len > 1 ? "," : "", STR_ARG(v->key),
                       STR_ARG(buf_str(&items)));
    }
}

static Fail said(Call *c, TypeId type, const struct MaskName *name, Str text, Json *out)
{
    struct MaskName one = *name;
    MaskNames       names = { .names = &one, .count = 1 };
    Masking         m = { .c = c, .type = type, .names = &names };
    Buf             said = buf_new(c->arena, 256);
    Json            json;

    buf_put_char(&said, '{');
    if (text.len) {
        TRY(read_json(c, text, &json));
        put_said(&m, &json, name, &said);
    }
    buf_put_char(&said, '}');
    return read_json(c, buf_str(&said), out);
}

Fail mask_check_same(Call *c, TypeId type, const MaskNames *names, Str before, Str after)
{
    for (uint32_t i = 0; i < names->count; i++) {
        const struct MaskName *name = &names->names[i];
        Json                   left, right;

        TRY(said(c, type, name, before, &left));
        TRY(said(c, type, name, after, &right));
        if (!patch_equal(c->arena, &left, 0, &right, 0))
            return fail(c, FAIL_FORBIDDEN,
                        arena_printf(c->arena, "%.*s.%.*s%s%.*s", STR_ARG(type_name(type)),
                                     STR_ARG(name->first), name->second.len ? "." : "",
                                     STR_ARG(name->second)),
                        "The caller may not set or change this element");
    }
    return OK;
}

Fail mask_same_text(Call *c, Str left, Str right, bool *same)
{
    Json a, b;

    TRY(read_json(c, left, &a));
    TRY(read_json(c, right, &b));
    *same = patch_equal(c->arena, &a, 0, &b, 0);
    return OK;
}
