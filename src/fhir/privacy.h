/*
 * Who may read a note, as its author says it: labels (meta.security) of one system.
 *
 *     team                     the whole team; so is a note without such labels
 *     private                  only whom the others name:
 *     author:Practitioner/1    who wrote it, and alone may change these labels
 *     reader:Practitioner/2    somebody it is shared with
 *     discipline:physio        everybody of that profession (PractitionerRole.code)
 *
 * Codes stand for themselves, so that what hides is found by the index as any other label is, and
 * nothing has to be looked up for it.
 */
#ifndef FHIR_PRIVACY_H
#define FHIR_PRIVACY_H

#include "fhir/index.h"
#include "fhir/type_set.h"

#define PRIVACY_SYSTEM "urn:hale:privacy"

/* The types that can carry such labels. */
TypeSet privacy_types(void);

/* A code, or an id with its type, that can stand in a label and in criteria without being quoted. */
bool privacy_plain(Str text);

/* Whether there is any such label among the rows. */
bool privacy_said(const IndexRows *rows);

/* FAIL_UNPROCESSABLE: the labels among the rows say nothing that can be carried out. */
Fail privacy_check_form(Call *c, TypeId type, const IndexRows *rows) MUST_USE;

/* A change of a note as it was (`before` without rows: it was not there) into what it will be, by
 * whom (`reader`: "Practitioner/1"; empty: not known). FAIL_FORBIDDEN: they are not for this person to change; a note that was the
 * team's is made private only by who is named in it as its author. `any`: whoever it is may. */
Fail privacy_check(Call *c, TypeId type, const IndexRows *before, const IndexRows *after,
                   Str reader, bool any) MUST_USE;

#endif
