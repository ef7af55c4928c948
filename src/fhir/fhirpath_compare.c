/*
 * Equality, equivalence and order of FHIRPath values. N1 5.1 "Equality", 6.1, 6.2: what is known
 * to different precision is neither equal nor different, and gives nothing.
 */
#include <math.h>

#include "base/ensure.h"
#include "fhir/fhirpath_machine.h"
#include "fhir/ucum.h"

/* --- arguments --------------------------------------------------------------------------- */

Fail path_one(PathMachine *m, const PathSpan *a, PathValue *out, bool *there)
{
    *there = a->count > 0;
    if (a->count > 1)
        return path_fail(m, "a single value is needed where there are %u", a->count);
    if (*there)
        *out = path_plain(m->call, m->values[a->from]);
    return OK;
}

Fail path_one_string(PathMachine *m, const PathSpan *a, Str *out, bool *there)
{
    PathValue v;

    TRY(path_one(m, a, &v, there));
    if (*there && v.kind != PATH_STRING)
        return path_fail(m, "a string is needed");
    if (*there)
        *out = v.text;
    return OK;
}

Fail path_one_integer(PathMachine *m, const PathSpan *a, int64_t *out, bool *there)
{
    PathValue v;

    TRY(path_one(m, a, &v, there));
    if (*there && v.kind != PATH_INTEGER)
        return path_fail(m, "an integer is needed");
    if (*there)
        *out = v.integer;
    return OK;
}

Fail path_one_truth(PathMachine *m, const PathSpan *a, bool *out, bool *there)
{
    PathValue v;

    TRY(path_one(m, a, &v, there));
    if (*there)
        *out = v.kind != PATH_BOOLEAN || v.truth;
    return OK;
}

/* --- quantities -------------------------------------------------------------------------- */

static bool read_unit(const PathQuantity *q, UcumUnit *out)
{
    Str code = q->calendar ? path_calendar_code(q->unit) : q->unit;

    return code.len && ucum_read(code, out);
}

bool path_units_comparable(const PathQuantity *x, const PathQuantity *y)
{
    UcumUnit a, b;

    if (x->calendar == y->calendar && str_equal(x->unit, y->unit))
        return true;
    return read_unit(x, &a) && read_unit(y, &b) && ucum_comparable(&a, &b);
}

/* "year" and "years" are one. */
static bool same_calendar_unit(const PathQuantity *x, const PathQuantity *y)
{
    TimeUnit a, b;

    return x->calendar && y->calendar && path_calendar_unit(x->unit, &a)
           && path_calendar_unit(y->unit, &b) && a == b;
}

/* For equivalence a calendar year or month is as long as UCUM's. */
static PathQuantity definite(PathQuantity q)
{
    TimeUnit unit;

    if (q.calendar && path_calendar_unit(q.unit, &unit) && unit <= UNIT_MONTH) {
        q.calendar = false;
        q.unit = unit == UNIT_YEAR ? STR("a") : STR("mo");
    }
    return q;
}

/* Both in the coarser unit. False if they cannot be compared. */
static bool align_units(PathQuantity *x, PathQuantity *y)
{
    UcumUnit a, b;
    Decimal  made;

    if ((!x->calendar && !y->calendar && str_equal(x->unit, y->unit))
        || same_calendar_unit(x, y))
        return true;
    if (!read_unit(x, &a) || !read_unit(y, &b) || !ucum_comparable(&a, &b))
        return false;
    if (a.factor >= b.factor) {
        if (!decimal_from_double(ucum_convert(&b, decimal_to_double(y->value), &a), &made))
            return false;
        y->value = made;
    } else {
        if (!decimal_from_double(ucum_convert(&a, decimal_to_double(x->value), &b), &made))
            return false;
        x->value = made;
    }
    return true;
}

/* Twelve digits: beyond that, what shows are the factors of the units. */
static int compare_measured(Decimal x, Decimal y)
{
    double a = decimal_to_double(x), b = decimal_to_double(y);

    if (decimal_compare(x, y) == 0 || fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b)))
        return 0;
    return a < b ? -1 : 1;
}

/* Rounded to the precision of the less precise. */
static bool decimals_equivalent(Decimal x, Decimal y)
{
    uint8_t scale;

    x = decimal_trim(x);
    y = decimal_trim(y);
    scale = x.scale < y.scale ? x.scale : y.scale;
    return decimal_rescale(x, scale, ROUND_HALF, &x)
           && decimal_rescale(y, scale, ROUND_HALF, &y) && decimal_compare(x, y) == 0;
}

static Likeness quantities_like(PathQuantity x, PathQuantity y, bool equivalent)
{
    bool same_unit = x.calendar == y.calendar && str_equal(x.unit, y.unit);

    if (equivalent) {
        x = definite(x);
        y = definite(y);
    }
    if (!align_units(&x, &y)) {
        UcumUnit a, b;
        bool     both = read_unit(&x, &a) && read_unit(&y, &b);

        return equivalent || (both && !ucum_comparable(&a, &b)) ? LIKE_NO : LIKE_UNKNOWN;
    }
    if (equivalent)
        return decimals_equivalent(x.value, y.value) ? LIKE_YES : LIKE_NO;
    return (same_unit ? decimal_compare(x.value, y.value) : compare_measured(x.value, y.value))
                   == 0
               ? LIKE_YES
               : LIKE_NO;
}

/* --- single values ----------------------------------------------------------------------- */

static bool is_moment(PathValue v)
{
    return v.kind == PATH_DATE || v.kind == PATH_DATE_TIME;
}

/* Equivalent texts differ in case and white space only. */
static bool texts_equivalent(Str a, Str b)
{
    size_t i = 0, j = 0;

    a = str_trim(a);
    b = str_trim(b);
    while (i < a.len && j < b.len) {
        char c = a.at[i++], d = b.at[j++];
        bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';

        if (blank && (d == ' ' || d == '\t' || d == '\r' || d == '\n'))
            continue;
        c = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        d = d >= 'A' && d <= 'Z' ? (char)(d + 32) : d;
        if (c != d)
            return false;
    }
    return i == a.len && j == b.len;
}

static Likeness truth_like(bool like)
{
    return like ? LIKE_YES : LIKE_NO;
}

static Likeness times_like(PathTime x, PathTime y, bool equivalent)
{
    Order order = path_time_compare(x, y);

    if (order == ORDER_UNKNOWN)
        return equivalent ? LIKE_NO : LIKE_UNKNOWN;
    return truth_like(order == ORDER_EQUAL);
}

/* Two System values. */
static Likeness plain_like(PathMachine *m, PathValue x, PathValue y, bool equivalent)
{
    Decimal      a, b;
    PathQuantity p, q;

    if (path_number(x, &a) && path_number(y, &b))
        return truth_like(equivalent ? decimals_equivalent(a, b) : decimal_compare(a, b) == 0);
    if (is_moment(x) && is_moment(y))
        return times_like(x.time, y.time, equivalent);
    if ((x.kind == PATH_QUANTITY || y.kind == PATH_QUANTITY) && path_as_quantity(m, x, &p)
        && path_as_quantity(m, y, &q))
        return quantities_like(p, q, equivalent);
    if (x.kind != y.kind)
        return LIKE_NO;
    switch (x.kind) {
    case PATH_BOOLEAN: return truth_like(x.truth == y.truth);
    case PATH_STRING:
    case PATH_TYPE:
        return truth_like(equivalent ? texts_equivalent(x.text, y.text)
                                     : str_equal(x.text, y.text));
    case PATH_TIME: return times_like(x.time, y.time, equivalent);
    default: return LIKE_NO;
    }
}

/* --- whole elements ---------------------------------------------------------------------- */

typedef struct NodePair {
    uint32_t left, right;
} NodePair;

static uint32_t child_count(const Tree *tree, uint32_t node)
{
    uint32_t count = 0;

    for (uint32_t i = tree->nodes[node].first; i; i = tree->nodes[i].next)
        count++;
    return count;
}

/* The child of `parent` that stands where `like` stands among its own: the same element, the same
 * place among equals. */
static uint32_t counterpart(const Tree *left, uint32_t like, const Tree *right, uint32_t parent)
{
    const Node *nodes = left->nodes;
    uint32_t    place = 0;

    for (uint32_t i = nodes[nodes[like].parent].first; i != like; i = nodes[i].next)
        place += nodes[i].element == nodes[like].element;
    for (uint32_t i = right->nodes[parent].first; i; i = right->nodes[i].next)
        if (str_equal(right->nodes[i].element->name, nodes[like].element->name) && place-- == 0)
            return i;
    return 0;
}

static Likeness nodes_like(PathMachine *m, PathValue x, PathValue y, bool equivalent,
                           Fail *result)
{
    uint32_t  room = 16, count = 1;
    NodePair *stack = NEW_ARRAY(m->call->arena, NodePair, room);
    Likeness  all = LIKE_YES;

    stack[0] = (NodePair){ x.node, y.node };
    while (count) {
        NodePair    pair = stack[--count];
        PathValue   a = path_plain(m->call, path_node(x.tree, pair.left));
        PathValue   b = path_plain(m->call, path_node(y.tree, pair.right));
        const Node *nodes = x.tree->nodes;

        *result = path_work(m, 1);
        if (*result != OK)
            return LIKE_NO;
        if (a.kind != PATH_NODE || b.kind != PATH_NODE) {
            Likeness like = plain_like(m, a, b, equivalent);

            if (like == LIKE_NO)
                return LIKE_NO;
            all = like == LIKE_UNKNOWN ? LIKE_UNKNOWN : all;
        }
        if (child_count(x.tree, pair.left) != child_count(y.tree, pair.right))
            return LIKE_NO;
        for (uint32_t i = nodes[pair.left].first; i; i = nodes[i].next) {
            uint32_t other = counterpart(x.tree, i, y.tree, pair.right);

            if (!other)
                return LIKE_NO;
            if (count == room) {
                stack = arena_grow(m->call->arena, stack, room * sizeof *stack,
                                   2 * (size_t)room * sizeof *stack);
                room *= 2;
            }
            stack[count++] = (NodePair){ i, other };
        }
    }
    return all;
}

Fail path_like(PathMachine *m, PathValue x, PathValue y, bool equivalent, Likeness *out)
{
    Fail         result = OK;
    PathQuantity p, q;

    x = path_plain(m->call, x);
    y = path_plain(m->call, y);
    if (x.kind != PATH_NODE && y.kind != PATH_NODE)
        *out = plain_like(m, x, y, equivalent);
    else if (x.kind == PATH_NODE && y.kind == PATH_NODE && x.tree == y.tree && x.node == y.node)
        *out = LIKE_YES;
    else if ((x.kind == PATH_NODE || x.kind == PATH_QUANTITY)
             && (y.kind == PATH_NODE || y.kind == PATH_QUANTITY) && path_as_quantity(m, x, &p)
             && path_as_quantity(m, y, &q))
        *out = quantities_like(p, q, equivalent);
    else if (x.kind == PATH_NODE && y.kind == PATH_NODE)
        *out = nodes_like(m, x, y, equivalent, &result);
    else
        *out = LIKE_NO;
    return result;
}

Fail path_among(PathMachine *m, PathValue v, uint32_t from, uint32_t count, bool *out)
{
    Likeness like = LIKE_NO;

    for (uint32_t i = 0; i < count && like != LIKE_YES; i++) {
        TRY(path_work(m, 1));
        TRY(path_like(m, v, m->values[from + i], false, &like));
    }
    *out = like == LIKE_YES;
    return OK;
}

/* --- order ------------------------------------------------------------------------------- */

static Fail order_quantities(PathMachine *m, PathQuantity x, PathQuantity y, Order *out)
{
    (void)m;
    *out = align_units(&x, &y) ? (Order)compare_measured(x.value, y.value) : ORDER_UNKNOWN;
    return OK;
}

Fail path_order(PathMachine *m, PathValue x, PathValue y, Order *out)
{
    Decimal      a, b;
    PathQuantity p, q;
    int          order;

    x = path_plain(m->call, x);
    y = path_plain(m->call, y);
    if (path_number(x, &a) && path_number(y, &b)) {
        *out = (Order)decimal_compare(a, b);
        return OK;
    }
    if (x.kind == PATH_STRING && y.kind == PATH_STRING) {
        size_t shorter = x.text.len < y.text.len ? x.text.len : y.text.len;

        order = shorter ? memcmp(x.text.at, y.text.at, shorter) : 0;
        if (order == 0)
            order = x.text.len < y.text.len ? -1 : x.text.len > y.text.len;
        *out = order < 0 ? ORDER_LESS : order > 0 ? ORDER_MORE : ORDER_EQUAL;
        return OK;
    }
    if ((is_moment(x) && is_moment(y)) || (x.kind == PATH_TIME && y.kind == PATH_TIME)) {
        *out = path_time_compare(x.time, y.time);
        return OK;
    }
    if (path_as_quantity(m, x, &p) && path_as_quantity(m, y, &q))
        return order_quantities(m, p, q, out);
    return path_fail(m, "these two cannot be put in order");
}
