/* The functions that the scoped views ask what the running call may see (store/schema/views.sql). */
#ifndef STORE_SQLITE_SCOPE_H
#define STORE_SQLITE_SCOPE_H

#include "store/scope.h"

struct sqlite3;

/* Adds them to a connection; they answer from `scope`, which outlives it. */
bool sqlite_scope_add(struct sqlite3 *handle, const Scope *scope);

#endif
