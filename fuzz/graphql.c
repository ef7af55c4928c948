/* GraphQL documents: what is read lies in itself as it should. */
#include "fhir/graphql.h"

#include "base/ensure.h"
#include "fuzz/fuzz.h"

static Fail run(Call *c, Str text)
{
    GraphDocument    d;
    const GraphPart *query;

    TRY(graphql_parse(c, text, &d));
    for (uint32_t i = 0; i < d.part_count; i++)
        ENSURE(d.parts[i].from < d.parts[i].to && d.parts[i].to <= d.node_count);
    for (uint32_t i = 0; i < d.node_count; i++) {
        const GraphNode *n = &d.nodes[i];

        ENSURE(n->after > i && n->after <= d.node_count);
        ENSURE(n->argument + n->argument_count <= d.argument_count);
        ENSURE(n->directive + n->directive_count <= d.directive_count);
    }
    for (uint32_t i = 0; i < d.argument_count; i++)
        ENSURE(d.arguments[i].value + d.values[d.arguments[i].value].count < d.value_count);
    return graphql_query(c, &d, (Str){ 0 }, &query);
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
