/*
 * Audit records as AuditEvents, the way the Basic Audit Log Patterns of IHE describe them
 * (https://profiles.ihe.net/ITI/BALP/). The log keeps compact records; these are made when somebody
 * reads them. A record that concerns several patients is several AuditEvents, one for each.
 */
#ifndef INTERACTION_AUDIT_EVENT_H
#define INTERACTION_AUDIT_EVENT_H

#include "interaction/interaction.h"

/* One of the AuditEvents of a record. */
typedef struct AuditEvent {
    const AuditRecord *record;
    const AuditActor  *actor;
    uint64_t           place;
    uint32_t           part;    /* from 1: of so many patients the how manieth */
    Str                patient; /* empty: of none */
    Str                base;    /* our own address */
    bool               masked;  /* for the patient: nothing that is about others */
} AuditEvent;

/* "17" for the first or only one of record 17, "17-3" for that of its third patient. */
Str audit_event_id(Arena *a, uint64_t place, uint32_t part);

/* The patients of a record one after the other: the next one, and whether there was one. A record of
 * nobody has one part, with an empty id. */
bool audit_event_next(Arena *a, const AuditRecord *record, Str *rest, uint32_t *part,
                      Str *patient);

/* Its JSON, compact. */
Str audit_event_text(Arena *a, const AuditEvent *event);

/* What was done, in a word or two for people: "read", "search-type", "sign-in". Never empty. */
Str audit_event_deed(const AuditRecord *record);

/* AuditEvent.action and .outcome. */
char audit_event_action(const AuditRecord *record);
Str  audit_event_outcome(const AuditRecord *record);

/* Why, as a code of v3-ActReason; empty where nothing was said. */
Str audit_event_purpose(const AuditEvent *event);

/* "2026-11-22T06:30:00.123456Z" */
Str audit_event_time(Arena *a, const AuditRecord *record);

#endif
