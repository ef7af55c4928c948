/* What tests of import and export share: files, a store to import into, what came of it. All
 * end the test program if they cannot do their work. */
#ifndef TEST_EXCHANGE_HELP_H
#define TEST_EXCHANGE_HELP_H

#include "exchange/import.h"
#include "test/unit.h"

/* A file of that name in the running test's folder; its path. */
const char *help_file(const char *name, Str text);

/* What a file holds; a NULL pointer if it is not there. */
Str help_read_file(const char *path);

/* A store in a folder of that name below the running test's folder. */
Store *help_store(const char *name);

/* Imports files into it, with a bound on threads if not 0. What was said of faults is kept. */
ImportFacts help_import(Store *store, unsigned threads, const char *const *paths, size_t count);

/* One fault a line, of the last import. */
Str help_faults(void);

/* The body of a resource as it is now; empty if it is not there or deleted. */
Str help_body(Store *store, TypeId type, const char *id);

/* Its version number, 0 if it was never there. */
uint64_t help_version(Store *store, TypeId type, const char *id);

/* How many of a type there are. */
uint64_t help_count(Store *store, TypeId type);

/* All versions and audit records as lines of text, times included. */
Str help_versions(Store *store);
Str help_audit(Store *store);

#endif
