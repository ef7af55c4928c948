/*
 * JSON on yyjson: see json.h. The only file that knows yyjson, which checks the grammar and
 * UTF-8 and unescapes in place on a copy. Before it a scan counts brackets and values, so that
 * the caps hold before memory is spent; after it one pass walks yyjson's values and a cursor
 * over the source in lockstep and lays out the flat array.
 */
#include "codec/json.h"

#include <stdlib.h>
#include <yyjson.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "base/random.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are scanned first byte first");

enum {
    WORD = sizeof(uint64_t),
    FEW_MEMBERS = 16, /* up to here names are compared each with each */
};

static const uint64_t ones = 0x0101010101010101U;

static uint64_t word_at(const char *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof w);
    return w;
}

/* The high bit of each byte that is zero; exact up to and including the first such byte. */
static uint64_t zero_bytes(uint64_t w)
{
    return (w - ones) & ~w & (ones << 7);
}

/* The first quote or backslash at p or behind it, or end. */
static const char *string_stop(const char *p, const char *end)
{
    for (; end - p >= WORD; p += WORD) {
        uint64_t w = word_at(p);
        uint64_t hit = zero_bytes(w ^ ones * '"') | zero_bytes(w ^ ones * '\\');

        if (hit)
            return p + __builtin_ctzll(hit) / 8;
    }
    while (p < end && *p != '"' && *p != '\\')
        p++;
    return p;
}

/* What follows the closing quote of the string whose opening quote is at p; end if it is not
 * closed. */
static const char *string_end(const char *p, const char *end)
{
    for (p = string_stop(p + 1, end); p < end; p = string_stop(p, end)) {
        if (*p == '"')
            return p + 1;
        p += end - p >= 2 ? 2 : 1;
    }
    return end;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && is_space(*p)) {
        p++;
        while (end - p >= WORD && word_at(p) == ones * ' ')
            p += WORD;
    }
    return p;
}

static JsonPlace place_from(Str source, JsonPlace from, uint32_t offset)
{
    const char *at = source.at + from.offset;
    const char *stop = source.at + (offset < source.len ? offset : source.len);

    for (const char *p; at < stop && (p = memchr(at, '\n', (size_t)(stop - at))); at = p + 1) {
        from.line++;
        from.column = 1;
    }
    for (; at < stop; at++)
        from.column += ((unsigned char)*at & 0xc0) != 0x80;
    from.offset = (uint32_t)(stop - source.at);
    return from;
}

void json_place(Str source, uint32_t offset, uint32_t *line, uint32_t *column)
{
    JsonPlace place = place_from(source, (JsonPlace){ 0, 1, 1 }, offset);

    *line = place.line;
    *column = place.column;
}

JsonPlace json_place_next(const Json *json, uint32_t offset)
{
    JsonPlace from = { 0, 1, 1 };

    if (json->counted && json->counted->line && json->counted->offset <= offset)
        from = *json->counted;
    from = place_from(json->source, from, offset);
    if (json->counted)
        *json->counted = from;
    return from;
}

static Fail fail_here(Call *c, Fail kind, Str source, size_t offset, const char *what)
{
    uint32_t line, column;

    json_place(source, (uint32_t)offset, &line, &column);
    return fail_at(c, kind, (Str){ 0 }, line, column, "%s", what);
}

/* --- before yyjson ----------------------------------------------------------------------- */

/* Counts values as if the document were well-formed: one at the start, one behind each comma
 * and one in each bracket that is not empty. Exact if it is. */
static Fail count_values(Call *c, Str source, uint32_t values_max, uint32_t *out)
{
    const char *p = source.at, *end = p + source.len;
    uint64_t    count = 1;
    uint32_t    depth = 0;
    bool        opened = false; /* the last thing read was an opening bracket */

    while (p < end) {
        const char *here = p;

        switch (*p) {
        case ' ':
        case '\n':
        case '\r':
        case '\t': p = skip_space(p, end); continue;
        case '"': p = string_end(p, end); break;
        case ',':
            count++;
            p++;
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            opened = false;
            p++;
            continue;
        case '{':
        case '[':
            if (++depth > LIMIT_JSON_DEPTH)
                return fail_here(c, FAIL_TOO_COSTLY, source, (size_t)(here - source.at),
                                 "brackets are nested too deeply");
            count += opened;
            opened = true;
            p++;
            continue;
        default: p++;
        }
        count += opened;
        opened = false;
        if (count > values_max)
            return fail_here(c, FAIL_TOO_COSTLY, source, (size_t)(here - source.at),
                             "the document has too many values");
    }
    if (count > values_max)
        return fail_here(c, FAIL_TOO_COSTLY, source, source.len,
                         "the document has too many values");
    *out = (uint32_t)count;
    return OK;
}

/* --- yyjson ------------------------------------------------------------------------------ */

static void *take_memory(void *arena, size_t size)
{
    return arena_alloc_raw(arena, size);
}

static void *take_more_memory(void *arena, void *block, size_t old_size, size_t size)
{
    return size <= old_size ? block : arena_grow(arena, block, old_size, size);
}

static void leave_memory(void *arena, void *block)
{
    (void)arena, (void)block;
}

static const char *const meanings[] = {
    [0] = "this is not JSON",
    [3] = "there is no content", /* YYJSON_READ_ERROR_EMPTY_CONTENT */
    [4] = "something stands behind the document",
    [5] = "the document ends too early",
    [6] = "this character has no place here in JSON",
    [7] = "this is not the structure of JSON",
    [8] = "JSON has no comments",
    [9] = "this is not a number as JSON writes it",
    [10] = "this is not a JSON string: a control character, a bad escape or bad UTF-8",
    [11] = "this is not true, false or null",
};

static Fail read_values(Call *c, Str source, char *copy, yyjson_val **out)
{
    yyjson_alc      memory = { take_memory, take_more_memory, leave_memory, c->arena };
    yyjson_read_err error = { 0 };
    yyjson_doc     *doc;

    doc = yyjson_read_opts(copy, source.len, YYJSON_READ_INSITU | YYJSON_READ_NUMBER_AS_RAW,
                           &memory, &error);
    if (doc) {
        *out = yyjson_doc_get_root(doc);
        return OK;
    }
    return fail_here(
        c, FAIL_SYNTAX, source, error.pos,
        meanings[error.code < COUNT(meanings) && meanings[error.code] ? error.code : 0]);
}

/* --- behind yyjson: names met twice ------------------------------------------------------ */

/* A number of the name's length and of its first and last bytes: cheap, and differs for the
 * names that stand side by side in practice. The text must have WORD readable bytes. */
static uint64_t name_mark(Str name)
{
    uint64_t first = word_at(name.at), last;

    if (name.len >= WORD)
        last = word_at(name.at + name.len - WORD);
    else
        last = first = name.len ? first << (WORD - name.len) * 8 : 0;
    return (first ^ (last << 23 | last >> 41) ^ name.len) * 0x9e3779b97f4a7c15U;
}

/* The first member of `object` whose name stood before in it, or 0: each with each. */
static uint32_t twice_among_few(const JsonValue *values, uint32_t object)
{
    uint32_t end = values[object].after;

    for (uint32_t i = object + 1; i < end; i = values[i].after)
        for (uint32_t before = object + 1; before < i; before = values[before].after)
            if (str_equal(values[before].key, values[i].key))
                return i;
    return 0;
}

/* The same with a hash table of indices. */
static uint32_t twice_among_many(Arena *a, const JsonValue *values, uint32_t object)
{
    ArenaMark mark = arena_mark(a);
    uint32_t  end = values[object].after, found = 0;
    size_t    room = 64;
    uint64_t  seed;
    uint32_t *table;

    while (room < (size_t)values[object].count * 2)
        room *= 2;
    table = NEW_ARRAY(a, uint32_t, room);
    random_bytes(&seed, sizeof seed);
    for (uint32_t i = object + 1; i < end && !found; i = values[i].after) {
        size_t slot = str_hash_seeded(values[i].key, seed) & (room - 1);

        while (table[slot] && !str_equal(values[table[slot]].key, values[i].key))
            slot = (slot + 1) & (room - 1);
        if (table[slot])
            found = i;
        table[slot] = i;
    }
    arena_rewind(a, mark);
    return found;
}

/* --- behind yyjson: the flat array ------------------------------------------------------- */

typedef struct Frame {
    uint32_t value;
    uint32_t left; /* children to come */
    bool     object;
    bool     suspect; /* a name may have stood before */
    uint64_t seen[4]; /* marks of names, a bit each */
} Frame;

typedef struct Layout {
    Call       *call;
    Str         source;
    const char *copy; /* of the source, where yyjson unescaped */
    yyjson_val *next; /* value of yyjson to take */
    uint32_t    at;   /* byte of the source behind what was taken */
    JsonValue  *values;
    uint32_t    count;
    uint32_t    depth;
    Frame       frames[LIMIT_JSON_DEPTH];
} Layout;

/* Where the next token starts. */
static uint32_t next_token(const Layout *l)
{
    const char *end = l->source.at + l->source.len;
    const char *p = skip_space(l->source.at + l->at, end);

    while (p < end && (*p == ',' || *p == ':'))
        p = skip_space(p + 1, end);
    return (uint32_t)(p - l->source.at);
}

/* The content of a string, and from and to in the source. */
static Fail take_string(Layout *l, yyjson_val *v, Str *text, uint32_t *from)
{
    Str         s = { unsafe_yyjson_get_str(v), unsafe_yyjson_get_len(v) };
    uint32_t    start = (uint32_t)(s.at - l->copy);
    const char *raw = l->source.at + start;
    bool        plain;

    plain = (unsafe_yyjson_get_subtype(v) & YYJSON_SUBTYPE_NOESC)
            || (raw[s.len] == '"' && (s.len == 0 || !memchr(raw, '\\', s.len)));
    if (plain) {
        l->at = start + (uint32_t)s.len + 1;
    } else {
        l->at = (uint32_t)(string_end(raw - 1, l->source.at + l->source.len) - l->source.at);
        if (memchr(s.at, 0, s.len))
            return fail_here(l->call, FAIL_SYNTAX, l->source, start - 1,
                             "a string may not hold the character U+0000");
    }
    *text = s;
    *from = start - 1;
    return OK;
}

static Fail take_key(Layout *l, Frame *frame, JsonValue *value)
{
    uint64_t mark;

    TRY(take_string(l, l->next++, &value->key, &value->key_from));
    mark = name_mark(value->key) >> 56;
    frame->suspect |= frame->seen[mark >> 6] >> (mark & 63) & 1;
    frame->seen[mark >> 6] |= (uint64_t)1 << (mark & 63);
    return OK;
}

static Fail take_number(Layout *l, yyjson_val *v, JsonValue *value)
{
    value->kind = JSON_NUMBER;
    value->text = (Str){ v->uni.str, unsafe_yyjson_get_len(v) };
    value->from = (uint32_t)(v->uni.str - l->copy);
    value->to = l->at = value->from + (uint32_t)value->text.len;
    if (value->text.len > LIMIT_NUMBER_CHARS)
        return fail_here(l->call, FAIL_SYNTAX, l->source, value->from,
                         "a number has too many digits");
    return OK;
}

static void take_container(Layout *l, yyjson_val *v, JsonValue *value)
{
    Frame *frame = &l->frames[l->depth++];

    value->kind = unsafe_yyjson_is_obj(v) ? JSON_OBJECT : JSON_ARRAY;
    value->count = (uint32_t)unsafe_yyjson_get_len(v);
    value->from = next_token(l);
    l->at = value->from + 1;
    *frame = (Frame){ .value = l->count - 1,
                      .left = value->count,
                      .object = value->kind == JSON_OBJECT };
}

static void take_literal(Layout *l, yyjson_val *v, JsonValue *value)
{
    value->kind = unsafe_yyjson_is_null(v)   ? JSON_NULL
                  : unsafe_yyjson_is_true(v) ? JSON_TRUE
                                             : JSON_FALSE;
    value->from = next_token(l);
    value->to = l->at = value->from + (value->kind == JSON_FALSE ? 5 : 4);
    value->text = str_slice(l->source, value->from, value->to);
}

static Fail take_value(Layout *l)
{
    Frame      *frame = l->depth ? &l->frames[l->depth - 1] : NULL;
    JsonValue  *value = &l->values[l->count++];
    yyjson_val *v;

    *value = (JsonValue){ .after = l->count };
    if (frame) {
        frame->left--;
        if (frame->object)
            TRY(take_key(l, frame, value));
    }
    v = l->next++;
    switch (unsafe_yyjson_get_type(v)) {
    case YYJSON_TYPE_STR:
        TRY(take_string(l, v, &value->text, &value->from));
        value->kind = JSON_STRING;
        value->to = l->at;
        return OK;
    case YYJSON_TYPE_RAW: return take_number(l, v, value);
    case YYJSON_TYPE_ARR:
    case YYJSON_TYPE_OBJ: take_container(l, v, value); return OK;
    default: take_literal(l, v, value); return OK;
    }
}

/* Closes what has no child left. */
static Fail close_containers(Layout *l)
{
    while (l->depth && l->frames[l->depth - 1].left == 0) {
        const Frame *frame = &l->frames[--l->depth];
        JsonValue   *value = &l->values[frame->value];
        uint32_t     twice = 0;

        l->at = next_token(l) + 1;
        value->to = l->at;
        value->after = l->count;
        if (frame->suspect)
            twice = value->count <= FEW_MEMBERS
                        ? twice_among_few(l->values, frame->value)
                        : twice_among_many(l->call->arena, l->values, frame->value);
        if (twice)
            return fail_here(l->call, FAIL_SYNTAX, l->source, l->values[twice].key_from,
                             "this name stands twice in one object");
    }
    return OK;
}

static Fail lay_out(Layout *l, uint32_t count)
{
    do {
        ENSURE(l->count < count);
        TRY(take_value(l));
        TRY(close_containers(l));
    } while (l->depth);
    ENSURE(l->count == count);
    return OK;
}

Fail json_parse(Call *c, Str bytes, uint32_t values_max, Json *out)
{
    Layout    l = { .call = c, .source = bytes };
    uint32_t  count = 0;
    char     *copy;
    ArenaMark mark;
    Fail      result;

    if (str_starts(bytes, STR("\xef\xbb\xbf")))
        l.source = str_skip(bytes, 3);
    if (l.source.len == 0)
        return fail(c, FAIL_SYNTAX, (Str){ 0 }, "%s", "there is no content");
    if (l.source.len > UINT32_MAX - 16)
        return fail(c, FAIL_TOO_LARGE, (Str){ 0 }, "the document is too long");
    TRY(count_values(c, l.source, values_max, &count));
    l.values = arena_alloc_raw(c->arena, (size_t)count * sizeof *l.values);
    copy = arena_alloc_raw(c->arena, l.source.len + YYJSON_PADDING_SIZE + WORD);
    memcpy(copy, l.source.at, l.source.len);
    memset(copy + l.source.len, 0, YYJSON_PADDING_SIZE + WORD);
    l.copy = copy;
    mark = arena_mark(c->arena);
    TRY(read_values(c, l.source, copy, &l.next));
    result = lay_out(&l, count);
    if (result == OK)
        arena_rewind(c->arena, mark);
    TRY(result);
    *out = (Json){ .source = l.source,
                   .values = l.values,
                   .count = l.count,
                   .counted = NEW(c->arena, JsonPlace) };
    return OK;
}

/* --- using the result -------------------------------------------------------------------- */

uint32_t json_member(const Json *json, uint32_t object, Str key)
{
    const JsonValue *values = json->values;

    if (values[object].kind != JSON_OBJECT)
        return 0;
    for (uint32_t i = object + 1; i < values[object].after; i = values[i].after)
        if (str_equal(values[i].key, key))
            return i;
    return 0;
}

Str json_member_text(const Json *json, uint32_t object, Str key)
{
    uint32_t i = json_member(json, object, key);

    return i && json->values[i].kind == JSON_STRING ? json->values[i].text : (Str){ 0 };
}

/* Bytes of text that the escape \uXXXX at p makes, and how long the escape is. */
static size_t escaped_code_point(const char *p, const char *end, size_t *len)
{
    char     digits[5] = { 0 };
    uint32_t unit;

    *len = 6;
    if (end - p < 6)
        return 1;
    memcpy(digits, p + 2, 4);
    unit = (uint32_t)strtoul(digits, NULL, 16);
    if (unit >= 0xd800 && unit < 0xdc00) {
        *len = 12;
        return 4;
    }
    return unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
}

uint32_t json_string_advance(Str source, uint32_t at, size_t text_bytes)
{
    const char *end = source.at + source.len;
    const char *p = source.at + at;

    for (size_t made = 0; p < end && made < text_bytes;) {
        size_t len = 1, text = 1;

        if (*p == '\\') {
            len = 2;
            if (end - p > 1 && p[1] == 'u')
                text = escaped_code_point(p, end, &len);
        }
        made += text;
        if (made > text_bytes)
            break;
        p += len;
    }
    return (uint32_t)((p < end ? p : end) - source.at);
}

void json_put_compact(Buf *out, Str source, uint32_t from, uint32_t to)
{
    const char *p = source.at + from, *end = source.at + to;
    char       *at = buf_reserve(out, to - from), *start = at;

    while ((p = skip_space(p, end)) < end) {
        const char *run = p;

        while (p < end && !is_space(*p))
            p = *p == '"' ? string_end(p, end) : p + 1;
        memcpy(at, run, (size_t)(p - run));
        at += p - run;
    }
    out->len += (size_t)(at - start);
}

static void put_line(Buf *out, uint32_t depth)
{
    char *at = buf_reserve(out, 1 + (size_t)depth * 2);

    at[0] = '\n';
    memset(at + 1, ' ', (size_t)depth * 2);
    out->len += 1 + (size_t)depth * 2;
}

Str json_pretty(Arena *a, Str document)
{
    const char *end = document.at + document.len;
    Buf         out = buf_new(a, document.len * 2);
    uint32_t    depth = 0;
    bool        opened = false;

    for (const char *p = document.at; (p = skip_space(p, end)) < end;) {
        const char *from = p;
        bool        closes = *p == '}' || *p == ']';

        if (closes && depth)
            depth--;
        if (opened != closes)
            put_line(&out, depth);
        p = *p == '"' ? string_end(p, end) : p + 1;
        buf_put(&out, (Str){ from, (size_t)(p - from) });
        opened = *from == '{' || *from == '[';
        depth += opened;
        if (*from == ',')
            put_line(&out, depth);
        if (*from == ':')
            buf_put_char(&out, ' ');
    }
    return buf_str(&out);
}
