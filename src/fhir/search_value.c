/* Reading search values: escapes, prefixes, codes, references, dates, numbers. */
#include "fhir/search_value.h"

#include <math.h>

#include "base/limits.h"
#include "fhir/index.h"
#include "fhir/indexer.h"
#include "fhir/reference.h"
#include "fhir/search_criterion.h"
#include "fhir/unit.h"
#include "fhir/words.h"

bool search_value_next(Str *rest, char mark, Str *part)
{
    Str whole = *rest;

    if (!whole.at)
        return false;
    for (size_t i = 0; i < whole.len; i++) {
        if (whole.at[i] == '\\') {
            i++;
        } else if (whole.at[i] == mark) {
            *part = str_slice(whole, 0, i);
            *rest = str_skip(whole, i + 1);
            return true;
        }
    }
    *part = whole;
    *rest = (Str){ 0 };
    return true;
}

/* SRCH-10: backslash and one of , | $ \ */
Fail search_unescape(Call *c, Str name, Str text, Str *out)
{
    char *to;
    Str   plain;

    if (text.len == 0 || !memchr(text.at, '\\', text.len)) {
        *out = text;
        return OK;
    }
    to = arena_alloc_raw(c->arena, text.len);
    plain = (Str){ to, 0 };
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\\') {
            i++;
            if (i == text.len || !memchr(",|$\\", text.at[i], 4))
                return fail(c, FAIL_VALUE, name,
                            "a backslash must stand before a comma, '|', '$' or a backslash");
        }
        to[plain.len++] = text.at[i];
    }
    *out = plain;
    return OK;
}

/* "a|b|c" -> parts, unescaped; how many there are may not be more than `most`. */
static Fail cut_parts(Call *c, const ValueText *value, Str text, Str *parts, uint32_t most,
                      uint32_t *count)
{
    Str rest = text, part;

    *count = 0;
    while (search_value_next(&rest, '|', &part)) {
        if (*count == most)
            return fail(c, FAIL_VALUE, value->name,
                        "more than %u '|'; one that belongs to the value is written \\|",
                        most - 1);
        TRY(search_unescape(c, value->name, part, &parts[(*count)++]));
    }
    return OK;
}

static Fail read_token(Call *c, const ValueText *value, ClauseValue *out)
{
    Str      parts[2];
    uint32_t count;

    TRY(cut_parts(c, value, value->text, parts, 2, &count));
    out->has_system = count == 2;
    out->system = count == 2 ? parts[0] : (Str){ 0 };
    out->text = parts[count - 1];
    out->has_code = out->text.len > 0;
    if (!out->has_code && out->system.len == 0)
        return fail(c, FAIL_VALUE, value->name,
                    "neither system nor code; expected code, system|code, |code or system|");
    return OK;
}

static Fail read_id(Call *c, const ValueText *value, ClauseValue *out)
{
    TRY(search_unescape(c, value->name, value->text, &out->text));
    if (!resource_id_valid(out->text))
        return fail(c, FAIL_VALUE, value->name,
                    "not an id; expected up to 64 letters, digits, '-' and '.'");
    out->has_code = true;
    return OK;
}

/* The one type a bare id can mean, or 0. */
static TypeId type_of_id(const ValueText *value)
{
    TypeId only = 0;

    if (value->modifier_type || value->param->only_type)
        return value->modifier_type ? value->modifier_type : value->param->only_type;
    for (TypeId type = 1; type <= RESOURCE_TYPES; type++) {
        if (!targets_contain(value->param->targets, type))
            continue;
        if (only)
            return 0;
        only = type;
    }
    return only;
}

static Fail read_address(const Reference *reference, ClauseValue *out)
{
    out->text = reference->text;
    str_cut_last(reference->text, '|', &out->text, &out->version);
    return OK;
}

static Fail read_reference(Call *c, const ValueText *value, ClauseValue *out)
{
    TypeId    wanted = value->modifier_type ? value->modifier_type : value->param->only_type;
    Reference reference;
    Str       text;

    if (value->modifier == MODIFIER_IDENTIFIER)
        return read_token(c, value, out);
    TRY(search_unescape(c, value->name, value->text, &text));
    if (resource_id_valid(text)) {
        out->type = type_of_id(value);
        out->text = text;
        return OK;
    }
    reference = reference_parse(text, value->base);
    if (reference.form == REFERENCE_ABSOLUTE || reference.form == REFERENCE_URN)
        return read_address(&reference, out);
    if (reference.form != REFERENCE_LOCAL)
        return fail(c, FAIL_VALUE, value->name,
                    "not a reference; expected an id, Type/id or an address");
    if (wanted && wanted != reference.type)
        return fail(c, FAIL_VALUE, value->name, "a reference to %.*s where only %.*s can be",
                    STR_ARG(type_name(reference.type)), STR_ARG(type_name(wanted)));
    out->type = reference.type;
    out->text = reference.id;
    out->version = reference.version;
    return OK;
}

static const struct {
    char   word[3];
    Prefix prefix;
} prefixes[] = {
    { "eq", PREFIX_EQ }, { "ne", PREFIX_NE }, { "gt", PREFIX_GT },
    { "lt", PREFIX_LT }, { "ge", PREFIX_GE }, { "le", PREFIX_LE },
    { "sa", PREFIX_SA }, { "eb", PREFIX_EB }, { "ap", PREFIX_AP },
};

/* Takes a prefix off the front; without one, equal is meant. */
static Prefix take_prefix(Str *text)
{
    for (size_t i = 0; i < COUNT(prefixes); i++) {
        if (str_starts(*text, (Str){ prefixes[i].word, 2 })) {
            *text = str_skip(*text, 2);
            return prefixes[i].prefix;
        }
    }
    return PREFIX_EQ;
}

/* Widens by a tenth of the distance from now (SRCH-02). */
static void widen_moment(Moment *moment, int64_t now_us)
{
    int64_t middle = moment->low + (moment->high - moment->low) / 2;
    int64_t gap = (now_us > middle ? now_us - middle : middle - now_us) / 10;

    moment->low -= gap;
    moment->high += gap;
}

static Fail read_date(Call *c, const ValueText *value, ClauseValue *out)
{
    Str text;

    TRY(search_unescape(c, value->name, value->text, &text));
    out->prefix = value->modifier == MODIFIER_OVERLAP ? PREFIX_EQ : take_prefix(&text);
    if (!moment_parse(text, MOMENT_SEARCH, &out->moment))
        return fail(
            c, FAIL_VALUE, value->name,
            "not a date; expected YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with "
            "a zone, perhaps behind one of eq ne gt lt ge le sa eb ap");
    if (value->modifier == MODIFIER_OVERLAP)
        out->prefix = PREFIX_AP;
    else if (out->prefix == PREFIX_AP)
        widen_moment(&out->moment, c->now_us);
    return OK;
}

static Fail read_interval(Call *c, const ValueText *value, Str text, ClauseValue *out)
{
    Interval interval;

    out->prefix = take_prefix(&text);
    if (text.len > LIMIT_NUMBER_CHARS || !interval_parse(text, &interval))
        return fail(c, FAIL_VALUE, value->name,
                    "not a number; expected a decimal such as 5.4, perhaps behind one of eq ne "
                    "gt lt ge le sa eb ap");
    out->value = interval.value;
    out->low = interval.low;
    out->high = interval.high;
    if (out->prefix == PREFIX_AP) {
        out->low = interval.value - fabs(interval.value) / 10;
        out->high = interval.value + fabs(interval.value) / 10;
    }
    return OK;
}

static Fail read_number(Call *c, const ValueText *value, ClauseValue *out)
{
    Str text;

    TRY(search_unescape(c, value->name, value->text, &text));
    return read_interval(c, value, text, out);
}

/* number, number|system|code or number||code */
static Fail read_quantity(Call *c, const ValueText *value, ClauseValue *out)
{
    Str      parts[3];
    uint32_t count;

    TRY(cut_parts(c, value, value->text, parts, 3, &count));
    if (count == 2)
        return fail(c, FAIL_VALUE, value->name,
                    "one '|'; expected number, number|system|code or number||code");
    TRY(read_interval(c, value, parts[0], out));
    if (count == 3) {
        out->system = parts[1];
        out->text = parts[2];
        out->has_system = parts[1].len > 0;
        out->has_code = parts[2].len > 0;
    }
    return OK;
}

static Fail read_string(Call *c, const ValueText *value, ClauseValue *out)
{
    Str text;

    TRY(search_unescape(c, value->name, value->text, &text));
    out->text = value->modifier == MODIFIER_EXACT ? text : index_fold(c->arena, text);
    if (out->text.len == 0)
        return fail(c, FAIL_VALUE, value->name, "only punctuation; expected letters or digits");
    return OK;
}

static Fail read_uri(Call *c, const ValueText *value, ClauseValue *out)
{
    return search_unescape(c, value->name, value->text, &out->text);
}

/* latitude|longitude|distance|unit; without distance 10, without unit kilometres (SRCH-09). */
static Fail read_near(Call *c, const ValueText *value, ClauseValue *out)
{
    static const double earth_m = 6371008.8; /* mean radius, IUGG */
    Str                 parts[4] = { { 0 } };
    Interval            latitude, longitude, distance = { .value = 10 };
    const Unit         *unit;
    uint32_t            count;
    double              angle;

    TRY(cut_parts(c, value, value->text, parts, 4, &count));
    unit = unit_find(parts[3].len ? parts[3] : STR("km"));
    if (count < 2 || !interval_parse(parts[0], &latitude) || fabs(latitude.value) > 90
        || !interval_parse(parts[1], &longitude) || fabs(longitude.value) > 180
        || (parts[2].len && !interval_parse(parts[2], &distance)) || distance.value < 0)
        return fail(c, FAIL_VALUE, value->name,
                    "not a place; expected latitude|longitude|distance|unit");
    if (!unit || !str_equal(unit->base, STR("m")))
        return fail(c, FAIL_VALUE, value->name,
                    "not a unit of length; expected UCUM's, such as km, m or [mi_i]");
    out->place = NEW(c->arena, ClausePlace);
    place_vector(latitude.value, longitude.value, out->place->at);
    angle = unit_convert(unit, distance.value) / earth_m;
    out->place->chord = angle < M_PI ? 2 * sin(angle / 2) : 2;
    return OK;
}

static Fail read_words(Call *c, const ValueText *value, ClauseValue *out)
{
    Str text;

    TRY(search_unescape(c, value->name, value->text, &text));
    return words_query(c, value->name, text, &out->text);
}

/* The address of a value set, or a code whose system is said: without it, nothing is above it. */
static Fail read_of_codes(Call *c, const ValueText *value, ClauseValue *out)
{
    if (value->modifier == MODIFIER_IN || value->modifier == MODIFIER_NOT_IN)
        return search_unescape(c, value->name, value->text, &out->text);
    TRY(read_token(c, value, out));
    if (!out->has_code || !out->system.len)
        return fail(
            c, FAIL_VALUE, value->name,
            "expected system|code; which system is meant says what lies above and below");
    return OK;
}

static Fail read_missing(Call *c, const ValueText *value, ClauseValue *out)
{
    out->truth = str_equal(value->text, STR("true"));
    if (!out->truth && !str_equal(value->text, STR("false")))
        return fail(c, FAIL_VALUE, value->name, ":missing takes true or false");
    return OK;
}

typedef Fail ValueReader(Call *c, const ValueText *value, ClauseValue *out);

static ValueReader *const reader_of[] = {
    [SEARCH_NUMBER] = read_number,       [SEARCH_DATE] = read_date,
    [SEARCH_STRING] = read_string,       [SEARCH_TOKEN] = read_token,
    [SEARCH_REFERENCE] = read_reference, [SEARCH_COMPOSITE] = NULL,
    [SEARCH_QUANTITY] = read_quantity,   [SEARCH_URI] = read_uri,
    [SEARCH_SPECIAL] = read_near,
};
_Static_assert(COUNT(reader_of) == SEARCH_TYPES, "one reader for each search type");

Fail search_value_read(Call *c, const ValueText *value, ClauseValue *out)
{
    *out = (ClauseValue){ 0 };
    if (value->modifier == MODIFIER_MISSING)
        return read_missing(c, value, out);
    if (value->modifier == MODIFIER_TEXT)
        return read_string(c, value, out);
    if (modifier_of_codes(value->param, value->modifier))
        return read_of_codes(c, value, out);
    if (search_param_is_words(value->param))
        return read_words(c, value, out);
    if (str_equal(value->param->code, STR("_id")))
        return read_id(c, value, out);
    return reader_of[value->param->type](c, value, out);
}
