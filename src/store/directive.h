/*
 * Consents that withhold something (fhir/directive.h), as the database keeps them (directive) and as the
 * process has them in memory: one set that never changes, another one after each commit in which such a
 * Consent was made, changed or deleted. So a Consent is in force for whatever is asked after its commit.
 *
 * On the writer's thread, but for store_directives() (store.h).
 */
#ifndef STORE_DIRECTIVE_H
#define STORE_DIRECTIVE_H

#include "store/writer.h"

/* Brings into force what the database holds, for a store that is being opened. */
Fail directive_load(Call *c, Store *s, Db *db) MUST_USE;

/* Lets go of it; nobody may hold the set any more. */
void directive_close(Store *s);

/* Settles what the newest version of a Consent withholds; *withholds: something. What cannot be carried
 * out is refused (`strict`), or left out and logged. FAIL_TOO_COSTLY: past LIMIT_DIRECTIVES. */
Fail directive_settle(Call *c, Writer *w, uint32_t practice, int64_t rid, uint64_t seq,
                      bool strict, bool *withholds) MUST_USE;

/* Whether the Consent withholds something as it is. */
Fail directive_kept(Call *c, Db *db, int64_t rid, bool *kept) MUST_USE;

/* Before a commit, after it, and after a rollback. */
Fail directive_prepare(Call *c, Writer *w) MUST_USE;
void directive_committed(Writer *w);
void directive_forgotten(Writer *w);

#endif
