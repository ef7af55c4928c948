/*
 * One criterion of a search: "code=…", "subject:Patient.name:exact=…", "_has:Observation:patient:
 * code=…". Its name is found first, so that what is unknown can be told from what is wrong; then
 * its values are read. R4 search.html#chaining, #has.
 */
#ifndef FHIR_SEARCH_CRITERION_H
#define FHIR_SEARCH_CRITERION_H

#include "base/limits.h"
#include "fhir/search.h"

typedef struct Hop {
    const SearchParam *param;
    TypeId             type; /* of the resource it leads to */
    bool               back; /* to what refers to this one */
} Hop;

/* One way a name can be meant: "subject.name" has one for each type with a name. */
typedef struct CriterionPath {
    Hop                hops[LIMIT_QUERY_HOPS];
    uint32_t           hop_count;
    TypeId             type;  /* where the hops lead to … */
    const SearchParam *param; /* … and what is looked at there */
    Modifier           modifier;
    TypeId             modifier_type;
    bool list; /* _list: its value may be the name of a list, as $current-problems */
} CriterionPath;

typedef struct Criterion {
    Str            where; /* the name as it was written, cut to a decent length */
    CriterionPath *paths;
    uint32_t       count;
} Criterion;

/* Finds what a name means for resources of that type. FAIL_NOT_SUPPORTED with *unknown saying
 * why for names that may be left out by a lenient search; NULL and FAIL_NOT_SUPPORTED (a modifier), FAIL_VALUE,
 * FAIL_TOO_COSTLY (LIMIT_QUERY_HOPS, LIMIT_QUERY_PATHS). */
Fail criterion_find(Call *c, TypeId type, Str name, const struct MaskSet *hidden,
                    Criterion *out, const char **unknown) MUST_USE;

/* Steps being put together. */
typedef struct ClauseSteps {
    ClauseStep *steps; /* room for LIMIT_QUERY_STEPS */
    uint32_t    count;
    Str         where;
} ClauseSteps;

ClauseSteps clause_steps_new(Arena *a, Str where);

/* FAIL_TOO_COSTLY when there is no more room. */
Fail clause_steps_add(Call *c, ClauseSteps *steps, ClauseStep step) MUST_USE;

/* Appends what the criterion with that value says, as one group. Failures: see query_parse(). */
Fail criterion_put(Call *c, const Criterion *criterion, const QueryOptions *options, Str value,
                   ClauseSteps *out) MUST_USE;

/* The steps as a clause; groups of one are dissolved. */
Clause clause_of_steps(ClauseSteps *steps);

/* Whether that modifier is about what is said of codes: :in :not-in :above :below. */
bool modifier_of_codes(const SearchParam *param, Modifier modifier);

/* Whether a clause, or one of its steps, has such a modifier. */
bool clause_asks_codes(const Clause *clause);

/* How much of LIMIT_QUERY_WEIGHT a clause takes. */
uint32_t clause_weight(const Clause *clause);

/* The steps of a _filter. https://hl7.org/fhir/R4/search_filter.html */
Fail filter_read(Call *c, TypeId type, const QueryOptions *options, Str text,
                 ClauseSteps *out) MUST_USE;

#endif
