/* The operators of FHIRPath: equality, order, logic, membership, arithmetic. N1 6.1 to 6.6. */
#include "fhir/fhirpath_machine.h"
#include "fhir/ucum.h"

/* --- equality ---------------------------------------------------------------------------- */

static Fail same_in_order(PathMachine *m, const PathSpan *a, Likeness *out)
{
    Likeness like;

    *out = LIKE_YES;
    if (a[0].count != a[1].count) {
        *out = LIKE_NO;
        return OK;
    }
    for (uint32_t i = 0; i < a[0].count && *out != LIKE_NO; i++) {
        TRY(path_like(m, path_at(m, &a[0], i), path_at(m, &a[1], i), false, &like));
        if (like != LIKE_YES)
            *out = like;
    }
    return OK;
}

static Fail equal(PathMachine *m, const PathSpan *a)
{
    Likeness like;

    if (a[0].count == 0 || a[1].count == 0)
        return OK;
    TRY(same_in_order(m, a, &like));
    if (like != LIKE_UNKNOWN)
        path_give(m, path_truth(like == LIKE_YES));
    return OK;
}

static Fail not_equal(PathMachine *m, const PathSpan *a)
{
    Likeness like;

    if (a[0].count == 0 || a[1].count == 0)
        return OK;
    TRY(same_in_order(m, a, &like));
    if (like != LIKE_UNKNOWN)
        path_give(m, path_truth(like == LIKE_NO));
    return OK;
}

/* The same items, whatever their order. */
static Fail same_in_any_order(PathMachine *m, const PathSpan *a, bool *out)
{
    bool *taken = NEW_ARRAY(m->call->arena, bool, a[1].count);

    *out = a[0].count == a[1].count;
    for (uint32_t i = 0; *out && i < a[0].count; i++) {
        uint32_t j = 0;
        Likeness like = LIKE_NO;

        for (; j < a[1].count; j++) {
            TRY(path_work(m, 1));
            if (taken[j])
                continue;
            TRY(path_like(m, path_at(m, &a[0], i), path_at(m, &a[1], j), true, &like));
            if (like == LIKE_YES)
                break;
        }
        *out = j < a[1].count;
        if (*out)
            taken[j] = true;
    }
    return OK;
}

static Fail equivalent(PathMachine *m, const PathSpan *a)
{
    bool same;

    TRY(same_in_any_order(m, a, &same));
    path_give(m, path_truth(same));
    return OK;
}

static Fail not_equivalent(PathMachine *m, const PathSpan *a)
{
    bool same;

    TRY(same_in_any_order(m, a, &same));
    path_give(m, path_truth(!same));
    return OK;
}

/* --- order ------------------------------------------------------------------------------- */

static Fail ordered(PathMachine *m, const PathSpan *a, Order one, Order other)
{
    PathValue x, y;
    bool      left, right;
    Order     order;

    TRY(path_one(m, &a[0], &x, &left));
    TRY(path_one(m, &a[1], &y, &right));
    if (!left || !right)
        return OK;
    TRY(path_order(m, x, y, &order));
    if (order != ORDER_UNKNOWN)
        path_give(m, path_truth(order == one || order == other));
    return OK;
}

static Fail less(PathMachine *m, const PathSpan *a)
{
    return ordered(m, a, ORDER_LESS, ORDER_LESS);
}

static Fail more(PathMachine *m, const PathSpan *a)
{
    return ordered(m, a, ORDER_MORE, ORDER_MORE);
}

static Fail less_or_equal(PathMachine *m, const PathSpan *a)
{
    return ordered(m, a, ORDER_LESS, ORDER_EQUAL);
}

static Fail more_or_equal(PathMachine *m, const PathSpan *a)
{
    return ordered(m, a, ORDER_MORE, ORDER_EQUAL);
}

/* --- logic ------------------------------------------------------------------------------- */

typedef enum Truth { TRUTH_NO, TRUTH_YES, TRUTH_NONE, TRUTHS } Truth;

static const uint8_t and_table[TRUTHS][TRUTHS] = {
    { TRUTH_NO, TRUTH_NO, TRUTH_NO },
    { TRUTH_NO, TRUTH_YES, TRUTH_NONE },
    { TRUTH_NO, TRUTH_NONE, TRUTH_NONE },
};
static const uint8_t or_table[TRUTHS][TRUTHS] = {
    { TRUTH_NO, TRUTH_YES, TRUTH_NONE },
    { TRUTH_YES, TRUTH_YES, TRUTH_YES },
    { TRUTH_NONE, TRUTH_YES, TRUTH_NONE },
};
static const uint8_t xor_table[TRUTHS][TRUTHS] = {
    { TRUTH_NO, TRUTH_YES, TRUTH_NONE },
    { TRUTH_YES, TRUTH_NO, TRUTH_NONE },
    { TRUTH_NONE, TRUTH_NONE, TRUTH_NONE },
};
static const uint8_t implies_table[TRUTHS][TRUTHS] = {
    { TRUTH_YES, TRUTH_YES, TRUTH_YES },
    { TRUTH_NO, TRUTH_YES, TRUTH_NONE },
    { TRUTH_NONE, TRUTH_YES, TRUTH_NONE },
};

static Fail decide(PathMachine *m, const PathSpan *a, const uint8_t table[TRUTHS][TRUTHS])
{
    bool    x, y, left, right;
    uint8_t result;

    TRY(path_one_truth(m, &a[0], &x, &left));
    TRY(path_one_truth(m, &a[1], &y, &right));
    result = table[left ? x : TRUTH_NONE][right ? y : TRUTH_NONE];
    if (result != TRUTH_NONE)
        path_give(m, path_truth(result == TRUTH_YES));
    return OK;
}

static Fail both(PathMachine *m, const PathSpan *a)
{
    return decide(m, a, and_table);
}

static Fail either(PathMachine *m, const PathSpan *a)
{
    return decide(m, a, or_table);
}

static Fail one_only(PathMachine *m, const PathSpan *a)
{
    return decide(m, a, xor_table);
}

static Fail implies(PathMachine *m, const PathSpan *a)
{
    return decide(m, a, implies_table);
}

/* --- membership -------------------------------------------------------------------------- */

static Fail member(PathMachine *m, const PathSpan *item, const PathSpan *in)
{
    bool there;

    if (item->count == 0)
        return OK;
    if (item->count > 1)
        return path_fail(m, "a single value is needed where there are %u", item->count);
    TRY(path_among(m, m->values[item->from], in->from, in->count, &there));
    path_give(m, path_truth(there));
    return OK;
}

static Fail in(PathMachine *m, const PathSpan *a)
{
    return member(m, &a[0], &a[1]);
}

static Fail contains(PathMachine *m, const PathSpan *a)
{
    return member(m, &a[1], &a[0]);
}

static Fail item_at(PathMachine *m, const PathSpan *a)
{
    int64_t index;
    bool    there;

    TRY(path_one_integer(m, &a[1], &index, &there));
    if (there && index >= 0 && index < a[0].count)
        path_give(m, path_at(m, &a[0], (uint32_t)index));
    return OK;
}

static Fail give_new(PathMachine *m, const PathSpan *from, uint32_t mark)
{
    for (uint32_t i = 0; i < from->count; i++) {
        PathValue v = path_at(m, from, i);
        bool      there;

        TRY(path_among(m, v, mark, m->count - mark, &there));
        if (!there)
            path_give(m, v);
    }
    return OK;
}

static Fail unite(PathMachine *m, const PathSpan *a)
{
    uint32_t mark = m->count;

    TRY(give_new(m, &a[0], mark));
    return give_new(m, &a[1], mark);
}

/* --- arithmetic -------------------------------------------------------------------------- */

typedef bool Sum(Decimal a, Decimal b, Decimal *out);

/* Both sides; false if one is empty. */
static Fail two(PathMachine *m, const PathSpan *a, PathValue *x, PathValue *y, bool *there)
{
    bool left, right;

    TRY(path_one(m, &a[0], x, &left));
    TRY(path_one(m, &a[1], y, &right));
    *there = left && right;
    return OK;
}

/* Integers stay integers; what does not fit gives nothing. */
static void give_sum(PathMachine *m, PathValue x, PathValue y, Sum *sum)
{
    Decimal a, b, made;
    int64_t whole;

    path_number(x, &a);
    path_number(y, &b);
    if (!sum(a, b, &made))
        return;
    if (x.kind != PATH_INTEGER || y.kind != PATH_INTEGER)
        path_give(m, path_decimal(made));
    else if (decimal_to_integer(made, &whole) && whole <= INT32_MAX && whole >= INT32_MIN)
        path_give(m, path_integer(whole));
}

static bool are_numbers(PathValue x, PathValue y)
{
    Decimal a, b;

    return path_number(x, &a) && path_number(y, &b);
}

static bool is_quantity(PathMachine *m, PathValue v, PathQuantity *out)
{
    Decimal number;

    return !path_number(v, &number) && path_as_quantity(m, v, out);
}

static Fail sum_quantities(PathMachine *m, PathQuantity x, PathQuantity y, Sum *sum)
{
    UcumUnit a, b;

    if (!str_equal(x.unit, y.unit)) {
        Str p = x.calendar ? path_calendar_code(x.unit) : x.unit;
        Str q = y.calendar ? path_calendar_code(y.unit) : y.unit;

        if (!ucum_read(p, &a) || !ucum_read(q, &b) || !ucum_comparable(&a, &b))
            return path_fail(m, "these units cannot be put together");
        if (!decimal_from_double(ucum_convert(&b, decimal_to_double(y.value), &a), &y.value))
            return OK;
    }
    if (sum(x.value, y.value, &x.value))
        path_give(m, path_quantity(m->call->arena, x));
    return OK;
}

/* UCUM's codes for definite durations that a calendar counts alike. */
static bool duration_unit(const PathQuantity *q, TimeUnit *out)
{
    static const struct {
        Str      code;
        TimeUnit unit;
    } codes[] = {
        { STR_INIT("wk"), UNIT_WEEK },  { STR_INIT("d"), UNIT_DAY },
        { STR_INIT("h"), UNIT_HOUR },   { STR_INIT("min"), UNIT_MINUTE },
        { STR_INIT("s"), UNIT_SECOND }, { STR_INIT("ms"), UNIT_MILLISECOND },
    };

    if (q->calendar)
        return path_calendar_unit(q->unit, out);
    for (size_t i = 0; i < COUNT(codes); i++)
        if (str_equal(q->unit, codes[i].code)) {
            *out = codes[i].unit;
            return true;
        }
    return false;
}

/* A date, dateTime or time and a duration: whole units only. N1 6.7 "Date/Time Arithmetic" */
static Fail move_time(PathMachine *m, PathValue x, PathValue y, int sign)
{
    PathQuantity q;
    TimeUnit     unit;
    Decimal      whole;
    int64_t      amount;
    TimeForm     form = x.kind == PATH_DATE        ? TIME_DATE
                        : x.kind == PATH_DATE_TIME ? TIME_DATE_TIME
                                                   : TIME_CLOCK;

    if (!is_quantity(m, y, &q) || !duration_unit(&q, &unit))
        return path_fail(m, "to a date or time only a duration can be added");
    if (decimal_rescale(q.value, 0, ROUND_DOWN, &whole) && decimal_to_integer(whole, &amount)
        && path_time_add(&x.time, form, amount * sign, unit))
        path_give(m, x);
    return OK;
}

static bool is_time(PathValue v)
{
    return v.kind == PATH_DATE || v.kind == PATH_DATE_TIME || v.kind == PATH_TIME;
}

static Fail plus(PathMachine *m, const PathSpan *a)
{
    PathValue    x, y;
    PathQuantity p, q;
    bool         there;

    TRY(two(m, a, &x, &y, &there));
    if (!there)
        return OK;
    if (are_numbers(x, y)) {
        give_sum(m, x, y, decimal_add);
        return OK;
    }
    if (x.kind == PATH_STRING && y.kind == PATH_STRING) {
        TRY(path_work(m, 1 + (x.text.len + y.text.len) / 16));
        path_give(m, path_string(arena_printf(m->call->arena, "%.*s%.*s", STR_ARG(x.text),
                                              STR_ARG(y.text))));
        return OK;
    }
    if (is_time(x))
        return move_time(m, x, y, 1);
    if (is_quantity(m, x, &p) && is_quantity(m, y, &q))
        return sum_quantities(m, p, q, decimal_add);
    return path_fail(m, "these two cannot be added");
}

static Fail minus(PathMachine *m, const PathSpan *a)
{
    PathValue    x, y;
    PathQuantity p, q;
    bool         there;

    TRY(two(m, a, &x, &y, &there));
    if (!there)
        return OK;
    if (are_numbers(x, y)) {
        give_sum(m, x, y, decimal_subtract);
        return OK;
    }
    if (is_time(x))
        return move_time(m, x, y, -1);
    if (is_quantity(m, x, &p) && is_quantity(m, y, &q))
        return sum_quantities(m, p, q, decimal_subtract);
    return path_fail(m, "the one cannot be taken from the other");
}

/* Whether a unit must stand in brackets as part of another. */
static Str bracketed(Arena *a, Str unit)
{
    return str_find(unit, STR("/")) >= 0 ? arena_printf(a, "(%.*s)", STR_ARG(unit)) : unit;
}

static Str joined_unit(Arena *a, Str x, bool divides, Str y)
{
    bool none = str_equal(x, STR("1")), other = str_equal(y, STR("1"));

    if (other)
        return x;
    if (none && !divides)
        return y;
    if (divides && str_equal(x, y))
        return STR("1");
    return arena_printf(a, "%.*s%c%.*s", STR_ARG(none ? (Str){ 0 } : x), divides ? '/' : '.',
                        STR_ARG(bracketed(a, y)));
}

static Fail combine(PathMachine *m, const PathSpan *a, bool divides)
{
    PathValue    x, y;
    PathQuantity p, q;
    bool         there;

    TRY(two(m, a, &x, &y, &there));
    if (!there)
        return OK;
    if (are_numbers(x, y)) {
        Decimal left, right, made;

        path_number(x, &left);
        path_number(y, &right);
        if (!divides)
            give_sum(m, x, y, decimal_multiply);
        else if (decimal_divide(left, right, &made))
            path_give(m, path_decimal(made));
        return OK;
    }
    if (!path_as_quantity(m, x, &p) || !path_as_quantity(m, y, &q))
        return path_fail(m, "only numbers and quantities can be multiplied and divided");
    if (divides ? !decimal_divide(p.value, q.value, &p.value)
                : !decimal_multiply(p.value, q.value, &p.value))
        return OK;
    p.unit = joined_unit(m->call->arena, p.calendar ? path_calendar_code(p.unit) : p.unit,
                         divides, q.calendar ? path_calendar_code(q.unit) : q.unit);
    p.calendar = false;
    path_give(m, path_quantity(m->call->arena, p));
    return OK;
}

static Fail times(PathMachine *m, const PathSpan *a)
{
    return combine(m, a, false);
}

static Fail over(PathMachine *m, const PathSpan *a)
{
    return combine(m, a, true);
}

static Fail whole_division(PathMachine *m, const PathSpan *a, bool rest_wanted)
{
    PathValue x, y;
    Decimal   left, right, whole, rest;
    int64_t   integer;
    bool      there;

    TRY(two(m, a, &x, &y, &there));
    if (!there)
        return OK;
    if (!path_number(x, &left) || !path_number(y, &right))
        return path_fail(m, "numbers are needed for div and mod");
    if (!decimal_divide_whole(left, right, &whole, &rest))
        return OK;
    if (rest_wanted && (x.kind == PATH_DECIMAL || y.kind == PATH_DECIMAL))
        path_give(m, path_decimal(rest));
    else if (decimal_to_integer(rest_wanted ? rest : whole, &integer))
        path_give(m, path_integer(integer));
    return OK;
}

static Fail divide(PathMachine *m, const PathSpan *a)
{
    return whole_division(m, a, false);
}

static Fail modulo(PathMachine *m, const PathSpan *a)
{
    return whole_division(m, a, true);
}

/* '&': what is empty counts as an empty text. */
static Fail concatenate(PathMachine *m, const PathSpan *a)
{
    Str  x = { 0 }, y = { 0 };
    bool there;

    TRY(path_one_string(m, &a[0], &x, &there));
    TRY(path_one_string(m, &a[1], &y, &there));
    TRY(path_work(m, 1 + (x.len + y.len) / 16));
    path_give(m, path_string(arena_printf(m->call->arena, "%.*s%.*s", STR_ARG(x), STR_ARG(y))));
    return OK;
}

static Fail negative(PathMachine *m, const PathSpan *a)
{
    PathValue    v;
    bool         there;
    PathQuantity q;

    TRY(path_one(m, a, &v, &there));
    if (!there)
        return OK;
    if (v.kind == PATH_INTEGER) {
        v.integer = -v.integer;
    } else if (v.kind == PATH_DECIMAL) {
        v.digits = -v.digits;
    } else if (is_quantity(m, v, &q)) {
        q.value.digits = -q.value.digits;
        v = path_quantity(m->call->arena, q);
    } else {
        return path_fail(m, "only a number has a sign");
    }
    path_give(m, v);
    return OK;
}

static Fail positive(PathMachine *m, const PathSpan *a)
{
    PathValue    v;
    bool         there;
    PathQuantity q;

    TRY(path_one(m, a, &v, &there));
    if (there && v.kind != PATH_INTEGER && v.kind != PATH_DECIMAL && !is_quantity(m, v, &q))
        return path_fail(m, "only a number has a sign");
    if (there)
        path_give(m, v);
    return OK;
}

const PathFunction path_operators[] = {
    { STR_INIT("="), 2, 2, LOOP_NONE, equal },
    { STR_INIT("!="), 2, 2, LOOP_NONE, not_equal },
    { STR_INIT("~"), 2, 2, LOOP_NONE, equivalent },
    { STR_INIT("!~"), 2, 2, LOOP_NONE, not_equivalent },
    { STR_INIT("<"), 2, 2, LOOP_NONE, less },
    { STR_INIT(">"), 2, 2, LOOP_NONE, more },
    { STR_INIT("<="), 2, 2, LOOP_NONE, less_or_equal },
    { STR_INIT(">="), 2, 2, LOOP_NONE, more_or_equal },
    { STR_INIT("and"), 2, 2, LOOP_NONE, both },
    { STR_INIT("or"), 2, 2, LOOP_NONE, either },
    { STR_INIT("xor"), 2, 2, LOOP_NONE, one_only },
    { STR_INIT("implies"), 2, 2, LOOP_NONE, implies },
    { STR_INIT("in"), 2, 2, LOOP_NONE, in },
    { STR_INIT("contains"), 2, 2, LOOP_NONE, contains },
    { STR_INIT("[]"), 2, 2, LOOP_NONE, item_at },
    { STR_INIT("|"), 2, 2, LOOP_NONE, unite },
    { STR_INIT("+"), 2, 2, LOOP_NONE, plus },
    { STR_INIT("-"), 2, 2, LOOP_NONE, minus },
    { STR_INIT("*"), 2, 2, LOOP_NONE, times },
    { STR_INIT("/"), 2, 2, LOOP_NONE, over },
    { STR_INIT("div"), 2, 2, LOOP_NONE, divide },
    { STR_INIT("mod"), 2, 2, LOOP_NONE, modulo },
    { STR_INIT("&"), 2, 2, LOOP_NONE, concatenate },
    { STR_INIT("-"), 1, 1, LOOP_NONE, negative },
    { STR_INIT("+"), 1, 1, LOOP_NONE, positive },
    { { 0 }, 0, 0, LOOP_NONE, NULL },
};
