/* What was there before an item of an import came. */
#ifndef STORE_BULK_BEFORE_H
#define STORE_BULK_BEFORE_H

#include "store/state.h"

typedef struct Before {
    uint64_t  seq, version; /* of the newest version in the database; 0: none */
    bool      deleted;
    bool      same; /* the item is there already */
    IndexRows rows; /* in the tables for it */
} Before;

/* Looks on a session that was entered with the import's permit. FAIL_CONFLICT: the item's exact
 * version is there with another text. */
Fail before_look(Call *c, Session *s, const BulkItem *item, Before *out) MUST_USE;

#endif
