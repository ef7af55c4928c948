/* The schema brought to what this program needs: numbered migrations, each in one transaction. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/state.h"

/* Applies what is missing. FAIL_NOT_SUPPORTED if a later Hale made the database. */
Fail migrate_schema(Call *c, Db *db) MUST_USE;

/* The number of the newest migration there is. */
int migrate_newest(void);

/* The SQL of a schema file, translated for this database. What can be made anew gets `next` in
 * front of its table names, and `serial` behind its index names. */
Str  schema_text(Arena *a, const char *file, Str next, uint64_t serial);
void schema_views(Arena *a, Str **views, size_t *count);

/* Gives every search parameter a number in this database, and notes whether the index was made
 * with other definitions than this program's. */
Fail migrate_params(Call *c, Store *s, Db *db) MUST_USE;

/* Notes that the index is made with this program's definitions and the store's address. */
Fail index_settle(Call *c, Store *s, Db *db) MUST_USE;

/* A setting, on the call's arena; empty if there is none. */
Fail setting_get(Call *c, Db *db, Str name, Str *out) MUST_USE;
Fail setting_put(Call *c, Db *db, Str name, Str value) MUST_USE;

Fail setting_remove(Call *c, Db *db, Str name) MUST_USE;

extern const Str index_tables[7];

#endif
