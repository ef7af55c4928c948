/*
 * What can be asked of the audit log, by the command line or, through a server that has the
 * folder open, by its owner. That it was asked is itself in the log.
 */
#ifndef EXCHANGE_AUDIT_DESK_H
#define EXCHANGE_AUDIT_DESK_H

#include "store/store.h"

/* Everything as it was written on the command line; what is empty was not given. */
typedef struct AuditAsked {
    Str command;       /* see audit_commands */
    Str patient, name; /* report: of one patient's record; of one who held a token */
    Str from, until;   /* report: dates, each as far as it reaches */
    Str sort;    /* report: a member of its lines; with '-' before it the other way round */
    Str record;  /* prove: its number */
    Str witness; /* verify: a checkpoint from elsewhere */
    Str cross;   /* verify: "yes": the log of changes is compared, too */
} AuditAsked;

/* The texts of AuditAsked by their names, for who reads or writes them as JSON. */
typedef struct AuditField {
    const char *name;
    size_t      at; /* of the Str in AuditAsked */
} AuditField;

extern const AuditField audit_fields[];
extern const size_t     audit_field_count;

/* "report", "verify", … with a sentence about each; the last has no name. */
typedef struct AuditCommand {
    const char *name, *help;
} AuditCommand;

extern const AuditCommand audit_commands[];

/* Answers in lines that are put(context, line) one by one, without line ends; false stops.
 * *status is what the process ends with: 0, or as `verify` has it: 3 altered, 4 cut off or rolled
 * back, 5 another log than the witness has seen, 6 times that cannot be, 7 not what the log of changes says. FAIL_VALUE names what
 * was wrongly asked; FAIL_TOO_COSTLY: too many lines to sort. */
Fail audit_answer(Call *c, Store *s, const AuditAsked *asked,
                  bool (*put)(void *context, Str line), void *context, int *status) MUST_USE;

#endif
