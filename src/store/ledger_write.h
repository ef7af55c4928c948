/* The writer's side of the ledger: see ledger.h. On the writer's thread. */
#ifndef STORE_LEDGER_WRITE_H
#define STORE_LEDGER_WRITE_H

#include "store/ledger.h"
#include "store/writer.h"

/* Before the first row of a write: whether its entries may be put in. FAIL_PRECONDITION: the ledger
 * moved on since they were worked out; FAIL_UNPROCESSABLE, saying why; FAIL_INVALID: our own. */
Fail ledger_check(Call *c, Writer *w, uint32_t practice, const LedgerWrite *ledger) MUST_USE;

/* Puts them in. */
Fail ledger_apply(Call *c, Writer *w, const Permit *permit, const LedgerWrite *ledger) MUST_USE;

/* Whether resources of that type can stand in the ledger. */
bool ledger_guards(TypeId type);

/* FAIL_CONFLICT if a resource that is to be changed, or deleted, is sealed: then only its labels,
 * tags and profiles may change; or if it takes a number that the ledger gives. `rid` is 0 and
 * `before` empty for one that is not there; `after` is empty for one that is to be deleted. */
Fail ledger_guard(Call *c, Writer *w, uint32_t practice, const Change *change, int64_t rid,
                  Str before, Str after) MUST_USE;

#endif
