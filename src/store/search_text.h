/*
 * SQL put together from constant fragments, with the values to bind. A fragment is always a
 * literal in the source: no text that somebody sent can become part of a statement (security
 * rule B3). In a fragment '?' stands for the next value, '@' for the view's name, '#' for how many
 * references have been followed: c# is the resource looked at, and '~' its rid.
 */
#ifndef STORE_SEARCH_TEXT_H
#define STORE_SEARCH_TEXT_H

#include "fhir/words.h"
#include "store/version.h"

typedef enum ValueKind { VALUE_INT, VALUE_REAL, VALUE_TEXT } ValueKind;

typedef struct SqlValue {
    ValueKind kind;
    int64_t   number;
    double    real;
    Str       text;
} SqlValue;

typedef struct SqlText {
    Arena *arena;
    View   view;
    bool   past; /* '@' stands for "past": rows that the statement brings along … */
    const ResourceWords *words; /* … and the words that go with them */
    uint32_t             depth; /* 0 for what is searched for itself */
    const char *row; /* what '~' stands for: ROW_CURRENT, or a row that says it earlier */
    Buf         text;
    SqlValue   *values;
    size_t      count, room;
} SqlText;

SqlText sql_text_new(Arena *a, View view);

/* '~' where nothing else is said. */
#define ROW_CURRENT "c#.rid"

/* Only for literals: the empty string beside it takes nothing else. */
#define sql_put(sql, literal) sql_text_put((sql), "" literal "")
void sql_text_put(SqlText *sql, const char *literal);

void sql_int(SqlText *sql, int64_t value);
void sql_real(SqlText *sql, double value);
void sql_str(SqlText *sql, Str value);

/* "(?, ?, …)" with these numbers. */
void sql_int_list(SqlText *sql, const int64_t *numbers, size_t count);

/* The statement, prepared (or found) and bound; NULL on failure. */
Statement *sql_statement(Db *db, const SqlText *sql);

#endif
