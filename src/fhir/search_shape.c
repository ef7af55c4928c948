/* _include, _revinclude and _sort: see search_shape.h. */
#include "fhir/search_shape.h"

#include "base/limits.h"
#include "fhir/custom.h"
#include "fhir/mask.h"

static Fail find_type(Call *c, Str where, Str name, TypeId *out)
{
    *out = type_find(name);
    if (!*out)
        return fail(c, FAIL_VALUE, where, "expected Type:parameter, and there is no such type");
    return OK;
}

static Fail find_reference(Call *c, Str where, Str code, const MaskSet *hidden,
                           Include *include)
{
    if (str_equal(code, STR("*")))
        return OK;
    include->param = mask_param_find(hidden, include->source, code);
    if (!include->param || include->param->type != SEARCH_REFERENCE)
        return fail(c, FAIL_VALUE, where, "%.*s has no reference parameter of that name",
                    STR_ARG(type_name(include->source)));
    if (!include->param->indexed)
        return fail(c, FAIL_NOT_SUPPORTED, where, "this parameter is not offered");
    return custom_check_ready(c, where, include->param);
}

static bool may_point_to(const Include *include)
{
    const SearchParam *param = include->param;

    if (!param)
        return true;
    return targets_contain(param->targets, include->target)
           && (!param->only_type || param->only_type == include->target);
}

/* "*", "Type:*", "Type:param", "Type:param:Target" */
static Fail read_include(Call *c, Str where, Str value, const MaskSet *hidden, Include *include)
{
    Str source = value, code = { 0 }, target = { 0 };

    if (str_equal(value, STR("*")))
        return OK;
    if (!str_cut(value, ':', &source, &code))
        return fail(c, FAIL_VALUE, where, "expected Type:parameter, Type:* or *");
    TRY(find_type(c, where, source, &include->source));
    if (include->source && !type_is_record(include->source))
        return fail(c, FAIL_NOT_SUPPORTED, where,
                    "AuditEvents are searched at their own address");
    if (str_cut(code, ':', &code, &target))
        TRY(find_type(c, where, target, &include->target));
    TRY(find_reference(c, where, code, hidden, include));
    if (include->target && !may_point_to(include))
        return fail(c, FAIL_VALUE, where, "a type that this parameter never points to");
    return OK;
}

static bool is_same(const Include *a, const Include *b)
{
    return a->param == b->param && a->source == b->source && a->target == b->target
           && a->reverse == b->reverse && a->iterate == b->iterate;
}

Fail shape_take_include(Call *c, Shape *shape, Str where, bool reverse, Str modifier, Str value,
                        const MaskSet *hidden)
{
    Include include = { .reverse = reverse };

    if (modifier.at) {
        include.iterate =
            str_equal(modifier, STR("iterate")) || str_equal(modifier, STR("recurse"));
        if (!include.iterate)
            return fail(c, FAIL_NOT_SUPPORTED, where, "the only modifier here is :iterate");
    }
    TRY(read_include(c, where, value, hidden, &include));
    for (uint32_t i = 0; i < shape->include_count; i++)
        if (is_same(&shape->includes[i], &include))
            return OK;
    if (shape->include_count == LIMIT_QUERY_INCLUDES)
        return fail(c, FAIL_TOO_COSTLY, where,
                    "more than %d of _include and _revinclude (LIMIT_QUERY_INCLUDES)",
                    LIMIT_QUERY_INCLUDES);
    if (!shape->includes)
        shape->includes = NEW_ARRAY(c->arena, Include, LIMIT_QUERY_INCLUDES);
    shape->includes[shape->include_count++] = include;
    return OK;
}

static bool is_sortable(const SearchParam *param)
{
    if (str_equal(param->code, STR("_id")) || str_equal(param->code, STR("_lastUpdated")))
        return true;
    return param->indexed && param->type != SEARCH_COMPOSITE && param->type != SEARCH_SPECIAL;
}

static Fail take_key(Call *c, Shape *shape, Str where, TypeId type, Str text,
                     const MaskSet *hidden)
{
    OrderKey key = { .descending = str_starts(text, STR("-")) };
    Str      code = key.descending ? str_skip(text, 1) : text;

    key.param = mask_param_find(hidden, type, code);
    if (!key.param)
        return fail(c, FAIL_VALUE, where,
                    "%.*s has no search parameter that is to be sorted by",
                    STR_ARG(type_name(type)));
    if (!is_sortable(key.param))
        return fail(c, FAIL_NOT_SUPPORTED, where, "sorting by this parameter is not offered");
    TRY(custom_check_ready(c, where, key.param));
    for (uint32_t i = 0; i < shape->sort_count; i++)
        if (shape->sort[i].param == key.param)
            return OK;
    if (shape->sort_count == LIMIT_QUERY_SORT)
        return fail(c, FAIL_TOO_COSTLY, where, "more than %d keys (LIMIT_QUERY_SORT)",
                    LIMIT_QUERY_SORT);
    shape->sort[shape->sort_count++] = key;
    return OK;
}

Fail shape_take_sort(Call *c, Shape *shape, Str where, TypeId type, Str value,
                     const MaskSet *hidden)
{
    Str rest = value, part;

    if (!shape->sort)
        shape->sort = NEW_ARRAY(c->arena, OrderKey, LIMIT_QUERY_SORT);
    while (str_next(&rest, ',', &part))
        TRY(take_key(c, shape, where, type, part, hidden));
    return OK;
}

Fail shape_check(Call *c, const Shape *shape)
{
    if (shape->text_only && shape->include_count > 0)
        return fail(c, FAIL_INVALID, STR("_summary"),
                    "_summary=text cannot be combined with _include or _revinclude");
    return OK;
}
