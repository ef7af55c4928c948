/*
 * $status of a SearchParameter: whether it can be searched by, and how many of the resources have
 * their rows. It tells how far a task of the server is, so that only who may search for everything in
 * the practice may ask.
 */
#include "fhir/custom.h"
#include "interaction/search.h"

static void put_parameter(Buf *out, const SearchParam *param, unsigned percent)
{
    buf_printf(out,
               ",{\"name\":\"parameter\",\"part\":[{\"name\":\"type\",\"valueCode\":\"%.*s\"},"
               "{\"name\":\"code\",\"valueCode\":",
               STR_ARG(type_name(param->base)));
    buf_put_json_string(out, param->code);
    buf_printf(out, "},{\"name\":\"percent\",\"valueInteger\":%u}]}", percent);
}

/* What was made of it, one for each type; nothing of one that is not in use. */
static Str write_status(Arena *a, Str id)
{
    const CustomSet *set = custom_set();
    Buf              parts = buf_new(a, 512), out = buf_new(a, 1024);
    uint32_t         made = 0, ready = 0;

    for (uint32_t i = 0; i < set->count; i++) {
        const SearchParam *param = custom_param(set->params[i]);
        unsigned           percent = custom_percent(param);

        if (!str_equal(custom_owner(set->params[i]), id))
            continue;
        put_parameter(&parts, param, percent);
        made++;
        ready += percent == 100;
    }
    buf_printf(&out,
               "{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"status\","
               "\"valueCode\":\"%s\"}",
               !made           ? "unused"
               : ready == made ? "ready"
                               : "filling");
    buf_put(&out, buf_str(&parts));
    buf_put(&out, STR("]}"));
    return buf_str(&out);
}

Fail status_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    const Asked *asked = turn->asked;
    Version      version;

    TRY(search_check_whole(c, turn->principal, "ask how far a search parameter is"));
    TRY(params_take(c, asked, NULL, 0, NULL));
    TRY(store_read(c, s, &turn->permit, asked->type, asked->id, &version));
    if (version.deleted)
        return fail(c, FAIL_GONE, (Str){ 0 }, "%.*s/%.*s was deleted",
                    STR_ARG(type_name(asked->type)), STR_ARG(asked->id));
    answer->status = 200;
    answer->body = write_status(c->arena, asked->id);
    return OK;
}
