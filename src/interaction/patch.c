/*
 * patch, with JSON Patch (RFC 6902) or FHIRPath Patch. A test operation reads, and so does a path with a
 * condition, so a patch needs the right to read beside the right to update. R4 http.html#patch
 */
#include "fhir/patch.h"

#include "base/limits.h"
#include "codec/base64.h"
#include "fhir/patch_path.h"
#include "interaction/change.h"

static const Str patch_type = STR_INIT("application/json-patch+json");

/* What a patch is: one of the two. */
typedef struct Given {
    bool     by_path;    /* a FHIRPath Patch … */
    Resource parameters; /* … or else … */
    Str      json;       /* … a JSON Patch */
} Given;

/* In a Bundle a JSON Patch travels as a Binary, a FHIRPath Patch as it is (PATCH-3). */
static Fail patch_of_resource(Call *c, const Resource *resource, Given *out)
{
    if (resource->type == TYPE_PARAMETERS) {
        out->by_path = true;
        out->parameters = *resource;
        return OK;
    }
    if (resource->type != TYPE_BINARY)
        return fail(c, FAIL_MEDIA_TYPE, type_name(resource->type),
                    "A patch in a Bundle is Parameters, or a Binary with a JSON Patch");
    if (!str_equal(node_child_text(resource, resource->root, STR("contentType")), patch_type))
        return fail(c, FAIL_MEDIA_TYPE, STR("Binary.contentType"),
                    "Only application/json-patch+json is understood");
    if (!base64_read(c->arena, node_child_text(resource, resource->root, STR("data")),
                     &out->json))
        return fail(c, FAIL_VALUE, STR("Binary.data"), "This is not base64");
    return OK;
}

static Fail patch_given(Call *c, const Asked *asked, Given *out)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES };
    Resource    resource;

    if (asked->resource)
        return patch_of_resource(c, asked->resource, out);
    if (asked->body.len == 0)
        return fail(c, FAIL_SYNTAX, (Str){ 0 }, "This needs a patch in the body");
    if (asked->in_bundle) {
        TRY(resource_read(c, asked->body, &options, &resource));
        return patch_of_resource(c, &resource, out);
    }
    if (str_equal_ascii_nocase(asked->body_type, patch_type)) {
        out->json = asked->body;
        return OK;
    }
    out->by_path = true;
    options.expected = TYPE_PARAMETERS;
    return resource_read(c, asked->body, &options, &out->parameters);
}

static Fail apply(Call *c, Str document, const Given *given, Str *out)
{
    return given->by_path ? patch_fhirpath(c, document, &given->parameters, out)
                          : patch_json(c, document, given->json, out);
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
    Given        given = { 0 };
    Str          text;

    TRY(access_permit(c, turn->principal, DEED_READ, asked->type, &read));
    both = access_both(c, &turn->permit, &read);
    TRY(patch_given(c, asked, &given));
    TRY(change_current(c, s, &both, asked->type, id, false, &old));
    if (old.deleted)
        return fail(c, FAIL_GONE, (Str){ 0 }, "%.*s/%.*s was deleted",
                    STR_ARG(type_name(asked->type)), STR_ARG(id));
    TRY(change_preconditions(c, asked, &old));
    TRY(apply(c, old.body, &given, &text));
    TRY(resource_read(c, old.body, &old_options, &before));
    TRY(resource_read(c, text, &options, &after));
    TRY(drop_stale_narrative(c, &before, &text, &after));
    change = change_add(c, step, METHOD_PATCH, &turn->permit, id);
    change->if_seq = old.seq;
    step->answer.status = 200;
    TRY(change_compose(c, step, &after, &old, change));
    if (change_is_idle(c, change, &old))
        return change_leave(c, s, step, &old);
    return after.type == TYPE_APPOINTMENT_RESPONSE
               ? appointment_response_apply(c, s, step, &after)
               : OK;
}

Fail patch_prepare(Call *c, Session *s, Step *step)
{
    TRY(params_take(c, step->turn.asked, NULL, 0, NULL));
    return patch_apply(c, s, step, step->turn.asked->id);
}
