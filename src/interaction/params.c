/* The query strings of interactions that are not searches, and the Parameters of operations, read
 * by small tables. */
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

static void say(Buf *said, Str name, Str value)
{
    if (said->len > 0)
        buf_put_char(said, '&');
    buf_put(said, name);
    buf_put_char(said, '=');
    url_encode(said, value);
}

/* One parameter, by the table. */
static Fail take(Call *c, const Asked *asked, const ParamRow *row, Str name, Str value,
                 void *into, Buf *said)
{
    if (!row && asked->lenient) {
        warn(c, FAIL_NOT_SUPPORTED, name, "This parameter was passed over");
        return OK;
    }
    if (!row)
        return fail(c, FAIL_VALUE, name, "This parameter is not understood here");
    TRY(row->take(c, name, value, into));
    if (said && !row->unsaid)
        say(said, name, value);
    return OK;
}

Fail params_take_said(Call *c, const Asked *asked, const ParamRow *rows, size_t count,
                      void *into, Buf *said)
{
    UrlParam *params;
    size_t    param_count;

    if (asked->query.len == 0)
        return OK;
    TRY(url_params(c, asked->query, &params, &param_count));
    for (size_t i = 0; i < param_count; i++) {
        Str name = params[i].name;

        if (!is_of_the_server(name))
            TRY(take(c, asked, row_of(rows, count, name), name, params[i].value, into, said));
    }
    return OK;
}

/* The value of a parameter in a body as a query string would say it: operations whose parameters
 * are all of primitive types may be asked either way (R4 operations.html#request), and references are
 * said likewise. */
static Fail plain_value(Call *c, const Resource *r, uint32_t parameter, Str *out)
{
    uint32_t value = node_child(r, parameter, STR("value"));

    if (value && node_at(r, value)->type == TYPE_REFERENCE) {
        *out = node_child_text(r, value, STR("reference"));
        return OK;
    }
    if (!value || structure(node_at(r, value)->type)->kind != STRUCTURE_PRIMITIVE)
        return fail(c, FAIL_VALUE, node_expression(c->arena, r, parameter),
                    "This parameter needs a value of a primitive type");
    *out = node_text(node_at(r, value));
    return OK;
}

static Fail body_read(Call *c, const Asked *asked, Resource *out)
{
    ReadOptions options = { .expected = TYPE_PARAMETERS, .values_max = LIMIT_JSON_NODES };

    if (!asked->resource)
        return resource_read(c, asked->body, &options, out);
    if (asked->resource->type != TYPE_PARAMETERS)
        return fail(c, FAIL_INVALID, type_name(asked->resource->type),
                    "An operation takes Parameters");
    *out = *asked->resource;
    return OK;
}

/* What is said of a parameter in a body names its place there. */
static void place_issues(Call *c, uint32_t since, const Resource *r, uint32_t parameter)
{
    for (uint32_t i = since; i < c->issue_count; i++)
        c->issues[i].expression = node_expression(c->arena, r, parameter);
}

Fail params_take_operation(Call *c, const Asked *asked, const ParamRow *rows, size_t count,
                           void *into, Buf *said)
{
    Resource r;
    uint32_t each;

    TRY(params_take_said(c, asked, rows, count, into, said));
    if (asked->method != HTTP_POST || (!asked->resource && asked->body.len == 0))
        return OK;
    TRY(body_read(c, asked, &r));
    for (each = node_child(&r, r.root, STR("parameter")); each;
         each = node_next_same(&r, each)) {
        Str      name = node_child_text(&r, each, STR("name")), value;
        uint32_t since = c->issue_count;
        Fail     result = plain_value(c, &r, each, &value);

        if (result == OK)
            result = take(c, asked, row_of(rows, count, name), name, value, into, said);
        place_issues(c, since, &r, each);
        TRY(result);
    }
    return OK;
}

Fail params_take(Call *c, const Asked *asked, const ParamRow *rows, size_t count, void *into)
{
    return params_take_said(c, asked, rows, count, into, NULL);
}

Str params_address(Call *c, Str path, const Buf *said, Str page)
{
    Buf  address = buf_new(c->arena, path.len + said->len + page.len + 16);
    char joint = '?';

    buf_put(&address, path);
    if (said->len > 0) {
        buf_put_char(&address, joint);
        buf_put(&address, buf_str(said));
        joint = '&';
    }
    if (page.len > 0)
        buf_printf(&address, "%c_page=%.*s", joint, STR_ARG(page));
    return buf_str(&address);
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
