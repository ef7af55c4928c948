/*
 * Issues of terminology's answers, as the terminology ecosystem words and codes them
 * (http://hl7.org/fhir/tools/CodeSystem/tx-issue-type): they are part of an answer (`issues`), or the
 * whole of one.
 */
#ifndef INTERACTION_TERM_OUTCOME_H
#define INTERACTION_TERM_OUTCOME_H

#include "fhir/terminology.h"
#include "interaction/turn.h"

typedef struct TermIssue {
    const char *severity, *code, *kind; /* kind: tx-issue-type, or NULL */
    Str         where, text;
} TermIssue;

typedef struct TermIssues {
    Arena    *arena;
    TermIssue at[64];
    size_t    count;
} TermIssues;

void term_issue(TermIssues *issues, const char *severity, const char *code, const char *kind,
                Str where, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Whether one of that severity is there. */
bool term_issues_have(const TermIssues *issues, const char *severity);

/* … or of that kind. */
bool term_issues_about(const TermIssues *issues, const char *kind);

/* The OperationOutcome; empty issues give an empty text. */
Str term_issues_outcome(const TermIssues *issues);

/* The texts of errors and warnings, or of all if there is neither, in order of the alphabet, with
 * "; " between. */
Str term_issues_message(const TermIssues *issues);

/* An answer that is nothing but such an outcome. */
Fail term_refuse(Answer *answer, int status, const TermIssues *issues);

/* What is missing, as an issue. `why`: "so the code cannot be validated". */
Fail term_gap_issue(Terms *t, TermIssues *issues, const TermGap *gap, Str where,
                    const char *why) MUST_USE;

/* "1.0.0 or 1.2.0": the versions there are of a system. */
Fail term_versions_text(Terms *t, TypeId type, Str url, Str *out) MUST_USE;

/* "url|version", or url alone. */
Str term_versioned(Arena *a, Str url, Str version);

#endif
