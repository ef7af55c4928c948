/*
 * What the values of attributes in narrative may say, as browsers would read them: see
 * narrative_value.h. Allow-lists throughout.
 */
#include "fhir/narrative_value.h"

enum {
    SCHEME_CHARS = 32, /* no scheme we know is longer */
    URL_CHARS = 64,    /* of url() in a style: enough to see what it is */
};

static const Str entities[] = {
    STR_INIT("amp"), STR_INIT("lt"), STR_INIT("gt"), STR_INIT("quot"), STR_INIT("apos"),
};
static const char entity_chars[] = "&<>\"'";

static const Str address_schemes[] = {
    STR_INIT("http"), STR_INIT("https"), STR_INIT("mailto"),
    STR_INIT("tel"),  STR_INIT("urn"),   STR_INIT("ftp"),
};
static const Str source_schemes[] = {
    STR_INIT("http"),
    STR_INIT("https"),
    STR_INIT("urn"),
    STR_INIT("cid"),
};
/* Pictures that cannot hold a script. */
static const Str picture_starts[] = {
    STR_INIT("data:image/png;"),  STR_INIT("data:image/jpeg;"), STR_INIT("data:image/jpg;"),
    STR_INIT("data:image/gif;"),  STR_INIT("data:image/png,"),  STR_INIT("data:image/gif,"),
    STR_INIT("data:image/jpeg,"),
};
static const Str picture_ends[] = {
    STR_INIT(".png"),
    STR_INIT(".gif"),
    STR_INIT(".jpg"),
    STR_INIT(".jpeg"),
};

/* Style properties that colour and arrange what stands in the text; those that end in '-' stand
 * for all that begin so. Not position, content, behavior and the like. */
static const Str properties[] = {
    STR_INIT("background"),     STR_INIT("background-"),    STR_INIT("border"),
    STR_INIT("border-"),        STR_INIT("break-"),         STR_INIT("caption-side"),
    STR_INIT("clear"),          STR_INIT("color"),          STR_INIT("column-"),
    STR_INIT("direction"),      STR_INIT("display"),        STR_INIT("empty-cells"),
    STR_INIT("float"),          STR_INIT("font"),           STR_INIT("font-"),
    STR_INIT("height"),         STR_INIT("letter-spacing"), STR_INIT("line-height"),
    STR_INIT("list-style"),     STR_INIT("list-style-"),    STR_INIT("margin"),
    STR_INIT("margin-"),        STR_INIT("max-height"),     STR_INIT("max-width"),
    STR_INIT("min-height"),     STR_INIT("min-width"),      STR_INIT("opacity"),
    STR_INIT("overflow"),       STR_INIT("overflow-wrap"),  STR_INIT("padding"),
    STR_INIT("padding-"),       STR_INIT("page-break-"),    STR_INIT("quotes"),
    STR_INIT("table-layout"),   STR_INIT("text-"),          STR_INIT("unicode-bidi"),
    STR_INIT("vertical-align"), STR_INIT("visibility"),     STR_INIT("white-space"),
    STR_INIT("width"),          STR_INIT("word-"),
};
static const Str functions[] = {
    STR_INIT("rgb"), STR_INIT("rgba"), STR_INIT("hsl"), STR_INIT("hsla"), STR_INIT("var"),
};

static bool contains(const Str *table, size_t count, Str s)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(table[i], s))
            return true;
    return false;
}

static bool starts_with_one(const Str *table, size_t count, Str s)
{
    for (size_t i = 0; i < count; i++)
        if (str_starts(s, table[i]))
            return true;
    return false;
}

static bool ends_with_one(const Str *table, size_t count, Str s)
{
    for (size_t i = 0; i < count; i++)
        if (str_ends(s, table[i]))
            return true;
    return false;
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* --- characters of an attribute's value, references resolved ----------------------------- */

bool narrative_reference(Str s, uint32_t *code, size_t *len)
{
    ptrdiff_t stop = str_find(str_slice(s, 0, 12), STR(";"));
    Str       name = str_slice(s, 1, stop < 0 ? 0 : (size_t)stop);
    bool      hex = str_starts(name, STR("#x"));
    uint32_t  value = 0;

    if (name.len == 0)
        return false;
    *len = (size_t)stop + 1;
    for (size_t i = 0; i < COUNT(entities); i++)
        if (str_equal(name, entities[i])) {
            *code = (unsigned char)entity_chars[i];
            return true;
        }
    name = str_skip(name, hex ? 2 : 1);
    if (s.at[1] != '#' || name.len == 0)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        int  c = lower(name.at[i]);
        bool letter = hex && c >= 'a' && c <= 'f';

        if (!is_digit(c) && !letter)
            return false;
        value = value * (hex ? 16 : 10) + (uint32_t)(letter ? c - 'a' + 10 : c - '0');
        if (value > 0x10ffff)
            return false;
    }
    *code = value;
    return true;
}

/* The next character, or -1 behind the last. Bytes beyond ASCII come one by one: nothing here
 * depends on what they mean. */
static int next_char(Str *value)
{
    uint32_t code;
    size_t   len;

    if (value->len == 0)
        return -1;
    if (value->at[0] == '&' && narrative_reference(*value, &code, &len)) {
        *value = str_skip(*value, len);
        return (int)code;
    }
    *value = str_skip(*value, 1);
    return (unsigned char)value->at[-1];
}

/* --- addresses --------------------------------------------------------------------------- */

/* The next character as browsers read addresses: without control characters and spaces. */
static int next_address_char(Str *value)
{
    int c;

    do
        c = next_char(value);
    while ((c >= 0 && c <= ' ') || c == 0x7f);
    return c < 0x80 ? lower(c) : '?';
}

static Str address_start(Str value, char *out, size_t room)
{
    size_t len = 0;

    for (int c; len < room && (c = next_address_char(&value)) >= 0;)
        out[len++] = (char)c;
    return (Str){ out, len };
}

/* The scheme of an address is one we know, or it has none. */
static bool scheme_allowed(Str value, const Str *schemes, size_t count)
{
    char   scheme[SCHEME_CHARS];
    size_t len = 0;

    for (int c; (c = next_address_char(&value)) >= 0;) {
        if (c == ':')
            return contains(schemes, count, (Str){ scheme, len });
        if (c == '/' || c == '?' || c == '#')
            return true;
        if (len < sizeof scheme)
            scheme[len++] = (char)c;
    }
    return true;
}

bool narrative_address_allowed(Str value)
{
    return scheme_allowed(value, address_schemes, COUNT(address_schemes));
}

bool narrative_picture_allowed(Str value)
{
    char buffer[SCHEME_CHARS];
    Str  start = address_start(value, buffer, sizeof buffer);

    return starts_with_one(picture_starts, COUNT(picture_starts), start)
           || scheme_allowed(value, source_schemes, COUNT(source_schemes));
}

/* --- styles ------------------------------------------------------------------------------ */

static bool property_allowed(Str name)
{
    for (size_t i = 0; i < COUNT(properties); i++)
        if (str_equal(name, properties[i])
            || (str_ends(properties[i], STR("-")) && str_starts(name, properties[i])))
            return true;
    return false;
}

/* Takes the inside of url(…) and its bracket: a picture in the text or a file beside it. */
static bool style_url_allowed(Str *value)
{
    char   buffer[URL_CHARS];
    size_t len = 0;
    int    c;
    bool   plain = true;
    Str    url;

    while ((c = next_char(value)) != ')') {
        if (c < 0 || c == '\\' || c == '(' || c == '<' || c == '>')
            return false;
        if (is_space(c) || c == '"' || c == '\'')
            continue;
        plain &= is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
        if (len < sizeof buffer)
            buffer[len++] = (char)lower(c);
        else
            plain = false;
    }
    url = (Str){ buffer, len };
    return starts_with_one(picture_starts, COUNT(picture_starts), url)
           || (plain && ends_with_one(picture_ends, COUNT(picture_ends), url));
}

static bool style_char_allowed(int c)
{
    return is_letter(c) || is_digit(c) || is_space(c) || c >= 0x80
           || (c > 0 && strchr("-_.,#%!+/'\"()", c));
}

/* The value of a declaration up to ';' or the end. */
static bool declaration_allowed(Str *value)
{
    char   word[16];
    size_t len = 0;

    for (int c; (c = next_char(value)) >= 0 && c != ';';) {
        Str name = { word, len };

        if (!style_char_allowed(c))
            return false;
        if (c == '(' && str_equal(name, STR("url"))) {
            if (!style_url_allowed(value))
                return false;
        } else if (c == '(' && !contains(functions, COUNT(functions), name)) {
            return false;
        }
        if (is_letter(c) || is_digit(c) || c == '-' || c >= 0x80) {
            if (len < sizeof word)
                word[len++] = (char)lower(c);
        } else {
            len = 0;
        }
    }
    return true;
}

bool narrative_style_allowed(Str value)
{
    while (value.len) {
        char   name[32];
        size_t len = 0;
        int    c;

        while ((c = next_char(&value)) >= 0 && c != ':' && c != ';') {
            if (is_space(c))
                continue;
            if ((!is_letter(c) && c != '-') || len == sizeof name)
                return false;
            name[len++] = (char)lower(c);
        }
        if (c != ':')
            continue;
        if (!property_allowed((Str){ name, len }) || !declaration_allowed(&value))
            return false;
    }
    return true;
}
