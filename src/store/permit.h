/*
 * Permit: what the store must be shown before it gives or takes a row. It says for one deed
 * which types, and whether only one patient's record. Only access/ makes one (tools/lint sees
 * to that); the store narrows every statement by it, and the database's own views narrow again.
 * A zeroed Permit allows nothing.
 */
#ifndef STORE_PERMIT_H
#define STORE_PERMIT_H

#include "base/str.h"
#include "fhir/mask.h"
#include "fhir/type_set.h"

typedef enum Deed {
    DEED_NONE,
    DEED_CREATE,
    DEED_READ,   /* read, vread, history */
    DEED_UPDATE, /* update, patch */
    DEED_DELETE,
    DEED_SEARCH,
    DEEDS
} Deed;

typedef enum PermitReach {
    REACH_NOTHING,
    REACH_PRACTICE, /* every record of the practice */
    REACH_PATIENT,  /* one patient's compartment, and what is nobody's record (Practitioner,
                       Organization, Location, Medication …) for reading */
} PermitReach;

/* Of a type only what matches a search expression (criteria_read()). */
typedef struct PermitLimit {
    TypeId type;
    Str    criteria;
} PermitLimit;

/* What is withheld though the rest of the permit would show it. Consent, a lock-box and the labels
 * that a reader has no clearance for are such rows; access_permit() joins them. */
typedef struct PermitDenial {
    TypeSet    types;
    const Str *patients; /* only in the records of the Patients with these ids, sorted … */
    uint32_t   patient_count; /* … 0: whoever's it is */
    Str criteria; /* only what matches; empty: all. Not understood for a type: all of it */
    Str because;  /* for those who may be told */
    Str consent;  /* the ids of the Consents that say so, with spaces; empty: the policy does */
} PermitDenial;

/* Rows that narrow a permit. A type with limits is seen as far as one of them says; of what a denial
 * fits nothing is seen. What `further` says holds as well. */
typedef struct PermitRows {
    const PermitLimit       *limits;
    const PermitDenial      *denials;
    uint32_t                 limit_count;
    uint32_t                 denial_count;
    const struct PermitRows *further;
} PermitRows;

typedef struct Permit {
    uint32_t practice;        /* 0: none, so nothing matches */
    uint8_t  deed;            /* Deed */
    uint8_t  reach;           /* PermitReach */
    TypeSet  types;           /* what may be touched */
    char     patient[64 + 1]; /* REACH_PATIENT: the id of that Patient */
    /* Break-glass, for the audit. What it opens is decided where the principal is made: there are no
     * rows of the reader's role among `rows`, only the one for what is sealed. */
    bool     emergency;
    bool     directs; /* may make, change and end Consents that withhold something */
    bool confides; /* may say of any note who reads it; others of their own (fhir/privacy.h) */
    bool assigns;  /* may say who is of which organisation and profession (PractitionerRole) */
    bool unaware;  /* made when nothing was private yet: not good any more when something is */
    Str  reader;   /* "Practitioner/1", whom the login is linked to; empty: not known */
    uint32_t author; /* the grant in whose name it is done; goes into version and audit */
    const PermitRows *rows;  /* NULL: all of the types */
    const MaskSet    *masks; /* elements that are hidden, or not to be changed; NULL: none */
} Permit;

#endif
