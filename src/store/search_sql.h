/* Searches on any connection: what store_search() and the writer's conditions share. */
#ifndef STORE_SEARCH_SQL_H
#define STORE_SEARCH_SQL_H

#include "store/search_text.h"

typedef struct Hit {
    int64_t  rid;
    uint64_t seq;
} Hit;

/* The statement of a search, put together; `never` instead where it names what is unknown here.
 * With `counting` it gives how many match, else rid and seq of up to `most` below `before`. */
Fail search_statement(Call *c, Store *s, Db *db, const Permit *permit, const Query *query,
                      bool counting, int64_t before, uint32_t most, SqlText *out,
                      bool *never) MUST_USE;

/* Up to `most` matches with rids below `before`, largest first. The connection's scope must be
 * the permit's. */
Fail search_hits(Call *c, Store *s, Db *db, const Permit *permit, const Query *query,
                 int64_t before, uint32_t most, Hit *hits, uint32_t *count) MUST_USE;

/* How many match. */
Fail search_count(Call *c, Store *s, Db *db, const Permit *permit, const Query *query,
                  uint64_t *count) MUST_USE;

/* The id of the one that matches, empty if none does. FAIL_MULTIPLE if several do. */
Fail search_one(Call *c, Store *s, Db *db, const Permit *permit, const Query *query,
                Str *id) MUST_USE;

/* The statement of store_referrers(). */
Fail referrers_statement(Call *c, const Store *s, View view, const ReferrerQuery *query,
                         int64_t target, SqlText *out) MUST_USE;

#endif
