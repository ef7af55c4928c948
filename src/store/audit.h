/*
 * Audit records as bytes: compact, the same every time, with the number of the form in front of
 * each commit's records so that later forms can be told apart.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "codec/digest.h"
#include "store/state.h"

enum {
    AUDIT_FORM = 3,
    AUDIT_SALT_BYTES = 16,
    AUDIT_DETAIL_MAX = 4096, /* a longer query is cut */
    AUDIT_TEXT_MAX = 128,    /* request id, address */
    AUDIT_RECORD_MIN = 120,  /* without its texts: numbers, lengths, salt */
};

/* Bytes the record takes at most. */
size_t audit_size_max(const AuditRecord *r);

/* Appends to `out`, which has room for audit_size_max(); gives the bytes written. */
size_t audit_encode(const AuditRecord *r, char *out);

/* Takes the next record off *bytes; texts point into them or into the arena. False if they are
 * damaged. */
bool audit_decode(Arena *a, Str *bytes, AuditRecord *out);

/* A record as it stands in the log, in its parts. What the log's hash tree has for a leaf is
 * `core` and, where there is more, the digest of `salt`, `others` and `detail` (audit_leaf()): so
 * these could be taken away, or kept from who checks a proof, and the tree would still hold. */
typedef struct AuditEntry {
    int form;
    Str core, salt, others, detail;
} AuditEntry;

enum { AUDIT_LEAF_MAX = AUDIT_RECORD_MIN + 3 * ID_CHARS_MAX + 2 * AUDIT_TEXT_MAX + 32 };

/* Writes the leaf to `out`; gives its length. The digest is the caller's. */
size_t audit_leaf(Digest *d, const AuditEntry *entry, char out[AUDIT_LEAF_MAX]);

/* What the parts say; texts point into them or into the arena. False if they are damaged. */
bool audit_entry_read(Arena *a, const AuditEntry *entry, AuditRecord *out);

/* Walks the log from behind the record `after`, which needs not be there. */
typedef struct AuditWalk AuditWalk;
struct AuditWalk {
    uint64_t after;
    /* false stops */
    bool (*entry)(AuditWalk *walk, uint64_t place, const AuditEntry *entry);
    uint64_t damaged; /* filled in: where nothing could be read any more; 0: all could */
};

/* Goes through the records of one row of the log, the first of which is at *place; *place is then
 * behind the last that was read. False if the row is damaged there. */
bool audit_row_walk(Str records, AuditWalk *walk, uint64_t *place);

/* FAIL_SYSTEM, with `damaged`, where the log is damaged. */
Fail audit_walk(Call *c, Session *s, AuditWalk *walk) MUST_USE;

/* Where the next record goes. */
Fail audit_next_place(Call *c, Db *db, uint64_t *place) MUST_USE;

/* One row for the records of one commit. */
Fail audit_put(Call *c, Db *db, uint64_t place, Str records) MUST_USE;

#endif
