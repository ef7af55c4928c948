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

enum { TYPE_SET_WORDS = (RESOURCE_TYPES + 64) / 64 };

typedef struct TypeSet {
    uint64_t words[TYPE_SET_WORDS];
} TypeSet;

static inline bool type_set_has(const TypeSet *set, TypeId type)
{
    return type < TYPE_SET_WORDS * 64 && (set->words[type / 64] >> (type % 64) & 1);
}

static inline void type_set_add(TypeSet *set, TypeId type)
{
    if (type < TYPE_SET_WORDS * 64)
        set->words[type / 64] |= (uint64_t)1 << (type % 64);
}

/* Of a type only what matches a search expression (criteria_read()). */
typedef struct PermitLimit {
    TypeId type;
    Str    criteria;
} PermitLimit;

/* What is withheld though the rest of the permit would show it. Consent, a lock-box and the labels
 * that a reader has no clearance for are such rows; access_permit() joins them. */
typedef struct PermitDenial {
    TypeSet types;
    Str     patient;  /* only in the record of the Patient of that id; empty: whoever's it is */
    Str     criteria; /* only what matches; empty: all. Not understood for a type: all of it */
    Str     because;  /* for those who may be told */
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
    uint32_t author; /* the grant in whose name it is done; goes into version and audit */
    const PermitRows *rows;  /* NULL: all of the types */
    const MaskSet    *masks; /* elements that are hidden, or not to be changed; NULL: none */
} Permit;

#endif
