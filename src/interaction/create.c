/* create, and conditional create (If-None-Exist). R4 http.html#create, #ccreate */
#include "interaction/change.h"

/* One match: the body is ignored and what is there is the answer (REST-50). */
/* What was found by a wider right to search than to read is not shown. */
static Fail check_reading(Call *c, Session *s, Step *step, Str id)
{
    uint32_t issues = c->issue_count;
    Version  version;
    Fail     result;

    if (step->hide || !step->reading.rows)
        return OK;
    result = store_read(c, s, &step->reading, step->turn.asked->type, id, &version);
    step->hide = result == FAIL_NOT_FOUND;
    if (step->hide)
        call_forget_issues(c, issues);
    return step->hide ? OK : result;
}

static Fail answer_existing(Call *c, Session *s, Step *step, Str id)
{
    const Asked *asked = step->turn.asked;
    Permit       permit;
    Version      version;

    TRY(access_permit(c, step->turn.principal, DEED_SEARCH, asked->type, &permit));
    TRY(store_read(c, s, &permit, asked->type, id, &version));
    TRY(check_reading(c, s, step, id));
    return change_leave(c, s, step, &version);
}

Fail create_prepare(Call *c, Session *s, Step *step)
{
    const Asked *asked = step->turn.asked;
    Resource     resource;
    Change      *change;

    TRY(params_take(c, asked, NULL, 0, NULL));
    change_check_reading(c, step);
    if (asked->if_none_exist.len > 0) {
        Str found;

        TRY(change_condition(c, s, step, asked->if_none_exist, &found));
        if (found.len > 0)
            return answer_existing(c, s, step, found);
    }
    step->hide = false; /* the caller gets back what it sent */
    TRY(change_body(c, step, &resource));
    change = change_add(c, step, METHOD_POST, &step->turn.permit, change_new_id(c, step));
    change->creates = true;
    step->answer.status = 201;
    TRY(change_compose(c, step, &resource, NULL, change));
    return resource.type == TYPE_APPOINTMENT_RESPONSE
               ? appointment_response_apply(c, s, step, &resource)
               : OK;
}
