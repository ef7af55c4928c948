/* A place as bytes, a seal behind it, in the letters of addresses: see search_link.h. */
#include "store/search_link.h"

#include "codec/base64.h"
#include "codec/digest.h"

enum { FORM = 1, NUMBERS = 3, PLACE_BYTES = 4 + 8 * NUMBERS, SEAL_BYTES = 16 };

typedef struct Sealed {
    uint8_t bytes[PLACE_BYTES + SEAL_BYTES];
} Sealed;

static void put_number(uint8_t *at, uint64_t number)
{
    for (size_t i = 0; i < 8; i++)
        at[i] = (uint8_t)(number >> (8 * i));
}

static uint64_t take_number(const uint8_t *at)
{
    uint64_t number = 0;

    for (size_t i = 0; i < 8; i++)
        number |= (uint64_t)at[i] << (8 * i);
    return number;
}

static Str bytes_of(const void *at, size_t len)
{
    return (Str){ at, len };
}

/* With a key that is made of the database's, so it is the same after a restart and nowhere else. */
static void seal(Call *c, const Store *s, const Permit *permit, Str said, Sealed *sealed)
{
    uint8_t digest[SHA256_BYTES];
    Buf     text = buf_new(c->arena, said.len + 256);

    buf_put(&text, bytes_of(sealed->bytes, PLACE_BYTES));
    buf_printf(&text, "%u %u %u %s\n", permit->practice, permit->author, permit->reach,
               permit->reach == REACH_PATIENT ? permit->patient : "");
    buf_put(&text, said);
    store_seal(s, STR("links between the pages of a search"), buf_str(&text), digest);
    memcpy(sealed->bytes + PLACE_BYTES, digest, SEAL_BYTES);
}

Str link_make(Call *c, const Store *s, const Permit *permit, Str said, const Place *place)
{
    Sealed sealed = { { FORM, place->back } };
    Buf    out = buf_new(c->arena, 2 * sizeof sealed);

    sealed.bytes[2] = (uint8_t)place->type;
    sealed.bytes[3] = (uint8_t)(place->type >> 8);
    put_number(sealed.bytes + 4, place->pinned);
    put_number(sealed.bytes + 12, (uint64_t)place->rid);
    put_number(sealed.bytes + 20, place->seq);
    seal(c, s, permit, said, &sealed);
    base64_put_url(&out, bytes_of(sealed.bytes, sizeof sealed.bytes));
    return buf_str(&out);
}

/* Takes as long whatever is wrong. */
static bool same_seal(const uint8_t *a, const uint8_t *b)
{
    uint8_t difference = 0;

    for (size_t i = 0; i < SEAL_BYTES; i++)
        difference |= a[i] ^ b[i];
    return difference == 0;
}

/* The last letter has bits that mean nothing: a link is good in one form only. */
static bool is_written_so(Arena *a, Str bytes, Str link)
{
    Buf text = buf_new(a, link.len + 4);

    base64_put_url(&text, bytes);
    return str_equal(buf_str(&text), link);
}

/* The letters of addresses as those base64_read() knows, made up to whole groups. */
static bool read_letters(Arena *a, Str link, Str *bytes)
{
    Buf text = buf_new(a, link.len + 4);

    for (size_t i = 0; i < link.len; i++) {
        char letter = link.at[i];

        if (letter == '+' || letter == '/' || letter == '=')
            return false;
        buf_put_char(&text, letter == '-' ? '+' : letter == '_' ? '/' : letter);
    }
    while (text.len % 4)
        buf_put_char(&text, '=');
    return base64_read(a, buf_str(&text), bytes) && is_written_so(a, *bytes, link);
}

Fail link_read(Call *c, const Store *s, const Permit *permit, Str said, Str link, Place *out)
{
    Sealed given, ours;
    Str    bytes;

    if (link.len > 2 * sizeof given || !read_letters(c->arena, link, &bytes)
        || bytes.len != sizeof given.bytes)
        return fail(c, FAIL_VALUE, STR("_page"), "not a page of this server");
    memcpy(given.bytes, bytes.at, sizeof given.bytes);
    ours = given;
    seal(c, s, permit, said, &ours);
    if (given.bytes[0] != FORM
        || !same_seal(given.bytes + PLACE_BYTES, ours.bytes + PLACE_BYTES))
        return fail(c, FAIL_VALUE, STR("_page"),
                    "not a page of this server, or of another search or caller");
    *out = (Place){ .back = given.bytes[1] != 0,
                    .type = (TypeId)(given.bytes[2] | given.bytes[3] << 8),
                    .pinned = take_number(given.bytes + 4),
                    .rid = (int64_t)take_number(given.bytes + 12),
                    .seq = take_number(given.bytes + 20) };
    return OK;
}
