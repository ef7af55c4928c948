/*
 * Conditional update, patch and delete: what they are about is found by criteria, which the
 * writer checks once more. R4 http.html#cond-update, #cdelete; standards 1.3
 */
#include "base/limits.h"
#include "fhir/search.h"
#include "interaction/change.h"

Fail conditional_update_prepare(Call *c, Session *s, Step *step)
{
    const Asked *asked = step->turn.asked;
    Resource     resource;
    Str          found;
    Permit       permit;
    Change      *change;

    TRY(change_condition(c, s, step, asked->query, &found));
    TRY(change_body(c, step, &resource));
    if (found.len > 0 && resource.id.len > 0 && !str_equal(resource.id, found))
        return fail(c, FAIL_INVALID,
                    arena_printf(c->arena, "%.*s.id", STR_ARG(type_name(asked->type))),
                    "The criteria match a resource with another id than the body says");
    if (found.len > 0)
        return update_put(c, s, step, &resource, found);
    if (resource.id.len == 0) {
        TRY(access_permit(c, step->turn.principal, DEED_CREATE, asked->type, &permit));
        TRY(change_preconditions(c, asked, NULL));
        change = change_add(c, step, METHOD_PUT, &permit, change_new_id(c, step));
        change->creates = true;
        change->may_create = true;
        step->answer.status = 201;
        return change_compose(c, step, &resource, NULL, change);
    }
    TRY(update_put(c, s, step, &resource, resource.id));
    if (step->answer.status != 201)
        return fail(c, FAIL_CONFLICT, (Str){ 0 },
                    "The id in the body is taken by a resource the criteria do not match");
    return OK;
}

Fail conditional_patch_prepare(Call *c, Session *s, Step *step)
{
    const Asked *asked = step->turn.asked;
    Str          found;

    TRY(change_condition(c, s, step, asked->query, &found));
    if (found.len == 0)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "Nothing matches the criteria");
    return patch_apply(c, s, step, found);
}

/* The mode is "multiple": all that match go, up to a limit, in one commit. Each is removed
 * only as it was seen; so no condition is needed beside. */
Fail conditional_delete_prepare(Call *c, Session *s, Step *step)
{
    const Asked *asked = step->turn.asked;
    QueryOptions options = { .conditional = true, .base = asked->base };
    SearchPage   page;
    Permit       search;
    Query        query;

    step->answer.status = 204;
    TRY(access_permit(c, step->turn.principal, DEED_SEARCH, asked->type, &search));
    options.hidden = search.masks;
    TRY(query_parse(c, asked->type, asked->query, &options, &query));
    query.page_count = LIMIT_CONDITIONAL_DELETE;
    TRY(store_search(c, s, &search, &query, &page));
    if (page.next.len > 0)
        return fail(c, FAIL_MULTIPLE, (Str){ 0 },
                    "More than %d resources match; no more are deleted at once",
                    LIMIT_CONDITIONAL_DELETE);
    for (size_t i = 0; i < page.count; i++) {
        Str     id = page.versions[i].id;
        Version old;
        Change *change;

        /* the caller may see more than it may delete */
        TRY(change_current(c, s, &step->turn.permit, asked->type, id, true, &old));
        if (old.type == 0 || old.deleted)
            continue;
        TRY(change_preconditions(c, asked, &old));
        change = change_add(c, step, METHOD_DELETE, &step->turn.permit, id);
        change->if_seq = old.seq;
    }
    return OK;
}
