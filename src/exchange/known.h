/*
 * What conditions were found to mean while importing: "Practitioner?identifier=…" is
 * "Practitioner/…". Shared by threads. Forgets everything when it has grown large, which costs
 * searches, not truth.
 */
#ifndef EXCHANGE_KNOWN_H
#define EXCHANGE_KNOWN_H

#include "base/arena.h"

typedef struct Known Known;

Known *known_create(void);
void   known_destroy(Known *k);

/* The reference that a condition means, copied to the arena; empty if it is not known. */
Str  known_find(Known *k, Arena *a, Str condition);
void known_put(Known *k, Str condition, Str reference);
void known_forget(Known *k);

#endif
