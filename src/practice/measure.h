/*
 * Outcome measures: a Questionnaire that says with the extension urn:hale:measure how its answers are scored. The data
 * are the template's; here is only arithmetic.
 */
#ifndef PRACTICE_MEASURE_H
#define PRACTICE_MEASURE_H

#include "practice/note.h"

typedef struct Score {
    bool     is_measure; /* the template says how it is scored; else nothing below counts */
    bool     scored;     /* enough was answered */
    double   value;
    uint32_t items, missing;
    uint32_t band; /* node of the band in the template, 0: none holds the value */
} Score;

/* Scores a response by its template. */
Fail measure_score(Note *n, Score *out) MUST_USE;

/* Adds the Observation of a score to the transaction, derived from the response of that id, in place of the one that was
 * made of earlier answers and is not signed; nothing where it is no measure. Not scored: what was made before is marked as
 * entered in error. `locked`: it bears the tag of signed notes. Its id, or nothing. */
Fail measure_put(Note *n, const Score *score, Str response, bool locked, Str *id) MUST_USE;

AnswerFunction measure_score_answer;

#endif
