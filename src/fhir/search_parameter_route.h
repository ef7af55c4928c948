/*
 * Where an expression leads in resources of one type: routes from element to element, and from
 * these the trail that index_derive() walks. The rules are those by which
 * tools/definitions/searches.py makes the tables of the standard's own parameters.
 */
#ifndef FHIR_SEARCH_PARAMETER_ROUTE_H
#define FHIR_SEARCH_PARAMETER_ROUTE_H

#include "fhir/definitions_data.h"
#include "fhir/search_parameter_path.h"

typedef struct RouteStep {
    uint16_t   element; /* in elements[] */
    TrailGuard guard;
} RouteStep;

enum { ROUTE_STEPS_MAX = LIMIT_EXPRESSION_STEPS + 1 };

typedef struct Route {
    RouteStep steps[ROUTE_STEPS_MAX];
    uint32_t  count;
    TypeId    end; /* the structure it leads to */
} Route;

/* What is found for a parameter, or for a part of a composite. */
typedef struct Routes {
    Call      *call;
    Str        where; /* for what is noted */
    SearchType type;
    Route     *routes; /* each once */
    uint32_t   count, room;
    uint16_t   kinds; /* 1 << RowKind for each kind of row */
    bool       exists;
    TypeId     only_type;
    TypeId     misfit; /* a structure it also led to that its type has no rows for; 0: none */
} Routes;

/* Adds where a branch leads that begins at a structure. The name of `base` in front of it is
 * passed over. FAIL_UNPROCESSABLE with the place in the expression. */
Fail routes_follow(Routes *r, const PathBranch *branch, Route from, TypeId base) MUST_USE;

/* The same for a composite itself: all ends count, whatever they are. */
Fail routes_follow_to_ends(Routes *r, const PathBranch *branch, TypeId base) MUST_USE;

bool route_equal(const Route *a, const Route *b);

/* A trail whose first place is the routes' beginning, and which emits `*emit` where they end;
 * appended to what `trail` has. Gives the number of that place. */
typedef struct TrailMaking {
    Arena      *arena;
    TrailPlace *places;
    TrailEdge  *edges;
    TrailGuard *guards;
    uint32_t    place_count, edge_count, guard_count;
} TrailMaking;

uint16_t trail_add(TrailMaking *t, const Route *routes, uint32_t count);

#endif
