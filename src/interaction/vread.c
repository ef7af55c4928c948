/* vread: one version. R4 http.html#vread */
#include "interaction/turn.h"

Fail vread_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    const Asked *asked = turn->asked;
    uint64_t     number;
    Version      version;

    if (!str_to_u64(asked->version, &number) || number == 0)
        return not_found(c, asked->type, asked->id);
    TRY(store_vread(c, s, &turn->permit, asked->type, asked->id, number, &version));
    if (version.deleted)
        return fail(c, FAIL_GONE, (Str){ 0 }, "Version %llu of %.*s/%.*s is its deletion",
                    (unsigned long long)number, STR_ARG(type_name(asked->type)),
                    STR_ARG(asked->id));
    answer_put_version(answer, &version);
    TRY(answer_touch(c, s, answer, &version, 1));
    if (answer_is_known(asked, &version)) {
        answer->status = 304;
        answer->body = (Str){ 0 };
    }
    return answer_put_part(c, asked, answer);
}
