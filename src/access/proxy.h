/*
 * Proxies: who may use a record in the name of its patient (a parent, a child, a guardian). For
 * each record there are switches and days; a record without a row is closed. What a switch opens
 * is only ever taken from what the role has.
 */
#ifndef ACCESS_PROXY_H
#define ACCESS_PROXY_H

#include "access/role.h"
#include "store/people.h"

/* "see, book, forms, message, pay, consent" as bits, in the order of the table in proxy.c. */
enum { SWITCHES = 6, SWITCHES_ALL = (1 << SWITCHES) - 1 };

/* "see,book" -> bits; empty: all. False if a word is none. */
bool switches_read(Str words, uint8_t *out);
Str  switches_write(Arena *a, uint8_t switches);
Str  switch_words(Arena *a);

/* Whether today lies within its days. */
bool proxy_in_force(const Call *c, const LoginPatient *p);

/* What the switches open in that patient's record, of every type one deed or another: the most
 * that is left of a role. Each type belongs to one switch; who the patient is, and the practice's
 * directory, belong to all of them. */
Fail proxy_rights(Call *c, uint8_t switches, Str patient, Principal *out) MUST_USE;

#endif
