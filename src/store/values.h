/* Short statements with their values beside them, for the small tables. */
#ifndef STORE_VALUES_H
#define STORE_VALUES_H

#include "store/writer.h"

typedef struct Value {
    enum { VALUE_INT, VALUE_TEXT, VALUE_BYTES } kind;
    int64_t number;
    Str     text;
} Value;

static inline Value value_int(int64_t number)
{
    return (Value){ .kind = VALUE_INT, .number = number };
}

static inline Value value_text(Str text)
{
    return (Value){ .kind = VALUE_TEXT, .text = text };
}

static inline Value value_bytes(Str bytes)
{
    return (Value){ .kind = VALUE_BYTES, .text = bytes };
}

enum { HASH_BYTES = 32 };

/* A SHA-256. */
static inline Value value_hash(const uint8_t hash[HASH_BYTES])
{
    return value_bytes((Str){ (const char *)hash, HASH_BYTES });
}

/* Runs a literal that gives no rows. */
Fail values_run(Call *c, Db *db, const char *literal, const Value *values,
                size_t count) MUST_USE;

/* The first row of one that does: *row stands on it and must be reset, or is NULL. */
Fail values_row(Call *c, Db *db, const char *literal, const Value *values, size_t count,
                Statement **row) MUST_USE;

/* Whether it gives a row: of an UPDATE … RETURNING, whether it changed one. */
Fail values_any(Call *c, Db *db, const char *literal, const Value *values, size_t count,
                bool *any) MUST_USE;

#define VALUES(...) (const Value[]){ __VA_ARGS__ }, COUNT(((const Value[]){ __VA_ARGS__ }))

#endif
