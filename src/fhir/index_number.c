/* Number and quantity parameters: a value is the interval its digits mean. SRCH-01, SRCH-06. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "fhir/indexer.h"
#include "fhir/unit.h"

/* A decimal taken apart: digits * 10^exponent. */
typedef struct Decimal {
    bool     negative;
    uint64_t digits;
    int      exponent;
} Decimal;

enum { DIGITS_MAX = 17, EXPONENT_MAX = 400 };

static bool read_exponent(Str text, int *out)
{
    bool negative = text.len && text.at[0] == '-';
    int  value = 0;

    if (text.len && (text.at[0] == '-' || text.at[0] == '+'))
        text = str_skip(text, 1);
    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!isdigit((unsigned char)text.at[i]))
            return false;
        if (value < EXPONENT_MAX)
            value = value * 10 + (text.at[i] - '0');
    }
    *out = negative ? -value : value;
    return true;
}

/* Digits beyond what a double can tell apart are counted, not kept. */
static bool read_digits(Str text, Decimal *d)
{
    size_t kept = 0;
    bool   point = false, any = false;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '.') {
            if (point || !any || i + 1 == text.len)
                return false;
            point = true;
            continue;
        }
        if (!isdigit((unsigned char)text.at[i]))
            return false;
        any = true;
        if (kept < DIGITS_MAX) {
            d->digits = d->digits * 10 + (uint64_t)(text.at[i] - '0');
            kept += d->digits != 0;
            d->exponent -= point;
        } else {
            d->exponent += !point;
        }
    }
    return any;
}

static bool decimal_parse(Str text, Decimal *out)
{
    Decimal d = { 0 };
    int     exponent = 0;
    size_t  mark = 0;

    if (text.len && text.at[0] == '-') {
        d.negative = true;
        text = str_skip(text, 1);
    }
    while (mark < text.len && text.at[mark] != 'e' && text.at[mark] != 'E')
        mark++;
    if (mark < text.len && !read_exponent(str_skip(text, mark + 1), &exponent))
        return false;
    if (!read_digits(str_slice(text, 0, mark), &d))
        return false;
    d.exponent += exponent;
    *out = d;
    return true;
}

/* The double nearest to digits * 10^exponent. Small ones are exact by one division or
 * multiplication; the others are left to the C library, in a form that no locale changes. */
static double nearest(uint64_t digits, int exponent)
{
    static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    char                text[40];

    if (digits <= UINT64_C(1) << 53 && exponent >= -22 && exponent <= 22)
        return exponent < 0 ? (double)digits / powers[-exponent]
                            : (double)digits * powers[exponent];
    snprintf(text, sizeof text, "%llue%d", (unsigned long long)digits, exponent);
    return strtod(text, NULL);
}

bool interval_parse(Str digits, Interval *out)
{
    Decimal  d;
    Interval i;
    double   near, far;

    if (!decimal_parse(digits, &d))
        return false;
    i.value = nearest(d.digits, d.exponent);
    far = nearest(d.digits * 10 + 5, d.exponent - 1);
    near = d.digits ? nearest(d.digits * 10 - 5, d.exponent - 1) : -nearest(5, d.exponent - 1);
    if (!isfinite(i.value) || !isfinite(far))
        return false;
    if (d.negative)
        i = (Interval){ -i.value, -far, -near };
    else
        i = (Interval){ i.value, near, far };
    *out = i;
    return true;
}

static void set_interval(IndexRow *row, Interval i)
{
    row->value = i.value;
    row->low = i.low;
    row->high = i.high;
}

void index_number(Indexing *x, const SearchParam *param, uint32_t node)
{
    Interval i;

    if (interval_parse(node_text(node_at(x->resource, node)), &i))
        set_interval(indexing_add(x, ROW_NUMBER, param->index), i);
}

/* "<", "<=", ">", ">=": the value lies somewhere on that side. */
static bool quantity_interval(const Resource *r, uint32_t node, Interval *out)
{
    Str      comparator = node_child_text(r, node, STR("comparator"));
    Interval i;

    if (!interval_parse(node_child_text(r, node, STR("value")), &i))
        return false;
    if (comparator.len && comparator.at[0] == '<')
        i = (Interval){ i.value, -INFINITY, i.value };
    if (comparator.len && comparator.at[0] == '>')
        i = (Interval){ i.value, i.value, INFINITY };
    *out = i;
    return true;
}

static void set_unit(const Resource *r, uint32_t node, IndexRow *row)
{
    Str unit = node_child_text(r, node, STR("unit"));

    row->system = node_child_text(r, node, STR("system"));
    row->text = node_child_text(r, node, STR("code"));
    if (!str_equal(unit, row->text))
        row->extra = unit;
}

/* A quantity in another unit of its kind has a second row, in the unit that kind is compared in. */
static void add_converted(Indexing *x)
{
    IndexRow    from = x->rows[x->count - 1], *row;
    const Unit *unit = str_equal(from.system, UNIT_SYSTEM) ? unit_find(from.text) : NULL;

    if (!unit || str_equal(unit->base, from.text))
        return;
    row = indexing_add(x, ROW_QUANTITY, from.param);
    row->interval = from.interval;
    row->low = unit_convert(unit, from.low);
    row->high = unit_convert(unit, from.high);
    row->value = unit_convert(unit, from.value);
    indexing_key(x, UNIT_SYSTEM, unit->base);
}

/* The ends of a Range are meant exactly, whatever their digits (R4 datatypes.html#Range). */
static double range_end(double reach, double value)
{
    return isinf(reach) ? reach : value;
}

/* A value between the two from which both are reached without loss. */
static double steady(double low, double high)
{
    return low >= 0 ? low : high <= 0 ? high : 0;
}

static void add_range(Indexing *x, const SearchParam *param, uint32_t node)
{
    const Resource *r = x->resource;
    uint32_t  from = node_child(r, node, STR("low")), to = node_child(r, node, STR("high"));
    Interval  low, high;
    bool      has_low = from && quantity_interval(r, from, &low);
    bool      has_high = to && quantity_interval(r, to, &high);
    IndexRow *row;

    if (!has_low && !has_high)
        return;
    row = indexing_add(x, ROW_QUANTITY, param->index);
    row->interval = true;
    row->low = has_low ? range_end(low.low, low.value) : -INFINITY;
    row->high = has_high ? range_end(high.high, high.value) : INFINITY;
    row->value = !has_low ? high.value : !has_high ? low.value : steady(low.value, high.value);
    set_unit(r, has_low ? from : to, row);
    add_converted(x);
}

void index_quantity(Indexing *x, const SearchParam *param, uint32_t node)
{
    const Resource *r = x->resource;
    Interval        i;
    IndexRow       *row;

    if (node_at(r, node)->type == TYPE_RANGE) {
        add_range(x, param, node);
        return;
    }
    if (!quantity_interval(r, node, &i))
        return;
    row = indexing_add(x, ROW_QUANTITY, param->index);
    set_interval(row, i);
    if (node_at(r, node)->type == TYPE_MONEY) {
        row->system = STR("urn:iso:std:iso:4217");
        row->text = node_child_text(r, node, STR("currency"));
        return;
    }
    set_unit(r, node, row);
    add_converted(x);
}

static bool child_number(const Resource *r, uint32_t node, Str name, double *out)
{
    Interval i;

    if (!interval_parse(node_child_text(r, node, name), &i))
        return false;
    *out = i.value;
    return true;
}

/* A place on earth as the end of a vector of length 1: then the distance of two is that of their
 * ends, and a search compares plain numbers (SRCH-09). */
void place_vector(double latitude, double longitude, double out[3])
{
    double north = latitude * M_PI / 180, east = longitude * M_PI / 180;

    out[0] = sin(north);
    out[1] = cos(north) * cos(east);
    out[2] = cos(north) * sin(east);
}

void index_position(Indexing *x, const SearchParam *param, uint32_t node)
{
    double    latitude, longitude, at[3];
    IndexRow *row;

    if (!child_number(x->resource, node, STR("latitude"), &latitude)
        || !child_number(x->resource, node, STR("longitude"), &longitude) || fabs(latitude) > 90
        || fabs(longitude) > 180)
        return;
    place_vector(latitude, longitude, at);
    row = indexing_add(x, ROW_QUANTITY, param->index);
    row->interval = true;
    row->value = at[0];
    row->low = at[0] - at[1];
    row->high = at[0] + at[2];
}
