/*
 * Resources whose references are searches ("Practitioner?identifier=…"), as bulk exports of
 * Synthea have them. What they mean may come later, in another file, so they are put off until
 * all else is stored: a file is read once more for them, and of what cannot be read again the
 * texts are held. In rounds, for some refer to others of their kind; whatever no round settles
 * is rejected. R4 http.html#trules
 */
#include "base/ensure.h"
#include "base/limits.h"
#include "exchange/importer.h"
#include "fhir/bundle.h"

enum { HELD_BYTES = 64 * 1024 * 1024 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Whether `before` ends as a reference to a search begins: "reference": "Type. Quotes inside of
 * strings are escaped, so nothing else looks like that. */
static bool begins_search(Str before)
{
    while (before.len && is_letter(before.at[before.len - 1]))
        before.len--;
    if (!str_ends(before, STR("\"")))
        return false;
    before.len--;
    while (before.len && is_blank(before.at[before.len - 1]))
        before.len--;
    if (!str_ends(before, STR(":")))
        return false;
    before.len--;
    while (before.len && is_blank(before.at[before.len - 1]))
        before.len--;
    return str_ends(before, STR("\"reference\""));
}

bool import_is_late(Str text)
{
    const char *at = text.at, *end = text.at + text.len;

    while (at < end && (at = memchr(at, '?', (size_t)(end - at)))) {
        if (begins_search((Str){ text.at, (size_t)(at - text.at) }))
            return true;
        at++;
    }
    return false;
}

static void mark(Arena *a, Late *late, uint64_t number)
{
    size_t at = (size_t)(number / 8);

    if (at >= late->todo_bytes) {
        size_t room = late->todo_bytes ? late->todo_bytes : 1024;

        while (room <= at)
            room *= 2;
        late->todo = arena_grow(a, late->todo, late->todo_bytes, room);
        memset(late->todo + late->todo_bytes, 0, room - late->todo_bytes);
        late->todo_bytes = room;
    }
    late->todo[at] |= (uint8_t)(1 << number % 8);
    late->numbers = number + 1;
}

static bool hold(Arena *a, Input *input, Str text, uint64_t line)
{
    Late *late = &input->late;

    if (late->held_bytes + text.len > HELD_BYTES)
        return false;
    if (late->numbers == late->held_room) {
        size_t room = late->held_room ? late->held_room * 2 : 256;

        late->held = arena_grow(a, late->held, late->held_room * sizeof *late->held,
                                room * sizeof *late->held);
        late->held_room = room;
    }
    late->held[late->numbers] = (Piece){
        .input = input, .text = arena_str(a, text), .line = line, .number = late->numbers
    };
    late->held_bytes += text.len;
    return true;
}

bool import_put_off(Importer *im, Arena *a, Input *input, Str text, uint64_t line)
{
    Late *late = &input->late;

    if (!input->again && !hold(a, input, text, line))
        return false;
    mark(a, late, input->again ? input->documents : late->numbers);
    im->put_off++;
    return true;
}

bool import_waits(const Input *input, uint64_t number)
{
    return number < input->late.numbers
           && (__atomic_load_n(&input->late.todo[number / 8], __ATOMIC_RELAXED) >> number % 8
               & 1);
}

void import_settle(Importer *im, const Piece *piece)
{
    uint8_t others = (uint8_t) ~(1 << piece->number % 8);

    __atomic_and_fetch(&piece->input->late.todo[piece->number / 8], others, __ATOMIC_RELAXED);
    im->put_off--;
    im->settled++;
}

/* ---- in its turn ---- */

typedef struct Resolving {
    Lane           *lane;
    const Resource *resource;
    Draft           draft;
    Fail            result;
} Resolving;

static void resolve(void *context, uint32_t node, Str text)
{
    Resolving *v = context;
    Call      *c = &v->lane->call;
    Str        found;

    if (v->result != OK)
        return;
    found = known_find(v->lane->importer->known, c->arena, text);
    if (!found.len)
        v->result = import_condition(v->lane, text, &found);
    if (v->result != OK)
        return;
    if (!found.len) {
        v->lane->unresolved = true;
        v->result = fail(c, FAIL_NOT_FOUND, node_expression(c->arena, v->resource, node),
                         "nothing matches %.*s", STR_ARG(text));
        return;
    }
    draft_set_text(&v->draft, node, found);
}

Fail import_late_resource(Lane *l, Str text)
{
    Call       *c = &l->call;
    ReadOptions options = { .values_max = LIMIT_JSON_NODES, .conditional = true };
    BundleEntry entry = { .has_resource = true };
    Resolving   v = { .lane = l };
    Resource    resource;
    Prepared    prepared;
    Str         id;

    l->unresolved = false;
    if (text.len > LIMIT_BODY_BYTES)
        return fail(c, FAIL_TOO_LARGE, (Str){ 0 }, "a resource may have %d bytes at most",
                    (int)LIMIT_BODY_BYTES);
    TRY(resource_read(c, text, &options, &entry.resource));
    id = entry.resource.id.len ? entry.resource.id : import_derive_id(c->arena, text, 0);
    v.resource = &entry.resource;
    v.draft = draft_new(c->arena, &entry.resource);
    bundle_conditional_references(&entry, resolve, &v);
    TRY(v.result);
    text = draft_whole(c->arena, entry.resource.type, id, 1, 1, draft_remainder(&v.draft));
    options.trusted = true;
    TRY(resource_read(c, text, &options, &resource));
    TRY(import_prepare(l, &resource, id, METHOD_PUT, &prepared));
    return import_put(c, l->importer, &prepared);
}
