/*
 * The practice's page for booking: what visitors without an account can do, free of HTTP. They hold a
 * time, say who they are, prove that an address is theirs by a code, and have a link from then on by which
 * the visit is moved or called off. All of it by $hold, $book and writes like anybody's, so every rule that
 * holds for these holds here; nothing of the record is told to them.
 */
#ifndef PRACTICE_GUEST_H
#define PRACTICE_GUEST_H

#include "access/token.h"
#include "interaction/online.h"
#include "store/guest.h"

/* ---- guest_page.c: what there is ---- */

typedef struct GuestPage {
    Str      word; /* of its address */
    Str      id;   /* of the Organization */
    Str      name, phone;
    Str      ancestors; /* origins that may show it in a frame, with spaces */
    Resource organization;
} GuestPage;

/* The page of that word: an active Organization with the identifier urn:hale:booking-page. */
Fail guest_page(Call *c, Session *s, Str word, GuestPage *out) MUST_USE;

/* Something to choose: a service, or a person. The key stands for it in addresses. */
typedef struct GuestChoice {
    Str id, key, name, more;
    Str services; /* of a person: keys of what it gives, with spaces */
} GuestChoice;

typedef struct GuestOffer {
    GuestChoice *services, *people;
    size_t       service_count, person_count;
} GuestOffer;

Fail guest_offer(Call *c, Session *s, const GuestPage *page, GuestOffer *out) MUST_USE;

/* The choice with that key, or NULL. */
const GuestChoice *guest_choice(const GuestChoice *choices, size_t count, Str key);

/* When the service is free there, each time once; `practitioner` empty: anybody. */
Fail guest_times(Call *c, Session *s, const GuestPage *page, Str service, Str practitioner,
                 Moment within, FreeTimes *out) MUST_USE;

/* The name of a Practitioner, of a Location or Organization; empty where there is none. */
Str guest_name(Call *c, Session *s, TypeId type, Str id);

/* ---- guest.c: what is done ---- */

typedef struct GuestDetails {
    Str  given, family, birth, mail, phone;
    bool by_phone; /* the code goes to the phone */
    bool french;
} GuestDetails;

/* What is wrong with what was typed; NULL: nothing. In both languages. */
typedef struct GuestFaults {
    const char *given[2], *family[2], *birth[2], *mail[2], *phone[2];
} GuestFaults;

/* True: nothing is wrong with it. */
bool guest_details_check(Call *c, const GuestDetails *d, GuestFaults *out);

GuestDetails guest_details_read(Call *c, Str json);
Str          guest_details_write(Call *c, const GuestDetails *d);

/* "(416) 555-0100" as "+14165550100"; as it is where that cannot be told. */
Str guest_phone(Call *c, Str typed);

typedef struct GuestVisit {
    Guest       guest;
    Version     version; /* of the Appointment */
    Resource    appointment;
    FreeService service;
    const Zone *zone;
    Moment      time;
    Str         status;
} GuestVisit;

typedef enum GuestResult {
    GUEST_DONE,
    GUEST_TAKEN,      /* somebody else has the time by now */
    GUEST_WRONG,      /* the code is not the one */
    GUEST_TOO_OFTEN,  /* too many codes tried, or asked for */
    GUEST_REFUSED,    /* by the rules of the service: `refusal` */
    GUEST_LATE,       /* too late to move it or call it off */
    GUEST_GONE,       /* it has ended, or was called off */
    GUEST_NO_MESSAGE, /* the code cannot be sent there */
} GuestResult;

/* Who asks, from where. */
typedef struct GuestAsked {
    Call            *call;
    Session         *session;
    const GuestPage *page;
    Str              address; /* of the client */
    Str              base;    /* "https://…", for links */
    OnlineRefusal    refusal;
    unsigned         wait_s; /* with GUEST_TOO_OFTEN */
} GuestAsked;

/* What a form carries: 43 characters. */
Str guest_secret(Call *c);

/* Holds what was proposed for that secret, once; an earlier hold of it is given up. What is booked by now
 * stays, and nothing else is held: GUEST_DONE. */
Fail guest_hold(GuestAsked *a, Str secret, Str proposal, GuestResult *out) MUST_USE;

/* What the secret of a form, or of a link, is about. FAIL_NOT_FOUND. */
Fail guest_find(GuestAsked *a, Str secret, bool link, GuestVisit *out) MUST_USE;

/* Whether it takes place, or did. */
bool guest_takes_place(const GuestVisit *visit);

/* The address of the visit that this form books, by which it is moved and called off. */
Str guest_link(GuestAsked *a, Str secret);

/* Keeps the details and sends a code to the address or phone. */
Fail guest_send_code(GuestAsked *a, GuestVisit *visit, const GuestDetails *details,
                     GuestResult *out) MUST_USE;

/* Books, if the code is right; again: the same. `link` gets the address of the visit. */
Fail guest_confirm(GuestAsked *a, GuestVisit *visit, Str secret, Str code, GuestResult *out,
                   Str *link) MUST_USE;

/* guest_change.c: by the link, whose secret goes into the next message again. */
Fail guest_cancel(GuestAsked *a, GuestVisit *visit, GuestResult *out) MUST_USE;
Fail guest_move(GuestAsked *a, GuestVisit *visit, Str secret, Str proposal,
                GuestResult *out) MUST_USE;

/* ---- guest_message.c ---- */

/* "Tuesday, 4 March 2031, 9:30" and so on, as clocks there show it. */
Str guest_when(Call *c, const Zone *zone, int64_t at_us, bool french);
Str guest_day(Call *c, int64_t day, bool french);
Str guest_clock(Call *c, const Zone *zone, int64_t at_us, bool french);

typedef enum GuestNews { GUEST_BOOKED, GUEST_MOVED, GUEST_CANCELLED, GUEST_NEWS } GuestNews;

Fail guest_message_code(GuestAsked *a, const GuestDetails *d, Str code) MUST_USE;
Fail guest_message_visit(GuestAsked *a, const GuestVisit *visit, const GuestDetails *d,
                         GuestNews news, Str link) MUST_USE;

#endif
