/* A search of every shape, for tests of the statements that are made of them. */
#ifndef TEST_SAMPLE_QUERIES_H
#define TEST_SAMPLE_QUERIES_H

#include "store/search_sql.h"
#include "test/store/store_help.h"

/* Fills the record so that what the samples name is known. */
void sample_record(void);

/* Calls each() with the statement of every sample, for pages and counts, under permits of all
 * kinds. The connection is the writer's. */
void sample_each(Call *c, Store *s, Db *db,
                 void (*each)(void *context, const SqlText *sql, const char *query),
                 void *context);

#endif
