/*
 * JSON Patch: see patch.h. The document stays text: only the objects and arrays on the way to
 * a place that is changed are taken apart into parts; all else is copied as it stood when the
 * result is written. RFC 6902, RFC 6901; standards 1.4.
 */
#include "fhir/patch.h"

#include "base/buf.h"
#include "base/limits.h"
#include "codec/json.h"
#include "fhir/patch_equal.h"

/* A value of the document: as it stands in `json`, or taken apart into parts. */
typedef struct Part Part;
struct Part {
    const Json *json;
    uint32_t    value;
    bool        open;  /* its members or items are parts of their own */
    Str         key;   /* where it is a member: its name … */
    Str         label; /* … and `"name":` as it stood, or empty where it is new */
    Part       *parent, *first, *last, *before, *next;
};

typedef struct Patch {
    Call    *call;
    Json     operations;
    Part    *root;
    size_t   copied;            /* bytes that copy operations added */
    uint32_t operation, number; /* the one being carried out: its value, its number from 1 */
} Patch;

static Fail refuse(Patch *p, Fail kind, const char *why)
{
    uint32_t line, column;

    json_place(p->operations.source, p->operations.values[p->operation].from, &line, &column);
    return fail_at(p->call, kind, (Str){ 0 }, line, column, "operation %u of the patch: %s",
                   p->number, why);
}

/* --- parts ------------------------------------------------------------------------------- */

static uint8_t part_kind(const Part *part)
{
    return part->json->values[part->value].kind;
}

static bool is_container(const Part *part)
{
    return part_kind(part) == JSON_OBJECT || part_kind(part) == JSON_ARRAY;
}

static Part *part_new(Arena *a, const Json *json, uint32_t value)
{
    Part *part = NEW(a, Part);

    part->json = json;
    part->value = value;
    return part;
}

/* Puts a part into its parent in front of `next`, or at the end. */
static void part_link(Part *parent, Part *part, Part *next)
{
    Part *before = next ? next->before : parent->last;

    part->parent = parent;
    part->next = next;
    part->before = before;
    *(before ? &before->next : &parent->first) = part;
    *(next ? &next->before : &parent->last) = part;
}

static void part_unlink(Part *part)
{
    *(part->before ? &part->before->next : &part->parent->first) = part->next;
    *(part->next ? &part->next->before : &part->parent->last) = part->before;
    part->parent = part->before = part->next = NULL;
}

static void part_open(Arena *a, Part *part)
{
    const Json *json = part->json;

    if (part->open || !is_container(part))
        return;
    part->open = true;
    for (uint32_t i = part->value + 1; i < json->values[part->value].after;
         i = json->values[i].after) {
        const JsonValue *v = &json->values[i];
        Part            *child = part_new(a, json, i);

        child->key = v->key;
        if (part_kind(part) == JSON_OBJECT)
            child->label = str_slice(json->source, v->key_from, v->from);
        part_link(part, child, NULL);
    }
}

static void put_label(Buf *out, const Part *part)
{
    if (part_kind(part->parent) != JSON_OBJECT)
        return;
    if (part->label.len) {
        json_put_compact(out, part->label, 0, (uint32_t)part->label.len);
    } else {
        buf_put_json_string(out, part->key);
        buf_put_char(out, ':');
    }
}

/* The text of a part: what was not taken apart as it stood, but for white space. */
static void put_part(Buf *out, const Part *whole)
{
    const Part *part = whole;

    for (;;) {
        bool object = part_kind(part) == JSON_OBJECT;

        if (part != whole)
            put_label(out, part);
        if (!part->open) {
            const JsonValue *v = &part->json->values[part->value];

            json_put_compact(out, part->json->source, v->from, v->to);
        } else if (part->first) {
            buf_put_char(out, object ? '{' : '[');
            part = part->first;
            continue;
        } else {
            buf_put(out, object ? STR("{}") : STR("[]"));
        }
        while (part != whole && !part->next) {
            part = part->parent;
            buf_put_char(out, part_kind(part) == JSON_OBJECT ? '}' : ']');
        }
        if (part == whole)
            return;
        buf_put_char(out, ',');
        part = part->next;
    }
}

/* A part as JSON of its own, for copying and comparing. */
static Fail part_as_json(Patch *p, const Part *part, Json *out)
{
    Buf      text = buf_new(p->call->arena, 256);
    uint32_t noted = p->call->issue_count;

    put_part(&text, part);
    if (json_parse(p->call, buf_str(&text), LIMIT_JSON_NODES, out) == OK)
        return OK;
    call_forget_issues(p->call, noted);
    return refuse(p, FAIL_TOO_COSTLY, "it makes the document too deep or too wide");
}

/* --- places ------------------------------------------------------------------------------ */

/* One step of a JSON Pointer (RFC 6901): "~1" is '/', "~0" is '~'. False if '~' stands alone. */
static bool token_unescape(Arena *a, Str *token)
{
    Buf out;

    if (str_find(*token, STR("~")) < 0)
        return true;
    out = buf_new(a, token->len);
    for (size_t i = 0; i < token->len; i++) {
        char c = token->at[i];

        if (c == '~') {
            if (++i == token->len || (token->at[i] != '0' && token->at[i] != '1'))
                return false;
            c = token->at[i] == '0' ? '~' : '/';
        }
        buf_put_char(&out, c);
    }
    *token = buf_str(&out);
    return true;
}

/* An item by its number, no zeros in front. */
static Part *find_item(const Part *array, Str token)
{
    uint64_t index;
    Part    *item = array->first;

    if ((token.len > 1 && token.at[0] == '0') || !str_to_u64(token, &index))
        return NULL;
    while (item && index--)
        item = item->next;
    return item;
}

static Part *find_child(Patch *p, Part *parent, Str token)
{
    part_open(p->call->arena, parent);
    if (!parent->open)
        return NULL;
    if (part_kind(parent) == JSON_ARRAY)
        return find_item(parent, token);
    for (Part *child = parent->first; child; child = child->next)
        if (str_equal(child->key, token))
            return child;
    return NULL;
}

typedef struct Place {
    Part *parent; /* NULL: the whole document */
    Part *part;   /* what stands there, or NULL */
    Str   token;  /* the last step */
} Place;

/* Follows a pointer to the container that has, or would have, its last step. */
static Fail find_place(Patch *p, Str pointer, Place *out)
{
    Place place = { .part = p->root };
    Str   token;

    if (pointer.len && pointer.at[0] != '/')
        return refuse(p, FAIL_SYNTAX, "a pointer begins with '/'");
    pointer = pointer.len ? str_skip(pointer, 1) : (Str){ 0 };
    while (str_next(&pointer, '/', &token)) {
        if (!token_unescape(p->call->arena, &token))
            return refuse(p, FAIL_SYNTAX, "in a pointer '~' is followed by 0 or 1");
        if (!place.part || !is_container(place.part))
            return refuse(p, FAIL_UNPROCESSABLE, "there is nothing on the way to its place");
        place = (Place){ .parent = place.part,
                         .part = find_child(p, place.part, token),
                         .token = token };
    }
    *out = place;
    return OK;
}

static Fail find_part(Patch *p, Str pointer, Place *out)
{
    TRY(find_place(p, pointer, out));
    return out->part ? OK : refuse(p, FAIL_UNPROCESSABLE, "there is nothing at its place");
}

/* --- operations -------------------------------------------------------------------------- */

/* Puts `part` where `place` says what stands there now. */
static void put_instead(Patch *p, Place place, Part *part)
{
    Part *next = place.part->next;

    if (!place.parent) {
        p->root = part;
        return;
    }
    part->key = place.part->key;
    part->label = place.part->label;
    part_unlink(place.part);
    part_link(place.parent, part, next);
}

/* RFC 6902, 4.1. */
static Fail add_part(Patch *p, Str pointer, Part *part)
{
    Place place;

    TRY(find_place(p, pointer, &place));
    if (!place.parent || (place.part && part_kind(place.parent) == JSON_OBJECT)) {
        put_instead(p, place, part);
        return OK;
    }
    part->label = (Str){ 0 };
    part->key = place.token;
    if (part_kind(place.parent) == JSON_ARRAY && !place.part) {
        uint64_t index = 0;

        for (const Part *item = place.parent->first; item; item = item->next)
            index++;
        if (!str_equal(place.token, STR("-"))
            && !str_equal(place.token,
                          arena_printf(p->call->arena, "%llu", (unsigned long long)index)))
            return refuse(p, FAIL_UNPROCESSABLE, "the array has no such place");
    }
    part_link(place.parent, part, place.part);
    return OK;
}

/* The value given with an operation. */
static Fail value_part(Patch *p, Part **out)
{
    uint32_t value = json_member(&p->operations, p->operation, STR("value"));

    if (!value)
        return refuse(p, FAIL_SYNTAX, "it needs a value");
    *out = part_new(p->call->arena, &p->operations, value);
    return OK;
}

static Fail pointer_member(Patch *p, Str name, Str *out)
{
    *out = json_member_text(&p->operations, p->operation, name);
    if (!out->at)
        return refuse(p, FAIL_SYNTAX,
                      str_equal(name, STR("path")) ? "it needs a path" : "it needs a from");
    return OK;
}

static Fail do_add(Patch *p, Str path)
{
    Part *part;

    TRY(value_part(p, &part));
    return add_part(p, path, part);
}

static Fail do_replace(Patch *p, Str path)
{
    Part *part;
    Place place;

    TRY(value_part(p, &part));
    TRY(find_part(p, path, &place));
    put_instead(p, place, part);
    return OK;
}

static Fail do_remove(Patch *p, Str path)
{
    Place place;

    TRY(find_part(p, path, &place));
    if (!place.parent)
        return refuse(p, FAIL_UNPROCESSABLE, "the whole document cannot be removed");
    part_unlink(place.part);
    return OK;
}

static Fail do_move(Patch *p, Str path)
{
    Str   from;
    Place place;

    TRY(pointer_member(p, STR("from"), &from));
    TRY(find_part(p, from, &place));
    if (str_equal(from, path))
        return OK;
    if (!place.parent || (str_starts(path, from) && path.at[from.len] == '/'))
        return refuse(p, FAIL_UNPROCESSABLE, "a value cannot be moved into itself");
    part_unlink(place.part);
    return add_part(p, path, place.part);
}

static Fail do_copy(Patch *p, Str path)
{
    Str   from;
    Place place;
    Json *copy = NEW(p->call->arena, Json);

    TRY(pointer_member(p, STR("from"), &from));
    TRY(find_part(p, from, &place));
    TRY(part_as_json(p, place.part, copy));
    p->copied += copy->source.len;
    if (p->copied > LIMIT_BODY_BYTES)
        return refuse(p, FAIL_TOO_LARGE, "it makes the document too long");
    return add_part(p, path, part_new(p->call->arena, copy, 0));
}

static Fail do_test(Patch *p, Str path)
{
    Part *expected;
    Place place;
    Json  actual;

    TRY(value_part(p, &expected));
    TRY(find_part(p, path, &place));
    if (!place.part->open) {
        if (patch_equal(p->call->arena, place.part->json, place.part->value, &p->operations,
                        expected->value))
            return OK;
    } else {
        TRY(part_as_json(p, place.part, &actual));
        if (patch_equal(p->call->arena, &actual, 0, &p->operations, expected->value))
            return OK;
    }
    return refuse(p, FAIL_UNPROCESSABLE, "the test failed: another value stands there");
}

typedef struct Operation {
    Str name;
    Fail (*run)(Patch *p, Str path);
} Operation;

static const Operation operations[] = {
    { STR_INIT("add"), do_add },   { STR_INIT("remove"), do_remove },
    { STR_INIT("move"), do_move }, { STR_INIT("replace"), do_replace },
    { STR_INIT("copy"), do_copy }, { STR_INIT("test"), do_test },
};

static Fail run_operation(Patch *p)
{
    Str name, path;

    if (p->operations.values[p->operation].kind != JSON_OBJECT)
        return refuse(p, FAIL_SYNTAX, "it must be an object");
    if (call_late(p->call))
        return refuse(p, FAIL_TIMEOUT, "the call took too long");
    name = json_member_text(&p->operations, p->operation, STR("op"));
    TRY(pointer_member(p, STR("path"), &path));
    for (size_t i = 0; i < COUNT(operations); i++)
        if (str_equal(operations[i].name, name))
            return operations[i].run(p, path);
    return refuse(p, FAIL_SYNTAX, "op is one of add, remove, replace, move, copy and test");
}

/* --- the whole --------------------------------------------------------------------------- */

/* The text of a member of the root, or of the root's meta; empty if there is none. */
static Str text_of(Patch *p, Str outer, Str inner)
{
    Part *part = find_child(p, p->root, outer);
    Buf   out = buf_new(p->call->arena, 64);

    if (part && inner.len)
        part = find_child(p, part, inner);
    if (part)
        put_part(&out, part);
    return buf_str(&out);
}

static const Str kept[][2] = {
    { STR_INIT("resourceType"), STR_INIT("") },
    { STR_INIT("id"), STR_INIT("") },
    { STR_INIT("meta"), STR_INIT("versionId") },
    { STR_INIT("meta"), STR_INIT("lastUpdated") },
};

static Fail run(Patch *p)
{
    Str before[COUNT(kept)];

    for (size_t i = 0; i < COUNT(kept); i++)
        before[i] = text_of(p, kept[i][0], kept[i][1]);
    for (p->operation = 1; p->operation < p->operations.count;
         p->operation = p->operations.values[p->operation].after) {
        p->number++;
        TRY(run_operation(p));
    }
    for (size_t i = 0; i < COUNT(kept); i++)
        if (!str_equal(before[i], text_of(p, kept[i][0], kept[i][1])))
            return fail(p->call, FAIL_UNPROCESSABLE, (Str){ 0 },
                        "a patch may not change %.*s%s%.*s", STR_ARG(kept[i][0]),
                        kept[i][1].len ? "." : "", STR_ARG(kept[i][1]));
    return OK;
}

Fail patch_json(Call *c, Str document, Str patch, Str *out)
{
    Patch p = { .call = c };
    Json  json;
    Buf   text;

    TRY(json_parse(c, patch, LIMIT_JSON_NODES, &p.operations));
    if (p.operations.values[0].kind != JSON_ARRAY)
        return fail(c, FAIL_SYNTAX, (Str){ 0 }, "a JSON Patch is an array of operations");
    if (p.operations.values[0].count > LIMIT_PATCH_OPERATIONS)
        return fail(c, FAIL_TOO_COSTLY, (Str){ 0 }, "a patch may have %d operations at most",
                    LIMIT_PATCH_OPERATIONS);
    TRY(json_parse(c, document, LIMIT_JSON_NODES, &json));
    p.root = part_new(c->arena, &json, 0);
    TRY(run(&p));
    text = buf_new(c->arena, document.len + patch.len);
    put_part(&text, p.root);
    *out = buf_str(&text);
    return OK;
}
