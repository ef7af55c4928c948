/*
 * What a new version takes over from the one it replaces although the body does not say it:
 * security labels always, so that nobody lowers the protection of a record by leaving them
 * out, and tags on update. Profiles are replaced by what the body claims. $meta-delete is the
 * way to take a label or tag away. R4 resource.html#tag-updates; security rule A7
 */
#include "base/limits.h"
#include "fhir/privacy.h"
#include "interaction/change.h"

static Str coding_text(const Resource *r, uint32_t coding, const char *what)
{
    return node_child_text(r, coding, str_from(what));
}

static bool has_coding(const Resource *r, uint32_t first, const Resource *other,
                       uint32_t coding)
{
    for (uint32_t each = first; each; each = node_next_same(r, each))
        if (str_equal(coding_text(r, each, "system"), coding_text(other, coding, "system"))
            && str_equal(coding_text(r, each, "code"), coding_text(other, coding, "code")))
            return true;
    return false;
}

/* Who says who may read a note says it wholly; who says nothing of it leaves it (fhir/privacy.h). */
static bool is_privacy(const Resource *r, uint32_t coding)
{
    return str_equal(coding_text(r, coding, "system"), STR(PRIVACY_SYSTEM));
}

static bool says_privacy(const Resource *r, uint32_t first)
{
    for (uint32_t each = first; each; each = node_next_same(r, each))
        if (is_privacy(r, each))
            return true;
    return false;
}

/* The codings of the old list that the new one lacks, each with a comma in front. */
static Str lacking(Call *c, const Resource *old, uint32_t old_first, const Resource *new,
                   uint32_t new_first)
{
    Buf  text = buf_new(c->arena, 256);
    bool said = says_privacy(new, new_first);

    for (uint32_t each = old_first; each; each = node_next_same(old, each)) {
        if (has_coding(new, new_first, old, each) || (said && is_privacy(old, each)))
            continue;
        buf_put_char(&text, ',');
        buf_put(&text, node_source(old, each));
    }
    return buf_str(&text);
}

/* The list in what was sent, unless the draft leaves it out. */
static uint32_t kept_child(const Resource *r, uint32_t meta, Str list, const Draft *draft)
{
    uint32_t first = node_child(r, meta, list);

    return draft->dropped && str_equal(r->tree->json.values[draft->dropped].key, list) ? 0
                                                                                       : first;
}

static bool carry(Call *c, const Resource *old, const Resource *new, Draft *draft, Str list,
                  Buf *front)
{
    uint32_t old_meta = node_child(old, old->root, STR("meta"));
    uint32_t new_meta = node_child(new, new->root, STR("meta"));
    uint32_t old_first = old_meta ? node_child(old, old_meta, list) : 0;
    uint32_t new_first = new_meta ? kept_child(new, new_meta, list, draft) : 0;
    uint32_t last = new_first;
    Str      more = lacking(c, old, old_first, new, new_first);

    if (more.len == 0)
        return false;
    if (new_first) {
        for (uint32_t each = new_first; each; each = node_next_same(new, each))
            last = each;
        draft_replace(draft, node_at(new, last)->json->to, node_at(new, last)->json->to, more);
        return true;
    }
    buf_printf(front, ",\"%.*s\":[", STR_ARG(list));
    buf_put(front, str_skip(more, 1));
    buf_put_char(front, ']');
    return true;
}

/* Whether it is worth taking the old version apart. */
static bool mentions(Str body, Str list)
{
    return str_find(body, list) >= 0;
}

Fail carry_labels(Call *c, const Version *old, const Resource *resource, Draft *draft,
                  bool tags_too, Carried *out)
{
    ReadOptions options = { .values_max = UINT32_MAX, .trusted = true };
    Buf         front = buf_new(c->arena, 256);
    Resource    before;

    *out = (Carried){ 0 };
    if (!mentions(old->whole, STR("\"security\":["))
        && !(tags_too && mentions(old->whole, STR("\"tag\":["))))
        return OK;
    TRY(resource_read(c, old->whole, &options, &before));
    out->any = carry(c, &before, resource, draft, STR("security"), &front);
    if (tags_too)
        out->any |= carry(c, &before, resource, draft, STR("tag"), &front);
    out->front = buf_str(&front);
    return OK;
}
