/*
 * The rows that narrow a permit (PermitRows), carried out twice. The application's filter puts them
 * into every search as clauses (limit_query()) and asks them of every version that is given or written
 * (limit_fits()). The database's filter (limit_sees()) is asked by the scoped views for every row they
 * are about to show, and looks into the index tables itself. Each is enough without the other.
 */
#ifndef STORE_LIMIT_H
#define STORE_LIMIT_H

#include "fhir/criteria.h"
#include "store/search_clause.h"

typedef struct LimitSet LimitSet;

/* ---- pure ---- */

/* Whether rows of the permit narrow that type. */
bool limit_has(const Permit *permit, TypeId type);

/* What a resource of the type must satisfy, as one clause. FAIL_FORBIDDEN: a row cannot be understood,
 * so nothing is shown. Not for types without rows. */
Fail limit_clause(Call *c, const Permit *permit, TypeId type, Clause *out) MUST_USE;

/* Whether a resource with these rows, derived whole, lies within the permit's rows. */
Fail limit_fits(Call *c, const Permit *permit, TypeId type, Str id, const IndexRows *rows,
                bool *fits) MUST_USE;

/* ---- on a connection, under the permit that is in force there ---- */

/* NULL where the permit has no rows. Lives as long as the call. */
LimitSet *limit_begin(Call *c, const Store *s, Db *db, const Permit *permit);

/* Makes ready what the views need to show anything of that type (0: of all). What was not made ready
 * stays hidden. */
Fail limit_want(Call *c, Db *db, TypeId type) MUST_USE;

/* The query narrowed: what is searched for, and every resource on the way of a chain. */
Fail limit_query(Call *c, Db *db, const Query *query, const Query **out) MUST_USE;

/* Appends " AND …" about a resource of the type, for statements that are not made of a query. */
Fail limit_put(Call *c, Db *db, TypeId type, SqlText *sql) MUST_USE;

/* Whether rows of types or of their parameters may not stand for resources (plan_is_bare()). */
bool limit_any(const Db *db);

/* Whether something of the type may be hidden: not if the rows withhold only what nothing here has. */
bool limit_hides(const Db *db, TypeId type);

typedef enum LimitView { LIMIT_HIDES, LIMIT_SHOWS, LIMIT_FAILED } LimitView;

/* For the functions of the views: whether the resource as it is now, or any version of it, is
 * shown; whether all of a type is. */
LimitView limit_sees(const LimitSet *set, TypeId type, int64_t rid);
LimitView limit_saw(const LimitSet *set, TypeId type, int64_t rid);
bool      limit_spares(const LimitSet *set, TypeId type);

#endif
