/*
 * Whose record something is in: patients' ids as versions and audit records keep them, packed, one
 * behind the other, each with its length before it. A list that was never made (`at` NULL) is not
 * the same as one of nobody.
 */
#ifndef STORE_PATIENTS_H
#define STORE_PATIENTS_H

#include "base/buf.h"
#include "fhir/index.h"

/* Takes the next id off the list, still packed. False at its end, or where it is damaged. */
bool patients_next(Str *list, Str *packed);

/* The same, as it is written; on the arena. */
bool patients_next_id(Arena *a, Str *list, Str *id);

bool patients_has(Str list, Str id);

/* A list that grows, each patient once, in the order of their coming. Zeroed it is one of nobody;
 * the arena is set before the first is added. */
typedef struct Patients {
    Arena    *arena;
    Buf       list;
    Str       newest;
    uint32_t *slots; /* one more than where in the list, by hash; NULL while there are few */
    uint32_t  count, slot_count;
} Patients;

void patients_add(Patients *p, Str packed);
void patients_add_id(Patients *p, Str id);
void patients_add_all(Patients *p, Str list);

/* Those of a resource's index rows. */
void patients_add_rows(Patients *p, const IndexRows *rows);

/* Never NULL at `at`. */
Str patients_list(const Patients *p);

#endif
