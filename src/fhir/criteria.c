/* Criteria read, and asked of index rows in memory: see criteria.h. */
#include "fhir/criteria.h"

#include "base/ensure.h"
#include "fhir/custom.h"

enum { OPEN_MAX = 16 };

/* ---- reading ---- */

static bool is_id(const Clause *clause)
{
    return str_equal(clause->param->code, STR("_id"));
}

static bool form_known(const Clause *clause)
{
    static const bool types[SEARCH_TYPES] = {
        [SEARCH_TOKEN] = true, [SEARCH_URI] = true, [SEARCH_REFERENCE] = true
    };

    if (clause->step_count || clause->key || clause->param->index >= CUSTOM_INDICES
        || !types[clause->param->type]
        || (clause->modifier != MODIFIER_NONE && clause->modifier != MODIFIER_NOT)
        || (clause->modifier == MODIFIER_NOT && clause->param->type != SEARCH_TOKEN))
        return false;
    for (uint32_t i = 0; i < clause->count; i++) {
        const ClauseValue *v = &clause->values[i];

        if (v->version.len
            || (clause->param->type == SEARCH_TOKEN && !is_id(clause) && !v->has_code))
            return false;
    }
    return clause->count > 0;
}

Fail criteria_read(Call *c, TypeId type, Str criteria, Query *out)
{
    QueryOptions options = { .conditional = true };
    Query        query = { .type = type };

    if (criteria.len)
        TRY(query_parse(c, type, criteria, &options, &query));
    for (uint32_t i = 0; i < query.clause_count; i++)
        if (!form_known(&query.clauses[i]))
            return fail(c, FAIL_NOT_SUPPORTED, STR("criteria"),
                        "Permission can go by codes, addresses, references and _id, plain or "
                        "with :not; %.*s cannot be used so",
                        STR_ARG(criteria));
    *out = query;
    return OK;
}

/* Of all resources. */
static const Clause *anything(Arena *a, TypeId type)
{
    Clause *clause = NEW(a, Clause);

    *clause = (Clause){ .param = search_param_find(type, STR("_id")),
                        .modifier = MODIFIER_MISSING,
                        .values = NEW(a, ClauseValue),
                        .count = 1 };
    return clause;
}

Fail criteria_put(Call *c, TypeId type, Str criteria, ClauseSteps *out)
{
    Query query;

    TRY(criteria_read(c, type, criteria, &query));
    TRY(clause_steps_add(c, out, (ClauseStep){ .kind = CLAUSE_ALL }));
    if (!query.clause_count)
        TRY(clause_steps_add(
            c, out, (ClauseStep){ .kind = CLAUSE_MATCH, .match = anything(c->arena, type) }));
    for (uint32_t i = 0; i < query.clause_count; i++)
        TRY(clause_steps_add(c, out,
                             (ClauseStep){ .kind = CLAUSE_MATCH, .match = &query.clauses[i] }));
    return clause_steps_add(c, out, (ClauseStep){ .kind = CLAUSE_END });
}

/* ---- whether it holds ---- */

bool clause_holds(const Clause *clause, ClauseLeaf *leaf, void *context)
{
    struct {
        ClauseStepKind kind;
        bool           value;
    } open[OPEN_MAX] = { { CLAUSE_ALL, true } };
    uint32_t depth = 0;

    if (!clause->step_count)
        return leaf(context, 0, clause, NULL);
    for (uint32_t i = 0; i < clause->step_count; i++) {
        const ClauseStep *step = &clause->steps[i];
        bool              value;

        if (step->kind == CLAUSE_END) {
            ENSURE(depth > 0);
            value = open[depth].value != (open[depth].kind == CLAUSE_NOT);
            depth--;
        } else if (step->kind == CLAUSE_MATCH || step->kind == CLAUSE_RECORD) {
            value = leaf(context, i, step->match, step);
        } else {
            ENSURE(step->kind <= CLAUSE_NOT && depth + 1 < OPEN_MAX);
            open[++depth].kind = step->kind;
            open[depth].value = step->kind != CLAUSE_ANY;
            continue;
        }
        if (open[depth].kind == CLAUSE_ANY)
            open[depth].value |= value;
        else
            open[depth].value &= value;
    }
    ENSURE(depth == 0);
    return open[0].value;
}

typedef struct Fitting {
    Str              id;
    const IndexRows *rows;
} Fitting;

static bool code_fits(const ClauseValue *v, const IndexRow *row)
{
    return str_equal(v->text, row->text)
           && (!v->has_system || str_equal(v->system, row->system));
}

static bool target_fits(const SearchParam *param, const ClauseValue *v, const IndexRow *row)
{
    if (!row->type || !row->id.len || memchr(v->text.at, ':', v->text.len))
        return str_equal(v->text, row->text);
    return str_equal(v->text, row->id)
           && (v->type ? v->type == row->type : targets_contain(param->targets, row->type));
}

static bool value_fits(const Clause *clause, const ClauseValue *v, const IndexRow *row)
{
    const SearchParam *param = clause->param;

    if (row->keyed || (row->param != param->same_as && row->param != param->also))
        return false;
    switch (row->kind) {
    case ROW_TOKEN:
    case ROW_IDENTIFIER: return param->type != SEARCH_REFERENCE && code_fits(v, row);
    case ROW_REFERENCE: return param->type == SEARCH_REFERENCE && target_fits(param, v, row);
    default: return false;
    }
}

static bool names(const ClauseStep *step, Str patient)
{
    uint32_t low = 0, high = step->patient_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int      order = str_compare(patient, step->patients[middle]);

        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static bool in_record(const IndexRows *rows, const ClauseStep *step)
{
    for (uint32_t i = 0; i < rows->count; i++)
        if (rows->rows[i].kind == ROW_COMPARTMENT && names(step, rows->rows[i].id))
            return true;
    return false;
}

static bool match_fits(const Fitting *f, const Clause *clause)
{
    for (uint32_t i = 0; i < clause->count; i++) {
        const ClauseValue *v = &clause->values[i];

        if (is_id(clause) && str_equal(v->text, f->id))
            return true;
        for (uint32_t k = 0; !is_id(clause) && k < f->rows->count; k++)
            if (value_fits(clause, v, &f->rows->rows[k]))
                return true;
    }
    return false;
}

static bool leaf_fits(void *context, uint32_t number, const Clause *match,
                      const ClauseStep *step)
{
    const Fitting *f = context;

    (void)number;
    if (!match)
        return in_record(f->rows, step);
    if (match->modifier == MODIFIER_MISSING)
        return true;
    return match_fits(f, match) != (match->modifier == MODIFIER_NOT);
}

bool criteria_fit(const Clause *clause, Str id, const IndexRows *rows)
{
    Fitting f = { id, rows };

    return clause_holds(clause, leaf_fits, &f);
}
