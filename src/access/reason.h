/*
 * Why a login may do something with a resource or may not (issue 4, item 2): what decides is found by
 * asking the same permits that the record is guarded by, first whole and then without one row after
 * the other. Nothing of the resource is told but that: whoever calls this must have made sure that the
 * asker may hear it.
 */
#ifndef ACCESS_REASON_H
#define ACCESS_REASON_H

#include "access/person.h"

typedef struct ReasonAsked {
    Str    name; /* of the login */
    Deed   deed; /* DEED_READ, DEED_SEARCH, DEED_UPDATE or DEED_DELETE */
    TypeId type;
    Str    id;
    Str    scope; /* what an app was given by the login; empty: all that the role allows */
} ReasonAsked;

typedef struct Reason {
    bool allowed;
    /* What decides: "login", "record", "policy", "switch", "scope", "label" (any row that withholds), "consent",
     * "criterion" (of rows that give some of a type only), "resource" (there is none, or it was
     * deleted). */
    Str  by;
    Str  why; /* a sentence */
    Str rows; /* rows of the policy that decide, a line each as in policy_describe(); or empty */
    Str patient; /* whose record the resource is in; empty if nobody's, or several people's */
} Reason;

/* FAIL_NOT_FOUND: no such login. FAIL_VALUE: a type that is not kept, an id that cannot be one. Failures
 * of scopes_read(). */
Fail access_explain(Call *c, Session *s, const ReasonAsked *asked, Reason *out) MUST_USE;

#endif
