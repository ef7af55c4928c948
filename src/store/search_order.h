/* In what order matches come: by the keys of _sort, then the one made last first. SRCH-29 */
#ifndef STORE_SEARCH_ORDER_H
#define STORE_SEARCH_ORDER_H

#include "store/search_text.h"

/* A resource's value for one key; what the key's type does not use is 0 or empty. */
typedef struct OrderValue {
    bool    missing;
    int64_t number;
    double  real;
    Str     text;
} OrderValue;

/* A match: which query found it, and as which version. */
typedef struct Match {
    const Query *query;
    int64_t      rid;
    uint64_t     seq;
    OrderValue  *values; /* one for each key */
    bool         past;   /* it has changed since: values were read from the text */
} Match;

typedef struct Matches {
    Match *at;
    size_t count, room;
} Matches;

Match *matches_add(Arena *a, Matches *m, Match match);

/* Which comes first, as with memcmp. Missing values come last in both directions; what is equal
 * comes by rid, so no two are. */
int match_compare(const Match *a, const Match *b);

/* Whether the key's values can be had beside a row (dates, texts), as a column of the statement;
 * others are read from each version. */
bool order_is_column(const OrderKey *key);

/* Appends ", (…)" for each such key from that one on, c being what is there. */
void order_put_columns(SqlText *sql, const Store *s, const Shape *shape, uint32_t first);

/* Takes those columns from the row the statement stands on. */
void order_take_columns(Arena *a, Statement *rows, int column, const Shape *shape,
                        Match *match);

/* Reads what is not a column, or with `all` every value, from the matches' versions. */
Fail order_read(Call *c, Session *s, View view, bool all, Match *matches,
                size_t count) MUST_USE;

#endif
