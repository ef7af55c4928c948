/* Resources: what is accepted becomes stored text that is accepted and stays as it is. */
#include "fhir/resource.h"

#include "base/ensure.h"
#include "base/limits.h"
#include "fhir/draft.h"
#include "fhir/outcome.h"
#include "fuzz/fuzz.h"

/* Parents stand before their children, siblings are linked in order. */
static void check_nodes(const Resource *r)
{
    for (uint32_t i = 0; i < r->tree->count; i++) {
        const Node *n = node_at(r, i);

        ENSURE(i == 0 ? !n->element : n->parent < i && n->element);
        ENSURE(n->next == 0 || (n->next > i && node_at(r, n->next)->parent == n->parent));
        ENSURE(n->first == 0 || node_at(r, n->first)->parent == i);
        ENSURE(n->json || n->extra);
    }
}

static Str stored(Arena *a, const Resource *r)
{
    Draft d = draft_new(a, r);

    return draft_whole(a, r->type, STR("x"), 1, 0, draft_remainder(&d));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static Arena     *arena;
    const ReadOptions options = { .values_max = 10000 };
    ReadOptions       trusted = { .values_max = 10100, .trusted = true };
    Call              call;
    Resource          r, again;
    Str               text;

    if (!arena)
        arena = arena_create((size_t)256 << 20);
    arena_reset(arena);
    call_begin(&call, arena);
    if (resource_read(&call, (Str){ (const char *)bytes, size }, &options, &r) != OK) {
        ENSURE(call.issue_count > 0);
        text = outcome_of(&call, FAIL_STRUCTURE, 0);
        ENSURE(resource_read(&call, text, &options, &r) == OK);
        return 0;
    }
    check_nodes(&r);
    text = stored(arena, &r);
    ENSURE(resource_read(&call, text, &(ReadOptions){ .values_max = 10100 }, &again) == OK);
    ENSURE(str_equal(stored(arena, &again), text));
    ENSURE(resource_read(&call, text, &trusted, &again) == OK);
    ENSURE(str_equal(stored(arena, &again), text));
    return 0;
}
