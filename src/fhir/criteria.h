/*
 * Criteria: search expressions that permission goes by ("category=http://…|laboratory"). They are
 * asked of rows in the index and of versions that are in no index (old ones, new ones that are about
 * to be written), so only what both can answer alike is understood: tokens, addresses, references and
 * _id, plain or with :not, without chains. SMART App Launch 2.2 "finer-grained resource constraints".
 */
#ifndef FHIR_CRITERIA_H
#define FHIR_CRITERIA_H

#include "fhir/index.h"
#include "fhir/search_criterion.h"

/* Reads criteria for resources of that type; empty criteria have no clause. FAIL_VALUE,
 * FAIL_NOT_SUPPORTED naming what is not understood. */
Fail criteria_read(Call *c, TypeId type, Str criteria, Query *out) MUST_USE;

/* Appends what they say as one group that always has something in it. */
Fail criteria_put(Call *c, TypeId type, Str criteria, ClauseSteps *out) MUST_USE;

/* Whether a clause of ALL, ANY, NOT, RECORD and MATCH holds, given what holds of each of its last
 * two: `number` is that of its step, 0 for a clause without steps; `match` is NULL for a RECORD. */
typedef bool ClauseLeaf(void *context, uint32_t number, const Clause *match,
                        const ClauseStep *step);
bool         clause_holds(const Clause *clause, ClauseLeaf *leaf, void *context);

/* Whether it holds for a resource with that id and these index rows, derived whole. */
bool criteria_fit(const Clause *clause, Str id, const IndexRows *rows);

#endif
