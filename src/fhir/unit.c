/*
 * The units of clinical practice, each with the factor that UCUM defines it by. Sorted by their
 * codes. A kind of quantity is compared in the unit it is mostly written in, so that few values
 * need a second row.
 */
#include "fhir/unit.h"

#include <math.h>

#define UNIT(code, base, factor, divisor, offset)                                              \
    {                                                                                          \
        STR_INIT(code), STR_INIT(base), factor, divisor, offset                                \
    }

static const Unit units[] = {
    UNIT("%", "%", 1, 1, 0),
    UNIT("/L", "10*3/uL", 1, 1e9, 0),
    UNIT("/d", "/min", 1, 1440, 0),
    UNIT("/h", "/min", 1, 60, 0),
    UNIT("/mL", "10*3/uL", 1, 1e6, 0),
    UNIT("/min", "/min", 1, 1, 0),
    UNIT("/mm3", "10*3/uL", 1, 1000, 0),
    UNIT("/s", "/min", 60, 1, 0),
    UNIT("/uL", "10*3/uL", 1, 1000, 0),
    UNIT("1", "%", 100, 1, 0),
    UNIT("10*12/L", "10*3/uL", 1000, 1, 0),
    UNIT("10*3/mL", "10*3/uL", 1, 1000, 0),
    UNIT("10*3/mm3", "10*3/uL", 1, 1, 0),
    UNIT("10*3/uL", "10*3/uL", 1, 1, 0),
    UNIT("10*6/L", "10*3/uL", 1, 1000, 0),
    UNIT("10*6/mL", "10*3/uL", 1, 1, 0),
    UNIT("10*6/uL", "10*3/uL", 1000, 1, 0),
    UNIT("10*9/L", "10*3/uL", 1, 1, 0),
    UNIT("Cel", "Cel", 1, 1, 0),
    UNIT("Hz", "/min", 60, 1, 0),
    UNIT("J", "kcal", 1, 4184, 0),
    UNIT("K", "Cel", 1, 1, -273.15),
    UNIT("L", "L", 1, 1, 0),
    UNIT("L/h", "L/min", 1, 60, 0),
    UNIT("L/min", "L/min", 1, 1, 0),
    UNIT("L/s", "L/min", 60, 1, 0),
    UNIT("Pa", "mm[Hg]", 1, 133.322, 0),
    UNIT("U/L", "U/L", 1, 1, 0),
    UNIT("U/dL", "U/L", 10, 1, 0),
    UNIT("U/mL", "U/L", 1000, 1, 0),
    UNIT("[Cal]", "kcal", 1, 1, 0),
    UNIT("[IU]/L", "[IU]/L", 1, 1, 0),
    UNIT("[IU]/dL", "[IU]/L", 10, 1, 0),
    UNIT("[IU]/mL", "[IU]/L", 1000, 1, 0),
    UNIT("[degF]", "Cel", 5, 9, -32),
    UNIT("[ft_i]", "m", 0.3048, 1, 0),
    UNIT("[ft_us]", "m", 1200, 3937, 0),
    UNIT("[gr]", "g", 0.06479891, 1, 0),
    UNIT("[in_i]", "m", 0.0254, 1, 0),
    UNIT("[in_us]", "m", 100, 3937, 0),
    UNIT("[lb_av]", "g", 453.59237, 1, 0),
    UNIT("[mi_i]", "m", 1609.344, 1, 0),
    UNIT("[mi_us]", "m", 6336000, 3937, 0),
    UNIT("[oz_av]", "g", 28.349523125, 1, 0),
    UNIT("[ppb]", "%", 1, 1e7, 0),
    UNIT("[ppm]", "%", 1, 1e4, 0),
    UNIT("[ppth]", "%", 1, 10, 0),
    UNIT("[yd_i]", "m", 0.9144, 1, 0),
    UNIT("[yd_us]", "m", 3600, 3937, 0),
    UNIT("a", "s", 31557600, 1, 0),
    UNIT("atm", "mm[Hg]", 101325, 133.322, 0),
    UNIT("bar", "mm[Hg]", 1e5, 133.322, 0),
    UNIT("cL", "L", 1, 100, 0),
    UNIT("cal", "kcal", 1, 1000, 0),
    UNIT("cg", "g", 1, 100, 0),
    UNIT("cl", "L", 1, 100, 0),
    UNIT("cm", "m", 1, 100, 0),
    UNIT("cm3", "L", 1, 1000, 0),
    UNIT("cm[H2O]", "mm[Hg]", 98.0665, 133.322, 0),
    UNIT("d", "s", 86400, 1, 0),
    UNIT("dL", "L", 1, 10, 0),
    UNIT("deg", "deg", 1, 1, 0),
    UNIT("dg", "g", 1, 10, 0),
    UNIT("dl", "L", 1, 10, 0),
    UNIT("dm", "m", 1, 10, 0),
    UNIT("eq/L", "meq/L", 1000, 1, 0),
    UNIT("fL", "L", 1, 1e15, 0),
    UNIT("g", "g", 1, 1, 0),
    UNIT("g/L", "mg/dL", 100, 1, 0),
    UNIT("g/cm2", "kg/m2", 10, 1, 0),
    UNIT("g/dL", "mg/dL", 1000, 1, 0),
    UNIT("g/kg", "mg/kg", 1000, 1, 0),
    UNIT("g/m2", "kg/m2", 1, 1000, 0),
    UNIT("g/mL", "mg/dL", 1e5, 1, 0),
    UNIT("g/mol", "mg/mmol", 1, 1, 0),
    UNIT("h", "s", 3600, 1, 0),
    UNIT("hPa", "mm[Hg]", 100, 133.322, 0),
    UNIT("kJ", "kcal", 1, 4.184, 0),
    UNIT("kPa", "mm[Hg]", 1000, 133.322, 0),
    UNIT("kU/L", "U/L", 1000, 1, 0),
    UNIT("k[IU]/L", "[IU]/L", 1000, 1, 0),
    UNIT("k[IU]/mL", "[IU]/L", 1e6, 1, 0),
    UNIT("kcal", "kcal", 1, 1, 0),
    UNIT("kg", "g", 1000, 1, 0),
    UNIT("kg/m2", "kg/m2", 1, 1, 0),
    UNIT("km", "m", 1000, 1, 0),
    UNIT("l", "L", 1, 1, 0),
    UNIT("m", "m", 1, 1, 0),
    UNIT("m3", "L", 1000, 1, 0),
    UNIT("mL", "L", 1, 1000, 0),
    UNIT("mL/h", "L/min", 1, 60000, 0),
    UNIT("mL/min", "L/min", 1, 1000, 0),
    UNIT("mL/s", "L/min", 60, 1000, 0),
    UNIT("mU/L", "U/L", 1, 1000, 0),
    UNIT("mU/mL", "U/L", 1, 1, 0),
    UNIT("m[IU]/L", "[IU]/L", 1, 1000, 0),
    UNIT("m[IU]/mL", "[IU]/L", 1, 1, 0),
    UNIT("mbar", "mm[Hg]", 100, 133.322, 0),
    UNIT("meq/L", "meq/L", 1, 1, 0),
    UNIT("meq/dL", "meq/L", 10, 1, 0),
    UNIT("meq/mL", "meq/L", 1000, 1, 0),
    UNIT("mg", "g", 1, 1000, 0),
    UNIT("mg/L", "mg/dL", 1, 10, 0),
    UNIT("mg/dL", "mg/dL", 1, 1, 0),
    UNIT("mg/g", "mg/kg", 1000, 1, 0),
    UNIT("mg/kg", "mg/kg", 1, 1, 0),
    UNIT("mg/mL", "mg/dL", 100, 1, 0),
    UNIT("mg/mmol", "mg/mmol", 1, 1, 0),
    UNIT("min", "s", 60, 1, 0),
    UNIT("ml", "L", 1, 1000, 0),
    UNIT("mm", "m", 1, 1000, 0),
    UNIT("mm3", "L", 1, 1e6, 0),
    UNIT("mm[Hg]", "mm[Hg]", 1, 1, 0),
    UNIT("mmol", "mol", 1, 1000, 0),
    UNIT("mmol/L", "mmol/L", 1, 1, 0),
    UNIT("mmol/dL", "mmol/L", 10, 1, 0),
    UNIT("mmol/mL", "mmol/L", 1000, 1, 0),
    UNIT("mo", "s", 2629800, 1, 0),
    UNIT("mol", "mol", 1, 1, 0),
    UNIT("mol/L", "mmol/L", 1000, 1, 0),
    UNIT("mosm/kg", "mosm/kg", 1, 1, 0),
    UNIT("ms", "s", 1, 1000, 0),
    UNIT("nL", "L", 1, 1e9, 0),
    UNIT("ng", "g", 1, 1e9, 0),
    UNIT("ng/L", "mg/dL", 1, 1e7, 0),
    UNIT("ng/dL", "mg/dL", 1, 1e6, 0),
    UNIT("ng/mL", "mg/dL", 1, 1e4, 0),
    UNIT("nm", "m", 1, 1e9, 0),
    UNIT("nmol", "mol", 1, 1e9, 0),
    UNIT("nmol/L", "mmol/L", 1, 1e6, 0),
    UNIT("nmol/mL", "mmol/L", 1, 1000, 0),
    UNIT("osm/kg", "mosm/kg", 1000, 1, 0),
    UNIT("pL", "L", 1, 1e12, 0),
    UNIT("pg", "g", 1, 1e12, 0),
    UNIT("pg/dL", "mg/dL", 1, 1e9, 0),
    UNIT("pg/mL", "mg/dL", 1, 1e7, 0),
    UNIT("pmol/L", "mmol/L", 1, 1e9, 0),
    UNIT("s", "s", 1, 1, 0),
    UNIT("uL", "L", 1, 1e6, 0),
    UNIT("u[IU]/mL", "[IU]/L", 1, 1000, 0),
    UNIT("ueq/L", "meq/L", 1, 1000, 0),
    UNIT("ug", "g", 1, 1e6, 0),
    UNIT("ug/L", "mg/dL", 1, 1e4, 0),
    UNIT("ug/dL", "mg/dL", 1, 1000, 0),
    UNIT("ug/g", "mg/kg", 1, 1, 0),
    UNIT("ug/kg", "mg/kg", 1, 1000, 0),
    UNIT("ug/mL", "mg/dL", 1, 10, 0),
    UNIT("ul", "L", 1, 1e6, 0),
    UNIT("um", "m", 1, 1e6, 0),
    UNIT("umol", "mol", 1, 1e6, 0),
    UNIT("umol/L", "mmol/L", 1, 1000, 0),
    UNIT("umol/dL", "mmol/L", 1, 100, 0),
    UNIT("umol/mL", "mmol/L", 1, 1, 0),
    UNIT("us", "s", 1, 1e6, 0),
    UNIT("wk", "s", 604800, 1, 0),
};

/* Without what stands in braces at one end. */
static Str without_remark(Str code)
{
    size_t end = 1;

    if (str_starts(code, STR("{"))) {
        while (end < code.len && code.at[end - 1] != '}')
            end++;
        return str_skip(code, end);
    }
    for (size_t i = code.len; str_ends(code, STR("}")) && i-- > 1;)
        if (code.at[i] == '{')
            return code.at[i - 1] == '/' ? code : str_slice(code, 0, i);
    return code;
}

const Unit *unit_find(Str code)
{
    size_t low = 0, high = COUNT(units);

    code = without_remark(code);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int    order = str_compare(code, units[middle].code);

        if (order == 0)
            return &units[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

double unit_convert(const Unit *unit, double value)
{
    double scale;

    if (str_equal(unit->code, unit->base) || !isfinite(value))
        return value;
    value = (value + unit->offset) * unit->factor / unit->divisor;
    if (value == 0 || !isfinite(value))
        return value;
    scale = pow(10, 11 - floor(log10(fabs(value))));
    return isfinite(scale) && scale > 0 ? round(value * scale) / scale : value;
}

void unit_convert_interval(const Unit *unit, double *value, double *low, double *high)
{
    *value = unit_convert(unit, *value);
    *low = fmin(unit_convert(unit, *low), *value);
    *high = fmax(unit_convert(unit, *high), nextafter(*value, INFINITY));
}
