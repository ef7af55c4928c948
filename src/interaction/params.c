/* The query strings of interactions that are not searches, read by small tables. */
#include "base/limits.h"
#include "codec/url.h"
#include "interaction/turn.h"

static const Str of_the_server[] = { STR_INIT("_format"), STR_INIT("_pretty") };

static bool is_of_the_server(Str name)
{
    for (size_t i = 0; i < COUNT(of_the_server); i++)
        if (str_equal(name, of_the_server[i]))
            return true;
    return false;
}

static const ParamRow *row_of(const ParamRow *rows, size_t count, Str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(name, rows[i].name))
            return &rows[i];
    return NULL;
}

Fail params_take(Call *c, const Asked *asked, const ParamRow *rows, size_t count, void *into)
{
    UrlParam *params;
    size_t    param_count;

    if (asked->query.len == 0)
        return OK;
    TRY(url_params(c, asked->query, &params, &param_count));
    for (size_t i = 0; i < param_count; i++) {
        const ParamRow *row = row_of(rows, count, params[i].name);

        if (is_of_the_server(params[i].name))
            continue;
        if (row)
            TRY(row->take(c, params[i].name, params[i].value, into));
        else if (asked->lenient)
            warn(c, FAIL_NOT_SUPPORTED, params[i].name, "This parameter was passed over");
        else
            return fail(c, FAIL_VALUE, params[i].name, "This parameter is not understood here");
    }
    return OK;
}

Fail param_count(Call *c, Str name, Str value, uint32_t *out)
{
    uint64_t number;

    if (!str_to_u64(value, &number))
        return fail(c, FAIL_VALUE, name, "Expected a whole number");
    *out = number > LIMIT_COUNT ? LIMIT_COUNT : (uint32_t)number;
    return OK;
}

Fail param_moment(Call *c, Str name, Str value, Moment *out)
{
    if (!moment_parse(value, MOMENT_SEARCH, out))
        return fail(c, FAIL_VALUE, name,
                    "Expected a date or time such as 2026-11-22 or 2026-11-22T06:30:00Z");
    return OK;
}
