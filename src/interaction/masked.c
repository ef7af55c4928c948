/*
 * Changes by those who do not see all of a resource: what is hidden from them stays as it is, what is
 * read-only to them they cannot change, and no change makes them see more. What holds is asked of the
 * resource as it was and as it would be; the writer makes sure that it was so (Change.if_seq).
 */
#include "base/limits.h"
#include "fhir/mask.h"
#include "interaction/change.h"

typedef struct Masks {
    const MaskSet *set;
    TypeId         type;
    MaskNames      hidden, read_only;
} Masks;

static Fail rows_of(Call *c, const Step *step, const Version *old, IndexRows *out)
{
    ReadOptions options = { .expected = old->type, .values_max = UINT32_MAX, .trusted = true };
    Resource    resource;

    TRY(resource_read(c, old->whole, &options, &resource));
    return index_derive(c, &resource, step->turn.asked->base, out);
}

static Fail find(Call *c, const Change *change, const IndexRows *rows, Masks *out)
{
    const MaskSet *set = change->permit->masks;

    *out = (Masks){ .set = set, .type = change->type };
    TRY(mask_find(c, set, change->type, false, change->id, rows, &out->hidden));
    return mask_find(c, set, change->type, true, change->id, rows, &out->read_only);
}

static Fail find_before(Call *c, const Step *step, const Version *old, const Change *change,
                        Masks *out)
{
    IndexRows rows = { 0 };

    if (old)
        TRY(rows_of(c, step, old, &rows));
    return find(c, change, &rows, out);
}

static Str whole_of(Call *c, const Change *change, const Version *like)
{
    return draft_whole(c->arena, change->type, change->id, like ? like->version : 1,
                       like ? like->at_us : c->now_us, change->remainder);
}

/* What was not hidden and is now, and what is read-only, must be what it was. */
static Fail check(Call *c, const Masks *before, const Change *change, const Version *old)
{
    Str       was = old ? old->whole : (Str){ 0 }, is = whole_of(c, change, old);
    MaskNames more;
    Masks     after;

    TRY(find(c, change, &change->rows, &after));
    if (old)
        TRY(mask_check_within(c, change->type, &before->hidden, &after.hidden));
    more = old ? mask_without(c->arena, &after.hidden, &before->hidden) : after.hidden;
    TRY(mask_check_same(c, change->type, &more, was, is));
    TRY(mask_check_same(c, change->type, &after.read_only, was, is));
    return old ? mask_check_same(c, change->type, &before->read_only, was, is) : OK;
}

Fail masked_check(Call *c, const Step *step, const Version *old, const Change *change)
{
    Masks before;

    if (!mask_has(change->permit->masks, change->type, true))
        return OK;
    TRY(find_before(c, step, old, change, &before));
    if (old)
        TRY(mask_check_same(c, change->type, &before.hidden, old->whole,
                            whole_of(c, change, old)));
    return check(c, &before, change, old);
}

bool masked_is_idle(Call *c, const Change *change, const Version *old)
{
    uint32_t issues = c->issue_count;
    bool     same = false;

    if (!mask_has(change->permit->masks, change->type, false))
        return false;
    if (mask_same_text(c, whole_of(c, change, old), old->whole, &same) == OK)
        return same;
    call_forget_issues(c, issues);
    return false;
}

static bool was_generated(Call *c, const Version *old)
{
    uint32_t issues = c->issue_count, text;
    Json     json;

    if (json_parse(c, old->whole, LIMIT_BUNDLE_NODES, &json) != OK) {
        call_forget_issues(c, issues);
        return true;
    }
    text = json_member(&json, 0, STR("text"));
    return text && str_equal(json_member_text(&json, text, STR("status")), STR("generated"));
}

Fail masked_compose(Call *c, const Step *step, const Resource *resource, const Version *old,
                    Change *change)
{
    Keep  keep = { .text = true };
    Masks before;

    TRY(find_before(c, step, old, change, &before));
    if (mask_has(change->permit->masks, change->type, false))
        keep.hidden = &before.hidden;
    TRY(change_compose_kept(c, step, resource, old, &keep, change));
    /* a generated narrative that no longer says what the resource says must go (PATCH-2) */
    if (keep.hidden && old && was_generated(c, old) && !masked_is_idle(c, change, old)) {
        keep.text = false;
        TRY(change_compose_kept(c, step, resource, old, &keep, change));
    }
    return check(c, &before, change, old);
}
