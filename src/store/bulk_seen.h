/*
 * What an import need not look up: a set of resources that forgets none and now and then takes one
 * for a member that is not (a Bloom filter, in blocks of a cache line). Most of what an import
 * brings is new, and to look for each in a large database takes as long as to read it.
 */
#ifndef STORE_BULK_SEEN_H
#define STORE_BULK_SEEN_H

#include "store/state.h"

typedef struct Seen Seen;

Seen *seen_create(void);
void  seen_destroy(Seen *s);

/* Ids packed (id_pack()). */
void seen_add(Seen *s, TypeId type, Str id);

/* False: it was never added. Of what was not, one in a hundred gives true; all do when more were
 * added than SEEN_BYTES_MAX has room for. */
bool seen_perhaps(const Seen *s, TypeId type, Str id);

/* Adds whatever the practice of the permit has or refers to, on a session entered with it. */
Fail seen_read(Call *c, Session *s, Seen *out) MUST_USE;

#endif
