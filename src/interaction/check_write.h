/* Checking what is to be written by the practice's policy: access/checks.h says how far. */
#ifndef INTERACTION_CHECK_WRITE_H
#define INTERACTION_CHECK_WRITE_H

#include "fhir/resource.h"
#include "store/store.h"

/* FAIL_UNPROCESSABLE, each fault noted with path, rule, line and column, where the policy wants more of
 * that type than the resource keeps. With the definitions of the practice, whoever writes. Warnings stay on
 * the call only if `warnings`. FAIL_TOO_COSTLY. */
Fail check_write(Call *c, Session *s, const Resource *resource, bool warnings) MUST_USE;

/* The same of a whole text of which the writer may not see everything: what is wrong is not told. */
Fail check_write_hidden(Call *c, Session *s, TypeId type, Str whole) MUST_USE;

#endif
