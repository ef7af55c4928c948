/*
 * Dates that reach into a stretch of time: what is found by "ge", "gt", "lt", "le" and "ap". An
 * interval may begin at any time before what it reaches; but all except the long ones, which have an
 * index of their own by their ends, begin little before.
 */
#ifndef STORE_SEARCH_WINDOW_H
#define STORE_SEARCH_WINDOW_H

#include "store/search_plan.h"

struct Window {
    int64_t after,
        before;  /* ends after the one, begins before the other; INT64_MAX: whenever */
    bool by_end; /* the long ones are looked up by their ends, else by when they begin */
};

/* Gives each date clause that has a lower bound its window; where a resource has one value only, that
 * of all the clauses of the same parameter together. */
void windows_make(Arena *a, Term *terms, uint32_t count);

/* Finds out how the long ones are best looked up. */
Fail window_weigh(Call *c, Db *db, View view, Term *term) MUST_USE;

/* Appends "SELECT x.rid FROM … WHERE …". */
void window_put_finding(SqlText *sql, const Term *t);

#endif
