/* Nobody is booked twice: what an Appointment keeps busy is looked at before it is stored. */
#ifndef STORE_BUSY_H
#define STORE_BUSY_H

#include "fhir/index.h"
#include "store/writer.h"

/* One resource of a write that is to be stored: its number, 0 if it has none yet, and its rows. */
typedef struct BusyClaim {
    int64_t          rid;
    const IndexRows *rows;
} BusyClaim;

/* FAIL_CONFLICT, naming who or what is not free, if one of the claims needs an actor at a time at
 * which another Appointment, stored or in the same write, keeps it busy: a Practitioner (alone or by
 * any PractitionerRole), a Location that is a room, a bed or a vehicle, a Device, a Slot. *failed is
 * the claim. FAIL_UNPROCESSABLE for one that lasts longer than LIMIT_APPOINTMENT_DAYS. On the
 * writer's thread, so that what it has seen stays true until the commit. */
Fail busy_check(Call *c, Writer *w, uint32_t practice, const BusyClaim *claims, size_t count,
                size_t *failed) MUST_USE;

#endif
