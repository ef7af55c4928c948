/*
 * Signed means signed: what bears the tag urn:hale:note|signed is never changed, and nobody puts the tag on but
 * a write that says that it signs (Write.signs, adr/0027). The writer asks before each change.
 */
#ifndef STORE_SIGNED_H
#define STORE_SIGNED_H

#include "store/store.h"

/* `before` are the rows of the version that is there; none where there is none. FAIL_CONFLICT. */
Fail signed_guard(Call *c, const Change *change, const IndexRows *before) MUST_USE;

#endif
