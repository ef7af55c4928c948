/*
 * Regular expressions that cannot run away: all states are run side by side over the text, so the
 * time is bounded by states times characters, and nothing is tried twice. What can be said:
 * characters, ".", classes "[a-z]" "[^,]", escapes \d \D \w \W \s \S \t \n \r \f \v \0 \uXXXX and \b,
 * groups "( )" "(?: )", "|", "*", "+", "?", "{n}", "{n,}", "{n,m}", lazy forms of these, "^" and "$" for
 * the ends of the text. "." stands for line ends too. References back and looking around are not
 * offered. Characters are those of Unicode.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include "base/call.h"

typedef struct Pattern Pattern;

/* FAIL_VALUE with the place in the expression; FAIL_TOO_COSTLY past LIMIT_PATTERN_STATES. The
 * pattern lives on `a` and does not point into the expression. */
Fail pattern_compile(Call *c, Arena *a, Str where, Str expression,
                     const Pattern **out) MUST_USE;

/* Whether the whole text is what the pattern says, or (`anywhere`) some part of it. Uses some of the
 * call's arena and gives it back. FAIL_TIMEOUT when the call is late: both may be a stranger's. */
Fail pattern_matches(Call *c, const Pattern *pattern, Str text, bool anywhere,
                     bool *found) MUST_USE;

/* Groups whose places are kept, the whole match among them. */
enum { PATTERN_GROUPS = 10 };

/* What a search for places costs is counted by spend(), whose failure ends it. */
typedef struct PatternSearch {
    Str    text;
    size_t from;  /* where to begin; "^" stands for the beginning of the text all the same */
    bool   whole; /* all of the text from there on, or nothing */
    Fail (*spend)(void *context, uint64_t steps);
    void *context;
} PatternSearch;

/* The first match: places[0] and places[1] are its ends, then those of its groups (-1 where a group
 * took no part). Uses some of the call's arena and gives it back. */
Fail pattern_find(Call *c, const Pattern *pattern, const PatternSearch *search,
                  int32_t places[2 * PATTERN_GROUPS], bool *found) MUST_USE;

#endif
