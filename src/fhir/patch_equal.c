/* Comparing JSON values without recursion: see patch_equal.h. */
#include "fhir/patch_equal.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/limits.h"

/* --- numbers ----------------------------------------------------------------------------- */

/* digits * 10^exponent; no zeros at either end of the digits, none at all for zero. */
typedef struct Decimal {
    bool    minus;
    char    digits[LIMIT_NUMBER_CHARS];
    size_t  len;
    int64_t exponent;
} Decimal;

static const int64_t far_exponent = 1000000000000;

static int64_t read_exponent(Str s)
{
    bool     minus = str_starts(s, STR("-"));
    uint64_t value;

    if (minus || str_starts(s, STR("+")))
        s = str_skip(s, 1);
    while (s.len > 1 && s.at[0] == '0')
        s = str_skip(s, 1);
    if (!str_to_u64(s, &value) || value > (uint64_t)far_exponent)
        value = (uint64_t)far_exponent;
    return minus ? -(int64_t)value : (int64_t)value;
}

static Decimal read_decimal(Str s)
{
    Decimal d = { .minus = str_starts(s, STR("-")) };
    bool    point = false;

    for (size_t i = d.minus; i < s.len; i++) {
        char c = s.at[i];

        if (c == 'e' || c == 'E') {
            d.exponent += read_exponent(str_skip(s, i + 1));
            break;
        }
        if (c == '.') {
            point = true;
            continue;
        }
        d.exponent -= point;
        if (d.len || c != '0')
            d.digits[d.len++] = c;
    }
    while (d.len && d.digits[d.len - 1] == '0') {
        d.len--;
        d.exponent++;
    }
    if (d.len == 0)
        d = (Decimal){ 0 };
    return d;
}

static bool numbers_equal(Str left, Str right)
{
    Decimal a = read_decimal(left), b = read_decimal(right);

    return a.minus == b.minus && a.exponent == b.exponent && a.len == b.len
           && memcmp(a.digits, b.digits, a.len) == 0;
}

/* --- objects and arrays ------------------------------------------------------------------ */

/* Two containers whose children are compared pair by pair. */
typedef struct Pair {
    uint32_t *left, *right; /* children, members sorted by name */
    uint32_t  count, next;
} Pair;

static int compare_names(const void *a, const void *b, void *json)
{
    const JsonValue *values = ((const Json *)json)->values;

    return str_compare(values[*(const uint32_t *)a].key, values[*(const uint32_t *)b].key);
}

static uint32_t *children(Arena *a, const Json *json, uint32_t container)
{
    const JsonValue *values = json->values;
    uint32_t        *list = NEW_ARRAY(a, uint32_t, values[container].count), count = 0;

    for (uint32_t i = container + 1; i < values[container].after; i = values[i].after)
        list[count++] = i;
    if (values[container].kind == JSON_OBJECT)
        qsort_r(list, count, sizeof *list, compare_names, (void *)json);
    return list;
}

/* Whether two values are alike but for what is inside them. */
static bool alike(const JsonValue *a, const JsonValue *b)
{
    if (a->kind != b->kind || a->count != b->count || !str_equal(a->key, b->key))
        return false;
    if (a->kind == JSON_NUMBER)
        return numbers_equal(a->text, b->text);
    return a->kind != JSON_STRING || str_equal(a->text, b->text);
}

bool patch_equal(Arena *a, const Json *left, uint32_t left_value, const Json *right,
                 uint32_t right_value)
{
    Pair      stack[LIMIT_JSON_DEPTH + 1];
    size_t    depth = 1;
    JsonValue x = left->values[left_value], y = right->values[right_value];

    x.key = y.key = (Str){ 0 };
    if (!alike(&x, &y))
        return false;
    stack[0] = (Pair){ &left_value, &right_value, 1, 0 };
    while (depth) {
        Pair    *top = &stack[depth - 1];
        uint32_t i, j;

        if (top->next == top->count) {
            depth--;
            continue;
        }
        i = top->left[top->next];
        j = top->right[top->next++];
        if (depth > 1 && !alike(&left->values[i], &right->values[j]))
            return false;
        if (left->values[i].count) {
            ENSURE(depth <= LIMIT_JSON_DEPTH);
            stack[depth++] =
                (Pair){ children(a, left, i), children(a, right, j), left->values[i].count, 0 };
        }
    }
    return true;
}
