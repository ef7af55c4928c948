/* One clause of a search as conditions on index tables. */
#ifndef STORE_SEARCH_CLAUSE_H
#define STORE_SEARCH_CLAUSE_H

#include "fhir/index.h"
#include "store/search_text.h"

/* How well a clause finds by itself: the best is what a search starts from. */
typedef enum Reach {
    FINDS_ONE,   /* by id */
    FINDS_FEW,   /* an identifier */
    FINDS_SOME,  /* a reference, a code, a text: may be many, so they are counted */
    FINDS_RANGE, /* a range of dates or numbers */
    FINDS_NOT,   /* can only be looked at, one resource after the other */
} Reach;

/* A clause with the numbers of its texts looked up. */
typedef struct Term {
    const Clause *clause;
    Reach         reach;
    bool          never;   /* something it names is unknown here: nothing matches */
    bool          ordered; /* the rows of the table it starts from come by rid, each once */
    int64_t       params[2];
    size_t        param_count;
    int64_t      *numbers; /* tokens, or rids; for identifiers the system of each value */
    size_t        number_count;
    int64_t      *systems; /* of a code that may be an identifier, too: see numbers */
} Term;

/* For identifiers, instead of the number of a system. */
enum { ANY_SYSTEM = -1, NO_SYSTEM_KNOWN = -2 };

bool clause_is_id(const Clause *clause);
bool clause_is_last_updated(const Clause *clause);

/* Whether the parameter has rows of that kind, and the table a clause is looked up in. */
bool    clause_has_kind(const Clause *clause, RowKind kind);
RowKind clause_table(const Clause *clause);

/* Looks up what the clause names. */
Fail term_make(Call *c, const Store *s, Db *db, const Clause *clause, Term *out) MUST_USE;

/* Appends " AND …": a condition on c.rid (and c.seq), c being a …_current view. */
void term_put_condition(SqlText *sql, const Term *t);

/* Appends "SELECT x.rid FROM … WHERE …": the resources it finds. Not for FINDS_ONE, FINDS_NOT. */
void term_put_finding(SqlText *sql, const Term *t);

/* For an ordered term: the table it starts from as d, and the condition on it. */
void term_put_table(SqlText *sql, const Term *t);
void term_put_table_condition(SqlText *sql, const Term *t);

#endif
