/*
 * How many a clause was found to find, remembered for the next plan. What is remembered may be out of
 * date by an eighth: it says where to start, never what matches.
 */
#ifndef STORE_SEARCH_COUNTS_H
#define STORE_SEARCH_COUNTS_H

#include "store/search_text.h"

typedef struct SearchCounts SearchCounts;

/* Lives as long as the arena. Any thread may ask and tell. */
SearchCounts *counts_create(Arena *arena);

/* What tells one count from another: the statement and its values. */
uint64_t counts_key(const SqlText *sql);

/* False if it is not known up to `most`, as the log stands at `newest`. */
bool counts_find(SearchCounts *counts, uint64_t key, uint64_t newest, uint64_t most,
                 uint64_t *count);

/* That there were `count`, `most` standing for "or more". */
void counts_keep(SearchCounts *counts, uint64_t key, uint64_t newest, uint64_t most,
                 uint64_t count);

#endif
