/*
 * The words of invented records: names of people and places, and a small vocabulary of real
 * codes (LOINC, SNOMED CT, RxNorm, CVX), the frequent ones first.
 */
#ifndef PRACTICE_VOCABULARY_H
#define PRACTICE_VOCABULARY_H

#include "practice/maker.h"

#define LOINC "http://loinc.org"
#define SNOMED "http://snomed.info/sct"
#define RXNORM "http://www.nlm.nih.gov/research/umls/rxnorm"
#define CVX "http://hl7.org/fhir/sid/cvx"
#define UCUM "http://unitsofmeasure.org"
#define TERMINOLOGY "http://terminology.hl7.org/CodeSystem/"
#define US_CORE "http://hl7.org/fhir/us/core/StructureDefinition/"

enum {
    GIVEN_NAMES = 40,
    FAMILY_NAMES = 60,
    STREETS = 16,
    TOWNS = 12,
    CONDITIONS = 28,
    PROCEDURES = 16,
    MEDICATIONS = 18,
    VACCINES = 12,
    VISIT_KINDS = 8,
    ALLERGIES = 8,
    SENTENCES = 24,
    LAB_PANELS = 3,
    PANEL_TESTS_MAX = 8,
};

typedef struct Town {
    const char *name, *state, *postal;
} Town;

/* What is measured: values are low, and up to span - 1 more, divided by 10^digits. */
typedef struct Gauge {
    Term        term;
    const char *unit; /* UCUM */
    uint32_t    low, span;
    uint8_t     digits;
} Gauge;

typedef struct LabPanel {
    Term  term;
    Gauge tests[PANEL_TESTS_MAX];
} LabPanel;

extern const char *const given_names_female[GIVEN_NAMES];
extern const char *const given_names_male[GIVEN_NAMES];
extern const char *const family_names[FAMILY_NAMES];
extern const char *const streets[STREETS];
extern const Town        towns[TOWNS];
extern const Term        conditions[CONDITIONS];   /* SNOMED CT */
extern const Term        procedures[PROCEDURES];   /* SNOMED CT */
extern const Term        visit_kinds[VISIT_KINDS]; /* SNOMED CT */
extern const Term        allergies[ALLERGIES];     /* SNOMED CT */
extern const Term        medications[MEDICATIONS]; /* RxNorm */
extern const Term        vaccines[VACCINES];       /* CVX */
extern const char *const sentences[SENTENCES];     /* of clinical notes */
extern const LabPanel    lab_panels[LAB_PANELS];

extern const Gauge body_height, body_weight, body_mass_index, systolic, diastolic, heart_rate,
    respiratory_rate, body_temperature, pain_score, phq9_score, gad7_score;

#endif
