/*
 * patch, with JSON Patch (RFC 6902). A test operation reads, so a patch needs the right to
 * read beside the right to update. R4 http.html#patch
 */
#include "fhir/patch.h"

#include "base/limits.h"
#include "codec/base64.h"
#include "interaction/change.h"

static const Str patch_type = STR_INIT("application/json-patch+json");

/* In a Bundle a JSON Patch travels as a Binary (PATCH-3). */
static Fail patch_of_binary(Call *c, const Resource *binary, Str *out)
{
    if (binary->type != TYPE_BINARY)
        return fail(c, FAIL_MEDIA_TYPE, type_name(binary->type),
                    "A patch in a Bundle is a Binary with a JSON Patch");
    if (!str_equal(node_child_text(binary, binary->root, STR("contentType")), patch_type))
        return fail(c, FAIL_MEDIA_TYPE, STR("Binary.contentType"),
                    "Only application/json-patch+json is understood");
    if (!base64_read(c->arena, node_child_text(binary, binary->root, STR("data")), out))
        return fail(c, FAIL_VALUE, STR("Binary.data"), "This is not base64");
    return OK;
}

static Fail patch_document(Call *c, const Asked *asked, Str *out)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES };
    Resource    binary;

    if (asked->resource)
        return patch_of_binary(c, asked->resource, out);
    if (asked->body.len == 0)
        return fail(c, FAIL_SYNTAX, (Str){ 0 }, "This needs a patch in the body");
    if (asked->in_bundle) {
        TRY(resource_read(c, asked->body, &options, &binary));
        return patch_of_binary(c, &binary, out);
    }
    if (!str_equal_ascii_nocase(asked->body_type, patch_type))
        return fail(c, FAIL_MEDIA_TYPE, STR("Content-Type"),
                    "A patch is sent as application/json-patch+json");
    *out = asked->body;
    return OK;
}

/* A generated narrative that no longer says what the resource says must go (PATCH-2). */
static Fail drop_stale_narrative(Call *c, const Resource *before, Str *text, Resource *after)
{
    uint32_t old = node_child(before, before->root, STR("text"));
    uint32_t new = node_child(after, after->root, STR("text"));
    ReadOptions options = { .expected = after->type, .values_max = LIMIT_JSON_NODES };

    if (!old || !new || !str_equal(node_source(before, old), node_source(after, new))
        || !str_equal(node_child_text(after, new, STR("status")), STR("generated"))
        || str_equal(*text, before->tree->json.source))
        return OK;
    TRY(patch_json(c, *text, STR("[{\"op\":\"remove\",\"path\":\"/text\"}]"), text));
    return resource_read(c, *text, &options, after);
}

Fail patch_apply(Call *c, Session *s, Step *step, Str id)
{
    const Turn  *turn = &step->turn;
    const Asked *asked = turn->asked;
    ReadOptions  old_options = { .values_max = UINT32_MAX, .trusted = true };
    ReadOptions  options = { .expected = asked->type, .values_max = LIMIT_JSON_NODES };
    Resource     before, after;
    Permit       read, both;
    Version      old;
    Change      *change;
    Str          document, text;

    TRY(access_permit(c, turn->principal, DEED_READ, asked->type, &read));
    both = access_both(c, &turn->permit, &read);
    TRY(patch_document(c, asked, &document));
    TRY(change_current(c, s, &both, asked->type, id, false, &old));
    if (old.deleted)
        return fail(c, FAIL_GONE, (Str){ 0 }, "%.*s/%.*s was deleted",
                    STR_ARG(type_name(asked->type)), STR_ARG(id));
    TRY(change_preconditions(c, asked, &old));
    TRY(patch_json(c, old.body, document, &text));
    TRY(resource_read(c, old.body, &old_options, &before));
    TRY(resource_read(c, text, &options, &after));
    TRY(drop_stale_narrative(c, &before, &text, &after));
    change = change_add(c, step, METHOD_PATCH, &turn->permit, id);
    change->if_seq = old.seq;
    step->answer.status = 200;
    TRY(change_compose(c, step, &after, &old, change));
    if (change_is_idle(c, change, &old))
        return change_leave(c, s, step, &old);
    return OK;
}

Fail patch_prepare(Call *c, Session *s, Step *step)
{
    TRY(params_take(c, step->turn.asked, NULL, 0, NULL));
    return patch_apply(c, s, step, step->turn.asked->id);
}
