/*
 * Exact decimals for FHIRPath: a whole number of 38 digits and where its point stands. They keep
 * the digits they were written with (1.10 stays 1.10), cost no allocation, and what does not fit
 * is refused rather than rounded. FHIRPath N1 asks for 28 digits, 8 of them behind the point.
 */
#ifndef FHIR_FHIRPATH_DECIMAL_H
#define FHIR_FHIRPATH_DECIMAL_H

#include "base/arena.h"

typedef struct Decimal {
    __int128 digits;
    uint8_t  scale; /* digits behind the point */
} Decimal;

enum { DECIMAL_SCALE_MAX = 28 };

typedef enum Rounding {
    ROUND_DOWN, /* towards zero */
    ROUND_HALF, /* to the nearest, halves away from zero */
} Rounding;

/* A number as JSON and FHIRPath write it, exponent allowed. False if it is none or does not fit. */
bool decimal_read(Str text, Decimal *out);
Str  decimal_text(Arena *a, Decimal d);

static inline Decimal decimal_of(int64_t value)
{
    return (Decimal){ value, 0 };
}

int  decimal_compare(Decimal a, Decimal b);
bool decimal_add(Decimal a, Decimal b, Decimal *out);
bool decimal_subtract(Decimal a, Decimal b, Decimal *out);
bool decimal_multiply(Decimal a, Decimal b, Decimal *out);

/* To 16 places, without zeros at the end. False for division by zero. */
bool decimal_divide(Decimal a, Decimal b, Decimal *out);

/* What is left of the division to a whole number towards zero, and that number. */
bool decimal_divide_whole(Decimal a, Decimal b, Decimal *whole, Decimal *rest);

/* With exactly `scale` digits behind the point. */
bool decimal_rescale(Decimal d, uint8_t scale, Rounding rounding, Decimal *out);

/* Without zeros at the end. */
Decimal decimal_trim(Decimal d);

/* False if it is not whole or not within 64 bits. */
bool   decimal_to_integer(Decimal d, int64_t *out);
double decimal_to_double(Decimal d);
/* To fifteen digits, the precision that a double keeps. */
bool   decimal_from_double(double value, Decimal *out);

#endif
