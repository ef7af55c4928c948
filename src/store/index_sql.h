/*
 * Index rows as tables keep them: texts and references become numbers, and a row becomes a key.
 * Two rows that differ only in what is not kept have the same key.
 */
#ifndef STORE_INDEX_SQL_H
#define STORE_INDEX_SQL_H

#include "store/intern.h"

typedef struct IndexKey {
    int64_t a, b;         /* token | system | target | low, span | unit, word | patient, type */
    double  value;        /* number, quantity … */
    double  below, above; /* … and how far a range reaches to both sides */
    Str     text;         /* identifier, string: what is compared … */
    Str     exact;        /* … and as written, where that differs */
    int64_t param;        /* or param_keyed() */
    uint8_t kind;         /* RowKind */
} IndexKey;

/* Rows kept under a code stand where a parameter of their own would: its number in the lower bits,
 * that of the code above them. */
enum { PARAM_BITS = 16 };

static inline int64_t param_keyed(uint32_t param, int64_t code)
{
    return (int64_t)param | code << PARAM_BITS;
}

typedef struct IndexKeys {
    IndexKey *keys; /* sorted, each once */
    uint32_t  count;
} IndexKeys;

/* Keys of a resource's rows, on the call's arena. `make`: numbers are given to what has none;
 * else rows with such are left out, because they cannot be in a table. `type` and `rid` are the
 * resource's own: a Patient is in its own record. */
Fail index_keys(Call *c, Intern *in, const Store *s, uint32_t practice, TypeId type,
                int64_t rid, const IndexRows *rows, bool make, IndexKeys *out) MUST_USE;

/* Ends that are open lie further than any calendar, and their differences still fit. */
int64_t moment_bounded(int64_t us);

/* Sets the value of a quantity's key, and how far it reaches. */
void index_key_reach(const IndexRow *row, IndexKey *key);

int index_key_compare(const IndexKey *a, const IndexKey *b);

/* Which set of tables: the one in use, or the one being made by `hale reindex`. */
typedef enum IndexSet { INDEX_USED, INDEX_NEXT, INDEX_SETS } IndexSet;

Fail index_key_put(Call *c, Db *db, IndexSet set, uint32_t practice, int64_t rid,
                   const IndexKey *key) MUST_USE;
Fail index_key_remove(Call *c, Db *db, IndexSet set, uint32_t practice, int64_t rid,
                      const IndexKey *key) MUST_USE;

/* Puts many rows into the tables in use, several with one statement, which is cheaper; best in the
 * order of their keys. A batch is begun with { .db, .practice }; texts live until it is ended. */
enum { ROWS_AT_ONCE = 16 };

typedef struct IndexBatch {
    Db      *db;
    uint32_t practice;
    uint32_t count; /* that wait, all of one kind */
    int64_t  rids[ROWS_AT_ONCE];
    IndexKey keys[ROWS_AT_ONCE];
} IndexBatch;

Fail index_batch_put(Call *c, IndexBatch *b, int64_t rid, const IndexKey *key) MUST_USE;
Fail index_batch_end(Call *c, IndexBatch *b) MUST_USE;

/* Of these, those of the compartments: all that stays when a resource is deleted. */
IndexKeys index_keys_compartments(Arena *a, const IndexKeys *keys);

/* Takes out what only `before` has and puts in what only `after` has. */
Fail index_keys_change(Call *c, Db *db, IndexSet set, uint32_t practice, int64_t rid,
                       const IndexKeys *before, const IndexKeys *after) MUST_USE;

#endif
