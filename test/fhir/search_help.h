/* What tests of query strings share. */
#ifndef TEST_SEARCH_HELP_H
#define TEST_SEARCH_HELP_H

#include "fhir/search.h"
#include "test/unit.h"

#define BASE STR("https://clinic.example/fhir")

Fail query_read(TypeId type, const char *text, Query *out);

/* The first value of the only clause. */
ClauseValue query_value(TypeId type, const char *text);

/* That it is refused so, and where. */
void query_check_refused(int line, TypeId type, const char *text, Fail expected,
                         const char *where);

#define CHECK_REFUSED(type, text, expected, where)                                             \
    query_check_refused(__LINE__, type, text, expected, where)

/* The steps of the only clause, in letters: M a match, T to a target, R to a referrer, A all, O any,
 * N not, . the end. */
Str query_steps(TypeId type, const char *text);

#define STEPS(type, text, expected) CHECK_STR(query_steps(type, text), STR(expected))

#endif
