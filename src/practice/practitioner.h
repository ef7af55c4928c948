/* Who gave a service, in which profession, where: what tax, invoice and receipt need of it. */
#ifndef PRACTICE_PRACTITIONER_H
#define PRACTICE_PRACTITIONER_H

#include "practice/till.h"

typedef struct Performer {
    Loaded practitioner, organization, place;
    bool   has_place;
    Str    reference;        /* "Practitioner/…" */
    Str    organization_ref; /* "Organization/…" */
    Str    profession;       /* code of urn:hale:profession */
    Str    designation;      /* "RMT" */
    Str    college;          /* who issued the registration */
    Str    registration;     /* number; empty: none in force that day */
    Str    country, region;
    bool   small_supplier; /* charges no tax */
} Performer;

typedef struct PerformerAsked {
    Str reference;    /* a Practitioner or PractitionerRole */
    Str place;        /* a Location, whose address counts; or empty */
    Str organization; /* the practice, where it is known: Invoice.issuer */
    Str date, profession;
} PerformerAsked;

/* Of several qualifications in force that day the one for `profession` counts; without it the only one.
 * FAIL_REQUIRED, naming what is missing or cannot be told. */
Fail performer_find(Till *t, const PerformerAsked *asked, Performer *out) MUST_USE;

#endif
