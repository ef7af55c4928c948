/*
 * Opening a record in an emergency (security rule A9): a person who has just proved who they are
 * gives a reason and gets a token of their own for one patient's record, to read and search, for
 * an hour at most. It is no app's, and dies with the session it was made in, with the login, and
 * when its owner or the privacy officer ends it. What seals a note is not broken by it. Whoever
 * watches over privacy must look at each within REVIEW_HOURS.
 */
#ifndef ACCESS_BREAK_GLASS_H
#define ACCESS_BREAK_GLASS_H

#include "access/sign_in.h"

enum {
    GLASS_MINUTES_MAX = 60,
    GLASS_MINUTES = 30, /* where none are asked for */
    GLASS_WORDS_MIN = 10,
    GLASS_WORDS_MAX = 1000,
    REVIEW_HOURS = 72,
};

typedef struct GlassAsked {
    Str patient;
    Str reason; /* a word of glass_reasons() */
    Str words;  /* why, in the person's own */
    Str minutes;
} GlassAsked;

/* "emergency, …" */
Str glass_reasons(Arena *a);

/* FAIL_FORBIDDEN to who may not or has not proved it lately; FAIL_VALUE, FAIL_REQUIRED. */
Fail glass_break(Call *c, Session *s, const Person *person, const GlassAsked *asked,
                 char token[TOKEN_CHARS + 1], uint32_t *number, int64_t *ends_us) MUST_USE;

/* Ends one at once: their own, or anybody's by who watches over privacy. FAIL_NOT_FOUND. */
Fail glass_end(Call *c, Session *s, const Person *person, Str number) MUST_USE;

/* Notes that it was looked at, and what was found. Nobody reviews their own. `person` NULL: the
 * owner of the data folder. FAIL_NOT_FOUND, FAIL_REQUIRED. */
Fail glass_review(Call *c, Session *s, const Person *person, Str number, Str verdict) MUST_USE;

/* "open", "to review", "overdue", "reviewed": what is to be done about it now. */
Str glass_state(const Call *c, const Glass *glass);

#endif
