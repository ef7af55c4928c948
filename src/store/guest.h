/*
 * Visitors of the practice's page for booking, from the time they hold to the visit: rows about people who
 * need not be in the record yet. Nothing here decides anything.
 */
#ifndef STORE_GUEST_H
#define STORE_GUEST_H

#include "store/people.h"

typedef struct Guest {
    SecretHash hash;        /* of what the forms carry */
    SecretHash link;        /* of what was sent; zeroed: nothing was */
    Str        page;        /* id of the Organization whose page it is */
    Str        appointment; /* id of what is held or booked */
    Str        service;     /* id */
    Str        details;     /* what was typed, as JSON; empty: nothing yet */
    Str        patient;     /* id, once it is confirmed */
    SecretHash code;        /* zeroed: none was sent */
    uint32_t   tries;       /* at the code */
    bool       done;        /* confirmed */
    int64_t    ends_us;     /* from then on it is forgotten */
} Guest;

/* In place of the row there was, unless that is done and this is not; rows that have ended go. A code that
 * was sent, and the tries at it, stay as they are in the store, as long as the appointment does. */
Fail store_guest_put(Call *c, Store *s, const Guest *guest) MUST_USE;

/* Of the row there is the details, the code, no try at it, and the end; nothing where it is done. */
Fail store_guest_put_code(Call *c, Store *s, Guest *guest) MUST_USE;

/* FAIL_NOT_FOUND: there is none, or it has ended. */
Fail store_guest_find(Call *c, Session *s, const SecretHash hash, Guest *out) MUST_USE;
Fail store_guest_by_link(Call *c, Session *s, const SecretHash link, Guest *out) MUST_USE;

/* Counts a try at the code; not allowed once there were `most`. */
Fail store_guest_try(Call *c, Store *s, const SecretHash hash, uint32_t most,
                     bool *allowed) MUST_USE;

#endif
