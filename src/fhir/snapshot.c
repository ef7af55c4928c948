/*
 * Snapshots of differentials: see snapshot.h. Each element of the differential is led, part by part
 * of its id, to its place in the list; what is missing on the way is unfolded from types.
 */
#include "fhir/snapshot.h"

#include "base/limits.h"
#include "fhir/snapshot_list.h"

#define CORE "http://hl7.org/fhir/StructureDefinition/"

enum { SNAPSHOT_ELEMENTS_MAX = 10 * 1000, DIFFERENTIAL_MAX = 4000, GATHERED_MAX = 200 };

typedef struct Making {
    Call                 *call;
    const SnapshotSource *source;
    const Json           *definition;
    Str                   url, type;
    bool                  derives; /* a type of its own: it may have new elements */
    SnapshotList          list;
} Making;

uint32_t snapshot_elements(const Json *definition, Str part)
{
    uint32_t holder = json_member(definition, 0, part);
    uint32_t list = holder ? json_member(definition, holder, STR("element")) : 0;

    return list && definition->values[list].kind == JSON_ARRAY ? list : 0;
}

static Fail refuse(Making *m, Str where, const char *why)
{
    return fail(m->call, FAIL_UNPROCESSABLE, STR("StructureDefinition.differential"),
                "%.*s: %s (in %.*s)", STR_ARG(where), why, STR_ARG(m->url));
}

static const Piece *piece_on(Making *m, const Piece *before, const Json *json, uint32_t at,
                             Str source)
{
    Piece *piece = NEW(m->call->arena, Piece);

    *piece = (Piece){ .json = json, .at = at, .before = before, .source = source };
    return piece;
}

static Str joined(Making *m, Str front, Str back)
{
    return arena_printf(m->call->arena, "%.*s%.*s", STR_ARG(front), STR_ARG(back));
}

/* "Quantity" of "Quantity.value": what stands before the first dot, and what from there on. */
static Str behind_root(Str text)
{
    size_t at = 0;

    while (at < text.len && text.at[at] != '.')
        at++;
    return str_skip(text, at);
}

/* --- unfolding --------------------------------------------------------------------------- */

static Fail find_definition(Making *m, Str where, Str url, const Json **out)
{
    *out = NULL;
    TRY(m->source->find(m->call, m->source->context, url, out));
    if (!*out || !snapshot_elements(*out, STR("snapshot")))
        return fail(m->call, FAIL_UNPROCESSABLE, STR("StructureDefinition"),
                    "%.*s needs the definition %.*s, which is not known", STR_ARG(where),
                    STR_ARG(url));
    return OK;
}

static Fail room_for_more(Making *m)
{
    if (m->list.count > SNAPSHOT_ELEMENTS_MAX)
        return fail(m->call, FAIL_TOO_COSTLY, STR("StructureDefinition"),
                    "a snapshot has at most %d elements", SNAPSHOT_ELEMENTS_MAX);
    return OK;
}

/* The elements of another snapshot, but for its root, below `number`. */
static Fail unfold_definition(Making *m, uint32_t number, const Json *json)
{
    uint32_t list = snapshot_elements(json, STR("snapshot")), after = number;
    Str      url = json_member_text(json, 0, STR("url"));
    uint32_t first = list + 1;

    for (uint32_t i = json->values[first].after; i < json->values[list].after;
         i = json->values[i].after) {
        SnapshotElement e = { .slice = json_member_text(json, i, STR("sliceName")) };
        Str             path = json_member_text(json, i, STR("path"));
        Str             id = json_member_text(json, i, STR("id"));

        e.id = joined(m, m->list.at[number].id, behind_root(id.len ? id : path));
        e.path = joined(m, m->list.at[number].path, behind_root(path));
        e.pieces = piece_on(m, NULL, json, i, url);
        after = snapshot_list_add(&m->list, after, e);
        TRY(room_for_more(m));
    }
    return OK;
}

/* What is below `from` in the list, below `number` as well. */
static Fail unfold_copy(Making *m, uint32_t number, uint32_t from)
{
    uint32_t after = number, end = m->list.count;
    Str      id = m->list.at[from].id, path = m->list.at[from].path;

    for (uint32_t i = m->list.at[from].next; i && i < end; i = m->list.at[i].next) {
        SnapshotElement e = m->list.at[i];

        if (!snapshot_id_within(e.id, id, false))
            break;
        e.id = joined(m, m->list.at[number].id, str_skip(e.id, id.len));
        e.path = joined(m, m->list.at[number].path, str_skip(e.path, path.len));
        after = snapshot_list_add(&m->list, after, e);
        TRY(room_for_more(m));
    }
    return OK;
}

static bool has_children(const Making *m, uint32_t number)
{
    uint32_t next = m->list.at[number].next;

    return next && snapshot_id_within(m->list.at[next].id, m->list.at[number].id, false);
}

/* The element a slice is a slice of. */
static bool sliced_of(const Making *m, uint32_t number, uint32_t *out)
{
    Str id = m->list.at[number].id, front, slice;

    if (!m->list.at[number].slice.len || !str_cut_last(id, ':', &front, &slice))
        return false;
    return snapshot_list_find(&m->list, front, out);
}

/* The only type of an element, and its only profile. */
static void only_type(const Making *m, uint32_t number, Str *type, Str *profile)
{
    const SnapshotElement *e = &m->list.at[number];
    PieceValue             v;
    uint32_t               first, list;

    *type = e->type_only;
    *profile = (Str){ 0 };
    if (!snapshot_piece_value(e->pieces, STR("type"), &v))
        return;
    first = v.at + 1;
    if (v.json->values[v.at].count != 1 && e->type_only.len)
        return;
    *type = json_member_text(v.json, first, STR("code"));
    if (v.json->values[v.at].count != 1) {
        *type = STR("Element");
        return;
    }
    list = json_member(v.json, first, STR("profile"));
    if (list && v.json->values[list].count == 1)
        *profile = v.json->values[list + 1].text;
}

static Fail unfold_reference(Making *m, uint32_t number, Str reference)
{
    Str      before, id = reference;
    uint32_t from;

    str_cut(reference, '#', &before, &id);
    if (!snapshot_list_find(&m->list, id, &from))
        return refuse(m, m->list.at[number].id, "its content reference leads nowhere");
    m->list.at[number].content = from;
    return unfold_copy(m, number, from);
}

static Fail unfold(Making *m, uint32_t number)
{
    const SnapshotElement *e = &m->list.at[number];
    PieceValue             content;
    const Json            *json;
    uint32_t               sliced;
    Str                    type, profile, where = e->id;

    if (has_children(m, number))
        return OK;
    only_type(m, number, &type, &profile);
    if (!profile.len && sliced_of(m, number, &sliced) && has_children(m, sliced))
        return unfold_copy(m, number, sliced);
    if (snapshot_piece_value(e->pieces, STR("contentReference"), &content))
        return unfold_reference(m, number, content.json->values[content.at].text);
    if (!type.len)
        return refuse(m, where, "the element has no type to look into");
    if (!profile.len)
        profile = str_find(type, STR("://")) >= 0 ? type : joined(m, STR(CORE), type);
    TRY(find_definition(m, where, profile, &json));
    return unfold_definition(m, number, json);
}

/* --- finding a place --------------------------------------------------------------------- */

/* "value[x]" for "valueQuantity", if that is an element below `prefix`. */
static bool find_choice(const Making *m, Str prefix, Str name, uint32_t *out, Str *type)
{
    for (uint32_t i = 0; i < m->list.count; i++) {
        Str id = m->list.at[i].id, front, last, stem;

        if (!str_ends(id, STR("[x]")) || !str_cut_last(id, '.', &front, &last)
            || !str_equal(front, prefix))
            continue;
        stem = str_slice(last, 0, last.len - 3);
        if (str_starts(name, stem) && name.len > stem.len && name.at[stem.len] >= 'A'
            && name.at[stem.len] <= 'Z') {
            *out = i;
            *type = str_skip(name, stem.len);
            return true;
        }
    }
    return false;
}

/* The code of the element's type that is written so behind the name of a choice. */
static Str choice_type(const Making *m, uint32_t number, Str said)
{
    PieceValue v;

    if (!snapshot_piece_value(m->list.at[number].pieces, STR("type"), &v))
        return (Str){ 0 };
    for (uint32_t i = v.at + 1; i < v.json->values[v.at].after; i = v.json->values[i].after) {
        Str code = json_member_text(v.json, i, STR("code"));

        if (code.len == said.len && code.len && (code.at[0] & ~0x20) == said.at[0]
            && str_equal(str_skip(code, 1), str_skip(said, 1)))
            return code;
    }
    return (Str){ 0 };
}

static uint32_t add_slice(Making *m, uint32_t of, Str id, Str slice)
{
    SnapshotElement e = m->list.at[of];
    Str             name = m->list.at[of].path, front, last = name, stem;

    if (str_cut_last(name, '.', &front, &last) && str_ends(last, STR("[x]"))) {
        stem = str_slice(last, 0, last.len - 3);
        if (str_starts(slice, stem))
            e.type_only = choice_type(m, of, str_skip(slice, stem.len));
        m->list.at[of].by_type = true;
    }
    if (str_equal(last, STR("extension")) || str_equal(last, STR("modifierExtension")))
        m->list.at[of].by_url = true;
    e.id = id;
    e.slice = slice;
    e.inherited = e.narrowed = e.pieces;
    e.by_url = e.by_type = false;
    return snapshot_list_add(&m->list, snapshot_list_last(&m->list, of, true), e);
}

/* A slice of a slice is named after it: "a/b". */
static bool find_sliced(const Making *m, Str whole, Str slice, uint32_t *out)
{
    Str outer, inner;
    Str id = arena_printf(m->call->arena, "%.*s:%.*s", STR_ARG(whole), STR_ARG(slice));

    if (str_cut_last(id, '/', &outer, &inner) && str_find(inner, STR(":")) < 0
        && snapshot_list_find(&m->list, outer, out))
        return true;
    return snapshot_list_find(&m->list, whole, out);
}

/* Inside a slice the first short form of a choice ("valueQuantity") is about the choice itself and leaves
 * it that type, as HL7's publisher has it; elsewhere, and from the second one on, it is a slice. */
static bool narrow(Making *m, uint32_t of, Str type)
{
    SnapshotElement *e = &m->list.at[of];
    Str              code = choice_type(m, of, type);

    if (e->by_type || str_find(e->id, STR(":")) < 0
        || (e->type_only.len && !str_equal(e->type_only, code)))
        return false;
    if (!e->type_only.len) {
        e->type_only = code;
        e->narrowed = e->pieces;
    }
    return true;
}

/* One part of an id ("extension:race") below `*id`, which becomes its whole id. */
static Fail step(Making *m, Str part, Str *id, uint32_t *number)
{
    Str      name = part, slice = { 0 }, type, prefix = *id, whole;
    uint32_t of;

    *id = arena_printf(m->call->arena, "%.*s.%.*s", STR_ARG(prefix), STR_ARG(part));
    if (snapshot_list_find(&m->list, *id, number))
        return OK;
    TRY(unfold(m, *number));
    if (snapshot_list_find(&m->list, *id, number))
        return OK;
    str_cut(part, ':', &name, &slice);
    whole = arena_printf(m->call->arena, "%.*s.%.*s", STR_ARG(prefix), STR_ARG(name));
    if (slice.len && find_sliced(m, whole, slice, &of)) {
        *number = add_slice(m, of, *id, slice);
        return OK;
    }
    if (find_choice(m, prefix, name, &of, &type) && narrow(m, of, type)) {
        *id = m->list.at[of].id;
        *number = of;
        return OK;
    }
    if (find_choice(m, prefix, name, &of, &type)) {
        *id = arena_printf(m->call->arena, "%.*s:%.*s", STR_ARG(m->list.at[of].id),
                           STR_ARG(name));
        if (!snapshot_list_find(&m->list, *id, number))
            *number = add_slice(m, of, *id, name);
        return OK;
    }
    if (!m->derives)
        return refuse(m, *id, "the definition it is based on has no such element");
    *number = snapshot_list_add(
        &m->list, snapshot_list_last(&m->list, *number, false),
        (SnapshotElement){ .id = *id,
                           .slice = slice,
                           .path = arena_printf(m->call->arena, "%.*s.%.*s",
                                                STR_ARG(m->list.at[*number].path),
                                                STR_ARG(name)) });
    return OK;
}

static Fail place_of(Making *m, Str id, uint32_t *number)
{
    Str rest = id, part, so_far = m->list.at[0].id;

    *number = 0;
    str_next(&rest, '.', &part);
    while (str_next(&rest, '.', &part)) {
        if (!part.len)
            return refuse(m, id, "a part of its name is empty");
        TRY(step(m, part, &so_far, number));
    }
    return OK;
}

/* --- the differential -------------------------------------------------------------------- */

/* The id of an element that does not say it: below the one before it with the path of its parent. */
static Str implied_id(Making *m, Str last_id, Str last_path, Str path, Str slice)
{
    Str front = (Str){ 0 }, name = path, id = last_id, at = last_path, a, b;

    if (!str_cut_last(path, '.', &front, &name))
        return path;
    while (at.len > front.len || (at.len && !str_equal(at, front))) {
        if (!str_cut_last(at, '.', &a, &b) || !str_cut_last(id, '.', &id, &b))
            break;
        at = a;
    }
    if (!str_equal(at, front))
        id = front;
    if (!slice.len)
        return arena_printf(m->call->arena, "%.*s.%.*s", STR_ARG(id), STR_ARG(name));
    return arena_printf(m->call->arena, "%.*s.%.*s:%.*s", STR_ARG(id), STR_ARG(name),
                        STR_ARG(slice));
}

static void lay_over(Making *m, uint32_t number, uint32_t at)
{
    SnapshotElement *e = &m->list.at[number];
    const Piece     *piece = piece_on(m, e->pieces, m->definition, at, m->url);
    Str              slice = json_member_text(m->definition, at, STR("sliceName"));

    e->pieces = piece;
    if (slice.len)
        e->slice = slice;
}

/* What is gathered over the definitions is compared item by item. */
static Fail check_gathered(const Making *m, uint32_t element)
{
    static const Str lists[] = { STR_INIT("constraint"), STR_INIT("condition"),
                                 STR_INIT("mapping") };

    for (size_t k = 0; k < COUNT(lists); k++) {
        uint32_t list = json_member(m->definition, element, lists[k]);

        if (list && m->definition->values[list].count > GATHERED_MAX)
            return fail(m->call, FAIL_TOO_COSTLY, STR("StructureDefinition.differential"),
                        "An element has more than %d of one kind", GATHERED_MAX);
    }
    return OK;
}

static Fail take_differential(Making *m)
{
    const Json *json = m->definition;
    uint32_t    list = snapshot_elements(json, STR("differential")), number;
    Str         last_id = m->type, last_path = m->type;

    if (list && json->values[list].count > DIFFERENTIAL_MAX)
        return fail(m->call, FAIL_TOO_COSTLY, STR("StructureDefinition.differential"),
                    "it has more than %d elements", DIFFERENTIAL_MAX);
    for (uint32_t i = list + 1; list && i < json->values[list].after;
         i = json->values[i].after) {
        Str path = json_member_text(json, i, STR("path"));
        Str id = json_member_text(json, i, STR("id"));
        Str slice = json_member_text(json, i, STR("sliceName"));
        Str part, rest = path;

        if (call_late(m->call))
            return fail(m->call, FAIL_TIMEOUT, (Str){ 0 },
                        "Making the snapshot takes too long");
        if (!path.len)
            return refuse(m, m->type, "an element has no path");
        str_next(&rest, '.', &part);
        if (!str_equal(part, m->list.at[0].id))
            return refuse(m, path, "the path does not begin with the type");
        if (!id.len || !str_starts(id, part))
            id = implied_id(m, last_id, last_path, path, slice);
        last_id = id;
        last_path = path;
        TRY(check_gathered(m, i));
        TRY(place_of(m, id, &number));
        lay_over(m, number, i);
    }
    return OK;
}

/* Everything of the base, under the name of the type that is defined. */
static Fail take_base(Making *m, Str base)
{
    const Json     *json;
    uint32_t        list;
    SnapshotElement root = { .id = m->type, .path = m->type };

    TRY(find_definition(m, m->url, base, &json));
    list = snapshot_elements(json, STR("snapshot"));
    root.pieces = piece_on(m, NULL, json, list + 1, base);
    snapshot_list_add(&m->list, 0, root);
    return unfold_definition(m, 0, json);
}

static Str last_part(Str type)
{
    Str front, last;

    return str_cut_last(type, '/', &front, &last) ? last : type;
}

/* The definition as it came, but with this snapshot. */
static Str whole_definition(Making *m)
{
    const JsonValue *values = m->definition->values;
    Buf              out = buf_new(m->call->arena, 64 * 1024);
    bool             first = true;

    buf_put_char(&out, '{');
    for (uint32_t i = 1; i < values[0].after; i = values[i].after) {
        if (str_equal(values[i].key, STR("snapshot")))
            continue;
        if (!first)
            buf_put_char(&out, ',');
        first = false;
        buf_put_json_string(&out, values[i].key);
        buf_put_char(&out, ':');
        json_put_compact(&out, m->definition->source, values[i].from, values[i].to);
    }
    buf_put(&out, STR(",\"snapshot\":{\"element\":["));
    for (uint32_t i = 0, n = 0; n == 0 || i; i = m->list.at[i].next, n++) {
        if (n)
            buf_put_char(&out, ',');
        snapshot_put_element(&m->list, &m->list.at[i], &out);
    }
    buf_put(&out, STR("]}}"));
    return buf_str(&out);
}

Fail snapshot_make(Call *c, const SnapshotSource *source, const Json *definition, Str *out)
{
    Making m = { .call = c,
                 .source = source,
                 .definition = definition,
                 .url = json_member_text(definition, 0, STR("url")),
                 .type = last_part(json_member_text(definition, 0, STR("type"))),
                 .list = { .call = c } };
    Str    base = json_member_text(definition, 0, STR("baseDefinition"));

    m.derives =
        !str_equal(json_member_text(definition, 0, STR("derivation")), STR("constraint"));
    if (!m.type.len || !base.len)
        return refuse(&m, STR("StructureDefinition"), "type and baseDefinition are needed");
    TRY(take_base(&m, base));
    TRY(take_differential(&m));
    *out = whole_definition(&m);
    return OK;
}
