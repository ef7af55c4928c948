/* Stored text out of sent text by splicing: see draft.h. */
#include "fhir/draft.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/moment.h"

/* What the server says itself, at the root and in meta; `_name` goes with `name`. */
static const Str head_members[] = { STR_INIT("resourceType"), STR_INIT("id"),
                                    STR_INIT("meta") };
static const Str head_meta_members[] = { STR_INIT("versionId"), STR_INIT("lastUpdated"),
                                         STR_INIT("_versionId"), STR_INIT("_lastUpdated") };

Draft draft_new(Arena *a, const Resource *resource)
{
    return (Draft){ .arena = a, .resource = resource };
}

void draft_replace(Draft *d, uint32_t from, uint32_t to, Str with)
{
    ENSURE(from <= to);
    if (d->count == d->room) {
        size_t room = d->room ? d->room * 2 : 8;

        d->edits = arena_grow(d->arena, d->edits, d->room * sizeof(Edit), room * sizeof(Edit));
        d->room = room;
    }
    d->edits[d->count++] = (Edit){ from, to, with };
}

void draft_drop(Draft *d, uint32_t member)
{
    ENSURE(!d->dropped);
    d->dropped = member;
}

void draft_set_text(Draft *d, uint32_t node, Str text)
{
    const JsonValue *json = node_at(d->resource, node)->json;
    Buf              b = buf_new(d->arena, text.len + 2);

    ENSURE(json && json->kind == JSON_STRING);
    buf_put_json_string(&b, text);
    draft_replace(d, json->from, json->to, buf_str(&b));
}

static int compare_edits(const void *a, const void *b)
{
    uint32_t left = ((const Edit *)a)->from, right = ((const Edit *)b)->from;

    return (left > right) - (left < right);
}

/* A draft being written out: its edits in order of place. */
typedef struct Writer {
    Buf         out;
    const Json *json;
    Edit       *edits;
    size_t      count;
    uint32_t    dropped;
} Writer;

/* The first edit at `from` or behind. */
static size_t first_edit(const Writer *w, uint32_t from)
{
    size_t low = 0, high = w->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (w->edits[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The bytes from..to of the source, edited, without white space. */
static void put_range(Writer *w, uint32_t from, uint32_t to)
{
    for (size_t i = first_edit(w, from); i < w->count && w->edits[i].to <= to; i++) {
        ENSURE(w->edits[i].from >= from);
        json_put_compact(&w->out, w->json->source, from, w->edits[i].from);
        buf_put(&w->out, w->edits[i].with);
        from = w->edits[i].to;
    }
    json_put_compact(&w->out, w->json->source, from, to);
}

static bool is_one_of(Str name, const Str *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(name, names[i]))
            return true;
    return false;
}

/* The members of an object that are not among `names`, each run with a comma in front, and what
 * was inserted at the object's closing bracket. */
static void put_members(Writer *w, uint32_t object, const Str *names, size_t count)
{
    const JsonValue *values = w->json->values;
    uint32_t         end = values[object].after, closing = values[object].to - 1;
    uint32_t         run_from = 0, run_to = 0, written_to = 0;

    for (uint32_t i = object + 1; i < end; i = values[i].after) {
        if (i != w->dropped && !is_one_of(values[i].key, names, count)) {
            run_from = run_to ? run_from : values[i].key_from;
            run_to = values[i].to;
        }
        if (run_to && (values[i].after == end || run_to != values[i].to)) {
            buf_put_char(&w->out, ',');
            put_range(w, run_from, run_to);
            written_to = run_to;
            run_to = 0;
        }
    }
    if (written_to == closing)
        return;
    for (size_t i = first_edit(w, closing); i < w->count && w->edits[i].to == closing; i++)
        buf_put(&w->out, w->edits[i].with);
}

Str draft_remainder(const Draft *d)
{
    const Tree *tree = d->resource->tree;
    uint32_t    root, meta;
    size_t      bytes;
    Writer      w = { .json = &tree->json, .count = d->count, .dropped = d->dropped };

    root = (uint32_t)(tree->nodes[d->resource->root].json - tree->json.values);
    meta = json_member(w.json, root, STR("meta"));
    w.edits = arena_alloc_raw(d->arena, d->count * sizeof(Edit));
    if (d->count)
        memcpy(w.edits, d->edits, d->count * sizeof(Edit));
    qsort(w.edits, w.count, sizeof(Edit), compare_edits);
    bytes = tree->json.values[root].to - tree->json.values[root].from;
    for (size_t i = 0; i < w.count; i++)
        bytes += w.edits[i].with.len;
    w.out = buf_new(d->arena, bytes + 16);
    if (meta && tree->json.values[meta].kind == JSON_OBJECT)
        put_members(&w, meta, head_meta_members, COUNT(head_meta_members));
    buf_put_char(&w.out, '}');
    put_members(&w, root, head_members, COUNT(head_members));
    buf_put_char(&w.out, '}');
    return buf_str(&w.out);
}

size_t draft_head_put(Buf *out, TypeId type, Str id, uint64_t version, int64_t at_us)
{
    size_t before = out->len;
    char   instant[INSTANT_CHARS + 1];

    moment_format_instant(at_us, instant);
    buf_put(out, STR("{\"resourceType\":\""));
    buf_put(out, type_name(type));
    buf_put(out, STR("\",\"id\":\""));
    buf_put(out, id);
    buf_put(out, STR("\",\"meta\":{\"versionId\":\""));
    buf_put_u64(out, version);
    buf_put(out, STR("\",\"lastUpdated\":\""));
    buf_put(out, (Str){ instant, INSTANT_CHARS });
    buf_put_char(out, '"');
    return out->len - before;
}

Str draft_whole(Arena *a, TypeId type, Str id, uint64_t version, int64_t at_us, Str remainder)
{
    Buf out = buf_new(a, remainder.len + 256);

    draft_head_put(&out, type, id, version, at_us);
    buf_put(&out, remainder);
    return buf_str(&out);
}
