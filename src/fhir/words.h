/*
 * Words, for _text and _content: what a resource says to people, taken apart into words, and what
 * a search asks of them. Words are compared without case and accents; whatever is neither letter
 * nor digit stands between them. Both sides go through words_fold(), so no database's own idea of a
 * word comes into it. R4 search.html#text, #content.
 */
#ifndef FHIR_WORDS_H
#define FHIR_WORDS_H

#include "fhir/resource.h"

/* Raised when the same resource gives other words than before: indices made with another number are
 * made anew. */
enum { WORDS_RULES = 1 };

/* Each word once, with a space between two. */
typedef struct ResourceWords {
    Str narrative; /* of Narrative.div, without its markup */
    Str rest; /* further ones: of strings, markdown, displays, and of attached plain text. Not what is
                 for machines: ids, identifiers' values, references, codes, addresses, dates */
} ResourceWords;

Fail words_of(Call *c, const Resource *resource, ResourceWords *out) MUST_USE;

/* Text as its words with a space between two. */
Str words_fold(Arena *a, Str text);

/* A word as it is kept: one that is too long is cut. */
Str words_cut(Str word);

/* The value of a search: words that must all be there, "or" between alternatives, parentheses, and a
 * '*' behind the beginning of a word. Comes out in one form: folded words, with "AND" or "OR" between
 * any two, '(', ')' and '*' as words of their own, and a space between two of all these. FAIL_VALUE,
 * FAIL_NOT_SUPPORTED (phrases, "not"), FAIL_TOO_COSTLY (LIMIT_TEXT_WORDS). */
Fail words_query(Call *c, Str where, Str text, Str *out) MUST_USE;

/* Whether words have what such a query asks; `narrative`: in the narrative alone. */
bool words_match(const ResourceWords *words, Str query, bool narrative);

#endif
