/*
 * Bulk import: changes are taken from several threads, gathered into runs of some ten thousand,
 * and each run is applied in one transaction with its rows sorted, table by table, so that the
 * rate stays the same however much is there already.
 *
 * Bulk import: this file is being written by the bulk helper, store owner please leave it
 */
#include "store/store.h"
