/* String parameters: text folded so that case, accents and punctuation do not matter. SRCH-03. */
#include "base/buf.h"
#include "fhir/definitions_data.h"
#include "fhir/indexer.h"

/* A space only between words. */
static void put_folded(Buf *out, Str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != ' ' || (out->len && out->at[out->len - 1] != ' '))
            buf_put_char(out, text.at[i]);
}

/* The character at `at` of well-formed UTF-8, and how many bytes it takes. */
static uint32_t decode(Str text, size_t at, size_t *length)
{
    static const uint8_t first_bits[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    unsigned char        first = (unsigned char)text.at[at];
    uint32_t             code;

    *length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (*length > text.len - at)
        *length = text.len - at;
    code = first & first_bits[*length];
    for (size_t i = 1; i < *length; i++)
        code = code << 6 | ((unsigned char)text.at[at + i] & 0x3F);
    return code;
}

static Str fold_code(uint32_t code, Str as_it_is)
{
    const unsigned char *entry;
    uint16_t             place;

    if (code > FOLD_LAST)
        return as_it_is;
    place = fold_pages[fold_page_of[code >> 8]][code & 0xFF];
    if (place == 0)
        return as_it_is;
    entry = fold_text + place;
    return (Str){ (const char *)entry + 1, entry[0] };
}

Str index_fold(Arena *a, Str text)
{
    Buf out = buf_new(a, text.len + 1);

    for (size_t at = 0, length; at < text.len; at += length) {
        uint32_t code = decode(text, at, &length);

        put_folded(&out, fold_code(code, str_slice(text, at, at + length)));
    }
    while (out.len && out.at[out.len - 1] == ' ')
        out.len--;
    return buf_str(&out);
}

static void add_string(Indexing *x, const SearchParam *param, Str text)
{
    Str       folded = index_fold(x->arena, text);
    IndexRow *row;

    if (folded.len == 0)
        return;
    row = indexing_add(x, ROW_STRING, param->index);
    row->text = folded;
    if (!str_equal(folded, text))
        row->extra = text;
}

static const char *const name_parts[] = { "family", "given", "prefix", "suffix", "text", NULL };
static const char *const address_parts[] = { "line",       "city",    "district", "state",
                                             "postalCode", "country", "text",     NULL };

static void add_parts(Indexing *x, const SearchParam *param, uint32_t node,
                      const char *const *parts)
{
    const Resource *r = x->resource;

    for (; *parts; parts++)
        for (uint32_t at = node_child(r, node, str_from(*parts)); at;
             at = node_next_same(r, at))
            add_string(x, param, node_text(node_at(r, at)));
}

void index_string(Indexing *x, const SearchParam *param, uint32_t node)
{
    const Node *n = node_at(x->resource, node);

    if (n->type == TYPE_HUMAN_NAME)
        add_parts(x, param, node, name_parts);
    else if (n->type == TYPE_ADDRESS)
        add_parts(x, param, node, address_parts);
    else
        add_string(x, param, node_text(n));
}
