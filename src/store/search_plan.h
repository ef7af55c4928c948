/*
 * Where a search starts, and the statement that follows: see search_plan.c.
 */
#ifndef STORE_SEARCH_PLAN_H
#define STORE_SEARCH_PLAN_H

#include "store/search_clause.h"
#include "store/search_counts.h"

typedef enum Start {
    START_NOWHERE,  /* something it names is unknown here: nothing matches */
    START_TYPE,     /* all of the type, from the newest on (or of a patient's record) */
    START_ORDERED,  /* one value of one clause: its rows come by rid */
    START_BOTH,     /* what two clauses have in common: each steps to where the other stands */
    START_GATHERED, /* what one clause finds, gathered and brought into order */
    START_COMPARTMENT, /* what refers to the compartment's patient, gathered */
} Start;

typedef struct SearchPlan {
    TypeId   type;
    View     view;
    Start    start;
    Term    *terms;
    uint32_t count;
    uint32_t first;    /* START_ORDERED, START_GATHERED: the clause it starts from */
    uint32_t second;   /* START_BOTH: and the other */
    uint64_t estimate; /* how many that clause finds; UINT64_MAX: not counted */
    bool     at_least; /* … or more: counting was broken off */
    int64_t  owner;    /* rid of the compartment's owner, often a patient; 0: no compartment */
    TypeId   owner_type;
    int64_t *owner_params;
    size_t   owner_param_count;
    bool     limited;     /* rows narrow the permit, so each resource is looked up */
    SearchCounts *counts; /* what is remembered, of a log that goes up to … */
    uint64_t      newest;
} SearchPlan;

/* The part of all matches that is wanted. */
typedef struct Range {
    int64_t  rid;    /* only below it; `back`: only above it */
    bool     back;   /* the smallest rids first */
    uint64_t pinned; /* only what has not changed since that place; UINT64_MAX: all */
} Range;

/* All of it: from the newest on, unpinned. */
extern const Range range_all;

Fail plan_make(Call *c, const Store *s, Db *db, View view, const Query *query,
               SearchPlan *out) MUST_USE;

/* Whether what it starts from answers that clause. */
bool plan_starts_from(const SearchPlan *p, uint32_t number);

/* Appends " FROM … WHERE …": c is what is there. */
void plan_put_body(SqlText *sql, const SearchPlan *p, Range range);

/* Rows of a parameter are of resources of its type that are there. So where all of the practice may
 * be seen, and nothing has changed that must be left out, what is found in them need not be looked
 * up before it is known to be wanted. */
bool plan_is_bare(const SearchPlan *p, Range range);

/* Then: appends " FROM … WHERE …", d being what is found; and, behind that as a part of the
 * statement in parentheses, "… d …" that makes it what is there, c. */
void plan_put_bare(SqlText *sql, const SearchPlan *p, Range range);
void plan_put_current(SqlText *sql, const SearchPlan *p);

/* Sees to it that the estimate, of what it starts from, is exact or at least `most`; not where that
 * is a compartment. */
Fail plan_count_start(Call *c, Db *db, SearchPlan *p, uint64_t most) MUST_USE;

/* Appends " ORDER BY … LIMIT …". */
void plan_put_order(SqlText *sql, const SearchPlan *p, Range range, uint32_t most);

/* Appends " AND …" for each clause and the compartment: for looking at a resource c by itself. */
void plan_put_conditions(SqlText *sql, const SearchPlan *p);

#endif
