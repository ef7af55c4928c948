/*
 * Reminders of visits: before each visit that is booked, as often and as long before as its service says,
 * to those patients who want them, in their language, not in the quiet hours of the place. They go into
 * the outbox when they are due, under a name that is the same whenever this is worked out again; the
 * outbox drops what is about a visit that was cancelled or moved.
 *
 * What says so: of a HealthcareService the parts `reminder` (minutes before, several) and `sensitive` of
 * `urn:hale:service`; of a Patient `urn:hale:reminders` (email, sms; none wanted without it) and
 * communication; of a Location `urn:hale:quiet-hours` (`from`, `until`; else 21:00 to 08:00) and timezone.
 */
#ifndef PRACTICE_REMINDER_H
#define PRACTICE_REMINDER_H

#include "base/zone.h"
#include "interaction/turn.h"

/* Puts in all that became due since it was last done; `base` is our own address, without /fhir. */
Fail reminder_look(Call *c, Session *s, Str base, uint32_t *put) MUST_USE;

/* When a reminder goes out that is to come `offset_us` before the start: not in the quiet hours (seconds
 * of the day), but when they end, if that is an hour before the visit, else just before they begin. */
int64_t reminder_due(const Zone *zone, int64_t start_us, int64_t offset_us, int32_t quiet_from,
                     int32_t quiet_until);

/* When one goes out that is worked out only now: when it was due, or, if Hale was down meanwhile and it is
 * quiet by now, when the quiet hours end. */
int64_t reminder_late(const Zone *zone, int64_t due_us, int64_t now_us, int32_t quiet_from,
                      int32_t quiet_until);

/* ---- the link in a reminder, by which a visit is confirmed or called off ---- */

typedef struct ReminderLink {
    Str     visit;   /* id of the Appointment */
    Str     patient; /* id of the Patient who was reminded, and answers for nobody else */
    int64_t start_us;
    bool    french;
} ReminderLink;

/* Signed with a key of the store: it cannot be made by others, and is good for that patient and time only. */
Str  reminder_link(Arena *a, Store *s, const ReminderLink *link);
bool reminder_link_read(Arena *a, Store *s, Str text, ReminderLink *out);

typedef enum ReminderReply { REMINDER_CONFIRM, REMINDER_CANCEL } ReminderReply;

/* A visit as its link shows it. */
typedef struct ReminderVisit {
    ReminderLink link;
    Version      version;
    Resource     appointment;
    const Zone  *zone;
    bool         takes_place; /* booked, at that time, and still to come */
    bool         stands;      /* and the patient is asked to come, and has not declined */
    bool         confirmed;   /* by the patient */
    bool         late;        /* it can no longer be called off by link */
} ReminderVisit;

/* FAIL_NOT_FOUND: no link of ours. */
Fail reminder_visit(Call *c, Session *s, Str text, ReminderVisit *out) MUST_USE;

/* Does it, for the link's patient alone: the visit is off when none of its patients comes any more. Again:
 * the same. *done false: it does not stand any more, or it is too late. */
Fail reminder_reply(Call *c, Session *s, Str text, ReminderReply reply, Str base, Str address,
                    bool *done) MUST_USE;

#endif
