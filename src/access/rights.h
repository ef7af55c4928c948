/*
 * What a principal may do, put together and cut down. The sets of types say the most; limits say of
 * some of them that only what matches criteria is meant. Cutting down never widens; putting together
 * is never wider than both.
 */
#ifndef ACCESS_RIGHTS_H
#define ACCESS_RIGHTS_H

#include "access/principal.h"

/* Adds one limit: those deeds (bits, 1 << Deed), in the patient's record or the practice. FAIL_VALUE:
 * the criteria are too long; FAIL_TOO_COSTLY: SCOPE_LIMITS of them. */
Fail rights_add_limit(Call *c, Principal *to, bool chart, TypeId type, uint8_t deeds,
                      Str criteria) MUST_USE;

/* Withholds what matches, of those types. FAIL_VALUE: it is too long; FAIL_TOO_COSTLY: more than
 * PRINCIPAL_DENIALS. */
Fail rights_withhold(Call *c, Principal *p, const TypeSet *types, Str criteria,
                     Str because) MUST_USE;

/* Hides that element, or keeps it from being changed, where the resource matches. FAIL_VALUE: the
 * criteria are too long; FAIL_TOO_COSTLY: PRINCIPAL_MASKS, PRINCIPAL_MASK_CRITERIA. */
Fail rights_mask(Call *c, Principal *p, const MaskElement *element, bool read_only,
                 Str criteria) MUST_USE;

/* The deeds (bits) that are allowed with all of the type. */
uint8_t rights_whole(const Principal *p, bool chart, TypeId type);

/* Adds what `from` has. What both limit is allowed as far as either says; what one has whole is whole. */
Fail principal_add(Call *c, Principal *to, const Principal *from) MUST_USE;

/* Takes from `p` what `by` does not have. What both limit must satisfy both. Patient scopes hold for
 * one patient only: another's are taken. Where the limits would be too many or too long, those are
 * taken altogether. */
void principal_narrow(Principal *p, const Principal *by);

/* The scopes that say what it may do, version 2, in the order of the types' names: "*" for what is
 * so with all types, then what further ones have more. Empty if it may do nothing. */
Str scopes_write(Arena *a, const Principal *p);

/* The same for a client in its own name: "system/". */
Str scopes_write_system(Arena *a, const Principal *p);

#endif
