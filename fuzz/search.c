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

/* One code for each value that is asked about, and none of those that end in a digit. */
static Fail find_codes(Call *c, void *context, const Clause *asked, ClauseValue **values,
                       uint32_t *count)
{
    (void)context;
    *values = NEW_ARRAY(c->arena, ClauseValue, asked->count);
    *count = 0;
    for (uint32_t i = 0; i < asked->count; i++) {
        Str text = asked->values[i].text;

        if (text.len && (text.at[text.len - 1] < '0' || text.at[text.len - 1] > '9'))
            (*values)[(*count)++] =
                (ClauseValue){ .has_system = true, .has_code = true, .text = text };
    }
    return OK;
}

/* What asks of codes asks no more when it is settled. */
static void check_settled(Call *c, Query *query)
{
    if (query_settle_codes(c, query, find_codes, NULL) != OK)
        return;
    ENSURE(!query_asks_codes(query));
    for (uint32_t i = 0; i < query->clause_count; i++)
        if (query->clauses[i].step_count)
            check_steps(&query->clauses[i]);
        else
            ENSURE(query->clauses[i].count > 0);
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
    check_settled(c, &query);
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
