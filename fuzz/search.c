/* Search query strings: the first two bytes choose the type and how strict it is. */
#include "fhir/search.h"

#include "base/ensure.h"
#include "fuzz/fuzz.h"

/* What opens is closed, matches have values, and nothing stands outside. */
static void check_steps(const Clause *clause)
{
    uint32_t depth = 0;

    for (uint32_t i = 0; i < clause->step_count; i++) {
        const ClauseStep *step = &clause->steps[i];

        if (step->kind == CLAUSE_MATCH) {
            ENSURE(step->match->count > 0 && step->match->step_count == 0);
        } else if (step->kind == CLAUSE_END) {
            ENSURE(depth-- > 0);
        } else {
            depth++;
        }
        if (step->kind == CLAUSE_TARGET || step->kind == CLAUSE_REFERRER)
            ENSURE(step->param->type == SEARCH_REFERENCE && type_is_resource(step->type));
    }
    ENSURE(depth == 0);
}

static void check_query(Call *c, TypeId type, Str text, const QueryOptions *options)
{
    Query query, again;

    if (query_parse(c, type, text, options, &query) != OK) {
        ENSURE(c->issue_count > 0);
        return;
    }
    for (uint32_t i = 0; i < query.clause_count; i++) {
        if (query.clauses[i].step_count) {
            check_steps(&query.clauses[i]);
            continue;
        }
        ENSURE(query.clauses[i].param->base == type);
        ENSURE(query.clauses[i].count > 0);
    }
    /* the self link says the same again */
    ENSURE(query_parse(c, type, query.applied, options, &again) == OK);
    ENSURE(again.clause_count == query.clause_count);
    ENSURE(str_equal(again.applied, query.applied));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static Arena *arena;
    Call          call;
    QueryOptions  options = { .base = STR("https://clinic.example/fhir") };

    if (size < 2)
        return 0;
    if (!arena)
        arena = arena_create((size_t)256 << 20);
    arena_reset(arena);
    call_begin(&call, arena);
    options.lenient = bytes[1] & 1;
    options.conditional = bytes[1] & 2;
    check_query(&call, (TypeId)(1 + bytes[0] % RESOURCE_TYPES),
                (Str){ (const char *)bytes + 2, size - 2 }, &options);
    return 0;
}
