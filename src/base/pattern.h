/*
 * Regular expressions that cannot run away: every text is matched in one pass, whatever the
 * expression (states times characters; nothing is tried twice). What can be said: characters, ".",
 * classes "[a-z]" "[^,]", escapes \d \D \w \W \s \S \t \n \r \f, groups "( )" "(?: )", "|", "*", "+", "?",
 * "{n}", "{n,}", "{n,m}", lazy forms of these, "^" and "$" at the ends. References back and
 * looking around are not offered. Characters are those of Unicode.
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
 * call's arena and gives it back. */
bool pattern_matches(Call *c, const Pattern *pattern, Str text, bool anywhere);

#endif
