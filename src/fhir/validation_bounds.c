/*
 * minValue and maxValue of a profile: numbers, dates and times, quantities; and the size of attachments.
 * R4 elementdefinition.html, datatypes.html#attachment
 */
#include <stdlib.h>

#include "codec/base64.h"
#include "fhir/ucum.h"
#include "fhir/validation.h"

/* An ordering that may not exist: units that cannot be compared, dates of other precision. */
typedef struct Ordering {
    bool known;
    int  sign; /* of value - bound */
} Ordering;

static double number_of(Call *c, Str text)
{
    return strtod(arena_c_string(c->arena, text), NULL);
}

static Ordering order_of(double value, double bound)
{
    return (Ordering){ true, (value > bound) - (value < bound) };
}

static Str said(const Json *json, uint32_t object, const char *name)
{
    uint32_t at = json_member(json, object, str_from(name));

    return at ? json->values[at].text : (Str){ 0 };
}

static Ordering compare_quantities(Validation *v, uint32_t node, const Json *json,
                                   uint32_t bound)
{
    Str      code = node_child_text(v->resource, node, STR("code"));
    Str      value = node_child_text(v->resource, node, STR("value"));
    UcumUnit own, other;
    double   wanted;

    if (!value.len || !said(json, bound, "value").len)
        return (Ordering){ 0 };
    wanted = number_of(v->call, said(json, bound, "value"));
    if (str_equal(code, said(json, bound, "code")))
        return order_of(number_of(v->call, value), wanted);
    if (!ucum_read(code, &own) || !ucum_read(said(json, bound, "code"), &other)
        || !ucum_comparable(&own, &other))
        return (Ordering){ 0 };
    return order_of(ucum_convert(&own, number_of(v->call, value), &other), wanted);
}

/* As far as both are precise. */
static Ordering compare_texts(Str value, Str bound)
{
    size_t len = value.len < bound.len ? value.len : bound.len;
    int    sign = str_compare(str_slice(value, 0, len), str_slice(bound, 0, len));

    return (Ordering){ true, (sign > 0) - (sign < 0) };
}

static Ordering compare(Validation *v, uint32_t node, const Json *json, uint32_t bound)
{
    const JsonValue *value = node_at(v->resource, node)->json, *b = &json->values[bound];

    if (!value || value->kind != b->kind)
        return (Ordering){ 0 };
    switch (b->kind) {
    case JSON_NUMBER:
        return order_of(number_of(v->call, value->text), number_of(v->call, b->text));
    case JSON_STRING: return compare_texts(value->text, b->text);
    case JSON_OBJECT: return compare_quantities(v, node, json, bound);
    default: return (Ordering){ 0 };
    }
}

int validation_compare(Validation *v, uint32_t node, const Json *json, uint32_t other,
                       bool *known)
{
    Ordering order = compare(v, node, json, other);

    *known = order.known;
    return order.sign;
}

void validation_bounds(Validation *v, const Profile *profile, const ProfileElement *e,
                       uint32_t node)
{
    const struct {
        uint32_t    bound;
        int         wrong;
        const char *what;
    } bounds[] = { { e->value_min, -1, "less" }, { e->value_max, 1, "more" } };

    for (size_t i = 0; i < COUNT(bounds); i++) {
        Ordering order;

        if (!bounds[i].bound)
            continue;
        order = compare(v, node, profile->json, bounds[i].bound);
        if (order.known && order.sign == bounds[i].wrong)
            validation_note(v, node, GRADE_ERROR, FAIL_VALUE,
                            "%.*s is %s than the profile allows (%.*s)", STR_ARG(e->path),
                            bounds[i].what, STR_ARG(profile->url));
    }
}

void validation_attachment(Validation *v, uint32_t node)
{
    Str       size = node_child_text(v->resource, node, STR("size"));
    Str       data = node_child_text(v->resource, node, STR("data")), bytes;
    ArenaMark mark = arena_mark(v->call->arena);
    uint64_t  wanted;

    if (!data.len || !str_to_u64(size, &wanted))
        return;
    if (!base64_read(v->call->arena, data, &bytes) || bytes.len == wanted) {
        arena_rewind(v->call->arena, mark);
        return;
    }
    validation_note(v, node, GRADE_ERROR, FAIL_INVALID,
                    "The attachment says it has %llu bytes, and has %zu",
                    (unsigned long long)wanted, bytes.len);
}
