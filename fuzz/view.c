/* ViewDefinitions: what compiles gives rows of a resource. */
#include "fhir/view.h"

#include "base/ensure.h"
#include "fuzz/fuzz.h"

static const char sample[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true,\"name\":[{\"family\":\"A\",\"given\":["
    "\"x\",\"y\"]},{\"given\":[\"z\"]}],\"link\":[{\"other\":{\"reference\":\"Patient/q\"},\"type\":"
    "\"seealso\"}],\"birthDate\":\"1990\"}";

enum { ROWS_MAX = 1000 };

static Fail run(Call *c, Str bytes, Buf *out)
{
    ViewText text = { .out = out, .rows_max = ROWS_MAX };
    Json     json;

    TRY(json_parse(c, bytes, 10000, &json));
    TRY(view_compile(c, &json, 0, &text.plan));
    text.format = (ViewFormat)(bytes.len % VIEW_FORMATS);
    view_text_begin(&text, true);
    if (view_type(text.plan) == TYPE_PATIENT)
        TRY(view_text_resource(c, &text, str_from(sample)));
    view_text_end(&text);
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static Arena *arena, *rows;
    Call          call;
    Buf           out;

    if (!arena) {
        arena = arena_create((size_t)256 << 20);
        rows = arena_create((size_t)64 << 20);
    }
    arena_reset(arena);
    arena_reset(rows);
    call_begin(&call, arena);
    call.deadline_ms = 0;
    if (setjmp(*arena_boundary(arena)) || setjmp(*arena_boundary(rows)))
        return 0;
    out = buf_new(rows, 256);
    if (run(&call, (Str){ (const char *)bytes, size }, &out) != OK)
        ENSURE(call.issue_count > 0);
    return 0;
}
