/* Conversions between System types: toX() and convertsToX(). N1 5.5 */
#include "fhir/fhirpath_machine.h"
#include "fhir/ucum.h"

static const struct {
    Str      word;
    TimeUnit unit;
    Str      code; /* of UCUM, where it means the same */
} calendar_words[] = {
    { STR_INIT("year"), UNIT_YEAR, STR_INIT("") },
    { STR_INIT("month"), UNIT_MONTH, STR_INIT("") },
    { STR_INIT("week"), UNIT_WEEK, STR_INIT("wk") },
    { STR_INIT("day"), UNIT_DAY, STR_INIT("d") },
    { STR_INIT("hour"), UNIT_HOUR, STR_INIT("h") },
    { STR_INIT("minute"), UNIT_MINUTE, STR_INIT("min") },
    { STR_INIT("second"), UNIT_SECOND, STR_INIT("s") },
    { STR_INIT("millisecond"), UNIT_MILLISECOND, STR_INIT("ms") },
};

static int calendar_place(Str word)
{
    for (size_t i = 0; i < COUNT(calendar_words); i++) {
        Str one = calendar_words[i].word;

        if (str_equal(word, one)
            || (word.len == one.len + 1 && str_starts(word, one) && word.at[one.len] == 's'))
            return (int)i;
    }
    return -1;
}

bool path_calendar_unit(Str word, TimeUnit *out)
{
    int place = calendar_place(word);

    if (place >= 0)
        *out = calendar_words[place].unit;
    return place >= 0;
}

Str path_calendar_code(Str word)
{
    int place = calendar_place(word);

    return place >= 0 ? calendar_words[place].code : (Str){ 0 };
}

/* "4 days", "1.5 'mg'", "3". */
bool path_read_quantity(Arena *a, Str text, PathQuantity *out)
{
    Str      number = text, unit = { 0 };
    TimeUnit time;

    (void)a;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == ' ' || text.at[i] == '\t' || text.at[i] == '\'') {
            number = str_slice(text, 0, i);
            unit = str_trim(str_skip(text, i));
            break;
        }
    number = str_starts(number, STR("+")) ? str_skip(number, 1) : number;
    if (!decimal_read(number, &out->value) || str_find(number, STR("e")) >= 0
        || str_find(number, STR("E")) >= 0)
        return false;
    out->calendar = path_calendar_unit(unit, &time);
    if (unit.len > 2 && unit.at[0] == '\'' && unit.at[unit.len - 1] == '\'')
        unit = str_slice(unit, 1, unit.len - 1);
    else if (unit.len && !out->calendar)
        return false;
    out->unit = unit.len ? unit : STR("1");
    return true;
}

/* --- one value --------------------------------------------------------------------------- */

/* Each gives false where the value cannot be converted. */
typedef bool Convert(PathMachine *m, PathValue v, PathValue *out);

static bool to_boolean(PathMachine *m, PathValue v, PathValue *out)
{
    static const struct {
        Str  word;
        bool truth;
    } words[] = {
        { STR_INIT("true"), true },   { STR_INIT("t"), true },  { STR_INIT("yes"), true },
        { STR_INIT("y"), true },      { STR_INIT("1"), true },  { STR_INIT("1.0"), true },
        { STR_INIT("false"), false }, { STR_INIT("f"), false }, { STR_INIT("no"), false },
        { STR_INIT("n"), false },     { STR_INIT("0"), false }, { STR_INIT("0.0"), false },
    };
    Decimal d;

    (void)m;
    if (v.kind == PATH_BOOLEAN) {
        *out = v;
        return true;
    }
    if (path_number(v, &d)) {
        *out = path_truth(d.digits != 0);
        return decimal_compare(d, decimal_of(0)) == 0 || decimal_compare(d, decimal_of(1)) == 0;
    }
    for (size_t i = 0; v.kind == PATH_STRING && i < COUNT(words); i++)
        if (str_equal_ascii_nocase(v.text, words[i].word)) {
            *out = path_truth(words[i].truth);
            return true;
        }
    return false;
}

static bool to_integer(PathMachine *m, PathValue v, PathValue *out)
{
    Decimal d;
    int64_t whole;
    Str     text = v.kind == PATH_STRING ? v.text : (Str){ 0 };

    (void)m;
    if (v.kind == PATH_INTEGER) {
        *out = v;
        return true;
    }
    if (v.kind == PATH_BOOLEAN) {
        *out = path_integer(v.truth);
        return true;
    }
    text = str_starts(text, STR("+")) ? str_skip(text, 1) : text;
    if (v.kind != PATH_STRING || !decimal_read(text, &d) || d.scale
        || str_find(text, STR("e")) >= 0 || str_find(text, STR("E")) >= 0
        || !decimal_to_integer(d, &whole) || whole > INT32_MAX || whole < INT32_MIN)
        return false;
    *out = path_integer(whole);
    return true;
}

static bool to_decimal(PathMachine *m, PathValue v, PathValue *out)
{
    Decimal d;
    Str     text = v.kind == PATH_STRING ? v.text : (Str){ 0 };

    (void)m;
    text = str_starts(text, STR("+")) ? str_skip(text, 1) : text;
    if (v.kind == PATH_BOOLEAN)
        d = (Decimal){ v.truth ? 10 : 0, 1 };
    else if (!path_number(v, &d)
             && (v.kind != PATH_STRING || !decimal_read(text, &d)
                 || str_find(text, STR("e")) >= 0 || str_find(text, STR("E")) >= 0))
        return false;
    *out = path_decimal(d);
    return true;
}

static bool to_string(PathMachine *m, PathValue v, PathValue *out)
{
    PathQuantity q;

    if (v.kind == PATH_NODE && path_as_quantity(m, v, &q))
        v = path_quantity(m->call->arena, q);
    if (v.kind == PATH_NODE || v.kind == PATH_TYPE)
        return false;
    *out = path_string(path_text(m->call, v));
    return true;
}

static bool to_time_kind(PathValue v, PathKind kind, TimeForm form, PathValue *out)
{
    if (v.kind == kind) {
        *out = v;
        return true;
    }
    if (v.kind != PATH_STRING)
        return false;
    *out = (PathValue){ .kind = (uint8_t)kind };
    return path_time_read(v.text, form, &out->time);
}

static bool to_date(PathMachine *m, PathValue v, PathValue *out)
{
    (void)m;
    if (v.kind == PATH_DATE_TIME) {
        path_time_boundary(&v.time, TIME_DATE, false,
                           v.time.precision > TIME_DAY ? 8
                                                       : path_time_digits(v.time, TIME_DATE));
        v.kind = PATH_DATE;
        v.time.zoned = false;
    } else if (v.kind == PATH_STRING && v.text.len > 10 && v.text.at[10] == 'T') {
        return to_time_kind(v, PATH_DATE_TIME, TIME_DATE_TIME, out) && to_date(m, *out, out);
    }
    return to_time_kind(v, PATH_DATE, TIME_DATE, out);
}

static bool to_date_time(PathMachine *m, PathValue v, PathValue *out)
{
    (void)m;
    if (v.kind == PATH_DATE)
        v.kind = PATH_DATE_TIME;
    return to_time_kind(v, PATH_DATE_TIME, TIME_DATE_TIME, out);
}

static bool to_time(PathMachine *m, PathValue v, PathValue *out)
{
    (void)m;
    if (v.kind == PATH_STRING && str_starts(v.text, STR("T")))
        v.text = str_skip(v.text, 1);
    return to_time_kind(v, PATH_TIME, TIME_CLOCK, out);
}

static bool to_quantity(PathMachine *m, PathValue v, PathValue *out)
{
    PathQuantity q = { .unit = STR("1") };

    if (v.kind == PATH_BOOLEAN)
        q.value = (Decimal){ v.truth ? 10 : 0, 1 };
    else if (v.kind == PATH_STRING ? !path_read_quantity(m->call->arena, v.text, &q)
                                   : !path_as_quantity(m, v, &q))
        return false;
    *out = path_quantity(m->call->arena, q);
    return true;
}

/* --- functions --------------------------------------------------------------------------- */

static Fail convert(PathMachine *m, const PathSpan *a, Convert *to, bool ask)
{
    PathValue v, made;
    bool      there, can;

    TRY(path_one(m, a, &v, &there));
    if (!there)
        return OK;
    can = to(m, v, &made);
    if (ask)
        path_give(m, path_truth(can));
    else if (can)
        path_give(m, made);
    return OK;
}

#define CONVERSION(name)                                                                       \
    static Fail give_##name(PathMachine *m, const PathSpan *a)                                 \
    {                                                                                          \
        return convert(m, a, name, false);                                                     \
    }                                                                                          \
    static Fail can_##name(PathMachine *m, const PathSpan *a)                                  \
    {                                                                                          \
        return convert(m, a, name, true);                                                      \
    }

CONVERSION(to_boolean)
CONVERSION(to_integer)
CONVERSION(to_decimal)
CONVERSION(to_string)
CONVERSION(to_date)
CONVERSION(to_date_time)
CONVERSION(to_time)

/* toQuantity(unit) also converts into that unit. */
static Fail quantity_in_unit(PathMachine *m, const PathSpan *a, bool ask)
{
    PathValue    v, made;
    PathQuantity q;
    UcumUnit     from, to;
    Str          unit;
    bool         there, given, can;

    TRY(path_one(m, &a[0], &v, &there));
    TRY(path_one_string(m, &a[1], &unit, &given));
    if (!there)
        return OK;
    can = to_quantity(m, v, &made);
    if (can && given) {
        q = *made.quantity;
        can = ucum_read(q.calendar ? path_calendar_code(q.unit) : q.unit, &from)
              && ucum_read(unit, &to) && ucum_comparable(&from, &to)
              && decimal_from_double(ucum_convert(&from, decimal_to_double(q.value), &to),
                                     &q.value);
        q.unit = unit;
        q.calendar = false;
        made = path_quantity(m->call->arena, q);
    }
    if (ask)
        path_give(m, path_truth(can));
    else if (can)
        path_give(m, made);
    return OK;
}

static Fail give_to_quantity(PathMachine *m, const PathSpan *a)
{
    return quantity_in_unit(m, a, false);
}

static Fail can_to_quantity(PathMachine *m, const PathSpan *a)
{
    return quantity_in_unit(m, a, true);
}

/* comparable(): whether two quantities are of one kind. */
static Fail comparable(PathMachine *m, const PathSpan *a)
{
    PathValue    v, w;
    PathQuantity p, q;
    bool         left, right;

    TRY(path_one(m, &a[0], &v, &left));
    TRY(path_one(m, &a[1], &w, &right));
    if (left && right)
        path_give(m, path_truth(path_as_quantity(m, v, &p) && path_as_quantity(m, w, &q)
                                && path_units_comparable(&p, &q)));
    return OK;
}

const PathFunction path_functions_convert[] = {
    { STR_INIT("toBoolean"), 0, 0, LOOP_NONE, give_to_boolean },
    { STR_INIT("toInteger"), 0, 0, LOOP_NONE, give_to_integer },
    { STR_INIT("toDecimal"), 0, 0, LOOP_NONE, give_to_decimal },
    { STR_INIT("toString"), 0, 0, LOOP_NONE, give_to_string },
    { STR_INIT("toDate"), 0, 0, LOOP_NONE, give_to_date },
    { STR_INIT("toDateTime"), 0, 0, LOOP_NONE, give_to_date_time },
    { STR_INIT("toTime"), 0, 0, LOOP_NONE, give_to_time },
    { STR_INIT("toQuantity"), 0, 1, LOOP_NONE, give_to_quantity },
    { STR_INIT("convertsToBoolean"), 0, 0, LOOP_NONE, can_to_boolean },
    { STR_INIT("convertsToInteger"), 0, 0, LOOP_NONE, can_to_integer },
    { STR_INIT("convertsToDecimal"), 0, 0, LOOP_NONE, can_to_decimal },
    { STR_INIT("convertsToString"), 0, 0, LOOP_NONE, can_to_string },
    { STR_INIT("convertsToDate"), 0, 0, LOOP_NONE, can_to_date },
    { STR_INIT("convertsToDateTime"), 0, 0, LOOP_NONE, can_to_date_time },
    { STR_INIT("convertsToTime"), 0, 0, LOOP_NONE, can_to_time },
    { STR_INIT("convertsToQuantity"), 0, 1, LOOP_NONE, can_to_quantity },
    { STR_INIT("comparable"), 1, 1, LOOP_NONE, comparable },
    { { 0 }, 0, 0, LOOP_NONE, NULL },
};
