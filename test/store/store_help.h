/* What tests of the store share: an open store in the test's folder, permits, changes made of
 * JSON. All end the test program if they cannot do their work. */
#ifndef TEST_STORE_HELP_H
#define TEST_STORE_HELP_H

#include "store/state.h"
#include "store/store.h"
#include "test/unit.h"

/* A store in the running test's folder, made at the first call. */
Store *help_open(void);

/* Closes what help_open() opened and opens it again. */
Store   *help_reopen(void);
void     help_close(void);
Session *help_session(void);

Permit help_permit(Deed deed);                         /* everything in practice 1 */
Permit help_patient_permit(Deed deed, const char *id); /* everything of one patient */

/* A change from JSON: type and id are taken from it, `id` if given goes before. */
Change help_change(Method method, const Permit *permit, const char *json);

/* Imports `count` Patients at once, each as `json` makes it of its number. */
void help_import(unsigned count, Str (*json)(Arena *a, unsigned number));

/* Writes one resource under a practice permit; the result. */
Fail help_put(const char *json);
Fail help_delete(TypeId type, const char *id);

/* Reads: the body, or an empty text with *result set. */
Str help_read(TypeId type, const char *id, Fail *result);

/* How many resources a query string finds, under a permit of your own or (NULL) of everything. */
int help_count(TypeId type, const char *query, const Permit *permit);

/* "id id …" of what it finds, in order. */
Str help_find(TypeId type, const char *query, const Permit *permit);

/* Everything derived, as text with names instead of numbers: equal for equal records. */
Str help_dump(void);

#endif
