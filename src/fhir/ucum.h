/*
 * Units of measure taken apart by the grammar of UCUM (https://ucum.org/ucum, 2.1 to 2.4), so that
 * any two can be compared and multiplied. unit.h is for searching: there the units of practice
 * have a fixed base; here "g/m" and "mm2" are units as good as any.
 */
#ifndef FHIR_UCUM_H
#define FHIR_UCUM_H

#include "base/str.h"

/* Length, time, mass, angle, temperature, charge, luminous intensity; the last stands for units of
 * an arbitrary procedure ([IU] …), which compare with themselves only. */
enum { UCUM_DIMENSIONS = 8 };

typedef struct UcumUnit {
    double factor; /* in base units */
    double offset; /* (value + offset) * factor: temperatures only */
    int8_t dimensions[UCUM_DIMENSIONS];
} UcumUnit;

/* False if it is no unit of UCUM, or none that is known here. */
bool ucum_read(Str code, UcumUnit *out);

static inline bool ucum_comparable(const UcumUnit *a, const UcumUnit *b)
{
    return memcmp(a->dimensions, b->dimensions, sizeof a->dimensions) == 0;
}

/* The value of `from` in `to`; they must be comparable. */
double ucum_convert(const UcumUnit *from, double value, const UcumUnit *to);

#endif
