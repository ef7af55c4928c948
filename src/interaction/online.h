/*
 * The rules of a service for those who book themselves, beside those that say when (free.h): patients with
 * an app of theirs, and visitors of the practice's page.
 */
#ifndef INTERACTION_ONLINE_H
#define INTERACTION_ONLINE_H

#include "interaction/change.h"
#include "interaction/free.h"

typedef enum OnlineRefusal {
    ONLINE_FINE,
    ONLINE_BLOCKED,        /* a Flag of the patient says so */
    ONLINE_ONLY_NEW,       /* the service is for those who have not been here yet */
    ONLINE_ONLY_RETURNING, /* … for those who have */
    ONLINE_TOO_MANY,       /* as many are booked as may be at a time */
} OnlineRefusal;

/* Whether that patient may have one more; empty: somebody who is not in the record yet. The Appointment
 * `except` is not counted. */
Fail online_look(Call *c, Session *s, const FreeService *service, Str patient, Str except,
                 OnlineRefusal *out) MUST_USE;

/* The same, FAIL_UNPROCESSABLE where it may not. */
Fail online_check(Call *c, Session *s, const FreeService *service, Str patient,
                  Str except) MUST_USE;

/* Whether what begins then can no longer be called off or moved by who has booked it. */
bool online_too_late(const Call *c, const FreeService *service, int64_t start_us);

/* The id of the service an Appointment is for, and whether it is held still; empty: none. */
Str online_service_id(const Resource *appointment);

/* What a patient may do to an Appointment (of `old`, or NULL) other than by $hold and $book: ask for one
 * (proposed, waitlist), and call one off in time. FAIL_FORBIDDEN, FAIL_UNPROCESSABLE. */
Fail online_check_change(Call *c, const Step *step, const Resource *r,
                         const Version *old) MUST_USE;

#endif
