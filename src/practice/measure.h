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

/* Adds the Observation of a score to the transaction, derived from the response of that id; nothing where it is no measure
 * or not scored. `locked`: it bears the tag of signed notes. Its id, or nothing. */
Str measure_put(Note *n, const Score *score, Str response, bool locked);

AnswerFunction measure_score_answer;

#endif
