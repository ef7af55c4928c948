/*
 * Units of measure that can be compared with each other. A published UCUM code becomes one unit
 * for each kind of quantity, so that 5.4 mg and 0.0054 g are found alike; what is stored stays as
 * it was sent. https://ucum.org/ucum, standards SRCH-06.
 */
#ifndef FHIR_UNIT_H
#define FHIR_UNIT_H

#include "base/str.h"

#define UNIT_SYSTEM STR("http://unitsofmeasure.org")

typedef struct Unit {
    Str    code;
    Str    base; /* the code that quantities of this kind are compared in */
    double factor, divisor,
        offset; /* (value + offset) * factor / divisor is the same in base */
} Unit;

/* The unit of a UCUM code, or NULL if it is not in the table: then it is compared as it stands.
 * What stands in braces says what is counted and does not matter: "{beats}/min" is "/min". */
const Unit *unit_find(Str code);

/* The same in the base unit, to twelve digits, so that the way to it does not show. */
double unit_convert(const Unit *unit, double value);

/* The same of a value and the ends that its digits mean, *low <= value < *high: of a value with more
 * digits than are kept, these stay on either side of it. */
void unit_convert_interval(const Unit *unit, double *value, double *low, double *high);

#endif
