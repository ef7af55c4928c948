/* What $validate-code's files share: one code looked at. */
#ifndef INTERACTION_VALIDATE_CODE_H
#define INTERACTION_VALIDATE_CODE_H

#include "interaction/term_outcome.h"
#include "interaction/terms.h"

typedef struct Validation {
    Terms           *terms;
    const TermAsked *asked;
    const TermDef   *value_set; /* NULL: only the code system is asked */
    Str              set_name;  /* of the value set, with its version */
    TermIssues       issues;
    /* of the code that is good, or the last that was looked at */
    bool             result, found, inactive;
    bool             any;            /* one of the codes is good */
    bool             member;         /* the code is in the value set, whatever else is wrong */
    bool             other_versions; /* of what is unknown */
    bool             broken;         /* the value set cannot be asked at all */
    bool             in_concept;     /* one of a CodeableConcept's */
    const TermDef   *system;
    uint32_t concept;
    Str system_url, code, display, status, unknown_system, right_code;
} Validation;

/* Looks at one coding: whether it is in the value set (or system), its version, its display, and
 * whether it may be chosen. What is wrong is noted; true in *good if nothing is. */
Fail validate_coding(Validation *v, AskedCoding coding, bool *good) MUST_USE;

/* What a concept is called in the languages asked for, and whether a text is one of its displays. */
Str  term_display(const Terms *t, const TermDef *system, uint32_t concept, Str listed,
                  Str language);
void validate_display(Validation *v, const AskedCoding *coding, const Member *member);

/* Notes where a definition is a draft, experimental, deprecated or withdrawn. */
void validate_reference(Validation *v, const TermDef *def);

/* "Coding.code", or "code" where nothing stands before it. */
Str validate_where(Validation *v, const AskedCoding *coding, const char *element);

#endif
