/* A report of the audit log: some of its records, in some order, as lines of JSON. */
#ifndef EXCHANGE_AUDIT_REPORT_H
#define EXCHANGE_AUDIT_REPORT_H

#include "store/store.h"

/* What a report can be sorted by: each member of its lines. */
typedef enum AuditSort {
    SORT_RECORD, /* as they were written */
    SORT_AT,
    SORT_GRANT,
    SORT_NAME,
    SORT_INTERACTION,
    SORT_OUTCOME,
    SORT_STATUS,
    SORT_TYPE,
    SORT_ID,
    SORT_VERSION,
    SORT_PATIENT,
    SORT_REQUEST,
    SORT_ADDRESS,
    SORT_DETAIL,
    SORT_ROWS,
    AUDIT_SORTS,
} AuditSort;

typedef struct AuditReport {
    Str       patient, name; /* only theirs; empty: everybody's */
    int64_t   from_us, until_us;
    AuditSort sort;
    bool      descending;
} AuditReport;

/* From how dates and sort were written; FAIL_VALUE naming them. */
Fail audit_report_read(Call *c, Str from, Str until, Str sort, AuditReport *out) MUST_USE;

/* put(context, line) for each record; false stops. In the order of the log it needs no memory to
 * speak of; sorted, FAIL_TOO_COSTLY above LIMIT_REPORT_SORTED lines. */
Fail audit_report(Call *c, Session *s, const AuditReport *report,
                  bool (*put)(void *context, Str line), void *context) MUST_USE;

#endif
