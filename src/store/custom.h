/*
 * The practice's own search parameters as the database keeps them (custom_param) and as the process
 * has them in memory (fhir/custom.h). SearchParameters change on the writer's thread only: what is
 * made of one is settled in the transaction that stores it, and comes into force after its commit.
 *
 * Whoever derived rows under another set derives them again (FAIL_STALE), so that from then on
 * every change brings its rows; what was there before is indexed by store_fill().
 */
#ifndef STORE_CUSTOM_H
#define STORE_CUSTOM_H

#include "store/writer.h"

typedef enum CustomState { CUSTOM_FILLING = 1, CUSTOM_USED, CUSTOM_LEFT } CustomState;

/* Brings what the database holds into force, for a store that is being opened. What a later or
 * earlier Hale cannot compile is left out, and logged. */
Fail custom_load(Call *c, Store *s, Db *db) MUST_USE;

/* Settles what is made of a SearchParameter whose newest version is at that place in the log.
 * Refused if its code is taken; in an import (not `strict`) it is then only stored, and logged. */
Fail custom_settle(Call *c, Writer *w, uint32_t practice, int64_t rid, uint64_t seq,
                   bool strict) MUST_USE;

/* Rows came in that were derived before some parameters were in force: these begin anew. */
Fail custom_renew(Call *c, Writer *w, uint64_t oldest_set) MUST_USE;

/* Tables made anew, begun at that place in the log when `number` was the highest, have taken the
 * place of the others: parameters up to it are complete in them, later ones begin anew; those
 * that were out of use before are forgotten, their rows are gone. */
Fail custom_swapped(Call *c, Writer *w, uint64_t number, uint64_t begin) MUST_USE;

/* The highest number given. */
Fail custom_last_number(Call *c, Db *db, uint32_t *out) MUST_USE;

/* After a commit: what was settled in it comes into force. After a rollback: it does not. */
void custom_committed(Writer *w);
void custom_forgotten(Writer *w);

/* Lets the store's filler begin and end: store_fill_start(). */
void fill_wake(Store *s);
void fill_finish(Store *s);

#endif
