/*
 * What the store wants of a database: connections, statements, values, rows. This header is the
 * whole of it, so that a second driver is one more file that offers the same (sqlite.c is the
 * first). SQL is a literal with $1, $2 in order of appearance, read alike by SQLite and
 * PostgreSQL; statements are prepared once for each connection and kept.
 */
#ifndef STORE_DRIVER_H
#define STORE_DRIVER_H

#include "base/buf.h"
#include "base/call.h"
#include "store/scope.h"

typedef struct Db        Db;
typedef struct Statement Statement;

enum { DB_KEY_BYTES = 32 };

typedef struct DbOptions {
    const char    *path;
    const char    *vfs;    /* a registered SQLite VFS, or NULL for the system's */
    const char    *cipher; /* "aegis" or "sqlcipher" */
    const uint8_t *key;    /* DB_KEY_BYTES of it */
    bool           create;
    bool           reader; /* read-only; db_guard() is called when its views are made */
    const Scope   *scope;  /* what the views look at; outlives the connection */
    size_t         cache_bytes;
} DbOptions;

/* Failure: FAIL_LOGIN (wrong key, or not a database of ours), FAIL_NOT_SUPPORTED (an SQLite
 * that is too old), FAIL_SYSTEM. */
Fail db_open(Call *c, const DbOptions *options, Db **out) MUST_USE;
void db_close(Db *db);

/* DbOptions.scope. */
const Scope *db_scope(const Db *db);

/* From here on statements reach tables only through the scoped views, and change nothing. */
void db_guard(Db *db);

/* Keeps every SQL literal in one list, so that tests can prepare each of them, on SQLite and on
 * PostgreSQL: SQL(find_sql, "SELECT …"); defines `static const char find_sql[]`. */
#define SQL(name, text)                                                                        \
    static const char        name[] = text;                                                    \
    static const char *const name##_listed __attribute__((used, section("hale_sql"))) = name

/* One literal for each View, from a macro that takes the view's name: SQL_VIEWS(find_sql, FIND)
 * makes `static const char *const find_sql[VIEWS]`. */
#define SQL_VIEWS(name, TEXT)                                                                  \
    SQL(name##_practice, TEXT("practice"));                                                    \
    SQL(name##_chart, TEXT("chart"));                                                          \
    SQL(name##_shared, TEXT("shared"));                                                        \
    static const char *const name[VIEWS] = { name##_practice, name##_chart, name##_shared }

/* All literals that were defined with SQL() in what is linked. */
const char *const *sql_literals(size_t *count);

/* The prepared statement of a literal; kept under the literal's address. NULL on failure. */
Statement *db_statement(Db *db, const char *literal);

/* The same for SQL put together from literal fragments; kept under its text. */
Statement *db_statement_of(Db *db, Str sql);

/* Values, in the order $1, $2 … What is bound must live until the statement is reset. */
void bind_int(Statement *s, int64_t value);
void bind_real(Statement *s, double value);
void bind_text(Statement *s, Str value);
void bind_bytes(Statement *s, Str value);

/* Lets a statement run with values left out (NULL): to look at its plan. */
void statement_unbound(Statement *s);

typedef enum Step { STEP_FAILED, STEP_ROW, STEP_DONE } Step;

/* The next row. After STEP_DONE and STEP_FAILED the statement is reset. */
Step statement_step(Statement *s);

/* Columns from 0; texts and bytes are good until the next step or reset. */
int64_t row_int(Statement *s, int column);
Str     row_text(Statement *s, int column);
Str     row_bytes(Statement *s, int column);

/* Ends reading rows early; harmless on a statement that has ended. */
void statement_reset(Statement *s);

/* Resets every statement: after a call was broken off in the middle. */
void db_reset(Db *db);

/* Runs a literal that takes values already bound and gives no rows. */
bool statement_run(Statement *s);

/* How many bytes of pages it keeps from now on: see DbOptions.cache_bytes. */
bool db_keep(Db *db, size_t cache_bytes);

/* Gives the pages it has read back to the system. */
void db_shrink(Db *db);

/* Runs SQL of one or several statements without values: schema, BEGIN, COMMIT. */
bool db_run(Db *db, const char *sql);

/* Whether the database has a table of that name. */
bool db_has_table(Db *db, const char *name);

/* What the last failure on this connection was; noted on the call and returned. */
Fail db_fail(Call *c, Db *db);
Fail db_failure(const Db *db);

/* Limits what follows to the call's deadline and LIMIT_STATEMENT_STEPS; NULL lifts it. */
void db_limit(Db *db, const Call *c);

typedef enum CheckpointKind {
    CHECKPOINT_PASSIVE,  /* what can be copied without waiting for anybody */
    CHECKPOINT_RESTART,  /* waits some milliseconds for readers, so that the log begins anew */
    CHECKPOINT_TRUNCATE, /* the same, and gives the log's space back */
} CheckpointKind;

/* Copies the write-ahead log into the database. True if nothing was left behind. */
bool db_checkpoint(Db *db, CheckpointKind kind);

/* Pages now in the write-ahead log, as of the last commit on this connection. */
int db_log_pages(const Db *db);

/* Whether a full check of the file finds it sound; `finding` gets the first fault. */
bool db_check(Call *c, Db *db, Str *finding);

/* The words that differ between databases, put in place of @WORD@ in schema files. */
Str db_translate(Arena *a, Str sql);

/* The index of words, which each database keeps in its own way: "words MATCH ?" with a table's x in
 * front, for SqlText; and statements that put a resource's words (rid, narrative, rest), remove them
 * (rid), and remove all. */
extern const char db_words_match[], db_words_put[], db_words_remove[], db_words_clear[];

/* Brings some of what the index of words has gathered in pieces together, so that less has to be looked
 * at; `all`: pieces of all sizes. *more where something is left. */
bool db_words_merge(Db *db, bool all, bool *more);

/* The words of a narrative as the statement that puts them wants them. */
Str db_words_narrative(Arena *a, Str narrative);

/* What is bound to the first: any of `count` queries of words (fhir/words.h). */
Str db_words_query(Arena *a, const Str *queries, size_t count, bool narrative);

/* "3.53.2" */
const char *db_version(void);

#endif
