/* The elements of a snapshot, and how several definitions of one become one: snapshot_list.h. */
#include "fhir/snapshot_list.h"

enum { KEYS_MAX = 64 };

uint32_t snapshot_list_add(SnapshotList *l, uint32_t after, SnapshotElement element)
{
    uint32_t number = l->count;

    if (l->count == l->room) {
        uint32_t room = l->room ? l->room * 2 : 256;

        l->at =
            arena_grow(l->call->arena, l->at, l->room * sizeof *l->at, room * sizeof *l->at);
        l->room = room;
    }
    element.next = number ? l->at[after].next : 0;
    l->at[l->count++] = element;
    if (number)
        l->at[after].next = number;
    return number;
}

bool snapshot_list_find(const SnapshotList *l, Str id, uint32_t *out)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (str_equal(l->at[i].id, id)) {
            *out = i;
            return true;
        }
    return false;
}

bool snapshot_id_within(Str id, Str of, bool slices)
{
    char behind = id.len > of.len ? id.at[of.len] : 0;

    if (!str_starts(id, of))
        return false;
    return behind == '.' || (slices && (behind == ':' || behind == '/'));
}

uint32_t snapshot_list_last(const SnapshotList *l, uint32_t number, bool slices)
{
    uint32_t last = number;

    while (l->at[last].next
           && snapshot_id_within(l->at[l->at[last].next].id, l->at[number].id, slices))
        last = l->at[last].next;
    return last;
}

bool snapshot_piece_value(const Piece *piece, Str key, PieceValue *out)
{
    for (; piece; piece = piece->before) {
        uint32_t at = json_member(piece->json, piece->at, key);

        if (at) {
            *out = (PieceValue){ piece->json, at };
            return true;
        }
    }
    return false;
}

/* --- one text of many -------------------------------------------------------------------- */

static const Str own[] = { STR_INIT("id"), STR_INIT("path"), STR_INIT("sliceName") };
static const Str gathered[] = { STR_INIT("constraint"), STR_INIT("condition"),
                                STR_INIT("mapping") };

static bool is_one_of(Str key, const Str *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(key, words[i]))
            return true;
    return false;
}

/* "fixed[x]" is one element, whatever its type says. */
static bool same_member(Str a, Str b)
{
    static const Str choices[] = { STR_INIT("fixed"), STR_INIT("pattern"), STR_INIT("minValue"),
                                   STR_INIT("maxValue") };

    for (size_t i = 0; i < COUNT(choices); i++)
        if (str_starts(a, choices[i]) && str_starts(b, choices[i]))
            return true;
    return str_equal(a, b);
}

static void put_value(Buf *out, const Json *json, uint32_t at)
{
    json_put_compact(out, json->source, json->values[at].from, json->values[at].to);
}

/* A constraint says where it comes from. */
static void put_item(Buf *out, const Piece *piece, Str key, uint32_t item)
{
    const Json *json = piece->json;

    if (!str_equal(key, STR("constraint")) || json_member(json, item, STR("source"))
        || json->values[item].kind != JSON_OBJECT || !json->values[item].count) {
        put_value(out, json, item);
        return;
    }
    put_value(out, json, item);
    out->len--;
    buf_put(out, STR(",\"source\":"));
    buf_put_json_string(out, piece->source);
    buf_put_char(out, '}');
}

/* Whether a later piece has an item that stands in the place of this one. */
static bool item_replaced(const Piece *last, const Piece *piece, Str key, uint32_t item)
{
    Str name = json_member_text(piece->json, item, STR("key"));
    Str said = str_slice(piece->json->source, piece->json->values[item].from,
                         piece->json->values[item].to);

    for (; last != piece; last = last->before) {
        uint32_t list = json_member(last->json, last->at, key);

        for (uint32_t i = list + 1; list && i < last->json->values[list].after;
             i = last->json->values[i].after) {
            const JsonValue *v = &last->json->values[i];

            if (name.len ? str_equal(json_member_text(last->json, i, STR("key")), name)
                         : str_equal(str_slice(last->json->source, v->from, v->to), said))
                return true;
        }
    }
    return false;
}

static void put_gathered(const SnapshotElement *e, Str key, Buf *out)
{
    const Piece *order[KEYS_MAX];
    size_t       count = 0;
    bool         first = true;

    for (const Piece *p = e->pieces; p && count < COUNT(order); p = p->before)
        order[count++] = p;
    while (count) {
        const Piece *p = order[--count];
        uint32_t     list = json_member(p->json, p->at, key);

        for (uint32_t i = list + 1; list && i < p->json->values[list].after;
             i = p->json->values[i].after) {
            if (item_replaced(e->pieces, p, key, i))
                continue;
            buf_printf(out, first ? ",\"%.*s\":[" : ",", STR_ARG(key));
            first = false;
            put_item(out, p, key, i);
        }
    }
    if (!first)
        buf_put_char(out, ']');
}

/* What comes from the element a slice is a slice of, and is not the slice's. */
static bool left_out(const SnapshotElement *e, bool inherited, Str key)
{
    if (is_one_of(key, own, COUNT(own)) || is_one_of(key, gathered, COUNT(gathered)))
        return true;
    if (e->content && str_equal(key, STR("contentReference")))
        return true;
    return inherited && (str_equal(key, STR("slicing")) || str_equal(key, STR("min")));
}

typedef struct Keys {
    Str    at[KEYS_MAX];
    size_t count;
} Keys;

static bool take_key(Keys *keys, Str key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (same_member(keys->at[i], key))
            return false;
    if (keys->count < COUNT(keys->at))
        keys->at[keys->count++] = key;
    return true;
}

static void put_members(const SnapshotElement *e, Buf *out, Keys *keys)
{
    bool inherited = false;

    for (const Piece *p = e->pieces; p; p = p->before) {
        const JsonValue *values = p->json->values;

        inherited = inherited || p == e->inherited;
        for (uint32_t i = p->at + 1; i < values[p->at].after; i = values[i].after) {
            if (left_out(e, inherited, values[i].key) || !take_key(keys, values[i].key))
                continue;
            buf_put_char(out, ',');
            buf_put_json_string(out, values[i].key);
            buf_put_char(out, ':');
            put_value(out, p->json, i);
        }
    }
}

/* What nobody said, and follows. */
static void put_implied(const SnapshotList *l, const SnapshotElement *e, Buf *out, Keys *keys)
{
    PieceValue type;

    if (e->inherited && take_key(keys, STR("min")))
        buf_put(out, STR(",\"min\":0"));
    if (e->by_url && take_key(keys, STR("slicing")))
        buf_put(out,
                STR(",\"slicing\":{\"discriminator\":[{\"type\":\"value\",\"path\":\"url\"}],"
                    "\"ordered\":false,\"rules\":\"open\"}"));
    if (e->by_type && take_key(keys, STR("slicing")))
        buf_put(out,
                STR(",\"slicing\":{\"discriminator\":[{\"type\":\"type\",\"path\":\"$this\"}],"
                    "\"ordered\":false,\"rules\":\"open\"}"));
    if (e->content && snapshot_piece_value(l->at[e->content].pieces, STR("type"), &type)
        && take_key(keys, STR("type"))) {
        buf_put(out, STR(",\"type\":"));
        put_value(out, type.json, type.at);
    }
}

/* A slice by type that does not say the type has the one of its name. */
static void narrow_type(const SnapshotElement *e, Buf *out, Keys *keys)
{
    for (const Piece *p = e->pieces; p && p != e->narrowed; p = p->before)
        if (json_member(p->json, p->at, STR("type")))
            return;
    if (!e->type_only.len || !take_key(keys, STR("type")))
        return;
    buf_put(out, STR(",\"type\":[{\"code\":"));
    buf_put_json_string(out, e->type_only);
    buf_put(out, STR("}]"));
}

void snapshot_put_element(const SnapshotList *l, const SnapshotElement *e, Buf *out)
{
    Keys keys = { 0 };

    buf_put(out, STR("{\"id\":"));
    buf_put_json_string(out, e->id);
    buf_put(out, STR(",\"path\":"));
    buf_put_json_string(out, e->path);
    if (e->slice.len) {
        buf_put(out, STR(",\"sliceName\":"));
        buf_put_json_string(out, e->slice);
    }
    narrow_type(e, out, &keys);
    put_members(e, out, &keys);
    put_implied(l, e, out, &keys);
    for (size_t i = 0; i < COUNT(gathered); i++)
        put_gathered(e, gathered[i], out);
    buf_put_char(out, '}');
}
