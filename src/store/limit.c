/* A permit's rows as clauses, and in queries: see limit.h. */
#include "store/limit.h"

#include "base/ensure.h"

bool limit_has(const Permit *permit, TypeId type)
{
    for (const PermitRows *rows = permit->rows; rows; rows = rows->further) {
        for (uint32_t i = 0; i < rows->limit_count; i++)
            if (rows->limits[i].type == type)
                return true;
        for (uint32_t i = 0; i < rows->denial_count; i++)
            if (type_set_has(&rows->denials[i].types, type))
                return true;
    }
    return false;
}

/* Any of the limits of one set of rows. */
static Fail put_limits(Call *c, const PermitRows *rows, TypeId type, ClauseSteps *out)
{
    bool begun = false;

    for (uint32_t i = 0; i < rows->limit_count; i++) {
        if (rows->limits[i].type != type)
            continue;
        if (!begun)
            TRY(clause_steps_add(c, out, (ClauseStep){ .kind = CLAUSE_ANY }));
        begun = true;
        TRY(criteria_put(c, type, rows->limits[i].criteria, out));
    }
    return begun ? clause_steps_add(c, out, (ClauseStep){ .kind = CLAUSE_END }) : OK;
}

/* Criteria that the type does not know deny all of it. */
static Fail put_denied(Call *c, const PermitDenial *denial, TypeId type, ClauseSteps *out)
{
    uint32_t issues = c->issue_count, steps = out->count;

    if (criteria_put(c, type, denial->criteria, out) == OK)
        return OK;
    call_forget_issues(c, issues);
    out->count = steps;
    return criteria_put(c, type, (Str){ 0 }, out);
}

static Fail put_denial(Call *c, const PermitDenial *denial, TypeId type, ClauseSteps *out)
{
    TRY(clause_steps_add(c, out, (ClauseStep){ .kind = CLAUSE_NOT }));
    if (denial->patient_count)
        TRY(clause_steps_add(c, out,
                             (ClauseStep){ .kind = CLAUSE_RECORD,
                                           .patients = denial->patients,
                                           .patient_count = denial->patient_count }));
    TRY(put_denied(c, denial, type, out));
    return clause_steps_add(c, out, (ClauseStep){ .kind = CLAUSE_END });
}

static Fail put_rows(Call *c, const PermitRows *rows, TypeId type, ClauseSteps *out)
{
    TRY(put_limits(c, rows, type, out));
    for (uint32_t i = 0; i < rows->denial_count; i++)
        if (type_set_has(&rows->denials[i].types, type))
            TRY(put_denial(c, &rows->denials[i], type, out));
    return OK;
}

Fail limit_clause(Call *c, const Permit *permit, TypeId type, Clause *out)
{
    ClauseSteps steps = clause_steps_new(c->arena, STR("permission"));
    uint32_t    issues = c->issue_count;

    ENSURE(limit_has(permit, type));
    for (const PermitRows *rows = permit->rows; rows; rows = rows->further)
        if (put_rows(c, rows, type, &steps) != OK) {
            call_forget_issues(c, issues);
            return fail(c, FAIL_FORBIDDEN, (Str){ 0 },
                        "What the caller may see of %.*s cannot be worked out",
                        STR_ARG(type_name(type)));
        }
    *out = clause_of_steps(&steps);
    return OK;
}

Fail limit_fits(Call *c, const Permit *permit, TypeId type, Str id, const IndexRows *rows,
                bool *fits)
{
    Clause clause;

    *fits = true;
    if (!limit_has(permit, type))
        return OK;
    *fits = false;
    TRY(limit_clause(c, permit, type, &clause));
    *fits = criteria_fit(&clause, id, rows);
    return OK;
}

Fail store_permit_fits(Call *c, const Permit *permit, TypeId type, Str id,
                       const IndexRows *rows, bool *fits)
{
    return limit_fits(c, permit, type, id, rows, fits);
}
