/*
 * What people keep to themselves, their discipline or those they name (fhir/privacy.h), as a row of
 * permits: whatever is private is withheld from whom it does not name. A fact about the reader that is not
 * known names nobody.
 */
#ifndef ACCESS_CONFIDED_H
#define ACCESS_CONFIDED_H

#include "access/principal.h"

/* Why, in the row. */
extern const Str confided_because;

/* The row in front of `further`; none for the owner of the data folder and in an emergency, nor as long as
 * nothing is private (*unaware: somebody who would be bound was not). */
const PermitRows *confided_rows(Call *c, const Principal *p, const PermitRows *further,
                                bool *unaware);

#endif
