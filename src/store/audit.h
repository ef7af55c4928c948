/*
 * Audit records as bytes: compact, the same every time, with the number of the form in front of
 * each commit's records so that later forms can be told apart.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/state.h"

enum {
    AUDIT_FORM = 1,
    AUDIT_DETAIL_MAX = 4096, /* a longer query is cut */
    AUDIT_TEXT_MAX = 128,    /* request id, address */
    AUDIT_RECORD_MAX = AUDIT_DETAIL_MAX + 2 * AUDIT_TEXT_MAX + 2 * ID_CHARS_MAX + 80,
};

/* Bytes the record takes at most. */
size_t audit_size_max(const AuditRecord *r);

/* Appends to `out`, which has room for audit_size_max(); gives the bytes written. */
size_t audit_encode(const AuditRecord *r, char *out);

/* Takes the next record off *bytes; texts point into them or into the arena. False if they are
 * damaged. */
bool audit_decode(Arena *a, Str *bytes, AuditRecord *out);

/* Where the next record goes. */
Fail audit_next_place(Call *c, Db *db, uint64_t *place) MUST_USE;

/* One row for the records of one commit. */
Fail audit_put(Call *c, Db *db, uint64_t place, Str records) MUST_USE;

#endif
