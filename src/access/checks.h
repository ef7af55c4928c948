/*
 * How far what is written is checked, beyond what the door checks of everything: the rows under "checks" of
 * the policy's text (policy.h), so that each version of them is kept with it.
 *
 *     "checks": [ { "types": ["*"], "level": "structure" },
 *                 { "types": ["Observation"], "level": "declared" },
 *                 { "types": ["Patient"], "level": "declared", "profile": "http://…" } ]
 *
 * The last row that names a type decides; "*" names all. No row: off.
 */
#ifndef ACCESS_CHECKS_H
#define ACCESS_CHECKS_H

#include "store/store.h"

typedef enum CheckLevel {
    CHECK_OFF,       /* what reading a resource checks (resource.h), and nothing else */
    CHECK_STRUCTURE, /* and the standard's invariants, bindings, references, extensions */
    CHECK_DECLARED,  /* and the profiles that meta.profile names */
} CheckLevel;

typedef struct Check {
    CheckLevel level;
    Str        profile; /* that it must conform to, or empty */
} Check;

/* What the text says of a type. FAIL_VALUE, FAIL_STRUCTURE naming
 * the row ("checks[1].level"). */
Fail checks_read(Call *c, Str policy, TypeId type, Check *out) MUST_USE;

/* Whether the text can come into force. FAIL_TOO_COSTLY, and as checks_read(). */
Fail checks_check(Call *c, Str policy) MUST_USE;

/* What is in force: a new policy counts within a second. */
Fail checks_find(Call *c, Session *s, TypeId type, Check *out) MUST_USE;

#endif
