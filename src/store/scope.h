/*
 * Scope: a Permit as the database sees it. The scoped views of a connection look at it through
 * functions, so that a row outside the permit cannot be reached by any statement, whatever its
 * text: see schema/views.sql. A zeroed Scope shows nothing.
 */
#ifndef STORE_SCOPE_H
#define STORE_SCOPE_H

#include "store/permit.h"

typedef struct Scope {
    uint32_t         practice;
    uint8_t          reach; /* PermitReach */
    bool             owner; /* the store's own statements: facts, audit, dictionaries, grants */
    int64_t          patient; /* REACH_PATIENT: rid of the Patient; 0 if there is none */
    TypeSet          types;   /* what may be seen */
    TypeSet          shared;  /* of these, what is nobody's record */
    struct LimitSet *limits;  /* limit.h; NULL: all of the types */
    const MaskSet   *masks;   /* elements that nothing may be found by */
} Scope;

/* The three ways rows are looked at; each has views of its own. */
typedef enum View {
    VIEW_PRACTICE, /* REACH_PRACTICE: everything of the types allowed */
    VIEW_CHART,    /* REACH_PATIENT: through the patient's compartment */
    VIEW_SHARED,   /* REACH_PATIENT: types that are nobody's record */
    VIEWS
} View;

/* Types whose instances are nobody's record and may be read by every patient's app. Unlisted
 * types without a place in a compartment stay invisible there. */
bool scope_type_shared(TypeId type);

/* Which views show resources of that type under that permit. */
View scope_view(const Permit *permit, TypeId type);

/* The scope of a permit, but for `patient`, which the session looks up. */
Scope scope_of(const Permit *permit);

#endif
