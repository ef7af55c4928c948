/*
 * Making the image of a code system (concepts.h): concepts, their parents and details in any order,
 * then one pass that numbers them and lays them out. Whatever says what a code system holds, a
 * CodeSystem or the files of a publisher, comes through here.
 */
#ifndef FHIR_CONCEPTS_MAKE_H
#define FHIR_CONCEPTS_MAKE_H

#include "fhir/concepts.h"

typedef struct ConceptsMaker ConceptsMaker;

/* Lives on the arena; texts are copied. `folds`: case of codes does not count. */
ConceptsMaker *concepts_maker_new(Arena *a, bool folds);

/* A new concept; its handle. That its code is new is checked at the end. */
uint32_t concepts_make_concept(ConceptsMaker *m, Str code, Str display, Str definition);

uint32_t concepts_make_count(const ConceptsMaker *m);
void     concepts_make_flag(ConceptsMaker *m, uint32_t concept, uint32_t flags);
void     concepts_make_parent(ConceptsMaker *m, uint32_t concept, uint32_t parent);
void     concepts_make_detail(ConceptsMaker *m, uint32_t concept, const ConceptDetail *detail);

/* The handle of a code that was added, or CONCEPT_NONE. Slow the first time after adding. */
uint32_t concepts_make_find(ConceptsMaker *m, Str code);

/* Lays out the image on the maker's arena. FAIL_DUPLICATE: a code stands twice; FAIL_INVALID: a
 * concept lies beneath itself; both name the code. FAIL_TOO_COSTLY: more than 4 GB of text. */
Fail concepts_make_image(Call *c, ConceptsMaker *m, Str *image) MUST_USE;

#endif
