/* Parts of resources: `_summary` and `_elements`. R4 search.html#summary, #elements */
#ifndef INTERACTION_SUBSET_H
#define INTERACTION_SUBSET_H

#include "interaction/turn.h"

typedef enum SubsetKind {
    SUBSET_WHOLE,
    SUBSET_SUMMARY,  /* what the definitions mark as summary */
    SUBSET_TEXT,     /* narrative, and what must be there */
    SUBSET_DATA,     /* all but the narrative */
    SUBSET_ELEMENTS, /* what is named, and what must be there or changes the meaning */
} SubsetKind;

typedef struct Subset {
    SubsetKind kind;
    Str        elements; /* "identifier,name" */
} Subset;

/* What a query string asks for; other parameters are passed over. FAIL_VALUE. */
Fail subset_read(Call *c, Str query, Subset *out) MUST_USE;

/* The part of a stored resource, tagged SUBSETTED; the text itself where the whole is wanted. */
Fail subset_take(Call *c, const Subset *subset, TypeId type, Str body, Str *out) MUST_USE;

#endif
