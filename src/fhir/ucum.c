/* UCUM's units and their grammar: see ucum.h. The factors are those of UCUM's own table. */
#include "fhir/ucum.h"

#include <math.h>

enum { METRE, SECOND, GRAM, RADIAN, KELVIN, COULOMB, CANDELA, ARBITRARY };

typedef struct Atom {
    Str    code;
    bool   metric; /* takes prefixes */
    double factor;
    int8_t dimensions[UCUM_DIMENSIONS];
    double offset;
} Atom;

#define ATOM(code, metric, factor, ...)                                                        \
    {                                                                                          \
        STR_INIT(code), metric, factor, { __VA_ARGS__ }, 0                                     \
    }
#define DEGREE(code, metric, factor, offset)                                                   \
    {                                                                                          \
        STR_INIT(code), metric, factor, { [KELVIN] = 1 }, offset                               \
    }

#define MOLE 6.0221367e23
#define PASCAL [METRE] = -1, [SECOND] = -2, [GRAM] = 1
#define JOULE [METRE] = 2, [SECOND] = -2, [GRAM] = 1
#define WATT [METRE] = 2, [SECOND] = -3, [GRAM] = 1

static const Atom atoms[] = {
    ATOM("m", true, 1, [METRE] = 1),
    ATOM("s", true, 1, [SECOND] = 1),
    ATOM("g", true, 1, [GRAM] = 1),
    ATOM("rad", true, 1, [RADIAN] = 1),
    DEGREE("K", true, 1, 0),
    ATOM("C", true, 1, [COULOMB] = 1),
    ATOM("cd", true, 1, [CANDELA] = 1),
    ATOM("10*", false, 10, 0),
    ATOM("10^", false, 10, 0),
    ATOM("[pi]", false, 3.14159265358979323846, 0),
    ATOM("%", false, 0.01, 0),
    ATOM("[ppth]", false, 1e-3, 0),
    ATOM("[ppm]", false, 1e-6, 0),
    ATOM("[ppb]", false, 1e-9, 0),
    ATOM("[pptr]", false, 1e-12, 0),
    ATOM("mol", true, MOLE, 0),
    ATOM("eq", true, MOLE, 0),
    ATOM("osm", true, MOLE, 0),
    ATOM("sr", true, 1, [RADIAN] = 2),
    ATOM("Hz", true, 1, [SECOND] = -1),
    ATOM("N", true, 1e3, [METRE] = 1, [SECOND] = -2, [GRAM] = 1),
    ATOM("Pa", true, 1e3, PASCAL),
    ATOM("J", true, 1e3, JOULE),
    ATOM("W", true, 1e3, WATT),
    ATOM("A", true, 1, [COULOMB] = 1, [SECOND] = -1),
    ATOM("V", true, 1e3, [METRE] = 2, [SECOND] = -2, [GRAM] = 1, [COULOMB] = -1),
    ATOM("F", true, 1e-3, [METRE] = -2, [SECOND] = 2, [GRAM] = -1, [COULOMB] = 2),
    ATOM("Ohm", true, 1e3, [METRE] = 2, [SECOND] = -1, [GRAM] = 1, [COULOMB] = -2),
    ATOM("S", true, 1e-3, [METRE] = -2, [SECOND] = 1, [GRAM] = -1, [COULOMB] = 2),
    ATOM("Wb", true, 1e3, [METRE] = 2, [SECOND] = -1, [GRAM] = 1, [COULOMB] = -1),
    ATOM("T", true, 1e3, [SECOND] = -1, [GRAM] = 1, [COULOMB] = -1),
    ATOM("H", true, 1e3, [METRE] = 2, [GRAM] = 1, [COULOMB] = -2),
    ATOM("lm", true, 1, [RADIAN] = 2, [CANDELA] = 1),
    ATOM("lx", true, 1, [METRE] = -2, [RADIAN] = 2, [CANDELA] = 1),
    ATOM("Bq", true, 1, [SECOND] = -1),
    ATOM("Gy", true, 1, [METRE] = 2, [SECOND] = -2),
    ATOM("Sv", true, 1, [METRE] = 2, [SECOND] = -2),
    ATOM("Ci", true, 3.7e10, [SECOND] = -1),
    ATOM("RAD", true, 0.01, [METRE] = 2, [SECOND] = -2),
    ATOM("REM", true, 0.01, [METRE] = 2, [SECOND] = -2),
    ATOM("kat", true, MOLE, [SECOND] = -1),
    ATOM("U", true, MOLE * 1e-6 / 60, [SECOND] = -1),
    DEGREE("Cel", true, 1, 273.15),
    DEGREE("[degF]", false, 5.0 / 9.0, 459.67),
    DEGREE("[degR]", false, 5.0 / 9.0, 0),
    ATOM("gon", false, 0.9 * 3.14159265358979323846 / 180, [RADIAN] = 1),
    ATOM("deg", false, 3.14159265358979323846 / 180, [RADIAN] = 1),
    ATOM("'", false, 3.14159265358979323846 / 10800, [RADIAN] = 1),
    ATOM("''", false, 3.14159265358979323846 / 648000, [RADIAN] = 1),
    ATOM("l", true, 1e-3, [METRE] = 3),
    ATOM("L", true, 1e-3, [METRE] = 3),
    ATOM("ar", true, 100, [METRE] = 2),
    ATOM("min", false, 60, [SECOND] = 1),
    ATOM("h", false, 3600, [SECOND] = 1),
    ATOM("d", false, 86400, [SECOND] = 1),
    ATOM("wk", false, 604800, [SECOND] = 1),
    ATOM("a_t", false, 31556925.216, [SECOND] = 1),
    ATOM("a_j", false, 31557600, [SECOND] = 1),
    ATOM("a_g", false, 31556952, [SECOND] = 1),
    ATOM("a", false, 31557600, [SECOND] = 1),
    ATOM("mo_s", false, 2551442.976, [SECOND] = 1),
    ATOM("mo_j", false, 2629800, [SECOND] = 1),
    ATOM("mo_g", false, 2629746, [SECOND] = 1),
    ATOM("mo", false, 2629800, [SECOND] = 1),
    ATOM("t", true, 1e6, [GRAM] = 1),
    ATOM("bar", true, 1e8, PASCAL),
    ATOM("u", true, 1.6605402e-24, [GRAM] = 1),
    ATOM("eV", true, 1.60217733e-16, JOULE),
    ATOM("pc", true, 3.085678e16, [METRE] = 1),
    ATOM("[c]", true, 299792458, [METRE] = 1, [SECOND] = -1),
    ATOM("[g]", true, 9.80665, [METRE] = 1, [SECOND] = -2),
    ATOM("gf", true, 9.80665, [METRE] = 1, [SECOND] = -2, [GRAM] = 1),
    ATOM("dyn", true, 1e-2, [METRE] = 1, [SECOND] = -2, [GRAM] = 1),
    ATOM("erg", true, 1e-4, JOULE),
    ATOM("P", true, 100, [METRE] = -1, [SECOND] = -1, [GRAM] = 1),
    ATOM("St", true, 1e-4, [METRE] = 2, [SECOND] = -1),
    ATOM("atm", false, 101325e3, PASCAL),
    ATOM("m[H2O]", true, 9806650, PASCAL),
    ATOM("m[Hg]", true, 133322e3, PASCAL),
    ATOM("[in_i'H2O]", false, 9806650 * 0.0254, PASCAL),
    ATOM("[in_i'Hg]", false, 133322e3 * 0.0254, PASCAL),
    ATOM("[psi]", false, 453.59237 * 9.80665 / (0.0254 * 0.0254), PASCAL),
    ATOM("cal", true, 4184, JOULE),
    ATOM("cal_th", true, 4184, JOULE),
    ATOM("cal_IT", true, 4186.8, JOULE),
    ATOM("[Cal]", false, 4184e3, JOULE),
    ATOM("[Btu]", false, 1055056, JOULE),
    ATOM("[HP]", false, 550 * 0.3048 * 453.59237 * 9.80665, WATT),
    ATOM("[in_i]", false, 0.0254, [METRE] = 1),
    ATOM("[ft_i]", false, 0.3048, [METRE] = 1),
    ATOM("[yd_i]", false, 0.9144, [METRE] = 1),
    ATOM("[mi_i]", false, 1609.344, [METRE] = 1),
    ATOM("[nmi_i]", false, 1852, [METRE] = 1),
    ATOM("[kn_i]", false, 1852.0 / 3600, [METRE] = 1, [SECOND] = -1),
    ATOM("[sin_i]", false, 0.0254 * 0.0254, [METRE] = 2),
    ATOM("[sft_i]", false, 0.3048 * 0.3048, [METRE] = 2),
    ATOM("[cin_i]", false, 0.0254 * 0.0254 * 0.0254, [METRE] = 3),
    ATOM("[ft_us]", false, 1200.0 / 3937, [METRE] = 1),
    ATOM("[in_us]", false, 100.0 / 3937, [METRE] = 1),
    ATOM("[yd_us]", false, 3600.0 / 3937, [METRE] = 1),
    ATOM("[mi_us]", false, 6336000.0 / 3937, [METRE] = 1),
    ATOM("[gal_us]", false, 231 * 1.6387064e-5, [METRE] = 3),
    ATOM("[qt_us]", false, 231 * 1.6387064e-5 / 4, [METRE] = 3),
    ATOM("[pt_us]", false, 231 * 1.6387064e-5 / 8, [METRE] = 3),
    ATOM("[cup_us]", false, 231 * 1.6387064e-5 / 16, [METRE] = 3),
    ATOM("[foz_us]", false, 231 * 1.6387064e-5 / 128, [METRE] = 3),
    ATOM("[tbs_us]", false, 231 * 1.6387064e-5 / 256, [METRE] = 3),
    ATOM("[tsp_us]", false, 231 * 1.6387064e-5 / 768, [METRE] = 3),
    ATOM("[gal_br]", false, 4.54609e-3, [METRE] = 3),
    ATOM("[gr]", false, 0.06479891, [GRAM] = 1),
    ATOM("[lb_av]", false, 453.59237, [GRAM] = 1),
    ATOM("[oz_av]", false, 28.349523125, [GRAM] = 1),
    ATOM("[lb_tr]", false, 373.2417216, [GRAM] = 1),
    ATOM("[oz_tr]", false, 31.1034768, [GRAM] = 1),
    ATOM("[stone_av]", false, 6350.29318, [GRAM] = 1),
    ATOM("Ao", false, 1e-10, [METRE] = 1),
    ATOM("b", false, 1e-28, [METRE] = 2),
    ATOM("[diop]", false, 1, [METRE] = -1),
    ATOM("[Ch]", false, 1e-3 / 3, [METRE] = 1),
    ATOM("[drp]", false, 5e-8, [METRE] = 3),
    ATOM("bit", true, 1, 0),
    ATOM("By", true, 8, 0),
    ATOM("Bd", true, 1, [SECOND] = -1),
    ATOM("[iU]", true, 1, [ARBITRARY] = 1),
    ATOM("[IU]", true, 1, [ARBITRARY] = 1),
    ATOM("[arb'U]", false, 1, [ARBITRARY] = 2),
    ATOM("[USP'U]", false, 1, [ARBITRARY] = 3),
    ATOM("[CFU]", false, 1, [ARBITRARY] = 4),
    ATOM("[PFU]", false, 1, [ARBITRARY] = 5),
    ATOM("[pH]", false, 1, [ARBITRARY] = 6),
    ATOM("[HPF]", false, 1, 0),
    ATOM("[LPF]", false, 100, 0),
};

static const struct {
    Str    code;
    double factor;
} prefixes[] = {
    { STR_INIT("da"), 10 },         { STR_INIT("Ki"), 1024 }, { STR_INIT("Mi"), 1048576 },
    { STR_INIT("Gi"), 1073741824 }, { STR_INIT("Y"), 1e24 },  { STR_INIT("Z"), 1e21 },
    { STR_INIT("E"), 1e18 },        { STR_INIT("P"), 1e15 },  { STR_INIT("T"), 1e12 },
    { STR_INIT("G"), 1e9 },         { STR_INIT("M"), 1e6 },   { STR_INIT("k"), 1e3 },
    { STR_INIT("h"), 100 },         { STR_INIT("d"), 0.1 },   { STR_INIT("c"), 0.01 },
    { STR_INIT("m"), 1e-3 },        { STR_INIT("u"), 1e-6 },  { STR_INIT("n"), 1e-9 },
    { STR_INIT("p"), 1e-12 },       { STR_INIT("f"), 1e-15 }, { STR_INIT("a"), 1e-18 },
    { STR_INIT("z"), 1e-21 },       { STR_INIT("y"), 1e-24 },
};

static const Atom *find_atom(Str code)
{
    for (size_t i = 0; i < COUNT(atoms); i++)
        if (str_equal(atoms[i].code, code))
            return &atoms[i];
    return NULL;
}

/* An atom, or a metric one behind a prefix. */
static const Atom *find_unit(Str code, double *prefix)
{
    const Atom *atom = find_atom(code);

    *prefix = 1;
    for (size_t i = 0; !atom && i < COUNT(prefixes); i++) {
        if (!str_starts(code, prefixes[i].code))
            continue;
        atom = find_atom(str_skip(code, prefixes[i].code.len));
        if (atom && !atom->metric)
            atom = NULL;
        *prefix = prefixes[i].factor;
    }
    return atom;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A signed exponent at the end of a simple unit; false if it is out of all reason. */
static bool split_exponent(Str *unit, int *exponent)
{
    size_t   at = unit->len;
    uint64_t value;
    bool     minus;

    *exponent = 1;
    while (at && is_digit(unit->at[at - 1]))
        at--;
    if (at == unit->len || at == 0)
        return true;
    if (!str_to_u64(str_skip(*unit, at), &value) || value > 30)
        return false;
    minus = unit->at[at - 1] == '-';
    if (minus || unit->at[at - 1] == '+')
        at--;
    *unit = str_slice(*unit, 0, at);
    *exponent = minus ? -(int)value : (int)value;
    return at > 0;
}

static bool multiply(UcumUnit *u, const UcumUnit *by, int exponent)
{
    u->factor *= pow(by->factor, exponent);
    for (int i = 0; i < UCUM_DIMENSIONS; i++) {
        int sum = u->dimensions[i] + by->dimensions[i] * exponent;

        if (sum < -100 || sum > 100)
            return false;
        u->dimensions[i] = (int8_t)sum;
    }
    return true;
}

/* What a simple unit (2.2) says: a number, or an atom with prefix and exponent. */
static bool read_simple(Str text, UcumUnit *out, int *exponent)
{
    UcumUnit    u = { .factor = 1 };
    uint64_t    number;
    double      prefix;
    const Atom *atom;

    *exponent = 1;
    if (text.len == 0)
        return false;
    if (str_to_u64(text, &number)) {
        u.factor = (double)number;
    } else {
        if (!split_exponent(&text, exponent))
            return false;
        atom = find_unit(text, &prefix);
        if (!atom)
            return false;
        u.factor = prefix * atom->factor;
        u.offset = atom->offset / prefix;
        memcpy(u.dimensions, atom->dimensions, sizeof u.dimensions);
    }
    *out = u;
    return true;
}

/* The simple unit that `s` begins with, its remark in braces dropped. */
static bool take_simple(Str *s, Str *simple, bool *remark)
{
    size_t i = 0;

    for (bool bracket = false; i < s->len; i++) {
        char c = s->at[i];

        bracket = c == '[' || (bracket && c != ']');
        if (!bracket && (c == '.' || c == '/' || c == '(' || c == ')' || c == '{'))
            break;
    }
    *simple = str_slice(*s, 0, i);
    *s = str_skip(*s, i);
    *remark = false;
    if (str_starts(*s, STR("{"))) {
        ptrdiff_t end = str_find(*s, STR("}"));

        if (end < 0)
            return false;
        *remark = true;
        *s = str_skip(*s, (size_t)end + 1);
    }
    return true;
}

enum { NESTING_MAX = 8 };

bool ucum_read(Str code, UcumUnit *out)
{
    UcumUnit u = { .factor = 1 };
    int      signs[NESTING_MAX + 1] = { 1 }, depth = 0, sign = 1;
    bool     operand = true; /* one is to come */
    bool     first = true;

    while (code.len) {
        char c = code.at[0];

        if (operand && c == '(') {
            if (depth == NESTING_MAX)
                return false;
            signs[++depth] = sign;
        } else if (!operand && c == ')' && depth) {
            depth--;
        } else if ((!operand && (c == '.' || c == '/')) || (first && c == '/')) {
            sign = c == '/' ? -signs[depth] : signs[depth];
            operand = true;
        } else if (operand) {
            UcumUnit part;
            Str      simple;
            bool     remark;
            int      exponent = 1;

            if (!take_simple(&code, &simple, &remark))
                return false;
            if (simple.len == 0 && remark)
                part = (UcumUnit){ .factor = 1 };
            else if (!read_simple(simple, &part, &exponent))
                return false;
            if (!multiply(&u, &part, exponent * sign))
                return false;
            u.offset = first && code.len == 0 && exponent == 1 ? part.offset : 0;
            operand = first = false;
            continue;
        } else {
            return false;
        }
        first = false;
        code = str_skip(code, 1);
    }
    *out = u;
    return !operand && depth == 0;
}

double ucum_convert(const UcumUnit *from, double value, const UcumUnit *to)
{
    return (value + from->offset) * from->factor / to->factor - to->offset;
}
