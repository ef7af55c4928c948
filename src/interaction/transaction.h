/* A transaction under way: transaction.c leads it, resolve.c finds out who is who. */
#ifndef INTERACTION_TRANSACTION_H
#define INTERACTION_TRANSACTION_H

#include "interaction/batch.h"

typedef struct Entry {
    const BundleEntry *bundled;
    const Row         *row;
    Turn               turn;
    Asked              asked;
    Answer             answer;
    Step               step;
    Str                new_id;  /* drawn once, kept when the transaction is tried again */
    Str                id;      /* of what the entry is about, as far as it is one */
    struct Entry      *same_as; /* an earlier conditional create with the same criteria */
    size_t             first_change;
    Str                outcome; /* of a read that failed */
    IndexRows          rows;    /* of the resource as it was sent, once they were needed */
    bool               has_rows;
    uint8_t            rank;
} Entry;

typedef struct Transaction {
    const Turn    *turn;
    const Bundle  *bundle;
    Entry         *entries;
    uint32_t       count;
    BundleTargets *targets;
    Condition     *conditions; /* of conditional references */
    size_t         condition_count;
    bool           of_batch; /* one entry of a batch, which has a record of its own */
} Transaction;

/* Carries out all changes or none, with their audit records, and puts each entry's answer in
 * place. Reads are left to the caller. `turn`, `bundle`, `entries` and `count` must be set. */
Fail transaction_run(Call *c, Session *s, Transaction *t) MUST_USE;

/* Gives each entry its id: the address, what its criteria match, or a new one; then says where
 * references lead, conditional ones included (TX-05 to TX-07). */
Fail transaction_resolve(Call *c, Session *s, Transaction *t) MUST_USE;

#endif
