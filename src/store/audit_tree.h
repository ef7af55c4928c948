/*
 * The hash tree over the audit log, and the checkpoints signed over it. It is derived from the
 * log a little after the records are durable: who answers a call does not wait for it.
 */
#ifndef STORE_AUDIT_TREE_H
#define STORE_AUDIT_TREE_H

#include "codec/note.h"
#include "store/audit.h"

/* A tree that grows; the tiles that are not full yet are kept beside it. */
typedef struct AuditTree {
    MerkleTree  merkle; /* of its leaves, the first is the record at place 1 */
    MerkleHash *open[MERKLE_LEVELS];
    /* Told of each tile that is full now; NULL: nobody. */
    void (*full)(void *context, unsigned level, uint64_t number, const MerkleHash *hashes);
    void *context;
} AuditTree;

void audit_tree_begin(AuditTree *tree, Arena *a);
void audit_tree_add(AuditTree *tree, const AuditEntry *entry);

/* Makes the tree of the first `size` records from tiles and records. `full` is not told. */
Fail audit_tree_load(Call *c, Session *s, AuditTree *tree, uint64_t size) MUST_USE;

/* A tile that is kept, 256 hashes to `out`; *found tells whether there is a whole one. */
Fail audit_tile_read(Call *c, Session *s, unsigned level, uint64_t number, MerkleHash *out,
                     bool *found) MUST_USE;

/* The `width` first hashes of a tile, made from what lies below where it is not kept. */
Fail audit_tile_make(Call *c, Session *s, Digest *d, unsigned level, uint64_t number,
                     size_t width, MerkleHash *out) MUST_USE;

/* Name and key of the log; made with its first checkpoint. FAIL_NOT_FOUND before that. */
Fail audit_signer_load(Call *c, Session *s, NoteSigner *out) MUST_USE;

/* Looks up how far the log is signed. */
Fail audit_signed_load(Call *c, Store *s, Db *db) MUST_USE;

/* Signs the log from time to time, on a thread of its own, and when it is stopped. */
Fail audit_signer_start(Call *c, Store *s) MUST_USE;
void audit_signer_stop(Store *s);

#endif
