/*
 * update. A resource that is not there is made under the id in the address if the caller may
 * both create and update all of that type in the whole practice; for others it is "not there",
 * which is also what they hear of a record they may not see. R4 http.html#update
 */
#include "access/consent.h"
#include "access/rights.h"
#include "interaction/change.h"

static bool may_make(Call *c, const Principal *p, TypeId type)
{
    const uint8_t both = 1 << DEED_CREATE | 1 << DEED_UPDATE;

    for (uint32_t i = 0; i < p->denial_count; i++)
        if (type_set_has(&p->denials[i].types, type))
            return false;
    if (consent_narrows(c, p, type))
        return false;
    return (rights_whole(p, false, type) & both) == both;
}

/* A summary put back would wipe out what the summary left out (R4 search.html#summary); of what is
 * hidden from the caller the server takes care. */
static Fail refuse_subsetted(Call *c, const Permit *permit, const Resource *resource)
{
    uint32_t meta = node_child(resource, resource->root, STR("meta"));
    uint32_t tag = meta ? node_child(resource, meta, STR("tag")) : 0;

    for (; tag; tag = node_next_same(resource, tag))
        if (str_equal(node_child_text(resource, tag, STR("code")), STR("SUBSETTED"))
            && !(tag == mask_tag_find(resource)
                 && mask_has(permit->masks, resource->type, false)))
            return fail(c, FAIL_UNPROCESSABLE, node_expression(c->arena, resource, tag),
                        "This is a part of a resource (tag SUBSETTED); it cannot replace "
                        "the whole");
    return OK;
}

/* What follows of it in the same commit. */
static Fail apply(Call *c, Session *s, Step *step, const Resource *resource)
{
    return resource->type == TYPE_APPOINTMENT_RESPONSE
               ? appointment_response_apply(c, s, step, resource)
               : OK;
}

static Fail put_new(Call *c, Session *s, Step *step, const Resource *resource, Str id)
{
    const Turn *turn = &step->turn;
    Permit      permit;
    Change     *change;

    TRY(access_permit(c, turn->principal, DEED_CREATE, turn->asked->type, &permit));
    change = change_add(c, step, METHOD_PUT, &permit, id);
    change->creates = true;
    change->may_create = true;
    step->hide = false;
    step->answer.status = 201;
    TRY(change_compose(c, step, resource, NULL, change));
    return apply(c, s, step, resource);
}

Fail update_put(Call *c, Session *s, Step *step, const Resource *resource, Str id)
{
    const Asked *asked = step->turn.asked;
    bool         may_be_new = may_make(c, step->turn.principal, asked->type);
    Version      old;
    Change      *change;

    change_check_reading(c, step);
    TRY(refuse_subsetted(c, &step->turn.permit, resource));
    TRY(change_current(c, s, &step->turn.permit, asked->type, id, may_be_new, &old));
    if (old.type == 0 || old.deleted) {
        if (!may_be_new)
            return not_found(c, asked->type, id);
        TRY(change_preconditions(c, asked, NULL));
        return put_new(c, s, step, resource, id);
    }
    TRY(change_preconditions(c, asked, &old));
    change = change_add(c, step, METHOD_PUT, &step->turn.permit, id);
    change->if_seq = old.seq;
    step->answer.status = 200;
    TRY(change_compose(c, step, resource, &old, change));
    if (change_is_idle(c, change, &old))
        return change_leave(c, s, step, &old);
    return apply(c, s, step, resource);
}

Fail update_prepare(Call *c, Session *s, Step *step)
{
    const Asked *asked = step->turn.asked;
    Resource     resource;

    TRY(params_take(c, asked, NULL, 0, NULL));
    TRY(change_body(c, step, &resource));
    if (!str_equal(resource.id, asked->id))
        return fail(c, FAIL_INVALID,
                    arena_printf(c->arena, "%.*s.id", STR_ARG(type_name(asked->type))),
                    resource.id.len > 0 ? "The id in the body is not the one in the address"
                                        : "The body must carry the id that the address names");
    return update_put(c, s, step, &resource, asked->id);
}
