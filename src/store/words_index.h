/*
 * The index of words, for _text and _content. It is made from the log like all that is derived, but
 * behind the writer's back: a create or an import costs nothing more. Up to some place in the log
 * it is complete; searches by words wait until that is the place they show. See
 * docs/adr/0007-words-follow-the-log.md.
 */
#ifndef STORE_WORDS_INDEX_H
#define STORE_WORDS_INDEX_H

#include "fhir/words.h"
#include "store/search_clause.h"

/* Where the index stands when a store is opened; an index made by other rules begins anew. */
Fail words_load(Call *c, Store *s, Db *db) MUST_USE;

/* If the search asks for words: makes sure that the index has reached that place in the log. Where a
 * thread follows the log it is asked to hurry, for a moment; else it is done here. FAIL_BUSY, with
 * how far it is, where that would take too long. */
Fail words_reach(Call *c, Session *s, const Search *search, uint64_t seq) MUST_USE;

/* Empties the index, so that it is made anew; then up to the end of the log. */
Fail words_remake(Call *c, Store *s) MUST_USE;

/* Ends the thread that follows the log, if there is one. */
void words_finish(Store *s);

/* ---- clauses ---- */

bool clause_is_words(const Clause *clause);

/* Whether it asks for words somewhere. */
bool query_asks_words(const Query *query);

/* The condition on a row x of …_words; and on c#: see term_put_plain(). */
void words_put_condition(SqlText *sql, const Clause *clause);
void words_put_plain(SqlText *sql, const Clause *clause);

#endif
