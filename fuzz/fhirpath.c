/* FHIRPath expressions: what compiles runs, on a resource with some of everything. */
#include "fhir/fhirpath.h"
#include "base/ensure.h"
#include "fuzz/fuzz.h"

static const char sample[] =
    "{\"resourceType\":\"Observation\",\"id\":\"b\",\"status\":\"final\",\"code\":{\"coding\":[{"
    "\"system\":\"http://loinc.org\",\"code\":\"8867-4\"}],\"text\":\"x\"},\"subject\":{"
    "\"reference\":\"#p\"},\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"p\",\"name\":[{"
    "\"given\":[\"A\",\"B\"]}],\"birthDate\":\"1990\"}],\"effectiveDateTime\":\"2020-02-03T10:20:30Z\","
    "\"valueQuantity\":{\"value\":1.50,\"unit\":\"g\",\"system\":\"http://unitsofmeasure.org\","
    "\"code\":\"g\"}}";

static Fail run(Call *c, Str expression)
{
    ReadOptions        options = { .values_max = 1000 };
    const PathProgram *program;
    PathContext        context = { .steps_max = 20000 };
    PathValue          focus;
    PathValues         found;
    Resource           resource;
    Buf                out = buf_new(c->arena, 256);

    TRY(path_compile(c, c->arena, expression, &program));
    ENSURE(resource_read(c, str_from(sample), &options, &resource) == OK);
    focus = context.resource = context.root_resource = path_node(resource.tree, 0);
    TRY(path_run(c, program, &context, (PathValues){ &focus, 1 }, &found));
    for (uint32_t i = 0; i < found.count && i < 100; i++)
        path_put_json(c, &out, found.at[i]);
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static Arena *arena;
    Call          call;

    if (!arena)
        arena = arena_create((size_t)256 << 20);
    arena_reset(arena);
    call_begin(&call, arena);
    if (setjmp(*arena_boundary(arena)))
        return 0;
    if (run(&call, (Str){ (const char *)bytes, size }) != OK)
        ENSURE(call.issue_count > 0);
    return 0;
}
