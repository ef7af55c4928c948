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

typedef struct Term     Term;
typedef struct Window   Window;
typedef struct TermStep TermStep;

/* A clause with the numbers of its texts looked up. */
struct Term {
    const Clause *clause;
    Reach         reach;
    bool          never;   /* something it names is unknown here: nothing matches */
    bool          ordered; /* the rows of the table it starts from come by rid, each once */
    int64_t      *params;
    size_t        param_count;
    int64_t       key_system; /* not 0: rows kept under any code of this system */
    int64_t      *numbers;    /* tokens, or rids; for identifiers the system of each value */
    size_t        number_count;
    int64_t      *systems; /* of a code that may be an identifier, too: see numbers */
    const Window *window;  /* of a date: the time in which what it finds lies; or NULL */
    const Term   *joined;  /* the term whose window says all that this one does; or NULL */
    Term     *under;   /* of a composite: its code by itself, whose rows come by rid; or NULL */
    TermStep *steps;   /* of a clause with steps, one for each */
    bool      limited; /* rows narrow the permit: what is followed to is looked up (limit.h) */
};

struct TermStep {
    Term     match;  /* CLAUSE_MATCH */
    int64_t *params; /* CLAUSE_TARGET, CLAUSE_REFERRER; CLAUSE_RECORD: rids of the patients */
    size_t   param_count;
};

/* For identifiers, instead of the number of a system. */
enum { ANY_SYSTEM = -1, NO_SYSTEM_KNOWN = -2 };

bool clause_is_id(const Clause *clause);
bool clause_is_last_updated(const Clause *clause);
bool clause_by_beginning(const Clause *clause); /* of what tokens stand for */

/* Whether the parameter has rows of that kind, and the table a clause is looked up in. */
bool    clause_has_kind(const Clause *clause, RowKind kind);
RowKind clause_table(const Clause *clause);

/* Looks up what the clause names; of one with steps, what each of them names. */
Fail term_make(Call *c, const Store *s, Db *db, const Clause *clause, Term *out) MUST_USE;
Fail term_make_chain(Call *c, const Store *s, Db *db, const Clause *clause, Term *out) MUST_USE;

/* The numbers of a parameter's rows, and of one it shares them with. */
void params_of(const Store *s, const SearchParam *param, Arena *a, int64_t **out,
               size_t *count);

/* Whether it looks at rows with that number in the place of their parameter. */
bool term_asks(const Term *t, int64_t number);

/* Whether it asks for more than the resource's rid: when its version was made. */
bool term_asks_version(const Term *t);

/* Of a clause that follows references along one way: what it looks for at the end, or NULL. */
const Term *chain_innermost(const Term *t);

/* Whether what it finds by itself are rows of its own parameters. */
bool term_finds_rows(const Term *t);

/* Appends " AND …": a condition on c.rid (and c.seq), c being a …_current view. */
void term_put_condition(SqlText *sql, const Term *t);

/* The same without " AND "; of a clause without steps, and of one with them. */
void term_put_plain(SqlText *sql, const Term *t);
void chain_put(SqlText *sql, const Term *t);

/* "x.param = …", for rows that go by another name. */
#define put_params(sql, row, params, count)                                                    \
    params_put((sql), "" row ".param = ?", "" row ".param IN ", (params), (count))
void params_put(SqlText *sql, const char *one, const char *several, const int64_t *params,
                size_t count);

/* Appends "SELECT x.rid FROM … WHERE …": the resources it finds. Not for FINDS_ONE, FINDS_NOT. */
void term_put_finding(SqlText *sql, const Term *t);
void chain_put_finding(SqlText *sql, const Term *t);

/* For an ordered term: the table it starts from as d, and the condition on it. */
void term_put_table(SqlText *sql, const Term *t);
void term_put_table_condition(SqlText *sql, const Term *t);

#endif
