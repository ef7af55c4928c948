/* JSON Patch: the first line is the document, the rest the patch. */
#include "fhir/patch.h"

#include "base/ensure.h"
#include "base/limits.h"
#include "codec/json.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static Arena *arena;
    Call          call;
    Str           document, patch, out;
    Json          json;

    if (!arena)
        arena = arena_create((size_t)256 << 20);
    arena_reset(arena);
    call_begin(&call, arena);
    if (setjmp(*arena_boundary(arena)))
        return 0;
    if (!str_cut((Str){ (const char *)bytes, size }, '\n', &document, &patch))
        return 0;
    if (patch_json(&call, document, patch, &out) != OK) {
        ENSURE(call.issue_count == 1);
        return 0;
    }
    /* moves may nest more deeply than is read: that is found when the result is */
    ENSURE(json_parse(&call, out, LIMIT_BUNDLE_NODES, &json) != FAIL_SYNTAX);
    return 0;
}
