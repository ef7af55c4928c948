/*
 * Numbers for what repeats in rows: resources (rid), codes and addresses (token). Belongs to the
 * writer's thread; the numbers met last are remembered.
 */
#ifndef STORE_INTERN_H
#define STORE_INTERN_H

#include "store/state.h"

typedef struct Intern Intern;

Intern *intern_create(Arena *a, Db *db);

/* Forgets what it remembers: after a transaction was taken back. */
void intern_forget(Intern *in);

/* The number of a resource; with `make`, it gets one. 0 if there is none. Type 0 is for the address
 * of something elsewhere. */
Fail intern_rid(Intern *in, Call *c, uint32_t practice, TypeId type, Str id, bool make,
                int64_t *rid) MUST_USE;

/* A number nobody has yet, for a resource known to be new (see intern_rid_put). */
Fail intern_rid_new(Intern *in, Call *c, int64_t *rid) MUST_USE;

/* The number of a code in a system; both empty give 0. */
Fail intern_token(Intern *in, Call *c, Str system, Str code, bool make,
                  int64_t *number) MUST_USE;

/* Values longer than this are cut, with a digest at the end: keys of an index must stay short. */
enum { INDEXED_BYTES_MAX = 1000 };

Str indexed_value(Arena *a, Str value);

/* The same without the digest, for what is compared by its beginning. */
Str indexed_prefix(Str value);

#endif
