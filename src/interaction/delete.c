/*
 * delete. What is not there, was deleted before, or is not for this caller is answered alike:
 * 204, and nothing happens. R4 http.html#delete
 */
#include "interaction/change.h"

Fail delete_one(Call *c, Session *s, Step *step, Str id)
{
    const Asked *asked = step->turn.asked;
    Version      old;
    Change      *change;

    step->answer.status = 204;
    TRY(change_current(c, s, &step->turn.permit, asked->type, id, true, &old));
    if (old.type == 0 || old.deleted)
        return change_preconditions(c, asked, NULL);
    TRY(change_preconditions(c, asked, &old));
    change = change_add(c, step, METHOD_DELETE, &step->turn.permit, id);
    change->if_seq = old.seq;
    return OK;
}

Fail delete_prepare(Call *c, Session *s, Step *step)
{
    TRY(params_take(c, step->turn.asked, NULL, 0, NULL));
    return delete_one(c, s, step, step->turn.asked->id);
}
