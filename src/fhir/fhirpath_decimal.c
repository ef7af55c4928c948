/* Decimals of 38 digits: see fhirpath_decimal.h. */
#include "fhir/fhirpath_decimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

enum { DIVISION_SCALE = 16, TEXT_CHARS = 64 };

static bool shift_left(__int128 *digits, unsigned places)
{
    for (unsigned i = 0; i < places; i++)
        if (__builtin_mul_overflow(*digits, (__int128)10, digits))
            return false;
    return true;
}

static bool read_exponent(Str s, int *out)
{
    bool     minus = str_starts(s, STR("-"));
    uint64_t value;

    if (minus || str_starts(s, STR("+")))
        s = str_skip(s, 1);
    if (!str_to_u64(s, &value) || value > 100)
        return false;
    *out = minus ? -(int)value : (int)value;
    return true;
}

/* Digits with a point among them, up to the end or an exponent; *seen digits were there. */
static bool read_digits(Str s, Decimal *d, size_t *end, unsigned *seen)
{
    bool   point = false;
    size_t i = 0;

    for (*seen = 0; i < s.len && s.at[i] != 'e' && s.at[i] != 'E'; i++) {
        char c = s.at[i];

        if (c == '.' && !point && *seen) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9' || !shift_left(&d->digits, 1)
            || __builtin_add_overflow(d->digits, (__int128)(c - '0'), &d->digits)
            || d->scale >= 38)
            return false;
        d->scale = (uint8_t)(d->scale + point);
        ++*seen;
    }
    *end = i;
    return *seen && s.at[i - 1] != '.';
}

bool decimal_read(Str text, Decimal *out)
{
    Decimal  d = { 0 };
    bool     minus = str_starts(text, STR("-"));
    int      exponent = 0;
    size_t   end;
    unsigned seen;

    text = str_skip(text, minus);
    if (!read_digits(text, &d, &end, &seen))
        return false;
    if (end < text.len && !read_exponent(str_skip(text, end + 1), &exponent))
        return false;
    exponent -= d.scale;
    if (exponent > 0 && !shift_left(&d.digits, (unsigned)exponent))
        return false;
    if (exponent < -38)
        return false;
    d.scale = (uint8_t)(exponent < 0 ? -exponent : 0);
    if (minus)
        d.digits = -d.digits;
    *out = d;
    return true;
}

Str decimal_text(Arena *a, Decimal d)
{
    char              text[TEXT_CHARS];
    size_t            at = sizeof text;
    unsigned __int128 rest =
        d.digits < 0 ? -(unsigned __int128)d.digits : (unsigned __int128)d.digits;

    for (unsigned place = 0; rest || place <= d.scale; place++) {
        if (place == d.scale && place)
            text[--at] = '.';
        text[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    }
    if (d.digits < 0)
        text[--at] = '-';
    return arena_str(a, (Str){ text + at, sizeof text - at });
}

int decimal_compare(Decimal a, Decimal b)
{
    uint8_t scale = a.scale > b.scale ? a.scale : b.scale;

    if ((a.digits < 0) != (b.digits < 0))
        return a.digits < 0 ? -1 : 1;
    /* what overflows is the larger, since the other fits */
    if (!shift_left(&a.digits, scale - a.scale))
        return b.digits < 0 ? -1 : 1;
    if (!shift_left(&b.digits, scale - b.scale))
        return a.digits < 0 ? 1 : -1;
    return a.digits < b.digits ? -1 : a.digits > b.digits;
}

static bool align(Decimal *a, Decimal *b)
{
    uint8_t scale = a->scale > b->scale ? a->scale : b->scale;

    if (!shift_left(&a->digits, scale - a->scale) || !shift_left(&b->digits, scale - b->scale))
        return false;
    a->scale = b->scale = scale;
    return true;
}

bool decimal_add(Decimal a, Decimal b, Decimal *out)
{
    if (!align(&a, &b))
        return false;
    out->scale = a.scale;
    return !__builtin_add_overflow(a.digits, b.digits, &out->digits);
}

bool decimal_subtract(Decimal a, Decimal b, Decimal *out)
{
    if (!align(&a, &b))
        return false;
    out->scale = a.scale;
    return !__builtin_sub_overflow(a.digits, b.digits, &out->digits);
}

bool decimal_multiply(Decimal a, Decimal b, Decimal *out)
{
    Decimal product;

    if (__builtin_mul_overflow(a.digits, b.digits, &product.digits))
        return false;
    product.scale = (uint8_t)(a.scale + b.scale);
    if (product.scale > DECIMAL_SCALE_MAX)
        return decimal_rescale(product, DECIMAL_SCALE_MAX, ROUND_HALF, out);
    *out = product;
    return true;
}

Decimal decimal_trim(Decimal d)
{
    while (d.scale && d.digits % 10 == 0) {
        d.digits /= 10;
        d.scale--;
    }
    return d;
}

bool decimal_rescale(Decimal d, uint8_t scale, Rounding rounding, Decimal *out)
{
    int rest = 0;

    if (scale >= d.scale) {
        if (!shift_left(&d.digits, scale - d.scale))
            return false;
    } else {
        for (; d.scale > scale; d.scale--) {
            rest = (int)(d.digits % 10);
            d.digits /= 10;
        }
        if (rounding == ROUND_HALF && abs(rest) >= 5)
            d.digits += rest < 0 ? -1 : 1;
    }
    *out = (Decimal){ d.digits, scale };
    return true;
}

bool decimal_divide(Decimal a, Decimal b, Decimal *out)
{
    __int128 rest, quotient;
    unsigned places = 0;

    if (b.digits == 0)
        return false;
    b = decimal_trim(b);
    quotient = a.digits / b.digits;
    rest = a.digits % b.digits;
    /* one digit at a time: the rest stays below the divisor */
    while (rest && (int)(a.scale + places) < b.scale + DIVISION_SCALE + 1) {
        __int128 more, digit;

        if (__builtin_mul_overflow(rest, (__int128)10, &more))
            break;
        digit = more / b.digits;
        if (!shift_left(&quotient, 1) || __builtin_add_overflow(quotient, digit, &quotient))
            return false;
        rest = more % b.digits;
        places++;
    }
    if (a.scale + places < b.scale) {
        if (!shift_left(&quotient, b.scale - a.scale - places))
            return false;
        places = (unsigned)(b.scale - a.scale);
    }
    *out = (Decimal){ quotient, (uint8_t)(a.scale + places - b.scale) };
    if (out->scale > DIVISION_SCALE && !decimal_rescale(*out, DIVISION_SCALE, ROUND_HALF, out))
        return false;
    *out = decimal_trim(*out);
    return true;
}

bool decimal_divide_whole(Decimal a, Decimal b, Decimal *whole, Decimal *rest)
{
    if (b.digits == 0 || !align(&a, &b))
        return false;
    *whole = (Decimal){ a.digits / b.digits, 0 };
    *rest = (Decimal){ a.digits % b.digits, a.scale };
    return true;
}

bool decimal_to_integer(Decimal d, int64_t *out)
{
    d = decimal_trim(d);
    if (d.scale || d.digits > INT64_MAX || d.digits < INT64_MIN)
        return false;
    *out = (int64_t)d.digits;
    return true;
}

double decimal_to_double(Decimal d)
{
    return (double)((long double)d.digits / powl(10, d.scale));
}

bool decimal_from_double(double value, Decimal *out)
{
    char text[TEXT_CHARS];
    int  len;

    if (!isfinite(value))
        return false;
    len = snprintf(text, sizeof text, "%.15g", value);
    return len > 0 && decimal_read((Str){ text, (size_t)len }, out);
}
