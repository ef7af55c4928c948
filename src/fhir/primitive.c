/* The forms of R4 datatypes.html#primitive, a function for each: see primitive.h. */
#include "fhir/primitive.h"

#include "base/moment.h"
#include "fhir/resource.h"

enum { STRING_CHARS_MAX = 1024 * 1024 };

typedef const char *Check(Str text);

/* Whether a byte is below `limit`, for each of eight: limit at most 128. */
static bool any_below(uint64_t w, unsigned char limit)
{
    const uint64_t ones = 0x0101010101010101U;

    return (w - ones * limit) & ~w & ones << 7;
}

static bool has_control(Str s)
{
    size_t i = 0;

    for (; s.len - i >= 8; i += 8) {
        uint64_t w;

        memcpy(&w, s.at + i, sizeof w);
        if (any_below(w, ' '))
            break;
    }
    for (; i < s.len; i++)
        if ((unsigned char)s.at[i] < ' ' && s.at[i] != '\t' && s.at[i] != '\r'
            && s.at[i] != '\n')
            return true;
    return false;
}

static bool has_space(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] <= ' ')
            return true;
    return false;
}

static size_t character_count(Str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++)
        count += ((unsigned char)s.at[i] & 0xc0) != 0x80;
    return count;
}

static const char *check_nothing(Str text)
{
    (void)text;
    return NULL;
}

static const char *check_string(Str text)
{
    if (has_control(text))
        return "a string may not hold control characters other than tab and line ends";
    if ((unsigned char)text.at[0] <= ' ' && str_trim(text).len == 0)
        return "a string may not be blank";
    if (text.len > STRING_CHARS_MAX && character_count(text) > STRING_CHARS_MAX)
        return "a string may not be longer than 1048576 characters";
    return NULL;
}

static const char *check_code(Str text)
{
    bool space = true; /* in front counts as one */

    for (size_t i = 0; i < text.len; i++) {
        bool is_space = (unsigned char)text.at[i] <= ' ';

        if (is_space && space)
            return "a code may not begin with a space or hold two in a row";
        space = is_space;
    }
    return space ? "a code may not end with a space" : NULL;
}

static const char *check_id(Str text)
{
    return resource_id_valid(text) ? NULL : "an id has 1 to 64 letters, digits, '-' and '.'";
}

static const char *check_uri(Str text)
{
    return has_space(text) ? "an address may not hold spaces" : NULL;
}

/* urn:oid:[0-2](\.(0|[1-9][0-9]*))+ */
static const char *check_oid(Str text)
{
    static const char wrong[] = "an OID is written as urn:oid: and numbers with dots";
    Str               rest = str_skip(text, 8), part;
    unsigned          parts = 0;

    if (!str_starts(text, STR("urn:oid:")) || rest.len == 0)
        return wrong;
    for (; str_next(&rest, '.', &part); parts++) {
        if (part.len == 0 || (part.at[0] == '0' && part.len > 1))
            return wrong;
        for (size_t i = 0; i < part.len; i++)
            if (part.at[i] < '0' || part.at[i] > '9')
                return wrong;
        if (parts == 0 && (part.len > 1 || part.at[0] > '2'))
            return wrong;
    }
    return parts < 2 ? wrong : NULL;
}

/* urn:uuid: and 8-4-4-4-12 hexadecimal digits in lower case. */
static const char *check_uuid(Str text)
{
    static const char wrong[] = "a UUID is written as urn:uuid: and 36 characters, lower case";
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    Str               rest = str_skip(text, 9);

    if (!str_starts(text, STR("urn:uuid:")) || rest.len != sizeof form - 1)
        return wrong;
    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.at[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

        if (form[i] == '-' ? c != '-' : !hex)
            return wrong;
    }
    return NULL;
}

static bool of_form(Str text, MomentForm form)
{
    Moment m;

    return moment_parse(text, form, &m);
}

static const char *check_date(Str text)
{
    return of_form(text, MOMENT_DATE)
               ? NULL
               : "a date is YYYY, YYYY-MM or YYYY-MM-DD, of the calendar";
}

static const char *check_date_time(Str text)
{
    return of_form(text, MOMENT_DATE_TIME)
               ? NULL
               : "a dateTime is a date, or a date and time with seconds and time zone";
}

static const char *check_instant(Str text)
{
    return of_form(text, MOMENT_INSTANT) ? NULL
                                         : "an instant is YYYY-MM-DDThh:mm:ss with time zone";
}

static const char *check_time(Str text)
{
    return of_form(text, MOMENT_TIME) ? NULL : "a time is hh:mm:ss without time zone";
}

/* A whole number from `low` to `high` in decimal digits. */
static bool in_range(Str text, int64_t low, int64_t high)
{
    bool     minus = str_starts(text, STR("-"));
    uint64_t digits;
    int64_t  value;

    if (!str_to_u64(str_skip(text, minus), &digits) || digits > INT32_MAX + (uint64_t)1)
        return false;
    value = minus ? -(int64_t)digits : (int64_t)digits;
    return value >= low && value <= high;
}

static const char *check_integer(Str text)
{
    return in_range(text, INT32_MIN, INT32_MAX)
               ? NULL
               : "an integer is a whole number of 32 bits, without point or exponent";
}

static const char *check_unsigned(Str text)
{
    return in_range(text, 0, INT32_MAX) ? NULL
                                        : "this must be a whole number from 0 to 2147483647";
}

static const char *check_positive(Str text)
{
    return in_range(text, 1, INT32_MAX) ? NULL
                                        : "this must be a whole number from 1 to 2147483647";
}

static const uint8_t base64_digit[256] = {
    ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['0' ... '9'] = 1, ['+'] = 1,  ['/'] = 1,
    [' '] = 2,         ['\t'] = 2,        ['\r'] = 2,        ['\n'] = 2,
};

/* Groups of four, the last filled up with one or two '=', white space anywhere. */
static const char *check_base64(Str text)
{
    size_t digits = 0, filling = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t kind = base64_digit[(unsigned char)text.at[i]];

        if (kind == 1 && filling == 0)
            digits++;
        else if (text.at[i] == '=')
            filling++;
        else if (kind != 2)
            return "this is not base64";
    }
    if (digits == 0 || filling > 2 || (digits + filling) % 4 != 0)
        return "base64 comes in groups of four characters";
    return NULL;
}

static Check *const checks[] = {
    [PRIMITIVE_NONE] = check_nothing,
    [PRIMITIVE_BOOLEAN] = check_nothing,
    [PRIMITIVE_INTEGER] = check_integer,
    [PRIMITIVE_UNSIGNED_INT] = check_unsigned,
    [PRIMITIVE_POSITIVE_INT] = check_positive,
    [PRIMITIVE_DECIMAL] = check_nothing,
    [PRIMITIVE_STRING] = check_string,
    [PRIMITIVE_MARKDOWN] = check_string,
    [PRIMITIVE_CODE] = check_code,
    [PRIMITIVE_ID] = check_id,
    [PRIMITIVE_URI] = check_uri,
    [PRIMITIVE_URL] = check_uri,
    [PRIMITIVE_CANONICAL] = check_uri,
    [PRIMITIVE_OID] = check_oid,
    [PRIMITIVE_UUID] = check_uuid,
    [PRIMITIVE_DATE] = check_date,
    [PRIMITIVE_DATE_TIME] = check_date_time,
    [PRIMITIVE_INSTANT] = check_instant,
    [PRIMITIVE_TIME] = check_time,
    [PRIMITIVE_BASE64] = check_base64,
    [PRIMITIVE_XHTML] = check_nothing,
};
_Static_assert(COUNT(checks) == PRIMITIVE_XHTML + 1, "a check for each primitive");

const char *primitive_fault(Primitive primitive, Str text)
{
    if (text.len == 0)
        return "an empty text is not a value: leave the element out";
    return checks[primitive](text);
}
