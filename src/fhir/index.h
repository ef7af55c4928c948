/*
 * Resource -> index rows: what search finds it by, whose record it is in, how it is labelled.
 * Pure: the same resource and definitions always give the same rows, in the same order, so
 * rows can be taken out again by deriving them from the old version. One file for each type of
 * search parameter (index_token.c …) behind one table.
 */
#ifndef FHIR_INDEX_H
#define FHIR_INDEX_H

#include "base/moment.h"
#include "fhir/resource.h"

typedef enum RowKind {
    ROW_TOKEN, /* coded values: few distinct, interned by the store; uris too, without system */
    ROW_IDENTIFIER, /* nearly unique values: Identifier, ContactPoint, tokens that are ids */
    ROW_REFERENCE,
    ROW_DATE,
    ROW_STRING,
    ROW_NUMBER,
    ROW_QUANTITY,
    ROW_COMPARTMENT, /* belongs to the record of that patient */
    ROW_LABEL,       /* meta.security, and Composition/DocumentReference confidentiality */
    ROW_KINDS
} RowKind;

typedef struct IndexRow {
    uint8_t  kind;  /* RowKind */
    uint16_t param; /* SearchParam.index; 0 for compartment and label */
    /* token, identifier, label: system and code (a contact point has no system); uri: value in
     * `text`; quantity: the unit's system and code, in `extra` its text if that says otherwise;
     * string: folded for comparing, in `extra` as written if that differs; reference that is
     * not local: address in `text`, of a canonical its version in `extra`. An identifier in a
     * reference is an identifier row of the same parameter. */
    Str      system;
    Str      text;
    Str      extra;
    TypeId   type;      /* reference, compartment: the target's type … */
    Str      id;        /* … and id */
    Moment   moment;    /* date */
    double   low, high; /* number, quantity: the interval that the digits mean (SRCH-01) */
    bool     interval;  /* quantity: low and high are the ends of a Range, not of digits */
    double   value; /* number, quantity: the value itself; of a Range its low end (of what lies
                            below 0 the high one, else 0), or its only one (the other is
                            infinite in low or high) */
    /* Rows that are found only together with a code: the first part of a composite, the type of
     * an identifier, INDEX_KEY_TEXT, the unit a quantity was converted to, whom an Appointment
     * keeps busy. */
    bool     keyed;
    Str      key_system, key_code;
} IndexRow;

/* The key of rows that hold the text of a code, for :text. */
#define INDEX_KEY_TEXT STR("text:")

/* The key of a composite's quantities that were converted to a unit: code, a sign that no code has,
 * and the unit. */
#define INDEX_KEY_MARK "  "
Str index_key_converted(Arena *a, Str code, Str unit);

/* The key of the times at which an Appointment keeps an actor busy, among those of its date; and
 * which actor a row is for, false if it is none of these. */
Str  index_key_busy(Arena *a, TypeId type, Str id);
bool index_row_busy(const IndexRow *row, TypeId *type, Str *id);

/* Whether an Appointment with that status keeps its actors busy. */
bool index_status_busy(Str status);

/* The key of the moment at which an Appointment that is only held ends to keep anybody busy. */
#define INDEX_KEY_HELD STR("held:")

/* Extensions of an Appointment: until when it is held; the minutes that are needed before and after. */
#define APPOINTMENT_HELD_UNTIL STR("urn:hale:held-until")
#define APPOINTMENT_BUFFER STR("urn:hale:buffer")

typedef struct IndexRows {
    IndexRow *rows; /* sorted and without doubles: see index_row_compare() */
    uint32_t  count;
    uint64_t  set; /* custom_version() of the parameters they were derived for */
} IndexRows;

/* All rows of a resource, on the call's arena, pointing into the resource's text. `base` is
 * our own address, so that references to it count as local. resource->id is the id it is, or
 * will be, stored under: a Patient lies in its own compartment. Only parameters whose same_as
 * is themselves have rows. What lies in contained resources is not indexed. */
Fail index_derive(Call *c, const Resource *resource, Str base, IndexRows *out) MUST_USE;

/* By kind, then param, then value. */
int index_row_compare(const IndexRow *a, const IndexRow *b);

/* A place as Location.near compares it: value, below and above of its row. */
void place_vector(double latitude, double longitude, double out[3]);

/* Text as string search compares it: no case, no accents, no punctuation, single spaces
 * (SRCH-03). */
Str index_fold(Arena *a, Str text);

#endif
