/* Bundles: taken apart, their references rewritten, every entry still a resource. */
#include "fhir/bundle.h"

#include "base/ensure.h"
#include "fuzz/fuzz.h"

static void put_condition(void *context, uint32_t node, Str text)
{
    (void)node;
    bundle_targets_put(context, text, TYPE_PATIENT, STR("c"));
}

static void check_entry(Call *c, const BundleEntry *e, const BundleTargets *targets)
{
    const ReadOptions options = { .values_max = 10100, .conditional = true };
    Resource          r;
    Draft             draft;
    Str               text;

    if (bundle_rewrite(c, e, targets, &draft) != OK)
        return;
    text = draft_whole(c->arena, e->resource.type, STR("x"), 1, 0, draft_remainder(&draft));
    ENSURE(resource_read(c, text, &options, &r) == OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static Arena     *arena;
    const ReadOptions options = { .values_max = 10000, .expected = TYPE_BUNDLE };
    Call              call;
    Resource          r;
    Bundle            bundle;
    BundleTargets    *targets;

    if (!arena)
        arena = arena_create((size_t)256 << 20);
    arena_reset(arena);
    call_begin(&call, arena);
    if (resource_read(&call, (Str){ (const char *)bytes, size }, &options, &r) != OK
        || bundle_open(&call, &r, STR("http://a"), &bundle) != OK) {
        ENSURE(call.issue_count > 0);
        return 0;
    }
    targets = bundle_targets_new(arena, &bundle);
    for (uint32_t i = 0; i < bundle.count; i++) {
        const BundleEntry *e = &bundle.entries[i];

        if (e->full_url.len && e->has_resource)
            bundle_targets_put(targets, e->full_url, e->resource.type, STR("1"));
        if (i % 2)
            bundle_conditional_references(e, put_condition, targets);
    }
    for (uint32_t i = 0; i < bundle.count; i++)
        if (bundle.entries[i].has_resource)
            check_entry(&call, &bundle.entries[i], targets);
    return 0;
}
