/*
 * Clauses that ask what a code system or a value set says of codes become clauses of the codes that
 * fit: see query_asks_codes(). R4 search.html#token
 */
#include "base/limits.h"
#include "fhir/search_criterion.h"

typedef struct Settle {
    Call          *c;
    CodesFunction *find;
    void          *context;
    uint32_t       weight;
} Settle;

bool modifier_of_codes(const SearchParam *param, Modifier modifier)
{
    return modifier == MODIFIER_IN || modifier == MODIFIER_NOT_IN
           || (param->type == SEARCH_TOKEN
               && (modifier == MODIFIER_ABOVE || modifier == MODIFIER_BELOW));
}

static bool asks(const Clause *clause)
{
    return modifier_of_codes(clause->param, clause->modifier);
}

bool clause_asks_codes(const Clause *clause)
{
    if (!clause->step_count)
        return asks(clause);
    for (uint32_t i = 0; i < clause->step_count; i++)
        if (clause->steps[i].match && asks(clause->steps[i].match))
            return true;
    return false;
}

bool query_asks_codes(const Query *query)
{
    for (uint32_t i = 0; i < query->clause_count; i++)
        if (clause_asks_codes(&query->clauses[i]))
            return true;
    return false;
}

/* Of no codes at all there is still one, empty, which no resource has. */
static Fail settle(Settle *s, const Clause *asked, Clause *out)
{
    Clause clause = *asked;

    clause.modifier = asked->modifier == MODIFIER_NOT_IN ? MODIFIER_NOT : MODIFIER_NONE;
    clause.values = NULL;
    clause.count = 0;
    TRY(s->find(s->c, s->context, asked, &clause.values, &clause.count));
    if (!clause.count) {
        clause.values = NEW(s->c->arena, ClauseValue);
        clause.values[clause.count++] = (ClauseValue){ .has_system = true, .has_code = true };
    }
    *out = clause;
    return OK;
}

static Fail settle_steps(Settle *s, Clause *clause)
{
    ClauseStep *steps = NEW_ARRAY(s->c->arena, ClauseStep, clause->step_count);

    for (uint32_t i = 0; i < clause->step_count; i++) {
        Clause *match;

        steps[i] = clause->steps[i];
        if (!steps[i].match || !asks(steps[i].match))
            continue;
        match = NEW(s->c->arena, Clause);
        TRY(settle(s, steps[i].match, match));
        steps[i].match = match;
    }
    clause->steps = steps;
    return OK;
}

Fail query_settle_codes(Call *c, Query *query, CodesFunction *find, void *context)
{
    Settle s = { c, find, context, 0 };

    for (uint32_t i = 0; i < query->clause_count; i++) {
        Clause *clause = &query->clauses[i];

        if (clause->step_count)
            TRY(settle_steps(&s, clause));
        else if (asks(clause))
            TRY(settle(&s, clause, clause));
        s.weight += clause_weight(clause);
        if (s.weight > LIMIT_QUERY_WEIGHT)
            return fail(c, FAIL_TOO_COSTLY, clause->param->code,
                        "too many codes in use are meant by one search (LIMIT_QUERY_WEIGHT)");
    }
    return OK;
}
