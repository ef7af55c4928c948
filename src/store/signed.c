/* Signed notes stay as they are: see signed.h. */
#include "store/signed.h"

/* Whatever else than meta.tag has that system and code counts too: there it means nothing. */
static bool bears(const IndexRows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++)
        if (str_equal(rows->rows[i].system, STR(SIGNED_TAG_SYSTEM))
            && str_equal(rows->rows[i].text, STR(SIGNED_TAG_CODE)))
            return true;
    return false;
}

Fail signed_guard(Call *c, const Change *change, const IndexRows *before)
{
    if (bears(before))
        return fail(c, FAIL_CONFLICT, type_name(change->type),
                    "%.*s/%.*s is signed and is never changed: add to it with $amend",
                    STR_ARG(type_name(change->type)), STR_ARG(change->id));
    if (change->method != METHOD_DELETE && bears(&change->rows))
        return fail(c, FAIL_CONFLICT,
                    arena_printf(c->arena, "%.*s.meta.tag", STR_ARG(type_name(change->type))),
                    "The tag " SIGNED_TAG_SYSTEM "|" SIGNED_TAG_CODE
                    " is put on when a note is signed with $sign");
    return OK;
}
