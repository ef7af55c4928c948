/* Functions on numbers, and the boundaries of what is known only so far. N1 5.7; boundaries and
 * precision() as later releases of FHIRPath define them. */
#include <math.h>

#include "fhir/fhirpath_machine.h"

enum { DECIMAL_BOUNDARY_SCALE = 8 };

/* The focus as a number; *there is false if it is empty. */
static Fail number(PathMachine *m, const PathSpan *a, PathValue *v, Decimal *d, bool *there)
{
    TRY(path_one(m, a, v, there));
    if (*there && !path_number(*v, d))
        return path_fail(m, "a number is needed");
    return OK;
}

static Fail absolute(PathMachine *m, const PathSpan *a)
{
    PathValue    v;
    PathQuantity q;
    bool         there;

    TRY(path_one(m, a, &v, &there));
    if (!there)
        return OK;
    if (v.kind == PATH_INTEGER) {
        v.integer = v.integer < 0 ? -v.integer : v.integer;
    } else if (v.kind == PATH_DECIMAL) {
        v.digits = v.digits < 0 ? -v.digits : v.digits;
    } else if (path_as_quantity(m, v, &q)) {
        q.value.digits = q.value.digits < 0 ? -q.value.digits : q.value.digits;
        v = path_quantity(m->call->arena, q);
    } else {
        return path_fail(m, "a number is needed");
    }
    path_give(m, v);
    return OK;
}

/* The whole number that lies `towards`: -1 down, 0 to zero, 1 up. */
static Fail whole(PathMachine *m, const PathSpan *a, int towards)
{
    PathValue v;
    Decimal   d, cut;
    int64_t   integer;
    bool      there;

    TRY(number(m, a, &v, &d, &there));
    if (!there || !decimal_rescale(d, 0, ROUND_DOWN, &cut)
        || !decimal_to_integer(cut, &integer))
        return OK;
    if (towards < 0 && decimal_compare(d, cut) < 0)
        integer--;
    if (towards > 0 && decimal_compare(d, cut) > 0)
        integer++;
    path_give(m, path_integer(integer));
    return OK;
}

static Fail ceiling(PathMachine *m, const PathSpan *a)
{
    return whole(m, a, 1);
}

static Fail floor_of(PathMachine *m, const PathSpan *a)
{
    return whole(m, a, -1);
}

static Fail truncate_to(PathMachine *m, const PathSpan *a)
{
    return whole(m, a, 0);
}

static Fail round_to(PathMachine *m, const PathSpan *a)
{
    PathValue v;
    Decimal   d;
    int64_t   places = 0;
    bool      there, given;

    TRY(number(m, &a[0], &v, &d, &there));
    TRY(path_one_integer(m, &a[1], &places, &given));
    if (given && places < 0)
        return path_fail(m, "round() takes no negative number of places");
    if (!there)
        return OK;
    if (places < d.scale)
        decimal_rescale(d, (uint8_t)places, ROUND_HALF, &d);
    path_give(m, path_decimal(d));
    return OK;
}

static Fail give_double(PathMachine *m, double value)
{
    Decimal d;

    if (decimal_from_double(value, &d) || (fabs(value) < 1e-28 && decimal_read(STR("0"), &d)))
        path_give(m, path_decimal(d));
    return OK;
}

static Fail by_double(PathMachine *m, const PathSpan *a, double (*function)(double))
{
    PathValue v;
    Decimal   d;
    bool      there;

    TRY(number(m, a, &v, &d, &there));
    return there ? give_double(m, function(decimal_to_double(d))) : OK;
}

static Fail exponential(PathMachine *m, const PathSpan *a)
{
    return by_double(m, a, exp);
}

static Fail natural(PathMachine *m, const PathSpan *a)
{
    return by_double(m, a, log);
}

static Fail root(PathMachine *m, const PathSpan *a)
{
    return by_double(m, a, sqrt);
}

static Fail two_numbers(PathMachine *m, const PathSpan *a, PathValue v[2], Decimal d[2],
                        bool *there)
{
    bool left, right;

    TRY(number(m, &a[0], &v[0], &d[0], &left));
    TRY(number(m, &a[1], &v[1], &d[1], &right));
    *there = left && right;
    return OK;
}

static Fail logarithm(PathMachine *m, const PathSpan *a)
{
    PathValue v[2];
    Decimal   d[2];
    bool      there;

    TRY(two_numbers(m, a, v, d, &there));
    if (!there)
        return OK;
    return give_double(m, log(decimal_to_double(d[0])) / log(decimal_to_double(d[1])));
}

static Fail power(PathMachine *m, const PathSpan *a)
{
    PathValue v[2];
    Decimal   d[2], made = decimal_of(1);
    bool      there, exact;

    TRY(two_numbers(m, a, v, d, &there));
    if (!there)
        return OK;
    exact = v[1].kind == PATH_INTEGER && v[1].integer >= 0 && v[1].integer <= 128;
    for (int64_t i = 0; exact && i < v[1].integer; i++)
        exact = decimal_multiply(made, d[0], &made);
    if (!exact)
        return give_double(m, pow(decimal_to_double(d[0]), decimal_to_double(d[1])));
    if (v[0].kind == PATH_INTEGER && decimal_to_integer(made, &v[0].integer))
        path_give(m, v[0]);
    else
        path_give(m, path_decimal(made));
    return OK;
}

/* --- boundaries -------------------------------------------------------------------------- */

/* The least or greatest a number may be that was written to its last digit, to `scale` digits. What is
 * nearer to zero is cut there, what is farther rounded: so the suite of FHIR has it. */
static bool number_boundary(Decimal *d, bool high, uint8_t scale)
{
    Decimal half = { 5, (uint8_t)(d->scale + 1) };
    bool    minus = d->digits < 0, outward = high != minus;

    if (minus)
        d->digits = -d->digits;
    if (outward ? !decimal_add(*d, half, d) : !decimal_subtract(*d, half, d))
        return false;
    if (!decimal_rescale(*d, scale, outward ? ROUND_HALF : ROUND_DOWN, d))
        return false;
    if (minus)
        d->digits = -d->digits;
    return true;
}

static Fail give_time_boundary(PathMachine *m, PathValue v, bool high, bool given,
                               int64_t digits)
{
    TimeForm form = v.kind == PATH_DATE        ? TIME_DATE
                    : v.kind == PATH_DATE_TIME ? TIME_DATE_TIME
                                               : TIME_CLOCK;

    if (!given)
        digits = form == TIME_DATE ? 8 : form == TIME_DATE_TIME ? 17 : 9;
    if (digits > 0 && digits <= 17 && path_time_boundary(&v.time, form, high, (int)digits))
        path_give(m, v);
    return OK;
}

static Fail boundary(PathMachine *m, const PathSpan *a, bool high)
{
    PathValue    v;
    PathQuantity q;
    Decimal      d;
    int64_t      digits = DECIMAL_BOUNDARY_SCALE;
    bool         there, given;

    TRY(path_one(m, &a[0], &v, &there));
    TRY(path_one_integer(m, &a[1], &digits, &given));
    if (!there)
        return OK;
    if (v.kind == PATH_DATE || v.kind == PATH_DATE_TIME || v.kind == PATH_TIME)
        return give_time_boundary(m, v, high, given, digits);
    if (digits < 0 || digits > DECIMAL_SCALE_MAX)
        return OK;
    if (path_number(v, &d)) {
        if (number_boundary(&d, high, (uint8_t)digits))
            path_give(m, path_decimal(d));
    } else if (path_as_quantity(m, v, &q)) {
        if (number_boundary(&q.value, high, (uint8_t)digits))
            path_give(m, path_quantity(m->call->arena, q));
    } else {
        return path_fail(m, "a number, quantity, date or time is needed");
    }
    return OK;
}

static Fail low_boundary(PathMachine *m, const PathSpan *a)
{
    return boundary(m, a, false);
}

static Fail high_boundary(PathMachine *m, const PathSpan *a)
{
    return boundary(m, a, true);
}

static Fail precision(PathMachine *m, const PathSpan *a)
{
    PathValue v;
    bool      there;

    TRY(path_one(m, a, &v, &there));
    if (!there)
        return OK;
    switch (v.kind) {
    case PATH_INTEGER: path_give(m, path_integer(0)); return OK;
    case PATH_DECIMAL: path_give(m, path_integer(v.scale)); return OK;
    case PATH_DATE:
    case PATH_DATE_TIME:
        path_give(m, path_integer(path_time_digits(v.time, TIME_DATE_TIME)));
        return OK;
    case PATH_TIME: path_give(m, path_integer(path_time_digits(v.time, TIME_CLOCK))); return OK;
    default: return path_fail(m, "a number, date or time is needed");
    }
}

const PathFunction path_functions_math[] = {
    { STR_INIT("abs"), 0, 0, LOOP_NONE, absolute },
    { STR_INIT("ceiling"), 0, 0, LOOP_NONE, ceiling },
    { STR_INIT("floor"), 0, 0, LOOP_NONE, floor_of },
    { STR_INIT("truncate"), 0, 0, LOOP_NONE, truncate_to },
    { STR_INIT("round"), 0, 1, LOOP_NONE, round_to },
    { STR_INIT("exp"), 0, 0, LOOP_NONE, exponential },
    { STR_INIT("ln"), 0, 0, LOOP_NONE, natural },
    { STR_INIT("log"), 1, 1, LOOP_NONE, logarithm },
    { STR_INIT("power"), 1, 1, LOOP_NONE, power },
    { STR_INIT("sqrt"), 0, 0, LOOP_NONE, root },
    { STR_INIT("lowBoundary"), 0, 1, LOOP_NONE, low_boundary },
    { STR_INIT("highBoundary"), 0, 1, LOOP_NONE, high_boundary },
    { STR_INIT("precision"), 0, 0, LOOP_NONE, precision },
    { { 0 }, 0, 0, LOOP_NONE, NULL },
};
