/* What a resource says to people, as words: see words.h. */
#include "fhir/words.h"

#include "base/buf.h"
#include "base/ensure.h"
#include "codec/base64.h"
#include "fhir/index.h"

enum {
    WORD_BYTES = 48, /* a longer one is cut: it is none that people write */
    SLOTS_AT_FIRST = 64,
    WORDS_MAX = 20000, /* of one resource */
};

/* ---- folding ---- */

static bool is_ascii_mark(unsigned char ch)
{
    return ch < 0x80
           && !((ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z')
                || (ch >= 'a' && ch <= 'z'));
}

/* How many bytes a mark of punctuation beyond ASCII takes here, 0 if there is none: spaces, dashes and
 * quotes (U+2000 to U+206F), those of Chinese and Japanese (U+3000 to U+303F), Latin's «, », ¿ and such.
 * What this leaves, index_fold() takes out without a gap. */
static size_t mark_length(Str text, size_t at)
{
    static const unsigned char latin[] = "\xAA\xB2\xB3\xB5\xB9\xBA\xBC\xBD\xBE"; /* no marks */
    const unsigned char       *s = (const unsigned char *)text.at + at;
    size_t                     left = text.len - at;

    if (left > 1 && s[0] == 0xC2 && s[1] < 0xC0 && !memchr(latin, s[1], sizeof latin - 1))
        return 2;
    if (left > 2 && s[0] == 0xE2 && (s[1] == 0x80 || (s[1] == 0x81 && s[2] < 0xB0)))
        return 3;
    if (left > 2 && s[0] == 0xE3 && s[1] == 0x80)
        return 3;
    return 0;
}

Str words_fold(Arena *a, Str text)
{
    Buf apart = buf_new(a, text.len + 1);

    for (size_t at = 0; at < text.len;) {
        size_t mark = is_ascii_mark((unsigned char)text.at[at]) ? 1 : mark_length(text, at);

        buf_put_char(&apart, mark ? ' ' : text.at[at]);
        at += mark ? mark : 1;
    }
    return index_fold(a, buf_str(&apart));
}

/* ---- each word once ---- */

typedef struct Entry {
    Str  word;
    bool narrative;
} Entry;

typedef struct Gathering {
    Call   *call;
    Entry  *entries;
    size_t *slots; /* place + 1 */
    size_t  count, room;
    size_t  bytes;
    bool    narrative; /* what is read now is the narrative's */
} Gathering;

static size_t slot_of(const Gathering *g, Str word)
{
    uint64_t hash = 0xcbf29ce484222325u;
    size_t   slot;

    for (size_t i = 0; i < word.len; i++)
        hash = (hash ^ (unsigned char)word.at[i]) * 0x100000001b3u;
    slot = (size_t)(hash ^ hash >> 32) & (2 * g->room - 1);
    while (g->slots[slot] && !str_equal(g->entries[g->slots[slot] - 1].word, word))
        slot = (slot + 1) & (2 * g->room - 1);
    return slot;
}

static void widen(Gathering *g)
{
    size_t room = g->room ? 2 * g->room : SLOTS_AT_FIRST;

    g->entries = arena_grow(g->call->arena, g->entries, g->room * sizeof *g->entries,
                            room * sizeof *g->entries);
    g->slots = NEW_ARRAY(g->call->arena, size_t, 2 * room);
    g->room = room;
    for (size_t i = 0; i < g->count; i++)
        g->slots[slot_of(g, g->entries[i].word)] = i + 1;
}

/* At the end of a character. */
Str words_cut(Str word)
{
    size_t end = WORD_BYTES;

    if (word.len <= WORD_BYTES)
        return word;
    while (end && ((unsigned char)word.at[end] & 0xC0) == 0x80)
        end--;
    return str_slice(word, 0, end);
}

static void add_word(Gathering *g, Str word)
{
    size_t slot;

    word = words_cut(word);
    if (g->count == g->room)
        widen(g);
    slot = slot_of(g, word);
    if (!g->slots[slot] && g->count < WORDS_MAX) {
        g->entries[g->count++] = (Entry){ .word = word };
        g->slots[slot] = g->count;
        g->bytes += word.len + 1;
    }
    if (g->slots[slot] && g->narrative)
        g->entries[g->slots[slot] - 1].narrative = true;
}

static void add_text(Gathering *g, Str text)
{
    Str rest = words_fold(g->call->arena, text), word;

    while (str_next(&rest, ' ', &word))
        if (word.len)
            add_word(g, word);
}

/* ---- markup ---- */

static void put_code(Buf *out, uint32_t code)
{
    if (code < 0x80) {
        buf_put_char(out, (char)code);
    } else if (code < 0x800) {
        buf_put_char(out, (char)(0xC0 | code >> 6));
        buf_put_char(out, (char)(0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        buf_put_char(out, (char)(0xE0 | code >> 12));
        buf_put_char(out, (char)(0x80 | (code >> 6 & 0x3F)));
        buf_put_char(out, (char)(0x80 | (code & 0x3F)));
    } else if (code < 0x110000) {
        buf_put_char(out, (char)(0xF0 | code >> 18));
        buf_put_char(out, (char)(0x80 | (code >> 12 & 0x3F)));
        buf_put_char(out, (char)(0x80 | (code >> 6 & 0x3F)));
        buf_put_char(out, (char)(0x80 | (code & 0x3F)));
    }
}

/* "#233" or "#xE9". */
static uint32_t numeric_code(Str name)
{
    bool     hex = name.len > 1 && (name.at[1] == 'x' || name.at[1] == 'X');
    uint32_t code = 0;

    for (size_t i = hex ? 2 : 1; i < name.len && code < 0x110000; i++) {
        char ch = name.at[i];

        if (ch >= '0' && ch <= '9')
            code = code * (hex ? 16 : 10) + (uint32_t)(ch - '0');
        else if (hex && ((ch | 32) >= 'a' && (ch | 32) <= 'f'))
            code = code * 16 + (uint32_t)((ch | 32) - 'a') + 10;
        else
            return 0;
    }
    return code;
}

/* What an entity is to folding, which takes accents off anyway: "eacute" is an e. */
static void put_entity(Buf *out, Str name)
{
    static const Str accents[] = { STR_INIT("acute"), STR_INIT("grave"), STR_INIT("circ"),
                                   STR_INIT("uml"),   STR_INIT("tilde"), STR_INIT("cedil"),
                                   STR_INIT("ring"),  STR_INIT("caron"), STR_INIT("slash") };
    static const struct {
        Str name, text;
    } pairs[] = {
        { STR_INIT("szlig"), STR_INIT("ss") },       { STR_INIT("aelig"), STR_INIT("ae") },
        { STR_INIT("oelig"), STR_INIT("oe") },       { STR_INIT("AElig"), STR_INIT("ae") },
        { STR_INIT("micro"), STR_INIT("\xC2\xB5") },
    };

    if (str_starts(name, STR("#")) && numeric_code(name) > ' ') {
        put_code(out, numeric_code(name));
        return;
    }
    for (size_t i = 0; i < COUNT(accents); i++)
        if (name.len == accents[i].len + 1 && str_ends(name, accents[i])) {
            buf_put_char(out, name.at[0]);
            return;
        }
    for (size_t i = 0; i < COUNT(pairs); i++)
        if (str_equal(pairs[i].name, name)) {
            buf_put(out, pairs[i].text);
            return;
        }
    buf_put_char(out, ' ');
}

enum { ENTITY_CHARS = 10 };

/* The end of the entity that begins at '&', or 0. */
static size_t entity_end(Str text, size_t at)
{
    for (size_t end = at + 1; end < text.len && end - at <= ENTITY_CHARS; end++)
        if (text.at[end] == ';')
            return end;
    return 0;
}

static size_t tag_end(Str text, size_t at)
{
    Str       mark = STR(">"), rest = str_skip(text, at);
    ptrdiff_t end;

    if (str_starts(rest, STR("<!--")))
        mark = STR("-->");
    end = str_find(rest, mark);
    return end < 0 ? text.len : at + (size_t)end + mark.len;
}

static Str without_markup(Arena *a, Str text)
{
    Buf out = buf_new(a, text.len + 1);

    for (size_t at = 0; at < text.len;) {
        size_t end = text.at[at] == '&' ? entity_end(text, at) : 0;

        if (text.at[at] == '<') {
            buf_put_char(&out, ' ');
            at = tag_end(text, at);
        } else if (end) {
            put_entity(&out, str_slice(text, at + 1, end));
            at = end + 1;
        } else {
            buf_put_char(&out, text.at[at++]);
        }
    }
    return buf_str(&out);
}

/* ---- what is for people ---- */

/* Texts by their type that machines use. */
static const struct {
    TypeId parent; /* 0: any */
    Str    name;
} no_text[] = {
    { 0, STR_INIT("id") },
    { TYPE_REFERENCE, STR_INIT("reference") },
    { TYPE_IDENTIFIER, STR_INIT("value") },
    { TYPE_CODING, STR_INIT("version") },
};

static bool is_for_people(const Resource *r, const Node *n)
{
    TypeId parent = node_at(r, n->parent)->type;

    for (size_t i = 0; i < COUNT(no_text); i++)
        if ((!no_text[i].parent || no_text[i].parent == parent)
            && str_equal(no_text[i].name, n->element->name))
            return false;
    return true;
}

static bool is_utf8(Str s)
{
    for (size_t at = 0; at < s.len;) {
        unsigned char first = (unsigned char)s.at[at];
        size_t        length = first < 0x80                    ? 1
                               : first >= 0xC2 && first < 0xE0 ? 2
                               : first >= 0xE0 && first < 0xF0 ? 3
                               : first >= 0xF0 && first < 0xF5 ? 4
                                                               : 0;

        if (!length || length > s.len - at)
            return false;
        for (size_t i = 1; i < length; i++)
            if (((unsigned char)s.at[at + i] & 0xC0) != 0x80)
                return false;
        at += length;
    }
    return true;
}

static void add_attached(Gathering *g, const Resource *r, const Node *n)
{
    Str bytes, type = node_child_text(r, n->parent, STR("contentType"));

    if (node_at(r, n->parent)->type == TYPE_ATTACHMENT && str_starts(type, STR("text/plain"))
        && base64_read(g->call->arena, node_text(n), &bytes) && is_utf8(bytes))
        add_text(g, bytes);
}

static void add_node(Gathering *g, const Resource *r, const Node *n)
{
    if (!n->element || !n->json)
        return;
    switch (structure(n->type)->primitive) {
    case PRIMITIVE_XHTML:
        g->narrative = true;
        add_text(g, without_markup(g->call->arena, node_text(n)));
        g->narrative = false;
        return;
    case PRIMITIVE_BASE64: add_attached(g, r, n); return;
    case PRIMITIVE_STRING:
    case PRIMITIVE_MARKDOWN:
        if (is_for_people(r, n))
            add_text(g, node_text(n));
        return;
    default: return;
    }
}

static Str joined(const Gathering *g, bool narrative)
{
    Buf out = buf_new(g->call->arena, g->bytes + 1);

    for (size_t i = 0; i < g->count; i++) {
        if (g->entries[i].narrative != narrative)
            continue;
        if (out.len)
            buf_put_char(&out, ' ');
        buf_put(&out, g->entries[i].word);
    }
    return buf_str(&out);
}

Fail words_of(Call *c, const Resource *resource, ResourceWords *out)
{
    Gathering g = { .call = c };

    ENSURE(resource->root == 0);
    widen(&g);
    for (uint32_t i = 0; i < resource->tree->count; i++)
        add_node(&g, resource, node_at(resource, i));
    *out = (ResourceWords){ joined(&g, true), joined(&g, false) };
    return OK;
}
