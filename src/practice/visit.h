/* The resources that one visit leaves in an invented record: see synthetic.h. */
#ifndef PRACTICE_VISIT_H
#define PRACTICE_VISIT_H

#include "practice/vocabulary.h"

typedef struct Visit {
    const Term *kind;
    int64_t     from, to; /* seconds since 1970 */
    const char *patient;  /* references, and the names to show for them */
    const char *patient_name;
    const char *encounter;
    const char *practitioner, *practitioner_name;
    const char *organization, *organization_name;
    const char *location;
    const char *payer; /* name of the insurer, or "NO_INSURANCE" */
} Visit;

/* One measured value, and a pair of them under one code as blood pressure is kept. */
void visit_put_observation(Maker *m, const Visit *v, const char *category, const Gauge *gauge,
                           uint32_t value, MadeId id);
void visit_put_blood_pressure(Maker *m, const Visit *v);

/* Height, weight, pressure and so on, as taken at the beginning of a visit. */
void visit_put_vital_signs(Maker *m, const Visit *v);

/* A panel: its Observations and the DiagnosticReport over them. */
void visit_put_lab_panel(Maker *m, const Visit *v);

void visit_put_condition(Maker *m, const Visit *v, const Term *condition, bool active,
                         MadeId id);
void visit_put_procedure(Maker *m, const Visit *v);
void visit_put_immunization(Maker *m, const Visit *v);

/* The note twice, as US Core has it: DocumentReference and DiagnosticReport. */
void visit_put_note(Maker *m, const Visit *v);

/* Words of a clinical note on the arena; the longer, the more sentences. */
Str visit_note(Maker *m, const Visit *v, uint32_t count);

void visit_put_care(Maker *m, const Visit *v, const Term *condition);
void visit_put_supply(Maker *m, const Visit *v);

/* A prescription and the claim for it. */
void visit_put_medication(Maker *m, const Visit *v);

/* The claim for the visit and what the insurer made of it. */
void visit_put_claim(Maker *m, const Visit *v, uint32_t services);

#endif
