/*
 * Looking through the audit log for somebody: the one who may see all of it, or a patient, who sees
 * what concerns the own record and is filtered like the record itself (security 3.5).
 */
#ifndef INTERACTION_AUDIT_LOOK_H
#define INTERACTION_AUDIT_LOOK_H

#include "fhir/search.h"
#include "interaction/audit_event.h"
#include "interaction/turn.h"

typedef struct AuditLook {
    Call            *call;
    Session         *session;
    const Principal *principal;
    Str              base;
    Arena           *kept;   /* what outlives a stretch of the log; the call's arena does not */
    Str              only;   /* the patient whose record it is about; empty: everybody's … */
    bool             masked; /* … and that patient looks, or somebody in that name */
    AuditActor      *actors; /* by grant, as they are met */
    bool            *known;
    uint32_t         actor_room;
} AuditLook;

/* For the permit of a deed on AuditEvent. Ends with the call. FAIL_FORBIDDEN: it is narrowed by rows,
 * which are about what is stored. */
Fail audit_look_begin(Call *c, Session *s, const Turn *turn, AuditLook *out) MUST_USE;

Fail audit_look_actor(AuditLook *look, uint32_t grant, const AuditActor **out) MUST_USE;

/* Whether it may be told of the record at all. */
Fail audit_look_sees(AuditLook *look, const AuditRecord *record, bool *sees) MUST_USE;

/* One event after the other, the newest first unless `up`, from `place` and behind its part `part`
 * (0: from the end); take() says whether to go on. *place and *part then tell where it stopped;
 * *place 0: there is no more. The record may be changed by masking; texts last for one take(). */
typedef struct AuditLooking AuditLooking;
struct AuditLooking {
    AuditLook *look;
    bool       up;
    uint64_t   place, until; /* until: the last record to look at; 0: all */
    uint32_t   part;
    /* false: nothing of that record is wanted, which is cheap to say; NULL: all are */
    Fail (*wants)(AuditLooking *looking, const AuditRecord *record, bool *wanted);
    Fail (*take)(AuditLooking *looking, const AuditEvent *event, bool *go_on);
};

Fail audit_look_through(AuditLooking *looking) MUST_USE;

#endif
