/* read: the current version. R4 http.html#read */
#include "interaction/subset.h"

Fail not_found(Call *c, TypeId type, Str id)
{
    return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "there is no %.*s/%.*s",
                STR_ARG(type_name(type)), STR_ARG(id));
}

bool etag_matches(Str tags, uint64_t version)
{
    Str rest = tags, tag;

    while (str_next(&rest, ',', &tag)) {
        uint64_t number;

        tag = str_trim(tag);
        if (str_equal(tag, STR("*")))
            return true;
        if (str_starts(tag, STR("W/")))
            tag = str_skip(tag, 2);
        if (tag.len >= 2 && tag.at[0] == '"' && tag.at[tag.len - 1] == '"')
            tag = str_slice(tag, 1, tag.len - 1);
        if (str_to_u64(tag, &number) && number == version)
            return true;
    }
    return false;
}

bool answer_is_known(const Asked *asked, const Version *version)
{
    int64_t since_us;

    if (asked->if_none_match.len > 0)
        return etag_matches(asked->if_none_match, version->version);
    return asked->if_modified_since.len > 0
           && moment_parse_http(asked->if_modified_since, &since_us)
           && version->at_us / 1000000 <= since_us / 1000000;
}

void answer_put_version(Answer *answer, const Version *version)
{
    answer->status = 200;
    answer->type = version->type;
    answer->id = version->id;
    answer->version = version->version;
    answer->at_us = version->at_us;
    answer->body = version->body;
    answer->rows = 1;
}

Fail answer_put_stored(Call *c, Session *s, const Turn *turn, Answer *answer, Str *out)
{
    const Asked *asked = turn->asked;
    Version      version;

    TRY(store_read(c, s, &turn->permit, asked->type, asked->id, &version));
    if (version.deleted)
        return fail(c, FAIL_GONE, (Str){ 0 }, "%.*s/%.*s was deleted",
                    STR_ARG(type_name(asked->type)), STR_ARG(asked->id));
    answer_put_version(answer, &version);
    *out = version.body;
    return OK;
}

static Fail pass(Call *c, Str name, Str value, void *into)
{
    (void)c, (void)name, (void)value, (void)into;
    return OK;
}

/* They are read by subset_read(). */
static const ParamRow param_rows[] = { { STR_INIT("_summary"), pass },
                                       { STR_INIT("_elements"), pass } };

Fail answer_put_part(Call *c, const Asked *asked, Answer *answer)
{
    Subset subset;

    TRY(params_take(c, asked, param_rows, COUNT(param_rows), NULL));
    TRY(subset_read(c, asked->query, &subset));
    if (answer->status == 200)
        TRY(subset_take(c, &subset, answer->type, answer->body, &answer->body));
    return OK;
}

Fail read_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    const Asked *asked = turn->asked;
    Version      version;

    TRY(store_read(c, s, &turn->permit, asked->type, asked->id, &version));
    if (version.deleted)
        return fail(c, FAIL_GONE, (Str){ 0 }, "%.*s/%.*s was deleted",
                    STR_ARG(type_name(asked->type)), STR_ARG(asked->id));
    answer_put_version(answer, &version);
    TRY(answer_touch(c, s, answer, &version, 1));
    if (answer_is_known(asked, &version)) {
        answer->status = 304;
        answer->body = (Str){ 0 };
    }
    return answer_put_part(c, asked, answer);
}
