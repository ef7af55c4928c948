/* Percent-encoding and form-encoded text. */
#include "codec/url.h"

#include "base/limits.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* How many bytes the well-formed UTF-8 character at the beginning takes; 0 if it is none.
 * Unicode 3.9, table 3-7. */
static size_t utf8_length(const unsigned char *at, size_t left)
{
    static const struct {
        unsigned char first, last, second_min, second_max;
        uint8_t       length;
    } forms[] = {
        { 0x01, 0x7F, 0, 0, 1 },       { 0xC2, 0xDF, 0x80, 0xBF, 2 },
        { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
        { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 },
        { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 },
        { 0xF4, 0xF4, 0x80, 0x8F, 4 },
    };

    for (size_t i = 0; i < COUNT(forms); i++) {
        if (at[0] < forms[i].first || at[0] > forms[i].last)
            continue;
        if (left < forms[i].length)
            return 0;
        if (forms[i].length > 1 && (at[1] < forms[i].second_min || at[1] > forms[i].second_max))
            return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if (at[k] < 0x80 || at[k] > 0xBF)
                return 0;
        return forms[i].length;
    }
    return 0;
}

/* UTF-8 without NUL. */
static bool is_text(Str s)
{
    size_t at = 0;

    while (at < s.len) {
        size_t length = utf8_length((const unsigned char *)s.at + at, s.len - at);

        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

static bool is_encoded(Str text, bool plus_is_space)
{
    return text.len
           && (memchr(text.at, '%', text.len)
               || (plus_is_space && memchr(text.at, '+', text.len)));
}

bool url_decode(Arena *a, Str text, bool plus_is_space, Str *out)
{
    Str   decoded = text;
    char *to;

    if (is_encoded(text, plus_is_space)) {
        to = arena_alloc_raw(a, text.len);
        decoded = (Str){ to, 0 };
        for (size_t i = 0; i < text.len; i++) {
            int high, low;

            if (text.at[i] != '%') {
                to[decoded.len++] = plus_is_space && text.at[i] == '+' ? ' ' : text.at[i];
                continue;
            }
            high = text.len - i > 2 ? hex_value(text.at[i + 1]) : -1;
            low = text.len - i > 2 ? hex_value(text.at[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            to[decoded.len++] = (char)(high << 4 | low);
            i += 2;
        }
    }
    if (!is_text(decoded))
        return false;
    *out = decoded;
    return true;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || c == '-' || c == '.' || c == '_' || c == '~';
}

void url_encode(Buf *out, Str text)
{
    static const char digits[] = "0123456789ABCDEF";
    char             *to = buf_reserve(out, text.len * 3);
    size_t            len = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];

        if (is_unreserved(text.at[i])) {
            to[len++] = text.at[i];
            continue;
        }
        to[len++] = '%';
        to[len++] = digits[byte >> 4];
        to[len++] = digits[byte & 15];
    }
    out->len += len;
}

Fail url_params(Call *c, Str query, UrlParam **out, size_t *count)
{
    size_t    found = 0, room = 1;
    UrlParam *params;
    Str       rest = query, pair;

    if (query.len > LIMIT_QUERY_BYTES)
        return fail(c, FAIL_URI_TOO_LONG, (Str){ 0 }, "the query is longer than %d bytes",
                    LIMIT_QUERY_BYTES);
    for (size_t i = 0; i < query.len; i++)
        room += query.at[i] == '&';
    params = NEW_ARRAY(c->arena, UrlParam, room);
    while (str_next(&rest, '&', &pair)) {
        Str name = pair, value = { 0 };

        if (pair.len == 0)
            continue;
        str_cut(pair, '=', &name, &value);
        if (!url_decode(c->arena, name, true, &params[found].name))
            return fail(c, FAIL_VALUE, (Str){ 0 },
                        "the name of parameter %zu is not percent-encoded UTF-8", found + 1);
        if (!url_decode(c->arena, value, true, &params[found].value))
            return fail(c, FAIL_VALUE, params[found].name, "not percent-encoded UTF-8");
        found++;
    }
    *out = params;
    *count = found;
    return OK;
}
